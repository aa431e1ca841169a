"""The keys that spooled batches are sealed with: where they come from, and their rotation.

The first key of a source seals; all of them open. So a key is rotated by writing the new one above
the old, and dropping the old one once `max_age` is over. A source is looked at again whenever a batch
is written; while it can't be read, the last keys that it gave go on being used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from jaeger_guard.detectors.pasted import name_of_file
from jaeger_guard.errors import ConfigurationError

KEY_BYTES: Final = 32  # AES-256
_LONGEST_FILE: Final = 4096
_MAKE_ONE: Final = "Make one with: (umask 077; openssl rand -base64 32 > spool.key)"

KeyAnswer: TypeAlias = bytes | str | Sequence[bytes | str]
KeyCallable: TypeAlias = Callable[[], KeyAnswer]


@dataclass(frozen=True, slots=True)
class Key:
    """One key, and the id by which a batch names it.

    Attributes:
        secret: 32 bytes.
        id: 8 bytes that tell keys apart, and nothing about them.
    """

    secret: bytes = field(repr=False)
    id: bytes

    @classmethod
    def of(cls, secret: bytes) -> Key:
        """Name a key by a keyed digest of a constant."""
        return cls(secret, hmac.digest(secret, b"jaeger_guard spool key id", hashlib.sha256)[:8])


class KeyRing:
    """Keys as a source gives them now, and as it gave them before in this process.

    Args:
        read: Answers the keys, the one that seals first.
        stamp: Answers what changes when `read` would answer something else; None: ask each time.

    Raises:
        ConfigurationError: The source gives no usable key.
    """

    def __init__(
        self, read: Callable[[], tuple[Key, ...]], stamp: Callable[[], object] | None = None
    ) -> None:
        self._read = read
        self._stamp = stamp
        self._seen = stamp() if stamp is not None else None
        self._known: dict[bytes, Key] = {}
        self._current = self._learn(read())

    def __repr__(self) -> str:
        return f"<KeyRing: {len(self._known)} keys hidden>"

    def current(self) -> Key:
        """Answer the key that seals."""
        try:
            seen = self._stamp() if self._stamp is not None else None
            if seen is None or seen != self._seen:
                self._current = self._learn(self._read())
                self._seen = seen
        except Exception:  # noqa: BLE001 - a callable of the application's may raise anything
            pass  # the last good one: rotation often passes through a moment without the file
        return self._current

    def find(self, key_id: bytes) -> Key | None:
        """Answer the key of that id; None where it is lost."""
        if key_id not in self._known:
            self.current()
        return self._known.get(key_id)

    def _learn(self, keys: tuple[Key, ...]) -> Key:
        for key in keys:
            self._known[key.id] = key
        return keys[0]


def ring_of_file(path: Path, where: str, directory: Path) -> KeyRing:
    """Read keys from a file: one or more lines, each 32 bytes as base64.

    Raises:
        ConfigurationError: It is missing, readable for others, in the spool directory, or holds
            something else.
    """

    def refuse(what: str, remedy: str) -> ConfigurationError:
        return ConfigurationError(f"{name_of_file(path)} {what}", where, remedy)

    def look() -> os.stat_result:
        try:
            return os.stat(path)
        except (OSError, ValueError):
            pass  # refused below: the error here quotes the name
        raise refuse("can't be read", _MAKE_ONE)

    def stamp() -> object:
        status = look()
        return status.st_mtime_ns, status.st_ino, status.st_size

    def read() -> tuple[Key, ...]:
        status = look()
        if not stat.S_ISREG(status.st_mode):
            raise refuse("is no file", _MAKE_ONE)
        if status.st_mode & 0o077:
            raise refuse("can be read by others than its owner", "Set its mode to 0600")
        if status.st_uid not in (os.geteuid(), 0):
            raise refuse("belongs to another user", "Give it to the user that this process runs as")
        content: bytes | None = None
        try:
            with open(path, "rb") as file:
                content = file.read(_LONGEST_FILE + 1)
        except OSError:
            pass
        if content is None:
            raise refuse("can't be read", "Make it readable for this process")
        keys = None if len(content) > _LONGEST_FILE else _keys_in(content.decode("latin-1"))
        if not keys:
            raise refuse("holds something else than 32 bytes as base64", _MAKE_ONE)
        return keys

    look()
    if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(directory)):
        raise refuse("lies in the directory that it protects", "Keep it somewhere else")
    return KeyRing(read, stamp)


def ring_of_text(text: str, where: str) -> KeyRing:
    """Read keys from a text, such as an environment variable's: base64, the first one seals.

    Raises:
        ConfigurationError: It holds something else; the text isn't told.
    """
    keys = _keys_in(text)
    if not keys:
        raise ConfigurationError("not 32 bytes as base64", where, "Set: openssl rand -base64 32")
    return KeyRing(lambda: keys, lambda: 0)


def ring_of_callable(source: KeyCallable, where: str) -> KeyRing:
    """Ask an application for keys: 32 bytes, base64 of them, or a sequence of these.

    Raises:
        ConfigurationError: It raises, or answers something else.
    """

    def read() -> tuple[Key, ...]:
        try:
            answer: KeyAnswer | None = source()
        except Exception:  # noqa: BLE001 - its text may hold a key
            answer = None
        given = [answer] if isinstance(answer, bytes | str) else answer
        keys = _keys_of(given) if isinstance(given, Iterable) else None
        if not keys:
            raise ConfigurationError(
                "the callable answers no key", where, "Answer 32 bytes, or a list of such keys"
            )
        return keys

    return KeyRing(read)


def _keys_in(text: str) -> tuple[Key, ...] | None:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    keys = (key.strip() for key in ",".join(lines).split(","))
    return _keys_of([key for key in keys if key])


def _keys_of(given: Iterable[object]) -> tuple[Key, ...] | None:
    """Answer the keys; None where there is none, or one of them isn't any."""
    keys = [_secret(item) for item in given]
    sound = [Key.of(secret) for secret in keys if secret is not None]
    return tuple(sound) if sound and len(sound) == len(keys) else None


def _secret(item: object) -> bytes | None:
    if isinstance(item, bytes | bytearray) and len(item) == KEY_BYTES:
        return bytes(item)
    text = item.decode("latin-1") if isinstance(item, bytes | bytearray) else item
    if not isinstance(text, str):
        return None
    text = text.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        secret = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return secret if len(secret) == KEY_BYTES else None
