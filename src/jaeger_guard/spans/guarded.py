"""Show ended spans, scrubbed, to processors that are not ours.

Theory of operation. A `GuardedSpan` is a view; the views of one span share a state that is *pending*
(raw span held, unread) or *settled* (scrubbed content held, raw span gone).

1. Identity (ids, kind, parent, times) is answered in both states, and in the pending one without
   scrubbing more than the tracestates in it; most are empty.
2. The first reader of anything else scrubs. Two may do so at once: the work is pure, the results are
   equal, so there is no lock. One assignment publishes the outcome, whole or not at all.
3. If scrubbing fails, the quarantined content is the outcome. There is no state in between.
4. An accessor that this file does not name isn't there; nothing falls through to the raw span.
5. Each processor gets a view of its own. What it writes there, or into a list or mapping it was
   shown, is seen by nobody else: containers are copied when they are first asked for. Resources, and
   scopes into which nobody can write, are shared by the views; they are copies of the application's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

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

# Which nobody can write into.
_SCALARS: Final = frozenset({str, int, float, bool, bytes, type(None)})

Identity = tuple[SpanContext | None, SpanContext | None, SpanKind, int | None, int | None]


class GuardedState:
    """One ended span, shared by its views: raw until somebody reads it, scrubbed from then on.

    The raw span stands in no attribute: only the function that scrubs it knows it, and goes.
    """

    __slots__ = ("_content", "_identify", "_identity", "_scrub")

    def __init__(
        self,
        scrub: Callable[[], SpanContent] | None,
        identify: Callable[[], Identity] | None,
        content: SpanContent | None = None,
    ) -> None:
        self._scrub = scrub
        self._identify = identify
        self._content = content
        self._identity: Identity | None = None

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
        identity = self._identity
        if identity is None:
            identify = self._identify
            identity = identify() if identify is not None else _identity_of(self.settle())
            self._identity = identity
        return identity


def _identity_of(content: SpanContent) -> Identity:
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


class _Own:
    """A field of which each view has its own, made when it is first asked for.

    It then stands in the view's dictionary, as does what a reader sets: Python looks there first.
    """

    __slots__ = ("_make", "_name")

    def __init__(self, make: Callable[[GuardedSpan], Any]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, view: GuardedSpan | None, owner: type) -> Any:
        if view is None:
            return self
        own = view.__dict__[self._name] = self._make(view)
        return own


class GuardedSpan(ReadableSpan):
    """A `ReadableSpan` on which every accessor, private ones included, shows scrubbed data."""

    def __init__(self, state: GuardedState) -> None:  # the base would read a raw span's fields
        self.guard_state = state

    _context: Any = _Own(lambda view: view.guard_state.identity()[0])
    _parent: Any = _Own(lambda view: view.guard_state.identity()[1])
    _kind: Any = _Own(lambda view: view.guard_state.identity()[2])
    _start_time: Any = _Own(lambda view: view.guard_state.identity()[3])
    _end_time: Any = _Own(lambda view: view.guard_state.identity()[4])
    _name: Any = _Own(lambda view: view.guard_state.settle().name)
    _status: Any = _Own(lambda view: _status(view.guard_state.settle().status))
    _values: Any = _Own(lambda view: _values(view.guard_state.settle().attributes))
    _attributes: Any = _Own(lambda view: _container(view._values, view.dropped_attributes))
    _events: Any = _Own(lambda view: _events(view.guard_state.settle()))
    _links: Any = _Own(lambda view: _links(view.guard_state.settle()))
    _resource: Any = _Own(lambda view: view.guard_state.settle().resource)
    _instrumentation_scope: Any = _Own(
        lambda view: _scope(view.guard_state.settle().instrumentation_scope)
    )
    _instrumentation_info: Any = _Own(
        lambda view: _info(view.guard_state.settle().instrumentation_scope)
    )

    # Most readers ask for these three, and few spans have events: the SDK's containers, each with a
    # lock, are made for who asks for the containers.

    @property
    def attributes(self) -> Any:
        """The scrubbed attributes, read-only."""
        if "_attributes" in self.__dict__:  # made, or set by a reader
            return super().attributes
        return MappingProxyType(self._values)

    @property
    def events(self) -> Sequence[Event]:
        """The scrubbed events."""
        if "_events" in self.__dict__ or self.guard_state.settle().events:
            return super().events
        return ()

    @property
    def links(self) -> Sequence[Link]:
        """The scrubbed links."""
        if "_links" in self.__dict__ or self.guard_state.settle().links:
            return super().links
        return ()

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

    def __repr__(self) -> str:
        return f'{type(self).__name__}(name="{self._name}", context={self._context})'

    # A copy is another view: what was written on this one stays here.

    def __copy__(self) -> GuardedSpan:
        return GuardedSpan(self.guard_state)

    def __deepcopy__(self, memo: dict[int, Any]) -> GuardedSpan:
        return GuardedSpan(self.guard_state)

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (_flatten(self.guard_state.settle()),)


def _values(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Copy attributes, containers in them included."""
    copy = dict(attributes)
    for key, value in attributes.items():
        if type(value) not in _SCALARS:
            copy[key] = _copy_of(value)
    return copy


def _copy_of(value: Any) -> Any:
    kind = type(value)
    if kind in _SCALARS or (kind is tuple and _SCALARS.issuperset(map(type, value))):
        return value
    if isinstance(value, Mapping):
        return {key: _copy_of(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        items = (_copy_of(item) for item in value)
        return list(items) if kind is list else tuple(items)
    return value


def _container(values: dict[str, Any], dropped: int) -> BoundedAttributes:
    """Put attributes into the SDK's own container, as they are."""
    container = BoundedAttributes(immutable=True)
    container._dict = values
    container.dropped = dropped
    return container


def _list_of(items: list[Any], dropped: int) -> BoundedList[Any]:
    copy: BoundedList[Any] = BoundedList.from_seq(None, items) if items else BoundedList(None)
    copy.dropped = dropped
    return copy


def _events(content: SpanContent) -> BoundedList[Any]:
    events: list[Event] = []
    for event in content.events:
        dropped = dropped_of(event)
        attributes = _container(_values(plain(event.attributes)), dropped)
        events.append(EventContent(event.name, attributes, event.timestamp, dropped))
    return _list_of(events, content.dropped_events)


def _links(content: SpanContent) -> BoundedList[Any]:
    links: list[Link] = []
    for link in content.links:
        dropped = dropped_of(link)
        attributes = _container(_values(plain(link.attributes)), dropped)
        links.append(LinkContent(link.context, attributes, dropped))
    return _list_of(links, content.dropped_links)


def _status(status: Any) -> Any:
    if type(status) is not Status:  # a hand-made span's, such as None
        return status
    return Status(status.status_code, status.description)


def _scope(scope: InstrumentationScope | None) -> InstrumentationScope | None:
    """Return a scope that is safe to be shown: itself, a scrubbed copy that all views share, unless
    there is something in it that a reader could write into."""
    attributes = {} if scope is None else plain(scope.attributes)
    if scope is None or not attributes or _SCALARS.issuperset(map(type, attributes.values())):
        return scope
    return InstrumentationScope(scope.name, scope.version, scope.schema_url, _copy_of(attributes))


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
