"""A service that traces, in a process of its own: what it costs guarded, and with the plain SDK.

Usage: service.py guarded|plain cpu|drain|thread PROTOCOL ENDPOINT CA SPANS. It prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

sys.path.append(str(Path(__file__).parent.parent))

from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind, Tracer

from benchmarks.corpus import Traffic, descriptions, recorded

_AT_ONCE: Final = 40  # spans, then a pause: a service that nobody would call saturated
_PAUSE: Final = 0.01  # seconds
_WARM_UP: Final = 1_000
_QUEUE: Final = 16_384  # so that neither drops

Service = tuple[Tracer, SpanProcessor, Callable[[], object], Callable[[], object]]


def guarded(protocol: str, endpoint: str, ca_file: str, queue: int) -> Service:
    """Install what `configure()` does."""
    from jaeger_guard import Export, configure

    os.environ["OTEL_BSP_MAX_QUEUE_SIZE"] = str(queue)
    chosen: Any = protocol
    guard = configure(export=Export(endpoint=endpoint, protocol=chosen, ca_file=ca_file))
    provider = guard.tracer_provider
    return (
        provider.get_tracer("benchmark"),
        provider._active_span_processor,
        guard.force_flush,
        guard.shutdown,
    )


def plain(protocol: str, endpoint: str, ca_file: str, queue: int) -> Service:
    """Install what the SDK's documentation shows."""
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

    exporter: SpanExporter
    if protocol == "grpc":
        import grpc
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc

        credentials = grpc.ssl_channel_credentials(Path(ca_file).read_bytes())
        exporter = Grpc(endpoint=endpoint, credentials=credentials)
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            os.environ.pop(variable, None)  # requests would prefer it to `certificate_file`
        exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", certificate_file=ca_file)
    provider = TracerProvider()
    processor = BatchSpanProcessor(exporter, max_queue_size=queue)
    provider.add_span_processor(processor)
    return (
        provider.get_tracer("benchmark"),
        provider._active_span_processor,
        provider.force_flush,
        provider.shutdown,
    )


Described = list[tuple[str, str, SpanKind, dict[str, Any], bool]]


def trace_all(tracer: Tracer, described: Described) -> None:
    """Record spans at a steady pace, as handlers would."""
    for number, (_, name, kind, attributes, _) in enumerate(described):
        with tracer.start_as_current_span(name, kind=kind) as span:
            for key, value in attributes.items():
                span.set_attribute(key, value)
        if number % _AT_ONCE == 0:
            time.sleep(_PAUSE)


def cpu(service: Service, spans: int) -> dict[str, float]:
    """Microseconds of CPU of the whole process for a span, until the last one is sent."""
    tracer, _, flush, shutdown = service
    described = list(descriptions(Traffic(spans=spans + _WARM_UP)))
    trace_all(tracer, described[:_WARM_UP])
    flush()
    began = time.process_time()
    trace_all(tracer, described[_WARM_UP:])
    flush()
    shutdown()
    return {"us": 1e6 * (time.process_time() - began) / spans}


def drain(service: Service, spans: int) -> dict[str, float]:
    """Spans that are sent in a second of the clock, beside a thread that never rests."""
    _, processor, flush, shutdown = service
    made = recorded(Traffic(spans=spans))
    for span in made[:_WARM_UP]:
        processor.on_end(span)
    flush()
    stop = threading.Event()

    def busy() -> None:
        count = 0
        while not stop.is_set():
            for _ in range(1000):
                count += 1

    thread = threading.Thread(target=busy)
    thread.start()
    began = time.perf_counter()
    for span in made:
        processor.on_end(span)
    flush()
    rate = spans / (time.perf_counter() - began)
    stop.set()
    thread.join()
    shutdown()
    return {"spans_per_second": rate}


def thread(service: Service, spans: int) -> dict[str, float]:
    """Microseconds of CPU of the application's thread to create a span with eight attributes."""
    tracer, _, flush, shutdown = service
    spent = 0.0
    for turn in range(2):  # the first warms up
        began = time.thread_time()
        for number in range(spans):
            with tracer.start_as_current_span("GET /orders/{id}", kind=SpanKind.SERVER) as span:
                span.set_attribute("http.request.method", "GET")
                span.set_attribute("http.route", "/orders/{id}")
                span.set_attribute("url.path", f"/orders/{number % 100}")
                span.set_attribute("http.response.status_code", 200)
                span.set_attribute("server.address", "shop.internal")
                span.set_attribute("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64)")
                span.set_attribute("enduser.email", f"user{number % 100}@example.com")
                span.set_attribute("db.query.text", "SELECT * FROM orders WHERE id = ?")
        if turn:
            spent = time.thread_time() - began
        flush()
    shutdown()
    return {"us": 1e6 * spent / spans}


def main(kind: str, what: str, protocol: str, endpoint: str, ca_file: str, spans: str) -> None:
    """Print what one service costs."""
    make = {"guarded": guarded, "plain": plain}[kind]
    measure = {"cpu": cpu, "drain": drain, "thread": thread}[what]
    queue = max(_QUEUE, int(spans) + _WARM_UP)
    print(json.dumps(measure(make(protocol, endpoint, ca_file, queue), int(spans))))


if __name__ == "__main__":
    main(*sys.argv[1:])
