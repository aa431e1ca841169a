"""The bytes of protobuf's wire format, and of the OTLP fields that are the same for many spans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import index
from struct import Struct
from struct import error as StructError
from typing import Any, Final

# Protobuf parsers in C++, Java and Python refuse messages nested deeper than 100 (protobuf,
# CodedInputStream, "recursion limit"). A list costs two levels, a map three; what stands around an
# event's attribute leaves this much: 47 lists, or 31 maps.
NESTING_LIMIT: Final = 94

_UNSIGNED_64: Final = Struct("<BQ")
_UNSIGNED_32: Final = Struct("<I")
DOUBLE: Final = Struct("<d")
KIND_AND_TIMES: Final = Struct("<BBBQBQ")

# SpanFlags: bit 8 says that bit 9 is meant, bit 9 that the parent (or the link) is remote. Each
# pair is (local, remote).
SPAN_FLAGS: Final = (
    b"\x85\x01" + _UNSIGNED_32.pack(0x100),
    b"\x85\x01" + _UNSIGNED_32.pack(0x300),
)
LINK_FLAGS: Final = (b"\x35" + _UNSIGNED_32.pack(0x100), b"\x35" + _UNSIGNED_32.pack(0x300))

PLAIN_STATUS: Final = (b"z\x00", b"z\x02\x18\x01", b"z\x02\x18\x02")  # unset, ok, error


class NestedTooDeepError(Exception):
    """A value holds itself, or more levels than receivers parse; never leaves the encoder."""


def varint(number: int) -> bytes:
    """Encode an unsigned number of up to 64 bits."""
    if number < 0x80:
        return b"%c" % number
    if number < 0x4000:
        return b"%c%c" % (number & 0x7F | 0x80, number >> 7)
    if number < 0x20_0000:
        return b"%c%c%c" % (number & 0x7F | 0x80, number >> 7 & 0x7F | 0x80, number >> 14)
    digits = bytearray()
    while number >= 0x80:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def field(tag: bytes, data: bytes) -> bytes:
    """Put a tag and the length before what a field holds: text, bytes or a message."""
    size = len(data)
    if size < 0x80:
        return b"%b%c%b" % (tag, size, data)
    if size < 0x4000:
        return b"%b%c%c%b" % (tag, size & 0x7F | 0x80, size >> 7, data)
    return b"%b%b%b" % (tag, varint(size), data)


def fixed64(tag: int, number: int | None) -> bytes:
    """Encode a time as its field, none where it is unset or 0."""
    return _UNSIGNED_64.pack(tag, number) if number else b""


def count(number: int) -> bytes:
    """Encode how many were dropped (uint32), without a tag."""
    if not 0 <= index(number) <= 0xFFFF_FFFF:
        raise OverflowError
    return varint(number)


def utf8(text: str) -> bytes:
    """Encode a text, and nothing that is none."""
    if not isinstance(text, str):
        raise TypeError
    return str.encode(text)  # of str itself: a subclass may mean something else by it


def status(code: int, description: str | None) -> bytes:
    """Encode a span's status as its field, which is present also where it says nothing."""
    if not 0 <= code < len(PLAIN_STATUS):
        raise OverflowError
    if not description:
        return PLAIN_STATUS[code]
    text = field(b"\x12", utf8(description))
    return field(b"z", text + b"\x18%c" % code if code else text)


def any_value(value: Any, levels: int = NESTING_LIMIT) -> bytes:
    """Encode the inside of an AnyValue; in the SDK's order, for what is of several types.

    Raises:
        NestedTooDeepError: Where `value` needs more than so many levels of messages.
    """
    if value is None:
        return b""
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, str):
        return field(b"\n", str.encode(value))
    if isinstance(value, int):
        number = int.__index__(value)
        if not -(2**63) <= number < 2**63:
            raise OverflowError
        return b"\x18" + varint(number & 0xFFFF_FFFF_FFFF_FFFF)
    if isinstance(value, float):
        return b"!" + DOUBLE.pack(value)
    if isinstance(value, bytes):
        return field(b":", value)
    if isinstance(value, Sequence):
        return field(b"*", _list(value, levels - 2))
    if isinstance(value, Mapping):
        return field(b"2", _map(value, levels - 3))
    raise TypeError


def _list(values: Sequence[Any], levels: int) -> bytes:
    if levels < 0:
        raise NestedTooDeepError
    return b"".join([field(b"\n", any_value(value, levels)) for value in values])


def _map(values: Mapping[Any, Any], levels: int) -> bytes:
    if levels < 0:
        raise NestedTooDeepError
    pairs = []
    for key, value in values.items():
        name = str.encode(str(key))
        inside = field(b"\x12", any_value(value, levels))
        pairs.append(field(b"\n", field(b"\n", name) + inside if name else inside))
    return b"".join(pairs)


def reason(error: Exception) -> str:
    """Say what was wrong without quoting it: messages of such errors hold the value."""
    if isinstance(error, UnicodeError):
        return "a text has a lone surrogate, for which UTF-8 has no form"
    if isinstance(error, (OverflowError, StructError)):
        return "a number is outside the range of its field"
    if isinstance(error, (NestedTooDeepError, RecursionError)):
        return "a value is nested deeper than receivers can parse"
    return "something is of a type for which OTLP has no form"
