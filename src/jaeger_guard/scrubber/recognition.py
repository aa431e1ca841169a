"""Name the format that a text under an unknown key is of, asking as few of them as can be.

Theory of operation. A format says by its `signs` and `hints` what a text must hold one of. The scanner
sees which of these are there when it looks at the text for its detectors (`scanner.Look`). Most texts
hold none, and are of no format. For the others, what is left to be asked depends on the signs found
alone, so it is worked out once for each set of them.

`recognize` is the plain reference.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from typing import Final

from jaeger_guard.detectors import Detector
from jaeger_guard.formats import FORMATS
from jaeger_guard.formats.format import Format
from jaeger_guard.generations import Generations
from jaeger_guard.long_texts import LONG, search
from jaeger_guard.scanner import Look, Scanner, scanner_of

# A format's name and recognizer, and the numbers of which one must be told of; none where any text will do.
_Hinted = tuple[str, Callable[[str], bool], frozenset[int]]
_MOST_SIGNS: Final = 512  # sets of them, half a kilobyte to two each

# What may make a text worth more than the detectors' search: the text format's signs.
_SIGNS: Final = r"=:?\[{%\\&"
_SIGN_WORDS: Final = (
    *("password", "Duplicate", "Passwort", "Kennwort", "mot de passe", "contraseña", "senha"),
    *("wachtwoord", "hasło", "lösenord"),
)
# One stands in each of those that are ASCII; the others' texts aren't.
_SIGN_HINTS: Final = (
    *("password", "duplicate", "passwort", "kennwort", "passe", "senha", "wachtwoord"),
)
_SIGN_WORD: Final = re.compile(rf"\b(?:{'|'.join(_SIGN_WORDS)})\b")
_OPTION: Final = re.compile(r"\s--?[A-Za-z]")
_HYPHEN: Final = ord("-")
_SPACES: Final = frozenset(ord(each) for each in map(chr, range(128)) if each.isspace())
_IN_WORDS: Final = string.ascii_letters + string.digits + "_.-"
_WORD: Final = re.compile(r"[A-Za-z0-9_.\-]{1,256}")

HINTS: Final = tuple(
    dict.fromkeys((*_SIGN_HINTS, *(hint for entry in FORMATS.values() for hint in entry.hints)))
)
"""What the scanner has to tell of a text by its words."""
SIGNS: Final = frozenset(
    character
    for character in map(chr, range(128))
    if re.match(rf"[-+/_{_SIGNS}{''.join(entry.signs for entry in FORMATS.values())}]", character)
)
"""What the scanner has to tell of a text by its characters, those of base64 among them."""


def scanner_for(detectors: tuple[Detector, ...]) -> Scanner:
    """Return the scanner of these detectors that also tells what a `FormatRecognizer` asks for."""
    return scanner_of(detectors, HINTS, SIGNS)


def recognize(text: str) -> str | None:
    """Name the format of a text under an unknown key; None for plain text."""
    for name, recognizes, _ in _all_recognizers():
        if recognizes(text):
            return name
    return "text" if search(_text_sign(), text) is not None or _has_sign_word(text) else None


class FormatRecognizer:
    """Does what `recognize` does with texts that a scanner has looked at; threads may share it.

    Args:
        hints: The numbers by which the scanner tells of `HINTS`; it tells of `SIGNS`, too.
    """

    def __init__(self, hints: Mapping[str, int]) -> None:
        self._hints = hints
        self._sign_words = self._numbers(_SIGN_HINTS)
        self._any_hint = self._numbers(HINTS)
        self._of_words = tuple(
            recognizes
            for _, recognizes, entry in _all_recognizers()
            if _holds_sign(entry, _IN_WORDS)
        )
        # As one object each, however many sets of signs lead to it.
        self._recognizers = tuple(
            (
                entry,
                (name, recognizes, frozenset[int]()),
                (name, recognizes, self._numbers(entry.hints)) if entry.hints else None,
            )
            for name, recognizes, entry in _all_recognizers()
        )
        self._by_signs: Generations[frozenset[int], tuple[tuple[_Hinted, ...], bool]] = Generations(
            _MOST_SIGNS
        )

    def recognize(self, text: str, look: Look) -> str | None:
        """Name the format of a text under an unknown key; None for plain text.

        Args:
            text: The text.
            look: What the scanner saw of it.
        """
        if len(text) > LONG or not text.isascii():
            return recognize(text)
        signs, told = frozenset(look.signs), look.told
        asked, is_signed = self._by_signs.young.get(signs) or self._asked(signs)
        for name, recognizes, hints in asked:
            if (not hints or not told.isdisjoint(hints)) and recognizes(text):
                return name
        if is_signed:
            return "text"
        if not told.isdisjoint(self._sign_words):
            return "text" if _has_sign_word(text) else None
        has_option = _HYPHEN in signs and not signs.isdisjoint(_SPACES)
        return "text" if has_option and search(_OPTION, text) is not None else None

    def is_word(self, text: str) -> bool:
        """Say whether a text is one word, which is of a format only where it holds a hint."""
        return _WORD.fullmatch(text) is not None and not any(
            recognizes(text) for recognizes in self._of_words
        )

    def is_hinted(self, look: Look) -> bool:
        """Say whether the scanner may have seen a hint."""
        return not look.told.isdisjoint(self._any_hint)

    def _asked(self, signs: frozenset[int]) -> tuple[tuple[_Hinted, ...], bool]:
        """Answer who is to be asked about a text with these signs, and whether they are the text's."""
        known = self._by_signs.get(signs)
        if known is None:
            characters = "".join(map(chr, signs))
            asked = tuple(
                chosen
                for entry, signed, hinted in self._recognizers
                if (chosen := signed if _holds_sign(entry, characters) else hinted) is not None
            )
            known = asked, _text_sign().search(characters) is not None
            self._by_signs.put(signs, known)
        return known

    def _numbers(self, hints: Iterable[str]) -> frozenset[int]:
        return frozenset(self._hints[word] for word in hints)


@lru_cache(maxsize=4)
def format_recognizer(scanner: Scanner) -> FormatRecognizer:
    """Return the one that all who scrub by this scanner share; `scanner_for` answers such scanners."""
    return FormatRecognizer(scanner.hints)


def _holds_sign(entry: Format, characters: str) -> bool:
    if not entry.signs:
        return not entry.hints
    return re.search(f"[{entry.signs}]", characters) is not None


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
def _all_recognizers() -> tuple[tuple[str, Callable[[str], bool], Format], ...]:
    return tuple(
        (name, entry.recognize, entry)
        for name, entry in FORMATS.items()
        if entry.recognize is not None
    )
