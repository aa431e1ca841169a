"""This service's own configuration as a model: what the environment and the policy come to.

Nothing is installed, started or connected to. A step that can't be honoured is a fault and not an
exception: `configure()` would raise it, and `check` reports it beside all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import ResolvedExport
from jaeger_guard.policy import CompiledPolicy

if TYPE_CHECKING:
    from jaeger_guard.policy.lints import Lint

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What was configured, or would be.

    Attributes:
        environ: The environment variables.
        policy: The policy; None where it can't be used.
        export: Where spans go; None where they don't, or that can't be honoured.
        enabled: Whether spans are exported at all.
        passthrough: Whether they leave unscrubbed.
        lints: What the policy's own lint finds; nothing where only the compiled one is known.
        probability: Which part of the traces is kept; None where that isn't one number.
        faults: What `configure()` would refuse.
    """

    environ: Mapping[str, str] = field(repr=False)
    policy: CompiledPolicy | None = None
    export: ResolvedExport | None = None
    enabled: bool = True
    passthrough: bool = False
    lints: tuple[Lint, ...] = ()
    probability: float | None = None
    faults: tuple[ConfigurationError, ...] = ()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Service:
        """Read what `configure()` without arguments would do in this environment."""
        from jaeger_guard.configuration.environment import Switches, check_limits

        faults: list[ConfigurationError] = []

        def attempt(step: Callable[[], Value]) -> Value | None:
            try:
                return step()
            except ConfigurationError as error:
                faults.append(error)
                return None

        attempt(lambda: check_limits(environ))
        switches = attempt(lambda: Switches.read(environ))
        if switches is None or faults:
            return cls(environ=environ, faults=tuple(faults))
        from jaeger_guard.batching import Batching
        from jaeger_guard.configuration.audits import resolve_audit
        from jaeger_guard.configuration.exporters import console_processors, resolve_export
        from jaeger_guard.configuration.policies import choose_scrubber
        from jaeger_guard.configuration.resources import build_resource

        spans = attempt(lambda: choose_scrubber(None, environ, switches, "JAEGER_GUARD_POLICY"))
        policy = None if spans is None else spans.scrubber.policy
        attempt(lambda: resolve_audit(None if policy is None else policy.audit, environ))
        attempt(lambda: Batching.from_environment(environ))
        attempt(lambda: console_processors(environ))
        attempt(lambda: build_resource(None, environ))
        return cls(
            environ=environ,
            policy=policy,
            export=attempt(lambda: resolve_export(None, environ, switches)),
            enabled=switches.enabled and not switches.disabled_sdk,
            passthrough=switches.passthrough,
            lints=() if policy is None else _lints(environ),
            probability=attempt(lambda: _probability(environ, policy)),
            faults=_distinct(faults),
        )


def _lints(environ: Mapping[str, str]) -> tuple[Lint, ...]:
    """Look over a policy that was loaded before, and so can be."""
    from jaeger_guard.configuration.environment import POLICY_VARIABLE, policy_named
    from jaeger_guard.policy import load_policy
    from jaeger_guard.policy.lints import lint_policy

    return lint_policy(load_policy(policy_named(environ), POLICY_VARIABLE))


def _distinct(faults: list[ConfigurationError]) -> tuple[ConfigurationError, ...]:
    """Leave out what two steps complain about alike."""
    return tuple({fault.args: fault for fault in faults}.values())


def _probability(environ: Mapping[str, str], policy: CompiledPolicy | None) -> float | None:
    """Answer which part of traces is kept.

    Raises:
        ConfigurationError: A setting can't be honoured.
    """
    from jaeger_guard.configuration.samplers import choose_sampler, effective_sampling

    settings = effective_sampling(None, environ, policy)
    if settings is not None:
        given = settings.probability
        return given if given is not None else (None if settings.remote else 1.0)
    # Without settings of ours it is a standard one, which starts nothing and installs nothing.
    return rate_of(choose_sampler(None, environ))


def rate_of(sampler: Any) -> float | None:
    """Answer the probability of a sampler, as far as it tells; that of roots, where parents decide."""
    from opentelemetry.sdk.trace.sampling import (
        Decision,
        ParentBased,
        StaticSampler,
        TraceIdRatioBased,
    )

    if isinstance(sampler, ParentBased):
        return rate_of(sampler._root)
    if isinstance(sampler, TraceIdRatioBased):
        return float(sampler.rate)
    if isinstance(sampler, StaticSampler):
        return 0.0 if sampler._decision is Decision.DROP else 1.0
    return None
