"""Remember within a bound: two generations, of which the older is forgotten whole.

What is asked for again moves to the younger generation; when that is full, it becomes the older
one. So what is in use stays, a look-up is one or two of a dictionary, and forgetting costs nothing
per entry. All that this package remembers to save time is kept so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def _one(key: object, value: object) -> int:
    return 1


class Generations(Generic[_Key, _Value]):
    """A mapping that forgets what wasn't asked for lately. None is no value.

    Threads may share it: each step is one operation on a dictionary, and what two of them lose by
    working at once is only found out anew.

    Args:
        limit: What the entries of both generations together may cost.
        cost: What an entry costs, such as its bytes; 1 where it isn't given.

    Attributes:
        young: The generation that is being filled. Hot loops look here before they call `get`.
    """

    __slots__ = ("_cost", "_filled", "_limit", "_old", "young")

    def __init__(self, limit: int, cost: Callable[[_Key, _Value], int] = _one) -> None:
        self._limit = limit // 2
        self._cost = cost
        self._filled = 0
        self._old: dict[_Key, _Value] = {}
        self.young: dict[_Key, _Value] = {}

    def get(self, key: _Key) -> _Value | None:
        """Return what is remembered under `key`; None where nothing is."""
        value = self.young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: _Key, value: _Value) -> None:
        """Remember `value`, unless it alone costs more than a generation."""
        cost = self._cost(key, value)
        if self._filled + cost > self._limit:
            if cost > self._limit:
                return
            self._old, self.young, self._filled = self.young, {}, 0
        self._filled += cost
        self.young[key] = value

    def __len__(self) -> int:
        return len(self.young) + len(self._old)
