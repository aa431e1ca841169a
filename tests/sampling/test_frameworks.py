"""Rules on routes with real frameworks, of which some know the route at the start and some don't."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from jaeger_guard import GuardSpanProcessor, PrivacySampler, Sampling, SamplingRule
from sampling.spans import SECRET, text_of

SAMPLING = Sampling(
    sensitive_routes=["/patients/{id}", "/patients/<id>"],
    rules=[SamplingRule(attributes={"http.route": "/hidden/*"}, decision="drop")],
)
PATHS = ("/patients/5", "/orders/5", "/hidden/x", "/healthz")


def provider() -> tuple[TracerProvider, InMemorySpanExporter]:
    """A guarded provider."""
    exporter = InMemorySpanExporter()
    made = TracerProvider(sampler=PrivacySampler(SAMPLING), shutdown_on_exit=False)
    made.add_span_processor(GuardSpanProcessor(SimpleSpanProcessor(exporter)))
    return made, exporter


def judge(exporter: InMemorySpanExporter) -> None:
    """Only the request that isn't sensitive has content; checks and what is hidden are gone."""
    spans = exporter.get_finished_spans()
    names = {span.name for span in spans}
    assert not [name for name in names if "hidden" in name or "healthz" in name]
    assert [name for name in names if "patients" in name]
    holding = {span.name for span in spans if SECRET in text_of(span)}
    assert holding
    assert not [name for name in holding if "patients" in name]
    for span in spans:
        if "patients" in span.name:
            assert dict(span.attributes or {}) == {}


def test_flask() -> None:
    """Flask knows the route at the start."""
    import flask
    from opentelemetry.instrumentation.flask import FlaskInstrumentor

    made, exporter = provider()
    app = flask.Flask("shop")

    @app.get("/<place>/<id>")
    @app.get("/patients/<id>")
    @app.get("/hidden/<id>")
    def page(id: str, place: str = "") -> str:
        return "page"

    @app.get("/healthz")
    def health() -> str:
        return "well"

    FlaskInstrumentor().instrument_app(app, tracer_provider=made)  # type: ignore[no-untyped-call]
    for path in PATHS:
        assert app.test_client().get(f"{path}?note={SECRET}").status_code == 200
    judge(exporter)


def test_fastapi() -> None:
    """ASGI doesn't: the path decides, and what is under the server's span goes with it."""
    import fastapi
    import httpx
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    made, exporter = provider()
    app = fastapi.FastAPI()

    async def page(id: str = "") -> str:
        with made.get_tracer("app").start_as_current_span("patients' and others' work") as span:
            span.set_attribute("id", id)
        return "page"

    for route in ("/patients/{id}", "/orders/{id}", "/hidden/{id}", "/healthz"):
        app.get(route)(page)
    FastAPIInstrumentor.instrument_app(app, tracer_provider=made)

    async def ask() -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            for path in PATHS:
                assert (await client.get(f"{path}?note={SECRET}")).status_code == 200

    try:
        asyncio.run(ask())
    finally:
        FastAPIInstrumentor.uninstrument_app(app)
    spans = [span for span in exporter.get_finished_spans() if "work" not in span.name]
    works = [span for span in exporter.get_finished_spans() if "work" in span.name]
    assert sorted(len(span.attributes or {}) for span in works) == [0, 1]
    kept = InMemorySpanExporter()
    kept.export(spans)
    judge(kept)


@pytest.mark.parametrize("known", [True, False])
def test_a_route_that_a_path_cannot_tell(known: bool) -> None:
    """A prefix that is mounted: the path matches no route, so the end decides."""
    made, exporter = provider()
    tracer = made.get_tracer("test")
    attributes: dict[str, Any] = {"url.path": "/api/v1/patients/5", "note": SECRET}
    from opentelemetry.trace import SpanKind

    with tracer.start_as_current_span("GET", kind=SpanKind.SERVER, attributes=attributes) as span:
        if known:
            span.set_attribute("http.route", "/patients/{id}")
    [one] = exporter.get_finished_spans()
    assert (SECRET in text_of(one)) is not known
