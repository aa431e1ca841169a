"""The sampler of the default decides what the SDK's does, of which it is a quicker writing."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import DEFAULT_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.trace.span import INVALID_SPAN_CONTEXT, TraceState

from jaeger_guard.sampling.parent_based import ParentBasedAlwaysOn

STATE = TraceState([("vendor", "1")])
PARENTS: tuple[SpanContext | None, ...] = (
    None,
    INVALID_SPAN_CONTEXT,
    SpanContext(0, 5, False, TraceFlags(1), STATE),
    *(
        SpanContext(7, 5, is_remote, TraceFlags(flags), state)
        for is_remote in (False, True)
        for flags in (0, 1, 2, 3)
        for state in (None, STATE)
    ),
)


@pytest.mark.parametrize("attributes", [None, {}, {"url.path": "/"}])
@pytest.mark.parametrize("parent", PARENTS)
def test_it_decides_as_the_sdk_does(parent: SpanContext | None, attributes: Any) -> None:
    """Decision, start attributes and tracestate are those of the SDK's, whatever the parent."""
    context = Context()
    if parent is not None:
        context = trace.set_span_in_context(NonRecordingSpan(parent), context)
    expected = DEFAULT_ON.should_sample(context, 7, "GET", attributes=attributes)
    answer = ParentBasedAlwaysOn().should_sample(context, 7, "GET", attributes=attributes)
    assert answer.decision is expected.decision
    assert dict(answer.attributes) == dict(expected.attributes)
    assert answer.trace_state == expected.trace_state


def test_it_is_described_as_the_sdk_does() -> None:
    """Whoever reads which sampler is at work reads the same."""
    ours: Any = ParentBasedAlwaysOn()
    theirs: Any = DEFAULT_ON
    assert ours.get_description() == theirs.get_description()


def test_spans_share_nothing_that_one_could_write_to() -> None:
    """The answer that all roots share reaches no span: what is set on one isn't on the next."""
    tracer = TracerProvider(sampler=ParentBasedAlwaysOn(), shutdown_on_exit=False).get_tracer("x")
    for _ in range(2):
        span: Any = tracer.start_span("GET", context=Context())
        assert dict(span.attributes) == {}
        span.set_attribute("user", "ana")
        span.end()
