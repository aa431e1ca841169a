"""Keep a key ring in HashiCorp Vault, in its key/value store (KV version 2), through `hvac`.

What goes there is what would lie in files: sealed private keys, signed documents. So reading the store
takes Vault's permission, and opening a key the passphrase besides. Destroying removes all versions of a
document and its metadata.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from jaeger_guard.errors import ConfigurationError, MissingExtraError

_FIELD: Final = "document"
_PLACE: Final = re.compile(r"(?P<mount>[\w-]{1,64})/(?P<path>[\w-]{1,64}(?:/[\w-]{1,64}){0,8})")

_Answer = TypeVar("_Answer")


def _is_safe(url: str) -> bool:
    """Say whether an address of Vault is one of TLS, or this machine's."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    try:
        return (
            parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
        )
    except ValueError:
        return False


class VaultKeys:
    """Keeps documents as secrets of Vault; a `KeyProvider`.

    Vault has no lock that a client could hold: have one person, or one job, change a ring at a time.

    Args:
        client: An `hvac.Client` that is authenticated.
        mount: Where the KV store is mounted.
        path: Under which path the documents lie.
        where: What errors call it.
    """

    def __init__(self, client: Any, mount: str, path: str, where: str = "Vault") -> None:
        self._kv = client.secrets.kv.v2
        self._mount = mount
        self._path = path
        self._where = where

    def __repr__(self) -> str:
        return "VaultKeys()"

    @classmethod
    def from_environment(cls, place: str, where: str) -> VaultKeys:
        """Open `MOUNT/PATH` of the Vault that VAULT_ADDR, VAULT_TOKEN and VAULT_CACERT name.

        Raises:
            MissingExtraError: The extra `vault` isn't installed.
            ConfigurationError: The place is none.
        """
        try:
            import hvac  # type: ignore[import-untyped]
        except ImportError:
            raise MissingExtraError("keeping keys in Vault", "vault", where) from None
        found = _PLACE.fullmatch(place)
        if found is None:
            raise ConfigurationError("it names no place in Vault", where, "Give vault:MOUNT/PATH")
        # A redirect would take the token along to wherever it leads.
        client = hvac.Client(allow_redirects=False)
        if not _is_safe(client.url):
            what = "Vault's token would travel in the clear"
            raise ConfigurationError(what, "VAULT_ADDR", "Give an address with https://")
        return cls(client, found["mount"], found["path"], where)

    @property
    def where(self) -> str:
        """What errors call the place."""
        return self._where

    def names(self) -> Sequence[str]:
        """Return the names of all documents."""
        answer = self._ask(
            lambda: self._kv.list_secrets(path=self._path, mount_point=self._mount), "listed"
        )
        names = [] if answer is None else answer["data"]["keys"]
        return sorted(name for name in names if not name.endswith("/"))

    def read(self, name: str) -> bytes | None:
        """Return a document; None where there is none."""
        answer = self._ask(
            lambda: self._kv.read_secret_version(
                path=f"{self._path}/{name}",
                mount_point=self._mount,
                raise_on_deleted_version=True,
            ),
            "read",
        )
        if answer is None:
            return None
        with contextlib.suppress(KeyError, TypeError, binascii.Error):
            return base64.b64decode(answer["data"]["data"][_FIELD], validate=True)
        raise ConfigurationError(
            f"{name} there is no document of a key ring",
            self._where,
            "Give the ring a path of its own",
        )

    def write(self, name: str, content: bytes) -> None:
        """Keep a document, as the newest version of its secret."""
        self._ask(
            lambda: self._kv.create_or_update_secret(
                path=f"{self._path}/{name}",
                secret={_FIELD: base64.b64encode(content).decode()},
                mount_point=self._mount,
            ),
            "written",
        )

    def destroy(self, name: str) -> None:
        """Remove every version of a document, and its metadata."""
        self._ask(
            lambda: self._kv.delete_metadata_and_all_versions(
                path=f"{self._path}/{name}", mount_point=self._mount
            ),
            "destroyed",
        )

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Do nothing: a client can't lock Vault."""
        yield

    def _ask(self, question: Callable[[], _Answer], what: str) -> _Answer | None:
        """Ask Vault; None where there is nothing at that path."""
        from hvac.exceptions import InvalidPath  # type: ignore[import-untyped]

        kind = ""
        try:
            answer = question()
            if not 300 <= getattr(answer, "status_code", 200) < 400:
                return answer
            kind = "redirect"
        except InvalidPath:
            return None
        except Exception as error:  # noqa: BLE001 - its text may hold a token, or a document
            kind = type(error).__name__
        raise ConfigurationError(
            f"it can't be {what} ({kind})",
            self._where,
            "Check VAULT_ADDR, VAULT_TOKEN and its policy",
        )
