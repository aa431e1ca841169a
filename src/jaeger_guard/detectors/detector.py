"""What a detector is: an entry that finds one data category in text, with its own examples.

Theory of operation. A detector is looked for in three steps, cheapest first, so that adding the
200th costs little:

1. Its *gate* says what must occur in a text for it to be worth looking at: one of a few needles,
   a run of digits, or a shape. The scanner asks the gates of all detectors at once.
2. Its *pattern* says where a finding may lie. It begins with what the gate asks for, so that `re`
   skips to it in C. Where characters before the needle belong to the finding (an e-mail address is
   found by its `@`), or where case is ignored, the pattern is matched at the needles alone, and
   the gate names the characters that may stand before, and how many.
3. `validate` and `settle` decide what a pattern can't express: check digits, lengths per issuer,
   what stands around. A candidate that they refuse is passed over by one character only.

Every repeat in a pattern is bounded, so time stays linear in the text's length. What consists of
our own markers is never found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from jaeger_guard.long_texts import LONG, STEP, check_time, find_all, search
from jaeger_guard.markers import URL_MARKER, marker_spans
from jaeger_guard.types import Match

# A letter that ends an escape sequence belongs to no word: `%3Dghp_...`, `\nghp_...`.
_ESCAPE_AT_END: Final = r"(?:%[0-9A-Fa-f]{2}|\\[nrtbf]|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2})\Z"
_LONGEST_ESCAPE: Final = 6
_WORD_BEGINS: Final = r"(?<![A-Za-z])\S"
_BETWEEN_CHECKS: Final = 64  # needles
DIGITS: Final = "0-9"  # as a gate lists them
CAPITAL: Final = "A-Z"  # the sign of a shape that has one
OVERLAP: Final = 256  # bytes; no needle is as long, nor a row that a shape asks for

Settle = Callable[[str, int, int], tuple[int, int] | None]


def ascii_lower(text: str) -> str:
    """Lower the ASCII letters of `text` alone, so that every index stays where it was."""
    if text.isascii():
        return text.lower()
    # bytes.lower knows ASCII alone, and UTF-8 has no ASCII within other letters.
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _flattening() -> bytes:
    table = bytearray(b" " * 128 + bytes(range(128, 256)))
    table[ord("0") : ord("9") + 1] = b"0" * 10
    for letter in range(ord("a"), ord("z") + 1):
        table[letter] = table[letter - 0x20] = letter
    return bytes(table)


FLATTENING: Final = _flattening()
"""The table of `flatten`, for `bytes.translate`."""


def flatten(text: str) -> bytes:
    """Return a text in UTF-8 and lower case, with zeros for digits and spaces for all signs of ASCII."""
    return text.encode("utf-8", "surrogatepass").translate(FLATTENING)


def words_in(flat: bytes) -> Iterator[set[bytes]]:
    """Yield what stands between the spaces of a flattened text, those of a long one step by step.

    A word across the border of two steps is there in parts as well; a very long word in parts alone,
    which overlap by more than any needle has.
    """
    if len(flat) <= LONG:
        yield set(flat.split())
        return
    for start in range(0, len(flat), STEP):
        check_time()
        yield set(flat[start : start + STEP + OVERLAP].split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Needles:
    """A gate: the finding holds one of these literal texts.

    Attributes:
        texts: The literals; in lower case where `ignore_case` is set.
        ignore_case: Whether ASCII case is ignored.
        before: A character class, such as `[0-9]`, of what may stand before the needle and belongs
            to the finding; empty where the finding begins with the needle.
        reach: How many of `before` at the most.
        anchor: Source of a regular expression that also must be found, where the needles alone are
            too common to be selective; with `before`, it stands where the needle does. Empty where
            the needles are enough.
        leads: For each of `texts`, how many characters before it the anchor may begin, at the
            beginning of a word. The anchor is asked for there alone, and nowhere else in a text; it
            is the detector's whole pattern. Empty where it is looked for in all of a text.
        beside: Characters, as a class of `re` lists them, of which a finding also has one; empty
            where that isn't known. It is asked before the anchor.
        companions: For each of `texts`, other words of which one stands in each text in which the
            anchor is found at the needle, in lower case; empty where that isn't known. They follow
            from the anchor, and are asked before it.
        shortest: How many characters a match of the anchor has at the fewest, where that rules most texts
            out. It follows from the anchor, too.
    """

    texts: tuple[str, ...]
    ignore_case: bool = False
    before: str = ""
    reach: int = 0
    anchor: str = ""
    leads: tuple[int, ...] = ()
    beside: str = ""
    companions: tuple[tuple[str, ...], ...] = ()
    shortest: int = 0

    def admits(self, text: str) -> bool:
        """Say whether `text` may hold a finding."""
        searched = ascii_lower(text) if self.ignore_case else text
        if not any(needle in searched for needle in self.texts):
            return False
        if self.beside and search(compile_pattern(f"[{self.beside}]"), text) is None:
            return False
        return not self.anchor or self.is_anchored(text, searched, self.led)

    @property
    def led(self) -> tuple[tuple[str, int], ...]:
        """Each needle with its lead."""
        return tuple(zip(self.texts, self.leads or (0,) * len(self.texts), strict=True))

    def is_anchored(self, text: str, searched: str, needles: Sequence[tuple[str, int]]) -> bool:
        """Say whether the anchor is found, in a text that holds a needle.

        Args:
            searched: The text, in lower case where case is ignored.
            needles: Those that it holds, and maybe more, each with its lead.
        """
        if self.leads:
            return next(self._anchored(text, searched, needles), None) is not None
        return search(compile_pattern(self.anchor), text) is not None

    def anchored(
        self, text: str, searched: str, needles: Sequence[tuple[str, int]]
    ) -> list[re.Match[str]]:
        """Return what the anchor matches at needles that have leads, in order.

        Args: as `is_anchored` has them.
        """
        found = {match.start(): match for match in self._anchored(text, searched, needles)}
        return list(found.values()) if len(found) < 2 else [found[start] for start in sorted(found)]

    def positions(self, text: str) -> Iterator[int]:
        """Yield where findings may begin, in the order of their needles; these have no leads."""
        searched = ascii_lower(text) if self.ignore_case else text
        needles: Iterator[int]
        if self.anchor:
            needles = (found.start() for found in find_all(compile_pattern(self.anchor), text))
        else:
            needles = iter(_occurrences(searched, self.texts))
        if not self.before:
            yield from needles
            return
        backwards = compile_pattern(f"{self.before}{{0,{self.reach}}}").match
        for position in needles:
            window = text[max(0, position - self.reach) : position][::-1]
            found = backwards(window)
            yield position - (found.end() if found else 0)

    def _anchored(
        self, text: str, searched: str, needles: Sequence[tuple[str, int]]
    ) -> Iterator[re.Match[str]]:
        """Yield what the anchor matches at the beginning of a word before a needle."""
        match = compile_pattern(self.anchor).match
        words = compile_pattern(_WORD_BEGINS).finditer
        for needle, lead in needles:
            tried = 0
            for number, position in enumerate(_occurrences(searched, (needle,))):
                if number % _BETWEEN_CHECKS == 0:
                    check_time()
                first = max(tried, position - lead)
                tried = position + 1
                if first == position:
                    before = searched[position - 1 : position]
                    if (before.isascii() and before.isalpha()) or not (
                        found := match(text, position)
                    ):
                        continue
                    yield found
                    continue
                for word in words(text, first, tried):
                    if found := match(text, word.start()):
                        yield found


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitRun:
    """A gate: the finding lies in a run of digits with single separators (space, dash, dot, slash).

    Attributes:
        shortest: The fewest digits that a finding has.
        beside: Characters, as a class of `re` lists them, of which a finding also has one; empty
            where it may have digits alone. Most numbers in spans stand in lower case.
    """

    shortest: int
    beside: str = ""

    def admits(self, text: str) -> bool:
        """Say whether `text` may hold a finding."""
        if search(digit_runs(self.shortest), text) is None:
            return False
        return not self.beside or search(compile_pattern(f"[{self.beside}]"), text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A gate for what has no literal in it: the finding holds a match of a regular expression.

    All texts are searched for it, so it is quick where nothing is: it begins with a class of rare
    characters, such as `[0-9]`, even where these stand in the middle of the finding (what is before
    is looked behind at), and several detectors share one. Those that begin with the same class are
    searched for at once, so alternatives stand in a group.

    Attributes:
        pattern: Source of the regular expression, with every repeat bounded.
        row: How many letters and digits in a row a finding has at the fewest, where that rules most
            words out; 0 where it doesn't.
        digits: How many digits each match of the pattern has at the fewest.
        sign: An ASCII character, neither letter nor digit, that each match has, or `A-Z` where each has
            a capital; empty where none is. Like `digits`, it follows from the pattern, and is asked
            before it.
    """

    pattern: str
    row: int = 0
    digits: int = 0
    sign: str = ""

    def admits(self, text: str) -> bool:
        """Say whether `text` may hold a finding."""
        if self.row > longest_row(text):
            return False
        return search(compile_pattern(self.pattern), text) is not None


Gate = Needles | DigitRun | Shape


@dataclass(frozen=True, slots=True)
class Example:
    """A text in which the detector finds `found`, and nothing else.

    Attributes:
        text: The text.
        found: The finding in it.
        cut: Whether it is found only since the text ends there, as a span limit leaves it.
    """

    text: str
    found: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A text in which the detector finds nothing, and why not."""

    text: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """One entry of the registry.

    Attributes:
        name: Unique, dotted, lower case; for instance `credential.github_token`.
        category: The data category that it finds.
        gate: What must occur in a text for the pattern to be tried.
        pattern: Source of a regular expression (`re`), with every repeat bounded. Where it has a
            group named `value`, that group alone is the finding.
        validate: Decides on the finding's text; None where the pattern says all.
        settle: Decides with the text around, given the candidate's start and end: answers the
            finding's own start and end, which may differ, or None. Asked before `validate`.
        labelled: Whether a word in front of the finding says what it is.
        word_start: Whether an ASCII letter or digit directly before the match rules it out.
        source: The document that defines the format.
        examples: At least one text with its finding, not made from the pattern.
        near_misses: At least one text without, and the reason.
    """

    name: str
    category: str
    gate: Gate
    pattern: str
    validate: Callable[[str], bool] | None = None
    settle: Settle | None = None
    word_start: bool = False
    labelled: bool = False
    source: str
    examples: tuple[Example, ...]
    near_misses: tuple[NearMiss, ...]

    @property
    def is_searched(self) -> bool:
        """Whether the pattern is searched in the whole text, and not matched at needles alone."""
        gate = self.gate
        return not (isinstance(gate, Needles) and (gate.before or gate.ignore_case))

    def find(self, text: str) -> Iterator[Match]:
        """Yield the matches of this detector alone, in order, without overlaps."""
        if self.gate.admits(text):
            yield from self.find_admitted(text)

    def find_admitted(self, text: str) -> Iterator[Match]:
        """Yield what `find` does, of a text that the gate is known to admit."""
        compiled = compile_pattern(self.pattern)
        if self.is_searched:
            yield from self.judged(text, search(compiled, text))
            return
        gate = self.gate
        assert isinstance(gate, Needles)  # or it would be searched
        if gate.leads:
            searched = ascii_lower(text) if gate.ignore_case else text
            # Of dozens of needles, one or two occur.
            needles = [led for led in gate.led if led[0] in searched]
            yield from self.judged_each(text, gate.anchored(text, searched, needles))
            return
        end = 0
        for number, start in enumerate(gate.positions(text)):
            if number % _BETWEEN_CHECKS == _BETWEEN_CHECKS - 1:
                check_time()
            if start >= end and (found := compiled.match(text, start)):
                match = self._judge(text, found)
                if match is not None:
                    end = match.end
                    yield match

    def judged_each(self, text: str, candidates: Iterable[re.Match[str]]) -> Iterator[Match]:
        """Yield what `find_admitted` does, of a detector whose pattern is matched at labels.

        Args:
            candidates: What its pattern matches there, in order.
        """
        end = 0
        for number, candidate in enumerate(candidates):
            if number % _BETWEEN_CHECKS == _BETWEEN_CHECKS - 1:
                check_time()
            if candidate.start() >= end and (match := self._judge(text, candidate)):
                end = match.end
                yield match

    def judged(self, text: str, candidate: re.Match[str] | None) -> Iterator[Match]:
        """Yield what `find_admitted` does, of a detector whose pattern is searched.

        Args:
            candidate: What the pattern matches first in it.
        """
        while candidate is not None:
            match = self._judge(text, candidate)
            if match is None:
                position = candidate.start() + 1
            else:
                position = match.end
                yield match
            compiled = candidate.re
            candidate = (
                compiled.search(text, position)
                if len(text) <= LONG
                else search(compiled, text, position)
            )

    def _judge(self, text: str, candidate: re.Match[str]) -> Match | None:
        if self.word_start and not starts_word(text, candidate.start()):
            return None
        pattern = candidate.re
        first, last = candidate.span(
            "value" if pattern.groups and "value" in pattern.groupindex else 0
        )
        if first >= last:
            return None
        if self.settle is not None:
            settled = self.settle(text, first, last)
            if settled is None:
                return None
            first, last = settled
        value = text[first:last]
        if self.validate is not None and not self.validate(value):
            return None
        if holds_markers_only(value):
            return None
        return Match(first, last, self.category, self.name)


def longest_row(text: str) -> int:
    """Answer how many letters and digits stand in a row in `text` at the most; bytes, beyond ASCII."""
    return max(max(map(len, words), default=0) for words in words_in(flatten(text)))


def starts_word(text: str, position: int) -> bool:
    """Say whether no ASCII letter or digit stands before `position`, escape sequences aside."""
    if position == 0:
        return True
    before = text[position - 1]
    if not (before.isascii() and before.isalnum()):
        return True
    window = text[max(0, position - _LONGEST_ESCAPE) : position]
    return compile_pattern(_ESCAPE_AT_END).search(window) is not None


def holds_markers_only(text: str) -> bool:
    """Say whether nothing but our own markers, and punctuation between them, stands in `text`."""
    if URL_MARKER not in text:
        return False
    for start, end in reversed(marker_spans(text)):
        text = text[:start] + text[end:]
    return not any(character.isalnum() for character in text.replace(URL_MARKER, ""))


def _occurrences(text: str, needles: Sequence[str]) -> list[int]:
    positions = []
    for needle in needles:
        position = text.find(needle)
        while position >= 0:
            positions.append(position)
            position = text.find(needle, position + 1)
    if len(needles) > 1:
        positions.sort()
    return positions


@lru_cache(maxsize=64)
def digit_runs(shortest: int) -> re.Pattern[str]:
    """Compile what finds `shortest` digits with single separators between them.

    A longer run is found in pieces: `re` keeps a hundred bytes for each repeat of a group, so one
    match of a megabyte would take as many megabytes of memory.
    """
    return re.compile(rf"[0-9](?:[ \-./]?[0-9]){{{shortest - 1}}}")


MOST_DIGITS: Final = 64  # that a gate may ask for


def longer_digit_runs(shortest: int) -> re.Pattern[str]:
    """Compile what finds a run of `shortest` digits or more, whole up to `MOST_DIGITS`."""
    return re.compile(rf"[0-9](?:[ \-./]?[0-9]){{{max(shortest - 1, 0)},{MOST_DIGITS - 1}}}")


@lru_cache(maxsize=4096)  # several for each of hundreds of detectors
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a detector's pattern once, when it is first used."""
    return re.compile(pattern)
