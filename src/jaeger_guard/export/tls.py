"""TLS for exports: the files it needs, checked before the first span, and a context that is ours.

A file that is missing, unreadable, of another kind, expired, or that doesn't belong to its pair is
an error that names the file. Nothing falls back: with `ca_file`, no other CA is trusted.
"""

from __future__ import annotations

import datetime
import re
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NoReturn

from jaeger_guard.detectors.pasted import name_of_file
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export.outcome import Outcome, Reason, State
from jaeger_guard.export.watching import stamp_of

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from jaeger_guard.export.evidence import Evidence

_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
_MIN_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_LOOK_SECONDS: Final = 1.0
MIN_TLS_CHOICES: Final = tuple(_MIN_VERSIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """What a TLS connection is made with.

    Attributes:
        ca_file: PEM file of the only CAs that are trusted; None: those of the system.
        cert_file: PEM file of the client's certificate and the chain behind it.
        key_file: PEM file of the client's private key, not encrypted.
        server_name: Name that the server's certificate must have; None: the endpoint's host.
        min_tls: Oldest version of TLS, "1.2" or "1.3".
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None
    min_tls: str = "1.2"


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """The content of the files, each checked; for a library that wants bytes."""

    roots: bytes | None
    certificate: bytes | None
    key: bytes | None

    def __repr__(self) -> str:
        return "<TLS material hidden>"


@dataclass(frozen=True, slots=True)
class TlsFile:
    """A file as an error tells of it: by the setting that named it, and its name where that is one.

    Attributes:
        path: The file.
        where: The parameter or environment variable that named it.
    """

    path: Path
    where: str

    def refuse(self, what: str, remedy: str) -> NoReturn:
        """Raise the error that this file can't be used."""
        raise ConfigurationError(f"{name_of_file(self.path)} {what}", self.where, remedy)

    def read(self) -> bytes:
        """Read the file.

        Raises:
            ConfigurationError: It can't be read.
        """
        fault: OSError | ValueError | None = None
        try:
            return self.path.read_bytes()
        except (OSError, ValueError) as error:  # ValueError: a null character
            fault = error  # refused below: the error here quotes the name, which may be a secret
        if isinstance(fault, FileNotFoundError):
            self.refuse("doesn't exist", "Create it, or correct the path")
        if isinstance(fault, IsADirectoryError):
            self.refuse("is a directory", "Name a PEM file")
        self.refuse("can't be read", "Make it readable for this process, or correct the path")


def load_material(
    settings: TlsSettings,
    origins: Mapping[str, str] = MappingProxyType({}),
    evidence: Evidence | None = None,
) -> TlsMaterial:
    """Read and check all files.

    Args:
        settings: What names them.
        origins: By the fields of `settings`, the variable that set each; others are told by the
            field of `Export`.
        evidence: What learns when the certificates end, where the extra `crypto` is installed.

    Raises:
        ConfigurationError: One can't be used; it is named.
    """

    def file(field: str) -> TlsFile | None:
        path = getattr(settings, field)
        return None if path is None else TlsFile(path, origins.get(field, f"Export.{field}"))

    roots = certificate = key = None
    ca_file, cert_file, key_file = file("ca_file"), file("cert_file"), file("key_file")
    if ca_file is not None:
        roots = _read(ca_file, "certificate")
        _check_roots(ca_file, roots)
        if evidence is not None and (lives := [c.not_valid_after_utc for c in _parse(roots)]):
            # What the newest root allows; a bundle may hold old ones that nobody needs any more.
            evidence.note_expiry("ca", max(lives))
    if cert_file is not None and key_file is not None:
        certificate = _read(cert_file, "certificate")
        key = _read(key_file, "private key")
        _check_pair(cert_file, certificate, key_file, key)
        if evidence is not None and (chain := _parse(certificate)):
            evidence.note_expiry("client", chain[0].not_valid_after_utc)
    elif cert_file is not None:
        cert_file.refuse("comes without its private key", "Set key_file too")
    elif key_file is not None:
        key_file.refuse("comes without its certificate", "Set cert_file too")
    return TlsMaterial(roots, certificate, key)


class TlsWatch:
    """Says when the files of TLS were replaced by others, and those can be used.

    Kubernetes and cert-manager swap a symbolic link, others write one file after the other; a pair that
    doesn't fit yet is not taken, and looked at again.

    Args:
        settings: What names the files; None: there are none.
    """

    def __init__(self, settings: TlsSettings | None) -> None:
        named = (
            () if settings is None else (settings.ca_file, settings.cert_file, settings.key_file)
        )
        self._files = [path for path in named if path is not None]
        self._settings = settings
        self._stamp: object = stamp_of(self._files)
        self._look_at = 0.0

    def is_renewed(self) -> bool:
        """Say whether there are other files than at the last time; looks once a second."""
        now = time.monotonic()
        if not self._files or self._settings is None or now < self._look_at:
            return False
        self._look_at = now + _LOOK_SECONDS
        stamp = stamp_of(self._files)
        if stamp == self._stamp:
            return False
        try:
            load_material(self._settings)
        except ConfigurationError:
            return False
        self._stamp = stamp
        return True

    def forget(self) -> None:
        """Take what is there for new at the next look."""
        self._stamp = None


def build_context(settings: TlsSettings, evidence: Evidence | None = None) -> ssl.SSLContext:
    """Build a client's context from checked files.

    Not `ssl.create_default_context`: that one writes session keys to the file that SSLKEYLOGFILE
    names.

    Raises:
        ConfigurationError: A file can't be used; it is named.
    """
    load_material(settings, evidence=evidence)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks the host name, requires a chain
    context.minimum_version = _MIN_VERSIONS[settings.min_tls]
    if settings.ca_file is not None:
        context.load_verify_locations(cafile=settings.ca_file)
    else:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if settings.cert_file is not None and settings.key_file is not None:
        context.load_cert_chain(settings.cert_file, settings.key_file, _no_password)
    return context


def _no_password() -> bytes:
    return b""  # else OpenSSL would ask on the terminal


def _read(file: TlsFile, noun: str) -> bytes:
    content = file.read()
    if (b"PRIVATE KEY-----" if noun == "private key" else _CERTIFICATE) not in content:
        file.refuse(f"holds no {noun} in PEM form", "Convert it with openssl")
    return content


def _check_roots(file: TlsFile, content: bytes) -> None:
    if not _is_sound(file.path):
        _refuse_broken(file)
    certificates = _parse(content)
    if certificates and all(map(_is_over, certificates)):  # a bundle may hold some old ones
        _refuse_expired(file, certificates[0])


def _check_pair(cert_file: TlsFile, certificate: bytes, key_file: TlsFile, key: bytes) -> None:
    if b"ENCRYPTED" in key:  # PKCS #8 (RFC 5958) in its BEGIN line, or RFC 1421's Proc-Type
        key_file.refuse(
            "is encrypted", "Decrypt it (openssl pkey -in … -out …), readable for this process only"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    reason: str | None = None
    try:
        context.load_cert_chain(cert_file.path, key_file.path, _no_password)
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or "unknown"
    if reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
        key_file.refuse(
            f"doesn't belong to the certificate: {name_of_file(cert_file.path)}",
            "Set the key that the certificate was issued for",
        )
    if reason is not None:
        _refuse_broken(key_file if _is_sound(cert_file.path) else cert_file)
    leaf = _parse(certificate)[:1]  # RFC 8446, section 4.4.2: the sender's certificate comes first
    if leaf and _is_over(leaf[0]):
        _refuse_expired(cert_file, leaf[0])


def _is_sound(cert_file: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=cert_file)
    except (ssl.SSLError, OSError):
        return False
    return True


def _refuse_broken(file: TlsFile) -> NoReturn:
    file.refuse("is damaged, or not in PEM form", "Fetch it again, or convert it with openssl")


def _parse(content: bytes) -> list[Certificate]:
    """Read the certificates; none where the extra `crypto` isn't installed."""
    try:
        from cryptography import x509
    except ImportError:
        return []  # then the first handshake tells about an expired one
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        return []  # OpenSSL took it; what it reads besides is its own matter


def _is_over(certificate: Certificate) -> bool:
    return certificate.not_valid_after_utc < datetime.datetime.now(datetime.UTC)


def _refuse_expired(file: TlsFile, certificate: Certificate) -> NoReturn:
    day = certificate.not_valid_after_utc.date().isoformat()
    file.refuse(f"holds a certificate that expired on {day}", "Renew it")


# --- why a handshake failed ----------------------------------------------------------------------

_EXPIRED: Final = 10  # X509_V_ERR_CERT_HAS_EXPIRED, openssl-verify(1)
_NOT_YET_VALID: Final = 9
_HOST_MISMATCH: Final = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, …_IP_ADDRESS_MISMATCH

_SIGNS: Final = (
    (r"certificate has expired|certificate is not yet valid", Reason.CERTIFICATE_EXPIRED),
    (r"Hostname Verification Check failed|is not in peer certificate",
     Reason.CERTIFICATE_OF_ANOTHER_HOST),
    (r"CERTIFICATE_NOT_PINNED", Reason.CERTIFICATE_NOT_PINNED),
    (r"CERTIFICATE_VERIFY_FAILED", Reason.CERTIFICATE_NOT_TRUSTED),
    (r"PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|WRONG_SSL_VERSION|NO_PROTOCOLS_AVAILABLE",
     Reason.PROTOCOL_VERSION),
    (r"ALERT_(?:CERTIFICATE_\w+|UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)",
     Reason.CLIENT_CERTIFICATE_REFUSED),
    (r"WRONG_VERSION_NUMBER|HTTP_REQUEST", Reason.SERVER_WITHOUT_TLS),
)  # fmt: skip
"""Names from OpenSSL's and BoringSSL's error tables (RFC 8446, section 6.2 lists the alerts)."""


def reason_in(text: str) -> Reason | None:
    """Answer what a library's account of a failed handshake means; None where it isn't one."""
    for pattern, reason in _SIGNS:
        if re.search(pattern, text):
            return reason
    return None


def classify(errors: Iterable[BaseException]) -> Outcome | None:
    """Answer what a chain of exceptions means where one is about TLS, else None."""
    for error in errors:
        if isinstance(error, ssl.SSLCertVerificationError):
            return Outcome(State.HOLD, _verification_reason(error.verify_code))
        if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return Outcome(State.HOLD, Reason.CLOSED_DURING_TLS)
        if isinstance(error, ssl.SSLError):
            said = getattr(error, "reason", None) or str(error)  # ours has no `reason`
            return Outcome(State.HOLD, reason_in(said) or Reason.TLS_FAILED)
    return None


def _verification_reason(verify_code: int) -> Reason:
    if verify_code in (_EXPIRED, _NOT_YET_VALID):
        return Reason.CERTIFICATE_EXPIRED
    if verify_code in _HOST_MISMATCH:
        return Reason.CERTIFICATE_OF_ANOTHER_HOST
    return Reason.CERTIFICATE_NOT_TRUSTED
