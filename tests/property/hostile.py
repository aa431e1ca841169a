"""Strategies of hostile texts: arbitrary ones, and what is left of a good one after an accident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hypothesis import strategies as st

# What batches are joined with, what formats split at, what looks like nothing, and what isn't text.
SEPARATORS: Final = (
    *("\0", "\n", "\r\n", "\t", " ", "\x1e", "\x1f", "\x85", "\u2028", "\ud800", "\udfff", "\ufeff"),
    *("\u200b", "\u202e", "\u2066", "\u00ad", "%00", "%", "\\", "\\u0000", "\\x", "&#0;", "&", "="),
    *("'", '"', "''", "`", "{", "}", "[", "]", "(", ")", "<", ">", "--", "/*", "*/", ";", ":", "#"),
    *("?", "@", "//", "\uff10", "\uff20", "e\u0301", "[REDACTED:contact.email]", "REDACTED", "?"),
)  # fmt: skip

TEXTS: Final = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(SEPARATORS), max_size=12).map("".join),
    # Lone surrogates are no characters of Hypothesis' own `text`.
    st.lists(st.integers(0, 0x10FFFF).map(chr), max_size=20).map("".join),
)


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """Draw what some accidents leave of `text`: cuts, copies, insertions, swaps, other cases."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, len(text)))
        text = draw(st.sampled_from(_ACCIDENTS))(
            text, start, end, draw(st.sampled_from(SEPARATORS))
        )
    return text[:4096]


_ACCIDENTS: Final[tuple[Callable[[str, int, int, str], str], ...]] = (
    lambda text, start, end, piece: text[:start] + piece + text[start:],
    lambda text, start, end, piece: text[:start] + text[end:],
    lambda text, start, end, piece: text[:end] + text[start:],
    lambda text, start, end, piece: text[:start] + piece * 5 + text[end:],
    lambda text, start, end, piece: text[start:] + text[:start],
    lambda text, start, end, piece: text[:start] + text[start:end][::-1] + text[end:],
    lambda text, start, end, piece: text[:start] + text[start:end].swapcase() + text[end:],
    lambda text, start, end, piece: piece.join(text[start : start + 40]) + text[end:],
    lambda text, start, end, piece: text[:end],
    lambda text, start, end, piece: text[start:],
)
