"""The one list of a span's surfaces, and the walk that visits each and puts the answers back.

A span is seen through an adapter, `SpanParts`, so that the same walk serves spans of the SDK and
traces read back from a store. Whoever scrubs, encodes, tests or searches spans is a visitor; a
surface that is added here reaches them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from jaeger_guard.types import Surface

Attributes = Mapping[str, Any]
TraceStatePairs = tuple[tuple[str, str], ...]


class SpanParts(Protocol):
    """What the walk reads of a span and writes back to it; an adapter knows the rest."""

    name: str
    attributes: Attributes

    @property
    def status_description(self) -> str | None:
        """The status's description; may be set."""
        ...

    @status_description.setter
    def status_description(self, text: str | None) -> None: ...

    def tracestates(self) -> Sequence[TraceStatePairs]:
        """Return the tracestates of the span, its parent and its links, in this order."""
        ...

    def put_tracestate(self, index: int, pairs: TraceStatePairs) -> None:
        """Replace the tracestate that `tracestates` gave at `index`."""
        ...

    def event_parts(self) -> Sequence[tuple[str, Attributes]]:
        """Return each event's name and attributes."""
        ...

    def put_event(self, index: int, name: str, attributes: Attributes) -> None:
        """Replace name and attributes of the event at `index`."""
        ...

    def link_parts(self) -> Sequence[Attributes]:
        """Return each link's attributes."""
        ...

    def put_link(self, index: int, attributes: Attributes) -> None:
        """Replace the attributes of the link at `index`."""
        ...


class OriginParts(Protocol):
    """What the walk reads of a resource or an instrumentation scope, which many spans share."""

    surface: Surface
    name: str
    version: str | None
    schema_url: str | None
    attributes: Attributes


class Visitor(Protocol):
    """Answers for each surface; the same object where nothing is to be changed."""

    def text(self, surface: Surface, text: str) -> str:
        """Answer for a text without a key: a name, a status description."""
        ...

    def identity(self, surface: Surface, text: str) -> str:
        """Answer for a version or a schema URL: searched for credentials alone."""
        ...

    def attributes(self, surface: Surface, attributes: Attributes) -> Attributes:
        """Answer for a whole mapping, keys included."""
        ...

    def tracestate(self, pairs: TraceStatePairs) -> TraceStatePairs:
        """Answer for the members of a tracestate."""
        ...


def walk(span: SpanParts, visitor: Visitor) -> bool:
    """Visit every surface of one span but its origin, put back what changed, and say if any did."""
    changed = False
    name = visitor.text(Surface.NAME, span.name)
    if name is not span.name:
        span.name = name
        changed = True
    attributes = visitor.attributes(Surface.ATTRIBUTE, span.attributes)
    if attributes is not span.attributes:
        span.attributes = attributes
        changed = True
    description = span.status_description
    if description:
        new_description = visitor.text(Surface.STATUS, description)
        if new_description is not description:
            span.status_description = new_description
            changed = True
    for index, (event_name, event_attributes) in enumerate(span.event_parts()):
        new_name = visitor.text(Surface.EVENT, event_name)
        new_attributes = visitor.attributes(Surface.EVENT, event_attributes)
        if new_name is not event_name or new_attributes is not event_attributes:
            span.put_event(index, new_name, new_attributes)
            changed = True
    for index, link_attributes in enumerate(span.link_parts()):
        new_attributes = visitor.attributes(Surface.LINK, link_attributes)
        if new_attributes is not link_attributes:
            span.put_link(index, new_attributes)
            changed = True
    for index, pairs in enumerate(span.tracestates()):
        if pairs:
            new_pairs = visitor.tracestate(pairs)
            if new_pairs is not pairs:
                span.put_tracestate(index, new_pairs)
                changed = True
    return changed


def walk_origin(origin: OriginParts, visitor: Visitor) -> bool:
    """Visit a resource or an instrumentation scope, put back what changed, and say if any did."""
    changed = False
    if origin.name:
        name = visitor.text(origin.surface, origin.name)
        if name is not origin.name:
            origin.name = name
            changed = True
    for field in ("version", "schema_url"):
        text = getattr(origin, field)
        if text:
            answer = visitor.identity(origin.surface, text)
            if answer is not text:
                setattr(origin, field, answer)
                changed = True
    attributes = visitor.attributes(origin.surface, origin.attributes)
    if attributes is not origin.attributes:
        origin.attributes = attributes
        changed = True
    return changed
