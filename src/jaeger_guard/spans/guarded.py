"""Show ended spans, scrubbed, to processors that are not ours.

Theory of operation. A `GuardedSpan` is a view; the views of one span share a state that is *pending*
(raw span held, unread) or *settled* (scrubbed content held, raw span gone).

1. Identity (ids, kind, parent, times) is copied at birth and answered in both states. A tracestate
   in it is scrubbed then; most are empty.
2. The first reader of anything else scrubs. Two may do so at once: the work is pure, the results are
   equal, so there is no lock. One assignment publishes the outcome, whole or not at all.
3. If scrubbing fails, the quarantined content is the outcome. There is no state in between.
4. An accessor that this file does not name isn't there; nothing falls through to the raw span.
5. Each processor gets a view of its own. What it writes there, or into a list or mapping it was
   shown, is seen by nobody else: containers are copied when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationInfo, InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, TraceFlags
from opentelemetry.trace.span import TraceState

from jaeger_guard.spans.content import (
    EventContent,
    LinkContent,
    SpanContent,
    checked_context,
    checked_kind,
    dropped_of,
    pairs_of,
    plain,
    valid_time,
)
from jaeger_guard.spans.quarantine import quarantine
from jaeger_guard.spans.scrubbing import SpanScrubber

_Field = TypeVar("_Field")

_SCALARS: Final = frozenset({str, int, float, bool, bytes})  # which nobody can write into

Identity = tuple[SpanContext | None, SpanContext | None, SpanKind, int | None, int | None]


class GuardedState:
    """One ended span, shared by its views: raw until somebody reads it, scrubbed from then on.

    The raw span stands in no attribute: only the function that scrubs it knows it, and goes.
    """

    __slots__ = ("_content", "_identify", "_scrub")

    def __init__(
        self,
        scrub: Callable[[], SpanContent] | None,
        identify: Callable[[], Identity] | None,
        content: SpanContent | None = None,
    ) -> None:
        self._scrub = scrub
        self._identify = identify
        self._content = content

    @classmethod
    def pending(cls, raw: ReadableSpan, scrubber: SpanScrubber) -> GuardedState:
        """Hold a raw span back until somebody reads it."""
        return cls(lambda: scrubber.scrub_alone(raw), lambda: _identity(raw, scrubber))

    def __dir__(self) -> list[str]:
        """Name what shows scrubbed data alone; whoever walks objects by `dir` stays there."""
        return ["identity", "settle"]

    def settle(self) -> SpanContent:
        """Return the scrubbed content; scrubs at the first call."""
        content = self._content
        if content is None:
            scrub = self._scrub
            if scrub is None:  # another thread settled it in between
                settled = self._content
                assert settled is not None
                return settled
            content = scrub()
            self._content = content
            self._scrub = self._identify = None
        return content

    def identity(self) -> Identity:
        """Return context, parent, kind and times, without scrubbing the rest."""
        identify = self._identify
        if identify is not None:
            return identify()
        content = self.settle()
        return content.context, content.parent, content.kind, content.start_time, content.end_time


def _identity(raw: ReadableSpan, scrubber: SpanScrubber) -> Identity:
    try:
        return (
            scrubber.scrub_context(checked_context(raw.context)),
            scrubber.scrub_context(checked_context(raw.parent)),
            checked_kind(raw.kind),
            valid_time(raw.start_time),
            valid_time(raw.end_time),
        )
    except Exception:  # noqa: BLE001 - a hand-made span; its content will be quarantined as well
        part = quarantine(raw)
        return part.context, part.parent, part.kind, part.start_time, part.end_time


class GuardedSpan(ReadableSpan):
    """A `ReadableSpan` on which every accessor, private ones included, shows scrubbed data."""

    def __init__(self, state: GuardedState) -> None:  # the base would read a raw span's fields
        self.guard_state = state
        (
            self._context,
            self._parent,
            self._kind,
            self._start_time,
            self._end_time,
        ) = state.identity()

    @property
    def _name(self) -> str:
        return self._own("name", lambda content: content.name)

    @_name.setter
    def _name(self, value: Any) -> None:
        self.__dict__["own_name"] = value

    @property
    def _status(self) -> Status:
        return self._own("status", _status)

    @_status.setter
    def _status(self, value: Any) -> None:
        self.__dict__["own_status"] = value

    @property
    def _attributes(self) -> Any:
        return self._own(
            "attributes",
            lambda content: bounded(content.attributes, content.dropped_attributes),
        )

    @_attributes.setter
    def _attributes(self, value: Any) -> None:
        self.__dict__["own_attributes"] = value

    @property
    def _events(self) -> Any:
        return self._own("events", lambda content: _events(content))

    @_events.setter
    def _events(self, value: Any) -> None:
        self.__dict__["own_events"] = value

    @property
    def _links(self) -> Any:
        return self._own("links", lambda content: _links(content))

    @_links.setter
    def _links(self, value: Any) -> None:
        self.__dict__["own_links"] = value

    @property
    def _resource(self) -> Resource:
        return self._own("resource", lambda content: content.resource)

    @_resource.setter
    def _resource(self, value: Any) -> None:
        self.__dict__["own_resource"] = value

    @property
    def _instrumentation_scope(self) -> InstrumentationScope | None:
        return self._own("scope", _scope)

    @_instrumentation_scope.setter
    def _instrumentation_scope(self, value: Any) -> None:
        self.__dict__["own_scope"] = value

    @property
    def _instrumentation_info(self) -> InstrumentationInfo | None:
        return self._own("info", lambda content: _info(content.instrumentation_scope))

    @_instrumentation_info.setter
    def _instrumentation_info(self, value: Any) -> None:
        self.__dict__["own_info"] = value

    @property
    def dropped_attributes(self) -> int:
        """How many attributes the raw span had lost; scrubbing never adds to it."""
        return self.guard_state.settle().dropped_attributes

    @property
    def dropped_events(self) -> int:
        """How many events the raw span had lost."""
        return self.guard_state.settle().dropped_events

    @property
    def dropped_links(self) -> int:
        """How many links the raw span had lost."""
        return self.guard_state.settle().dropped_links

    def _own(self, field: str, make: Callable[[SpanContent], _Field]) -> _Field:
        """Return this view's copy of a field, made when it is first asked for."""
        slot = f"own_{field}"
        own = self.__dict__
        if slot not in own:
            own[slot] = make(self.guard_state.settle())
        value: _Field = own[slot]
        return value

    def __repr__(self) -> str:
        return f'{type(self).__name__}(name="{self._name}", context={self._context})'

    # A copy is another view: what was written on this one stays here.

    def __copy__(self) -> GuardedSpan:
        return GuardedSpan(self.guard_state)

    def __deepcopy__(self, memo: dict[int, Any]) -> GuardedSpan:
        return GuardedSpan(self.guard_state)

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (_flatten(self.guard_state.settle()),)


def bounded(attributes: Mapping[str, Any], dropped: int) -> BoundedAttributes:
    """Copy attributes into the SDK's own container, containers in them included."""
    copy = BoundedAttributes(maxlen=None, immutable=True)
    copy._dict = {
        key: value if type(value) in _SCALARS else _copy_of(value)
        for key, value in attributes.items()
    }
    copy.dropped = dropped
    return copy


def _copy_of(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy_of(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        items = (_copy_of(item) for item in value)
        return list(items) if type(value) is list else tuple(items)
    return value


def _list_of(items: list[Any], dropped: int) -> BoundedList[Any]:
    copy: BoundedList[Any] = BoundedList.from_seq(None, items) if items else BoundedList(None)
    copy.dropped = dropped
    return copy


def _events(content: SpanContent) -> BoundedList[Any]:
    events: list[Event] = [
        EventContent(
            event.name,
            bounded(plain(event.attributes), dropped_of(event)),
            event.timestamp,
            dropped_of(event),
        )
        for event in content.events
    ]
    return _list_of(events, content.dropped_events)


def _links(content: SpanContent) -> BoundedList[Any]:
    links: list[Link] = [
        LinkContent(
            link.context, bounded(plain(link.attributes), dropped_of(link)), dropped_of(link)
        )
        for link in content.links
    ]
    return _list_of(links, content.dropped_links)


def _status(content: SpanContent) -> Status:
    if type(content.status) is not Status:  # a hand-made span's, such as None
        return content.status
    return Status(content.status.status_code, content.status.description)


def _scope(content: SpanContent) -> InstrumentationScope | None:
    scope = content.instrumentation_scope
    if scope is None:
        return None
    attributes = _copy_of(plain(scope.attributes))
    return InstrumentationScope(scope.name, scope.version, scope.schema_url, attributes)


def _info(scope: InstrumentationScope | None) -> InstrumentationInfo | None:
    if scope is None:
        return None
    # Its constructor warns that it is deprecated, which its reader's call does already.
    info = InstrumentationInfo.__new__(InstrumentationInfo)
    info._name, info._version, info._schema_url = scope.name, scope.version, scope.schema_url or ""
    return info


# --- pickling: plain data, since the SDK's containers hold locks -----------------------------------


def _flatten(content: SpanContent) -> dict[str, Any]:
    scope = content.instrumentation_scope
    return {
        "name": content.name,
        "context": _flat_context(content.context),
        "parent": _flat_context(content.parent),
        "kind": content.kind,
        "start_time": content.start_time,
        "end_time": content.end_time,
        "attributes": _copy_of(content.attributes),
        "dropped": (content.dropped_attributes, content.dropped_events, content.dropped_links),
        "events": [
            (event.name, _copy_of(plain(event.attributes)), event.timestamp, dropped_of(event))
            for event in content.events
        ],
        "links": [
            (_flat_context(link.context), _copy_of(plain(link.attributes)), dropped_of(link))
            for link in content.links
        ],
        "status": content.status and (content.status.status_code, content.status.description),
        "resource": (_copy_of(plain(content.resource.attributes)), content.resource.schema_url),
        "scope": scope
        and (scope.name, scope.version, scope.schema_url, _copy_of(plain(scope.attributes))),
    }


def _flat_context(context: SpanContext | None) -> tuple[Any, ...] | None:
    if context is None:
        return None
    return (
        context.trace_id,
        context.span_id,
        context.is_remote,
        int(context.trace_flags),
        pairs_of(context),
    )


def _context_from(flat: tuple[Any, ...] | None) -> SpanContext | None:
    if flat is None:
        return None
    trace_id, span_id, remote, flags, pairs = flat
    return SpanContext(trace_id, span_id, remote, TraceFlags(flags), TraceState(pairs))


def _revive(flat: dict[str, Any]) -> GuardedSpan:
    content = SpanContent()
    content.name = flat["name"]
    content.context = _context_from(flat["context"])
    content.parent = _context_from(flat["parent"])
    content.kind = flat["kind"]
    content.start_time = flat["start_time"]
    content.end_time = flat["end_time"]
    content.attributes = flat["attributes"]
    (
        content.dropped_attributes,
        content.dropped_events,
        content.dropped_links,
    ) = flat["dropped"]
    content.events = tuple(EventContent(*event) for event in flat["events"])
    content.links = tuple(
        LinkContent(_context_from(context) or SpanContext(0, 0, False), attributes, dropped)
        for context, attributes, dropped in flat["links"]
    )
    content.status = flat["status"] and Status(*flat["status"])
    content.resource = Resource(*flat["resource"])
    content.instrumentation_scope = flat["scope"] and InstrumentationScope(*flat["scope"])
    return GuardedSpan(GuardedState(None, None, content))
