"""What a sampling decision costs beside the SDK's, and what scrubbing start attributes adds to a span."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio, Sampler
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags

from benchmarks.measuring import Row, Work, contest
from jaeger_guard import GuardSpanProcessor, PrivacySampler, Sampling

NAME: Final = "GET /orders/{id}"
ATTRIBUTES: Final = {
    "http.request.method": "GET",
    "http.route": "/orders/{id}",
    "url.path": "/orders/5",
    "url.scheme": "https",
    "server.address": "shop.internal",
    "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64)",
    "network.protocol.version": "1.1",
    "enduser.email": "anna@example.com",
}


def _under(*, remote: bool, sampled: bool) -> Context:
    flags = TraceFlags(int(sampled))
    context = SpanContext(random.getrandbits(128), random.getrandbits(64), remote, flags)
    return trace.set_span_in_context(NonRecordingSpan(context), Context())


def decisions(number: int, rounds: int) -> list[Row]:
    """A decision of `PrivacySampler`, with the default rules, over ParentBased(TraceIdRatioBased)."""
    group = "A sampling decision"
    cases = {
        "root": (None, SpanKind.SERVER),
        "remote parent": (_under(remote=True, sampled=True), SpanKind.SERVER),
        "local parent": (_under(remote=False, sampled=True), SpanKind.CLIENT),
        "parent that isn't sampled": (_under(remote=False, sampled=False), SpanKind.CLIENT),
    }
    rows = []
    for name, (context, kind) in cases.items():
        found = contest(
            {
                "SDK": _deciding(ParentBasedTraceIdRatio(0.5), context, kind, number),
                "ours": _deciding(PrivacySampler(Sampling(probability=0.5)), context, kind, number),
            },
            rounds,
        )
        rows += [
            Row(group, f"{name}: ours", 1e6 * found["ours"] / number, "us"),
            Row(group, f"{name}: over the SDK's", found["ours"] / found["SDK"], goal=2.0),
        ]
    return rows


def _deciding(
    sampler: Sampler, context: Context | None, kind: SpanKind, number: int
) -> Callable[[], Work]:
    def prepare() -> Work:
        trace_ids = [random.getrandbits(128) for _ in range(number)]

        def work() -> None:
            for trace_id in trace_ids:
                sampler.should_sample(context, trace_id, NAME, kind, ATTRIBUTES, ())

        return work

    return prepare


def start_attributes(number: int, rounds: int) -> list[Row]:
    """A span that starts with eight attributes, with and without `scrub_start`."""
    found = contest(
        {
            "without": _recording(Sampling(), number),
            "with": _recording(Sampling(scrub_start=True), number),
        },
        rounds,
    )
    group = "Scrubbing start attributes (scrub_start, off by default)"
    rows = [
        Row(group, f"{name} it", 1e6 * seconds / number, "us/span")
        for name, seconds in found.items()
    ]
    return [*rows, Row(group, "with it over without", found["with"] / found["without"])]


def _recording(sampling: Sampling, number: int) -> Callable[[], Work]:
    provider = TracerProvider(sampler=PrivacySampler(sampling), shutdown_on_exit=False)
    provider.add_span_processor(GuardSpanProcessor())
    tracer = provider.get_tracer("benchmark")
    tracer.start_span("claim").end()

    def work() -> None:
        for _ in range(number):
            tracer.start_span(NAME, attributes=ATTRIBUTES).end()

    return lambda: work
