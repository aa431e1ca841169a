"""The public keys of one role, epoch by epoch: all that a service holds, and signed.

A service wraps to the epoch that is current by its clock. Epochs are published ahead, so that one that
begins finds its key there; when the last one ends there is none, and values are redacted.

The file is JSON with an Ed25519 signature over the rest of it (sorted, without spaces). Whoever could
put another public key there would read what is written from then on; so a policy may name the signer,
and a file that changes while a service runs has to be signed by the same one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.keys.sealing import canonical
from jaeger_guard.keys.token import decode, encode
from jaeger_guard.keys.wraps import MOST_EPOCHS, ROLE

FORMAT: Final = "jaeger_guard public keys 1"
LONGEST_FILE: Final = 1024 * 1024
_PUBLIC_KEY_BYTES: Final = 32
_LATEST: Final = 2**53
_ASK_FOR_IT: Final = "Write it with: jaeger-guard keys publish"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch of a role.

    Attributes:
        number: 1 for the first.
        starts: When it begins, in seconds since 1970.
        ends: When it ends; the next begins then.
        public_key: X25519, 32 bytes.
    """

    number: int
    starts: int
    ends: int
    public_key: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, in hexadecimal."""
        return hashlib.sha256(self.public_key).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Return it as a file has it."""
        return {
            "epoch": self.number,
            "starts": self.starts,
            "ends": self.ends,
            "public_key": encode(self.public_key),
        }


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The epochs of one role, in order, and who signed them.

    Attributes:
        role: The role.
        epochs: In order of their time.
        signer: The Ed25519 public key that signed them, 32 bytes.
    """

    role: str
    epochs: tuple[Epoch, ...]
    signer: bytes = field(repr=False)

    def at(self, time: float) -> Epoch | None:
        """Return the epoch that is current at a time; None where none is."""
        for epoch in self.epochs:
            if epoch.starts <= time < epoch.ends:
                return epoch
        return None

    def after(self, epoch: Epoch) -> Epoch | None:
        """Return the epoch that follows one; None where none is published."""
        later = [each for each in self.epochs if each.starts >= epoch.ends]
        return min(later, key=lambda each: each.starts, default=None)


def sign(document: dict[str, Any], signing_key: Any) -> dict[str, Any]:
    """Return a document with its signer and an Ed25519 signature over everything else in it."""
    signed = {**document, "signer": encode(signing_key.public_key().public_bytes_raw())}
    return {**signed, "signature": encode(signing_key.sign(canonical(signed)))}


def signed_by(document: dict[str, Any]) -> bytes | None:
    """Return the public key of a document's signer; None where its signature doesn't verify."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signer, signature = (decode(str(document.get(name))) for name in ("signer", "signature"))
    if signer is None or signature is None or len(signer) != _PUBLIC_KEY_BYTES:
        return None
    content = {name: value for name, value in document.items() if name != "signature"}
    try:
        Ed25519PublicKey.from_public_bytes(signer).verify(signature, canonical(content))
    except (InvalidSignature, ValueError):
        return None
    return signer


def write_public_keys(role: str, epochs: Iterable[Epoch], signing_key: Any) -> bytes:
    """Write a signed file of public keys."""
    document = {"format": FORMAT, "role": role, "epochs": [epoch.as_dict() for epoch in epochs]}
    return (json.dumps(sign(document, signing_key), indent=2) + "\n").encode()


def read_public_keys(content: bytes, where: str) -> PublicKeys:
    """Read a file of public keys, and verify its signature.

    Raises:
        ConfigurationError: It is none, or was changed after it was signed.
    """
    document: Any = None
    if len(content) <= LONGEST_FILE:
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            document = None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ConfigurationError("it holds no public keys of a role", where, _ASK_FOR_IT)
    signer = signed_by(document)
    if signer is None:
        what = "it was changed after it was signed"
        raise ConfigurationError(what, where, _ASK_FOR_IT)
    role, given = document.get("role"), document.get("epochs")
    epochs = [_read_epoch(each) for each in given] if isinstance(given, list) else [None]
    sound = [epoch for epoch in epochs if epoch is not None]
    if not isinstance(role, str) or ROLE.fullmatch(role) is None or len(sound) != len(epochs):
        raise ConfigurationError("an epoch in it can't be read", where, _ASK_FOR_IT)
    return PublicKeys(role, tuple(sorted(sound, key=lambda epoch: epoch.starts)), signer)


def _read_epoch(given: object) -> Epoch | None:
    if not isinstance(given, dict):
        return None
    number, starts, ends = (given.get(name) for name in ("epoch", "starts", "ends"))
    public_key = decode(str(given.get("public_key")))
    if (
        type(number) is not int
        or type(starts) is not int
        or type(ends) is not int
        or public_key is None
        or len(public_key) != _PUBLIC_KEY_BYTES
    ):
        return None
    if not (0 < number < MOST_EPOCHS and 0 <= starts < ends < _LATEST):
        return None
    return Epoch(number, starts, ends, public_key)
