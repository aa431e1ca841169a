"""Read a secret key of 32 bytes from where it is kept: a file, a text, a callable."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from typing import Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.keys.providers import read_private_file

KEY_BYTES: Final = 32
_MAKE_ONE: Final = "Make one with: (umask 077; openssl rand -base64 32 > the file)"


def key_of_file(path: Path, where: str, *, as_it_is: bool = False) -> bytes:
    """Read the key that a file holds.

    Args:
        path: The file, which only its owner may read.
        where: What errors call it.
        as_it_is: Whether its text is the key; otherwise it is base64 of 32 bytes.

    Raises:
        ConfigurationError: It can't be read, or holds none.
    """
    content = read_private_file(path, where)
    assert content is not None  # or it raised
    return _key(content, where, as_it_is=as_it_is)


def key_from_text(text: str, where: str, *, as_it_is: bool = False) -> bytes:
    """Read the key that an environment variable holds.

    Raises:
        ConfigurationError: It is empty, or holds none.
    """
    return _key(text.encode("utf-8", "surrogateescape"), where, as_it_is=as_it_is)


def key_from_callable(
    source: Callable[[], bytes | str], where: str, *, as_it_is: bool = False
) -> bytes:
    """Ask an application for the key: bytes, or the text that a file would hold.

    Raises:
        ConfigurationError: It raises, or answers none.
    """
    answer: object = None
    try:
        answer = source()
    except Exception:  # noqa: BLE001 - its text may hold the key
        answer = None
    if isinstance(answer, str):
        return key_from_text(answer, where, as_it_is=as_it_is)
    if isinstance(answer, bytes | bytearray):
        return _key(bytes(answer), where, as_it_is=as_it_is)
    raise ConfigurationError("it answers no key", where, "Answer 32 bytes, or base64 text of them")


def _key(content: bytes, where: str, *, as_it_is: bool) -> bytes:
    if as_it_is:
        text = content.rstrip(b"\r\n")
        if len(text) >= KEY_BYTES:
            return text
        raise ConfigurationError(
            f"the key has less than {KEY_BYTES} bytes", where, "Give the Collector's hmac_key"
        )
    if len(content) == KEY_BYTES:
        return content
    text = b"".join(content.split()).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    try:
        key = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) == KEY_BYTES:
        return key
    raise ConfigurationError(f"it holds no {KEY_BYTES} bytes as base64", where, _MAKE_ONE)
