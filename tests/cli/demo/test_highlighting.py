"""Pieces of a value: nothing of it is lost, and what matters is told apart."""

from __future__ import annotations

import pytest

from jaeger_guard.cli.demo.highlighting import (
    Piece,
    Role,
    abridged,
    differences,
    plain_pieces,
)
from jaeger_guard.cli.demo.planted import CARD, EMAIL


def joined(pieces: list[Piece]) -> str:
    """Put pieces together again."""
    return "".join(piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("without", "left"),
    [
        (f"no card {CARD.value} of {EMAIL.value}", "no card [REDACTED:financial.card] of REDACTED"),
        ("", "x"),
        ("x", ""),
        ("a " * 5000, "b " * 5000),
    ],
)
def test_pieces_make_up_the_values(without: str, left: str) -> None:
    """Both sides are shown whole."""
    before, after = differences(without, left)
    assert (joined(before), joined(after)) == (without, left)


def test_planted_and_marker_are_told_apart() -> None:
    """On the left the planted value stands out, on the right what stands in its place."""
    before, after = differences(f"mail {EMAIL.value} now", "mail [REDACTED:contact.email] now")
    assert before == [
        Piece("mail ", Role.SAME),
        Piece(EMAIL.value, Role.PLANTED),
        Piece(" now", Role.SAME),
    ]
    assert after[1] == Piece("[REDACTED:contact.email]", Role.PUT_THERE)


def test_a_leak_stands_out_on_the_right() -> None:
    """A planted value that left is shown as one."""
    _, after = differences(EMAIL.value, EMAIL.value)
    assert after == [Piece(EMAIL.value, Role.PLANTED)]
    assert plain_pieces(EMAIL.value) == after


def test_abridging_keeps_what_matters() -> None:
    """Only long stretches of no interest are cut, at whole lines or words, and it is said."""
    trace = "\n".join(f"line {number}" for number in range(100))
    text = f"{trace}\ncard {CARD.value}\n{trace}"
    pieces = abridged(plain_pieces(text), 60)
    assert [piece.role for piece in pieces] == [Role.SAME, Role.PLANTED, Role.SAME]
    assert pieces[1].text == CARD.value
    assert pieces[0].text.startswith("…\nline 9")
    assert pieces[0].text.endswith("line 99\ncard ")
    assert pieces[2].text.startswith("\nline 0\n")
    assert pieces[2].text.endswith("\n…")
    assert len(joined(pieces)) < 400


def test_short_values_are_not_abridged() -> None:
    """What fits stays as it is."""
    pieces = plain_pieces(f"card {CARD.value}")
    assert abridged(pieces, 60) == pieces
