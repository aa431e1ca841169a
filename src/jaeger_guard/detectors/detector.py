"""What a detector is: an entry that finds one data category in text, with its own examples.

Theory of operation. A detector is looked for in three steps, cheapest first, so that adding the
200th costs little:

1. Its *gate* says what must occur in a text for it to be worth looking at: one of a few needles
   (found by `str.find`), or a run of digits. The scanner asks the gates of all detectors at once.
2. Its *pattern* is matched at the needle, never searched for: `match(text, position)`. Where
   characters before the needle belong to the finding (an e-mail address is found by its `@`), the
   needle names the alphabet that may stand before it, and how many of them.
3. Its *validator* decides with what a pattern can't express: check digits, lengths, alphabets.

Every repeat in a pattern is bounded, so time stays linear in the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from jaeger_guard.types import Match

_ASCII_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def ascii_lower(text: str) -> str:
    """Lower the ASCII letters of `text` alone, so that every index stays where it was."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needles:
    """A gate: the finding holds one of these literal texts.

    Attributes:
        texts: The literals; in lower case where `ignore_case` is set.
        ignore_case: Whether ASCII case is ignored.
        before: Characters that may stand before the needle and belong to the finding.
        reach: How many of `before` at the most.
    """

    texts: tuple[str, ...]
    ignore_case: bool = False
    before: str = ""
    reach: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitRun:
    """A gate: the finding lies in a run of digits with single separators (space, dash, dot, slash).

    Attributes:
        shortest: The fewest digits that a finding has.
    """

    shortest: int


@dataclass(frozen=True, slots=True)
class Example:
    """A text in which the detector finds `found`, and nothing else."""

    text: str
    found: str


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
        pattern: Source of a regular expression (`re`), matched where the gate points, with every
            repeat bounded. Where it has a group named `value`, that group alone is the finding.
        validate: Decides on the finding's text; None where the pattern says all.
        source: The document that defines the format.
        examples: At least one text with its finding, not made from the pattern.
        near_misses: At least one text without, and the reason.
    """

    name: str
    category: str
    gate: Needles | DigitRun
    pattern: str
    validate: Callable[[str], bool] | None = None
    source: str
    examples: tuple[Example, ...]
    near_misses: tuple[NearMiss, ...]

    def find(self, text: str) -> Iterator[Match]:
        """Yield the matches of this detector alone, in order, without overlaps."""
        compiled = compile_pattern(self.pattern)
        grouped = "value" in compiled.groupindex
        end = 0
        for start in self._starts(text):
            if start < end:
                continue
            found = compiled.match(text, start)
            if found is None:
                continue
            first, last = found.span("value" if grouped else 0)
            if first == last or (
                self.validate is not None and not self.validate(text[first:last])
            ):
                continue
            end = last
            yield Match(first, last, self.category, self.name)

    def _starts(self, text: str) -> Iterator[int]:
        gate = self.gate
        if isinstance(gate, DigitRun):
            for run in digit_runs(gate.shortest).finditer(text):
                yield from (
                    position
                    for position in range(run.start(), run.end() - gate.shortest + 1)
                    if position == 0 or not _word_before(text, position)
                )
            return
        lowered = ascii_lower(text) if gate.ignore_case else text
        positions = []
        for needle in gate.texts:
            position = lowered.find(needle)
            while position >= 0:
                positions.append(position)
                position = lowered.find(needle, position + 1)
        if len(gate.texts) > 1:
            positions.sort()
        if not gate.before:
            yield from positions
            return
        for position in positions:
            window = text[max(0, position - gate.reach) : position]
            yield position - (len(window) - len(window.rstrip(gate.before)))


def _word_before(text: str, position: int) -> bool:
    before = text[position - 1]
    return before.isalnum() and before.isascii()


@lru_cache(maxsize=64)
def digit_runs(shortest: int) -> re.Pattern[str]:
    """Compile what finds runs of at least `shortest` digits with single separators between them."""
    return re.compile(r"[0-9](?:[ \-./]?[0-9]){%d,}" % (shortest - 1))


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a detector's pattern once, when it is first used."""
    return re.compile(pattern)
