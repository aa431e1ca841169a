"""Guard a provider that somebody else has built: `python examples/protect_existing.py`.

A framework, a distribution or a vendor's package may have installed a TracerProvider with its own
exporters already. `protect` guards it in place: every processor it has, and every one it gets.
"""

from __future__ import annotations

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import jaeger_guard


def somebody_elses_provider(exporter: InMemorySpanExporter) -> TracerProvider:
    """Build a provider as others do, with no thought of what is in a span."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


def main() -> None:
    """Protect it, record a span, and show what the exporter has got."""
    exporter = InMemorySpanExporter()
    provider = somebody_elses_provider(exporter)
    guard = jaeger_guard.protect(provider)

    with provider.get_tracer("shop").start_as_current_span("pay") as span:
        span.set_attribute("http.route", "/pay/{id}")
        span.set_attribute("customer.email", "anna@mail.example.org")
        span.set_attribute("db.query.text", "SELECT id FROM orders WHERE email = 'anna@x.example'")

    for finished in exporter.get_finished_spans():
        for key, value in (finished.attributes or {}).items():
            print(f"{finished.name}: {key} = {value!s}")
    guard.shutdown()


if __name__ == "__main__":
    main()
