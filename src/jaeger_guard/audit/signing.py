"""Checkpoints: from time to time a record signs all that stands before it (Ed25519, RFC 8032).

The chain alone shows what was changed to whoever keeps a head; who can write the file could write the
whole chain anew. A signature by a key that lies elsewhere is what they can't write. Needs the extra
`crypto`.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from jaeger_guard.audit.records import Entry, Record, entry
from jaeger_guard.errors import ConfigurationError, MissingExtraError

CHECKPOINT: Final = "audit.checkpoint"
_CONTEXT: Final = b"jaeger_guard audit checkpoint 1\n"
_LONGEST_FILE: Final = 16 * 1024
_MAKE_ONE: Final = "Make one with: jaeger-guard audit key --output FILE"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs checkpoints.

    Attributes:
        fingerprint: SHA-256 over the public key, in hexadecimal.
    """

    fingerprint: str
    _public: str
    _key: Any = field(repr=False)  # an Ed25519PrivateKey, of an optional package

    @classmethod
    def load(cls, path: Path, where: str) -> Signer:
        """Load a private key from a PEM file of mode 0600; `where` it was named, for errors.

        Raises:
            ConfigurationError: It can't be used.
            MissingExtraError: The extra `crypto` isn't installed.
        """
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
            from cryptography.hazmat.primitives.serialization import load_pem_private_key
        except ImportError:
            raise MissingExtraError("a signed audit", "crypto", where) from None
        text = _read_private(path, where)
        try:
            key = load_pem_private_key(text, None)
        except (ValueError, TypeError):  # the cause may quote the file
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            _refuse("is no Ed25519 private key in PEM without a passphrase", where, _MAKE_ONE)
        public = key.public_key().public_bytes_raw()
        return cls(fingerprint_of(public), base64.b64encode(public).decode(), key)

    def checkpoint(self, number: int, previous: str) -> Entry:
        """Make the entry that signs everything up to `previous`, to stand at `number`."""
        made = entry(CHECKPOINT, {}, os.getpid())
        signature = self._key.sign(_signed(number, previous, made.time))
        facts = {
            "key": self.fingerprint,
            "public_key": self._public,
            "signature": base64.b64encode(signature).decode(),
        }
        return Entry(CHECKPOINT, facts, made.time, made.pid)


def check(record: Record, expected: bytes | None) -> str | None:
    """Return what is wrong with a checkpoint; None where it is good.

    Args:
        record: The checkpoint.
        expected: The public key that must have signed it; None: the one that it names.

    Raises:
        MissingExtraError: The extra `crypto` isn't installed.
    """
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise MissingExtraError("checking signatures", "crypto", "audit verify") from None
    try:
        public = base64.b64decode(_named(record.facts, "public_key"), validate=True)
        signature = base64.b64decode(_named(record.facts, "signature"), validate=True)
        if expected is not None and public != expected:
            return "signed by another key than the one that was given"
        if record.facts.get("key") != fingerprint_of(public):
            return "names another key than the one that it was signed by"
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(signature, _signed(record.number, record.previous, record.time))
    except (ValueError, InvalidSignature):
        return "the signature doesn't fit"
    return None


def make_key(path: Path, where: str) -> str:
    """Write a new private key to `path` and its public key to `path`.pub; return its fingerprint.

    Raises:
        ConfigurationError: A file is there already, or can't be written.
        MissingExtraError: The extra `crypto` isn't installed.
    """
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        raise MissingExtraError("a signed audit", "crypto", where) from None
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key()
    text = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write_new(path, private, 0o600, where)
    _write_new(path.with_name(path.name + ".pub"), text, 0o644, where)
    return fingerprint_of(public.public_bytes_raw())


def load_public(path: Path, where: str) -> bytes:
    """Load a public key from a PEM file; return its 32 bytes.

    Raises:
        ConfigurationError: It can't be used.
        MissingExtraError: The extra `crypto` isn't installed.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError:
        raise MissingExtraError("checking signatures", "crypto", where) from None
    try:
        key = load_pem_public_key(path.read_bytes()[:_LONGEST_FILE])
    except (OSError, ValueError):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        _refuse("is no Ed25519 public key in PEM", where, "Name the .pub file of the signing key")
    return key.public_bytes_raw()


def fingerprint_of(public: bytes) -> str:
    """Return the name of a public key."""
    return hashlib.sha256(public).hexdigest()


def _signed(number: int, previous: str, time: str) -> bytes:
    return _CONTEXT + f"{number}\n{previous}\n{time}\n".encode()


def _named(facts: Mapping[str, Any], name: str) -> str:
    value = facts.get(name)
    return value if isinstance(value, str) else "?"


def _read_private(path: Path, where: str) -> bytes:
    try:
        status = path.stat()
        text = path.read_bytes()[:_LONGEST_FILE]
    except (OSError, ValueError):
        _refuse("can't be read", where, _MAKE_ONE)
    if status.st_uid not in (os.geteuid(), 0) or stat.S_IMODE(status.st_mode) & 0o077:
        _refuse(
            "can be read by others", where, "Give it mode 0600, and to the user of this process"
        )
    return text


def _write_new(path: Path, text: bytes, mode: int, where: str) -> None:
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(opened, "wb") as file:
            file.write(text)
    except FileExistsError:
        fault = "is there already"
    except (OSError, ValueError):
        fault = "can't be written"
    else:
        return
    _refuse(fault, where, "Name a new file in a directory that this user may write")


def _refuse(what: str, where: str, remedy: str) -> NoReturn:
    raise ConfigurationError(f"the file that is named there {what}", where, remedy)
