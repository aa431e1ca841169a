"""What was found, by category and place: counts and times, bounded however many places there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

MOST_GROUPS: Final = 20_000
MOST_OPERATIONS: Final = 50  # of one category, service, surface and key
OTHERS: Final = "(others)"


class Place(NamedTuple):
    """Where something was found.

    Attributes:
        category: The data category.
        service: The service's name, scrubbed.
        operation: The span's name, scrubbed; empty for resources and scopes.
        surface: The part of the span.
        key: The attribute's key, scrubbed; empty where there is none.
        action: What the policy would have done.
    """

    category: str
    service: str
    operation: str
    surface: str
    key: str
    action: str


@dataclass(slots=True)
class Group:
    """How often something was found in one place.

    Attributes:
        count: In how many spans; for resources and scopes, how often one was sent.
        first: Start of the earliest of these spans, in nanoseconds since 1970.
        last: Start of the latest.
    """

    count: int
    first: int
    last: int


class Tally:
    """Counts by place.

    Attributes:
        groups: By place.
        spans: How many spans were looked at.
        unread: How many units of a source could not be read.
    """

    def __init__(self) -> None:
        self.groups: dict[Place, Group] = {}
        self.spans = 0
        self.unread = 0
        self._operations: dict[tuple[str, ...], int] = {}

    def add(self, place: Place, moment: int, count: int = 1, last: int | None = None) -> None:
        """Count something that was found."""
        group = self.groups.get(place)
        if group is None:
            place = self._within_bounds(place)
            group = self.groups.setdefault(place, Group(0, moment, moment))
        group.count += count
        group.first = min(group.first, moment)
        group.last = max(group.last, moment if last is None else last)

    def merge(self, other: Tally) -> None:
        """Add what another has counted."""
        self.spans += other.spans
        self.unread += other.unread
        for place, group in other.groups.items():
            self.add(place, group.first, group.count, group.last)

    def _within_bounds(self, place: Place) -> Place:
        if place.operation == OTHERS:
            return place
        beside = (place.category, place.service, place.surface, place.key, place.action)
        known = self._operations.get(beside, 0)
        if len(self.groups) >= MOST_GROUPS:
            return Place(place.category, OTHERS, OTHERS, place.surface, OTHERS, place.action)
        if known >= MOST_OPERATIONS:
            return place._replace(operation=OTHERS)
        self._operations[beside] = known + 1
        return place

    def as_json(self) -> dict[str, Any]:
        """Write it for a state file."""
        return {
            "spans": self.spans,
            "unread": self.unread,
            "groups": [
                [*place, group.count, group.first, group.last]
                for place, group in self.groups.items()
            ],
        }

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> Tally:
        """Read what `as_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        tally = cls()
        tally.spans, tally.unread = int(table["spans"]), int(table["unread"])
        rows: Iterable[Any] = table["groups"]
        for row in rows:
            *place, count, first, last = row
            tally.add(Place(*map(str, place)), int(first), int(count), int(last))
        return tally
