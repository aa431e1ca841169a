"""What the guard sends itself is traced by no instrumentor, or each export would make spans for another."""

from __future__ import annotations

from typing import Any

import pytest

from jaeger_guard import Export, JaegerRemote, Sampling, SamplingRule, configure
from servers.otlp_sink import GrpcSink, HttpSink
from servers.process import poll

KEPT = SamplingRule(name="*", decision="record", probability=1.0)
CLIENTS = (
    "aiohttp-client",
    "grpc_aio_client",
    "grpc_client",
    "httpx",
    "requests",
    "urllib",
    "urllib3",
)


@pytest.mark.parametrize(
    ("sink", "protocol"), [(HttpSink, "http/protobuf"), (GrpcSink, "grpc")], ids=["http", "grpc"]
)
def test_exports_make_no_spans(sink: Any, protocol: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every client instrumented, what arrives is what the application recorded."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    with sink() as server:
        guard = configure(
            export=Export(endpoint=server.endpoint, protocol=protocol), instrument=CLIENTS
        )
        for number in range(3):
            guard.tracer_provider.get_tracer("t").start_span(f"own-{number}").end()
            assert guard.force_flush(60_000)
        guard.shutdown()
        assert [span.name for span in server.spans] == ["own-0", "own-1", "own-2"]


def test_asking_for_strategies_makes_no_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jaeger's sampling endpoint is asked without a span, whether or not it answers."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    with HttpSink() as server:
        guard = configure(
            export=Export(endpoint=server.endpoint, protocol="http/protobuf"),
            sampling=Sampling(rules=(KEPT,), remote=JaegerRemote(server.endpoint, 1)),
            instrument=CLIENTS,
        )
        assert poll(lambda: bool(guard.statistics()["sampler"]["remote"]), seconds=60)
        guard.tracer_provider.get_tracer("t").start_span("own").end()
        assert guard.force_flush(60_000)
        guard.shutdown()
        assert [span.name for span in server.spans] == ["own"]
