"""What a server's certificate says: whom it is for, until when, and how strong its key is."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography import x509

# NIST SP 800-57 part 1, table 2: 112 bits of strength.
_LEAST_RSA: Final = 2048
_LEAST_EC: Final = 224
_BROKEN_HASHES: Final = frozenset({"md5", "sha1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What matters of a certificate.

    Attributes:
        starts: From when it is valid.
        ends: Until when.
        matches: Whether it is for the host that was asked.
        weakness: What is weak about its key or signature; empty where nothing is.
    """

    starts: datetime.datetime
    ends: datetime.datetime
    matches: bool
    weakness: str


def read_certificate(der: bytes, host: str) -> Certificate | None:
    """Read a certificate; None where the extra `crypto` isn't installed, or it can't be read."""
    try:
        from cryptography import x509
    except ImportError:
        return None
    try:
        certificate = x509.load_der_x509_certificate(der)
        return Certificate(
            starts=certificate.not_valid_before_utc,
            ends=certificate.not_valid_after_utc,
            matches=_matches(certificate, host),
            weakness=_weakness(certificate),
        )
    except ValueError:
        return None


def _matches(certificate: x509.Certificate, host: str) -> bool:
    """Say whether a host is among the certificate's names (RFC 9525, section 6)."""
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        wanted = host.lower().rstrip(".")
        return any(
            name.lower() == wanted
            or (name.startswith("*.") and wanted.partition(".")[2] == name[2:].lower())
            for name in names.get_values_for_type(x509.DNSName)
        )
    return address in names.get_values_for_type(x509.IPAddress)


def _weakness(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA:
        return f"an RSA key of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < _LEAST_EC:
        return f"a key on a curve of {key.curve.key_size} bits"
    if isinstance(key, dsa.DSAPublicKey):
        return "a DSA key"
    digest = certificate.signature_hash_algorithm
    if digest is not None and digest.name in _BROKEN_HASHES:
        return f"a signature with {digest.name.upper()}"
    return ""
