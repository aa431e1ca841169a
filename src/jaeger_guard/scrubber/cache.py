"""Remember which texts are known to be clean, so that a repeated one costs a look-up.

Only clean texts are remembered, each together with the decision under which it was clean: what is
clean under one key may be dirty under another. Two generations bound the memory: when the young
one is full it becomes the old one, and what is asked for again moves back.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.policy import KeyDecision

DEFAULT_CACHE_BYTES: Final = 8 * 1024 * 1024
_LONGEST_TEXT: Final = 1024  # longer texts seldom repeat, and would push out many short ones
_ENTRY_BYTES: Final = 200  # tuple, set slot and header of a str in CPython, rounded up


class CleanCache:
    """A set of (decision, text) bounded in bytes.

    Threads may share it: every step is one operation on a set, and a lost update only costs a
    second look at a text.
    """

    __slots__ = ("_limit", "_old", "_young", "_young_bytes")

    def __init__(self, limit: int = DEFAULT_CACHE_BYTES) -> None:
        self._limit = limit // 2
        self._young: set[tuple[KeyDecision, str]] = set()
        self._old: set[tuple[KeyDecision, str]] = set()
        self._young_bytes = 0

    def __contains__(self, pair: tuple[KeyDecision, str]) -> bool:
        if pair in self._young:
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
            self._old, self._young, self._young_bytes = self._young, set(), 0
        self._young.add(pair)
        self._young_bytes += size
