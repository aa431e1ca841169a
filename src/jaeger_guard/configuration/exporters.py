"""Where spans go, by arguments and environment: our own pipeline, the console, or nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

from opentelemetry.sdk.trace import SpanProcessor

from jaeger_guard.batching import Batching, ExportPipeline
from jaeger_guard.configuration.environment import Switches
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import Export, ResolvedExport, Sender
from jaeger_guard.export.settings import EXPORTERS_VARIABLE, EXPORTERS_WITH_PROTOCOL
from jaeger_guard.spans import SpanScrubber

_SENDING: Final = frozenset({"otlp", "jaeger_guard", *EXPORTERS_WITH_PROTOCOL})

_OF_EVERY_TRANSPORT: Final = (
    "google.protobuf.message",
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2",
)
_OF_TRANSPORT: Final = {
    "grpc": ("jaeger_guard.export.grpc", "google.rpc.error_details_pb2", "google.rpc.status_pb2"),
    "http/protobuf": ("jaeger_guard.export.http", "encodings.idna"),
}
_OF_SPOOL: Final = (
    "cryptography.exceptions",
    "cryptography.hazmat.primitives.ciphers.aead",
    "cryptography.hazmat.primitives.kdf.hkdf",
)


def resolve_export(
    export: Export | None, environ: Mapping[str, str], switches: Switches
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
    if export is None and not _SENDING & exporters:
        return None
    return (export or Export()).resolve(environ)


def _exporters(environ: Mapping[str, str]) -> frozenset[str]:
    named = environ.get(EXPORTERS_VARIABLE, "").strip() or "otlp"
    exporters = frozenset(name.strip().lower() for name in named.split(",") if name.strip())
    unknown = exporters - _SENDING - {"console", "none"}
    if unknown:
        raise ConfigurationError(
            "an exporter that configure() doesn't know",
            EXPORTERS_VARIABLE,
            "Set otlp, console or none; add others by guard.tracer_provider.add_span_processor",
        )
    return exporters


def console_processors(environ: Mapping[str, str]) -> list[SpanProcessor]:
    """Return what prints spans, where OTEL_TRACES_EXPORTER says so."""
    if "console" not in _exporters(environ):
        return []
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

    return [SimpleSpanProcessor(ConsoleSpanExporter())]


def build_pipeline(
    spans: SpanScrubber, resolved: ResolvedExport, batching: Batching
) -> ExportPipeline:
    """Build what queues, scrubs, encodes and sends."""
    # The sender would import these on its own thread, at the first payload. A child forked in that
    # moment inherits the module's lock as held, and could never export.
    needed = [*_OF_EVERY_TRANSPORT, *_OF_TRANSPORT[resolved.protocol]]
    needed += _OF_SPOOL if resolved.spool is not None else ()
    for module in needed:
        import_module(module)
    return ExportPipeline(spans, Sender.to(resolved), batching)
