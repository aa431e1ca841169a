"""What scrubbing one value found, collected on the way; never the value."""

from __future__ import annotations

import sys
from typing import Final, NamedTuple

from jaeger_guard.keys.datakeys import DataKey
from jaeger_guard.keys.token import Place
from jaeger_guard.policy import KeyDecision
from jaeger_guard.types import Action, Finding

MOST_FINDINGS: Final = 4096  # in one text; nobody reads what is left of one that has more


class Found(NamedTuple):
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


class Keyed:
    """What was made with keys in one value, or is ours from before.

    Attributes:
        own: Tokens and pseudonyms, as texts.
        used: The data keys of the tokens.
        beside: Pseudonyms that are to stand next to the value.
    """

    __slots__ = ("beside", "own", "used")

    def __init__(self) -> None:
        self.own: set[str] = set()
        self.used: dict[DataKey, None] = {}
        self.beside: dict[str, None] = {}


class SpanFindings(list[Finding]):
    """What is found in one span, with the data keys of its tokens."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used: dict[DataKey, None] = {}

    @property
    def wraps(self) -> str:
        """What `jaeger_guard.keys` says in that span; empty where it carries no token."""
        return " ".join([key.wraps for key in self.used])


class Findings:
    """Collects what is found in one value.

    Args:
        limit: How many there may be.
        place: Where it stands, as a token authenticates it; None where there can be none.
    """

    __slots__ = ("_limit", "dropped", "entries", "keyed", "known", "place", "unsure")

    def __init__(self, limit: int = sys.maxsize, place: Place | None = None) -> None:
        self._limit = limit
        self.place = place
        self.keyed: Keyed | None = None
        self.entries: list[Found] = []
        self.dropped = False
        # The decision under which a text that was left is known to be clean, and this text.
        self.known: tuple[KeyDecision, str] | None = None
        # A recognizer gave no answer, or a token stands there: what came out isn't to be used again.
        self.unsure = False

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

    def knows(self, decision: KeyDecision, text: str) -> bool:
        """Say whether this very text was left, and is known to be clean under this decision."""
        return self.known is not None and self.known[1] is text and self.known[0] is decision

    def inner(self, limit: int = sys.maxsize) -> Findings:
        """Return what collects the findings of a part of the value; hand it to `take_keyed` after."""
        inner = Findings(limit, self.place)
        inner.keyed = self.keyed
        return inner

    def take_keyed(self, inner: Findings) -> None:
        """Take over what was made with keys in a part of the value."""
        if inner.keyed is not None:
            self.keyed = inner.keyed

    def note_own(self, text: str, key: DataKey | None, beside: str | None = None) -> None:
        """Note a token (with its data key) or a pseudonym of ours that stands in the value."""
        keyed = self.keyed
        if keyed is None:
            keyed = self.keyed = Keyed()
        keyed.own.add(text)
        if beside is not None:
            keyed.beside[beside] = None
        if key is not None:
            keyed.used[key] = None
            self.unsure = True  # it holds for this place alone, and needs its wraps

    def step(self, step: str | int) -> None:
        """Go on at a part of the value: `place` becomes that of the part."""
        place = self.place
        if place is not None:
            self.place = (place, step) if isinstance(place, str) else (*place, step)
