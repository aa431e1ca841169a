"""Record requests without their content where a rule or missing consent says so; the trace stays whole.

Run: python examples/consent_and_rules.py
"""

from __future__ import annotations

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from jaeger_guard import GuardSpanProcessor, PrivacySampler, Sampling, consent

sampling = Sampling(sensitive_routes=["/patients/{id}"], without_consent="minimal")
exporter = InMemorySpanExporter()
provider = TracerProvider(sampler=PrivacySampler(sampling))
provider.add_span_processor(GuardSpanProcessor(SimpleSpanProcessor(exporter)))
tracer = provider.get_tracer("examples")


def serve(path: str) -> None:
    """Record what a server and its database would."""
    route = {"http.route": path}
    request = tracer.start_as_current_span(f"GET {path}", kind=SpanKind.SERVER, attributes=route)
    with request, tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT) as query:
        query.set_attribute("db.query.text", "SELECT plan FROM shops")


serve("/orders")
serve("/patients/{id}")
serve("/healthz")
with consent(False):
    serve("/cart")

for span in exporter.get_finished_spans():
    print(span.name, dict(span.attributes or {}))
