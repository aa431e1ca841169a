"""A span that was read back, as the walk over surfaces sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from jaeger_guard.surfaces import Attributes, TraceStatePairs
from jaeger_guard.types import Surface

_LARGEST: Final = 2**64  # of either sign; times are unsigned, attributes signed
_HEXADECIMAL: Final = frozenset("0123456789abcdef")


@dataclass(slots=True, eq=False)
class Origin:
    """A resource or an instrumentation scope; implements `surfaces.OriginParts`.

    Attributes:
        service: The name of a resource's service as it is stored, whatever is scrubbed later.
    """

    surface: Surface
    name: str = ""
    version: str | None = None
    schema_url: str | None = None
    attributes: Attributes = field(default_factory=dict)
    service: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.service = str(self.attributes.get("service.name", ""))


@dataclass(slots=True, eq=False, kw_only=True)
class StoredSpan:
    """A span of a store; implements `surfaces.SpanParts`.

    Attributes:
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits.
        parent_id: The parent's id; empty where there is none.
        name: The span's name.
        kind: `server`, `client`, `producer`, `consumer` or `internal`.
        start: Nanoseconds since 1970.
        end: Nanoseconds since 1970.
        resource: The resource; spans of one resource share it.
        scope: The instrumentation scope; spans of one scope may share it.
        attributes: The attributes.
        events: Each event's name and attributes.
        links: Each link's attributes.
        status: `ok`, `error`, or empty.
        status_description: The status's text.
        states: The tracestates of the span and its links.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    start: int
    end: int
    resource: Origin
    scope: Origin
    attributes: Attributes
    events: list[tuple[str, Attributes]]
    links: list[Attributes]
    status: str
    status_description: str | None
    states: list[TraceStatePairs]

    def __repr__(self) -> str:
        return f"StoredSpan({self.span_id})"  # all else may hold a value

    @property
    def service(self) -> str:
        """The service's name, as it is stored."""
        return self.resource.service

    @property
    def is_outbound(self) -> bool:
        """Whether it is a client's or producer's, whose peer is a server."""
        return self.kind in ("client", "producer")

    def tracestates(self) -> Sequence[TraceStatePairs]:
        """Return the tracestates."""
        return self.states

    def put_tracestate(self, index: int, pairs: TraceStatePairs) -> None:
        """Replace a tracestate."""
        self.states[index] = pairs

    def event_parts(self) -> Sequence[tuple[str, Attributes]]:
        """Return each event's name and attributes."""
        return self.events

    def put_event(self, index: int, name: str, attributes: Attributes) -> None:
        """Replace an event."""
        self.events[index] = name, attributes

    def link_parts(self) -> Sequence[Attributes]:
        """Return each link's attributes."""
        return self.links

    def put_link(self, index: int, attributes: Attributes) -> None:
        """Replace a link's attributes."""
        self.links[index] = attributes


def tracestate_pairs(text: object) -> TraceStatePairs:
    """Take a tracestate header apart (W3C Trace Context, section 3.3.1)."""
    if not isinstance(text, str) or not text:
        return ()
    members = (member.strip().partition("=") for member in text.split(","))
    return tuple((key, value) for key, _, value in members if key)


def whole(value: Any) -> int:
    """Read a whole number of 64 bits, which JSON may hold as a text; 0 for anything else."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return number if -_LARGEST <= number < _LARGEST else 0


def hexadecimal(value: Any, digits: int) -> str:
    """Read an id of at most so many hexadecimal digits; empty for anything else."""
    text = str(value or "").lower()
    return text if len(text) <= digits and not set(text) - _HEXADECIMAL else ""
