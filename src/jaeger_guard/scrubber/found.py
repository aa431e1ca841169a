"""What scrubbing one value found, collected on the way; never the value."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from jaeger_guard.types import Action

MOST_FINDINGS: Final = 4096  # in one text; nobody reads what is left of one that has more


@dataclass(frozen=True, slots=True)
class Found:
    """One finding, with what led to it.

    Attributes:
        category: The data category's dotted name.
        action: What was done.
        detector: Name of the detector, or "key" where the key alone decided.
        rule: The rule that chose the action.
        format: Name of the format in whose leaf it stood; empty in plain text.
    """

    category: str
    action: Action
    detector: str
    rule: str
    format: str


class TooManyFindingsError(Exception):
    """A text holds more than is worth the time; it is withheld, and this never leaves the room."""


class Findings:
    """Collects what is found in one value.

    Args:
        limit: How many there may be.
    """

    __slots__ = ("_limit", "dropped", "entries", "unsure")

    def __init__(self, limit: int = sys.maxsize) -> None:
        self._limit = limit
        self.entries: list[Found] = []
        self.dropped = False
        self.unsure = False  # a recognizer gave no answer: what is clean may be so only for now

    def add(self, found: Found) -> None:
        """Note a finding; one whose action is `drop` takes the whole attribute with it.

        Raises:
            TooManyFindingsError: There are more than the limit.
        """
        if len(self.entries) >= self._limit:
            raise TooManyFindingsError
        self.entries.append(found)
        if found.action is Action.DROP:
            self.dropped = True
