"""Say fast whether a text needs a closer look, and find the matches in those that do.

Theory of operation. Most texts hold nothing, and there are hundreds of detectors: asking each about
each text costs a call per pair. This scanner asks once for all, at a cost that hardly grows with
the number of detectors:

1. Which needles may occur in a text is known by its words (`needles`), whatever their number.
2. Runs of digits are looked for from the shortest to the longest that a gate asks for.
3. Shapes are looked for where the text has what each of their matches has: enough digits, letters and
   digits in a row, a certain character. Those that begin alike are looked for at once.
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
    CAPITAL,
    DIGITS,
    FLATTENING,
    Detector,
    DigitRun,
    Needles,
    Shape,
    ascii_lower,
    compile_pattern,
    longer_digit_runs,
    words_in,
)
from jaeger_guard.encodings import fold_lookalikes
from jaeger_guard.long_texts import LONG, find_all, search
from jaeger_guard.needles import NeedleIndex
from jaeger_guard.types import Match

_SEPARATORS: Final = dict.fromkeys(map(ord, " -./"))  # between the digits of a run
_SPACE: Final = 0x20
_ASCII: Final = 128
_FEW: Final = 64  # signs; more are looked for one by one
_CLASS: Final = re.compile(r"\[[^\\\[\]]+\](?![{?*+|])")


class Look:
    """What is seen of a text at a glance.

    Attributes:
        lowered: The text with its ASCII letters in lower case.
        signs: Of the bytes that are looked for, those that it holds in UTF-8; the space among them.
        told: The numbers of the needles and hints that its words and signs tell of.
        digits: How many ASCII digits it has.
    """

    __slots__ = ("_row", "_words", "digits", "lowered", "signs", "told")

    def __init__(
        self,
        lowered: str,
        signs: set[int],
        told: set[int],
        digits: int,
        words: set[bytes],
        row: int,
    ) -> None:
        self.lowered = lowered
        self.signs = signs
        self.told = told
        self.digits = digits
        self._words = words
        self._row = row

    @property
    def row(self) -> int:
        """How many letters and digits stand in a row, at the most; bytes, beyond ASCII."""
        if self._row < 0:
            self._row = max(map(len, self._words)) if self._words else 0
        return self._row


class Scanner:
    """Finds matches of a fixed set of detectors; threads may share it.

    Args:
        detectors: The detectors.
        hints: Words of ASCII letters, in lower case, that a look at a text tells of as well.
        signs: Characters of ASCII that it tells of as well.

    Attributes:
        detectors: The detectors.
        hints: The numbers that a look tells of the hints by.
    """

    def __init__(
        self, detectors: Sequence[Detector], hints: Iterable[str] = (), signs: Iterable[str] = ()
    ) -> None:
        self.detectors: Final = tuple(detectors)
        needles: dict[tuple[str, bool], set[int]] = {}
        runs: dict[str, dict[int, set[int]]] = {}  # by what else must be there, and the shortest
        shapes: dict[Shape, set[int]] = {}
        self._anchors: dict[int, Needles] = {}  # of the detectors whose needles are common alone
        for number, detector in enumerate(self.detectors):
            gate = detector.gate
            if isinstance(gate, DigitRun):
                by_length = runs.setdefault(gate.beside, {})
                by_length.setdefault(gate.shortest, set()).add(number)
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
        self._needles = NeedleIndex(needles, self._anchors, hints)
        self.hints: Final = self._needles.hints
        self._runs = tuple(
            (re.compile(f"[{beside}]") if beside else None, tuple(sorted(by_length.items())))
            for beside, by_length in runs.items()
        )
        self._fewest_digits = min((min(by_length) for by_length in runs.values()), default=math.inf)
        self._shortest_run = longer_digit_runs(int(self._fewest_digits) if runs else 0)
        self._shapes = _joined(shapes)
        self._signs = self._needles.signs.union(
            map(ord, signs), (ord(sign) for sign in self._shapes if sign not in ("", CAPITAL))
        ) - {_SPACE}
        self._no_signs = bytes(set(range(256)) - self._signs)

    @property
    def loosened(self) -> Scanner:
        """A scanner that finds something in a form wherever this one does in a text of it."""
        signs = frozenset(chr(sign) for sign in self._signs if sign < _ASCII)
        return _loosened(self.detectors, tuple(self.hints), signs)

    def look(self, text: str) -> Look:
        """Return what is seen of a text at a glance."""
        data = text.encode("utf-8", "surrogatepass")
        flat = data.translate(FLATTENING)
        present: bytes = data.translate(None, self._no_signs)
        signs = (
            set(present) if len(present) <= _FEW else {each for each in self._signs if each in data}
        )
        told = self._needles.told(signs)
        if len(flat) <= LONG:
            words = set(flat.split())
            self._needles.tell(words, told)
            row = -1  # few ask for it
        else:
            words = set()
            row = 0
            for part in words_in(flat):
                # Thousands of new words would push out those that come again.
                self._needles.tell(part, told, learn=False)
                row = max(row, max(map(len, part), default=0))
        if b" " in data:
            signs.add(_SPACE)
        return Look(ascii_lower(text), signs, told, flat.count(b"0"), words, row)

    def find(
        self, text: str, look: Look | None = None, besides: frozenset[int] = frozenset()
    ) -> list[Match]:
        """Return every match in `text`, detector by detector; they may overlap.

        Args:
            text: The text.
            look: What `look` answers, where that is known.
            besides: The numbers of detectors that aren't asked.
        """
        if text.isascii():
            return self._find(text, look, besides)
        return _through_disguise(text, lambda searched: self._find(searched, None, besides))

    def suspects(self, text: str, look: Look | None = None) -> list[int]:
        """Return the numbers of the detectors that may find something in a line of ASCII text.

        What stands in another line keeps no gate shut, so several texts may be asked about at once.
        """
        return sorted(self._opened(text, look)[0])

    def find_by(self, numbers: Iterable[int], text: str) -> list[Match]:
        """Return what the detectors of these numbers find in ASCII text."""
        matches: list[Match] = []
        for number in numbers:
            detector = self.detectors[number]
            if number in self._searched and search(compile_pattern(detector.pattern), text) is None:
                continue  # before its gate is asked
            matches.extend(detector.find(text))
        return matches

    def _find(self, text: str, look: Look | None, besides: frozenset[int]) -> list[Match]:
        matches: list[Match] = []
        opened, anchored = self._opened(text, look)
        opened -= besides
        if not opened:
            return matches
        seek = re.Pattern.search if len(text) <= LONG else search
        for number in sorted(opened):
            detector = self.detectors[number]
            if number in self._searched:
                first = seek(compile_pattern(detector.pattern), text)
                if first is not None:  # most that a gate opens for find nothing
                    matches += detector.judged(text, first)
            elif number in anchored:
                matches += detector.judged_each(text, anchored[number])
            else:
                matches += detector.find_admitted(text)
        return matches

    def opened(self, text: str) -> set[int]:
        """Return the numbers of the detectors whose gate admits a text; all others find nothing."""
        return self._opened(text, None)[0]

    def _opened(
        self, text: str, look: Look | None
    ) -> tuple[set[int], dict[int, list[re.Match[str]]]]:
        """Answer what `opened` does, and what anchors matched on the way to it."""
        anchored: dict[int, list[re.Match[str]]] = {}
        if text.isdecimal() and text.isascii() and not self._needles.has_digits:
            return self._opened_for_digits(text), anchored
        seek = re.Pattern.search if len(text) <= LONG else search
        if look is None:
            look = self.look(text)
        lowered, signs, digits = look.lowered, look.signs, look.digits
        opened, to_anchor = self._needles.occurring(
            text, lowered, look.told, signs, digits=digits > 0
        )
        missing: dict[str, bool] = {"": False, DIGITS: not digits}
        for number, needles in to_anchor.items():
            gate = self._anchors[number]
            needed = gate.beside
            if gate.shortest > len(text):
                continue
            if needed not in missing:
                missing[needed] = search(compile_pattern(f"[{needed}]"), text) is None
            if missing[needed]:
                continue
            searched = lowered if gate.ignore_case else text
            if gate.leads and len(text) <= LONG:  # of a longer text it would be much to hold
                if found := gate.anchored(text, searched, needles):
                    opened.add(number)
                    anchored[number] = found
            elif gate.is_anchored(text, searched, needles):
                opened.add(number)
        if digits >= self._fewest_digits and seek(self._shortest_run, text) is not None:
            opened |= self._opened_by_run(text, _longest_run(self._shortest_run, text))
        looked_for = self._shapes[""]
        if lowered != text:
            looked_for += self._shapes[CAPITAL]
        for sign in signs:
            looked_for += self._shapes.get(chr(sign), ())
        for shape in looked_for:
            if shape.digits > digits or (shape.row and shape.row > look.row):
                continue
            if seek(shape.pattern, text) is not None:
                opened |= shape.admitting(text)
        return opened, anchored

    def _opened_for_digits(self, text: str) -> set[int]:
        """Return what `opened` does for a text of digits alone, as ids and amounts often are."""
        opened = self._opened_by_run(text, len(text))
        seek = re.Pattern.search if len(text) <= LONG else search
        for shape in self._shapes[""]:
            if max(shape.row, shape.digits) <= len(text) and seek(shape.pattern, text) is not None:
                opened |= shape.admitting(text)
        return opened

    def _opened_by_run(self, text: str, longest: int) -> set[int]:
        """Return the detectors that ask for a run of as many digits as the longest in a text has."""
        opened: set[int] = set()
        seek = re.Pattern.search if len(text) <= LONG else search
        for beside, by_length in self._runs:
            if by_length[0][0] > longest or (beside is not None and seek(beside, text) is None):
                continue
            for shortest, numbers in by_length:
                if shortest > longest:
                    break
                opened |= numbers
        return opened


@lru_cache(maxsize=2)  # a process has one set of detectors, and making a scanner takes a while
def scanner_of(
    detectors: tuple[Detector, ...],
    hints: tuple[str, ...] = (),
    signs: frozenset[str] = frozenset(),
) -> Scanner:
    """Return a scanner of these detectors, which all who scrub by them share."""
    return Scanner(detectors, hints, signs)


@lru_cache(maxsize=2)
def _loosened(
    detectors: tuple[Detector, ...], hints: tuple[str, ...], signs: frozenset[str]
) -> Scanner:
    return Scanner([loosened(detector) for detector in detectors], hints, signs)


class _JoinedShapes:
    """Shapes of one sign that are looked for at once, with the least that they ask for."""

    __slots__ = ("digits", "members", "pattern", "row")

    def __init__(self, beginning: str, members: Mapping[Shape, set[int]]) -> None:
        rests = [f"(?:{shape.pattern[len(beginning) :]})" for shape in members]
        self.pattern = re.compile(f"{beginning}(?:{'|'.join(rests)})")
        self.row = min(shape.row for shape in members)
        self.digits = min(shape.digits for shape in members)
        self.members = members

    def admitting(self, text: str) -> set[int]:
        """Return the detectors whose own shape is found, where any is."""
        return {
            number
            for shape, numbers in self.members.items()
            if len(self.members) == 1 or shape.admits(text)
            for number in numbers
        }


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


def _joined(shapes: Mapping[Shape, set[int]]) -> dict[str, tuple[_JoinedShapes, ...]]:
    """Join shapes of one sign that begin with the same class: `re` skips to that once for all."""
    alike: dict[tuple[str, str], dict[Shape, set[int]]] = {}
    for shape, numbers in shapes.items():
        beginning = _CLASS.match(shape.pattern)
        first = beginning.group() if beginning is not None and not shape.row else shape.pattern
        alike.setdefault((shape.sign, first), {})[shape] = numbers
    joined: dict[str, tuple[_JoinedShapes, ...]] = {"": (), CAPITAL: ()}
    for (sign, first), members in alike.items():
        joined[sign] = (*joined.get(sign, ()), _JoinedShapes(first, members))
    return joined


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
