"""Measure what scrubbing costs per span beside the SDK's encoding: `python scrub_speed.py [profile]`.

The corpus is made of web, database, cache, messaging and failing spans, as instrumentations write
them, with ids and values that repeat as they do in production. Ratios matter, microseconds don't.
"""

from __future__ import annotations

import cProfile
import pstats
import random
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.spans import SpanScrubber
from jaeger_guard.wire import Encoder

SPANS = 4096
BATCH = 512
ROUNDS = 5

RESOURCE = Resource(
    {"service.name": "shop", "service.version": "1.4.2", "host.name": "web-7", "process.pid": 4711}
)
SCOPES = [
    InstrumentationScope(f"opentelemetry.instrumentation.{name}", "0.66b0")
    for name in ("flask", "requests", "sqlalchemy", "redis", "kafka")
]
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36",
    "python-requests/2.31.0",
    "okhttp/4.9.3",
    "kube-probe/1.28",
)
TRACE = (
    'Traceback (most recent call last):\n  File "/app/shop.py", line 7, in pay\nValueError: {}\n'
)


def _web(rng: random.Random) -> tuple[str, SpanKind, dict[str, Any]]:
    page = rng.randrange(40)
    return (
        "GET /items/{id}",
        SpanKind.SERVER,
        {
            "http.request.method": "GET",
            "http.route": "/items/{id}",
            "url.path": f"/items/{rng.randrange(500)}",
            "url.query": f"page={page}&sort=-created",
            "url.scheme": "https",
            "server.address": "shop.example",
            "server.port": 443,
            "http.response.status_code": rng.choice((200, 200, 200, 404)),
            "user_agent.original": rng.choice(AGENTS),
            "client.address": f"203.0.113.{rng.randrange(250)}",
            "network.protocol.version": "1.1",
            "request.id": str(uuid.UUID(int=rng.getrandbits(128))),
        },
    )


def _client(rng: random.Random) -> tuple[str, SpanKind, dict[str, Any]]:
    token = f"&api_key=k{rng.getrandbits(64):x}" if rng.random() < 0.1 else ""
    return (
        "POST",
        SpanKind.CLIENT,
        {
            "http.request.method": "POST",
            "url.full": f"https://pay.example/v1/charges?order={rng.randrange(10**6)}{token}",
            "server.address": "pay.example",
            "http.response.status_code": 201,
            "http.request.header.content-type": ("application/json",),
        },
    )


def _database(rng: random.Random) -> tuple[str, SpanKind, dict[str, Any]]:
    literal = f"'{rng.randrange(10**5)}'" if rng.random() < 0.15 else "%s"
    return (
        "SELECT shop",
        SpanKind.CLIENT,
        {
            "db.system.name": "postgresql",
            "db.namespace": "shop",
            "db.query.text": f"SELECT id, title FROM items WHERE seller_id = {literal} LIMIT 20",
            "db.operation.name": "SELECT",
            "db.response.returned_rows": rng.randrange(20),
            "server.address": "db.internal",
        },
    )


def _cache(rng: random.Random) -> tuple[str, SpanKind, dict[str, Any]]:
    return (
        "GET",
        SpanKind.CLIENT,
        {
            "db.system.name": "redis",
            "db.query.text": "GET ?",
            "cache.key": f"item:{rng.randrange(500)}",
            "cache.hit": rng.random() < 0.8,
            "net.peer.port": 6379,
        },
    )


def _job(rng: random.Random) -> tuple[str, SpanKind, dict[str, Any]]:
    mail = f" for u{rng.randrange(1000)}@mail.example.org" if rng.random() < 0.3 else ""
    return (
        "orders process",
        SpanKind.CONSUMER,
        {
            "messaging.system": "kafka",
            "messaging.destination.name": "orders",
            "messaging.message.id": str(uuid.UUID(int=rng.getrandbits(128))),
            "order.note": f"packed in {rng.randrange(9)} parcels{mail}",
            "order.total": rng.randrange(10**5) / 100,
        },
    )


def corpus() -> list[ReadableSpan]:
    """Make the spans, the same each time."""
    rng = random.Random(20260115)
    spans = []
    for number in range(SPANS):
        kind = rng.randrange(5)
        name, span_kind, attributes = (_web, _client, _database, _cache, _job)[kind](rng)
        failed = rng.random() < 0.04
        events = []
        if failed:
            held = {
                "exception.type": "ValueError",
                "exception.message": f"order {rng.randrange(10**5)} is closed",
                "exception.stacktrace": TRACE.format(f"order {rng.randrange(10**5)} is closed"),
            }
            events.append(Event("exception", BoundedAttributes(attributes=held), 2))
        spans.append(
            ReadableSpan(
                name,
                context=SpanContext(
                    rng.getrandbits(128), rng.getrandbits(64), False, TraceFlags(1)
                ),
                parent=SpanContext(rng.getrandbits(128), rng.getrandbits(64), False, TraceFlags(1)),
                resource=RESOURCE,
                attributes=BoundedAttributes(attributes=attributes),
                events=events,
                kind=span_kind,
                status=Status(StatusCode.ERROR, "closed") if failed else Status(),
                start_time=1_768_000_000_000_000_000 + number,
                end_time=1_768_000_000_001_000_000 + number,
                instrumentation_scope=SCOPES[kind],
            )
        )
    return spans


def cost(work: Callable[[Sequence[ReadableSpan]], object], spans: list[ReadableSpan]) -> float:
    """Return the best of several rounds, in microseconds of CPU time per span."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for start in range(0, len(spans), BATCH):
            work(spans[start : start + BATCH])
        best = min(best, time.process_time() - began)
    return best * 1e6 / len(spans)


def main() -> None:
    """Print the costs and their ratios; with `profile`, where a cold and a warm run spend theirs."""
    spans = corpus()
    policy = compile_policy(load_policy("baseline", "scrub_speed"))
    by = SpanScrubber(Scrubber(policy))
    encoder = Encoder()
    began = time.process_time()
    for start in range(0, SPANS, BATCH):
        by.scrub_batch(spans[start : start + BATCH])
    print(f"scrub, first time:      {(time.process_time() - began) * 1e6 / SPANS:7.1f} us/span")
    sdk = cost(lambda batch: encode_spans(batch).SerializeToString(), spans)
    scrub = cost(by.scrub_batch, spans)
    both = cost(lambda batch: encoder.encode(by.scrub_batch(batch)), spans)
    print(f"SDK encode + serialize: {sdk:7.1f} us/span")
    print(f"scrub, warm:            {scrub:7.1f} us/span, {scrub / sdk:.2f} of the SDK's encoding")
    print(f"scrub + encode:         {both:7.1f} us/span, {both / sdk:.2f} of the SDK's encoding")
    if "profile" in sys.argv[1:]:
        profile = cProfile.Profile()
        profile.runcall(
            lambda: [by.scrub_batch(spans[at : at + BATCH]) for at in range(0, SPANS, BATCH)]
        )
        pstats.Stats(profile).sort_stats("tottime").print_stats(14)


if __name__ == "__main__":
    main()
