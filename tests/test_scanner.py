"""The scanner finds what the detectors find when they are asked one by one, only faster."""

from __future__ import annotations

import importlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from growth import assert_linear, repeated
from jaeger_guard.detectors import Detector, installed_detectors
from jaeger_guard.detectors.detector import Example, NearMiss, Needles, Shape
from jaeger_guard.long_texts import LONG, STEP
from jaeger_guard.scanner import Scanner, reference_find, resolve_overlaps
from jaeger_guard.types import Match

DETECTORS = installed_detectors()

SCANNER = Scanner(DETECTORS)
EXAMPLES = tuple(example.text for detector in DETECTORS for example in detector.examples)
NEAR_MISSES = tuple(miss.text for detector in DETECTORS for miss in detector.near_misses)
NEEDLES = tuple(
    sorted(
        {
            needle
            for detector in DETECTORS
            if isinstance(detector.gate, Needles)
            for needle in detector.gate.texts
        }
    )
)
PIECES = st.one_of(
    st.sampled_from(EXAMPLES),
    st.sampled_from(NEAR_MISSES),
    st.sampled_from(NEEDLES),
    st.text(max_size=12),
    st.text("0123456789 -./", max_size=24),
    st.sampled_from(
        ["\x00", "\u200b", "\u202e", "\uff11\uff12", "\u0664", " ", "=", "@", "\ufeff"]
    ),
)
TEXTS = st.lists(PIECES, max_size=6).map("".join)


def full_width(text: str) -> str:
    """Write the digits of `text` as a Japanese keyboard may."""
    return text.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
def test_every_example_is_found(detector: Detector) -> None:
    """Behind the joint gate, each detector still finds its own examples, and they are suspects."""
    for example in detector.examples:
        found = SCANNER.find(example.text)
        assert found == reference_find(DETECTORS, example.text)
        assert any(
            match.detector == detector.name
            and example.text[match.start : match.end] == example.found
            for match in found
        )
        assert {
            number for number, each in enumerate(DETECTORS) if each is detector
        } <= SCANNER.opened(example.text)


@pytest.mark.parametrize("disguise", ["\u200b", "\u2060", "\u202e", "\ufeff"])
def test_invisible_characters_hide_nothing(disguise: str) -> None:
    """A card with an invisible character between its digits is found, with that character."""
    card = f"4111 1111{disguise} 1111 1111"
    [match] = [
        found for found in SCANNER.find(f"pay {card} now") if found.detector.endswith("card")
    ]
    assert f"pay {card} now"[match.start : match.end] == card


DASHES = ("\u2010", "\u2011", "\u2013", "\u2212")
SPACES = ("\u00a0", "\u202f")


@pytest.mark.parametrize(
    ("written", "detector", "separator"),
    [
        *(("4111-1111-1111-1111", "financial.card", each) for each in DASHES + SPACES),
        *(("+49-170-1234567", "contact.phone_international", each) for each in DASHES + SPACES),
        *(("536-22-8726", "identity.us_ssn", each) for each in DASHES),
    ],
)
def test_dashes_of_word_processors_are_dashes(written: str, detector: str, separator: str) -> None:
    """Whatever dash or fixed space stands between its groups, a number is found where it stands."""
    number = written.replace("-", separator)
    text = f"no. {number} ok"
    found = [match for match in SCANNER.find(text) if match.detector == detector]
    assert [text[match.start : match.end] for match in found] == [number]


def test_full_width_digits_are_digits() -> None:
    """A card typed in full-width digits is found where it stands."""
    card = full_width("4111111111111111")
    [match, *_] = SCANNER.find(f"no. {card}.")
    assert f"no. {card}."[match.start : match.end] == card


def test_invisible_space_ends_a_word() -> None:
    """A token behind letters and a zero-width space is found, though both together look like one
    word."""
    token = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    text = f"id\u200b{token}"
    assert any(text[found.start : found.end] == token for found in SCANNER.find(text))


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_find_equals_the_reference(text: str) -> None:
    """Whatever the text, the fast search finds exactly what the detectors find one by one."""
    assert SCANNER.find(text) == reference_find(DETECTORS, text)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_a_gate_is_opened_where_it_admits(text: str) -> None:
    """The joint gate opens for just those detectors whose own gate admits the text."""
    admitting = {number for number, detector in enumerate(DETECTORS) if detector.gate.admits(text)}
    assert SCANNER.opened(text) == admitting


ASCII_TEXTS = TEXTS.map(lambda text: text.encode("ascii", "ignore").decode())


@settings(max_examples=200, deadline=None)
@given(st.lists(ASCII_TEXTS, min_size=1, max_size=4))
def test_texts_that_are_gated_at_once_are_searched_alike(texts: list[str]) -> None:
    """Of several texts, the suspects of all find in each what is found in it by itself."""
    suspects = SCANNER.suspects("\n".join(texts))
    for text in texts:
        assert SCANNER.find_by(suspects, text) == SCANNER.find(text)


@pytest.mark.parametrize(
    "beside", ["", "7", "a", "Z9", "-", "/x", "= ", "no", "12/", "@", '"', ")"]
)
def test_no_line_shuts_the_gate_of_another(beside: str) -> None:
    """Each example opens its gates between other texts, too: a gate looks for no end of a text."""
    for text in (*EXAMPLES, *NEAR_MISSES):
        if text.isascii():
            assert SCANNER.opened(text) <= set(SCANNER.suspects("\n".join([beside, text, beside])))


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.text("abcABC_-.7@", min_size=1, max_size=6), min_size=1, max_size=12),
    st.booleans(),
    st.lists(st.text("abcABC_-.7@", max_size=8), max_size=4),
)
def test_any_needles_are_located(needles: set[str], ignore_case: bool, pieces: list[str]) -> None:
    """Whatever its needles are, and however they overlap, a gate opens where one of them stands."""
    lowered = {needle.lower() if ignore_case else needle for needle in needles}
    detectors = [needle_detector(needle, ignore_case=ignore_case) for needle in sorted(lowered)]
    scanner = Scanner(detectors)
    for text in (*pieces, "".join(pieces), *needles, "".join(needles)):
        assert scanner.opened(text) == {
            number for number, detector in enumerate(detectors) if detector.gate.admits(text)
        }


def needle_detector(needle: str, *, ignore_case: bool) -> Detector:
    return Detector(
        name="test.needle",
        category="identity.national_id",
        gate=Needles(texts=(needle,), ignore_case=ignore_case),
        pattern="x",
        source="this test",
        examples=(),
        near_misses=(),
    )


def test_long_text_is_gated_alike() -> None:
    """A needle opens its gate in a long text too, wherever it stands between the steps."""
    token = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    for before in (0, LONG, STEP - 3, STEP - 2, STEP - 1, STEP, 3 * STEP - 2):
        text = "." * before + token + "." * STEP
        assert SCANNER.opened(text) >= SCANNER.opened(token)


def test_nothing_opens_for_nothing() -> None:
    """Words, routes and the like open no gate at all."""
    for text in ("", "GET", "/users", "checkout", "SELECT shop", "\x00", "Mozilla/5.0"):
        assert SCANNER.opened(text) == set()


def test_scanner_without_detectors_finds_nothing() -> None:
    """A policy may look for nothing at all."""
    assert Scanner([]).find("ana@shop.example.com") == []
    assert Scanner([]).opened("ana@shop.example.com") == set()


def test_common_needle_needs_its_anchor() -> None:
    """A needle that is common alone opens no gate; beside its anchor it does."""
    anchored = [
        detector
        for detector in DETECTORS
        if isinstance(detector.gate, Needles) and detector.gate.anchor
    ]
    scanner = Scanner(anchored[:1])
    needle = anchored[0].gate.texts[0]  # type: ignore[union-attr]  # filtered above
    assert scanner.opened(f"x {needle} y") == set()
    assert scanner.opened(anchored[0].examples[0].text) == {0}


def test_shape_opens_for_its_own_texts() -> None:
    """What has no literal is found by a shape that its detectors share, in no other text."""
    pattern = "[A-Z]{6}[0-9]{2}"
    shaped = [
        Detector(
            name=f"test.shaped_{letter.lower()}",
            category="identity.national_id",
            gate=Shape(pattern=pattern),
            pattern=f"{pattern}{letter}",
            source="this test",
            examples=(Example(f"ABCDEF12{letter}", found=f"ABCDEF12{letter}"),),
            near_misses=(NearMiss("ABCDEF", because="no digits"),),
        )
        for letter in "XY"
    ]
    scanner = Scanner(shaped)
    assert [scanner.opened(text) for text in ("SELECT 1", "id ABCDEF12Y", "ABCDEF")] == [
        set(),
        {0, 1},
        set(),
    ]
    assert [found.detector for found in scanner.find("ABCDEF12Y")] == ["test.shaped_y"]
    assert scanner.find("ABCDEF12Y") == reference_find(shaped, "ABCDEF12Y")
    assert Scanner(shaped).find("ABCDEF1") == []


@pytest.mark.parametrize("text", ["a", "@", "1 ", '"', "%", "(", "4111 ", "eyJ", "a@", "\uff11"])
def test_gates_take_linear_time(text: str) -> None:
    """Up to a million hostile characters, the gates take time in proportion to them."""
    assert_linear(lambda size: SCANNER.opened(repeated(text, size)))


def match(start: int, end: int, name: str = "x") -> Match:
    return Match(start, end, "contact.email", name)


def test_longer_match_wins() -> None:
    """Of two that overlap, the longer is chosen, and what doesn't touch it stays."""
    short, long, other = match(0, 4), match(2, 9), match(9, 11)
    assert resolve_overlaps([(short, 9), (other, 1), (long, 1)]) == [long, other]


def test_of_equally_long_the_more_protective_wins() -> None:
    """Where two overlap and are as long, the action that protects more decides."""
    mild, strict = match(0, 4, "mild"), match(2, 6, "strict")
    assert resolve_overlaps([(mild, 1), (strict, 5)]) == [strict]
    assert resolve_overlaps([(strict, 1), (mild, 5)]) == [mild]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 8), st.integers(0, 3)).map(
            lambda drawn: (match(drawn[0], drawn[0] + drawn[1]), drawn[2])
        )
    )
)
def test_chosen_matches_never_overlap(pairs: list[tuple[Match, int]]) -> None:
    """What is chosen is in order and disjoint, and everything left out touches something chosen."""
    chosen = resolve_overlaps(pairs)
    for before, after in pairwise(chosen):
        assert before.end <= after.start
    for left_out, _ in pairs:
        assert any(left_out.start < taken.end and taken.start < left_out.end for taken in chosen)


@pytest.mark.parametrize(
    "detector",
    [each for each in DETECTORS if isinstance(each.gate, Needles) and each.gate.shortest],
    ids=lambda detector: detector.name,
)
def test_no_match_of_an_anchor_is_shorter_than_it_says(detector: Detector) -> None:
    """A text that is too short for an anchor isn't searched for it, and could not hold it."""
    assert isinstance(detector.gate, Needles)
    parsed = importlib.import_module("re._parser").parse(detector.gate.anchor)
    assert detector.gate.shortest <= parsed.getwidth()[0]
