"""Split a key into words, and say from them which data category a value under it has.

Theory of operation:

1. A key becomes words: at dots, dashes, underscores, brackets and case changes, lower case, without
   accents. `userAPIKey`, `user-api-key` and `USER_API_KEY` give the same three.
2. Neighbouring words, glued, are looked up among the phrases of `vocabulary`, the longest first.
3. A phrase is undone by words around it: `token_count`, `has_password` and `email_verified` hold no
   token, password or address.
4. Of several phrases the last decides, as the head of a compound stands last (`password_reset_token`
   is a token), except that a password stays one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple

from jaeger_guard import vocabulary
from jaeger_guard.categories import CREDENTIAL_PASSWORD

# Characters. Of a longer key the two ends are read, and nothing is kept in a cache.
_LONGEST: Final = 256
_ENDINGS: Final = tuple(vocabulary.ENDINGS)
_MOST_OPAQUE: Final = 2  # words; no phrase of `vocabulary.OPAQUE` has more
_BEGINNING: Final = 4  # characters
# Characters of ASCII: no stem of a password's words is shorter, nor any ending.
_SHORTEST: Final = 4


class _Phrase(NamedTuple):
    category: str
    words: int  # as it is written; what is written as one word is never glued from several
    place: str  # "any", "last" or "whole"


@cache
def _word() -> re.Pattern[str]:
    # An acronym before a capitalised word; a word; capitals; digits; letters other than ASCII's.
    return re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W\d_A-Za-z]+")


@cache
def _stem() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, vocabulary.STEMS)))


@cache
def _phrases() -> dict[str, _Phrase]:
    found: dict[str, _Phrase] = {}
    shared: dict[_Phrase, _Phrase] = {}  # few differ
    for place, table in (
        ("whole", vocabulary.WHOLE),
        ("last", vocabulary.LAST),
        ("any", vocabulary.PHRASES),
    ):
        for category, phrases in table.items():
            for phrase in phrases.split("|"):
                words = phrase.split(" ")
                glued = "".join(words)
                known = found.get(glued)
                count = max(len(words), known.words if known else 0)
                phrase_of_it = _Phrase(category, count, place)
                found[glued] = shared.setdefault(phrase_of_it, phrase_of_it)
    return found


@cache
def _beginnings() -> frozenset[str]:
    """Answer how a word may begin that is the first of a phrase: most words begin otherwise."""
    return frozenset(
        phrase[:length] for phrase in _phrases() for length in range(1, _BEGINNING + 1)
    )


@cache
def _most_words() -> int:
    return max(phrase.words for phrase in _phrases().values())


def split_words(key: str) -> tuple[str, ...]:
    """Split `key` into its words, in lower case and without accents.

    Words end at whatever is no letter or digit, between letters and digits, and where the case says
    so. Of a key beyond 256 characters the first and the last 256 are read.
    """
    if len(key) > 2 * _LONGEST:
        key = f"{key[:_LONGEST]} {key[-_LONGEST:]}"
    if not key.isascii():
        # Compatibility forms too, so that full-width letters are read as what they look like.
        decomposed = unicodedata.normalize("NFKD", key.replace("ß", "ss"))
        key = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return tuple(word.lower() for word in _word().findall(key))


def category_of(key: str) -> str | None:
    """Say which data category a value under `key` has by its name; None where the name is silent."""
    if len(key) <= _LONGEST:
        return _cached_category(key)
    if _stem().search(key.lower()) is not None:
        return CREDENTIAL_PASSWORD  # wherever it stands: reading only the two ends could miss it
    return _category(split_words(key))


@lru_cache(maxsize=4096)
def _cached_category(key: str) -> str | None:
    return _category(_cached_words(key))


def _category(words: Sequence[str]) -> str | None:
    found: str | None = None
    password_seen = False
    position = 0
    while position < len(words):
        end, glued, category = _longest_phrase(words, position)
        if category is None:
            position += 1
            continue
        password = category == CREDENTIAL_PASSWORD
        password_seen = password_seen or password
        if not _undone(words, position, end, glued, category) and (
            found != CREDENTIAL_PASSWORD or category.startswith("credential.")
        ):
            found = category
        position = end
    if found is None and not password_seen and words[-1:] and not _harmless_end(words):
        glued = "".join(words)
        if _stem().search(glued) is not None:  # split by an odd case: `xPassWord`
            return CREDENTIAL_PASSWORD
    return found


def _longest_phrase(words: Sequence[str], start: int) -> tuple[int, str, str | None]:
    """Find the longest phrase that begins at `start`: its end, itself, and its category."""
    phrases = _phrases()
    word = words[start]
    begins = word[:_BEGINNING] in _beginnings()
    for end in range(min(len(words), start + _most_words()), start, -1) if begins else ():
        glued = words[start] if end == start + 1 else "".join(words[start:end])
        phrase = phrases.get(glued)
        if phrase is None or (end > start + 1 and phrase.words == 1):
            continue
        rest = _without_digits(words[end:])
        if phrase.place == "any" or (not rest and (phrase.place == "last" or start == 0)):
            return end, glued, phrase.category
    if len(word) < _SHORTEST and word.isascii():
        return start, "", None
    if _stem().search(word) is not None:
        return start + 1, "password", CREDENTIAL_PASSWORD
    if word.endswith(_ENDINGS) and word not in vocabulary.NO_ENDINGS:
        for ending, category in vocabulary.ENDINGS.items():
            if word.endswith(ending):
                return start + 1, ending, category
    return start, "", None


def _without_digits(words: Sequence[str]) -> Sequence[str]:
    end = len(words)
    while end and words[end - 1].isdecimal():
        end -= 1
    return words[:end]


def _harmless_end(words: Sequence[str]) -> bool:
    rest = _without_digits(words)
    return bool(rest) and rest[-1] in vocabulary.HARMLESS_AFTER


def _undone(words: Sequence[str], start: int, end: int, glued: str, category: str) -> bool:
    """Say whether the words around a phrase leave nothing of its meaning."""
    password = category == CREDENTIAL_PASSWORD
    before = words[max(0, start - 2) : start]
    if any(word in vocabulary.HARMLESS_BEFORE for word in before):
        return True
    if not password and any(word in vocabulary.MEASURES_BEFORE for word in before):
        return True
    if before and before[-1] in vocabulary.NOT_AFTER.get(glued, ()):
        return True
    rest = words[end:]
    if not rest:
        return False
    if rest[0] in vocabulary.NOT_BEFORE.get(glued, ()):
        return True
    if _harmless_end(rest) or (not password and rest[0] in vocabulary.HARMLESS_AFTER):
        return True
    if password or category.startswith(("person.", "identity.", "health.")):
        return False
    return rest[0] in vocabulary.HARMLESS_BEHIND_OTHERS


def opaque_category_of(key: str) -> str | None:
    """Say which category a value under `key` has where it looks drawn at random; None for none."""
    words = split_words(key) if len(key) > _LONGEST else _cached_words(key)
    words = tuple(_without_digits(words)) or words
    table = _opaque()
    for count in range(min(_MOST_OPAQUE, len(words)), 0, -1):
        category = table.get("".join(words[-count:]))
        if category is not None:
            return category
    return None


@cache
def _opaque() -> dict[str, str]:
    return {
        phrase.replace(" ", ""): category
        for category, phrases in vocabulary.OPAQUE.items()
        for phrase in phrases.split("|")
    }


def is_machine(key: str) -> bool:
    """Say whether `key` names a machine of ours, so that a bare address there is no client's."""
    words = split_words(key) if len(key) > _LONGEST else _cached_words(key)
    words = tuple(_without_digits(words)) or words
    return (
        bool(words)
        and words[-1] in vocabulary.MACHINES
        and not any(word in vocabulary.CLIENTS for word in words[-4:-1])
    )


def is_address(key: str) -> bool:
    """Say whether `key` names an address of a network, or who has one."""
    words = split_words(key) if len(key) > _LONGEST else _cached_words(key)
    return not vocabulary.ADDRESSES.isdisjoint(words)


def is_identifier(key: str) -> bool:
    """Say whether `key` names an id, a time, a hash, a size, so that bare digits are no card there.

    A key with a category of its own (`card_number`, `ssn_hash`) is none.
    """
    words = split_words(key) if len(key) > _LONGEST else _cached_words(key)
    words = tuple(_without_digits(words)) or words
    if not words:
        return False
    last = words[-1]
    if last in ("number", "no", "nr", "num"):
        named = len(words) > 1 and words[-2] in vocabulary.NUMBERED
    elif last == "code":
        named = len(words) > 1 and words[-2] in ("status", "error", "exit", "country", "response")
    else:
        named = last in vocabulary.IDENTIFIERS
    return named and category_of(key) is None


@lru_cache(maxsize=4096)
def _cached_words(key: str) -> tuple[str, ...]:
    return split_words(key)
