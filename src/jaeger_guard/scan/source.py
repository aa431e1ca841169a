"""What a source of traces is to a scan: parts, each looked through at once, in an order that stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from jaeger_guard.scan.tally import Tally
from jaeger_guard.stored import StoredSpan, Unit

Keep: TypeAlias = Callable[[StoredSpan], bool]
Look: TypeAlias = Callable[[Iterable[Unit], Keep], tuple[Tally, set[str]]]
"""Looks through the spans of units that are to be kept; answers the tally and the ids of traces."""
MOST_TRACES: Final = 1_000_000  # ids that are held, whatever a store answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a source that was looked through.

    Attributes:
        tally: What was found in it.
        position: Where to go on behind it; JSON, without any value.
        done: How much of the source is done by then, from 0 to 1.
        doing: What is being looked through, for people.
        missed: What of it could not be looked at; empty where all was.
    """

    tally: Tally
    position: Mapping[str, Any]
    done: float
    doing: str
    missed: tuple[str, ...] = field(default=())


class Source(Protocol):
    """Traces to look through."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """What must be the same for a scan to go on; JSON, without any value or credential."""
        ...

    def parts(self, look: Look, position: Mapping[str, Any]) -> Iterator[Part]:
        """Look through the source behind a position, part by part; `{}` is its beginning.

        Raises:
            StoredError: It can't be read.
            ConfigurationError: It isn't what it was when the position was noted.
        """
        ...
