"""Check digits that several numbering systems share; each function takes digits, without separators."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_NO_DIGITS: Final = re.compile("[^0-9]+")
_DOUBLED: Final = {digit: sum(divmod(int(digit) * 2, 10)) for digit in "0123456789"}


def digits_of(text: str) -> str:
    """Return the ASCII digits of `text`."""
    return _NO_DIGITS.sub("", text)


def alphanumerics_of(text: str) -> str:
    """Return the ASCII letters and digits of `text`, in upper case."""
    return "".join(filter(str.isalnum, text)).upper()


def has_luhn_digit(digits: str) -> bool:
    """Say whether the last of `digits` is the check digit of ISO/IEC 7812-1, Annex B."""
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[digit] for digit in digits[-2::-2])
    return total % 10 == 0 and digits.strip("0") != ""


def weighted_sum(digits: str, weights: Sequence[int]) -> int:
    """Return the sum of each digit times its weight; the shorter of the two decides how many."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def has_mod_11_10_digit(digits: str) -> bool:
    """Say whether the last of `digits` is a check digit by ISO/IEC 7064, MOD 11,10."""
    product = 10
    for digit in digits[:-1]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (product + int(digits[-1])) % 10 == 1


def has_mod_11_2_digit(text: str) -> bool:
    """Say whether the last of `text`, a digit or X, is a check digit by ISO/IEC 7064, MOD 11-2."""
    total = 0
    for digit in text[:-1]:
        total = (total + int(digit)) * 2 % 11
    last = 10 if text[-1] in "Xx" else int(text[-1])
    return (total + last) % 11 == 1


def has_verhoeff_digit(digits: str) -> bool:
    """Say whether the last of `digits` is a check digit by J. Verhoeff, "Error Detecting Decimal
    Codes" (1969): products in the dihedral group of ten elements, each digit permuted by its place.
    """
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _dihedral(check, _permutations()[place % 8][int(digit)])
    return check == 0


def _dihedral(left: int, right: int) -> int:
    """Multiply in D5: 0 to 4 are rotations, 5 to 9 reflections."""
    if left < 5:
        return (left + right) % 5 if right < 5 else (left + right - 5) % 5 + 5
    return (left - 5 - right) % 5 + 5 if right < 5 else (left - right) % 5


@lru_cache(maxsize=1)
def _permutations() -> tuple[tuple[int, ...], ...]:
    step = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    rows = [tuple(range(10))]
    for _ in range(7):
        rows.append(tuple(step[each] for each in rows[-1]))
    return tuple(rows)


def is_date(year: int, month: int, day: int) -> bool:
    """Say whether a day exists; a year of two digits is taken for any century's."""
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return False
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0 or year < 100)
        return day <= (29 if leap else 28)
    return day <= (30 if month in (4, 6, 9, 11) else 31)
