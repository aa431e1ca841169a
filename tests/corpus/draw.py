"""Draw at random, and always the same for one seed: characters, people, words, check digits."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from random import Random
from typing import Final, TypeVar

from faker import Faker
from rstr import Rstr

# rstr repeats a hundred times at the most.
_LONG_REPEAT: Final = re.compile(r"(\[[^\]]+\])\{(\d{3,})\}")

_Item = TypeVar("_Item")

BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
BASE64URL: Final = BASE62 + "-_"
HEX: Final = "0123456789abcdef"

# Locale by language; the first names the language's own people and addresses.
LOCALES: Final = {
    "en": "en_US",
    "de": "de_DE",
    "fr": "fr_FR",
    "es": "es_ES",
    "it": "it_IT",
    "pt": "pt_BR",
    "nl": "nl_NL",
    "pl": "pl_PL",
    "sv": "sv_SE",
}


class Draw:
    """A source of drawn values; one seed gives one corpus."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._rstr = Rstr(self.random)
        self._fakers: dict[str, Faker] = {}

    def people(self, language: str = "en") -> Faker:
        """Return a seeded Faker of a language's country."""
        if language not in self._fakers:
            faker = Faker(LOCALES[language])
            faker.seed_instance(self.random.getrandbits(32))
            self._fakers[language] = faker
        return self._fakers[language]

    def pick(self, items: Sequence[_Item]) -> _Item:
        """Return one of `items`."""
        return self.random.choice(items)

    def some(self, items: Sequence[_Item], count: int) -> list[_Item]:
        """Return `count` different ones of `items`, or all of them."""
        return self.random.sample(items, min(count, len(items)))

    def number(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`, both included."""
        return self.random.randint(low, high)

    def text(self, alphabet: str, length: int) -> str:
        """Return `length` characters of `alphabet`."""
        return "".join(self.random.choices(alphabet, k=length))

    def digits(self, length: int) -> str:
        """Return decimal digits."""
        return self.text(string.digits, length)

    def hexadecimal(self, length: int) -> str:
        """Return hexadecimal digits in lower case."""
        return self.text(HEX, length)

    def like(self, grammar: str) -> str:
        """Return a text of a documented grammar, given as a regular expression.

        It may hold classes, groups, alternatives and counts, but no negated class: rstr draws from
        those in an order that changes from process to process.
        """
        return self._rstr.xeger(_LONG_REPEAT.sub(_in_hundreds, grammar))

    def uuid(self) -> str:
        """Return a version 4 UUID (RFC 9562, section 5.4)."""
        return self.like("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

    def password(self) -> str:
        """Return a password as people and generators make them."""
        word = self.pick(("correct", "Sommer", "tiger", "Dragon", "lettuce", "Winter", "monkey"))
        return self.pick(
            (
                f"{word}{self.pick('!#$@_-')}{self.digits(self.number(2, 4))}",
                self.text(BASE62, self.number(9, 20)),
                f"{word}-{self.pick(('horse', 'battery', 'staple', 'river'))}-{self.digits(2)}",
                f"P@{word}{self.digits(3)}!",
            )
        )


def _in_hundreds(repeat: re.Match[str]) -> str:
    hundreds, rest = divmod(int(repeat[2]), 100)
    return f"{repeat[1]}{{100}}" * hundreds + (f"{repeat[1]}{{{rest}}}" if rest else "")


def luhn_digit(digits: str) -> str:
    """Return the check digit behind `digits` (ISO/IEC 7812-1, Annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


def is_luhn(digits: str) -> bool:
    """Say whether the last of `digits` is their check digit."""
    return luhn_digit(digits[:-1]) == digits[-1]
