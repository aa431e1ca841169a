"""What services tell each other in tracestate: that consent was refused, or that a span is minimal.

The member `jaeger_guard` holds letters, `r` for refused and `m` for minimal, and behind a colon an
HMAC of them and the trace id where a key is set. It only ever asks for less: there is no letter that
grants anything. With a key, a mark counts only where its HMAC verifies, so that nobody else can blind
a service; the trace id in it keeps one that was seen from being used for other traces.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import os
import stat
from pathlib import Path
from typing import Final

from jaeger_guard.detectors.pasted import name_of_file
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard.sampling")

MARK: Final = "jaeger_guard"
REFUSED: Final = "r"
MINIMAL: Final = "m"
_LETTERS: Final = (REFUSED, MINIMAL, REFUSED + MINIMAL)
_CONTEXT: Final = b"jaeger_guard tracestate 1\0"  # so that no other use of the key makes such a tag
_TAG: Final = 16  # bytes; NIST SP 800-107, 5.3.3: at least 32 bits, here 128
_KEY: Final = 32  # bytes
_LARGEST_FILE: Final = 4096


class Peers:
    """Writes and reads marks; with a key, only signed ones."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"Peers(signed={self._key is not None})"

    def write(self, letters: str, trace_id: int) -> str:
        """Write what stands in tracestate for some letters."""
        if self._key is None or not letters:
            return letters
        return f"{letters}:{self._tag(letters, trace_id)}"

    def read(self, text: str, trace_id: int) -> str:
        """Answer the letters of a mark from another process; none where it doesn't count."""
        letters, _, tag = text.partition(":")
        if letters not in _LETTERS:
            return ""
        if self._key is None:
            return letters
        expected = self._tag(letters, trace_id)
        return letters if hmac.compare_digest(tag.encode(), expected.encode()) else ""

    def _tag(self, letters: str, trace_id: int) -> str:
        assert self._key is not None
        message = _CONTEXT + letters.encode() + b"\0" + trace_id.to_bytes(16, "big")
        digest = hmac.digest(self._key, message, hashlib.sha256)[:_TAG]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def letters_in(text: str) -> str:
    """Answer the letters of a mark that this process wrote or verified."""
    return text.partition(":")[0]


def read_key(path: str | os.PathLike[str], where: str) -> bytes:
    """Read a key file: 32 bytes as base64 text, or the bytes themselves.

    Raises:
        ConfigurationError: It can't be read, or holds no key; it is named, and never quoted.
    """
    file = Path(path)
    content: bytes | None = None
    mode = 0
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST_FILE)
            mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):  # ValueError: a null character
        pass  # refused below: the error here quotes the name, which may be a secret
    if content is None:
        what = f"{name_of_file(file)} can't be read"
        raise ConfigurationError(what, where, "Create it, readable for this process alone")
    if mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH):
        tell(
            _LOGGER,
            logging.WARNING,
            "%s, %s: others can read or change the key that services sign with; make it mode 0600",
            where,
            name_of_file(file),
        )
    key = _decode(content)
    if key is None:
        raise ConfigurationError(
            f"{name_of_file(file)} holds no key of {_KEY} bytes",
            where,
            f"Write {_KEY} random bytes as base64 text into it: openssl rand -base64 {_KEY}",
        )
    return key


def _decode(content: bytes) -> bytes | None:
    try:
        decoded = base64.b64decode(b"".join(content.split()), validate=True)
    except binascii.Error:
        decoded = b""
    if len(decoded) >= _KEY:
        return decoded
    return content if len(content) == _KEY else None
