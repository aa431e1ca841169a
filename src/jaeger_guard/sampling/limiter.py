"""At most so many a second: a bucket of tokens that fills with time."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from typing import Final

from jaeger_guard.forks import call_in_forked_children


class Limiter:
    """Allows so many a second, and as many at once as one second brings, but one at least.

    Args:
        per_second: How many; more than 0.
        clock: Seconds that only grow; for tests.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self._clock = clock
        self._most = max(1.0, per_second)
        self._tokens = self._most
        self._filled = clock()
        self.renew_lock()
        _ALIVE.add(self)

    def renew_lock(self) -> None:
        """Make a lock that no thread holds."""
        self._lock = threading.RLock()  # re-entrant: a signal handler may start a span

    def allow(self) -> bool:
        """Take one; False where none is left."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._most, self._tokens + (now - self._filled) * self.per_second)
            self._filled = now
            if self._tokens < 1.0:
                return False
            self._tokens -= 1.0
            return True


class _Alive:
    """The limiters that are alive. They come and go with remote strategies; a fork hook stays."""

    def __init__(self) -> None:
        self._limiters: weakref.WeakSet[Limiter] = weakref.WeakSet()
        self._watched = False

    def add(self, limiter: Limiter) -> None:
        self._limiters.add(limiter)
        if not self._watched:
            self._watched = True
            call_in_forked_children(self._renew)

    def _renew(self) -> None:
        for limiter in list(self._limiters):
            limiter.renew_lock()


_ALIVE: Final = _Alive()
