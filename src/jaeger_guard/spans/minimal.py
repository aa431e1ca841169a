"""What becomes of a span that is recorded minimally: its skeleton, made before anything is scrubbed.

Its ids, parent, kind, times, status code, resource and scope go on, and its name, which is scrubbed
like any other. Attributes, events, links, the status's description, and what other vendors wrote into
tracestate don't.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, Status

from jaeger_guard.spans.content import SpanContent, attributes_of, pairs_of, with_tracestate

_MARK: Final = "_jaeger_guard_minimal"
_KEPT_MEMBERS: Final = ("ot",)  # the threshold: what the span counts for


def minimal_span(span: ReadableSpan, kept: Mapping[str, Any]) -> ReadableSpan:
    """Return the skeleton of an ended span.

    Args:
        span: The span, of which nothing else is held on to.
        kept: The attributes that it has all the same.
    """
    skeleton = ReadableSpan(
        name=span.name,
        context=_context(span.context),
        parent=_context(span.parent),
        resource=span.resource,
        attributes=_frozen(dict(kept), 0),
        kind=span.kind,
        instrumentation_info=span._instrumentation_info,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
    # Not a class of its own: what is exactly the SDK's is encoded faster.
    setattr(skeleton, _MARK, True)
    return skeleton


def is_minimal(span: ReadableSpan) -> bool:
    """Say whether a span is a skeleton that was made here, about which nothing is left to decide."""
    return _MARK in getattr(span, "__dict__", ())


def minimal_content(content: SpanContent, kept: Mapping[str, Any]) -> SpanContent:
    """Return the skeleton of a span's content."""
    skeleton = SpanContent()
    skeleton.name = content.name
    skeleton.context = _context(content.context)
    skeleton.parent = _context(content.parent)
    skeleton.kind = content.kind
    skeleton.start_time = content.start_time
    skeleton.end_time = content.end_time
    skeleton.attributes = kept
    skeleton.events = skeleton.links = ()
    skeleton.dropped_attributes = skeleton.dropped_events = skeleton.dropped_links = 0
    skeleton.status = Status(content.status.status_code)
    skeleton.resource = content.resource
    skeleton.instrumentation_scope = content.instrumentation_scope
    return skeleton


def with_attribute(span: ReadableSpan, key: str, value: Any) -> ReadableSpan:
    """Return a copy of an ended span with one attribute more; the span itself is shared."""
    clone = copy.copy(span)
    clone._attributes = _frozen({**attributes_of(span), key: value}, span.dropped_attributes)
    return clone


def _frozen(attributes: dict[str, Any], dropped: int) -> BoundedAttributes:
    frozen = BoundedAttributes(immutable=True)
    frozen._dict = attributes
    frozen.dropped = dropped
    return frozen


def _context(context: SpanContext | None) -> SpanContext | None:
    if context is None or not context.trace_state:
        return context
    pairs = tuple((key, text) for key, text in pairs_of(context) if key in _KEPT_MEMBERS)
    return with_tracestate(context, pairs)
