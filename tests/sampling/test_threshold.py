"""Thresholds, randomness and tracestate are those of OpenTelemetry's specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace.span import TraceState

from jaeger_guard.sampling.threshold import (
    NEVER,
    OT,
    OtMember,
    format_threshold,
    probability_of,
    threshold_of,
    with_members,
)

# "TraceState: Probability Sampling", the table of 1-in-N probabilities, precision 4.
VECTORS = [
    (1, "0"),
    (2, "8"),
    (3, "aaab"),
    (4, "c"),
    (5, "cccd"),
    (8, "e"),
    (10, "e666"),
    (16, "f"),
    (100, "fd70a"),
    (1000, "ffbe77"),
    (10000, "fff9724"),
    (100000, "ffff583a"),
    (1000000, "ffffef39"),
]


@pytest.mark.parametrize(("number", "text"), VECTORS)
def test_thresholds_of_the_specification(number: int, text: str) -> None:
    """The threshold of 1/N is written as the specification's table has it, with four digits."""
    assert format_threshold(threshold_of(1 / number)) == text


@pytest.mark.parametrize(
    ("probability", "threshold"),
    [(0.0, NEVER), (2.0**-57, NEVER), (1.0, 0), (0.5, 1 << 55), (0.75, 1 << 54)],
)
def test_ends_of_the_range(probability: float, threshold: int) -> None:
    """All, none, and what is too little for 56 bits."""
    assert threshold_of(probability) == threshold


@given(st.floats(2.0**-40, 1.0))
def test_a_threshold_is_near_its_probability(probability: float) -> None:
    """Four digits leave an error of less than a thousandth of the threshold's own scale."""
    threshold = threshold_of(probability)
    assert 0 <= threshold < NEVER
    assert probability_of(threshold) == pytest.approx(probability, rel=0.01, abs=2.0**-16)
    assert int(format_threshold(threshold).ljust(14, "0"), 16) == threshold


@pytest.mark.parametrize(
    ("text", "threshold", "randomness", "rest"),
    [
        ("th:8", 1 << 55, None, ()),
        ("th:0", 0, None, ()),
        ("rv:6e6d1a75832a2f", None, 0x6E6D1A75832A2F, ()),
        ("th:c;rv:d0000000000000;a:1;b:2", 0xC << 52, 0xD << 52, ("a:1", "b:2")),
        ("a:1;th:8", 1 << 55, None, ("a:1",)),
        ("th:", None, None, ()),
        ("th:123456789012345", None, None, ()),
        ("th:G", None, None, ()),
        ("th:+8", None, None, ()),
        ("rv:1", None, None, ()),
        ("rv:0_0000000000000", None, None, ()),
        ("rv:6E6D1A75832A2F", None, None, ()),
        ("x" * 300, None, None, ()),
        ("", None, None, ()),
    ],
)
def test_reading_the_member(
    text: str, threshold: int | None, randomness: int | None, rest: tuple[str, ...]
) -> None:
    """What is well-formed is read, what isn't counts as absent, other keys stay."""
    state = TraceState([(OT, text)]) if text and len(text) < 257 else None
    assert OtMember.read(state) == OtMember(threshold, randomness, rest)


def test_writing_the_member() -> None:
    """th and rv come first, others stay in order, and what doesn't fit goes from the end."""
    assert OtMember(1 << 55, 5, ("a:1", "b:2")).text() == "th:8;rv:00000000000005;a:1;b:2"
    assert OtMember().text() == ""
    long = OtMember(0, None, tuple(f"k{number}:{'v' * 20}" for number in range(20))).text()
    assert len(long) <= 256
    assert long.startswith("th:0;k0:")


def test_other_vendors_stay_in_order() -> None:
    """What is changed stands first; others keep their order; an empty text removes."""
    state = TraceState([("a", "1"), (OT, "th:8"), ("b", "2")])
    assert with_members(state, {OT: "th:c"}).to_header() == "ot=th:c,a=1,b=2"
    assert with_members(state, {OT: ""}).to_header() == "a=1,b=2"
    assert with_members(None, {OT: "th:0", "x": ""}).to_header() == "ot=th:0"


def test_ours_is_never_what_does_not_fit() -> None:
    """Where there are too many members, or too long ones, others' go, the last one first."""
    many = TraceState([(f"v{number}", "1") for number in range(32)])
    changed = with_members(many, {OT: "th:8"})
    assert len(changed) == 32
    assert next(iter(changed)) == OT
    assert "v31" not in changed
    long = TraceState([("a", "x" * 200), ("b", "x" * 200), ("c", "x" * 100)])
    assert list(with_members(long, {OT: "th:8"})) == [OT, "a", "b"]
    assert len(with_members(long, {OT: "th:8"}).to_header()) <= 512
    # A member that is taken off keeps no place for one of somebody else's.
    longest = TraceState([("a" * 256, "x" * 256), (OT, "th:8")])
    assert with_members(longest, {OT: "", "jaeger_guard": "r"}).to_header() == "jaeger_guard=r"
