"""Scrub the corpus' cases, and count what was planted and gone, and what had to stay and did.

Recall is the share of planted values that are gone. Precision is the share of what was taken that was
planted: each text that had to stay and didn't counts as taken for nothing, and so does each value
without anything planted that was changed. `kept` is the share of what had to stay that did.
"""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

from .case import Case

Scrub = Callable[[str, Any], Any]

# A planted value of which so much in one piece is left isn't gone.
_LEFT_OVER: Final = 0.6
_SHORTEST_PART: Final = 6


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that isn't as its labels say: which, and how; values only where a reader asks."""

    case: Case
    leaked: tuple[str, ...]
    destroyed: tuple[str, ...]
    outcome: Any


@dataclass(slots=True)
class Tally:
    """Counts of one category."""

    cases: int = 0
    planted: int = 0
    gone: int = 0
    to_stay: int = 0
    stayed: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """In percent; 100 where nothing is planted."""
        return 100 * self.gone / self.planted if self.planted else 100.0

    @property
    def precision(self) -> float:
        """In percent; where nothing is planted, what stayed."""
        if not self.planted:
            return self.kept
        taken = self.gone + self.to_stay - self.stayed
        return 100 * self.gone / taken if taken else 100.0

    @property
    def kept(self) -> float:
        """In percent; 100 where nothing has to stay."""
        return 100 * self.stayed / self.to_stay if self.to_stay else 100.0

    def add(self, case: Case, outcome: Any) -> None:
        """Count one case and what became of it."""
        shown = shown_text(outcome)
        leaked = tuple(value for value in case.gone if is_left(value, shown, coarse=case.coarse))
        if case.gone:
            to_stay: tuple[str, ...] = case.stays
            destroyed = tuple(part for part in to_stay if part not in shown)
        else:
            to_stay = (shown_text(case.value),)
            destroyed = () if outcome == case.value else to_stay
        self.cases += 1
        self.planted += len(case.gone)
        self.gone += len(case.gone) - len(leaked)
        self.to_stay += len(to_stay)
        self.stayed += len(to_stay) - len(destroyed)
        if leaked or destroyed:
            self.failures.append(Failure(case, leaked, destroyed, outcome))


def measure(cases: Iterable[Case], scrub: Scrub) -> Tally:
    """Scrub each case under its key, and count."""
    tally = Tally()
    for case in cases:
        tally.add(case, scrub(case.key, case.value))
    return tally


def by_kind(tally: Tally) -> Counter[str]:
    """Count a category's failures by kind."""
    return Counter(failure.case.kind for failure in tally.failures)


def shown_text(value: Any) -> str:
    """Return what a reader sees of a value of any type."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return json.dumps(value, ensure_ascii=False, default=str)


def is_left(value: str, shown: str, *, coarse: bool = False) -> bool:
    """Say whether `value`, or the most of it in one piece, can be read from what is shown.

    Args:
        value: What was planted.
        shown: What leaves.
        coarse: Whether only the whole value counts, since a part of it is meant to stay.
    """
    forms = {shown, unquote(shown), unquote_plus(shown), html.unescape(shown)}
    forms.add(shown.replace('\\"', '"'))
    if any(value in form for form in forms):
        return True
    size = max(_SHORTEST_PART, int(len(value) * _LEFT_OVER) + 1)
    if coarse or size >= len(value):
        return False
    parts = {value[start : start + size] for start in range(len(value) - size + 1)}
    return any(part in form for part in parts for form in forms)
