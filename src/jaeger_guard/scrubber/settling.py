"""Scrub a text until it is clean, and withhold it where that fails: the one border per value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from jaeger_guard.categories import CONTENT_WITHHELD
from jaeger_guard.long_texts import LONG, OutOfTimeError, check_time, is_timed, within_time
from jaeger_guard.markers import marker
from jaeger_guard.scrubber.found import Findings, Found
from jaeger_guard.types import Action, Notation

_MOST_ROUNDS: Final = 4


def until_clean(
    text: str,
    found: Findings,
    notation: Notation,
    scrub: Callable[[str], str],
    again: Callable[[str], str] | None = None,
) -> str:
    """Scrub once more what was changed, until nothing is found: a marker may uncover its neighbours.

    Without it, scrubbing twice would not be scrubbing once. Where `scrub` raises, or a long
    text takes too much time, it is withheld, and the rest of its span goes on.

    Args:
        text: What is scrubbed.
        found: What is found is added here.
        notation: How a marker is written.
        scrub: Scrubs once.
        again: Does what `scrub` does, of what that left; None for `scrub` itself.
    """
    before = len(found.entries)
    try:
        check_time()
        if len(text) > LONG:
            return within_time(lambda: _settle(text, scrub, again or scrub))
        return _settle(text, scrub, again or scrub)
    except Exception as error:  # whatever it was, its text may quote the value
        out_of_time = isinstance(error, OutOfTimeError)
        if out_of_time and is_timed():
            raise  # a part's time is the whole value's, and the whole is withheld
        del found.entries[before:]
        why = "time" if out_of_time else "failure"
        found.add(Found(CONTENT_WITHHELD, Action.REDACT, why, "bound", ""))
        return marker(CONTENT_WITHHELD, notation)


def _settle(text: str, scrub: Callable[[str], str], again: Callable[[str], str]) -> str:
    for _ in range(_MOST_ROUNDS):
        scrubbed = scrub(text)
        if scrubbed == text:
            break
        text, scrub = scrubbed, again
    return text
