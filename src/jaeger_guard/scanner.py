"""Say fast which of many strings need a closer look, and find the matches in those that do.

Theory of operation. Most strings of a span hold nothing. Asking every detector about every string
costs a call per pair; this scanner asks once for all:

1. The strings of a batch are joined, and each needle of each gate is looked for in the whole by
   `str.find`. A needle that is nowhere costs one search for all strings and all its detectors.
   Hits are mapped back to their string by bisection. The character that joins may occur inside a
   string: joining can only produce a hit too many, never hide one.
2. The runs of digits are found by one pattern, the one with the lowest bound; each shape by its own.
3. A needle that is common alone has an anchor beside it, which its gate then asks for.
4. A text alone is asked for the needles whose rarest character it has: that leaves out most.
5. What no gate pointed at is clean. For the rest, the detectors whose gate opened are run on the
   string alone, by `Detector.find`, which is also the plain reference: the gate only leaves out
   detectors that could not have matched.

Text with look-alikes (full-width digits, zero-width characters) is searched as it is and folded; what
is found folded is mapped back to the characters that stood in the original. Folded alone would not
do: a zero-width space before a token ends a word, and folding it away joins the two.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from jaeger_guard.detectors.detector import (
    Detector,
    DigitRun,
    Needles,
    Shape,
    ascii_lower,
    compile_pattern,
    digit_runs,
)
from jaeger_guard.encodings import fold_lookalikes
from jaeger_guard.long_texts import find_all, search
from jaeger_guard.types import Match

_JOINT: Final = "\x00"

# The characters of routes, names, statements and messages, the most common first; a character that
# isn't here is rarer than all of them.
_COMMON: Final = "etaoinsrlcdpumghfbyvw ./ETSk-xAIRNO_:102,LCDPMjzq3=45876U9"

_Table = tuple[tuple[str, tuple[int, ...]], ...]


class Scanner:
    """Finds matches of a fixed set of detectors; immutable, so it may be shared by threads."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = tuple(detectors)
        exact: dict[str, list[int]] = {}
        folded: dict[str, list[int]] = {}
        self._digits: list[tuple[int, int]] = []  # (shortest run, detector)
        self._shapes: dict[str, list[int]] = {}
        for number, detector in enumerate(self._detectors):
            gate = detector.gate
            if isinstance(gate, DigitRun):
                self._digits.append((gate.shortest, number))
            elif isinstance(gate, Shape):
                self._shapes.setdefault(gate.pattern, []).append(number)
            else:
                table = folded if gate.ignore_case else exact
                for needle in gate.texts:
                    table.setdefault(needle, []).append(number)
        self._exact = tuple((needle, tuple(numbers)) for needle, numbers in exact.items())
        self._folded = tuple((needle, tuple(numbers)) for needle, numbers in folded.items())
        self._exact_by_rarest = _by_rarest(self._exact)
        self._folded_by_rarest = _by_rarest(self._folded)
        self._shortest = min((shortest for shortest, _ in self._digits), default=0)

    def suspects(self, texts: Sequence[str]) -> set[int]:
        """Return the indices of the texts in which a gate opened; all others hold no match."""
        opened: set[int] = set()
        offsets = []
        offset = 0
        for index, text in enumerate(texts):
            offsets.append(offset)
            offset += len(text) + 1
            if not text.isascii() and fold_lookalikes(text) is not None:
                opened.add(index)  # disguised: looked at alone
        joined = _JOINT.join(texts)
        for needle, numbers in self._exact:
            self._locate(joined, needle, numbers, texts, offsets, opened)
        if self._folded:
            lowered = ascii_lower(joined)
            for needle, numbers in self._folded:
                self._locate(lowered, needle, numbers, texts, offsets, opened)
        if self._digits:
            for run in find_all(digit_runs(self._shortest), joined):
                opened.add(bisect_right(offsets, run.start()) - 1)
        for pattern in self._shapes:
            for shape in compile_pattern(pattern).finditer(joined):
                opened.add(bisect_right(offsets, shape.start()) - 1)
        return opened

    def _locate(
        self,
        joined: str,
        needle: str,
        numbers: tuple[int, ...],
        texts: Sequence[str],
        offsets: list[int],
        opened: set[int],
    ) -> None:
        """Open the texts that hold `needle` and that a gate asking for it admits."""
        gates = [self._detectors[number].gate for number in numbers]
        selective = any(isinstance(gate, Needles) and not gate.anchor for gate in gates)
        position = joined.find(needle)
        while position >= 0:
            index = bisect_right(offsets, position) - 1
            if index not in opened and (
                selective or any(gate.admits(texts[index]) for gate in gates)
            ):
                opened.add(index)
            if index + 1 == len(offsets):
                return
            position = joined.find(needle, offsets[index + 1])

    def find(self, text: str) -> list[Match]:
        """Return every match in `text`, detector by detector; they may overlap."""
        return _through_disguise(text, self._find)

    def _find(self, text: str) -> list[Match]:
        matches: list[Match] = []
        for number in sorted(self._opened(text)):
            matches.extend(self._detectors[number].find(text))
        return matches

    def _opened(self, text: str) -> set[int]:
        """Return the detectors of which a needle, or a run of digits, occurs."""
        numbers: set[int] = set()
        _collect(text, self._exact_by_rarest, numbers)
        if self._folded:
            _collect(ascii_lower(text), self._folded_by_rarest, numbers)
        if self._digits and search(digit_runs(self._shortest), text) is not None:
            numbers.update(number for _, number in self._digits)
        for pattern, detectors in self._shapes.items():
            if compile_pattern(pattern).search(text) is not None:
                numbers.update(detectors)
        return numbers


def _by_rarest(table: _Table) -> dict[str, _Table]:
    """Sort needles by the character of theirs that is the rarest in what spans hold."""
    sorted_out: dict[str, list[tuple[str, tuple[int, ...]]]] = {}
    for needle, numbers in table:
        rarest = max(needle, key=lambda character: _COMMON.find(character) % len(_COMMON))
        sorted_out.setdefault(rarest, []).append((needle, numbers))
    return {character: tuple(entries) for character, entries in sorted_out.items()}


def _collect(text: str, by_rarest: dict[str, _Table], numbers: set[int]) -> None:
    for character in by_rarest.keys() & set(text):
        for needle, detectors in by_rarest[character]:
            if needle in text:
                numbers.update(detectors)


def _through_disguise(text: str, find: Callable[[str], list[Match]]) -> list[Match]:
    """Find in `text`, and in what it looks like where that differs; each match once."""
    matches = find(text)
    folding = None if text.isascii() else fold_lookalikes(text)
    if folding is None:
        return matches
    folded, places = folding
    mapped = (
        Match(places[found.start], places[found.end - 1] + 1, found.category, found.detector)
        for found in find(folded)
    )
    return list(dict.fromkeys((*matches, *mapped)))


def resolve_overlaps(matches: Iterable[tuple[Match, int]]) -> list[Match]:
    """Choose among overlapping matches: the longer wins, then the higher rank; sorted by start.

    Args:
        matches: Each match with its rank, the protection of the action that its category gets.
    """
    chosen: list[Match] = []
    starts: list[int] = []  # of `chosen`, kept sorted, so that only neighbours are compared
    by_weight = sorted(
        matches,
        key=lambda pair: (pair[0].start - pair[0].end, -pair[1], pair[0].start),
    )
    for match, _ in by_weight:
        place = bisect_right(starts, match.start)
        if place > 0 and chosen[place - 1].end > match.start:
            continue
        if place < len(starts) and starts[place] < match.end:
            continue
        starts.insert(place, match.start)
        chosen.insert(place, match)
    return chosen


def reference_find(detectors: Iterable[Detector], text: str) -> list[Match]:
    """Return the matches of each detector asked one by one: what `Scanner.find` must equal."""
    asked = tuple(detectors)
    return _through_disguise(
        text, lambda searched: [match for detector in asked for match in detector.find(searched)]
    )
