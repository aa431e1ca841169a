"""Remember a bounded number of span or trace ids; the oldest are forgotten first."""

from __future__ import annotations

from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Recent(dict[int, _Value], Generic[_Value]):
    """A dictionary by id with a bound; reading it costs what a dictionary costs."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def put(self, key: int, value: _Value) -> None:
        """Remember; forgets the oldest where there are too many."""
        self[key] = value
        while len(self) > self._most:
            try:
                del self[next(iter(self))]
            except (KeyError, RuntimeError):  # another thread was faster
                return
