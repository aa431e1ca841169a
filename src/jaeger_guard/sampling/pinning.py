"""Pins on live spans: inherited, for what a caller says, and for consent that is refused.

A sampler that wraps ours, such as ParentBased, asks it about some spans alone. What it wasn't asked
about is looked at here, when the span starts; all of it only tightens.
"""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context, get_current
from opentelemetry.trace import SpanContext, TraceFlags
from opentelemetry.trace.span import TraceState

from jaeger_guard.sampling.marks import MARK, MINIMAL, REFUSED
from jaeger_guard.sampling.pins import ATTRIBUTE, Pin, pin_of
from jaeger_guard.sampling.sampler import REASON_KEY, PrivacySampler
from jaeger_guard.sampling.threshold import with_members


def inherit(span: Any, parent_context: Context | None) -> None:
    """Make what is under a minimal span minimal, and drop what is under a dropped one."""
    if span.parent is None or span.parent.is_remote:
        return
    around = getattr(trace.get_current_span(parent_context), ATTRIBUTE, None)
    if isinstance(around, Pin) and (around.minimal or around.dropped):
        pin = pin_of(span)
        pin.minimal = True
        pin.dropped = around.dropped


def hear(span: Any, sampler: PrivacySampler, parent_context: Context | None) -> None:
    """Take note of what a caller and consent say about a span."""
    letters = ""
    if span.parent is not None and span.parent.is_remote:
        letters = sampler.letters_from(span.parent)
        state = span._context.trace_state
        if not letters and MARK in state and state[MARK] == span.parent.trace_state.get(MARK):
            span._context = _with(span._context, with_members(state, {MARK: ""}))
    if MINIMAL in letters:
        pin_of(span).minimal = True
    context = get_current() if parent_context is None else parent_context
    if REFUSED in letters or sampler.consent_is_refused(context):
        refuse(span, sampler)


def refuse(span: Any, sampler: PrivacySampler) -> bool:
    """Pin a live span for which consent is refused; False where it is recorded all the same."""
    decision = sampler.sampling.without_consent
    if decision == "record":
        mark(span, sampler, REFUSED)
        return False
    pin = pin_of(span)
    pin.minimal = True
    pin.dropped = pin.dropped or decision == "drop"
    if sampler.sampling.record_reason:
        pin.kept[REASON_KEY] = "consent refused"
    mark(span, sampler, REFUSED + MINIMAL, sampled=decision != "drop")
    return True


def mark(span: Any, sampler: PrivacySampler, letters: str, *, sampled: bool = True) -> None:
    """Write into a live span's context what its children and other services must know."""
    context = span._context
    state = sampler.marked(context.trace_state, letters, context.trace_id)
    flags = context.trace_flags if sampled else context.trace_flags & ~TraceFlags.SAMPLED
    span._context = _with(context, state, flags)


def _with(context: SpanContext, state: TraceState, flags: int | None = None) -> SpanContext:
    """Answer a context with another tracestate, and with other flags where some are given."""
    trace_flags = context.trace_flags if flags is None else TraceFlags(flags)
    return SpanContext(context.trace_id, context.span_id, context.is_remote, trace_flags, state)
