"""The only composition root: builds a guard from arguments and environment, and installs it.

Each setting is taken from the first of these that names it:

1. the argument of `configure()`, or the field of the object given there;
2. JAEGER_GUARD_*;
3. the standard OTEL_* variables (for the exporter, OTEL_EXPORTER_OTLP_TRACES_* before
   OTEL_EXPORTER_OTLP_*);
4. the default.

Everything is checked before anything is installed; what can't be honoured is a ConfigurationError.

The SDK reads some variables when it is imported, and raises an error that quotes what it can't read.
So nothing here imports it before `check_limits` has looked at them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace

from jaeger_guard.configuration.environment import Switches, check_limits
from jaeger_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import Sampler

    from jaeger_guard.configuration.arguments import Arguments
    from jaeger_guard.export import Export
    from jaeger_guard.guard import Guard
    from jaeger_guard.instrumentation import Instrument, Selected
    from jaeger_guard.policy import Sampling
    from jaeger_guard.processor import PolicySpec

__all__ = ["configure", "protect"]

_LOCK: Final = threading.RLock()  # guards `_installed`, and that only one thread configures


@dataclass(frozen=True, slots=True)
class _Installed:
    guard: Guard
    settings: tuple[Any, ...] = field(repr=False)  # the environment's may hold credentials


_installed: _Installed | None = None


def configure(
    *,
    policy: PolicySpec | None = None,
    export: Export | None = None,
    sampling: Sampling | Sampler | None = None,
    resource: Mapping[str, Any] | Resource | None = None,
    instrument: Instrument = False,
) -> Guard:
    """Build a guarded TracerProvider, and install it as the global one.

    Args:
        policy: A preset's name, several, a path, or a Policy. Default: JAEGER_GUARD_POLICY, else
            "baseline".
        export: Where and how spans leave. Default: JAEGER_GUARD_EXPORT_* and OTEL_EXPORTER_OTLP_*,
            else grpc to localhost:4317.
        sampling: What to record, or a sampler. Default: JAEGER_GUARD_SAMPLING_* and the policy's
            `[sampling]`, else OTEL_TRACES_SAMPLER, else parent-based, always on.
        resource: Attributes of the resource, over those of OTEL_RESOURCE_ATTRIBUTES and
            OTEL_SERVICE_NAME.
        instrument: True: load every instrumentor that is installed and whose library is, but for
            those of OTEL_PYTHON_DISABLED_INSTRUMENTATIONS. Or names of instrumentors, such as
            `["flask", "requests"]`, which must be there. Default: none. Applications that were made
            before aren't reached, so call it first.

    Returns:
        The guard. A second call with the same settings returns the same one; after its shutdown, a
        call starts afresh. Where another TracerProvider is installed already, that one is
        protected, and exported from only where `export` is given.

    Raises:
        ConfigurationError: A setting can't be honoured, or it contradicts what is installed.
    """
    global _installed
    environ = os.environ
    check_limits(environ)
    from jaeger_guard.configuration.arguments import Arguments
    from jaeger_guard.configuration.building import build
    from jaeger_guard.configuration.bypasses import watch_for_bypasses
    from jaeger_guard.configuration.existing import guard_existing
    from jaeger_guard.instrumentation import check_instrument

    arguments = Arguments(
        policy=policy,
        export=export,
        sampling=sampling,
        resource=resource,
        instrument=check_instrument(instrument),
    )
    with _LOCK:
        settings = arguments.settings(environ)
        current = _current_provider()
        if current is not None:
            if _installed is None or current is not _installed.guard.tracer_provider:
                selected = _select(arguments, environ)
                guard = guard_existing(current, arguments, environ)
                _instrument(guard, selected, arguments)
                _installed = _Installed(guard, settings)
                return guard
            if not _installed.guard.is_shut_down:
                if settings == _installed.settings:
                    return _installed.guard
                raise ConfigurationError(
                    "a guard is installed already, with other settings",
                    "configure()",
                    "Call it once, or call shutdown() on the first guard before",
                )
        selected = _select(arguments, environ)
        guard = build(arguments, environ)
        watch_for_bypasses(strict=Switches.read(environ).strict)
        _install(guard.tracer_provider, current)
        _installed = _Installed(guard, settings)
        try:
            _instrument(guard, selected, arguments)
        except ConfigurationError:
            guard.shutdown()
            raise
        return guard


def protect(provider: Any, policy: PolicySpec | None = None) -> Guard:
    """Guard a TracerProvider that someone else built, with every processor it has and gets.

    Args:
        provider: A TracerProvider of the SDK. Tracers that it issued are guarded as well.
        policy: A preset's name, several, a path, or a Policy. Default: JAEGER_GUARD_POLICY, else
            "baseline".

    Returns:
        The guard; the same one where the provider is protected already by the same policy.

    Raises:
        ConfigurationError: The provider can't be guarded, or is by another policy.
    """
    environ = os.environ
    check_limits(environ)
    from jaeger_guard.configuration.arguments import Arguments
    from jaeger_guard.configuration.existing import protect_provider

    with _LOCK:
        return protect_provider(provider, Arguments(policy=policy), environ, "protect(policy=)")


def _current_provider() -> Any:
    """Return the global provider, None where there is only the API's placeholder."""
    # Not get_tracer_provider(): it would install one named by OTEL_PYTHON_TRACER_PROVIDER.
    return trace._TRACER_PROVIDER


def _select(arguments: Arguments, environ: Mapping[str, str]) -> list[Selected]:
    """Find what is to be instrumented; an error of it comes before anything is installed."""
    if arguments.instrument is False:
        return []
    from jaeger_guard.instrumentation import select

    return select(arguments.instrument, environ)


def _instrument(guard: Guard, selected: list[Selected], arguments: Arguments) -> None:
    """Instrument, until the guard is shut down."""
    if selected:
        from jaeger_guard.instrumentation import instrument

        strict = arguments.instrument is not True
        guard.at_shutdown(instrument(selected, guard.tracer_provider, strict=strict).undo)


def _install(provider: TracerProvider, replaced: Any) -> None:
    """Make a provider the global one, in the place of none or of ours that was shut down."""
    once = trace._TRACER_PROVIDER_SET_ONCE
    with once._lock:  # as `set_tracer_provider` does, which wouldn't replace one
        if trace._TRACER_PROVIDER is replaced:
            trace._TRACER_PROVIDER = provider
            once._done = True
            return
    provider.shutdown()
    raise ConfigurationError(
        "another thread installed a TracerProvider at the same time",
        "configure()",
        "Call it once, early, before other threads start",
    )
