"""Build a guard with a TracerProvider of its own, everything checked before."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider

from jaeger_guard.batching import Batching
from jaeger_guard.configuration.arguments import Arguments
from jaeger_guard.configuration.audits import audit_fields, begin_audit, open_audit
from jaeger_guard.configuration.boundary import build_firewall
from jaeger_guard.configuration.environment import Switches, misspelt
from jaeger_guard.configuration.exporters import (
    build_pipeline,
    console_processors,
    resolve_export,
)
from jaeger_guard.configuration.id_generators import choose_id_generator
from jaeger_guard.configuration.policies import choose_scrubber, warn_of_unsafe
from jaeger_guard.configuration.resources import build_resource
from jaeger_guard.configuration.samplers import choose_sampler, sampling_fields
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import Export, Spool
from jaeger_guard.guard import Guard
from jaeger_guard.processor import ConcurrentGuard, GuardSpanProcessor

_LOGGER: Final = logging.getLogger("jaeger_guard")


def build(arguments: Arguments, environ: Mapping[str, str]) -> Guard:
    """Build a guard, without installing it.

    Raises:
        ConfigurationError: A setting can't be honoured.
    """
    switches = Switches.read(environ)
    tell_misspelt(environ, switches)
    spans = choose_scrubber(arguments.policy, environ, switches, "configure(policy=)")
    resolved = resolve_export(arguments.export, environ, switches)
    batching = Batching.from_environment(environ)
    audit = open_audit(spans.scrubber.policy.audit, environ)
    console = console_processors(environ) if switches.enabled else []
    resource = build_resource(arguments.resource, environ)
    id_generator = choose_id_generator(environ)
    sampler = choose_sampler(
        arguments.sampling,
        environ,
        spans.scrubber.policy,
        export=arguments.export or Export(),
        service_name=str(resource.attributes.get("service.name") or "unknown_service"),
    )
    warn_of_unsafe(spans, switches)
    pipeline = None if resolved is None else build_pipeline(spans, resolved, batching)
    processors: list[SpanProcessor] = [] if pipeline is None else [pipeline]
    processor = GuardSpanProcessor.around(spans, *processors, *console)
    provider = TracerProvider(
        sampler=sampler,
        resource=resource,
        id_generator=id_generator,
        span_limits=SpanLimits(),  # reads the environment, which was checked
        active_span_processor=processor,
    )
    processor.sampling.claim(sampler, provider._span_limits)
    if not switches.enabled:
        turn_off(provider, processor)
    firewall = build_firewall(spans, sampler)
    guard = Guard(provider, processor, spans, pipeline, firewall)
    processor.guard = guard
    begin_audit(guard, audit, switches, str(resource.attributes.get("service.name")))
    return guard


def known_fields() -> list[str]:
    """List what variables of single settings are called behind our prefix: `EXPORT_ENDPOINT`."""
    return [
        *(f"EXPORT_{field.name.upper()}" for field in fields(Export) if field.name != "spool"),
        *(f"SPOOL_{field.name.upper()}" for field in fields(Spool)),
        *(f"AUDIT_{name.upper()}" for name in audit_fields()),
        *(f"SAMPLING_{name.upper()}" for name in sampling_fields()),
    ]


def tell_misspelt(environ: Mapping[str, str], switches: Switches) -> None:
    """Warn of variables of ours that nothing reads, or refuse them in strict mode."""
    for name, closest in misspelt(environ, known_fields()):
        if switches.strict:
            raise ConfigurationError(
                "this version knows no such variable", name, f"Did you mean {closest}"
            )
        _LOGGER.warning("%s is not known to this version; did you mean %s?", name, closest)


def turn_off(provider: TracerProvider, guarded: GuardSpanProcessor | ConcurrentGuard) -> None:
    """Let nothing out: new tracers do nothing, and spans of issued ones are shown to nobody.

    Not by a sampler: "not sampled" would travel on, and turn tracing off in other services too.
    """
    provider._disabled = True
    for method in ("on_start", "_on_ending", "on_end"):
        setattr(guarded, method, _ignore)
    _LOGGER.info("JAEGER_GUARD_ENABLED is false: no span is exported")


def _ignore(*_: object, **__: object) -> None:
    """Take whatever a processor is told, and do nothing."""
