"""Measure what a span costs the application's thread: guarded, and with the plain SDK.

Run: python tests/benchmarks/application_thread.py [rounds]. It prints microseconds for creating a
span, setting eight attributes and ending it; ratios count, since machines differ. CPU time of the
thread is what is charged to it; wall time also holds what it waits for the GIL while a worker runs.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Tracer

from jaeger_guard import Export, configure
from servers.otlp_sink import HttpSink

SPANS = 2000


def work(tracer: Tracer) -> tuple[float, float]:
    """Record spans as an instrumented server would; answer CPU and wall microseconds per span."""
    wall, cpu = time.perf_counter(), time.thread_time()
    for number in range(SPANS):
        with tracer.start_as_current_span("GET /orders/{id}", kind=trace.SpanKind.SERVER) as span:
            span.set_attribute("http.request.method", "GET")
            span.set_attribute("http.route", "/orders/{id}")
            span.set_attribute("url.path", f"/orders/{number % 100}")
            span.set_attribute("http.response.status_code", 200)
            span.set_attribute("server.address", "shop.internal")
            span.set_attribute("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64)")
            span.set_attribute("enduser.email", f"user{number % 100}@example.com")
            span.set_attribute("db.query.text", "SELECT * FROM orders WHERE id = ?")
    return (
        1e6 * (time.thread_time() - cpu) / SPANS,
        1e6 * (time.perf_counter() - wall) / SPANS,
    )


def measure(rounds: int) -> None:
    """Take turns, so that both see the same machine; print medians."""
    with HttpSink() as sink:
        guard = configure(export=Export(endpoint=sink.endpoint, protocol="http/protobuf"))
        plain = TracerProvider()
        plain.add_span_processor(
            BatchSpanProcessor(
                OTLPSpanExporter(endpoint=f"{sink.endpoint}/v1/traces"),
                max_queue_size=8192,
                schedule_delay_millis=1000,
            )
        )
        sides: dict[str, tuple[Tracer, Callable[[], object], list[tuple[float, float]]]] = {
            "guarded": (guard.tracer_provider.get_tracer("test"), guard.force_flush, []),
            "plain": (plain.get_tracer("test"), plain.force_flush, []),
        }
        for _ in range(rounds + 1):
            for tracer, flush, measured in sides.values():
                measured.append(work(tracer))
                flush()  # so that neither works in the other's turn
        guard.shutdown()
        plain.shutdown()
    medians = {
        name: tuple(statistics.median(kind) for kind in zip(*measured[1:], strict=True))
        for name, (_, _, measured) in sides.items()  # without the first, which warms caches
    }
    for name, (cpu, wall) in medians.items():
        print(f"{name:8} {cpu:7.1f} us CPU {wall:7.1f} us wall, per span")
    ratios = [a / b for a, b in zip(medians["guarded"], medians["plain"], strict=True)]
    print(f"ratio    {ratios[0]:7.2f}        {ratios[1]:7.2f}")


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
