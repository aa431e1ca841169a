"""Compares the two runs: span by span, value by value, and comes to a verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from jaeger_guard.cli.demo.planted import PLANTED, Planted, found, stretches
from jaeger_guard.cli.demo.received import Received, ReceivedSpan, Value
from jaeger_guard.cli.demo.rehearsal import Run
from jaeger_guard.cli.demo.visits import VISITS

# They differ between any two runs of a program, guard or not.
_OF_ONE_RUN: Final = frozenset(
    ("client.port", "network.peer.port", "net.peer.port", "service.instance.id")
)
_MEMORY_ADDRESS: Final = re.compile(r"\b0x[0-9a-f]{6,16}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One value of a span in both runs.

    Attributes:
        surface: Where it stood; empty for the span's own attributes.
        key: Its key, as it left without a guard.
        key_left: Its key, as it left with the guard.
        without: The value that left without a guard; None: there was none.
        left: The value that left with the guard; None: there was none.
    """

    surface: str
    key: str
    key_left: str
    without: str | None
    left: str | None

    @property
    def changed(self) -> bool:
        """Whether the guard has changed it."""
        if self.key != self.key_left or self.without is None or self.left is None:
            return True
        return self.key not in _OF_ONE_RUN and _steady(self.without) != _steady(self.left)

    @property
    def shown(self) -> bool:
        """Whether it is shown on both sides: it is another one, or it should be."""
        return self.changed or bool(self.left and stretches(self.left))

    @property
    def held_planted(self) -> bool:
        """Whether something planted was in it."""
        return bool(stretches(self.key) or (self.without and stretches(self.without)))


@dataclass(frozen=True, slots=True)
class Pair:
    """One span in both runs.

    Attributes:
        span: As it left without a guard.
        depth: How many spans it is below its trace's root.
        rows: Its values, the name first; without the guard's side where the span is missing.
        missing: Whether it did not leave with the guard.
    """

    span: ReceivedSpan
    depth: int
    rows: tuple[Row, ...]
    missing: bool


@dataclass(frozen=True, slots=True)
class Story:
    """One trace: a visit's title, and its spans, parents first."""

    title: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that the demo tells.

    Attributes:
        stories: The traces in order.
        resource: The resource's values.
        leaked: Planted values that left with the guard, or that its log holds.
        unproven: Planted values that did not even leave without it; their absence proves nothing.
        spans: How many spans left without the guard.
        missing: How many of them did not leave with it, the same in ids, parent, kind and status.
        added: How many left with the guard alone.
    """

    stories: tuple[Story, ...]
    resource: tuple[Row, ...]
    leaked: tuple[Planted, ...]
    unproven: tuple[Planted, ...]
    spans: int
    missing: int
    added: int

    @property
    def passed(self) -> bool:
        """Whether nothing leaked, nothing is missing, and the search has proved it."""
        return bool(self.spans) and not (self.leaked or self.unproven or self.missing or self.added)

    @property
    def rows(self) -> Iterator[Row]:
        """All values of all spans that left in both runs, and of the resource."""
        yield from self.resource
        for story in self.stories:
            for pair in story.pairs:
                if not pair.missing:
                    yield from pair.rows

    @property
    def closing_line(self) -> str:
        """The demo's last line."""
        return f"planted values: {len(PLANTED)}, leaked: {len(self.leaked)}"


def compare(plain: Run, guarded: Run) -> Comparison:
    """Compare what left without a guard with what left with it."""
    without, left = Received.decode(plain.payloads), Received.decode(guarded.payloads)
    leaked = found(guarded.payloads, [*left.texts, guarded.log])
    certain = found(plain.payloads, without.texts)
    by_identity = {span.identity: span for span in left.spans}
    stories = tuple(_stories(without.spans, by_identity))
    return Comparison(
        stories=stories,
        resource=tuple(_rows(without.resource, left.resource)),
        leaked=tuple(planted for planted in PLANTED if planted in leaked),
        unproven=tuple(planted for planted in PLANTED if planted not in certain),
        spans=len(without.spans),
        missing=sum(pair.missing for story in stories for pair in story.pairs),
        added=len(by_identity.keys() - {span.identity for span in without.spans}),
    )


def _stories(
    spans: Sequence[ReceivedSpan], left: dict[tuple[bytes, bytes, bytes, int, int], ReceivedSpan]
) -> Iterator[Story]:
    traces: dict[bytes, list[ReceivedSpan]] = {}
    for span in spans:
        traces.setdefault(span.trace, []).append(span)
    for number, members in enumerate(traces.values()):
        title = VISITS[number].title if len(traces) == len(VISITS) else f"Trace {number + 1}"
        yield Story(
            title,
            tuple(_pair(span, depth, left.get(span.identity)) for span, depth in _descend(members)),
        )


def _descend(members: Sequence[ReceivedSpan]) -> Iterator[tuple[ReceivedSpan, int]]:
    """Walk from the roots down, siblings by their start."""
    numbers = {span.number for span in members}
    children: dict[bytes, list[ReceivedSpan]] = {}
    for span in members:
        children.setdefault(span.parent if span.parent in numbers else b"", []).append(span)
    waiting = [(span, 0) for span in reversed(children.get(b"", ()))]
    while waiting:
        span, depth = waiting.pop()
        yield span, depth
        waiting += [(child, depth + 1) for child in reversed(children.get(span.number, ()))]


def _pair(span: ReceivedSpan, depth: int, left: ReceivedSpan | None) -> Pair:
    name = Value("name", "", span.name)
    if left is None:
        return Pair(span, depth, tuple(_rows((name, *span.values), ())), missing=True)
    counterpart = (Value("name", "", left.name), *left.values)
    return Pair(span, depth, tuple(_rows((name, *span.values), counterpart)), missing=False)


def _rows(without: Sequence[Value], left: Sequence[Value]) -> Iterator[Row]:
    """Put side by side what has the same place and key; what has lost its key, in order."""
    of_key = {(value.surface, value.key): value for value in left}
    renamed = [
        value
        for value in left
        if not any((value.surface, value.key) == (other.surface, other.key) for other in without)
    ]
    for value in without:
        counterpart = of_key.get((value.surface, value.key))
        if counterpart is None:
            same_place = [other for other in renamed if other.surface == value.surface]
            counterpart = same_place[0] if same_place else None
            renamed = [other for other in renamed if other is not counterpart]
        yield Row(
            surface=value.surface,
            key=value.key,
            key_left=counterpart.key if counterpart else value.key,
            without=value.text,
            left=counterpart.text if counterpart else None,
        )
    for value in renamed:
        yield Row(
            surface=value.surface,
            key=value.key,
            key_left=value.key,
            without=None,
            left=value.text,
        )


def _steady(text: str) -> str:
    return _MEMORY_ADDRESS.sub("0x", text)
