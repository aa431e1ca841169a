"""What stands where an encrypted value stood: `jg1.` and 94 characters or more of base64url.

Theory of operation. A token is, in bytes, `key id (8) | category (2) | nonce (12) | sealed`, where
`sealed` is AES-256-GCM's ciphertext and tag. docs/encryption.md has the format for others to read.

1. The category stands as the first two bytes of SHA-256 over its name: whoever opens must know it, and
   the attribute's key says as much.
2. What is authenticated beside the value: version, key id, category, and the *place*, which is the
   attribute's key as it was emitted, and for what is nested in it the path. Each part stands behind its
   length, so that no two places make the same bytes.
3. A value is padded to a bucket by a byte 0x80 and zeros (ISO/IEC 7816-4), so that a token tells no
   more of the value's length than its bucket.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple, TypeAlias

from jaeger_guard.categories import ALL
from jaeger_guard.long_texts import find_all

PREFIX: Final = "jg1."
KEY_ID_BYTES: Final = 8
CATEGORY_BYTES: Final = 2
NONCE_BYTES: Final = 12  # NIST SP 800-38D, 8.2.2: random, 96 bits
TAG_BYTES: Final = 16
_HEADER: Final = KEY_ID_BYTES + CATEGORY_BYTES
_SEALED_AT: Final = _HEADER + NONCE_BYTES
SHORTEST_BUCKET: Final = 32
_STEP: Final = 4096  # above it, buckets are its multiples: doubling would waste too much
LONGEST_VALUE: Final = 262_144  # bytes; what is longer isn't encrypted
SHORTEST: Final = len(PREFIX) + (_SEALED_AT + SHORTEST_BUCKET + TAG_BYTES) * 4 // 3 + 1

_LONGEST: Final = len(PREFIX) + (_SEALED_AT + LONGEST_VALUE + _STEP + TAG_BYTES) * 4 // 3 + 1
# It stands apart: neither before it nor behind it is a character of the alphabet.
TOKEN: Final = rf"(?<![A-Za-z0-9_-])jg1\.[A-Za-z0-9_-]{{{SHORTEST - len(PREFIX)},{_LONGEST}}}"
_STANDARD: Final = bytes.maketrans(b"+/", b"-_")
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")

Place: TypeAlias = str | Sequence[str | int]
"""The attribute's key as emitted; for what is nested in it, the key and the path of names and indices."""


class Token(NamedTuple):
    """A token taken apart; nothing of it is verified."""

    key_id: bytes
    category: bytes
    nonce: bytes
    sealed: bytes


def encode(data: bytes) -> str:
    """Write bytes as base64url without padding (RFC 4648, section 5)."""
    return (
        binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_STANDARD).decode("ascii")
    )


def decode(text: str) -> bytes | None:
    """Read base64url without padding; None for anything else, other writings of the same bytes too."""
    try:
        raw = text.encode("ascii")
        data = binascii.a2b_base64(
            raw.translate(_URL_SAFE) + b"=" * (-len(raw) % 4), strict_mode=True
        )
    except (UnicodeEncodeError, binascii.Error):
        return None
    return data if encode(data) == text else None


def write_token(token: Token) -> str:
    """Write a token."""
    return PREFIX + encode(b"".join(token))


def read_token(text: str) -> Token | None:
    """Take a token apart; None for what has another shape."""
    if not text.startswith(PREFIX) or len(text) < SHORTEST:
        return None
    data = decode(text[len(PREFIX) :])
    if data is None or bucket(len(data) - _SEALED_AT - TAG_BYTES - 1) != (
        len(data) - _SEALED_AT - TAG_BYTES
    ):
        return None
    return Token(
        data[:KEY_ID_BYTES], data[KEY_ID_BYTES:_HEADER], data[_HEADER:_SEALED_AT], data[_SEALED_AT:]
    )


def find_tokens(text: str) -> list[tuple[int, int]]:
    """Find what has the shape of a token in `text`, as (start, end) in order."""
    if PREFIX not in text:
        return []
    return [found.span() for found in find_all(token_pattern(), text)]


@lru_cache(maxsize=1)
def token_pattern() -> re.Pattern[str]:
    """Compile what finds the shape of a token; it is needed where there are some."""
    return re.compile(TOKEN)


def authenticated(key_id: bytes, category: str, place: Place) -> bytes:
    """Return what is authenticated beside a value: version, key id, category, place."""
    return _beginning(key_id, category) + _of_place(place)


def _beginning(key_id: bytes, category: str) -> bytes:
    return b"jaeger_guard field 1\0" + key_id + _part(category)


def _of_place(place: Place) -> bytes:
    if isinstance(place, str):
        return _part(place)
    return b"".join([_part(str(step)) for step in place])


def _part(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    return b"%d:%b" % (len(raw), raw)


@lru_cache(maxsize=256)
def category_code(category: str) -> bytes:
    """Return what stands for a category in a token."""
    return sha256(category.encode()).digest()[:CATEGORY_BYTES]


@lru_cache(maxsize=1)
def _by_code() -> dict[bytes, str]:
    return {category_code(category): category for category in ALL}


def category_of_code(code: bytes) -> str | None:
    """Return the category that a code stands for; None for one that this version doesn't know."""
    return _by_code().get(code)


def bucket(length: int) -> int:
    """Return how many bytes a value of `length` bytes is padded to: more than it has, by one at least."""
    if length < 0:
        return 0
    if length < SHORTEST_BUCKET:
        return SHORTEST_BUCKET
    if length >= _STEP:
        return (length // _STEP + 1) * _STEP
    return 1 << length.bit_length()


def pad(value: bytes) -> bytes:
    """Pad a value to its bucket."""
    return (value + b"\x80").ljust(bucket(len(value)), b"\0")


def unpad(padded: bytes) -> bytes | None:
    """Return what was padded; None where it wasn't."""
    value = padded.rstrip(b"\0")
    return value[:-1] if value[-1:] == b"\x80" else None
