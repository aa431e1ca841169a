"""Say fast whether a text needs a closer look, and find the matches in those that do.

Theory of operation. Most texts hold nothing, and there are hundreds of detectors: asking each about
each text costs a call per pair. This scanner asks once for all, at a cost that hardly grows with
the number of detectors:

1. A needle of three characters or more is found by a *window*: three of its characters that end at
   its *anchor*, a character that is rare in what spans hold. One search collects the windows that
   end at any anchor in the text, and one look-up of a set says that none of them belongs to a
   needle; most texts are done with by then. Where one does, its needles are looked for themselves.
2. Shorter needles are the alternatives of one pattern; where that is found, each is looked for.
3. Runs of digits are looked for from the shortest to the longest that a gate asks for, shapes one
   by one.
4. A needle that is common alone has an anchor of its own beside it, which its gate asks for next.
5. What no gate opened for is clean. For the rest, the detectors whose gate opened are run, by
   `Detector.find_admitted`; `Detector.find` is the plain reference: the gates only leave out
   detectors that could not have matched.

Text with look-alikes (full-width digits, zero-width characters) is searched as it is and folded; what
is found folded is mapped back to the characters that stood in the original. Folded alone would not
do: a zero-width space before a token ends a word, and folding it away joins the two.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from jaeger_guard.detectors.detector import (
    Detector,
    DigitRun,
    Shape,
    ascii_lower,
    compile_pattern,
    digit_runs,
)
from jaeger_guard.encodings import fold_lookalikes
from jaeger_guard.long_texts import LONG, STEP, check_time, search
from jaeger_guard.types import Match

_WINDOW: Final = 3
_NEVER: Final = "(?!)"  # matches nothing

# How often a character occurs in values of attributes, in lower case, in thousandths: measured on
# routes, statements, identifiers, user agents and messages. What isn't here is rarer.
_FREQUENCIES: Final = {
    **dict(zip("et srai", (86, 45, 47, 42, 41, 41, 37), strict=True)),
    **dict(zip("pcdolm1", (33, 33, 32, 32, 30, 28, 24), strict=True)),
    **dict(zip("0./23hb-f5678n49", (23, 22, 21, 21, 20, 20, 19, 18, 18, *(15,) * 7), strict=True)),
    **dict(zip("kyxgw=uv", (12, 12, 12, 11, 10, 9, 9, 9), strict=True)),
    **dict(zip("zqj_,:&{}%", (6, 6, 6, 5, 5, 4, 3, 3, 3, 2), strict=True)),
}


class Scanner:
    """Finds matches of a fixed set of detectors; immutable, so it may be shared by threads."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self.detectors: Final = tuple(detectors)
        needles: dict[tuple[str, bool], set[int]] = {}
        runs: dict[int, set[int]] = {}
        shapes: dict[str, set[int]] = {}
        self._anchors: dict[int, str] = {}  # of the detectors whose needles are common alone
        for number, detector in enumerate(self.detectors):
            gate = detector.gate
            if isinstance(gate, DigitRun):
                runs.setdefault(gate.shortest, set()).add(number)
            elif isinstance(gate, Shape):
                shapes.setdefault(gate.pattern, set()).add(number)
            else:
                for needle in gate.texts:
                    needles.setdefault((needle, gate.ignore_case), set()).add(number)
                if gate.anchor:
                    self._anchors[number] = gate.anchor
        self._needles = _NeedleIndex(needles)
        self._runs = tuple((digit_runs(shortest), runs[shortest]) for shortest in sorted(runs))
        self._shapes = tuple(shapes.items())
        self._any_shape = re.compile("|".join(f"(?:{shape})" for shape in shapes) or _NEVER)

    def find(self, text: str) -> list[Match]:
        """Return every match in `text`, detector by detector; they may overlap."""
        return _through_disguise(text, self._find)

    def _find(self, text: str) -> list[Match]:
        matches: list[Match] = []
        for number in sorted(self.opened(text)):
            matches.extend(self.detectors[number].find_admitted(text))
        return matches

    def opened(self, text: str) -> set[int]:
        """Return the numbers of the detectors whose gate admits a text; all others find nothing."""
        seek = re.Pattern.search if len(text) <= LONG else search
        opened = self._needles.occurring(text)
        for number in self._anchors.keys() & opened if opened else ():
            if seek(compile_pattern(self._anchors[number]), text) is None:
                opened.remove(number)
        for run, numbers in self._runs:
            if seek(run, text) is None:
                break  # nor is there a longer one
            opened |= numbers
        if seek(self._any_shape, text) is not None:
            for pattern, numbers in self._shapes:
                if seek(compile_pattern(pattern), text) is not None:
                    opened |= numbers
        return opened


class _NeedleIndex:
    """Says which of many needles occur in a text.

    Args:
        needles: For each needle, and whether ASCII case is ignored, the detectors that ask for it.
    """

    def __init__(self, needles: Mapping[tuple[str, bool], set[int]]) -> None:
        entries = [(*needle, frozenset(numbers)) for needle, numbers in needles.items()]
        self._short = tuple(entry for entry in entries if len(entry[0]) < _WINDOW)
        short = "|".join(
            f"(?i:{re.escape(needle)})" if ignore_case else re.escape(needle)
            for needle, ignore_case, _ in self._short
        )
        self._any_short = re.compile(short or _NEVER)
        by_window: dict[str, list[tuple[str, bool, frozenset[int]]]] = {}
        long = [entry for entry in entries if len(entry[0]) >= _WINDOW]
        lowered = [ascii_lower(entry[0]) for entry in long]
        for entry, needle, end in zip(long, lowered, _choose_anchors(lowered), strict=True):
            by_window.setdefault(needle[end - _WINDOW : end], []).append(entry)
        self._by_window = {window: tuple(found) for window, found in by_window.items()}
        self._windows = frozenset(by_window)
        classes = [
            "".join(sorted(map(re.escape, set(place)))) for place in zip(*by_window, strict=True)
        ]
        first, second, anchor = classes or ("", "", "")
        self._find_windows = re.compile(
            f"[{anchor}](?<=([{first}][{second}][{anchor}]))" if anchor else _NEVER
        ).findall

    def occurring(self, text: str) -> set[int]:
        """Return the detectors of which a needle occurs in `text`."""
        occurring: set[int] = set()
        lowered = ascii_lower(text)
        if len(text) <= LONG:
            windows: Iterable[str] = self._find_windows(lowered)
            any_short = self._any_short.search(text)
        else:
            windows = self._windows_in_steps(lowered)
            any_short = search(self._any_short, text)
        if windows and not self._windows.isdisjoint(windows):
            for window in self._windows.intersection(windows):
                for needle, ignore_case, numbers in self._by_window[window]:
                    if needle in (lowered if ignore_case else text):
                        occurring |= numbers
        if any_short is not None:
            for needle, ignore_case, numbers in self._short:
                if needle in (lowered if ignore_case else text):
                    occurring |= numbers
        return occurring

    def _windows_in_steps(self, lowered: str) -> set[str]:
        windows: set[str] = set()
        for start in range(0, len(lowered), STEP):
            check_time()
            step = lowered[max(0, start - _WINDOW) : start + STEP]
            windows |= self._windows.intersection(self._find_windows(step))
        return windows


def _choose_anchors(needles: Sequence[str]) -> list[int]:
    """Answer where in each needle its window ends, so that few places of any text are looked at.

    A character serves all needles that hold it behind their first two, so the few that serve most
    for what they cost are taken (the greedy way to cover a set).
    """
    candidates: dict[str, set[str]] = {}
    for needle in needles:
        for character in needle[_WINDOW - 1 :]:
            candidates.setdefault(character, set()).add(needle)
    waiting = set(needles)
    chosen: set[str] = set()
    while waiting:
        best = min(
            sorted(candidates),
            key=lambda character: (
                _FREQUENCIES.get(character, 1) / (len(candidates[character] & waiting) or 1 / 1000)
            ),
        )
        chosen.add(best)
        waiting -= candidates.pop(best)
    return [
        next(place + 1 for place in range(_WINDOW - 1, len(needle)) if needle[place] in chosen)
        for needle in needles
    ]


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
