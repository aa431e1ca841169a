"""What TLS really gave: the handshake with the backend, and when certificates end.

For the report that shows what was in force, for metrics, and for a warning in time. Nothing of it
is secret: certificates are public.
"""

from __future__ import annotations

import datetime
import hashlib
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard.export")

WARNING_DAYS: Final = 14
Role: TypeAlias = Literal["ca", "client", "server"]
_OF_ROLE: Final[Mapping[Role, str]] = {
    "ca": "the CA in ca_file",
    "client": "the client certificate in cert_file",
    "server": "the backend's certificate",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What a TLS handshake with the backend came to.

    Attributes:
        version: "TLSv1.3" and the like.
        cipher: Name of the cipher suite.
        subject: The backend's name in its certificate.
        issuer: Who signed it.
        fingerprint: SHA-256 of the certificate, hexadecimal.
        expires: When the certificate ends.
        at: When the handshake was.
        source: "connection" where spans go over it; "probe" where the library doesn't tell, and a
            connection of its own, with the same settings, was asked.
    """

    version: str
    cipher: str
    subject: str
    issuer: str
    fingerprint: str
    expires: datetime.datetime
    at: datetime.datetime
    source: Literal["connection", "probe"]

    @classmethod
    def of(cls, connection: Any, source: Literal["connection", "probe"]) -> Handshake | None:
        """Read an `ssl.SSLSocket`, or what behaves like one; None where it doesn't tell."""
        shown = connection.getpeercert()
        cipher = connection.cipher()
        if not shown or not cipher or "notAfter" not in shown:
            return None
        return cls(
            version=str(connection.version()),
            cipher=str(cipher[0]),
            subject=_name(shown.get("subject", ())) or _alternative(shown),
            issuer=_name(shown.get("issuer", ())),
            fingerprint=hashlib.sha256(connection.getpeercert(True)).hexdigest(),
            expires=datetime.datetime.fromtimestamp(
                ssl.cert_time_to_seconds(shown["notAfter"]), datetime.UTC
            ),
            at=datetime.datetime.now(datetime.UTC),
            source=source,
        )


class Evidence:
    """What is known of one destination; the threads that send share it."""

    def __init__(self) -> None:
        self.handshake: Handshake | None = None
        self._expires: dict[Role, datetime.datetime] = {}
        self._warned: set[tuple[Role, datetime.datetime]] = set()

    def note_handshake(self, handshake: Handshake | None) -> None:
        """Keep the newest handshake."""
        if handshake is not None:
            self.handshake = handshake
            self.note_expiry("server", handshake.expires)

    def note_expiry(self, role: Role, expires: datetime.datetime) -> None:
        """Keep when a certificate ends, and warn where that is soon."""
        self._expires[role] = expires
        self.warn()

    def expires(self) -> Mapping[Role, datetime.datetime]:
        """Answer when each certificate ends, as far as that is known."""
        return dict(self._expires)

    def warn(self, now: datetime.datetime | None = None) -> None:
        """Warn, once for each certificate, from 14 days before its end."""
        soon = (now or datetime.datetime.now(datetime.UTC)) + datetime.timedelta(days=WARNING_DAYS)
        for role, expires in list(self._expires.items()):
            if expires > soon or (role, expires) in self._warned:
                continue
            self._warned.add((role, expires))
            tell(
                _LOGGER,
                logging.WARNING,
                "%s expires on %s: renew it, or spans are kept here from then on",
                _OF_ROLE[role],
                expires.date().isoformat(),
            )

    def summary(self) -> dict[str, Any]:
        """Answer all of it as plain values, for `Guard.statistics` and reports."""
        found: dict[str, Any] = {
            f"{role}_expires": expires.isoformat() for role, expires in self._expires.items()
        }
        if (handshake := self.handshake) is not None:
            found |= {
                "version": handshake.version,
                "cipher": handshake.cipher,
                "peer": handshake.subject,
                "issuer": handshake.issuer,
                "fingerprint": handshake.fingerprint,
                "at": handshake.at.isoformat(),
                "source": handshake.source,
            }
        return found


def _name(rdns: Any) -> str:
    """Write a distinguished name as `ssl` gives it: "CN=jaeger, O=Shop"."""
    short = {"commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU"}
    return ", ".join(f"{short.get(key, key)}={value}" for rdn in rdns for key, value in rdn)


def _alternative(shown: Mapping[str, Any]) -> str:
    names = shown.get("subjectAltName", ())
    return f"{names[0][0]}:{names[0][1]}" if names else ""
