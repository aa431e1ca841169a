"""Say which values tell nothing about anybody, whatever their key promises."""

from __future__ import annotations

import re
from typing import Final

from jaeger_guard.markers import is_marker

# What says nothing about anybody, whatever its key promises: absent, already withheld by others,
# and the truth values.
_EMPTY_WORDS: Final = frozenset(
    {"", "?", "-", "none", "null", "nil", "undefined", "true", "false", "yes", "no", "[]", "{}"}
)
_WITHHELD_BY_OTHERS: Final = re.compile(
    r"\*{1,256}|\.{3,16}|[xX]{3,64}|<(?:redacted|hidden|masked|filtered)>"
    r"|\[(?:redacted|filtered|masked|hidden)\]|redacted"
    r"|\$[0-9]{1,3}|%s|%\(\w{1,64}\)s",  # a statement's placeholders
    re.IGNORECASE,
)


_LONGEST: Final = 1024  # characters; neither a marker nor any of these words is as long
_LANGUAGE: Final = re.compile(r"[a-z]{2}(?:[-_][A-Z]{2})?")


def is_language(text: str) -> bool:
    """Say whether a value is a language's tag, as `en` and `pt-BR` are: `lng` is short for both."""
    return _LANGUAGE.fullmatch(text) is not None


def says_nothing(text: str) -> bool:
    """Say whether a value tells nothing about anybody: empty, a truth value, or withheld before."""
    stripped = text.strip()
    if len(stripped) > _LONGEST:
        return False
    return (
        is_marker(stripped)
        or is_marker(f"{stripped}]")  # one that was cut off, or split at its bracket
        or stripped.lower() in _EMPTY_WORDS
        or _WITHHELD_BY_OTHERS.fullmatch(stripped) is not None
    )
