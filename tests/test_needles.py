"""What is remembered of words: those that were met twice, within a bound, and nothing longer."""

from __future__ import annotations

import random

import pytest

from jaeger_guard import needles
from jaeger_guard.detectors.detector import flatten, words_in
from jaeger_guard.needles import NeedleIndex


def index_of(*needles: str) -> NeedleIndex:
    return NeedleIndex({(needle, False): {number} for number, needle in enumerate(needles)}, {})


def told(index: NeedleIndex, text: str) -> set[int]:
    found = index.told(frozenset())
    for words in words_in(flatten(text)):
        index.tell(words, found)
    return found


def test_a_word_that_comes_once_is_not_held() -> None:
    """What stands in one text alone, as a password does, is remembered nowhere; what comes again is."""
    index = index_of("ghp_", "token")
    told(index, "the Hunter-two")
    assert b"hunter" not in index._dull.young
    assert b"hunter" not in index._telling.young
    told(index, "a hunter again")
    assert b"hunter" in index._dull.young


def test_a_long_word_is_never_held() -> None:
    """A token is longer than what is remembered, however often it comes."""
    index = index_of("ghp")
    token = "ghpA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5"
    for _ in range(4):
        assert told(index, f"x {token} y") == {0}
    assert not any(len(word) > 24 for word in (*index._dull.young, *index._telling.young))


def test_words_are_forgotten_within_a_bound() -> None:
    """Whatever number of words comes, what is held of them stays below a megabyte."""
    index = index_of("ghp_", "key")
    rng = random.Random(1)
    for _ in range(30):
        words = ["".join(rng.choices("abcdefghijklmnop", k=12)) for _ in range(1000)]
        for _ in range(2):
            told(index, " ".join(words))
    assert len(index._dull) * (150 + 12) <= 512 * 1024
    assert len(index._met) <= 4096


def test_what_is_known_of_words_says_what_a_look_says() -> None:
    """A needle is told by words that are new, met once, and known."""
    index = index_of("sk-or-", "AKIA", "two words", "1000.", "@", "né le")
    for text, expected in (
        ("a sk-or-v1 b", {0}),
        ("xAKIA0", {1}),
        ("in two wordsy", {2}),
        ("31000.5", {3}),
        ("né le 3", {5}),
        ("nothing of these", set()),
    ):
        for _ in range(4):
            found, _ = index.occurring(
                text,
                text.lower(),
                told(index, text) | {4},
                frozenset(text.encode()),
                digits=True,
            )
            assert found == expected


@pytest.mark.parametrize("offset", range(9))
def test_a_needle_beside_a_step_is_seen(monkeypatch: pytest.MonkeyPatch, offset: int) -> None:
    """Many new words are looked at in steps, wherever a needle lies in them."""
    monkeypatch.setattr(needles, "STEP", 8)
    monkeypatch.setattr(needles, "OVERLAP", 6)
    index = index_of("ghp_", "token")
    assert index._needles_in(b" a bcd efgh ijkl mnop " * 4) == ()
    assert index._needles_in(b"x" * offset + b" token " + b"y" * 20) == (1,)


def test_nothing_is_learnt_where_that_is_not_wanted() -> None:
    """Words of a long text tell what they tell, and aren't remembered: they would push out others."""
    index = index_of("ghp_", "token")
    for _ in range(3):
        found: set[int] = set()
        index.tell({b"xtokens", b"hunter"}, found, learn=False)
        assert found == {1}
    assert not len(index._dull)
    assert not len(index._telling)
    assert not len(index._met)
