"""What becomes of a span that could not be scrubbed: a skeleton that is safe and still useful.

Its ids, parent, kind, times and status code go on, so that the trace stays whole; its content does
not. It says of itself that it was quarantined.
"""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from jaeger_guard.spans.content import SpanContent, valid_time

QUARANTINED_NAME: Final = "[QUARANTINED]"
QUARANTINE_ATTRIBUTE: Final = "jaeger_guard.quarantined"


def quarantine(span: ReadableSpan | SpanContent, resource: Resource | None = None) -> SpanContent:
    """Return the skeleton of a span; whatever of it can't be read is left out.

    Args:
        span: A span, of which nothing is assumed but that it is one.
        resource: Its scrubbed resource; None where that failed too.
    """
    skeleton = SpanContent()
    skeleton.name = QUARANTINED_NAME
    skeleton.context = _identity(_read(span, "context")) or SpanContext(0, 0, False)
    skeleton.parent = _identity(_read(span, "parent"))
    kind = _read(span, "kind")
    skeleton.kind = kind if isinstance(kind, SpanKind) else SpanKind.INTERNAL
    skeleton.start_time = _time(_read(span, "start_time"))
    skeleton.end_time = _time(_read(span, "end_time"))
    skeleton.attributes = {QUARANTINE_ATTRIBUTE: True}
    skeleton.events = ()
    skeleton.links = ()
    skeleton.dropped_attributes = skeleton.dropped_events = skeleton.dropped_links = 0
    code = _read(_read(span, "status"), "status_code")
    skeleton.status = Status(code if isinstance(code, StatusCode) else StatusCode.UNSET)
    skeleton.resource = Resource({}) if resource is None else resource
    skeleton.instrumentation_scope = None
    return skeleton


def _read(part: Any, accessor: str) -> Any:
    try:
        return getattr(part, accessor)
    except Exception:  # noqa: BLE001 - a hand-made span may raise anything, and its text may quote a value
        return None


def _time(time: Any) -> int | None:
    return valid_time(time) if isinstance(time, int | float) else None


def _identity(context: Any) -> SpanContext | None:
    """Copy ids and flags, without the tracestate."""
    if not isinstance(context, SpanContext):
        return None
    trace_id, span_id = _read(context, "trace_id"), _read(context, "span_id")
    if not (type(trace_id) is int and type(span_id) is int):
        return None
    if not (0 <= trace_id < 2**128 and 0 <= span_id < 2**64):
        return None
    flags = _read(context, "trace_flags")
    return SpanContext(
        trace_id,
        span_id,
        _read(context, "is_remote") is True,
        TraceFlags(int.__int__(flags) & 0xFF if isinstance(flags, int) else 0),
    )
