"""Files that services read while they run: a role's public keys, read again when they change."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.keys.published import LONGEST_FILE, PublicKeys, read_public_keys
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard.keys")
_LOOK_EVERY: Final = 2.0  # seconds between two looks at a file


class PublishedFile:
    """The public keys of a role in a file; the last good ones while it can't be read.

    Args:
        role: The role that they have to be for.
        path: The file.
        where: What errors call it.
        signer: The Ed25519 public key that has to have signed it; None: whoever signed it first.

    Raises:
        ConfigurationError: It can't be read, is for another role, or signed by somebody else.
    """

    def __init__(self, role: str, path: Path, where: str, signer: bytes | None = None) -> None:
        self.role = role
        self.where = where
        self._path = path
        self._signer = signer
        self._seen: object = None
        self._look_at = 0.0
        self._told = False
        self._newest = 0  # the highest number of an epoch that was published
        self._keys = self._read()
        self._signer = self._keys.signer

    def __repr__(self) -> str:
        return f"PublishedFile({self.role})"

    def keys(self, clock: Callable[[], float] = time.monotonic) -> PublicKeys:
        """Return the keys; looks at the file every few seconds."""
        now = clock()
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY
            if self._stamp() != self._seen:
                try:
                    self._keys = self._read()
                    self._told = False
                except ConfigurationError as error:
                    if not self._told:
                        self._told = True
                        tell(
                            _LOGGER,
                            logging.WARNING,
                            "the public keys of role %s changed and can't be used (%s); the last "
                            "good ones are, until they end",
                            self.role,
                            error.what,
                        )
        return self._keys

    def _stamp(self) -> object:
        try:
            status = os.stat(self._path)
        except (OSError, ValueError):
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def _read(self) -> PublicKeys:
        seen = self._stamp()
        content: bytes | None = None
        try:
            with os.fdopen(os.open(self._path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                content = file.read(LONGEST_FILE + 1)
        except (OSError, ValueError):
            pass  # refused below: the error here quotes the name
        if content is None:
            remedy = "Write it with: jaeger-guard keys publish"
            raise ConfigurationError("the file can't be read", self.where, remedy)
        keys = read_public_keys(content, self.where)
        if keys.role != self.role:
            what = f"it has the keys of another role than {self.role}"
            raise ConfigurationError(what, self.where, "Name the file of that role")
        if self._signer is not None and keys.signer != self._signer:
            what = "it was signed by somebody else"
            remedy = "Publish it from the key directory that made it first"
            raise ConfigurationError(what, self.where, remedy)
        if max(_numbers(keys), default=0) < self._newest:
            what = "it is older than the one before"
            remedy = "Publish it anew: an older one may name epochs that were ended early"
            raise ConfigurationError(what, self.where, remedy)
        self._newest = max(_numbers(keys), default=0)
        self._seen = seen
        return keys


def _numbers(keys: PublicKeys) -> list[int]:
    return [epoch.number for epoch in keys.epochs]
