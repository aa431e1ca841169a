"""Say fast whether a text needs a closer look, and find the matches in those that do.

Theory of operation. Most texts hold nothing, and there are hundreds of detectors: asking each about
each text costs a call per pair. This scanner asks once for all, at a cost that hardly grows with
the number of detectors:

1. Each needle of three characters or more is known by a *window*: those three neighbours in it that
   are the rarest together. All windows of a text are looked up in one set, in C, which costs as much
   for a thousand needles as for ten; for the few that are found, their needles are looked for.
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

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from jaeger_guard.detectors.any_digits import loosened
from jaeger_guard.detectors.detector import (
    Detector,
    DigitRun,
    Needles,
    Shape,
    ascii_lower,
    compile_pattern,
    longer_digit_runs,
    longest_word,
)
from jaeger_guard.encodings import fold_lookalikes
from jaeger_guard.long_texts import LONG, STEP, check_time, find_all, search
from jaeger_guard.types import Match

_WINDOW: Final = 3
_SEPARATORS: Final = dict.fromkeys(map(ord, " -./"))  # between the digits of a run
_NEVER: Final = "(?!)"  # matches nothing
_CLASS: Final = re.compile(r"\[[^\\\[\]]+\](?![{?*+|])")

# How often a character occurs in values of attributes, in lower case, in thousandths: measured on
# routes, statements, identifiers, user agents and messages. What isn't here is rarer.
_FREQUENCIES: Final = {
    **dict(zip("et srai", (86, 45, 47, 42, 41, 41, 37), strict=True)),
    **dict(zip("pcdolm1", (33, 33, 32, 32, 30, 28, 24), strict=True)),
    **dict(zip("0./23hb-f5678n49", (23, 22, 21, 21, 20, 20, 19, 18, 18, *(15,) * 7), strict=True)),
    **dict(zip("kyxgw=uv", (12, 12, 12, 11, 10, 9, 9, 9), strict=True)),
    **dict(zip("zqj_,:&{}%", (6, 6, 6, 5, 5, 4, 3, 3, 3, 2), strict=True)),
}
# What stands in most traces, whose windows therefore tell nothing.
_USUAL: Final = """
https://www.example.com/api/v1/users/items/orders/products/search?page=1&sort=name&limit=20&offset=10
content-type: application/json; charset=utf-8 text/html,application/xhtml+xml gzip, deflate keep-alive
mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/120 safari/537
traceback (most recent call last): file "/app/.venv/lib/python3.11/site-packages/flask/app.py", line 12
in wsgi_app response = self.full_dispatch_request() raise valueerror: unexpected exception in handler
return func(*args, **kwargs) usr/local/lib requests/sessions.py urllib3/connectionpool.py sqlalchemy
timeout while waiting for connection refused by host, not found; failed to call internal server error
select id, name, price, created_at, updated_at from orders where customer_id = and status in order by
insert into values update set delete group by join on limit returning count begin commit rollback
the and for that with this from have you not are was all any can will when which there their what about
please order item user account customer payment invoice shipping product message request process event
change option policy summary position language license package pattern organization application string
"""


class Scanner:
    """Finds matches of a fixed set of detectors; immutable, so it may be shared by threads."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self.detectors: Final = tuple(detectors)
        needles: dict[tuple[str, bool], set[int]] = {}
        runs: dict[tuple[int, str], set[int]] = {}  # shortest, and what else must be there
        shapes: dict[Shape, set[int]] = {}
        self._anchors: dict[int, Needles] = {}  # of the detectors whose needles are common alone
        for number, detector in enumerate(self.detectors):
            gate = detector.gate
            if isinstance(gate, DigitRun):
                beside = f"[{gate.beside}]" if gate.beside else ""
                runs.setdefault((gate.shortest, beside), set()).add(number)
            elif isinstance(gate, Shape):
                shapes.setdefault(gate, set()).add(number)
            else:
                for needle in gate.texts:
                    needles.setdefault((needle, gate.ignore_case), set()).add(number)
                if gate.anchor:
                    self._anchors[number] = gate
        self._searched = frozenset(
            number for number, detector in enumerate(self.detectors) if detector.is_searched
        )
        self._needles = _NeedleIndex(needles, self._anchors)
        self._runs = tuple(
            (shortest, re.compile(beside) if beside else None, runs[shortest, beside])
            for shortest, beside in sorted(runs)
        )
        self._shortest_run = longer_digit_runs(min((run for run, _ in runs), default=0))
        self._shapes = tuple(shapes.items())
        self._any_shape = tuple(
            (word, re.compile(joined))
            for word in sorted({shape.word for shape in shapes})
            for joined in _joined_by_beginning(
                shape.pattern for shape in shapes if shape.word == word
            )
        )

    @property
    def loosened(self) -> Scanner:
        """A scanner that finds something in a form wherever this one does in a text of it."""
        return _loosened(self.detectors)

    def find(self, text: str) -> list[Match]:
        """Return every match in `text`, detector by detector; they may overlap."""
        return _through_disguise(text, self._find)

    def _find(self, text: str) -> list[Match]:
        matches: list[Match] = []
        opened = self.opened(text)
        if not opened:
            return matches
        seek = re.Pattern.search if len(text) <= LONG else search
        for number in sorted(opened):
            detector = self.detectors[number]
            if number not in self._searched:
                matches += detector.find_admitted(text)
                continue
            first = seek(compile_pattern(detector.pattern), text)
            if first is not None:  # most that a gate opens for find nothing
                matches += detector.judged(text, first)
        return matches

    def opened(self, text: str) -> set[int]:
        """Return the numbers of the detectors whose gate admits a text; all others find nothing."""
        if text.isdecimal() and text.isascii() and not self._needles.has_digits:
            return self._opened_for_digits(text)
        seek = re.Pattern.search if len(text) <= LONG else search
        opened, to_anchor = self._needles.occurring(text)
        lowered = ascii_lower(text) if to_anchor else text
        missing: dict[str, bool] = {}
        for number, needles in to_anchor.items():
            gate = self._anchors[number]
            if needed := gate.beside:
                if needed not in missing:
                    missing[needed] = search(compile_pattern(f"[{needed}]"), text) is None
                if missing[needed]:
                    opened.remove(number)
                    continue
            if not gate.is_anchored(text, lowered if gate.ignore_case else text, needles):
                opened.remove(number)
        if self._runs and seek(self._shortest_run, text) is not None:
            longest = _longest_run(self._shortest_run, text)
            for shortest, beside, numbers in self._runs:
                if shortest > longest:
                    break
                if beside is None or seek(beside, text) is not None:
                    opened |= numbers
        return opened | self._opened_by_shape(text)

    def _opened_for_digits(self, text: str) -> set[int]:
        """Return what `opened` does for a text of digits alone, as ids and amounts often are."""
        opened: set[int] = set()
        for shortest, beside, numbers in self._runs:
            if shortest > len(text):
                break
            if beside is None or beside.search(text) is not None:
                opened |= numbers
        return opened | self._opened_by_shape(text)

    def _opened_by_shape(self, text: str) -> set[int]:
        opened: set[int] = set()
        seek = re.Pattern.search if len(text) <= LONG else search
        longest = -1
        for word, joined in self._any_shape:
            if word:
                longest = longest_word(text) if longest < 0 else longest
                if word > longest:
                    break  # nor is there one for the shapes behind
            if seek(joined, text) is not None:
                return {
                    number
                    for shape, numbers in self._shapes
                    if shape.admits(text)
                    for number in numbers
                }
        return opened


@lru_cache(maxsize=2)  # a process has one set of detectors, and making a scanner takes a while
def scanner_of(detectors: tuple[Detector, ...]) -> Scanner:
    """Return a scanner of these detectors, which all who scrub by them share."""
    return Scanner(detectors)


@lru_cache(maxsize=2)
def _loosened(detectors: tuple[Detector, ...]) -> Scanner:
    return Scanner([loosened(detector) for detector in detectors])


def _longest_run(runs: re.Pattern[str], text: str) -> int:
    """Answer how many digits the longest run in `text` has; as many as count, at the most."""
    longest = 0
    for run in find_all(runs, text):
        length = run.end() - run.start()
        if length > longest:
            digits = run.group()
            if not digits.isdecimal():
                length = len(digits.translate(_SEPARATORS))
            longest = max(longest, length)
    return longest


def _joined_by_beginning(patterns: Iterable[str]) -> list[str]:
    """Join patterns that begin with the same class of characters: `re` skips to that once for all."""
    by_beginning: dict[str, list[str]] = {}
    alone: list[str] = []
    for pattern in patterns:
        beginning = _CLASS.match(pattern)
        if beginning is None:
            alone.append(pattern)
        else:
            rest = pattern[beginning.end() :]
            by_beginning.setdefault(beginning.group(), []).append(f"(?:{rest})")
    return [
        *(f"{beginning}(?:{'|'.join(rests)})" for beginning, rests in by_beginning.items()),
        *alone,
    ]


# As it is looked for, whether folded, who asks for it; which of these have an anchor, and its lead.
_Needle = tuple[str, bool, frozenset[int], tuple[tuple[int, int], ...]]
_Window = tuple[str, ...]


class _NeedleIndex:
    """Says which of many needles occur in a text.

    Args:
        needles: For each needle, and whether ASCII case is ignored, the detectors that ask for it.
        anchored: The detectors that are only opened where their anchor is found at a needle.
    """

    def __init__(
        self, needles: Mapping[tuple[str, bool], set[int]], anchored: Mapping[int, Needles]
    ) -> None:
        entries = [
            (
                *needle,
                frozenset(numbers),
                tuple(
                    (number, dict(anchored[number].led)[needle[0]])
                    for number in sorted(numbers & anchored.keys())
                ),
            )
            for needle, numbers in needles.items()
        ]
        self._short = tuple(entry for entry in entries if len(entry[0]) < _WINDOW)
        alternatives = "|".join(
            f"(?i:{re.escape(needle)})" if ignore_case and needle.isascii() else re.escape(needle)
            for needle, ignore_case, *_ in self._short
        )
        self._any_short = re.compile(alternatives or _NEVER)
        by_window: dict[_Window, list[_Needle]] = {}
        for entry in entries:
            if len(entry[0]) >= _WINDOW:
                by_window.setdefault(_rarest_window(ascii_lower(entry[0])), []).append(entry)
        _commonness.cache_clear()  # of use to the next scanner alone
        self._by_window = {window: tuple(found) for window, found in by_window.items()}
        self._windows = frozenset(by_window)
        self.has_digits = any(needle.isdecimal() for needle, _ in needles)

    def occurring(self, text: str) -> tuple[set[int], dict[int, list[tuple[str, int]]]]:
        """Return the detectors of which a needle occurs in `text`, and the needles of the anchored."""
        occurring: set[int] = set()
        to_anchor: dict[int, list[tuple[str, int]]] = {}
        lowered = ascii_lower(text)
        is_short = len(text) <= LONG
        found = self._windows_in(lowered) if is_short else self._windows_in_steps(lowered)
        asked = [self._by_window[window] for window in found]
        seek = re.Pattern.search if is_short else search
        if seek(self._any_short, text) is not None:
            asked.append(self._short)
        for needles in asked:
            for needle, ignore_case, numbers, anchored in needles:
                if needle in (lowered if ignore_case else text):
                    occurring |= numbers
                    for number, lead in anchored:
                        to_anchor.setdefault(number, []).append((needle, lead))
        return occurring, to_anchor

    def _windows_in(self, lowered: str) -> frozenset[_Window]:
        # Without a loop in Python: `zip` makes the windows, and its tuple is used again for each.
        return self._windows.intersection(zip(lowered, lowered[1:], lowered[2:], strict=False))

    def _windows_in_steps(self, lowered: str) -> set[_Window]:
        windows: set[_Window] = set()
        for start in range(0, len(lowered), STEP):
            check_time()
            windows |= self._windows_in(lowered[start : start + STEP + _WINDOW])
        return windows


def _rarest_window(needle: str) -> _Window:
    places = range(len(needle) - _WINDOW + 1)
    windows = [needle[place : place + _WINDOW] for place in places]

    rarest: str = min(windows, key=lambda window: _commonness(window))
    return tuple(rarest)


@lru_cache(maxsize=8192)
def _commonness(window: str) -> tuple[bool, float]:
    return window in _USUAL, math.prod(_FREQUENCIES.get(each, 1) for each in window)


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
    ranked = list(matches)
    if len(ranked) == 1:
        return [ranked[0][0]]
    chosen: list[Match] = []
    starts: list[int] = []  # of `chosen`, kept sorted, so that only neighbours are compared
    ranked.sort(key=lambda pair: (pair[0].start - pair[0].end, -pair[1], pair[0].start))
    for match, _ in ranked:
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
