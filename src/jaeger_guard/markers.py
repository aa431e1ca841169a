"""What stands where something was, in each notation, and recognising our own markers.

A marker says the category and never the value: `[REDACTED:contact.email]` in text and JSON,
`REDACTED` in a URL (as the semantic conventions write it), `?` in SQL. It exempts only its own
characters: whoever recognises one goes on to judge what stands around it.
"""

from __future__ import annotations

import re
from typing import Final

from jaeger_guard.long_texts import find_all
from jaeger_guard.types import Notation

URL_MARKER: Final = "REDACTED"
SQL_MARKER: Final = "?"

# Shape and not list of categories: a marker written by another version of a policy stays too. The
# alphabet is that of category names, so that no secret of mixed case or with digits fits in.
_MARKER: Final = re.compile(r"\[REDACTED:[a-z_]{2,24}(?:\.[a-z_]{2,24}){1,3}\]")


def marker(category: str, notation: Notation = Notation.TEXT) -> str:
    """Write the marker for `category` as `notation` needs it."""
    if notation is Notation.URL:
        return URL_MARKER
    if notation is Notation.SQL:
        return SQL_MARKER
    return f"[REDACTED:{category}]"


def marker_spans(text: str) -> list[tuple[int, int]]:
    """Find our own markers in `text`, as (start, end) in order."""
    if "[REDACTED:" not in text:
        return []
    return [found.span() for found in find_all(_MARKER, text)]


def is_marker(text: str) -> bool:
    """Say whether `text` is one marker of ours and nothing else, in any notation but SQL's."""
    if text[:1] != "[":
        return text == URL_MARKER
    return _MARKER.fullmatch(text) is not None
