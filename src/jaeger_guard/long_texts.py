"""Look through long texts in steps and within a time limit, so that no value holds a process up.

Theory of operation. `re` holds the interpreter's lock from the start of a search to its end, and can't
be interrupted: over a megabyte that is tens of milliseconds in which no other thread runs. So whatever
searches a text that may be long does it by `search` and `find_all` here. A short text, which nearly
all are, is handed to `re` as it is. A long one is searched in steps of `STEP` characters; between two
of them the interpreter may switch threads, and the clock is looked at.

A step sees `REACH` characters beyond its end, so that a match may begin in one and end in the next,
and it only takes what begins before its end. A pattern that looks no farther ahead than `REACH`
therefore finds what one search would find. So does one that may go on for longer, but needn't: what
reaches into the next step is matched once more with all that follows. Most patterns look a few dozen
characters ahead, which `pattern_reach` says of them, and get shorter steps: a hostile text makes
some look as far as they can from each of its characters, and that takes fifty times as long.

The clock is the CPU time of the thread, and not the wall: a busy machine, a suspended one and a
debugger must not decide what is withheld. Reading it is a call of the system; the wall's is not, and
a thread uses no more CPU than time passes, so the wall's clock says when to look at the other.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter, thread_time
from typing import Final, TypeVar

from jaeger_guard.pattern_reach import pattern_reach

LONG: Final = 16_384  # characters; a text up to this length is searched at once
STEP: Final = 32_768  # about a millisecond of `re`
REACH: Final = 8_448  # the farthest that a pattern looks ahead: a bearer token of 8 KiB
SHORT_STEP: Final = 4_096
SHORT_REACH: Final = 640  # of the patterns that get short steps
# Of CPU, for one value: four times what the SDK takes to encode a megabyte of spans.
MOST_SECONDS: Final = 0.3
BETWEEN_CHECKS: Final = 256  # characters, tokens or lines

# Where `str.splitlines` ends a line.
_LINE_END: Final = re.compile("\\r\\n|[\\n\\r\\x0b\\x0c\\x1c-\\x1e\\x85\\u2028\\u2029]")

_Answer = TypeVar("_Answer")


class OutOfTimeError(Exception):
    """A value took all the time that one may; it is withheld, and this never leaves the scrubber."""


class _Clock(threading.local):
    ends = math.inf  # in seconds of the thread's CPU time
    looks = math.inf  # when that may be reached, in seconds of the wall's clock


_CLOCK: Final = _Clock()


def within_time(work: Callable[[], _Answer]) -> _Answer:
    """Return what `work` answers; a part of a value gets what is left of the whole value's time.

    Raises:
        OutOfTimeError: The work asked `check_time` when its time was up.
    """
    if _CLOCK.ends != math.inf:
        return work()
    _CLOCK.ends = thread_time() + MOST_SECONDS
    _CLOCK.looks = perf_counter() + MOST_SECONDS
    try:
        return work()
    finally:
        _CLOCK.ends = _CLOCK.looks = math.inf


def is_timed() -> bool:
    """Say whether this thread works on a value whose time runs."""
    return _CLOCK.ends != math.inf


def check_time() -> None:
    """Ask whether there is time left; whoever works on a part of a long text asks now and then.

    Raises:
        OutOfTimeError: The time is up.
    """
    if _CLOCK.looks == math.inf or (now := perf_counter()) < _CLOCK.looks:
        return
    left = _CLOCK.ends - thread_time()
    if left < 0:
        raise OutOfTimeError
    _CLOCK.looks = now + left


def search(pattern: re.Pattern[str], text: str, start: int = 0) -> re.Match[str] | None:
    """Return what `pattern.search(text, start)` does."""
    length = len(text)
    if length - start <= LONG:
        return pattern.search(text, start)
    step, reach = _step_of(pattern)
    while length - start > step:
        check_time()
        border = start + step
        seen = border + reach
        found = pattern.search(text, start, seen)
        if found is None or (found.start() >= border and seen < length):
            start = border
        elif found.end() <= border or seen >= length:
            return found
        else:
            found = pattern.match(text, start := found.start())
            if found is not None:
                return found
            start += 1
    return pattern.search(text, start)


def _step_of(pattern: re.Pattern[str]) -> tuple[int, int]:
    """Answer in which steps a pattern searches, and how far it sees beyond each."""
    reach = pattern_reach(pattern)
    return (min(SHORT_STEP, STEP), int(reach)) if reach <= SHORT_REACH else (STEP, REACH)


def find_all(pattern: re.Pattern[str], text: str, start: int = 0) -> Iterator[re.Match[str]]:
    """Return what `pattern.finditer(text, start)` does, for a pattern that never matches nothing."""
    if len(text) - start <= LONG:
        return pattern.finditer(text, start)
    return _in_steps(pattern, text, start)


def read_all(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Return what `pattern.finditer(text)` does, for a pattern that takes every character.

    Each of its matches is short work, whatever lies ahead; so they need a clock alone.
    """
    found = pattern.finditer(text)
    return found if len(text) <= LONG else _timed(found)


def holds_any(text: str, signs: Iterable[str]) -> bool:
    """Say whether one of a few texts stands in `text`; between two, other threads may run."""
    for sign in signs:  # noqa: SIM110 - so they may not in a generator that C runs
        if sign in text:
            return True
    return False


def timed(pieces: Sequence[str]) -> Iterable[str]:
    """Return the same pieces, such as lines; the clock is looked at between them where they are many."""
    return pieces if len(pieces) <= BETWEEN_CHECKS else _counted(pieces)


def split_all(text: str, separator: str) -> Iterable[str]:
    """Return what `text.split(separator)` does; of a long text, a step of it at a time."""
    return text.split(separator) if len(text) <= LONG else _split_in_steps(text, separator)


def lines_of(text: str) -> Iterable[str]:
    """Return what `text.splitlines(keepends=True)` does; of a long text, a step of it at a time."""
    return text.splitlines(keepends=True) if len(text) <= LONG else _lines_in_steps(text)


def _lines_in_steps(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        check_time()
        found = _LINE_END.search(text, start + SHORT_STEP)
        end = len(text) if found is None else found.end()
        yield from timed(text[start:end].splitlines(keepends=True))
        start = end


def _split_in_steps(text: str, separator: str) -> Iterator[str]:
    start = 0
    while True:
        check_time()
        end = text.find(separator, start + STEP)
        if end < 0:
            yield from timed(text[start:].split(separator))
            return
        yield from timed(text[start:end].split(separator))
        start = end + len(separator)


def _counted(pieces: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(pieces), BETWEEN_CHECKS):
        check_time()
        yield from pieces[start : start + BETWEEN_CHECKS]


def _timed(found: Iterator[re.Match[str]]) -> Iterator[re.Match[str]]:
    next_check = 0
    for each in found:
        if each.start() >= next_check:
            check_time()
            next_check = each.start() + BETWEEN_CHECKS
        yield each


def _in_steps(pattern: re.Pattern[str], text: str, start: int) -> Iterator[re.Match[str]]:
    length = len(text)
    step, reach = _step_of(pattern)
    while start < length:
        check_time()
        border = min(start + step, length)
        seen = min(border + reach, length)
        following = border
        for found in pattern.finditer(text, start, seen):
            if found.start() >= border:
                break
            if found.end() > border and seen < length:
                whole = pattern.match(text, found.start())
                following = found.start() + 1 if whole is None else whole.end()
                if whole is not None:
                    yield whole
                break
            yield found
            following = max(border, found.end())
        start = following
