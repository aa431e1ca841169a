"""Scrub a text until it is clean, and withhold it where that fails: the one border per value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from jaeger_guard.categories import CONTENT_WITHHELD
from jaeger_guard.markers import marker
from jaeger_guard.scrubber.found import Findings, Found
from jaeger_guard.types import Action, Notation

_MOST_ROUNDS: Final = 4


def until_clean(text: str, found: Findings, notation: Notation, scrub: Callable[[str], str]) -> str:
    """Scrub once more what was changed, until nothing is found: a marker may uncover its neighbours.

    Without it, scrubbing twice would not be scrubbing once. Where `scrub` raises, the text is
    withheld, and the rest of its span goes on.
    """
    before = len(found.entries)
    try:
        for _ in range(_MOST_ROUNDS):
            scrubbed = scrub(text)
            if scrubbed == text:
                break
            text = scrubbed
    except Exception:  # noqa: BLE001 - whatever it was, its text may quote the value
        del found.entries[before:]
        found.add(Found(CONTENT_WITHHELD, Action.REDACT, "failure", "bound", ""))
        return marker(CONTENT_WITHHELD, notation)
    return text
