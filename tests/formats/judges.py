"""Judges for the tests of formats."""

from __future__ import annotations

from jaeger_guard.types import Notation


class Recorder:
    """A judge that notes the leaves and answers each with itself, or with `instead`."""

    def __init__(self, instead: str | None = None) -> None:
        self.instead = instead
        self.leaves: list[tuple[str, str]] = []

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        self.leaves.append((name, text))
        return text if self.instead is None else self.instead

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return text
