"""Know what this guard wrote itself: tokens and pseudonyms that a text already holds.

Theory of operation. A text is scrubbed until nothing is found, and a value may come by again in another
span; what stands there from the first time must stay, and only that.

1. What was made while a value is scrubbed is noted with its findings (`Keyed.own`).
2. A token that comes from outside is ours where its data key is one of this process and it verifies for
   this very place. A pseudonym is ours where its tag verifies.
3. All else that only looks like them is text like any other; a look-alike of a token is found by a detector
   of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jaeger_guard.keys.datakeys import sealed_here
from jaeger_guard.keys.pseudonyms import (
    COLLECTOR_PSEUDONYM,
    PSEUDONYM,
    PSEUDONYM_PREFIX,
    is_pseudonym,
)
from jaeger_guard.keys.token import PREFIX, token_pattern
from jaeger_guard.long_texts import find_all
from jaeger_guard.scrubber.found import Findings

_PREFIXES: Final = (PREFIX, PSEUDONYM_PREFIX)


def is_own(text: str, found: Findings) -> bool:
    """Say whether a whole text is a token or a pseudonym of ours."""
    keyed = found.keyed
    if keyed is not None and text in keyed.own:
        return True
    if not text.startswith(_PREFIXES):
        return False
    if text.startswith(PSEUDONYM_PREFIX):
        return is_pseudonym(text)
    key = None if found.place is None else sealed_here(text, found.place)
    if key is None:
        return False
    found.note_own(text, key)
    return True


def own_spans(text: str, found: Findings) -> list[tuple[int, int]]:
    """Find tokens and pseudonyms of ours in a text, as (start, end) in order."""
    if found.keyed is None and PREFIX not in text and PSEUDONYM_PREFIX not in text:
        return []
    spans = [
        span
        for candidates in _candidates(text, found)
        for span in candidates
        if is_own(text[span[0] : span[1]], found)
    ]
    return sorted(spans)


def is_done(text: str, found: Findings) -> bool:
    """Say whether nothing is left in a text beside what is ours: a token and a full stop."""
    end = 0
    spans = own_spans(text, found)
    for start, stop in spans:
        if any(character.isalnum() for character in text[end:start]):
            return False
        end = stop
    return bool(spans) and not any(character.isalnum() for character in text[end:])


def _candidates(text: str, found: Findings) -> Iterator[Iterator[tuple[int, int]]]:
    if PREFIX in text:
        yield (each.span() for each in find_all(token_pattern(), text))
    if PSEUDONYM_PREFIX in text:
        yield (each.span() for each in find_all(PSEUDONYM, text))
    if found.keyed is not None:  # only what was just made; by itself it can't be told
        yield (each.span() for each in find_all(COLLECTOR_PSEUDONYM, text))
