"""Which policy scrubs: the argument's, the environment's, baseline, or none at all."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from jaeger_guard.configuration.environment import POLICY_VARIABLE, Switches, policy_named
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import Policy, Rule
from jaeger_guard.processor import PolicySpec, span_scrubber
from jaeger_guard.spans import SpanScrubber
from jaeger_guard.types import Action, Surface

_LOGGER: Final = logging.getLogger("jaeger_guard")


def choose_scrubber(
    policy: PolicySpec | None, environ: Mapping[str, str], switches: Switches, where: str
) -> SpanScrubber:
    """Return what scrubs by the policy that is given or named; `where` it is given, for errors."""
    if policy is None:
        policy, where = policy_named(environ), POLICY_VARIABLE
    spans = span_scrubber(policy, where)
    if switches.passthrough:  # only now, so that a policy that can't be used is told all the same
        everything = Rule(category="*", action=Action.UNSAFE_KEEP)
        bare = [Rule(surface=surface, action=Action.UNSAFE_KEEP) for surface in Surface]
        compiled = spans.scrubber.policy  # which spans are recorded is another matter
        return span_scrubber(
            Policy(
                name="unsafe passthrough",
                rules=(everything, *bare),
                sampling=compiled.sampling,
                consent=compiled.consent,
                retention=compiled.retention,
                propagation=compiled.propagation,
                audit=compiled.audit,
                metrics=compiled.metrics,
            ),
            "JAEGER_GUARD_UNSAFE_PASSTHROUGH",
        )
    unsafe = spans.scrubber.policy.unsafe_rules
    if unsafe and switches.strict:
        raise ConfigurationError(
            f"strict mode refuses unsafe_keep, which stands in {', '.join(unsafe)}",
            where,
            "Remove these rules, or leave out JAEGER_GUARD_STRICT",
        )
    return spans


def warn_of_unsafe(spans: SpanScrubber, switches: Switches) -> None:
    """Say once, where a guard is made, what its policy leaves unscrubbed."""
    unsafe = spans.scrubber.policy.unsafe_rules
    if switches.passthrough:
        _LOGGER.warning(
            "JAEGER_GUARD_UNSAFE_PASSTHROUGH is set: spans leave with all personal data and secrets"
        )
    elif unsafe:
        _LOGGER.warning(
            "values leave without being looked at, because of unsafe_keep in: %s", ", ".join(unsafe)
        )
