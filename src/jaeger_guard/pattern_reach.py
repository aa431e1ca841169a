"""How many characters a regular expression looks ahead at the most, from where it begins to match.

Theory of operation. It is read off the source of the pattern, since `re` says nothing of it. The answer
is never too small: what is looked ahead at counts as read, a backreference as the longest that its group
takes, and what isn't understood as endless. What is looked behind at lies behind.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_VERBOSE: Final = int(re.VERBOSE)  # as a number: asking an `enum` takes a microsecond
_CLASS: Final = r"\[\^?\]?(?:\\.|[^\]\\])*+\]"
_WITHOUT_COMMENTS: Final = re.compile(rf"(\\.|{_CLASS})|\s++|\#[^\n]*+", re.DOTALL)
_TOKEN: Final = re.compile(
    rf"""\\(?P<number>[1-9])|\(\?P=(?P<reference>\w++)\)
    |\\.|{_CLASS}
    |\((?P<behind>\?<[=!])
    |\((?:\?P<(?P<name>\w++)>|(?P<uncounted>\?(?:\(\w++\)|[A-Za-z\-]*+:|[=!>]))|(?P<counted>(?!\?)))
    |(?P<closing>\))
    |(?P<bar>\|)
    |(?P<endless>[*+]|\{{[0-9]*+,\}})[+?]?
    |\{{(?:[0-9]*+,)?(?P<most>[0-9]++)\}}[+?]?
    |(?P<optional>\?)[+?]?
    |(?P<unknown>\()
    |(?P<character>.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class _Group:
    """An open group: its number and name, how long it is up to here, its last part and alternative."""

    number: str = ""
    name: str = ""
    is_behind: bool = False
    length: float = 0
    last: float = 0
    longest: float = 0

    def add(self, length: float) -> None:
        self.length += length
        self.last = length


def pattern_reach(pattern: re.Pattern[str]) -> float:
    """Return how far a pattern looks ahead, in characters; infinite where that isn't bounded."""
    return _reach(pattern.pattern, is_verbose=pattern.flags & _VERBOSE != 0)


@lru_cache(maxsize=4096)  # as many as detectors and formats have; a pattern's own hash is dearer
def _reach(source: str, *, is_verbose: bool) -> float:
    if is_verbose:
        source = _WITHOUT_COMMENTS.sub(r"\1", source)
    stack = [_Group()]
    known: dict[str, float] = {}  # groups that are closed, by number and by name
    count = 0
    for token in _TOKEN.finditer(source):
        group, kind = stack[-1], token.lastgroup
        if kind in ("name", "counted"):
            count += 1
            stack.append(_Group(str(count), token["name"] or ""))
        elif kind in ("uncounted", "behind"):
            stack.append(_Group(is_behind=kind == "behind"))
        elif kind == "closing" and len(stack) > 1:
            stack.pop()
            length = 0 if group.is_behind else max(group.length, group.longest)
            known[group.number] = known[group.name] = length
            stack[-1].add(length)
        elif kind == "bar":
            group.longest = max(group.length, group.longest)
            group.length = group.last = 0
        elif kind in ("number", "reference"):
            group.add(known.get(token[kind], math.inf))
        elif kind == "most":
            group.length += group.last * max(int(token["most"]) - 1, 0)
        elif kind == "endless":
            group.length += math.inf if group.last else 0
        elif kind in ("unknown", "closing"):
            return math.inf
        elif kind != "optional":
            group.add(1)
    return max(stack[0].length, stack[0].longest) if len(stack) == 1 else math.inf
