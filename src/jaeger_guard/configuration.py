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

import atexit
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    ParentBasedTraceIdRatio,
    Sampler,
    TraceIdRatioBased,
)

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

# OpenTelemetry specification, "General SDK Configuration", OTEL_TRACES_SAMPLER; those of Jaeger and
# X-Ray are not there, as in the SDK.
_SAMPLERS: Final[Mapping[str, Callable[[float], Sampler]]] = {
    "always_on": lambda _: ALWAYS_ON,
    "always_off": lambda _: ALWAYS_OFF,
    "traceidratio": TraceIdRatioBased,
    "parentbased_always_on": lambda _: DEFAULT_ON,
    "parentbased_always_off": lambda _: DEFAULT_OFF,
    "parentbased_traceidratio": ParentBasedTraceIdRatio,
}

_LIMITS: Final = (
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
)

_OF_EVERY_TRANSPORT: Final = (
    "google.protobuf.message",
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2",
)
_OF_TRANSPORT: Final = {
    "grpc": ("jaeger_guard.export.grpc", "google.rpc.error_details_pb2", "google.rpc.status_pb2"),
    "http/protobuf": ("jaeger_guard.export.http", "encodings.idna"),
}

# What configure() reads; other variables of OpenTelemetry may change between two calls.
_PREFIXES: Final = (
    "JAEGER_GUARD_",
    "OTEL_ATTRIBUTE_",
    "OTEL_BSP_",
    "OTEL_EVENT_",
    "OTEL_EXPORTER_OTLP_",
    "OTEL_LINK_",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SDK_DISABLED",
    "OTEL_SERVICE_NAME",
    "OTEL_SPAN_",
    "OTEL_TRACES_",
)


@dataclass(frozen=True, slots=True)
class _Installed:
    guard: Guard
    settings: tuple[Any, ...] = field(repr=False)  # the environment's may hold credentials


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
        if current is not None:
            if _installed is None or current is not _installed.guard.tracer_provider:
                guard = _guard_existing(current, policy, export, sampling, resource, environ)
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
        guard = _build(policy, export, sampling, resource, environ)
        _install(guard.tracer_provider, current)
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
        return _protect(provider, policy, None, os.environ, "protect(policy=)")


def _settings(
    policy: PolicySpec | None,
    export: Export | None,
    sampling: Sampler | None,
    resource: Mapping[str, Any] | Resource | None,
    environ: Mapping[str, str],
) -> tuple[Any, ...]:
    """Return what two calls must agree in to be the same, the environment included."""
    attributes = dict(resource.attributes or {}) if isinstance(resource, Resource) else resource
    named = tuple(
        sorted((name, text) for name, text in environ.items() if name.startswith(_PREFIXES))
    )
    return (_frozen(policy), export, sampling, _frozen(attributes), named)


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


def _build(
    policy: PolicySpec | None,
    export: Export | None,
    sampling: Sampler | None,
    resource: Mapping[str, Any] | Resource | None,
    environ: Mapping[str, str],
) -> Guard:
    switches = _Switches.read(environ)
    spans = _scrubber(policy, environ, switches, "configure(policy=)")
    resolved = _resolve_export(export, environ, switches)
    batching = Batching.from_environment(environ)
    sampler = _sampler(sampling, environ)
    limits = _span_limits(environ)
    console = _console(environ) if switches.enabled else []
    described = _resource(resource, environ)
    _warn_of_unsafe(spans, switches)
    pipeline = None if resolved is None else _pipeline(spans, resolved, batching)
    processors: list[SpanProcessor] = [] if pipeline is None else [pipeline]
    processor = GuardSpanProcessor.around(spans, *processors, *console)
    provider = TracerProvider(
        sampler=sampler,
        resource=described,
        span_limits=limits,
        active_span_processor=processor,
    )
    if not switches.enabled:
        _turn_off(provider, processor)
    guard = Guard(provider, processor, spans, pipeline)
    processor.guard = guard
    return guard


# --- the environment ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Switches:
    """The JAEGER_GUARD_* variables that are true or false, and OTEL_SDK_DISABLED.

    Attributes:
        enabled: Whether anything is exported at all.
        disabled_sdk: Whether OTEL_SDK_DISABLED turns the SDK off.
        strict: Whether what is only warned of otherwise is an error.
        passthrough: Whether spans leave unscrubbed.
    """

    enabled: bool
    disabled_sdk: bool
    strict: bool
    passthrough: bool

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> _Switches:
        passthrough = _flag(environ, "JAEGER_GUARD_UNSAFE_PASSTHROUGH", default=False)
        strict = _flag(environ, "JAEGER_GUARD_STRICT", default=False)
        if passthrough and strict:
            raise ConfigurationError(
                "strict mode refuses to pass spans through unscrubbed",
                "JAEGER_GUARD_UNSAFE_PASSTHROUGH",
                "Leave out one of the two variables",
            )
        return cls(
            enabled=_flag(environ, "JAEGER_GUARD_ENABLED", default=True),
            # "any value that is not `true` is false" (specification, "Boolean value").
            disabled_sdk=environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true",
            strict=strict,
            passthrough=passthrough,
        )


def _flag(environ: Mapping[str, str], variable: str, *, default: bool) -> bool:
    text = environ.get(variable, "").strip().lower()
    if not text:
        return default
    if text not in ("true", "1", "false", "0"):
        raise ConfigurationError("neither true nor false", variable, "Set true or false")
    return text in ("true", "1")


def _scrubber(
    policy: PolicySpec | None, environ: Mapping[str, str], switches: _Switches, where: str
) -> SpanScrubber:
    named = environ.get("JAEGER_GUARD_POLICY", "").strip()
    if policy is None and named:
        policy, where = named, "JAEGER_GUARD_POLICY"
    spans = span_scrubber("baseline" if policy is None else policy, where)
    if switches.passthrough:  # only now, so that a policy that can't be used is told all the same
        everything = Rule(category="*", action=Action.UNSAFE_KEEP)
        bare = [Rule(surface=surface, action=Action.UNSAFE_KEEP) for surface in Surface]
        return span_scrubber(
            Policy(name="unsafe passthrough", rules=(everything, *bare)),
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


def _warn_of_unsafe(spans: SpanScrubber, switches: _Switches) -> None:
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


def _resolve_export(
    export: Export | None, environ: Mapping[str, str], switches: _Switches
) -> ResolvedExport | None:
    """Return where spans go; None where they don't, and then files needn't be there either."""
    if export is not None and not isinstance(export, Export):
        raise ConfigurationError(
            f"a {type(export).__name__} is not an Export",
            "configure(export=)",
            'Give Export(endpoint="https://…")',
        )
    exporters = _exporters(environ)
    if not switches.enabled or switches.disabled_sdk:
        return None
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


def _pipeline(spans: SpanScrubber, resolved: ResolvedExport, batching: Batching) -> ExportPipeline:
    # The sender would import these on its own thread, at the first payload. A child forked in that
    # moment inherits the module's lock as held, and could never export.
    for module in (*_OF_EVERY_TRANSPORT, *_OF_TRANSPORT[resolved.protocol]):
        import_module(module)
    return ExportPipeline(spans, Sender.to(resolved), batching)


def _resource(
    resource: Mapping[str, Any] | Resource | None, environ: Mapping[str, str]
) -> Resource:
    for entry in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        if entry.strip() and "=" not in entry:  # the SDK would log it, and go on without
            raise ConfigurationError(
                "an entry is not key=value",
                "OTEL_RESOURCE_ATTRIBUTES",
                "Separate entries by ',', and write a ',' within a value as %2C",
            )
    if isinstance(resource, Resource):
        return Resource.create().merge(resource)
    attributes: object = {} if resource is None else resource
    if isinstance(attributes, Mapping) and all(type(key) is str and key for key in attributes):
        return Resource.create(dict(attributes))
    raise ConfigurationError(
        "neither a Resource nor a mapping of names to values",
        "configure(resource=)",
        'Give a dict such as {"service.name": "shop"}',
    )


def _sampler(sampling: Sampler | None, environ: Mapping[str, str]) -> Sampler:
    """Return the sampler that is given or named; the SDK would warn, and then sample everything."""
    given: object = sampling
    if isinstance(given, Sampler):
        return given
    if given is not None:
        raise ConfigurationError(
            f"a {type(given).__name__} is not a sampler",
            "configure(sampling=)",
            "Give a Sampler of opentelemetry.sdk.trace.sampling",
        )
    name = environ.get("OTEL_TRACES_SAMPLER", "").strip() or "parentbased_always_on"
    argument = environ.get("OTEL_TRACES_SAMPLER_ARG", "").strip()
    build = _SAMPLERS.get(name.lower())
    if build is None:
        return _foreign_sampler(name, argument)
    ratio = 1.0  # "default is 1.0 if unset" (the same section)
    if argument and name.lower().endswith("traceidratio"):
        ratio = _ratio(argument)
    return build(ratio)


def _foreign_sampler(name: str, argument: str) -> Sampler:
    """Build the sampler of another distribution, as the SDK's own configurator would."""
    from importlib.metadata import entry_points

    sampler: object = None
    for entry_point in entry_points(group="opentelemetry_traces_sampler", name=name):
        try:
            sampler = entry_point.load()(argument)
        except Exception:  # noqa: BLE001 - its text may quote the argument
            sampler = None
    if isinstance(sampler, Sampler):
        return sampler
    raise ConfigurationError(
        "no such sampler, or it can't be built",
        "OTEL_TRACES_SAMPLER",
        f"Set one of {', '.join(_SAMPLERS)}, or check OTEL_TRACES_SAMPLER_ARG",
    )


def _ratio(text: str) -> float:
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if not 0.0 <= ratio <= 1.0:
        raise ConfigurationError(
            "not a probability", "OTEL_TRACES_SAMPLER_ARG", "Set a number from 0 to 1"
        )
    return ratio


def _span_limits(environ: Mapping[str, str]) -> SpanLimits:
    for variable in _LIMITS:
        text = environ.get(variable, "").strip()
        if text and not (text.isascii() and text.isdecimal()):
            raise ConfigurationError(
                "not a whole number of 0 or more", variable, "Set a number, or leave it out"
            )
    return SpanLimits()  # reads them


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
    return _protect(provider, policy, export, environ, "configure(policy=)")


def _protect(
    provider: Any,
    policy: PolicySpec | None,
    export: Export | None,
    environ: Mapping[str, str],
    where: str,
) -> Guard:
    if not isinstance(provider, TracerProvider):
        raise ConfigurationError(
            f"a {type(provider).__name__} is not the SDK's TracerProvider, and can't be guarded",
            "protect(provider)",
            "Give the opentelemetry.sdk.trace.TracerProvider that it wraps",
        )
    switches = _Switches.read(environ)
    spans = _scrubber(policy, environ, switches, where)
    resolved = None if export is None else _resolve_export(export, environ, switches)
    batching = Batching.from_environment(environ)
    multi = provider._active_span_processor
    guarded: GuardSpanProcessor | ConcurrentGuard
    if isinstance(multi, GuardSpanProcessor | ConcurrentGuard):
        _check_same(multi, spans, export)
        if isinstance(multi.guard, Guard) and resolved is None:
            return multi.guard
        guarded, spans = multi, multi.scrubber
    else:
        _refuse_starters(getattr(multi, "_span_processors", ()), switches)
        guarded = guard_multi(multi, spans)
        _warn_of_unsafe(spans, switches)
    pipeline = _pipeline_of(guarded)
    if resolved is not None:
        pipeline = _pipeline(spans, resolved, batching)
        guarded.add_span_processor(pipeline)
        atexit.register(pipeline.shutdown)  # a provider may be made with shutdown_on_exit=False
    if not switches.enabled:
        _turn_off(provider, guarded)
    guard = Guard(provider, guarded, spans, pipeline)
    guarded.guard = guard
    return guard


def _check_same(
    multi: GuardSpanProcessor | ConcurrentGuard, spans: SpanScrubber, export: Export | None
) -> None:
    """Refuse what contradicts the guard that is there already."""
    if multi.scrubber.scrubber.policy.digest != spans.scrubber.policy.digest:
        raise ConfigurationError(
            "the provider is guarded already, by another policy",
            "protect(provider)",
            "Call it once, with the policy that is meant",
        )
    if export is not None and _pipeline_of(multi) is not None:
        raise ConfigurationError(
            "the provider is guarded already, and exports already",
            "configure(export=)",
            "Give the export where the guard is made",
        )


def _pipeline_of(guarded: GuardSpanProcessor | ConcurrentGuard) -> ExportPipeline | None:
    for processor in guarded._span_processors:
        if isinstance(processor, ExportPipeline):
            return processor
    return None


def _refuse_starters(processors: Sequence[SpanProcessor], switches: _Switches) -> None:
    """Tell which processors could keep a live span, or refuse them in strict mode."""
    starters = foreign_starters(processors)
    if not starters:
        return
    what = f"processors that see live spans at their start: {', '.join(sorted(set(starters)))}"
    if switches.strict:
        raise ConfigurationError(
            what, "protect(provider)", "Remove them, or leave out JAEGER_GUARD_STRICT"
        )
    _LOGGER.warning("%s; one that keeps a span reads it unscrubbed", what)


def _turn_off(provider: TracerProvider, guarded: GuardSpanProcessor | ConcurrentGuard) -> None:
    """Let nothing out: new tracers do nothing, and spans of issued ones are shown to nobody.

    Not by a sampler: "not sampled" would travel on, and turn tracing off in other services too.
    """
    provider._disabled = True
    for method in ("on_start", "_on_ending", "on_end"):
        setattr(guarded, method, _ignore)
    _LOGGER.info("JAEGER_GUARD_ENABLED is false: no span is exported")


def _ignore(*_: object, **__: object) -> None:
    """Take whatever a processor is told, and do nothing."""
