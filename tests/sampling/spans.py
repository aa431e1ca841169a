"""What tests of sampling share: a guarded provider by hand, and what came out of it."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, Tracer
from opentelemetry.trace.span import TraceState

from jaeger_guard import GuardSpanProcessor, Policy, PrivacySampler, Sampling

SECRET = "hunter2-" + "x9f3"
TRACE_ID = 0x0123456789ABCDEF_FEDCBA9876543210


class Guarded:
    """A provider with a PrivacySampler, a guard, and an exporter in memory behind it."""

    def __init__(
        self,
        sampling: Sampling | Sampler | None = None,
        policy: str | Policy = "baseline",
        **provider: Any,
    ) -> None:
        self.exporter = InMemorySpanExporter()
        self.guard = GuardSpanProcessor(SimpleSpanProcessor(self.exporter), policy=policy)
        self.sampler = sampling if isinstance(sampling, Sampler) else PrivacySampler(sampling)
        self.provider = TracerProvider(sampler=self.sampler, shutdown_on_exit=False, **provider)
        self.provider.add_span_processor(self.guard)
        self.tracer: Tracer = self.provider.get_tracer("test")
        # The first span that a guard sees claims the sampler.
        with self.tracer.start_as_current_span("claim"):
            pass
        self.exporter.clear()

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        """The spans that came out, by name."""
        return {span.name: span for span in self.exporter.get_finished_spans()}

    def counts(self) -> dict[str, Any]:
        """What the guard counted."""
        return self.guard.sampling.enforcement.statistics()


def parent(
    *,
    remote: bool,
    sampled: bool = True,
    state: dict[str, str] | None = None,
    trace_id: int = TRACE_ID,
    random: bool = True,
) -> Context:
    """A context with a parent."""
    flags = TraceFlags(int(sampled) | 2 * int(random))
    pairs = list((state or {}).items())
    context = SpanContext(trace_id, 0x77, remote, flags, TraceState(pairs))
    return trace.set_span_in_context(NonRecordingSpan(context), Context())


def text_of(span: ReadableSpan) -> str:
    """Everything that a span shows, as text."""
    return str(span.to_json()) + repr(span.context.trace_state if span.context else "")
