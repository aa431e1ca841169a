"""Measure what a sampling decision costs, against the SDK's ParentBased(TraceIdRatioBased).

Run: python tests/benchmarks/sampler_speed.py [rounds]. It prints CPU microseconds per decision and the
ratio, by what the span's parent is; and what a span costs the application's thread with `scrub_start`,
against the same without. Ratios count, since machines differ.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio, Sampler
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags

from jaeger_guard import GuardSpanProcessor, PrivacySampler, Sampling

DECISIONS = 5000
SPANS = 1000
ATTRIBUTES = {
    "http.request.method": "GET",
    "http.route": "/orders/{id}",
    "url.path": "/orders/5",
    "url.scheme": "https",
    "server.address": "shop.internal",
    "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64)",
    "network.protocol.version": "1.1",
    "enduser.email": "anna@example.com",
}


def under(*, remote: bool, sampled: bool) -> Context:
    """A context with a parent."""
    flags = TraceFlags(int(sampled))
    context = SpanContext(random.getrandbits(128), random.getrandbits(64), remote, flags)
    return trace.set_span_in_context(NonRecordingSpan(context), Context())


CASES: dict[str, tuple[Context | None, SpanKind]] = {
    "root": (None, SpanKind.SERVER),
    "remote parent": (under(remote=True, sampled=True), SpanKind.SERVER),
    "local parent": (under(remote=False, sampled=True), SpanKind.CLIENT),
    "local parent, not sampled": (under(remote=False, sampled=False), SpanKind.CLIENT),
}


def decide(sampler: Sampler, context: Context | None, kind: SpanKind) -> float:
    """Answer CPU microseconds per decision."""
    trace_ids = [random.getrandbits(128) for _ in range(DECISIONS)]
    began = time.thread_time()
    for trace_id in trace_ids:
        sampler.should_sample(context, trace_id, "GET /orders/{id}", kind, ATTRIBUTES, ())
    return 1e6 * (time.thread_time() - began) / DECISIONS


def record(sampling: Sampling) -> Callable[[], float]:
    """Answer what records spans with start attributes, and answers CPU microseconds for each."""
    provider = TracerProvider(sampler=PrivacySampler(sampling), shutdown_on_exit=False)
    provider.add_span_processor(GuardSpanProcessor())
    tracer = provider.get_tracer("benchmark")
    tracer.start_span("claim").end()

    def run() -> float:
        began = time.thread_time()
        for _ in range(SPANS):
            tracer.start_span("GET /orders/{id}", attributes=ATTRIBUTES).end()
        return 1e6 * (time.thread_time() - began) / SPANS

    return run


def measure(rounds: int) -> dict[str, float]:
    """Take turns, so that both see the same machine; print medians, and answer ratios."""
    sdk, ours = ParentBasedTraceIdRatio(0.5), PrivacySampler(Sampling(probability=0.5))
    ratios = {}
    for name, (context, kind) in CASES.items():
        pairs = [(decide(sdk, context, kind), decide(ours, context, kind)) for _ in range(rounds)]
        theirs, mine = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratios[name] = mine / theirs
        print(f"{name:26} SDK {theirs:5.2f} us, PrivacySampler {mine:5.2f} us, {ratios[name]:4.2f}")
    plain, scrubbing = record(Sampling()), record(Sampling(scrub_start=True))
    pairs = [(plain(), scrubbing()) for _ in range(rounds)]
    without, with_it = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratios["scrub_start"] = with_it / without
    print(
        f"{'scrub_start':26} without {without:5.1f} us, with it {with_it:5.1f} us a span, "
        f"{ratios['scrub_start']:4.2f}"
    )
    return ratios


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
