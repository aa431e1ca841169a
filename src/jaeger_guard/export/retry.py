"""How long to wait before a payload is sent again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

_LARGEST_EXPONENT = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential back-off with full jitter, in seconds.

    Full jitter, a uniform choice from zero to the bound, spreads a fleet best that lost its
    backend at one moment (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog).

    Attributes:
        initial: Bound of the first pause.
        longest: Bound of any pause.
        longest_in_flush: Bound of a pause while somebody waits in `flush`.
        uniform: Answers a random number between two; a test passes its own.
    """

    initial: float = 1.0
    longest: float = 30.0
    longest_in_flush: float = 1.0
    uniform: Callable[[float, float], float] = random.uniform

    def pause(self, failures: int) -> float:
        """Answer the pause after so many failures in a row; none after none."""
        if failures <= 0:
            return 0.0
        bound = self.initial * 2 ** min(failures - 1, _LARGEST_EXPONENT)
        return self.uniform(0.0, min(bound, self.longest))
