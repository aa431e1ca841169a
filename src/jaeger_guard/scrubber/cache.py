"""Remember which texts are known to be clean, so that a repeated one costs a look-up.

Only clean texts are remembered, each together with the decision under which it was clean: what is
clean under one key may be dirty under another. Two generations bound the memory: when the young
one is full it becomes the old one, and what is asked for again moves back.

What a dirty text became is remembered too, under a keyed digest: the text itself is held nowhere.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from typing import Final

from jaeger_guard.policy import KeyDecision
from jaeger_guard.scrubber.found import Found

DEFAULT_CACHE_BYTES: Final = 8 * 1024 * 1024
DEFAULT_OUTCOME_BYTES: Final = 4 * 1024 * 1024
_LONGEST_DIRTY: Final = 256  # a longer one seldom repeats, and its digest is dearer
_LONGEST_TEXT: Final = 1024  # longer texts seldom repeat, and would push out many short ones
_ENTRY_BYTES: Final = 200  # tuple, set slot and header of a str in CPython, rounded up

Outcome = tuple[str, tuple[Found, ...]]


class CleanCache:
    """A set of (decision, text) bounded in bytes.

    `young` is for hot loops, which ask it before they ask the whole.

    Threads may share it: every step is one operation on a set, and a lost update only costs a
    second look at a text.
    """

    __slots__ = ("_limit", "_old", "_young_bytes", "young")

    def __init__(self, limit: int = DEFAULT_CACHE_BYTES) -> None:
        self._limit = limit // 2
        self.young: set[tuple[KeyDecision, str]] = set()
        self._old: set[tuple[KeyDecision, str]] = set()
        self._young_bytes = 0

    def __contains__(self, pair: tuple[KeyDecision, str]) -> bool:
        if pair in self.young:
            return True
        if pair in self._old:
            self.add(pair)
            return True
        return False

    def add(self, pair: tuple[KeyDecision, str]) -> None:
        """Remember that this text is clean under this decision."""
        length = len(pair[1])
        if length > _LONGEST_TEXT:
            return
        size = _ENTRY_BYTES + length * (1 if pair[1].isascii() else 4)
        if self._young_bytes + size > self._limit:
            self._old, self.young, self._young_bytes = self.young, set(), 0
        self.young.add(pair)
        self._young_bytes += size


class Outcomes:
    """What short dirty texts became, by decision and keyed digest; bounded in bytes.

    The digest's key is drawn anew in each process and never leaves it. Threads may share it, as
    they may a CleanCache.
    """

    __slots__ = ("_bytes", "_key", "_limit", "_old", "_young")

    def __init__(self, limit: int = DEFAULT_OUTCOME_BYTES) -> None:
        self._limit = limit // 2
        self._key = os.urandom(32)
        self._young: dict[tuple[KeyDecision, bytes], Outcome] = {}
        self._old: dict[tuple[KeyDecision, bytes], Outcome] = {}
        self._bytes = 0

    def digest(self, text: str) -> bytes | None:
        """Return what a text is remembered by; None for one that is too long."""
        if len(text) > _LONGEST_DIRTY:
            return None
        return blake2b(
            text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key
        ).digest()

    def get(self, decision: KeyDecision, digest: bytes) -> Outcome | None:
        """Return what was remembered; None where nothing was."""
        outcome = self._young.get((decision, digest))
        if outcome is None:
            outcome = self._old.get((decision, digest))
            if outcome is not None:
                self.put(decision, digest, *outcome)
        return outcome

    def put(
        self, decision: KeyDecision, digest: bytes, scrubbed: str, entries: tuple[Found, ...]
    ) -> None:
        """Remember what a text became, and what was found in it."""
        if len(scrubbed) > _LONGEST_TEXT:
            return
        size = _ENTRY_BYTES + 4 * len(scrubbed) + _ENTRY_BYTES * len(entries)
        if self._bytes + size > self._limit:
            self._old, self._young, self._bytes = self._young, {}, 0
        self._young[decision, digest] = scrubbed, entries
        self._bytes += size
