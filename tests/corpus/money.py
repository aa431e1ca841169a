"""Draw what identifies money: cards by issuer, IBANs, routing numbers, addresses of coins.

Issuers' ranges and lengths are those of ISO/IEC 7812 as the schemes publish them; IBAN structures
those of the registry of ISO 13616; coins' addresses follow Base58Check, BIP 173 and EIP-55.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from .case import Case
from .draw import HEX, Draw, is_luhn, luhn_digit

# Scheme, beginnings, lengths, and the groups in which the number is printed.
ISSUERS: Final = (
    ("visa", ("4",), (13, 16, 16, 16, 19), (4, 4, 4, 4, 3)),
    ("mastercard", ("51", "52", "53", "54", "55", "2221", "2345", "2720"), (16,), (4, 4, 4, 4)),
    ("amex", ("34", "37"), (15,), (4, 6, 5)),
    ("discover", ("6011", "644", "649", "65"), (16,), (4, 4, 4, 4)),
    ("jcb", ("3528", "3566", "3589"), (16,), (4, 4, 4, 4)),
    ("diners", ("300", "305", "36", "38"), (14,), (4, 6, 4)),
    ("unionpay", ("62",), (16, 19), (4, 4, 4, 4, 3)),
    ("maestro", ("5018", "5020", "6304", "6759"), (16,), (4, 4, 4, 4)),
    ("mir", ("2200", "2204"), (16,), (4, 4, 4, 4)),
)

# Country and the structure of its BBAN: n digits, a capitals, c either.
IBANS: Final = {
    "DE": "18n",
    "AT": "16n",
    "CH": "5n12c",
    "FR": "10n11c2n",
    "ES": "20n",
    "IT": "1a10n12c",
    "NL": "4a10n",
    "BE": "12n",
    "PL": "24n",
    "PT": "21n",
    "GB": "4a14n",
    "IE": "4a14n",
    "SE": "20n",
    "NO": "11n",
    "DK": "14n",
    "FI": "14n",
    "LU": "3n13c",
    "CZ": "20n",
    "SK": "20n",
    "HU": "24n",
    "RO": "4a16c",
    "BG": "4a6n8c",
    "HR": "17n",
    "SI": "15n",
    "GR": "7n16c",
    "EE": "16n",
    "LV": "4a13c",
    "LT": "16n",
    "MT": "4a5n18c",
    "CY": "8n16c",
    "TR": "6n16c",
    "SA": "2n18c",
    "AE": "19n",
    "IL": "19n",
    "BR": "23n1a1c",
    "UA": "6n19c",
}

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def card(draw: Draw, scheme: str = "") -> tuple[str, tuple[int, ...]]:
    """Draw a card's number, and the groups that it is printed in."""
    issuers = [issuer for issuer in ISSUERS if not scheme or issuer[0] == scheme]
    _, starts, lengths, groups = draw.pick(issuers)
    start = draw.pick(starts)
    body = start + draw.digits(draw.pick(lengths) - len(start) - 1)
    return body + luhn_digit(body), groups


def grouped(text: str, groups: tuple[int, ...], separator: str) -> str:
    """Write a number in groups; what is left over makes the last one."""
    parts = []
    for size in groups:
        parts.append(text[:size])
        text = text[size:]
    return separator.join(part for part in (*parts, text) if part)


def iban(draw: Draw, country: str = "") -> str:
    """Draw an IBAN with its check digits (ISO 7064, mod 97-10)."""
    country = country or draw.pick(sorted(IBANS))
    body = ""
    number = ""
    for character in IBANS[country]:
        if character.isdecimal():
            number += character
            continue
        alphabet = {"n": "0123456789", "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}.get(
            character, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        )
        body += draw.text(alphabet, int(number))
        number = ""
    value = int("".join(str(int(letter, 36)) for letter in f"{body}{country}00"))
    return f"{country}{98 - value % 97:02d}{body}"


def routing_number(draw: Draw) -> str:
    """Draw an ABA routing transit number with its check digit (ABA, weights 3 7 1)."""
    body = draw.pick(("02", "05", "11", "26", "31", "12")) + draw.digits(6)
    total = sum(int(digit) * weight for digit, weight in zip(body, (3, 7, 1) * 3, strict=False))
    return body + str(-total % 10)


def base58_address(draw: Draw, version: int) -> str:
    """Draw a Bitcoin address of the Base58Check form."""
    payload = bytes([version]) + draw.random.randbytes(20)
    payload += hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number = int.from_bytes(payload)
    text = ""
    while number:
        number, rest = divmod(number, 58)
        text = _BASE58[rest] + text
    return "1" * (len(payload) - len(payload.lstrip(b"\0"))) + text


def bech32_address(draw: Draw) -> str:
    """Draw a Bitcoin address of BIP 173: version 0 and twenty bytes."""
    words = [0, *(draw.number(0, 31) for _ in range(32))]
    expanded = [ord(letter) >> 5 for letter in "bc"] + [0] + [ord(letter) & 31 for letter in "bc"]
    checksum = 1
    for word in (*expanded, *words, 0, 0, 0, 0, 0, 0):
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ word
        for bit, generator in enumerate(
            (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
        ):
            checksum ^= generator if (top >> bit) & 1 else 0
    checksum ^= 1
    words += [(checksum >> 5 * (5 - place)) & 31 for place in range(6)]
    return "bc1" + "".join(_BECH32[word] for word in words)


def ethereum_address(draw: Draw) -> str:
    """Draw an Ethereum address without the optional mixed case of EIP-55."""
    return "0x" + draw.text(HEX, 40)


_CARD_TEXTS: Final = (
    "{}",
    "card {} was declined",
    "charged {} for 49.90 EUR on order 83124",
    "payment failed: number={} expired",
    "Karte {} wurde abgelehnt",
    "la carte {} a été refusée",
    "tarjeta {} rechazada",
    '{{"source": {{"number": "{}", "brand": "visa"}}, "amount": 4990}}',
    "POST /charge pan={}&amount=4990",
    "log: retry 3 of 5, pan {}, terminal T-88231",
)
_CARD_KEYS: Final = ("order.note", "payment.detail", "message", "log.body")


def cards(draw: Draw) -> Iterator[Case]:
    """Cards of every scheme, printed in every way; and runs of digits that are no card."""
    for scheme, *_ in ISSUERS:
        for _ in range(24):
            number, groups = card(draw, scheme)
            written = draw.pick(
                (number, grouped(number, groups, " "), grouped(number, groups, "-"))
            )
            template = draw.pick(_CARD_TEXTS)
            text = template.format(written)
            stays = tuple(
                part
                for part in ("49.90 EUR", "83124", "4990", "T-88231", "retry 3 of 5")
                if part in template
            )
            key = draw.pick(_CARD_KEYS)
            yield Case(kind=scheme, key=key, value=text, gone=(written,), stays=stays)
        number, _ = card(draw, scheme)
        yield Case(kind=f"{scheme} integer", key="payment.value", value=int(number), gone=(number,))
        if len(number) < 16:
            yield Case(
                kind=f"{scheme} float", key="payment.value", value=float(number), gone=(number,)
            )
        yield Case(kind=f"{scheme} list", key="payment.values", value=["a", number], gone=(number,))
        for key in ("card_number", "creditCard", "payment.card.pan"):
            yield Case(kind=f"{scheme} key", key=key, value=number, gone=(number,))
    for _ in range(60):
        number = draw.digits(16)
        if not is_luhn(number) or number[0] in "01":
            yield Case(kind="no check digit", key="order.note", value=f"reference {number} booked")
    for _ in range(60):
        number, _ = card(draw, "visa")
        key = draw.pick(("order_id", "trace.id", "request_id", "event.sequence", "messageId"))
        yield Case(kind="id", key=key, value=number)
    for _ in range(40):
        micros = draw.number(1_600_000_000_000_000, 1_899_999_999_999_999)
        key = draw.pick(("started_at", "order.note", "message", "created"))
        yield Case(kind="time", key=key, value=f"took from {micros} to {micros + 1204}")
    for _ in range(40):
        millis = draw.number(1_600_000_000_000, 1_899_999_999_999)
        yield Case(kind="time", key="note", value=millis)


def accounts(draw: Draw) -> Iterator[Case]:
    """IBANs, routing numbers, BICs and account numbers beside context, and coins' addresses."""
    for country in IBANS:
        for _ in range(3):
            number = iban(draw, country)
            written = draw.pick((number, grouped(number, (4,) * 9, " ")))
            template = draw.pick(
                ("{}", "paid from {} on Monday", "IBAN: {}", '{{"to": "{}", "amount": 12}}')
            )
            yield Case(
                kind=f"IBAN {country}", key="note", value=template.format(written), gone=(written,)
            )
    for _ in range(30):
        number = routing_number(draw)
        text = draw.pick(
            (f"routing number {number}", f"ABA routing: {number}", f"routing_number={number}")
        )
        yield Case(kind="ABA", key="note", value=text, gone=(number,))
    for _ in range(30):
        number = draw.digits(draw.number(8, 12))
        text = draw.pick(
            (f"account number {number}", f"account_number={number}", f"bank account: {number}")
        )
        yield Case(kind="account", key="note", value=text, gone=(number,))
    for _ in range(30):
        bic = draw.like("[A-Z]{4}(DE|FR|GB|US|NL)[A-Z2-9][A-Z0-9]([A-Z0-9]{3})?")
        text = draw.pick((f"BIC: {bic}", f"swift code {bic}", f"SWIFT/BIC {bic}"))
        yield Case(kind="BIC", key="note", value=text, gone=(bic,))
    for _ in range(12):
        for kind, address in (
            ("bitcoin P2PKH", base58_address(draw, 0)),
            ("bitcoin P2SH", base58_address(draw, 5)),
            ("bitcoin SegWit", bech32_address(draw)),
            ("ethereum", ethereum_address(draw)),
        ):
            template = draw.pick(("{}", "sent 0.5 to {}", "wallet={} network=main"))
            stays = ("network=main",) if "network" in template else ()
            yield Case(
                kind=kind, key="note", value=template.format(address), gone=(address,), stays=stays
            )
    for _ in range(40):
        wrong = iban(draw)
        wrong = wrong[:2] + f"{(int(wrong[2:4]) + 7) % 97:02d}" + wrong[4:]
        yield Case(kind="wrong check digits", key="note", value=f"reference {wrong}")
    for _ in range(40):
        value = draw.pick(
            (
                f"account type {draw.digits(2)}",
                f"0x{draw.hexadecimal(8)}",
                f"tx 0x{draw.hexadecimal(64)}",
            )
        )
        yield Case(kind="no account", key="note", value=value)
