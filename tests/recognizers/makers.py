"""Recognizers that behave in one way each; the worker process imports them by name."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence

Found = list[list[tuple[int, int, str]]]
NAME = "Ada Lovelace"


def _find(texts: Sequence[str]) -> Found:
    return [
        [(text.find(NAME), text.find(NAME) + len(NAME), "person.name")] if NAME in text else []
        for text in texts
    ]


def names() -> Callable[[Sequence[str]], Found]:
    """Find one name. What says "hang" hangs, "die" ends the process, "raise" raises, "lie" lies."""

    def recognize(texts: Sequence[str]) -> Found:
        (text,) = texts
        print(text)
        print(text, file=sys.stderr)
        if "hang" in text:
            time.sleep(3600)
        if "die" in text:
            os._exit(3)
        if "raise" in text:
            raise ValueError(text)
        if "lie" in text:
            return [[(0, 10**6, "person.name"), (5, 2, "person.name"), (0, 1, "no.category")]]
        return _find(texts)

    return recognize


def broken() -> Callable[[Sequence[str]], Found]:
    """Fail to be made."""
    raise RuntimeError("not shown")
