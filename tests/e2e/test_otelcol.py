"""The real Collector behind a guard: what it would have to mask is gone before it gets there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from jaeger_guard import GuardSpanProcessor
from servers.otelcol import refusal, running_otelcol
from servers.process import LOOPBACK

pytestmark = pytest.mark.e2e

EMAIL = "ada.lovelace" + "@example.org"
MASKED = "redaction.masked.count"


def masking(port: int) -> dict[str, Any]:
    """Configure a Collector that masks e-mail addresses, and says how many."""
    return {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"{LOOPBACK}:{port}"}}}},
        "processors": {
            "redaction": {
                "allow_all_keys": True,
                "blocked_values": [r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"],
                "summary": "info",
            }
        },
        "exporters": {"file": {"path": "spans.json", "flush_interval": "100ms"}},
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["redaction"],
                    "exporters": ["file"],
                }
            },
        },
    }


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {pair["key"]: pair["value"] for pair in span.get("attributes", ())}


def test_the_second_line_has_nothing_to_do(tmp_path: Path) -> None:
    """A Collector that masks finds the address in a raw span, and none in a guarded one."""
    with running_otelcol(tmp_path, masking) as collector:
        request = ExportTraceServiceRequest()
        raw = (
            request.resource_spans.add()
            .scope_spans.add()
            .spans.add(name="raw", trace_id=bytes(range(16)), span_id=bytes(range(1, 9)))
        )
        raw.attributes.add(key="note").value.string_value = f"call {EMAIL}"
        assert collector.send(request.SerializeToString()) == 200
        provider = TracerProvider()
        exporter = OTLPSpanExporter(f"{collector.http_endpoint}/v1/traces", timeout=60)
        provider.add_span_processor(GuardSpanProcessor(BatchSpanProcessor(exporter)))
        tracer = provider.get_tracer("shop")
        tracer.start_span("guarded", attributes={"note": f"call {EMAIL}"}).end()
        assert provider.force_flush(60_000)
        provider.shutdown()
        spans = {
            span["name"]: attributes(span) for span in collector.await_exported("spans.json", 2)
        }
    assert MASKED in str(spans["raw"])
    assert spans["guarded"]["note"] == {"stringValue": "call [REDACTED:contact.email]"}
    assert "masked" not in str(spans["guarded"])


def test_a_configuration_is_judged_without_a_start(tmp_path: Path) -> None:
    """What the Collector can't use is refused, and the reason names it."""
    file = tmp_path / "broken.yaml"
    file.write_text("receivers: {carrier_pigeon: {}}\n")
    assert "carrier_pigeon" in refusal(file)
