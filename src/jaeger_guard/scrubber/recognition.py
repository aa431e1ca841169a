"""Name the format that a text under an unknown key is of, asking as few of them as can be.

Theory of operation. A format says by its `signs` which characters a text must hold one of. Those that
a text holds are collected by one search; most texts hold none, and are of no format. For the others,
what is left to be asked depends on the characters found alone, so it is worked out once for each set
of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Final

from jaeger_guard.formats import FORMATS
from jaeger_guard.long_texts import LONG, search

_Recognizer = tuple[str, Callable[[str], bool]]

# What may make a text worth more than the detectors' search: the text format's signs.
_SIGNS: Final = r"=:?\[{%\\&"
_FEW: Final = 256  # characters; of a longer text, each character is looked at once
_SIGN_WORDS: Final = (
    *("password", "Duplicate", "Passwort", "Kennwort", "mot de passe", "contraseña", "senha"),
    *("wachtwoord", "hasło", "lösenord"),
)
_SIGN_WORD: Final = re.compile(rf"\b(?:{'|'.join(_SIGN_WORDS)})\b")
_OPTION: Final = re.compile(r"\s--?[A-Za-z]")


def recognize(text: str) -> str | None:
    """Name the format that a text under an unknown key is of; None for plain text."""
    if len(text) <= LONG:
        searched = text if len(text) <= _FEW else "".join(set(text))
        found = frozenset(_any_sign().findall(searched))
        recognizers, is_signed = _recognizers(found) if found else ((), False)
    else:
        recognizers = _all_recognizers()
        is_signed = search(_text_sign(), text) is not None
    for name, recognizes in recognizers:
        if recognizes(text):
            return name
    return "text" if is_signed or _has_sign_word(text) else None


def is_command_line(text: str) -> bool:
    """Say whether a text, such as an error's, is a command line with a secret in it."""
    recognizes = FORMATS["command"].recognize
    return recognizes is not None and recognizes(text)


def _has_sign_word(text: str) -> bool:
    for word in _SIGN_WORDS:
        if word in text and search(_SIGN_WORD, text) is not None:
            return True
    return "-" in text and search(_OPTION, text) is not None


@cache
def _text_sign() -> re.Pattern[str]:
    return re.compile(f"[{_SIGNS}]")


@cache
def _any_sign() -> re.Pattern[str]:
    signs = [entry.signs for entry in FORMATS.values() if entry.recognize is not None]
    if not all(signs):  # one that must be asked about each text
        return re.compile(r"\A|[\s\S]")
    return re.compile(f"[{''.join(signs)}{_SIGNS}]")


@lru_cache(maxsize=1024)
def _recognizers(found: frozenset[str]) -> tuple[tuple[_Recognizer, ...], bool]:
    """Answer who is to be asked about a text with these signs, and whether they are the text's."""
    characters = "".join(found)
    asked = tuple(
        (name, recognizes)
        for name, recognizes in _all_recognizers()
        if not (signs := FORMATS[name].signs) or re.search(f"[{signs}]", characters) is not None
    )
    return asked, _text_sign().search(characters) is not None


@cache
def _all_recognizers() -> tuple[_Recognizer, ...]:
    return tuple(
        (name, entry.recognize) for name, entry in FORMATS.items() if entry.recognize is not None
    )
