"""A stretch of free text that has a structure of its own, and how it is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from jaeger_guard.types import Judge

# The name of a leaf that only detectors look at: the end of all taking apart.
CHUNK: Final = "text.chunk"


class Stretch(NamedTuple):
    """A part of a text that is handed to the judge as a leaf, or to a format.

    Attributes:
        start: Index of the first character.
        end: Index behind the last character, as far as the finder knows.
        name: The leaf's name.
        rewrite: Answers what stands for the stretch, and where it ended; None where it is to be
            left alone and only keeps others from looking into it.
        covers: Whether nobody needs to look into it again where the judge changed nothing.
    """

    start: int
    end: int
    name: str
    rewrite: Callable[[str, Stretch, Judge], tuple[str, int]] | None
    covers: bool = True


def judge_leaf(text: str, stretch: Stretch, judge: Judge) -> tuple[str, int]:
    """Judge the whole stretch as one leaf under its name."""
    leaf = text[stretch.start : stretch.end]
    return (judge.value(stretch.name, leaf) if leaf else leaf), stretch.end
