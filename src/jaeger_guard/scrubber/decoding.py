"""Undo the encoding that a word is in: percent, entities, escapes, MIME's; and find words of base64."""

from __future__ import annotations

import re
from typing import Final

from jaeger_guard.encodings import (
    base64_decode,
    encoded_words_decode,
    percent_decode,
    quoted_printable_decode,
    unescape,
    unescape_entities,
)
from jaeger_guard.long_texts import find_all, search
from jaeger_guard.scanner import Look

_ESCAPED: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_CHARACTER: Final = re.compile(r"\\(?:[uU]00|u\{|x[0-9a-fA-F]{2}|100)")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-z]{2,8});")
BASE64_WORD: Final = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_SHORTEST_BASE64: Final = 20  # of BASE64_WORD
_BASE64_SIGNS: Final = frozenset(b"+/_-")  # of it, the scanner looks for all
WORD: Final = re.compile(r"\S+")
# Quoted-printable is only looked for where it hides an at sign: `x=3D` is as often an assignment.
_QUOTED_AT: Final = "=40"
_ENCODED_WORD: Final = "=?"


def is_encoded(text: str) -> bool:
    """Say whether a text holds a sign of an encoding that `decode` undoes."""
    return (
        ("%" in text and search(_ESCAPED, text) is not None)
        or ("&" in text and search(_ENTITY, text) is not None)
        or ("\\" in text and search(_CHARACTER, text) is not None)
        or ("=" in text and (_QUOTED_AT in text or _ENCODED_WORD in text))
    )


def decode(text: str, *, percent: bool = True) -> str:
    """Undo one kind of encoding; `text` itself where there is none."""
    if percent and "%" in text and search(_ESCAPED, text):
        return percent_decode(text)
    if "&" in text and search(_ENTITY, text):
        return unescape_entities(text)
    if "\\" in text and search(_CHARACTER, text):
        return unescape(text)
    if _ENCODED_WORD in text:
        return encoded_words_decode(text)
    return quoted_printable_decode(text) if _QUOTED_AT in text else text


def may_hold_base64(text: str, look: Look) -> bool:
    """Say whether a text may hold a word of base64, by what the scanner saw of it."""
    if len(text) < _SHORTEST_BASE64:
        return False
    return not _BASE64_SIGNS.isdisjoint(look.signs) or look.row >= _SHORTEST_BASE64


def holds_base64(text: str) -> bool:
    """Say whether a text holds a word of base64."""
    if len(text) < _SHORTEST_BASE64:
        return False
    return any(base64_decode(word.group()) is not None for word in find_all(BASE64_WORD, text))
