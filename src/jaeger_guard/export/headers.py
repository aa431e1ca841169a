"""Headers and tokens that go with each export: read strictly, shown never.

The SDK's own parser logs what it can't read, credentials included; so it is never called.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from jaeger_guard.detectors.pasted import name_of_file
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export.environment import Setting
from jaeger_guard.export.watching import stamp_of

_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}"  # RFC 9110, section 5.6.2
_VALUE: Final = r"[\x20-\x7e]*"  # RFC 9110, section 5.5, less the obsolete part and tabs
_GRPC_NAME: Final = r"[0-9a-z_.-]{1,256}"  # "gRPC over HTTP2", Header-Name
_BEARER: Final = r"[A-Za-z0-9._~+/-]+=*"  # RFC 6750, section 2.1, b64token
_LONGEST_TOKEN: Final = 64 * 1024
_OURS: Final = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "te",
        "transfer-encoding",
        "user-agent",
    }
)
"""Names that the transport itself writes; another value would change the framing."""


class HiddenHeaders(Mapping[str, str]):
    """A mapping of header names, in lower case, to values; its `repr` never shows a value."""

    __slots__ = ("_headers",)

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = {str(name).lower(): value for name, value in headers.items()}

    def __getitem__(self, name: str) -> str:
        return self._headers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)

    def __repr__(self) -> str:
        return "<headers hidden>"


def parse_header_list(setting: Setting) -> HiddenHeaders:
    """Read `name=value,name=value` with percent-encoding.

    The form is that of a W3C Baggage header without metadata (OpenTelemetry specification, "OTLP
    Exporter Configuration", "Specifying headers via environment variables"). Unencoded spaces are
    taken as they are, as the SDK does.

    Raises:
        ConfigurationError: An entry is malformed; the message holds its position only, since a
            stray comma can turn part of a credential into a name.
    """
    headers: dict[str, str] = {}
    entries = [entry.strip(" \t") for entry in setting.text.split(",")]
    for position, entry in enumerate(entries, start=1):
        if not entry:
            continue
        name, equals, value = entry.partition("=")
        if not equals or re.search(r'[^\x20-\x7e]|["\\;]', value):
            setting.refuse(
                f"entry {position} of {len(entries)} is not name=value with percent-encoding",
                "Percent-encode the value: ',' is %2C, ';' is %3B, '\"' is %22",
            )
        decoded = _unquote(value.strip(" \t"))
        if decoded is None:
            setting.refuse(
                f"entry {position} of {len(entries)} is percent-encoded, but not as UTF-8",
                "Percent-encode the value's UTF-8 bytes",
            )
        headers[unquote(name.strip(" \t"))] = decoded
    return HiddenHeaders(headers)


def _unquote(value: str) -> str | None:
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        return None


def check_headers(headers: Mapping[str, str], where: str, *, protocol: str) -> HiddenHeaders:
    """Answer the headers after checking that each can be sent as it is.

    Raises:
        ConfigurationError: A name or value can't be; only the entry's position is told.
    """
    for position, (name, value) in enumerate(headers.items(), start=1):
        entry = f"header {position} of {len(headers)}"
        if not re.fullmatch(_TOKEN, str(name)):
            raise ConfigurationError(
                f"the name of {entry} is invalid", where, "Use letters, digits and '-' (RFC 9110)"
            )
        if not (isinstance(value, str) and re.fullmatch(_VALUE, value)):
            raise ConfigurationError(
                f"the value of {entry} is not printable ASCII",
                where,
                "Remove line breaks and other control characters, and encode the rest",
            )
        if name.lower() in _OURS:
            raise ConfigurationError(
                f"'{name.lower()}' is written by the exporter itself", where, "Leave it out"
            )
        if protocol == "grpc" and not _fits_grpc(name.lower()):
            raise ConfigurationError(
                f"the name of {entry} can't be gRPC metadata",
                where,
                "Use letters, digits, '-', '_' and '.', neither 'grpc-…' nor '…-bin'",
            )
    return HiddenHeaders(headers)


def _fits_grpc(name: str) -> bool:
    if name.startswith("grpc-") or name.endswith("-bin"):
        return False
    return re.fullmatch(_GRPC_NAME, name) is not None


class BearerTokenFile:
    """A file that holds a bearer token, read again whenever it has changed.

    While a changed file can't be used, the last good token is sent: rotation often passes through
    a moment without the file.
    """

    def __init__(self, path: Path, where: str = "Export.bearer_token_file") -> None:
        """Read the file for the first time.

        Raises:
            ConfigurationError: It is missing, unreadable, or doesn't hold one token.
        """
        self._path = path
        self._where = where
        self._stamp = self._look()
        self._token = self._read()

    def __repr__(self) -> str:
        return f"<BearerTokenFile: {name_of_file(self._path)}>"

    def authorization(self) -> str:
        """Answer the value of the Authorization header."""
        try:
            stamp = self._look()
            if stamp != self._stamp:
                self._token = self._read()
                self._stamp = stamp  # only now: what couldn't be used is looked at again
        except ConfigurationError:
            pass  # the last good token; the backend tells when it is too old
        return f"Bearer {self._token}"

    def stamp(self) -> object:
        """Answer what changes when the file does."""
        return stamp_of([self._path])

    def refused(self) -> None:
        """The file is looked at before each request anyway."""

    def _look(self) -> tuple[int, int, int]:
        try:
            status = os.stat(self._path)
        except (OSError, ValueError):  # ValueError: a null character
            status = None  # refused below: the error here quotes the name, which may be a secret
        if status is None:
            raise self._error("can't be read", "Create it, readable for this process")
        return status.st_mtime_ns, status.st_ino, status.st_size

    def _read(self) -> str:
        try:
            with open(self._path, "rb") as file:
                content = file.read(_LONGEST_TOKEN + 1)
        except (OSError, ValueError):
            content = None
        if content is None:
            raise self._error("can't be read", "Make it readable for this process")
        try:
            token = content.decode("ascii").strip()
        except UnicodeDecodeError:
            token = "\0"  # what no token holds; its text is refused below
        if not token:
            raise self._error("is empty", "Write the token into it")
        if len(content) > _LONGEST_TOKEN or not re.fullmatch(_BEARER, token):
            raise self._error(
                "holds something else than one bearer token (RFC 6750)",
                "Write the bare token into it, on one line",
            )
        return token

    def _error(self, what: str, remedy: str) -> ConfigurationError:
        name = name_of_file(self._path)
        return ConfigurationError(f"{name} {what}", self._where, remedy)
