"""What the demo plants, and how it is looked for in what a receiver got.

Nothing here is anybody's: names are made up, numbers and addresses are those that registries and
card schemes publish for tests and documentation.
"""

from __future__ import annotations

import base64
import functools
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_plus


@dataclass(frozen=True, slots=True)
class Planted:
    """One value that must not leave.

    Attributes:
        label: What it is, for people.
        value: Itself, as the shop's customer would write it.
    """

    label: str
    value: str


# Credentials in two halves, so that scanners for secrets stay quiet.
EMAIL: Final = Planted("an e-mail address", "anna.lindqvist@mail.example.org")
SURNAME: Final = Planted("a surname in a statement", "Brandewijnsen")
PHONE: Final = Planted("a phone number", "+1 202-555-0143")
ADDRESS: Final = Planted("a client's address", "203.0.113.77")
NATIONAL_ID: Final = Planted("a social security number", "219-09-9999")
CARD: Final = Planted("a payment card", "4539 5787 6362 1486")
SECOND_CARD: Final = Planted("a payment card, as a number", "5425233430109903")
IBAN: Final = Planted("a bank account", "DE89370400440532013000")
PASSWORD: Final = Planted("a password", "correct-horse" + "-7-battery")
SESSION: Final = Planted("a session cookie", "s%3A9f2kQ7mZ" + "xW4vT8rLbNcY3")
BEARER: Final = Planted(
    "a bearer token",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    + "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkxpbmRxdmlzdCJ9."
    + "dBjftJeZ4CVPmB92K27uhbUJU1p1rwW1gFWFOEjXk0Q",
)
PARTNER_PASSWORD: Final = Planted("a password in a Basic header", "brass" + "-Kettle-4410")
COURIER_PASSWORD: Final = Planted("a password in a URL", "w1nter" + "-Parcel-88")
REPOSITORY_TOKEN: Final = Planted("a GitHub token", "ghp_" + "Zk3vQ9mT7xWc2LrB8nYd5HsJ1fGp4A0eKuRi")
PAYMENT_KEY: Final = Planted("a payment provider's key", "sk_live_" + "9dKq2TzWv7RmXc4LbN8sYp1H")
DATABASE_PASSWORD: Final = Planted("a database's password", "plum" + "-Anchor-2931")
PROMPT: Final = Planted("a question to an assistant", "my doctor says the mole is a melanoma")

PLANTED: Final = (
    EMAIL,
    SURNAME,
    PHONE,
    ADDRESS,
    NATIONAL_ID,
    CARD,
    SECOND_CARD,
    IBAN,
    PASSWORD,
    SESSION,
    BEARER,
    PARTNER_PASSWORD,
    COURIER_PASSWORD,
    REPOSITORY_TOKEN,
    PAYMENT_KEY,
    DATABASE_PASSWORD,
    PROMPT,
)

_SEPARATED: Final = r"(?<=[0-9A-Za-z])[ -](?=[0-9A-Za-z])"


def found(payloads: Iterable[bytes], texts: Iterable[str]) -> frozenset[Planted]:
    """Tell which planted values stand in bytes as received, or in texts as decoded from them.

    Numbers are varints in protobuf: they can be seen in the decoded texts alone.
    """
    exact = "\n".join([*(payload.decode("latin-1") for payload in payloads), *texts])
    folded = exact.lower()
    joined = re.sub(_SEPARATED, "", folded)
    return frozenset(
        planted
        for planted in PLANTED
        if any(spelling in folded for spelling in spellings(planted.value))
        or any(spelling in exact for spelling in _base64(planted.value))
        or re.sub(_SEPARATED, "", planted.value.lower()) in joined
    )


def spellings(value: str) -> frozenset[str]:
    """Write a value in the ways in which a URL, a page, JSON or a dump may hold it, in lower case."""
    quoted = quote(value, safe="")
    ways = (
        value,
        quoted,
        quote_plus(value),
        quote(quoted, safe=""),
        html.escape(value),
        re.sub(r"[^A-Za-z0-9]", lambda char: f"\\u{ord(char[0]):04x}", value),
        value.encode().hex(),
    )
    return frozenset(way.lower() for way in ways)


def _base64(value: str) -> frozenset[str]:
    """Write what base64 has of a value wherever it starts, in both alphabets."""
    plain = value.encode()
    written = set()
    for offset in range(3):  # three bytes make four letters
        bits = (offset + len(plain)) * 8
        whole = slice((offset * 8 + 5) // 6, bits // 6)
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            written.add(encode(bytes(offset) + plain)[whole].decode())
    return frozenset(written)


def stretches(text: str) -> list[tuple[int, int]]:
    """Find where planted values stand in a text, in order, as (start, end); for highlighting."""
    return [hit.span() for hit in _all_spellings().finditer(text)]


@functools.cache
def _all_spellings() -> re.Pattern[str]:
    patterns = set()
    for planted in PLANTED:
        patterns |= {re.escape(spelling) for spelling in spellings(planted.value)}
        patterns |= {re.escape(spelling) for spelling in _base64(planted.value)}
        compact = re.sub(_SEPARATED, "", planted.value)
        patterns.add(r"[ -]?".join(re.escape(char) for char in compact))
    # Longest first: an alternation takes the first that fits.
    return re.compile("|".join(sorted(patterns, key=len, reverse=True)), re.IGNORECASE)
