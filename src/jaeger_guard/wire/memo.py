"""Remember encoded attributes, within a bound in bytes, and only while it pays."""

from __future__ import annotations

import sys
from typing import Any, Final

LONGEST_REMEMBERED: Final = 256  # characters; longer texts seldom repeat, and cost most to keep
ENTRY_OVERHEAD: Final = 280  # bytes: a tuple, a dict slot, the headers of three objects
_LARGEST_ENTRY: Final = 4096  # bytes; a key may be long, too
_REST: Final = 16  # how long the memo rests, as a multiple of how long it was tried


class Memo:
    """Encoded pairs that were met before: two generations, the older one is thrown away whole.

    Whenever a generation is full, it is asked whether it paid: where less than a quarter of the
    pairs were met again, both are dropped, and the memo rests for `_REST` times as many pairs.

    Attributes:
        young: The generation that is being filled; the encoder looks here itself.
        old: The one before it.
        hits: Pairs that were known, since the last turn.
        misses: Pairs that were not.
        passed: All pairs so far that `young` did not answer, among them those never remembered.
        rest_ends: The count of `passed` at which a resting memo is tried again.
    """

    __slots__ = ("_bound", "_bytes", "hits", "misses", "old", "passed", "rest_ends", "young")

    def __init__(self, bound: int) -> None:
        self.young: dict[tuple[Any, ...], bytes] = {}
        self.old: dict[tuple[Any, ...], bytes] = {}
        self.hits = 0
        self.misses = 0
        self.passed = 0
        self.rest_ends = 0 if bound > 0 else sys.maxsize
        self._bound = bound // 2
        self._bytes = 0

    def store(self, known_as: tuple[Any, ...], encoded: bytes) -> None:
        """Remember `encoded` as `(key, text)` or `(key, number, type)`, if it is small enough."""
        key, value = known_as[0], known_as[1]
        cost = ENTRY_OVERHEAD + 2 * key.__sizeof__() + value.__sizeof__() + len(encoded)
        if type(key) is not str or cost > _LARGEST_ENTRY:
            return
        if self._bytes + cost > self._bound:
            self._turn()
            if self.passed < self.rest_ends or cost > self._bound:
                return
        self._bytes += cost
        self.young[known_as] = encoded

    def _turn(self) -> None:
        if 3 * self.hits >= self.misses:
            self.old, self.young = self.young, {}
        else:
            self.old, self.young = {}, {}
            self.rest_ends = self.passed + _REST * (self.hits + self.misses)
        self._bytes = self.hits = self.misses = 0
