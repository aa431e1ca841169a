"""Where spans are sent: an endpoint taken apart, judged once, and never shown with a credential.

Rules (OpenTelemetry specification, "OTLP Exporter Configuration", and ours where it is silent):
1. http/protobuf: a URL with scheme http or https. `/v1/traces` (or another signal's) is added unless
   the path already ends so; a URL from OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is used as it stands.
2. grpc: a URL without a path, whose scheme decides about TLS; or a bare `host:port`, where
   OTEL_EXPORTER_OTLP_[TRACES_]INSECURE decides and TLS is the default.
3. No user information, query or fragment: URLs are logged by others, and those hold credentials.
4. Plaintext only to a literal loopback address, or with `unsafe_plaintext=True`.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from jaeger_guard.export.environment import Setting
from jaeger_guard.export.signals import TRACES

_NAME: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})"  # RFC 1123, section 2.1; "_" is found in use
_BARE: Final = rf"(?P<host>{_NAME}|\[[0-9A-Fa-f:.]{{2,45}}\])(?::(?P<port>[0-9]{{1,5}}))?"
_URL_EXAMPLE: Final = "Set a URL such as https://jaeger.example:4317"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place that receives OTLP.

    Attributes:
        host: Name or address, without brackets.
        port: TCP port.
        secure: Whether TLS is used.
        path: Path of the URL; empty for gRPC.
    """

    host: str
    port: int
    secure: bool
    path: str = ""

    @property
    def address(self) -> str:
        """`host:port`, with brackets around an IPv6 address; this is what logs show."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{'https' if self.secure else 'http'}://{self.address}{self.path}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is a literal of 127.0.0.0/8, ::1, or `localhost`."""
        if self.host == "localhost":
            return True
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return False
        # IPv4Address.is_loopback is 127.0.0.0/8, IPv6Address.is_loopback is ::1
        # (and from Python 3.13 on also ::ffff:127.0.0.0/104, which nothing here needs to refuse)
        return address.is_loopback


def parse_grpc_endpoint(setting: Setting, *, insecure: bool) -> Endpoint:
    """Read an endpoint for gRPC.

    Args:
        setting: A URL or a bare `host:port`.
        insecure: Whether a bare `host:port` means plaintext.

    Raises:
        ConfigurationError: It can't be used.
    """
    text = setting.text.strip()
    if "://" not in text:
        bare = re.fullmatch(_BARE, text)
        if bare is None:
            setting.refuse("neither a URL nor host:port", _URL_EXAMPLE)
        return _endpoint(setting, bare["host"].strip("[]"), bare["port"], secure=not insecure)
    parts = _split(setting)
    if parts.path not in ("", "/"):
        setting.refuse(
            "an endpoint for grpc has no path",
            'Leave the path out, or set protocol="http/protobuf"',
        )
    return _endpoint(setting, parts.hostname, parts.port, secure=parts.scheme == "https")


def parse_http_endpoint(
    setting: Setting, *, as_it_stands: bool, signal_path: str = TRACES.path
) -> Endpoint:
    """Read an endpoint for http/protobuf.

    Args:
        setting: A URL.
        as_it_stands: Whether the path is complete, so that the signal's isn't added.
        signal_path: The signal's path, such as `/v1/traces`.

    Raises:
        ConfigurationError: It can't be used.
    """
    parts = _split(setting)
    path = parts.path
    if as_it_stands:
        path = path or "/"
    elif not path.rstrip("/").endswith(signal_path):
        path = path.rstrip("/") + signal_path
    return _endpoint(setting, parts.hostname, parts.port, secure=parts.scheme == "https", path=path)


def _split(setting: Setting) -> SplitResult:
    text = setting.text.strip()
    if re.search(r"[^\x21-\x7e]|\\", text):  # RFC 3986, section 2: what a URL can't hold
        setting.refuse("the endpoint holds characters that a URL can't", _URL_EXAMPLE)
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises where the port is no number
    except ValueError:
        parts = None  # refused below: the error here quotes the text, which may be a secret
    if parts is None:
        setting.refuse("not a URL", _URL_EXAMPLE)
    if parts.scheme not in ("http", "https"):
        setting.refuse("the endpoint is no http:// or https:// URL", _URL_EXAMPLE)
    if "@" in parts.netloc:
        setting.refuse(
            "the endpoint holds user information",
            "Put credentials in headers or bearer_token_file",
        )
    if parts.query or parts.fragment:
        setting.refuse(
            "the endpoint has a query or a fragment",
            "Leave it out, and put credentials in headers or bearer_token_file",
        )
    return parts


def _endpoint(
    setting: Setting, host: str | None, port: str | int | None, *, secure: bool, path: str = ""
) -> Endpoint:
    if host is None or not (re.fullmatch(_NAME, host) or _is_address(host)):
        setting.refuse("the endpoint names no host", _URL_EXAMPLE)
    number = int(port) if port is not None else (443 if secure else 80)
    if not 0 < number < 65536:
        setting.refuse("the endpoint's port is out of range", "Set a port from 1 to 65535")
    return Endpoint(host.lower(), number, secure, path)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
