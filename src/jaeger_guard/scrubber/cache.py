"""Remember which texts are clean, so that a repeated one costs a look-up, and what dirty ones became.

Two kinds of clean texts are told apart. An *inert* text is plain, and no detector's gate opens for
it: it is clean under every key that has its values searched and no more, so it is remembered alone.
Any other clean text is remembered with the decision under which it was clean: what is clean under
one key may be dirty under another.

What a dirty text became is remembered under a keyed digest: the text itself is held nowhere.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from typing import Final, Protocol

from jaeger_guard.generations import Generations
from jaeger_guard.policy import KeyDecision
from jaeger_guard.scrubber.found import Found
from jaeger_guard.types import Match

INERT_BYTES: Final = 3 * 1024 * 1024
PART_BYTES: Final = 512 * 1024
CLEAN_BYTES: Final = 2 * 1024 * 1024
OUTCOME_BYTES: Final = 1536 * 1024
SETTLED_BYTES: Final = 256 * 1024
_LONGEST_TEXT: Final = 1024  # longer texts seldom repeat, and would push out many short ones
_LONGEST_DIRTY: Final = 256  # a longer one seldom repeats, and its digest is dearer
# In CPython, measured and rounded up: slot of a dictionary and header of a str; with a tuple around.
_TEXT_BYTES: Final = 120
_ENTRY_BYTES: Final = 200

Outcome = tuple[str, tuple[Found, ...]]


def _text_bytes(text: str, overhead: int) -> int:
    return overhead + len(text) * (1 if text.isascii() else 4)


class InertTexts(Generations[str, bool]):
    """The texts that are clean wherever they are only searched."""

    __slots__ = ()

    def __init__(self, limit: int = INERT_BYTES) -> None:
        super().__init__(limit, lambda text, _: _text_bytes(text, _TEXT_BYTES))

    def add(self, text: str) -> None:
        """Remember that this text is inert."""
        if len(text) <= _LONGEST_TEXT:
            self.put(text, True)


class CleanTexts(Generations[tuple[KeyDecision, str], bool]):
    """The texts that were clean under a decision."""

    __slots__ = ()

    def __init__(self, limit: int = CLEAN_BYTES) -> None:
        super().__init__(limit, lambda pair, _: _text_bytes(pair[1], _ENTRY_BYTES))

    def add(self, decision: KeyDecision, text: str) -> None:
        """Remember that this text is clean under this decision."""
        if len(text) <= _LONGEST_TEXT:
            self.put((decision, text), True)


class KnownForms(Protocol):
    """What is known of texts by their form; `forms.Forms` is."""

    def form(self, text: str) -> str | None:
        """Return the form of a text; None where it has none."""
        ...

    def is_clean(self, decision: KeyDecision, form: str, text: str) -> bool:
        """Say whether a text is known to be clean by its form."""
        ...

    def found_in(self, decision: KeyDecision, form: str, text: str) -> list[Match] | None:
        """Return what is found in a text, where that is known by its form; None where it isn't."""
        ...

    def meet(self, decision: KeyDecision, form: str) -> None:
        """Take note that a text of this form was clean."""


class Outcomes:
    """What short dirty texts became, by decision and keyed digest.

    The digest's key is drawn anew in each process and never leaves it.
    """

    __slots__ = ("_dirty", "_key", "_known")

    def __init__(self, limit: int = OUTCOME_BYTES) -> None:
        self._key = os.urandom(32)
        self._known: Generations[tuple[KeyDecision, bytes], Outcome] = Generations(
            limit, _outcome_bytes
        )
        self._dirty: set[KeyDecision] = set()  # as many as the policy has

    def has_any(self, decision: KeyDecision) -> bool:
        """Say whether any text was ever dirty under a decision: most never have one."""
        return decision in self._dirty

    def digest(self, text: str) -> bytes | None:
        """Return what a text is remembered by; None for one that is too long."""
        if len(text) > _LONGEST_DIRTY:
            return None
        return blake2b(
            text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key
        ).digest()

    def get(self, decision: KeyDecision, digest: bytes) -> Outcome | None:
        """Return what was remembered; None where nothing was."""
        return self._known.get((decision, digest))

    def put(self, decision: KeyDecision, digest: bytes, outcome: Outcome) -> None:
        """Remember what a text became, and what was found in it."""
        if len(outcome[0]) <= _LONGEST_TEXT:
            self._dirty.add(decision)
            self._known.put((decision, digest), outcome)


def _outcome_bytes(key: tuple[KeyDecision, bytes], outcome: Outcome) -> int:
    scrubbed, entries = outcome
    return _ENTRY_BYTES + 4 * len(scrubbed) + _ENTRY_BYTES * len(entries)
