"""What lies in a store's files: nothing planted with the guard, and all of it without."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from jaeger_guard import Export, configure
from jaeger_guard.stored.query import QueryApi, QueryEndpoint
from servers.jaeger_storage import BadgerJaeger, blocks, found_on_disk, running_badger, validate
from servers.process import poll

pytestmark = pytest.mark.e2e
BENIGN = secrets.token_hex(16)  # a prefix would be compressed away


def plant(provider: TracerProvider) -> tuple[list[str], int]:
    """Record a span with values that a compressed file holds whole; answer them, and the trace."""
    random = [secrets.token_hex(16) for _ in range(4)]
    email = f"a{random[1]}@example.org"
    with provider.get_tracer("t").start_as_current_span("order") as span:
        span.set_attribute("user.password", random[0])
        span.set_attribute("note", f"call {email}")
        span.set_attribute("url.full", f"https://shop.example/?token={random[2]}&page=1")
        span.set_attribute("order.reference", BENIGN)
        span.add_event("login", {"session_token": random[3]})
    return random, span.get_span_context().trace_id


def guarded(jaeger: BadgerJaeger) -> tuple[list[str], int]:
    guard = configure(
        export=Export(endpoint=jaeger.endpoint, protocol="http/protobuf"),
        resource={"service.name": "guarded"},
    )
    planted = plant(guard.tracer_provider)
    guard.shutdown()
    return planted


def unguarded(jaeger: BadgerJaeger) -> tuple[list[str], int]:
    provider = TracerProvider(resource=Resource.create({"service.name": "unguarded"}))
    exporter = OTLPSpanExporter(endpoint=f"{jaeger.endpoint}/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    planted = plant(provider)
    provider.shutdown()
    return planted


def await_traces(jaeger: BadgerJaeger, traces: list[int]) -> None:
    with QueryApi(QueryEndpoint(url=jaeger.query_url)) as api:

        def are_there() -> bool:
            try:
                return all(list(api.trace(f"{trace:032x}")) for trace in traces)
            except Exception:
                return False

        assert poll(are_there, seconds=60)


def test_badgers_files_hold_nothing_that_was_planted(tmp_path: Path) -> None:
    """Live and after a stop: of a guarded service nothing, of an unguarded one everything."""
    with running_badger(tmp_path) as jaeger:
        hidden, hidden_trace = guarded(jaeger)
        open_values, open_trace = unguarded(jaeger)
        await_traces(jaeger, [hidden_trace, open_trace])
        everything = [*hidden, *open_values, BENIGN]
        assert found_on_disk(jaeger.store, everything) == {*open_values, BENIGN}
    assert found_on_disk(jaeger.store, everything) == {*open_values, BENIGN}


@pytest.mark.parametrize("backend", sorted(blocks()))
def test_the_pages_configurations_are_valid(backend: str, tmp_path: Path) -> None:
    """The real Jaeger accepts each configuration of docs/storage.md, and would refuse a wrong word."""
    text = blocks()[backend]
    status, said = validate(text, tmp_path)
    assert status == 0, said
    status, said = validate(
        text.replace("      short:", "      short: &x\n        nonsense:", 1), tmp_path
    )
    assert status != 0
