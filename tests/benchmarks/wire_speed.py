"""Print what our encoder costs, as a ratio to the SDK's encode_spans().SerializeToString().

Run it by hand: `python tests/benchmarks/wire_speed.py`. Ratios compare on one machine, times don't.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from jaeger_guard.wire import Encoder

SPANS = 512
ROUNDS = 30


def spans(*, unique: bool, first: int = 0) -> list[ReadableSpan]:
    """Server spans of a web shop; `unique` makes every text one that was never seen."""
    kept = InMemorySpanExporter()
    resource = Resource({"service.name": "shop", "service.version": "1.4.2"})
    provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("shop.web", "1.0")
    for number in range(first, first + SPANS):
        mark = f" {number}" if unique else ""
        attributes: dict[str, Any] = {
            "http.request.method": "GET" + mark,
            "http.response.status_code": 200 + number * unique,
            "http.route": f"/orders/{{id}}{mark}",
            "url.path": f"/orders/{number}",
            "url.scheme": "https" + mark,
            "server.address": "shop.example" + mark,
            "server.port": 443 + number * unique,
            "client.address": f"192.0.2.{number % 40}" + mark,
            "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0" + mark,
            "network.protocol.version": "1.1" + mark,
        }
        with tracer.start_as_current_span("GET /orders/{id}", attributes=attributes) as one:
            if number % 8 == 0:
                one.add_event("cache.miss", {"cache.key": f"order:{number}", "cache.ttl": 0.5})
    return list(kept.get_finished_spans())


def fastest(
    work: Callable[[list[ReadableSpan]], object], batches: list[list[ReadableSpan]]
) -> float:
    """Microseconds per span, of the best quarter of the batches."""
    times = []
    for batch in batches:
        start = time.perf_counter()
        work(batch)
        times.append(time.perf_counter() - start)
    best = sorted(times)[: len(times) // 4]
    return sum(best) / len(best) / SPANS * 1e6


def main() -> None:
    """Measure repetitive and unique traffic, with and without the memo."""
    repetitive = [spans(unique=False)] * ROUNDS
    unique = [spans(unique=True, first=SPANS * number) for number in range(ROUNDS)]
    for name, batches in (("repetitive", repetitive), ("unique", unique)):
        sdk = fastest(lambda batch: encode_spans(batch).SerializeToString(), batches)
        with_memo = fastest(Encoder().encode, batches)
        without = fastest(Encoder(memo_bytes=0).encode, batches)
        print(
            f"{name}: SDK {sdk:.1f} us, ours {with_memo:.1f} ({with_memo / sdk:.2f}), "
            f"without memo {without:.1f} ({without / sdk:.2f})"
        )


if __name__ == "__main__":
    main()
