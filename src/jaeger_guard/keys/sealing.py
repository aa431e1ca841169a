"""How private keys are sealed where they lie: by a passphrase, or by a key of 32 bytes.

A sealed key is a JSON document; whatever of it isn't the sealed key itself is authenticated, so that
nobody turns the key of one role or epoch into that of another. A passphrase becomes a key by scrypt
(RFC 7914); all keys of one directory share a salt, so that a command pays for that once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.keys.token import decode, encode

FORMAT: Final = "jaeger_guard private key 1"
SALT_BYTES: Final = 16
SEALING_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
# OWASP's password storage cheat sheet: N = 2^17, r = 8, p = 1; 128 MiB and some tenths of a second.
_SCRYPT: Final = {"n": 2**17, "r": 8, "p": 1}
_MOST_SCRYPT: Final = {"n": 2**20, "r": 16, "p": 4}  # a changed file must not take all memory
_FEWEST_SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1}
SHORTEST_PASSPHRASE: Final = 8
LONGEST_DOCUMENT: Final = 16_384


class WrongPassphraseError(ConfigurationError):
    """A private key was not opened by what was given."""


class Seal(Protocol):
    """What private keys are sealed by."""

    def settings(self) -> Mapping[str, Any]:
        """Return what a new document says of how it is sealed."""
        ...

    def key(self, settings: Mapping[str, Any], salt: bytes, where: str) -> bytes:
        """Return the key for a document, of 32 bytes.

        Raises:
            ConfigurationError: The document is sealed in another way.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Passphrase:
    """Seals by a passphrase, which is asked for when it is needed first.

    Args:
        ask: Answers it.
    """

    ask: Callable[[], str] = field(repr=False)
    _asked: list[str] = field(init=False, repr=False, default_factory=list)
    _known: dict[tuple[object, ...], bytes] = field(init=False, repr=False, default_factory=dict)

    def settings(self) -> Mapping[str, Any]:
        """Return what a new document says of how it is sealed."""
        return {"sealed_by": "passphrase", "scrypt": dict(_SCRYPT)}

    def key(self, settings: Mapping[str, Any], salt: bytes, where: str) -> bytes:
        """Derive the key by scrypt."""
        costs = settings.get("scrypt")
        if settings.get("sealed_by") != "passphrase" or not isinstance(costs, Mapping):
            what, remedy = (
                "it isn't sealed by a passphrase",
                "Give the sealing key it was made with",
            )
            raise ConfigurationError(what, where, remedy)
        for name, most in _MOST_SCRYPT.items():
            cost = costs.get(name)
            if type(cost) is not int or not _FEWEST_SCRYPT[name] <= cost <= most:
                what, remedy = "its scrypt costs are out of range", "Restore the file"
                raise ConfigurationError(what, where, remedy)
        known_as = (salt, *(costs[name] for name in _SCRYPT))
        if known_as not in self._known:
            from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

            derive = Scrypt(salt, SEALING_KEY_BYTES, *(costs[name] for name in _SCRYPT))
            self._known[known_as] = derive.derive(
                self._passphrase().encode("utf-8", "surrogateescape")  # as the terminal gave it
            )
        return self._known[known_as]

    def _passphrase(self) -> str:
        if not self._asked:
            self._asked.append(self.ask())
        return self._asked[0]


@dataclass(frozen=True, slots=True)
class SealingKey:
    """Seals by a key of 32 bytes, such as a secret store gives.

    Args:
        secret: The key.
    """

    secret: bytes = field(repr=False)

    def settings(self) -> Mapping[str, Any]:
        """Return what a new document says of how it is sealed."""
        return {"sealed_by": "key"}

    def key(self, settings: Mapping[str, Any], salt: bytes, where: str) -> bytes:
        """Derive the key by HKDF."""
        if settings.get("sealed_by") != "key":
            what, remedy = "it is sealed by a passphrase", "Give the passphrase it was made with"
            raise ConfigurationError(what, where, remedy)
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        derive = HKDF(SHA256(), SEALING_KEY_BYTES, salt, b"jaeger_guard private key 1")
        return derive.derive(self.secret)


def seal_key(private: bytes, about: Mapping[str, Any], seal: Seal, salt: bytes) -> bytes:
    """Write the document of a private key.

    Args:
        private: Its 32 bytes.
        about: What it is for; authenticated, and readable for whoever has the file.
        seal: What it is sealed by.
        salt: The directory's.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    document: dict[str, Any] = {"format": FORMAT, **about, **seal.settings(), "salt": encode(salt)}
    nonce = os.urandom(_NONCE_BYTES)
    key = seal.key(document, salt, "a new key")
    sealed = AESGCM(key).encrypt(nonce, private, canonical(document))
    return (
        json.dumps({**document, "nonce": encode(nonce), "sealed": encode(sealed)}, indent=2) + "\n"
    ).encode()


def read_document(content: bytes, where: str) -> dict[str, Any]:
    """Read the document of a sealed key, without opening it.

    Raises:
        ConfigurationError: It is none.
    """
    document: Any = None
    if len(content) <= LONGEST_DOCUMENT:
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            document = None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        what = "it holds no private key of a role"
        raise ConfigurationError(what, where, "Give what 'jaeger-guard keys init' wrote")
    return document


def salt_of(document: Mapping[str, Any]) -> bytes:
    """Return a document's salt; an empty one where it has none."""
    salt = document.get("salt")
    return (decode(salt) or b"") if isinstance(salt, str) else b""


def open_key(content: bytes, seal: Seal, where: str) -> tuple[bytes, dict[str, Any]]:
    """Open the document of a private key; return the key's 32 bytes, and what the document says.

    Raises:
        WrongPassphraseError: It doesn't open: the passphrase is another one, or it was changed.
        ConfigurationError: It is no such document.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    document = read_document(content, where)
    about = {name: text for name, text in document.items() if name not in ("nonce", "sealed")}
    nonce, sealed = (decode(str(document.get(name))) for name in ("nonce", "sealed"))
    salt = salt_of(document)
    private: bytes | None = None
    if nonce is not None and sealed is not None and len(nonce) == _NONCE_BYTES:
        try:
            private = AESGCM(seal.key(about, salt, where)).decrypt(nonce, sealed, canonical(about))
        except InvalidTag:
            private = None
    if private is None:
        raise WrongPassphraseError(
            "it doesn't open: the passphrase or key is another one, or the file was changed",
            where,
            "Give what it was sealed with",
        )
    return private, document


def canonical(document: Mapping[str, Any]) -> bytes:
    """Write a document in the one form that is signed and authenticated."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
