"""SPKI pins: the public keys that a backend's chain must show one of (RFC 7469, section 2.4)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ssl
from collections.abc import Iterable
from typing import Any, Final

from jaeger_guard.errors import ConfigurationError, MissingExtraError

_PREFIXES: Final = ("", "sha256//", "sha256/", "pin-sha256=")  # none, curl's, OkHttp's, RFC 7469's
_BASE64_LENGTH: Final = 44  # of 32 bytes
_REMEDY: Final = (
    "Write sha256/ and the base64 of the SHA-256 of the key: openssl x509 -in server.pem -pubkey "
    "-noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64"
)


class NotPinnedError(ssl.SSLError):
    """The backend's chain shows none of the keys that are pinned."""


def parse_pins(texts: Iterable[str], where: str) -> frozenset[bytes]:
    """Read pins.

    Raises:
        ConfigurationError: One is no SHA-256 digest as base64.
        MissingExtraError: The extra `crypto` isn't installed.
    """
    pins = frozenset(_digest(text, where) for text in texts)
    if pins:
        try:
            import cryptography  # noqa: F401 - only whether it is there
        except ImportError:
            raise MissingExtraError("pins", "crypto", where) from None
    return pins


def _digest(text: str, where: str) -> bytes:
    bare = text.strip().strip('"')
    # By its length, not by the prefix: base64 itself may begin with the slash of `sha256/`.
    prefix, encoded = bare[:-_BASE64_LENGTH].rstrip('"'), bare[-_BASE64_LENGTH:]
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if prefix not in _PREFIXES or len(digest) != hashlib.sha256().digest_size:
        raise ConfigurationError("a pin is no SHA-256 of a public key", where, _REMEDY)
    return digest


def check_pins(connection: Any, pins: frozenset[bytes]) -> None:
    """Check a connection after its handshake, before anything is sent over it.

    Args:
        connection: An `ssl.SSLSocket`, or what behaves like one.
        pins: What one key of the verified chain must have for a digest.

    Raises:
        NotPinnedError: None has.
    """
    if not any(_spki_digest(certificate) in pins for certificate in _verified_chain(connection)):
        raise NotPinnedError(1, "CERTIFICATE_NOT_PINNED")


def _verified_chain(connection: Any) -> list[bytes]:
    leaf: bytes = connection.getpeercert(True)
    if hasattr(connection, "get_verified_chain"):  # from Python 3.13 on
        return list(connection.get_verified_chain())
    inner: Any = getattr(connection, "_sslobj", None)
    if inner is not None and hasattr(inner, "get_verified_chain"):  # the same, not yet public
        der = 2  # _ssl.ENCODING_DER
        return [item.public_bytes(der) for item in inner.get_verified_chain() or ()] or [leaf]
    return [leaf]


def _spki_digest(certificate: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_der_x509_certificate

    key = load_der_x509_certificate(certificate).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).digest()
