"""Consistent probability sampling: thresholds and randomness, and OpenTelemetry's member of tracestate.

A trace is kept where its randomness R is not below the rejection threshold T, both of 56 bits. R is
the same for all who see the trace: the last 56 bits of its id, or `rv` where one is given. So who
samples at a lower rate keeps a part of what others keep, and never something else.

Source: OpenTelemetry specification, "TraceState: Probability Sampling" and "TraceState Handling".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from opentelemetry.trace.span import TraceState

OT: Final = "ot"  # "they MUST all be contained in a single entry using the `ot` key"
RANDOM_MASK: Final = (1 << 56) - 1
NEVER: Final = 1 << 56
_PRECISION: Final = 4  # hexadecimal digits; "SDKs are recommended to use 4 digits of precision"
_LONGEST_MEMBER: Final = 256  # "The complete list length MUST NOT exceed 256 characters"
_MOST_MEMBERS: Final = 32  # W3C Trace Context, section 3.3.1.1
_LONGEST_STATE: Final = 512  # "SHOULD propagate at least 512 characters", 3.3.1.5; Python no more
_DIGITS: Final = 14  # of 56 bits in hexadecimal; "lowercase hexadecimal digits"
_HEXADECIMAL: Final = "0123456789abcdef"


def threshold_of(probability: float) -> int:
    """Answer the rejection threshold for a probability, NEVER where it is too small for one."""
    if probability >= 1.0:
        return 0
    if probability < 2.0**-56:  # "valid in the range 2^-56 through 1"
        return NEVER
    # More digits for small probabilities, whose thresholds begin with so many f.
    _, exponent = math.frexp(probability)
    digits = max(1, min(13, _PRECISION + exponent // -4))
    scale: int = 16**digits
    kept, all_of_them = probability.as_integer_ratio()  # exact; 1 - probability isn't always
    rounded = (2 * (all_of_them - kept) * scale + all_of_them) // (2 * all_of_them)
    return min(rounded, scale - 1) << (56 - 4 * digits)


def probability_of(threshold: int) -> float:
    """Answer the probability that a threshold stands for."""
    return (NEVER - threshold) / NEVER


def format_threshold(threshold: int) -> str:
    """Write a threshold as `th` has it: hexadecimal, without the zeros at its end."""
    return f"{threshold:014x}".rstrip("0") or "0"


@dataclass(frozen=True, slots=True)
class OtMember:
    """What the `ot` member of a tracestate says.

    Attributes:
        threshold: `th`; None where it is absent or malformed.
        randomness: `rv`; None where it is absent or malformed.
        rest: Its other sub-keys, as they stand.
    """

    threshold: int | None = None
    randomness: int | None = None
    rest: tuple[str, ...] = ()

    @classmethod
    def read(cls, state: TraceState | None) -> OtMember:
        """Read the member of a tracestate; what is malformed counts as absent."""
        text = state.get(OT, "") if state else ""
        if not text or len(text) > _LONGEST_MEMBER:
            return _EMPTY
        threshold = randomness = None
        rest = []
        for part in text.split(";"):
            key, _, value = part.partition(":")
            if key == "th":
                if 0 < len(value) <= _DIGITS and not value.strip(_HEXADECIMAL):
                    threshold = int(value.ljust(_DIGITS, "0"), 16)
            elif key == "rv":
                if len(value) == _DIGITS and not value.strip(_HEXADECIMAL):
                    randomness = int(value, 16)
            elif part:
                rest.append(part)
        return cls(threshold, randomness, tuple(rest))

    def with_threshold(self, threshold: int | None) -> OtMember:
        """Answer the member with another threshold, or without one."""
        return replace(self, threshold=threshold)

    def text(self) -> str:
        """Write the member; empty where it says nothing. What doesn't fit is left out at its end."""
        parts = [] if self.threshold is None else [f"th:{format_threshold(self.threshold)}"]
        if self.randomness is not None:
            parts.append(f"rv:{self.randomness:014x}")
        parts += self.rest
        while parts and sum(map(len, parts)) + len(parts) - 1 > _LONGEST_MEMBER:
            parts.pop()
        return ";".join(parts)


_EMPTY: Final = OtMember()


def with_members(state: TraceState | None, changes: dict[str, str]) -> TraceState:
    """Answer the tracestate with some members set, or removed where their text is empty.

    What was changed stands first, and others keep their order (W3C Trace Context, section 3.5).
    Where it grows beyond what everybody passes on, others' members go, the last one first: else a
    receiver would throw all of it away, ours too.
    """
    pairs = [(key, text) for key, text in changes.items() if text]
    ours = len(pairs)
    if state:
        pairs += [(key, text) for key, text in state.items() if key not in changes]
    del pairs[_MOST_MEMBERS:]
    while len(pairs) > ours and _length(pairs) > _LONGEST_STATE:
        pairs.pop()
    return TraceState(pairs)


def _length(pairs: list[tuple[str, str]]) -> int:
    return sum(len(key) + len(text) + 2 for key, text in pairs) - 1
