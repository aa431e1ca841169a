"""Look for what has no form, such as people's names in free text, by a recognizer in its own process.

A recognizer is slow, large, and may hang or die; so it never runs in the process that it serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from jaeger_guard.recognizers.process import RecognizerProcess

Found = tuple[int, int, str]
"""The start, the end, and the data category of what was recognized in a text."""


class Recognizer(Protocol):
    """What a factory returns in the worker process; it is called there, by one thread."""

    def __call__(self, texts: Sequence[str], /) -> Sequence[Sequence[Found]]:
        """Answer for each text what was recognized in it, by index of its characters."""
        ...


__all__ = ["Found", "Recognizer", "RecognizerProcess"]
