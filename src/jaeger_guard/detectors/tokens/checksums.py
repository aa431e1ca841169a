"""Checksums that issuers put into their tokens, so that a token can be told from what looks like it.

Source: GitHub, "Behind GitHub's new authentication token formats" (2021): CRC-32 of the random part,
written in base 62 with six digits. npm and others took it over. Grafana writes it as hexadecimal.
"""

from __future__ import annotations

import string
from typing import Final
from zlib import crc32

_BASE_62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase


def base_62(number: int, length: int = 6) -> str:
    """Write `number` with `length` digits of base 62, in the order 0-9, A-Z, a-z."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_BASE_62))
        digits.append(_BASE_62[digit])
    return "".join(reversed(digits))


def ends_with_crc32(token: str) -> bool:
    """Say whether a token's last six characters are the CRC-32 of those behind its prefix."""
    body = token[token.rfind("_") + 1 :]
    return base_62(crc32(body[:-6].encode("latin-1", "replace"))) == body[-6:]
