"""As much HTTP/2 as one gRPC call of a stranger needs (RFC 9113, RFC 7541, gRPC over HTTP/2).

grpcio can't be told to talk to a server that it can't verify. Header blocks of answers needn't be
decoded: a server that does what it is asked answers with a DATA frame, one that refuses with HEADERS
alone ("Trailers-Only", gRPC over HTTP/2, "Responses").
"""

from __future__ import annotations

import re
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _SETTINGS = 0, 1, 4
_END_STREAM, _END_HEADERS = 1, 4
_FRAME: Final = 9  # bytes of a frame's header

# A message on stream 1, or its end: more needn't be read.
_MOST_FRAMES: Final = 64


def call(authority: str, path: str, message: bytes, *, scheme: str) -> bytes:
    """Return the bytes that open a connection and make one gRPC call on it."""
    headers = b"".join(
        _field(name, value)
        for name, value in (
            (":method", "POST"),
            (":scheme", scheme),
            (":path", path),
            (":authority", authority),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
        )
    )
    body = b"\0" + len(message).to_bytes(4, "big") + message
    return (
        PREFACE
        + _frame(_SETTINGS, 0, 0, b"")
        + _frame(_HEADERS, _END_HEADERS, 1, headers)
        + _frame(_DATA, _END_STREAM, 1, body)
    )


def speaks_http2(data: bytes) -> bool:
    """Say whether an answer begins with a SETTINGS frame (RFC 9113, section 3.4)."""
    return len(data) >= _FRAME and data[3] == _SETTINGS and int.from_bytes(data[:3], "big") % 6 == 0


def answers(data: bytes) -> bool:
    """Say whether a message came back on the call's stream."""
    position = 0
    for _ in range(_MOST_FRAMES):
        if len(data) < position + _FRAME:
            break
        length = int.from_bytes(data[position : position + 3], "big")
        kind = data[position + 3]
        stream = int.from_bytes(data[position + 5 : position + 9], "big") & 0x7FFFFFFF
        if kind == _DATA and stream == 1 and length >= 5:
            return True
        position += _FRAME + length
    return False


# A DATA or HEADERS frame on stream 1: the answer, or the refusal, is there.
ANSWERED: Final = re.compile(rb"...[\x00\x01].\x00\x00\x00\x01", re.DOTALL)


def _field(name: str, value: str) -> bytes:
    """Write a field literally, without indexing (RFC 7541, section 6.2.2)."""
    return b"\0" + _text(name) + _text(value)


def _text(text: str) -> bytes:
    raw = text.encode("ascii", "replace")[:126]  # one byte of length, without Huffman coding
    return bytes([len(raw)]) + raw


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return head + payload
