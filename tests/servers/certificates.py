"""Throw-away certificate authorities, and the certificates that tests show each other."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme

NAMES: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate chain and its key, as PEM files."""

    cert_file: Path
    key_file: Path


class Authority:
    """A certificate authority that lives as long as `directory`.

    Attributes:
        ca_file: Its own certificate, as a PEM file.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self._authority = trustme.CA()
        self._directory = directory
        self._name = name
        self.ca_file = directory / f"{name}-ca.pem"
        self._authority.cert_pem.write_to_path(self.ca_file)

    def issue(
        self,
        name: str,
        *,
        expired: bool = False,
        days: float | None = None,
        names: tuple[str, ...] = NAMES,
    ) -> Pair:
        """Issue a certificate for the loopback's names, good for servers and clients alike.

        Args:
            name: Its common name, and its files'.
            expired: Whether it ended yesterday.
            days: How many days are left of it; None: many years.
            names: Names and addresses that it is for.
        """
        now = datetime.datetime.now(datetime.UTC)
        days = -1 if expired else days
        leaf = self._authority.issue_cert(
            *names,
            common_name=name,
            not_before=now - datetime.timedelta(days=30) if expired else None,
            not_after=now + datetime.timedelta(days=days) if days is not None else None,
        )
        pair = Pair(
            self._directory / f"{self._name}-{name}.crt",
            self._directory / f"{self._name}-{name}.key",
        )
        pair.cert_file.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(pair.key_file)
        pair.key_file.chmod(0o600)
        return pair


@dataclass(frozen=True, slots=True)
class Certificates:
    """What one test server and its clients need, and what they must refuse.

    Attributes:
        ca_file: Whom both sides trust.
        server: What the server shows.
        client: What a welcome client shows.
        expired: Issued by the same authority, and past its time since yesterday.
        foreign_ca_file: An authority that issued none of these.
        foreign: A client's certificate from that authority.
    """

    ca_file: Path
    server: Pair
    client: Pair
    expired: Pair
    foreign_ca_file: Path
    foreign: Pair

    @classmethod
    def create(cls, directory: Path) -> Certificates:
        """Make two authorities and their certificates in `directory`."""
        own, foreign = Authority(directory, "own"), Authority(directory, "foreign")
        return cls(
            ca_file=own.ca_file,
            server=own.issue("server"),
            client=own.issue("client"),
            expired=own.issue("expired", expired=True),
            foreign_ca_file=foreign.ca_file,
            foreign=foreign.issue("client"),
        )
