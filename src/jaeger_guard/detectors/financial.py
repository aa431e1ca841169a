"""Detect what identifies money (`financial.*`): payment cards, their stripes, and IBANs.

A card number with separators and a bare run of digits are two detectors of one category: a caller
may exempt the bare one under a key that says "id", where one number in ten passes the check digit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from jaeger_guard.categories import FINANCIAL_CARD, FINANCIAL_IBAN
from jaeger_guard.detectors.detector import (
    Detector,
    DigitRun,
    Example,
    NearMiss,
    compile_pattern,
)
from jaeger_guard.detectors.iban_registry import IBAN_LENGTHS

# Issuer ranges (first and last prefix, of equal length) and the lengths of their numbers.
_LONG: Final = (16, 17, 18, 19)
ISSUERS: Final[tuple[tuple[str, str, tuple[int, ...]], ...]] = (
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),  # Mastercard, second series
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14, 16)),  # Diners Club
    ("36", "36", (14, 16)),
    ("38", "39", (14, 16)),
    ("3528", "3589", _LONG),  # JCB
    ("2200", "2204", _LONG),  # Mir
    ("81", "82", _LONG),  # UnionPay, RuPay
    ("50", "50", _LONG),  # Maestro
    ("56", "58", _LONG),
    ("6", "6", _LONG),  # Discover, UnionPay (62), RuPay, Maestro
    # Shorter numbers only where Maestro is known to issue: AWS account ids have 12 digits too.
    ("5018", "5018", (12, 13, 14, 15)),
    ("5020", "5020", (12, 13, 14, 15)),
    ("5038", "5038", (12, 13, 14, 15)),
    ("5893", "5893", (12, 13, 14, 15)),
    ("6304", "6304", (12, 13, 14, 15)),
    ("6390", "6390", (12, 13, 14, 15)),
    ("6759", "6759", (12, 13, 14, 15)),
    ("6761", "6763", (12, 13, 14, 15)),
)
_DOUBLED: Final = {digit: sum(divmod(int(digit) * 2, 10)) for digit in "0123456789"}


_LONGEST_PREFIX: Final = 4


def card_lengths(number: str) -> frozenset[int]:
    """Answer which lengths the issuer of `number`, by its first digits, gives its cards."""
    return _lengths_of(number[:_LONGEST_PREFIX])


@lru_cache(maxsize=2048)
def _lengths_of(prefix: str) -> frozenset[int]:
    return frozenset(
        length
        for first, last, lengths in ISSUERS
        if first <= prefix[: len(first)] <= last
        for length in lengths
    )


def has_check_digit(digits: str) -> bool:
    """Say whether the last of `digits` is the check digit of ISO/IEC 7812-1, Annex B."""
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[digit] for digit in digits[-2::-2])
    return total % 10 == 0 and digits.strip("0") != ""


def is_card(digits: str) -> bool:
    return len(digits) in card_lengths(digits) and has_check_digit(digits)


def _settle_separated(text: str, start: int, end: int) -> tuple[int, int] | None:
    before = text[start - 1] if start else ""
    if (
        before.isalnum()
        or before == "+"
        or (before == "." and text[start - 2 : start - 1].isdigit())
    ):
        return None
    separator = text[start + 4] if not text[start + 4].isdigit() else _separator(text, start)
    groups = text[start:end].split(separator)
    digits = "".join(groups)
    possible = card_lengths(digits)
    length = len(digits)
    for count in range(len(groups), 1, -1):  # numbers that follow, such as an expiry, fall away
        if length in possible and has_check_digit(digits[:length]):
            stop = start + length + count - 1
            if _ends_card(text, stop, separator):
                return start, stop
        length -= len(groups[count - 1])
    return None


def _separator(text: str, start: int) -> str:
    return text[start + 5] if not text[start + 5].isdigit() else text[start + 6]


def _ends_card(text: str, stop: int, separator: str) -> bool:
    if separator == "-" and text[stop : stop + 1] == "-":
        # A further group is a security code, or this is the middle of a UUID.
        rest = compile_pattern(r"-(?:[0-9]{3,4}(?![\w\-])|(?![0-9A-Za-z]))")
        return rest.match(text, stop) is not None
    return compile_pattern(r"(?![0-9A-Za-z]|\.[0-9])").match(text, stop) is not None


CARD: Final = Detector(
    name="financial.card",
    category=FINANCIAL_CARD,
    gate=DigitRun(shortest=12),
    pattern=(r"[2-68][0-9]{3,5}(?P<gap>[ \-\u00a0])[0-9]{2,10}(?:(?P=gap)[0-9]{1,7}){0,5}"),
    settle=_settle_separated,
    source="ISO/IEC 7812-1, Annex B (the check digit); the networks' published issuer ranges",
    examples=(
        Example("paid with 4111 1111 1111 1111 today", found="4111 1111 1111 1111"),
        Example("card-5555-5555-5555-4444.", found="5555-5555-5555-4444"),
        Example("3782 822463 10005", found="3782 822463 10005"),
        Example("4111 1111 1111 1111 12/27 123", found="4111 1111 1111 1111"),
        Example("4222 2222 2222 2", found="4222 2222 2222 2"),
        Example("411111 1111111111", found="411111 1111111111"),
        Example("41111 11111 111111", found="41111 11111 111111"),
        Example("4111-1111-1111-1111-123", found="4111-1111-1111-1111"),
    ),
    near_misses=(
        NearMiss("order 4111 1111 1111 1112", because="the check digit is wrong"),
        NearMiss("9c1b2a3d-6759-4111-8117-0a1b2c3d4e5f", because="a UUID"),
        NearMiss("+4111 1111 1111 1111", because="a telephone number's sign"),
        NearMiss("9111 1111 1111 1111", because="no issuer has this range"),
        NearMiss("4111 1111 1111 1111abc", because="inside a longer word"),
    ),
)

_UUID_TAIL: Final = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}\Z"


def _settle_bare(text: str, start: int, end: int) -> tuple[int, int] | None:
    before, earlier = text[max(0, start - 1) : start], text[max(0, start - 2) : max(0, start - 1)]
    if before == "." and earlier.isdigit():
        return None  # a fraction
    if before == "-" and compile_pattern(_UUID_TAIL).search(text[max(0, start - 24) : start]):
        return None
    return None if before == "+" else (start, end)


CARD_BARE: Final = Detector(
    name="financial.card_bare",
    category=FINANCIAL_CARD,
    gate=DigitRun(shortest=12),
    pattern=r"[2-68](?<![0-9A-Za-z].)[0-9]{11,18}(?![0-9A-Za-z]|\.[0-9]|-[0-9A-Fa-f]{4}-)",
    settle=_settle_bare,
    validate=is_card,
    source="ISO/IEC 7812-1, Annex B (the check digit); the networks' published issuer ranges",
    examples=(
        Example("number=378282246310005&expires=", found="378282246310005"),
        Example("/cards/4111111111111111/charge", found="4111111111111111"),
        Example("2223003122003222", found="2223003122003222"),
        Example("30569309025904", found="30569309025904"),
        Example("card 6759649826438453.", found="6759649826438453"),
    ),
    near_misses=(
        NearMiss("order 4111111111111112", because="the check digit is wrong"),
        NearMiss("started_at=1767225600000", because="a Unix time in milliseconds"),
        NearMiss("0.4111111111111111", because="a decimal number"),
        NearMiss("4111111111111111.5", because="a decimal number"),
        NearMiss("a4111111111111111", because="inside a longer word"),
        NearMiss("9c1b2a3d-4111-8117-0a1b-675964982644", because="a UUID"),
        NearMiss("+4111111111111111", because="a telephone number's sign"),
    ),
)


def _settle_track(text: str, start: int, end: int) -> tuple[int, int] | None:
    number = compile_pattern(r"[0-9]{12,19}").search(text, start, end)
    return (start, end) if number is not None and is_card(number.group()) else None


TRACK: Final = Detector(
    name="financial.card_track",
    category=FINANCIAL_CARD,
    gate=DigitRun(shortest=12),
    pattern=(
        r"(?:%?B[0-9]{12,19}\^[^\^\r\n]{2,26}\^[0-9]{4}[0-9A-Za-z =]{0,48}\??"
        r"|;[0-9]{12,19}=[0-9]{4,28}\??)"
    ),
    settle=_settle_track,
    source="ISO/IEC 7813 (tracks 1 and 2)",
    examples=(
        Example(
            "read %B4111111111111111^DOE/JOHN^27121010000000000000?",
            found="%B4111111111111111^DOE/JOHN^27121010000000000000?",
        ),
        Example(
            "x;4111111111111111=27121010000012345678?",
            found=";4111111111111111=27121010000012345678?",
        ),
    ),
    near_misses=(NearMiss(";4111111111111112=2712101", because="the check digit is wrong"),),
)


def has_iban_check(iban: str) -> bool:
    """Say whether `iban`, without separators, has its country's length and the check digits."""
    if len(iban) != IBAN_LENGTHS.get(iban[:2]):
        return False
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def _settle_iban(text: str, start: int, end: int) -> tuple[int, int] | None:
    length = IBAN_LENGTHS.get(text[start : start + 2].upper())
    if length is None:
        return None
    stop = start + length
    separator = text[start + 4 : start + 5]
    if not separator.isalnum():
        stop += (length - 1) // 4
        groups = text[start:stop].split(separator)
        if any(len(group) != 4 for group in groups[:-1]):
            return None
    if stop > end or text[stop : stop + 1].isalnum():
        return None
    compact = (
        text[start:stop].replace(separator, "") if not separator.isalnum() else text[start:stop]
    )
    return (start, stop) if compact.isalnum() and has_iban_check(compact.upper()) else None


IBAN: Final = Detector(
    name="financial.iban",
    category=FINANCIAL_IBAN,
    gate=DigitRun(shortest=4),
    pattern=(
        # In lower case a compact one looks like an id, so only a grouped one is taken.
        r"(?:[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}(?![A-Za-z0-9])"
        r"|[A-Za-z]{2}[0-9]{2}(?P<gap>[ \-\u00a0])[A-Za-z0-9]{4}"
        r"(?:(?P=gap)[A-Za-z0-9]{4}){1,6}(?:(?P=gap)[A-Za-z0-9]{1,3})?)"
    ),
    settle=_settle_iban,
    word_start=True,
    source="ISO 13616-1 and SWIFT's IBAN registry, release 97",
    examples=(
        Example("to DE89370400440532013000.", found="DE89370400440532013000"),
        Example("iban=GB29 NWBK 6016 1331 9268 19 paid", found="GB29 NWBK 6016 1331 9268 19"),
        Example("fr14 2004 1010 0505 0001 3m02 606", found="fr14 2004 1010 0505 0001 3m02 606"),
        Example("NO93 8601 1117 947", found="NO93 8601 1117 947"),
        Example("MT84MALT011000012345MTLCAST001S", found="MT84MALT011000012345MTLCAST001S"),
    ),
    near_misses=(
        NearMiss("DE89370400440532013001", because="the check digits are wrong"),
        NearMiss("DE89 3704 0044 0532 013", because="too short for its country"),
        NearMiss("DE89-3704-00440532", because="grouped as no IBAN is"),
        NearMiss("XX89 3704 0044 0532", because="no such country"),
        NearMiss("DE8937040044053201300", because="too short for its country"),
        NearMiss("XX89370400440532013000", because="no such country"),
        NearMiss("de89370400440532013000", because="compact and in lower case: an id"),
    ),
)

DETECTORS: Final = (CARD, CARD_BARE, TRACK, IBAN)
