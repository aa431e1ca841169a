"""Read and write IPv4 addresses as `ipaddress` does, without an object for each: client addresses abound."""

from __future__ import annotations

from typing import Final

# RFC 6943 section 3.1.1: a leading zero would be octal to some readers, so it is in no address.
_OCTETS: Final = {str(octet): octet for octet in range(256)}


def ipv4_number(text: str) -> int | None:
    """Return the number of an IPv4 address in dotted decimals; None for any other text."""
    parts = text.split(".", 4)
    if len(parts) != 4:
        return None
    number = 0
    for part in parts:
        octet = _OCTETS.get(part)
        if octet is None:
            return None
        number = number << 8 | octet
    return number


def ipv4_text(number: int) -> str:
    """Write the IPv4 address of this number, of 32 bits."""
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
