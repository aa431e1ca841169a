"""Cuts a value of both runs into pieces, each with what is to be said about it."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import Enum, auto
from itertools import groupby
from typing import Final

from jaeger_guard.cli.demo.planted import stretches

_WORDS: Final = re.compile(r"\[REDACTED:[a-z_.]{1,99}\]|\w{1,999}|\s{1,999}|[^\w\s]")
_MOST_WORDS: Final = 4000  # difflib's time grows with the square


class Role(Enum):
    """What a piece of a value is."""

    SAME = auto()
    PLANTED = auto()
    REMOVED = auto()
    PUT_THERE = auto()


SAME: Final = Role.SAME


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text."""

    text: str
    role: Role


def differences(without: str, left: str) -> tuple[list[Piece], list[Piece]]:
    """Cut both sides up: what was taken out of the one, what stands there in the other."""
    before, after = _WORDS.findall(without), _WORDS.findall(left)
    old = [SAME] * len(without)
    new = [SAME] * len(left)
    if max(len(before), len(after)) <= _MOST_WORDS:
        ends_before, ends_after = _ends(before), _ends(after)
        matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
        for what, first, last, other_first, other_last in matcher.get_opcodes():
            if what != "equal":
                _paint(old, ends_before[first], ends_before[last], Role.REMOVED)
                _paint(new, ends_after[other_first], ends_after[other_last], Role.PUT_THERE)
    for start, end in stretches(without):
        _paint(old, start, end, Role.PLANTED)
    for start, end in stretches(left):  # a leak
        _paint(new, start, end, Role.PLANTED)
    return _pieces(without, old), _pieces(left, new)


def plain_pieces(text: str) -> list[Piece]:
    """Cut up a text that has no counterpart: only what was planted is told apart."""
    roles = [SAME] * len(text)
    for start, end in stretches(text):
        _paint(roles, start, end, Role.PLANTED)
    return _pieces(text, roles)


def abridged(pieces: list[Piece], around: int) -> list[Piece]:
    """Leave out the middle of long stretches of no interest, about `around` characters away."""
    last = len(pieces) - 1
    return [
        Piece(_abridged(piece.text, around if number else 0, around if number < last else 0), SAME)
        if piece.role is SAME and len(piece.text) > 3 * around
        else piece
        for number, piece in enumerate(pieces)
    ]


def _abridged(text: str, before: int, after: int) -> str:
    """Keep so much at either end, up to the next whole word, or line where there are lines."""
    head, tail = text[:before], text[len(text) - after :]
    omitted = text[before : len(text) - after]
    between = "\n" if "\n" in omitted else " "
    more, found, _ = omitted.partition(between)
    if head and found and len(more) < before:
        head += more
    _, found, more = omitted.rpartition(between)
    if tail and found and len(more) < after:
        tail = more + tail
    return between.join(part for part in (head, "…", tail) if part)


def _ends(words: list[str]) -> list[int]:
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    return ends


def _paint(roles: list[Role], start: int, end: int, role: Role) -> None:
    roles[start:end] = [role] * (end - start)


def _pieces(text: str, roles: list[Role]) -> list[Piece]:
    return [
        Piece("".join(char for char, _ in group), role)
        for role, group in groupby(zip(text, roles, strict=True), key=lambda both: both[1])
    ]
