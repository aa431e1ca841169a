"""Say why a detector found nothing in a text that its gate let through; for explanations alone.

`examine` goes the way of `Detector.find` and notes what refused each candidate. A test holds the two
equal in what they find.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jaeger_guard.categories import FINANCIAL_CARD
from jaeger_guard.detectors.checks import digits_of, has_luhn_digit
from jaeger_guard.detectors.detector import (
    Detector,
    Needles,
    compile_pattern,
    holds_markers_only,
    starts_word,
)

# One text may have as many candidates as characters, and nobody reads so many reasons.
_MOST_CANDIDATES: Final = 4096
_SHORTEST_CARD: Final = 12  # digits


@dataclass(frozen=True, slots=True)
class Examination:
    """What a detector did with one text.

    Attributes:
        opened: Whether its gate opened.
        found: How many findings there were.
        refused: For each reason, how many candidates were refused.
    """

    opened: bool
    found: int
    refused: tuple[tuple[str, int], ...]


def examine(detector: Detector, text: str) -> Examination:
    """Look for a detector's findings in `text`, and count why candidates were refused."""
    if not detector.gate.admits(text):
        return Examination(False, 0, ())
    found = 0
    refused: Counter[str] = Counter()
    for number, reason in enumerate(_verdicts(detector, text)):
        if number >= _MOST_CANDIDATES:
            break
        if reason:
            refused[reason] += 1
        else:
            found += 1
    return Examination(True, found, tuple(refused.items()))


def _verdicts(detector: Detector, text: str) -> Iterator[str]:
    """Yield for each candidate why it was refused; "" for a finding.

    Of candidates that lie within a refused one, as `1111 1112` does in a whole number, nothing is told.
    """
    gate = detector.gate
    compiled = compile_pattern(detector.pattern)
    told = 0
    if isinstance(gate, Needles) and (gate.before or gate.ignore_case):
        end = 0
        for start in gate.positions(text):
            if start >= end and (candidate := compiled.match(text, start)):
                reason, reached = _verdict(detector, text, candidate)
                end = end if reason else reached
                if not reason or candidate.end() > told:
                    told = candidate.end()
                    yield reason
        return
    position = 0
    while candidate := compiled.search(text, position):
        reason, reached = _verdict(detector, text, candidate)
        position = candidate.start() + 1 if reason else reached
        if not reason or candidate.end() > told:
            told = candidate.end()
            yield reason


def _verdict(detector: Detector, text: str, candidate: re.Match[str]) -> tuple[str, int]:
    """Return why a candidate is refused, "" where it isn't, and where the finding ends."""
    if detector.word_start and not starts_word(text, candidate.start()):
        return "it stands inside a longer word", 0
    first, last = candidate.span("value" if "value" in candidate.re.groupindex else 0)
    if first >= last:
        return "nothing stands there", 0
    shape = _shape(detector, text[first:last])
    if detector.settle is not None:
        settled = detector.settle(text, first, last)
        if settled is None:
            return f"{shape}: {named(detector.settle)} refuses it, with what stands around it", 0
        first, last = settled
    value = text[first:last]
    if detector.validate is not None and not detector.validate(value):
        return f"{_shape(detector, value)}: {named(detector.validate)} refuses it", 0
    if holds_markers_only(value):
        return "it is a marker of ours", 0
    return "", last


def _shape(detector: Detector, value: str) -> str:
    """Describe a candidate without showing it: `16 digits, Luhn fails`, `24 characters`."""
    digits = digits_of(value)
    if not digits or any(map(str.isalpha, value)):
        return f"{len(value)} characters"
    checked = detector.category == FINANCIAL_CARD and len(digits) >= _SHORTEST_CARD
    return f"{len(digits)} digits{', Luhn fails' if checked and not has_luhn_digit(digits) else ''}"


def validators(detector: Detector) -> tuple[str, ...]:
    """Return the names of what decides about a detector's candidates, in their order."""
    return tuple(named(step) for step in (detector.settle, detector.validate) if step is not None)


@lru_cache(maxsize=512)
def named(step: Callable[..., Any]) -> str:
    """Return what a step is called, as words: `has check digit`."""
    name = getattr(getattr(step, "func", step), "__qualname__", type(step).__name__)
    parts = [part for part in name.split(".") if not part.startswith("<")]
    return parts[-1].strip("_").replace("_", " ") if parts else "its own condition"
