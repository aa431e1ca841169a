"""What a span holds, as the walk over its surfaces and the encoder read it: the SDK adapter.

A `SpanContent` has the public accessors of the SDK's `ReadableSpan` as plain attributes. It shares
with the raw span whatever was not changed, and is never changed itself once it was scrubbed.
Nothing of the raw span is written to: its processors share it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status
from opentelemetry.trace.span import DEFAULT_TRACE_STATE, TraceState

from jaeger_guard.surfaces import Attributes, TraceStatePairs

_LARGEST_TIME: Final = 2**64 - 1  # OTLP's fixed64
_LARGEST_COUNT: Final = 2**32 - 1  # OTLP's uint32


class EventContent(Event):
    """An event of the SDK that keeps the count of attributes dropped from the one it replaces."""

    def __init__(
        self, name: str, attributes: Attributes, timestamp: int, dropped_attributes: int
    ) -> None:
        super().__init__(name=name, attributes=attributes, timestamp=timestamp)
        self._dropped_attributes = dropped_attributes

    @property
    def dropped_attributes(self) -> int:
        return self._dropped_attributes


class LinkContent(Link):
    """A link that keeps the count of attributes dropped from the one it replaces."""

    def __init__(self, context: SpanContext, attributes: Attributes, dropped: int) -> None:
        super().__init__(context=context, attributes=attributes)
        self._dropped_attributes = dropped

    @property
    def dropped_attributes(self) -> int:
        return self._dropped_attributes


class SpanContent:
    """One span's content; implements `surfaces.SpanParts` and `wire.SpanRecord`."""

    __slots__ = (
        "attributes",
        "context",
        "dropped_attributes",
        "dropped_events",
        "dropped_links",
        "end_time",
        "events",
        "instrumentation_scope",
        "kind",
        "links",
        "name",
        "parent",
        "resource",
        "start_time",
        "status",
    )

    name: str
    context: SpanContext | None
    parent: SpanContext | None
    kind: SpanKind
    start_time: int | None
    end_time: int | None
    attributes: Attributes
    dropped_attributes: int
    events: Sequence[Event]
    dropped_events: int
    links: Sequence[Link]
    dropped_links: int
    status: Status
    resource: Resource
    instrumentation_scope: InstrumentationScope | None

    @classmethod
    def of(cls, span: ReadableSpan) -> SpanContent:
        """Take the content of an ended span, sharing all of it; repairs times and counts."""
        content = cls()
        raw: Any = span
        if (
            type(raw) is ReadableSpan
            and type(raw._attributes) is BoundedAttributes
            and type(raw._events) is BoundedList
            and type(raw._links) is BoundedList
        ):
            content._take_fields(raw)
        else:
            content._take_answers(raw)
        return content

    def _take_fields(self, span: Any) -> None:
        """Take what the accessors of the SDK's own classes would answer, without the calls."""
        attributes, events, links = span._attributes, span._events, span._links
        self.name = span._name
        self.context = checked_context(span._context)
        self.parent = checked_context(span._parent)
        self.kind = checked_kind(span._kind)
        self.start_time = valid_time(span._start_time)
        self.end_time = valid_time(span._end_time)
        self.attributes = plain(attributes)
        self.dropped_attributes = attributes.dropped and valid_count(attributes.dropped)
        self.events = events_of(span) if events._dq else ()
        self.dropped_events = events.dropped and valid_count(events.dropped)
        self.links = links_of(span) if links._dq else ()
        self.dropped_links = links.dropped and valid_count(links.dropped)
        self.status = span._status
        self.resource = span._resource
        self.instrumentation_scope = span._instrumentation_scope

    def _take_answers(self, span: ReadableSpan) -> None:
        self.name = span.name
        self.context = checked_context(span.context)
        self.parent = checked_context(span.parent)
        self.kind = checked_kind(span.kind)
        self.start_time = valid_time(span.start_time)
        self.end_time = valid_time(span.end_time)
        self.attributes = attributes_of(span)
        dropped = span.dropped_attributes
        self.dropped_attributes = dropped and valid_count(dropped)
        self.events = events_of(span)
        dropped = span.dropped_events
        self.dropped_events = dropped and valid_count(dropped)
        self.links = links_of(span)
        dropped = span.dropped_links
        self.dropped_links = dropped and valid_count(dropped)
        self.status = span.status
        self.resource = span.resource
        self.instrumentation_scope = span.instrumentation_scope

    # --- surfaces.SpanParts ---------------------------------------------------------------------

    @property
    def status_description(self) -> str | None:
        """The status's description."""
        return None if self.status is None else self.status.description

    @status_description.setter
    def status_description(self, text: str | None) -> None:
        self.status = Status(self.status.status_code, text)

    def tracestates(self) -> Sequence[TraceStatePairs]:
        """Return the tracestates of the span, its parent and its links, in this order."""
        contexts = [self.context, self.parent]
        if self.links:
            contexts += [link.context for link in self.links]
        for context in contexts:
            if context is not None and context.trace_state is not DEFAULT_TRACE_STATE:
                return [pairs_of(each) for each in contexts]
        return ()  # nobody wrote into one

    def put_tracestate(self, index: int, pairs: TraceStatePairs) -> None:
        """Replace the tracestate that `tracestates` gave at `index`."""
        if index == 0:
            assert self.context is not None  # it had a tracestate
            self.context = with_tracestate(self.context, pairs)
        elif index == 1:
            assert self.parent is not None
            self.parent = with_tracestate(self.parent, pairs)
        else:
            links = list(self.links)
            link = links[index - 2]
            links[index - 2] = LinkContent(
                with_tracestate(link.context, pairs), plain(link.attributes), dropped_of(link)
            )
            self.links = tuple(links)

    def event_parts(self) -> Sequence[tuple[str, Attributes]]:
        """Return each event's name and attributes."""
        events = self.events
        return [(event.name, plain(event.attributes)) for event in events] if events else ()

    def put_event(self, index: int, name: str, attributes: Attributes) -> None:
        """Replace name and attributes of the event at `index`."""
        events = list(self.events)
        event = events[index]
        events[index] = EventContent(name, attributes, event.timestamp, dropped_of(event))
        self.events = tuple(events)

    def link_parts(self) -> Sequence[Attributes]:
        """Return each link's attributes."""
        links = self.links
        return [plain(link.attributes) for link in links] if links else ()

    def put_link(self, index: int, attributes: Attributes) -> None:
        """Replace the attributes of the link at `index`."""
        links = list(self.links)
        link = links[index]
        links[index] = LinkContent(link.context, attributes, dropped_of(link))
        self.links = tuple(links)


def checked_context(context: Any) -> SpanContext | None:
    """Return the context, of which each part is of its own type; TypeError otherwise."""
    if context is None:
        return None
    if type(context) is SpanContext:
        trace_id, span_id, _, flags, state, _ = context
        if (
            type(trace_id) is int
            and type(span_id) is int
            and isinstance(flags, int)
            and isinstance(state, TraceState)
        ):
            return context
    raise TypeError("not a span context")


def checked_kind(kind: Any) -> SpanKind:
    """Return the kind if it is one; TypeError otherwise."""
    if type(kind) is not SpanKind:
        raise TypeError("not a span kind")
    return kind


def attributes_of(span: ReadableSpan) -> Attributes:
    """Return a span's attributes; without a copy where the SDK has frozen them."""
    raw = getattr(span, "_attributes", None)
    return plain(span.attributes if raw is None else raw)


def links_of(span: ReadableSpan) -> Sequence[Link]:
    """Return a span's links, of whose contexts each part is of its own type."""
    if not getattr(span, "_links", True):
        return ()
    links = tuple(span.links)
    for link in links:
        checked_context(link.context)
    return links


def events_of(span: ReadableSpan) -> Sequence[Event]:
    """Return a span's events, with times that OTLP can carry."""
    if not getattr(span, "_events", True):
        return ()
    events: Sequence[Event] = tuple(span.events)
    if all(event.timestamp is valid_time(event.timestamp) for event in events):
        return events
    return tuple(
        EventContent(
            event.name, plain(event.attributes), valid_time(event.timestamp) or 0, dropped_of(event)
        )
        for event in events
    )


def plain(attributes: Any) -> Attributes:
    """Return attributes as a mapping that is cheap to read; frozen ones without a copy."""
    if isinstance(attributes, BoundedAttributes) and attributes._immutable:
        return attributes._dict
    if not attributes:
        return {}
    return dict(attributes) if isinstance(attributes, Mapping) else _refuse()


def _refuse() -> Attributes:
    raise TypeError("attributes are not a mapping")


def dropped_of(part: Event | Link) -> int:
    """Return the count of attributes dropped from an event or a link."""
    return valid_count(getattr(part, "dropped_attributes", 0))


def valid_time(time: float | None) -> int | None:
    """Clamp a time in nanoseconds to what OTLP can carry; valid ones are the same object."""
    if time is None or (type(time) is int and 0 <= time <= _LARGEST_TIME):
        return time
    if not isinstance(time, int | float):
        raise TypeError("a time is not a number")
    if time != time or time < 0:  # NaN equals nothing
        return 0
    return int(time) if time <= _LARGEST_TIME else _LARGEST_TIME


def valid_count(count: int) -> int:
    """Clamp a count to what OTLP can carry."""
    return min(max(count, 0), _LARGEST_COUNT)


def pairs_of(context: SpanContext | None) -> TraceStatePairs:
    """Return the members of a context's tracestate."""
    state = DEFAULT_TRACE_STATE if context is None else context.trace_state
    if state is DEFAULT_TRACE_STATE or not state:
        return ()
    return tuple(state.items())


def with_tracestate(context: SpanContext, pairs: TraceStatePairs) -> SpanContext:
    """Return the context with another tracestate, all else equal."""
    return SpanContext(
        trace_id=context.trace_id,
        span_id=context.span_id,
        is_remote=context.is_remote,
        trace_flags=context.trace_flags,
        trace_state=TraceState(pairs),
    )
