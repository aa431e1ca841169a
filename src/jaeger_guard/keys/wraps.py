"""The data key of a span's tokens, wrapped to each role that may read: the attribute `jaeger_guard.keys`.

One entry for each data key and role, separated by a space: `key id.role.epoch.wrap`. The wrap is HPKE's
encapsulated key and ciphertext (RFC 9180, base mode: X25519, HKDF-SHA256, AES-256-GCM), 107 characters
of base64url. Its `info` holds role, epoch and key id, so that a wrap serves as no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from jaeger_guard.keys.token import KEY_ID_BYTES, decode, encode

KEYS_ATTRIBUTE: Final = "jaeger_guard.keys"
DATA_KEY_BYTES: Final = 32  # AES-256
_WRAP_BYTES: Final = 32 + DATA_KEY_BYTES + 16  # X25519's encapsulated key, ciphertext, tag
_MOST: Final = 256  # entries of one attribute
ROLE: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
MOST_EPOCHS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Wrap:
    """A data key that the holder of one role's private key can take out.

    Attributes:
        key_id: The data key's id, as tokens name it.
        role: The role that it was wrapped to.
        epoch: The epoch of the role's key.
        sealed: HPKE's encapsulated key and ciphertext.
    """

    key_id: bytes
    role: str
    epoch: int
    sealed: bytes = field(repr=False)

    def __str__(self) -> str:
        return f"{encode(self.key_id)}.{self.role}.{self.epoch}.{encode(self.sealed)}"


def wrap_info(key_id: bytes, role: str, epoch: int) -> bytes:
    """Return HPKE's `info` for a wrap."""
    return b"jaeger_guard wrap 1\0" + key_id + f"{role}\0{epoch}".encode()


def write_wraps(wraps: Iterable[Wrap]) -> str:
    """Write the attribute's value."""
    return " ".join(map(str, wraps))


def read_wraps(text: str) -> tuple[Wrap, ...]:
    """Read the attribute's value; what is no entry is passed over."""
    wraps = (_read(entry) for entry in text.split(" ", _MOST)[:_MOST])
    return tuple(wrap for wrap in wraps if wrap is not None)


def _read(entry: str) -> Wrap | None:
    parts = entry.split(".")
    if len(parts) != 4:
        return None
    key_id, sealed = decode(parts[0]), decode(parts[3])
    if (
        key_id is None
        or sealed is None
        or len(key_id) != KEY_ID_BYTES
        or len(sealed) != _WRAP_BYTES
        or ROLE.fullmatch(parts[1]) is None
        or re.fullmatch(r"[1-9][0-9]{0,8}", parts[2], re.ASCII) is None
    ):
        return None
    return Wrap(key_id, parts[1], int(parts[2]), sealed)
