"""What the detectors of national ids share: found by form alone, or behind a label.

An id with letters and a check character, or digits in groups that no other number has, is found
wherever it stands. Bare digits whose check digit one number in ten or eleven passes are found behind
a label, or under a key that the lexicon knows. `gate`s are shared, so that a text is searched
for runs of digits once, whatever the number of countries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from jaeger_guard.categories import IDENTITY_NATIONAL_ID
from jaeger_guard.detectors.detector import Detector, Example, Gate, NearMiss
from jaeger_guard.detectors.labels import labelled

# Nothing that would make the id a piece of something longer: a UUID, a version, a path's number.
_END: Final = r"(?![0-9A-Za-z_]|[.,:/\-+][0-9A-Za-z])"


def found_by_form(
    name: str,
    *,
    gate: Gate,
    form: str,
    is_valid: Callable[[str], bool] | None,
    source: str,
    examples: tuple[Example, ...],
    near_misses: tuple[NearMiss, ...],
) -> Detector:
    """Return a detector of an id that its form alone gives away.

    Args:
        form: Source of its pattern, that begins with one character of a class.
        is_valid: Decides about the id as it is written, with its separators.
    """
    return Detector(
        name=name,
        category=IDENTITY_NATIONAL_ID,
        gate=gate,
        pattern=form + _END,
        settle=_stands_alone,
        word_start=True,
        validate=is_valid,
        source=source,
        examples=examples,
        near_misses=near_misses,
    )


def found_behind_label(
    name: str,
    *,
    labels: str,
    form: str,
    is_valid: Callable[[str], bool] | None,
    source: str,
    examples: tuple[Example, ...],
    near_misses: tuple[NearMiss, ...],
    category: str = IDENTITY_NATIONAL_ID,
    digits: bool = True,
) -> Detector:
    """Return a detector of an id that one of `labels`, divided by `|`, stands in front of.

    Args: as `Detector` has them, and those of `labelled`.
    """
    gate, pattern = labelled(labels, f"(?:{form}){_END}", digits=digits)
    return Detector(
        name=name,
        category=category,
        gate=gate,
        pattern=pattern,
        labelled=True,
        validate=is_valid,
        source=source,
        examples=examples,
        near_misses=near_misses,
    )


def _stands_alone(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Leave out what is a piece of a longer row: `a1-536-22-8726`, `3.123.456.789-09`."""
    before = text[max(0, start - 2) : start]
    joined = (
        before[-1:] in ("-", ".", "_", "/", "+", ",") and before[:1].isalnum() and len(before) == 2
    )
    if joined and before[-1] == "/":  # a path's segment is its own; a fraction's part isn't
        joined = before[0].isdigit()
    if joined and before[-1] == ",":
        joined = before[0].isdigit() and text[start].isdigit()
    return None if joined else (start, end)
