"""Undo the encoding that a whole text is in: percent, entities, escapes; and find words of base64."""

from __future__ import annotations

import re
from typing import Final

from jaeger_guard.encodings import percent_decode, unescape_entities
from jaeger_guard.long_texts import search

_ESCAPED: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_UNICODE_ESCAPED: Final = re.compile(r"\\(?:u00|x)([0-9a-fA-F]{2})")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-z]{2,8});")
BASE64_WORD: Final = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
WORD: Final = re.compile(r"\S+")


def is_encoded(text: str) -> bool:
    """Say whether a text holds a sign of percent-encoding, of entities or of escapes."""
    return (
        ("%" in text and search(_ESCAPED, text) is not None)
        or ("&" in text and search(_ENTITY, text) is not None)
        or ("\\" in text and search(_UNICODE_ESCAPED, text) is not None)
    )


def decode(text: str, *, percent: bool = True) -> str:
    """Undo one kind of encoding; `text` itself where there is none."""
    if percent and "%" in text and search(_ESCAPED, text):
        return percent_decode(text)
    if "&" in text and search(_ENTITY, text):
        return unescape_entities(text)
    if "\\" in text and search(_UNICODE_ESCAPED, text):
        return _unescape(text)
    return text


def _unescape(text: str) -> str:
    return _UNICODE_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
