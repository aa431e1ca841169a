"""Guard a TracerProvider that someone else built."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from jaeger_guard.batching import Batching, ExportPipeline
from jaeger_guard.configuration.arguments import Arguments
from jaeger_guard.configuration.audits import begin_audit, open_audit
from jaeger_guard.configuration.boundary import build_firewall
from jaeger_guard.configuration.building import tell_misspelt, turn_off
from jaeger_guard.configuration.environment import Switches
from jaeger_guard.configuration.exporters import build_pipeline, resolve_export
from jaeger_guard.configuration.policies import choose_scrubber, warn_of_unsafe
from jaeger_guard.configuration.samplers import read_consent_from_requests
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import Export
from jaeger_guard.guard import Guard
from jaeger_guard.processor import (
    ConcurrentGuard,
    GuardSpanProcessor,
    foreign_starters,
    guard_multi,
)
from jaeger_guard.spans import SpanScrubber

_LOGGER: Final = logging.getLogger("jaeger_guard")


def guard_existing(provider: Any, arguments: Arguments, environ: Mapping[str, str]) -> Guard:
    """Guard the global provider that is there already, for `configure()`.

    Raises:
        ConfigurationError: It can't be guarded, or an argument comes too late for it.
    """
    given = {"sampling": arguments.sampling, "resource": arguments.resource}
    for name, argument in given.items():
        if argument is not None:
            raise ConfigurationError(
                f"a TracerProvider is installed already, whose {name} can't be changed",
                f"configure({name}=)",
                "Call configure() before it is built, or leave this out",
            )
    return protect_provider(provider, arguments, environ, "configure(policy=)")


def protect_provider(
    provider: Any, arguments: Arguments, environ: Mapping[str, str], where: str
) -> Guard:
    """Guard a provider; `where` its policy is given, for errors.

    Raises:
        ConfigurationError: It can't be guarded, or is by another policy.
    """
    if not isinstance(provider, TracerProvider):
        raise ConfigurationError(
            f"a {type(provider).__name__} is not the SDK's TracerProvider, and can't be guarded",
            "protect(provider)",
            "Give the opentelemetry.sdk.trace.TracerProvider that it wraps",
        )
    switches = Switches.read(environ)
    tell_misspelt(environ, switches)
    spans = choose_scrubber(arguments.policy, environ, switches, where)
    export = arguments.export
    resolved = None if export is None else resolve_export(export, environ, switches)
    batching = Batching.from_environment(environ)
    audit = open_audit(spans.scrubber.policy.audit, environ)
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
        warn_of_unsafe(spans, switches)
    pipeline = _pipeline_of(guarded)
    if resolved is not None:
        pipeline = build_pipeline(spans, resolved, batching)
        guarded.add_span_processor(pipeline)
        atexit.register(pipeline.shutdown)  # a provider may be made with shutdown_on_exit=False
    if not switches.enabled:
        turn_off(provider, guarded)
    if spans.scrubber.policy.consent is not None:
        read_consent_from_requests(spans.scrubber.policy.consent)
    guarded.sampling.claim(provider.sampler, provider._span_limits)
    firewall = build_firewall(spans, provider.sampler)
    guard = Guard(provider, guarded, spans, pipeline, firewall)
    guarded.guard = guard
    attributes = provider.resource.attributes
    begin_audit(guard, audit, switches, str(attributes.get("service.name")))
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


def _refuse_starters(processors: Sequence[SpanProcessor], switches: Switches) -> None:
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
