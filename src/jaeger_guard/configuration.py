"""The only composition root: builds a guard from arguments and environment, and installs it.

Each setting is taken from the first of these that names it:

1. the argument of `configure()`, or the field of the object given there;
2. JAEGER_GUARD_*;
3. the standard OTEL_* variables (for the exporter, OTEL_EXPORTER_OTLP_TRACES_* before
   OTEL_EXPORTER_OTLP_*);
4. the default.

Everything is checked before anything is installed; what can't be honoured is a ConfigurationError.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Sampler

from jaeger_guard.batching import Batching, ExportPipeline
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import Export, ResolvedExport, Sender
from jaeger_guard.guard import Guard
from jaeger_guard.policy import Policy, Rule
from jaeger_guard.processor import (
    ConcurrentGuard,
    GuardSpanProcessor,
    PolicySpec,
    foreign_starters,
    guard_multi,
    span_scrubber,
)
from jaeger_guard.spans import SpanScrubber
from jaeger_guard.types import Action, Surface

_LOGGER: Final = logging.getLogger("jaeger_guard")
_LOCK: Final = threading.RLock()  # guards `_installed`, and that only one thread configures

_KNOWN_SAMPLERS: Final = frozenset(
    {
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    }
)


@dataclass(frozen=True, slots=True)
class _Installed:
    guard: Guard
    settings: tuple[Any, ...]


_installed: _Installed | None = None


def configure(
    *,
    policy: PolicySpec | None = None,
    export: Export | None = None,
    sampling: Sampler | None = None,
    resource: Mapping[str, Any] | Resource | None = None,
) -> Guard:
    """Build a guarded TracerProvider, and install it as the global one.

    Args:
        policy: A preset's name, several, a path, or a Policy. Default: JAEGER_GUARD_POLICY, else
            "baseline".
        export: Where and how spans leave. Default: JAEGER_GUARD_EXPORT_* and OTEL_EXPORTER_OTLP_*,
            else grpc to localhost:4317.
        sampling: A sampler. Default: OTEL_TRACES_SAMPLER, else parent-based, always on.
        resource: Attributes of the resource, over those of OTEL_RESOURCE_ATTRIBUTES and
            OTEL_SERVICE_NAME.

    Returns:
        The guard. A second call with the same settings returns the same one; after its shutdown, a
        call starts afresh. Where another TracerProvider is installed already, that one is
        protected, and exported from only where `export` is given.

    Raises:
        ConfigurationError: A setting can't be honoured, or it contradicts what is installed.
    """
    global _installed
    with _LOCK:
        environ = os.environ
        settings = _settings(policy, export, sampling, resource, environ)
        current = _current_provider()
        if _installed is not None and current is _installed.guard.tracer_provider:
            if not _installed.guard.is_shut_down:
                if settings == _installed.settings:
                    return _installed.guard
                raise ConfigurationError(
                    "a guard is installed already, with other settings",
                    "configure()",
                    "Call it once, or call shutdown() on the first guard before",
                )
            current = None  # ours, and shut down: replaced below
        elif current is not None:
            guard = _guard_existing(current, policy, export, sampling, resource, environ)
            _installed = _Installed(guard, settings)
            return guard
        guard = _build(policy, export, sampling, resource, environ)
        _install(guard.tracer_provider)
        _installed = _Installed(guard, settings)
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
    with _LOCK:
        return _protect(provider, policy, None, os.environ)


def _settings(
    policy: PolicySpec | None,
    export: Export | None,
    sampling: Sampler | None,
    resource: Mapping[str, Any] | Resource | None,
    environ: Mapping[str, str],
) -> tuple[Any, ...]:
    """Return what two calls must agree in to be the same, the environment included."""
    attributes = resource.attributes if isinstance(resource, Resource) else resource
    named = tuple(
        sorted((name, text) for name, text in environ.items() if name.startswith(_PREFIXES))
    )
    return (_frozen(policy), export, sampling, _frozen(attributes), named)


_PREFIXES: Final = ("JAEGER_GUARD_", "OTEL_")


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple(sorted((str(key), repr(item)) for key, item in value.items()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(value)
    return value


def _current_provider() -> Any:
    """Return the global provider, None where there is only the API's placeholder."""
    # Not get_tracer_provider(): it would install one named by OTEL_PYTHON_TRACER_PROVIDER.
    return trace._TRACER_PROVIDER


def _install(provider: TracerProvider) -> None:
    """Make a provider the global one, in the place of one of ours that was shut down."""
    if trace._TRACER_PROVIDER is not None:
        trace._TRACER_PROVIDER_SET_ONCE._done = False
    trace.set_tracer_provider(provider)
    if trace._TRACER_PROVIDER is not provider:
        raise ConfigurationError(
            "another thread installed a TracerProvider at the same time",
            "configure()",
            "Call it once, early, before other threads start",
        )


def _policy_spec(policy: PolicySpec | None, environ: Mapping[str, str]) -> tuple[PolicySpec, str]:
    if policy is not None:
        return policy, "configure(policy=)"
    named = environ.get("JAEGER_GUARD_POLICY", "").strip()
    return (named, "JAEGER_GUARD_POLICY") if named else ("baseline", "configure(policy=)")


def _build(
    policy: PolicySpec | None,
    export: Export | None,
    sampling: Sampler | None,
    resource: Mapping[str, Any] | Resource | None,
    environ: Mapping[str, str],
) -> Guard:
    spans = _scrubber(policy, environ)
    resolved = _resolve_export(export, environ)
    batching = Batching.from_environment(environ)
    sampler = sampling
    if sampler is None:
        _check_sampler(environ)
    elif not isinstance(sampler, Sampler):
        raise ConfigurationError(
            f"a {type(sampler).__name__} is not a sampler",
            "configure(sampling=)",
            "Give a Sampler of opentelemetry.sdk.trace.sampling",
        )
    if not _flag(environ, "JAEGER_GUARD_ENABLED", default=True):
        sampler, resolved = ALWAYS_OFF, None
    pipeline = None if resolved is None else _pipeline(spans, resolved, batching)
    processors: list[SpanProcessor] = [] if pipeline is None else [pipeline]
    processors += _console(environ)
    processor = GuardSpanProcessor.around(spans, *processors)
    try:
        provider = TracerProvider(
            sampler=sampler,
            resource=_resource(resource),
            active_span_processor=processor,
        )
    except ValueError:  # its text quotes the variable's
        raise ConfigurationError(
            "a limit is not a whole number of 0 or more",
            "OTEL_SPAN_*_LIMIT, OTEL_ATTRIBUTE_*_LIMIT",
            "Set a number, or leave the variable out",
        ) from None
    return Guard(provider, processor, spans, pipeline)


def _scrubber(policy: PolicySpec | None, environ: Mapping[str, str]) -> SpanScrubber:
    if _flag(environ, "JAEGER_GUARD_UNSAFE_PASSTHROUGH", default=False):
        if _flag(environ, "JAEGER_GUARD_STRICT", default=False):
            raise ConfigurationError(
                "strict mode refuses to pass spans through unscrubbed",
                "JAEGER_GUARD_UNSAFE_PASSTHROUGH",
                "Leave out one of the two variables",
            )
        _LOGGER.warning(
            "JAEGER_GUARD_UNSAFE_PASSTHROUGH is set: spans leave with all personal data and secrets"
        )
        everything = Rule(category="*", action=Action.UNSAFE_KEEP)
        bare = [Rule(surface=surface, action=Action.UNSAFE_KEEP) for surface in Surface]
        return span_scrubber(
            Policy(name="unsafe passthrough", rules=(everything, *bare)),
            "JAEGER_GUARD_UNSAFE_PASSTHROUGH",
        )
    return span_scrubber(*_policy_spec(policy, environ))


def _resolve_export(
    export: Export | None, environ: Mapping[str, str]
) -> ResolvedExport | None:
    if export is not None and not isinstance(export, Export):
        raise ConfigurationError(
            f"a {type(export).__name__} is not an Export",
            "configure(export=)",
            'Give Export(endpoint="https://…")',
        )
    exporters = _exporters(environ)
    if export is None and not {"otlp", "jaeger_guard"} & exporters:
        return None
    return (export or Export()).resolve(environ)


def _exporters(environ: Mapping[str, str]) -> frozenset[str]:
    named = environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    exporters = frozenset(name.strip().lower() for name in named.split(",") if name.strip())
    unknown = exporters - {"otlp", "jaeger_guard", "console", "none"}
    if unknown:
        raise ConfigurationError(
            "an exporter that configure() doesn't know",
            "OTEL_TRACES_EXPORTER",
            "Set otlp, console or none; add others by guard.tracer_provider.add_span_processor",
        )
    return exporters


def _console(environ: Mapping[str, str]) -> list[SpanProcessor]:
    if "console" not in _exporters(environ):
        return []
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

    return [SimpleSpanProcessor(ConsoleSpanExporter())]


def _pipeline(
    spans: SpanScrubber, resolved: ResolvedExport, batching: Batching
) -> ExportPipeline:
    return ExportPipeline(spans, Sender.to(resolved), batching)


def _resource(resource: Mapping[str, Any] | Resource | None) -> Resource:
    if isinstance(resource, Resource):
        return Resource.create().merge(resource)
    return Resource.create(dict(resource or {}))


def _check_sampler(environ: Mapping[str, str]) -> None:
    """Refuse what the SDK would only warn about, and then sample everything."""
    name = environ.get("OTEL_TRACES_SAMPLER", "").strip().lower()
    if not name:
        return
    if name not in _KNOWN_SAMPLERS:
        from importlib.metadata import entry_points

        if not entry_points(group="opentelemetry_traces_sampler", name=name):
            raise ConfigurationError(
                "no such sampler", "OTEL_TRACES_SAMPLER", "Set parentbased_traceidratio or another"
            )
        return
    if name.endswith("traceidratio"):
        text = environ.get("OTEL_TRACES_SAMPLER_ARG", "").strip()
        if text and not _is_ratio(text):
            raise ConfigurationError(
                "not a probability", "OTEL_TRACES_SAMPLER_ARG", "Set a number from 0 to 1"
            )


def _is_ratio(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 1.0
    except ValueError:
        return False


def _flag(environ: Mapping[str, str], variable: str, *, default: bool) -> bool:
    text = environ.get(variable, "").strip().lower()
    if not text:
        return default
    if text not in ("true", "1", "false", "0"):
        raise ConfigurationError("neither true nor false", variable, "Set true or false")
    return text in ("true", "1")


# --- providers that someone else built -------------------------------------------------------------


def _guard_existing(
    provider: Any,
    policy: PolicySpec | None,
    export: Export | None,
    sampling: Sampler | None,
    resource: Mapping[str, Any] | Resource | None,
    environ: Mapping[str, str],
) -> Guard:
    for given, name in ((sampling, "sampling"), (resource, "resource")):
        if given is not None:
            raise ConfigurationError(
                f"a TracerProvider is installed already, whose {name} can't be changed",
                f"configure({name}=)",
                "Call configure() before it is built, or leave this out",
            )
    return _protect(provider, policy, export, environ)


def _protect(
    provider: Any, policy: PolicySpec | None, export: Export | None, environ: Mapping[str, str]
) -> Guard:
    if not isinstance(provider, TracerProvider):
        raise ConfigurationError(
            f"a {type(provider).__name__} is not the SDK's TracerProvider, and can't be guarded",
            "protect(provider)",
            "Give the opentelemetry.sdk.trace.TracerProvider that it wraps",
        )
    resolved = None if export is None else _resolve_export(export, environ)
    spans = _scrubber(policy, environ)
    multi = provider._active_span_processor
    if isinstance(multi, GuardSpanProcessor | ConcurrentGuard):
        return _again(provider, multi, spans, export)
    starters = foreign_starters(multi._span_processors)
    if starters:
        what = f"processors that see live spans at their start: {', '.join(sorted(set(starters)))}"
        if _flag(environ, "JAEGER_GUARD_STRICT", default=False):
            raise ConfigurationError(
                what, "protect(provider)", "Remove them, or leave out JAEGER_GUARD_STRICT"
            )
        _LOGGER.warning("%s; one that keeps a span reads it unscrubbed", what)
    guarded = guard_multi(multi, spans)
    pipeline = None
    if resolved is not None:
        pipeline = _pipeline(spans, resolved, Batching.from_environment(environ))
        guarded.add_span_processor(pipeline)
    guard = Guard(provider, guarded, spans, pipeline)
    guarded.guard = guard
    return guard


def _again(
    provider: TracerProvider,
    multi: GuardSpanProcessor | ConcurrentGuard,
    spans: SpanScrubber,
    export: Export | None,
) -> Guard:
    """Answer for a provider that is guarded already."""
    if multi.scrubber.scrubber.policy.digest != spans.scrubber.policy.digest:
        raise ConfigurationError(
            "the provider is guarded already, by another policy",
            "protect(provider)",
            "Call it once, with the policy that is meant",
        )
    if isinstance(multi.guard, Guard) and export is None:
        return multi.guard
    if export is not None:
        raise ConfigurationError(
            "the provider is guarded already, and nothing can be added to its export",
            "configure(export=)",
            "Give the export where the guard is made",
        )
    guard = Guard(provider, multi, multi.scrubber, None)
    multi.guard = guard
    return guard

