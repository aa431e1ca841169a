"""What scrubbing one value found, collected on the way; never the value."""

from __future__ import annotations

from dataclasses import dataclass

from jaeger_guard.types import Action


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


class Findings:
    """Collects what is found in one value."""

    __slots__ = ("dropped", "entries")

    def __init__(self) -> None:
        self.entries: list[Found] = []
        self.dropped = False

    def add(self, found: Found) -> None:
        """Note a finding; one whose action is `drop` takes the whole attribute with it."""
        self.entries.append(found)
        if found.action is Action.DROP:
            self.dropped = True
