"""Detect payment cards (`financial.card`): numbers, stripes, and what is printed beside a number.

A card number with separators and a bare run of digits are two detectors of one category: a caller
may exempt the bare one under a key that says "id", where one number in ten passes the check digit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from jaeger_guard.categories import (
    FINANCIAL_CARD,
    FINANCIAL_CARD_SECURITY,
    FINANCIAL_CARD_TRACK,
)
from jaeger_guard.detectors.checks import has_luhn_digit
from jaeger_guard.detectors.detector import (
    Detector,
    DigitRun,
    Example,
    NearMiss,
    compile_pattern,
)
from jaeger_guard.detectors.labels import labelled
from jaeger_guard.lexicon import is_identifier

# Issuer ranges (first and last prefix, of equal length) and the lengths of their numbers. Where two
# networks share a range, each of their lengths counts. A range that nobody issues from (61, 66, 68,
# 69) is left out: one bare number in ten passes the check digit.
_FOUR_LENGTHS: Final = (16, 17, 18, 19)
_MAESTRO: Final = (12, 13, 14, 15, *_FOUR_LENGTHS)
ISSUERS: Final[tuple[tuple[str, str, tuple[int, ...]], ...]] = (
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),  # Mastercard, second series
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14, 16, 19)),  # Diners Club
    ("3095", "3095", (14, 16, 19)),
    ("36", "36", (14, 16, 19)),
    ("38", "39", (14, 16, 19)),
    ("3528", "3589", _FOUR_LENGTHS),  # JCB; RuPay's 353 and 356
    ("1800", "1800", (15,)),  # JCB's first series
    ("2131", "2131", (15,)),
    ("2200", "2204", _FOUR_LENGTHS),  # Mir
    ("2205", "2205", (16,)),  # Borica
    ("6011", "6011", _FOUR_LENGTHS),  # Discover
    ("644", "649", _FOUR_LENGTHS),
    ("65", "65", _FOUR_LENGTHS),  # Discover, RuPay, Elo, Troy, Verve
    ("62", "62", _FOUR_LENGTHS),  # UnionPay, from 622126 on also Discover's; Elo (627780)
    ("81", "82", _FOUR_LENGTHS),  # UnionPay, RuPay
    ("60", "60", _FOUR_LENGTHS),  # RuPay, Hipercard, UkrCard, Maestro
    ("50", "50", _FOUR_LENGTHS),  # Maestro, RuPay (508), Verve (506), Elo (5041, 5066, 5067, 509)
    ("56", "58", _FOUR_LENGTHS),  # Maestro
    ("63", "63", _FOUR_LENGTHS),  # Maestro, Elo (6362, 6363), InstaPayment, InterPayment
    ("67", "67", _FOUR_LENGTHS),  # Maestro
    ("9792", "9792", (16,)),  # Troy
    ("9704", "9704", (16, 19)),  # Napas
    ("8600", "8600", (16,)),  # UzCard
    ("9860", "9860", (16,)),  # Humo
    ("3841", "3841", (19,)),  # Hipercard
    # Shorter numbers only where Maestro is known to issue: AWS account ids have 12 digits too.
    ("5018", "5018", _MAESTRO),
    ("5020", "5020", _MAESTRO),
    ("5038", "5038", _MAESTRO),
    ("5893", "5893", _MAESTRO),
    ("6304", "6304", _MAESTRO),
    ("6390", "6390", _MAESTRO),
    ("6759", "6759", _MAESTRO),
    ("6761", "6763", _MAESTRO),
)

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


def is_card(digits: str) -> bool:
    return len(digits) in card_lengths(digits) and has_luhn_digit(digits)


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
        if length in possible and has_luhn_digit(digits[:length]):
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
    gate=DigitRun(shortest=12, beside=r" \-\u00a0"),
    pattern=(r"[1-689][0-9]{3,5}(?P<gap>[ \-\u00a0])[0-9]{2,10}(?:(?P=gap)[0-9]{1,7}){0,5}"),
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

_NAME_BEFORE: Final = r"(?<![\w.\-])(?P<name>[A-Za-z][\w.\-]{1,63})\\?[\"']?(?:=| ?: ?)\\?[\"']?\Z"
_UUID_TAIL: Final = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}\Z"


def _settle_bare(text: str, start: int, end: int) -> tuple[int, int] | None:
    before, earlier = text[max(0, start - 1) : start], text[max(0, start - 2) : max(0, start - 1)]
    if before == "." and earlier.isdigit():
        return None  # a fraction
    if before == "-" and compile_pattern(_UUID_TAIL).search(text[max(0, start - 24) : start]):
        return None
    if before == "+" or _is_assigned_to_identifier(text, start):
        return None
    return start, end


def _is_assigned_to_identifier(text: str, start: int) -> bool:
    """Say whether a name that an attribute's id may have stands in front: `order_id=`, `"offset": `."""
    if text[start - 1 : start] not in ("=", ":", " ", '"', "'"):
        return False
    window = text[max(0, start - 72) : start]
    named = compile_pattern(_NAME_BEFORE).search(window)
    return named is not None and named["name"].lower() != "id" and is_identifier(named["name"])


CARD_BARE: Final = Detector(
    name="financial.card_bare",
    category=FINANCIAL_CARD,
    gate=DigitRun(shortest=12),
    pattern=r"[1-689](?<![0-9A-Za-z].)[0-9]{11,18}(?![0-9A-Za-z]|\.[0-9]|-[0-9A-Fa-f]{4}-)",
    settle=_settle_bare,
    validate=is_card,
    source="ISO/IEC 7812-1, Annex B (the check digit); the networks' published issuer ranges",
    examples=(
        Example("number=378282246310005&expires=", found="378282246310005"),
        Example("id: 4111111111111111", found="4111111111111111"),
        Example("9792030394440796 and", found="9792030394440796"),
        Example("/cards/4111111111111111/charge", found="4111111111111111"),
        Example("2223003122003222", found="2223003122003222"),
        Example("30569309025904", found="30569309025904"),
        Example("213199221740387 expired", found="213199221740387"),
        Example("card 6759649826438453.", found="6759649826438453"),
    ),
    near_misses=(
        NearMiss("order 4111111111111112", because="the check digit is wrong"),
        NearMiss("started_at=1767225600000", because="a Unix time in milliseconds"),
        NearMiss("6911111111111114", because="nobody issues from this range"),
        NearMiss("0.4111111111111111", because="a decimal number"),
        NearMiss("4111111111111111.5", because="a decimal number"),
        NearMiss("a4111111111111111", because="inside a longer word"),
        NearMiss("order_id=4532015112830366 done", because="its name is an id's"),
        NearMiss('{"offset": 4532015112830366', because="its name is a count's"),
        NearMiss("9c1b2a3d-4111-8117-0a1b-675964982644", because="a UUID"),
        NearMiss("+4111111111111111", because="a telephone number's sign"),
    ),
)

_LABELLED_GATE, _LABELLED_PATTERN = labelled(
    "card|credit card|debit card|creditcard|card number|cardnumber|ccnum|pan|visa|mastercard|amex"
    "|american express|maestro|kreditkarte|kartennummer|carte bancaire|carte bleue"
    "|carte de cr\u00e9dit|tarjeta|tarjeta de cr\u00e9dito|cart\u00e3o|carta di credito|creditkort"
    "|kredietkaart|karta kredytowa",
    r"[0-9](?:[ \-\u00a0]?[0-9]){11,18}(?![0-9A-Za-z]|[.\-][0-9])",
)

CARD_LABELLED: Final = Detector(
    name="financial.card_labelled",
    category=FINANCIAL_CARD,
    gate=_LABELLED_GATE,
    pattern=_LABELLED_PATTERN,
    validate=lambda value: has_luhn_digit("".join(filter(str.isdigit, value))),
    source="ISO/IEC 7812-1 (12 to 19 digits, the last one a check digit), whoever issues it",
    examples=(
        Example("my credit card 3513674308172390 was declined", found="3513674308172390"),
        Example("card no. 564453692811", found="564453692811"),
        Example("PAN: 9111-1111-1111-1110", found="9111-1111-1111-1110"),
    ),
    near_misses=(
        NearMiss("card 3513674308172391", because="the check digit is wrong"),
        NearMiss("card 12 of 52", because="a count"),
        NearMiss("discard 3513674308172390", because="another word"),
    ),
)


def _settle_track(text: str, start: int, end: int) -> tuple[int, int] | None:
    number = compile_pattern(r"[0-9]{12,19}").search(text, start, end)
    if number is None or not is_card(number.group()):
        return None
    # `4111111111111111=2712...`: the expiry's month tells it from an assignment.
    expiry = compile_pattern(r"[=DdNn^][0-9]{2}(?:0[1-9]|1[0-2])").search(text, number.end(), end)
    return (start, end) if expiry is not None else None


TRACK: Final = Detector(
    name="financial.card_track",
    category=FINANCIAL_CARD_TRACK,
    gate=DigitRun(shortest=12, beside=r"\^=D"),
    pattern=(
        r"(?:%?[Bb][0-9]{12,19}\^[^\^\r\n]{2,26}\^[0-9]{4}[0-9A-Za-z =]{0,64}\??"
        r"|;[0-9]{12,19}=[0-9]{4,28}\??"
        # ISO 8583, field 35: without sentinels, and D where the separator is.
        r"|[2-689](?<![0-9A-Za-z].)[0-9]{11,18}[=D][0-9]{7,28}F?(?![0-9A-Za-z]))"
    ),
    settle=_settle_track,
    source="ISO/IEC 7813 (tracks 1 and 2); ISO 8583-1, field 35",
    examples=(
        Example(
            "read %B4111111111111111^DOE/JOHN^27121010000000000000?",
            found="%B4111111111111111^DOE/JOHN^27121010000000000000?",
        ),
        Example(
            "x;4111111111111111=27121010000012345678?",
            found=";4111111111111111=27121010000012345678?",
        ),
        Example("DE35 4111111111111111D27122010000000", found="4111111111111111D27122010000000"),
    ),
    near_misses=(NearMiss(";4111111111111112=2712101", because="the check digit is wrong"),),
)

_CODE_GATE, _CODE_PATTERN = labelled(
    "cvv|cvv2|cvc|cvc2|cvn|cvn2|card security code|card verification value|card verification code"
    "|card verification number|security code|card code|cryptogramme visuel|kartenpr\u00fcfnummer"
    "|pr\u00fcfnummer|codice di sicurezza|c\u00f3digo de seguridad|c\u00f3digo de seguran\u00e7a",
    r"[0-9]{3,4}(?![0-9A-Za-z_%]|[.,:\-/][0-9A-Za-z])",
)

SECURITY_CODE: Final = Detector(
    name="financial.card_security_code",
    category=FINANCIAL_CARD_SECURITY,
    gate=_CODE_GATE,
    pattern=_CODE_PATTERN,
    labelled=True,
    source="PCI DSS 4.0.1, requirement 3.3.1.2 (the card verification code, three or four digits)",
    examples=(
        Example("charged with CVV 123 on file", found="123"),
        Example("the card security code is 7341.", found="7341"),
        Example("cvv2=481 exp", found="481"),
        Example("CVC: 002", found="002"),
    ),
    near_misses=(
        NearMiss("cvv check took 12 ms", because="no code is told"),
        NearMiss("CVV2 mismatch (code N)", because="a result"),
        NearMiss("cvv length 20", because="two digits"),
        NearMiss("security code 404.1", because="a version or a measure"),
    ),
)

_EXPIRY_GATE, _EXPIRY_PATTERN = labelled(
    "card expiry|card expires|card expiration|card exp|expiry date|expiration date|exp date|exp month"
    "|expires end|valid thru|valid through|good thru|g\u00fcltig bis|expires|expiry|exp",
    r"(?:0[1-9]|1[0-2])[ ]?[/\-][ ]?(?:20)?[0-9]{2}(?![0-9A-Za-z_/\-]|[.,:][0-9])",
)

# Certificates, coupons and passports expire too.
_CARD_NEAR: Final = (
    r"(?i:card|visa|master|amex|maestro|discover|cvv|cvc|thru|through|karte|tarjeta|carte|cart\u00e3o|carta)"
    r"|[0-9*xX\u2022]{4}[ \-]?[0-9*xX\u2022]{4}|\*{4}"
)


def _settle_expiry(text: str, start: int, end: int) -> tuple[int, int] | None:
    near = text[max(0, start - 80) : start] + "\n" + text[end : end + 40]
    return (start, end) if compile_pattern(_CARD_NEAR).search(near) else None


EXPIRY: Final = Detector(
    name="financial.card_expiry",
    category=FINANCIAL_CARD_SECURITY,
    gate=_EXPIRY_GATE,
    pattern=_EXPIRY_PATTERN,
    labelled=True,
    settle=_settle_expiry,
    source="ISO/IEC 7813 (the expiration date); EMV Book 1 (MM/YY as printed)",
    examples=(
        Example("4111 1111 1111 1111 exp 12/27 declined", found="12/27"),
        Example("Card expiry: 03/2028", found="03/2028"),
        Example("valid thru 01-29,", found="01-29"),
    ),
    near_misses=(
        NearMiss("expires 12/27/2027", because="a date with its day"),
        NearMiss("expires 2027-12-31", because="a date"),
        NearMiss("certificate expires 12/27", because="no card is near"),
        NearMiss("card exp 13/27", because="no month"),
        NearMiss("regexp 10/12 matched", because="part of a word"),
    ),
)

_PIN_GATE, _PIN_PATTERN = labelled(
    "card pin|debit pin|atm pin|pin code|pin number|pincode|geheimzahl|code pin|pin is|your pin|my pin",
    r"[0-9]{4,6}(?![0-9A-Za-z_%]|[.,:\-/][0-9A-Za-z]|\s{1,4}(?:ms|s|bytes|kB|MB|times)\b)",
)

PIN: Final = Detector(
    name="financial.card_pin",
    category=FINANCIAL_CARD_SECURITY,
    gate=_PIN_GATE,
    pattern=_PIN_PATTERN,
    labelled=True,
    source="ISO 9564-1 section 6 (a PIN has four to twelve digits)",
    examples=(
        Example("the card's PIN is 4821.", found="4821"),
        Example("my pin: 903122", found="903122"),
    ),
    near_misses=(
        NearMiss("spin 1234 and pinned 5678", because="parts of words"),
        NearMiss("GPIO pin 1234 is high", because="a contact's number"),
        NearMiss("PIN attempts 3000", because="a count"),
    ),
)

DETECTORS: Final = (CARD, CARD_BARE, CARD_LABELLED, TRACK, SECURITY_CODE, EXPIRY, PIN)
