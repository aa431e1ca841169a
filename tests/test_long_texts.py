"""Long texts are searched in steps with the outcome of one search, and within a time limit."""

from __future__ import annotations

import importlib
import inspect
import math
import re
import sys
import threading
from collections.abc import Callable, Iterator
from re import _constants, _parser  # type: ignore[attr-defined]  # how `re` itself reads a pattern
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaeger_guard import long_texts
from jaeger_guard.detectors import DETECTORS
from jaeger_guard.detectors.detector import Needles
from jaeger_guard.long_texts import (
    OutOfTimeError,
    check_time,
    find_all,
    lines_of,
    search,
    split_all,
    within_time,
)
from jaeger_guard.pattern_reach import pattern_reach

PATTERNS = [
    re.compile(pattern)
    for pattern in (
        "ab",
        "a{1,9}b?",
        "(?<=a)b",
        r"a++",
        r"\ba{2,5}\b",
        r"a[ab]*+(?!c)",
        r"\S++",
        "[ab]{3}(?=c)",
        r"^a|c\Z",
    )
]


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps so small that a short text takes many."""
    monkeypatch.setattr(long_texts, "LONG", 12)
    monkeypatch.setattr(long_texts, "STEP", 7)
    monkeypatch.setattr(long_texts, "REACH", 10)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.pattern)
def test_steps_find_what_one_search_finds(pattern: re.Pattern[str], small_steps: None) -> None:
    """Wherever a match lies beside a step's end, it is found once, and with the same borders."""

    @given(st.text("aabc ", max_size=80), st.integers(0, 20))
    def check(text: str, start: int) -> None:
        expected = [found.span() for found in pattern.finditer(text, start)]
        assert [found.span() for found in find_all(pattern, text, start)] == expected
        first = search(pattern, text, start)
        assert (first and first.span()) == (expected[0] if expected else None)

    check()


def test_a_step_is_all_that_is_searched_at_once() -> None:
    """No call of `re` sees more of a megabyte than a step and its reach."""
    seen: list[int] = []

    class Watching:
        pattern, flags = "a", 0

        def search(self, text: str, start: int, end: int | None = None) -> None:
            seen.append((len(text) if end is None else end) - start)

        def finditer(self, text: str, start: int, end: int) -> list[re.Match[str]]:
            seen.append(end - start)
            return []

    pattern: Any = Watching()
    text = "a" * 1_000_000
    assert search(pattern, text) is None
    assert list(find_all(pattern, text)) == []
    assert len(seen) > 40
    assert max(seen) <= long_texts.SHORT_STEP + long_texts.SHORT_REACH


def furthest(parts: Any) -> float:
    """Return how many characters ahead a parsed pattern may look."""
    return sum(_ahead(str(kind), argument) for kind, argument in parts)


def _ahead(kind: str, argument: Any) -> float:
    if kind == "BRANCH":
        return max(map(furthest, argument[1]))
    if kind.endswith("REPEAT"):
        _, most, repeated = argument
        return furthest(repeated) * (float("inf") if most is _constants.MAXREPEAT else most)
    if kind == "SUBPATTERN":
        return furthest(argument[3])
    if kind.startswith("ASSERT"):
        return furthest(argument[1]) if argument[0] > 0 else 0
    if kind == "ATOMIC_GROUP":
        return furthest(argument)
    return 1


# They may be longer than all others, but needn't: what a step sees is found, and then read to its end.
OPEN_ENDED = {
    "content.token_look_alike",
    "credential.jwt",
    "credential.private_key_body",
    "credential.putty_key",
    "credential.ssh2_key",
}


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
def test_no_detector_looks_farther_than_a_step_sees(detector: Any) -> None:
    """What a step can't see the end of would be missed."""
    gate, patterns = detector.gate, [detector.pattern]
    if isinstance(gate, Needles):  # what is matched at needles alone sees the whole text
        patterns = [] if gate.before or gate.ignore_case else patterns
        patterns += [] if gate.leads else [gate.anchor]
    reach = max((furthest(_parser.parse(pattern)) for pattern in patterns), default=0)
    assert (reach > long_texts.REACH) == (detector.name in OPEN_ENDED)


def patterns_of(package: str) -> Iterator[re.Pattern[str]]:
    """Yield the patterns that a package's modules have, or answer when they are asked."""
    importlib.import_module(package)
    modules = [module for name, module in sys.modules.items() if name.startswith(package)]
    for each in {id(each): each for module in modules for each in vars(module).values()}.values():
        if isinstance(each, re.Pattern):
            yield each
        elif hasattr(each, "cache_info") and not inspect.signature(each).parameters:
            answer = each()
            if isinstance(answer, re.Pattern):
                yield answer


def test_no_pattern_looks_farther_than_is_read_off_it() -> None:
    """The reach that steps are made by is never less than what `re`'s own parser says."""
    patterns = {re.compile(detector.pattern) for detector in DETECTORS}
    patterns |= set(patterns_of("jaeger_guard.formats")) | set(patterns_of("jaeger_guard.scrubber"))
    assert len(patterns) > 500
    too_small = [
        pattern.pattern
        for pattern in patterns
        if pattern_reach(pattern) < furthest(_parser.parse(pattern.pattern, pattern.flags))
    ]
    assert too_small == []


@pytest.mark.parametrize(
    ("source", "reach"),
    [
        ("abc", 3),
        ("a{2,5}b?|c", 6),
        ("(?:ab|c{3}){2,4}+", 12),
        (r"(?<=abc)(?<!d)\w(?=xy)", 3),
        (r"[]a{9}](\(|[^\]]){3}", 4),
        (r"(?P<q>['\"]|``)x(?P=q)\1", 7),
        ("(?(1)abc|d)", 3),
        ("(?i:a){,7}", 7),
        (r"\{9\}a{3}?", 6),
        ("a+", math.inf),
        ("(?:a{1,3})*", math.inf),
        ("a{3,}", math.inf),
    ],
)
def test_the_reach_of_a_pattern(source: str, reach: float) -> None:
    """Repeats count as often as they may, groups by their longest alternative."""
    assert pattern_reach(re.compile(source if "(1)" not in source else f"(){source}")) == reach


def test_comments_of_a_pattern_count_for_nothing() -> None:
    """What a verbose pattern says for its readers is no part of it."""
    pattern = re.compile("a {2} # it's [one\n [ #] \\# b", re.VERBOSE)
    assert pattern_reach(pattern) == 5


class Clock:
    """The thread's CPU time, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that the limit looks at."""
    clock = Clock()
    monkeypatch.setattr(long_texts, "thread_time", clock)
    monkeypatch.setattr(long_texts, "perf_counter", clock)
    return clock


def work_for(clock: Clock, seconds: float) -> Callable[[], str]:
    """Return work that takes so long, and asks for the time at its end."""

    def work() -> str:
        clock.now += seconds
        check_time()
        return "done"

    return work


def test_work_ends_when_its_time_is_up(clock: Clock) -> None:
    """Whoever asks after the limit is sent home; whoever asks before goes on."""
    assert within_time(work_for(clock, long_texts.MOST_SECONDS * 0.9)) == "done"
    with pytest.raises(OutOfTimeError):
        within_time(work_for(clock, long_texts.MOST_SECONDS * 1.1))


def test_time_that_passes_without_work_is_no_work(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While other threads run, or the machine sleeps, a value's time doesn't."""
    wall = Clock()
    monkeypatch.setattr(long_texts, "perf_counter", wall)

    def interrupted() -> str:
        for _ in range(3):
            wall.now += 1000
            clock.now += long_texts.MOST_SECONDS * 0.3
            check_time()
        return "done"

    assert within_time(interrupted) == "done"

    def slow() -> None:
        interrupted()
        clock.now += long_texts.MOST_SECONDS * 0.2
        wall.now += 1
        check_time()

    with pytest.raises(OutOfTimeError):
        within_time(slow)


def test_each_value_has_its_own_time(clock: Clock) -> None:
    """A value that used its time up takes none from the next; outside, there is no limit."""
    with pytest.raises(OutOfTimeError):
        within_time(work_for(clock, 100))
    assert within_time(work_for(clock, 0)) == "done"
    assert work_for(clock, 100)() == "done"


def test_a_part_has_what_is_left_of_the_whole(clock: Clock) -> None:
    """A long text in a list doesn't start the list's time anew."""
    part = work_for(clock, long_texts.MOST_SECONDS * 0.7)

    def whole() -> list[str]:
        return [within_time(part) for _ in range(2)]

    with pytest.raises(OutOfTimeError):
        within_time(whole)


def test_threads_have_clocks_of_their_own(clock: Clock) -> None:
    """One thread's limit is none for another."""
    answers: list[str] = []

    def other() -> str:
        thread = threading.Thread(target=lambda: answers.append(work_for(clock, 100)()))
        thread.start()
        thread.join()
        return "joined"

    assert within_time(other) == "joined"
    assert answers == ["done"]


@pytest.mark.usefixtures("small_steps")
def test_searching_asks_for_the_time(clock: Clock) -> None:
    """A search through a long text is broken off between two steps."""
    pattern = re.compile("b")

    def slow() -> object:
        clock.now += 100
        return search(pattern, "a" * 100)

    with pytest.raises(OutOfTimeError):
        within_time(slow)


@pytest.mark.usefixtures("small_steps")
@given(st.text(alphabet="ab;", max_size=200))
def test_a_long_text_is_split_as_a_short_one(text: str) -> None:
    """Splitting in steps gives the same pieces."""
    assert list(split_all(text, ";")) == text.split(";")


@pytest.mark.usefixtures("small_steps")
@given(st.text(alphabet="ab\n\r\x0b\x1c\x85\u2028 ", max_size=200))
def test_lines_of_a_long_text_are_those_of_a_short_one(text: str) -> None:
    """Whatever ends a line, and wherever it lies beside a step's end."""
    assert list(lines_of(text)) == text.splitlines(keepends=True)
