"""How spans are exported: what a user sets, and what that comes to with the environment.

Each field is resolved by itself, and the first of these that is set wins:
1. the argument of `Export`;
2. `JAEGER_GUARD_EXPORT_<FIELD>`, such as JAEGER_GUARD_EXPORT_CA_FILE;
3. `OTEL_EXPORTER_OTLP_TRACES_…`;
4. `OTEL_EXPORTER_OTLP_…`;
5. the default, which is the SDK's.
Headers aren't merged: the winner's are sent, and no others.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final, Literal, TypeAlias

from jaeger_guard.detectors.pasted import looks_like_path
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export.credentials import Authorizer, Credentials, authorizer_of
from jaeger_guard.export.endpoint import (
    Endpoint,
    parse_grpc_endpoint,
    parse_http_endpoint,
)
from jaeger_guard.export.environment import EnvironmentReader, Setting
from jaeger_guard.export.evidence import Evidence
from jaeger_guard.export.headers import (
    BearerTokenFile,
    HiddenHeaders,
    check_headers,
    parse_header_list,
)
from jaeger_guard.export.pins import parse_pins
from jaeger_guard.export.spool import ResolvedSpool, Spool
from jaeger_guard.export.tls import MIN_TLS_CHOICES, TlsFile, TlsSettings, load_material
from jaeger_guard.export.watching import stamp_of
from jaeger_guard.lexicon import category_of

ProtocolName: TypeAlias = Literal["grpc", "http/protobuf"]

DEFAULT_TIMEOUT: Final = 10.0  # seconds; opentelemetry.exporter.otlp.proto.http.DEFAULT_TIMEOUT
_DEFAULT_ENDPOINTS: Final = {
    "grpc": "http://localhost:4317",
    "http/protobuf": "http://localhost:4318",
}
_OURS: Final = "JAEGER_GUARD_EXPORT_"
_TRACES: Final = "OTEL_EXPORTER_OTLP_TRACES_"
_OTLP: Final = "OTEL_EXPORTER_OTLP_"
_FILES: Final = {
    "ca_file": "CERTIFICATE",
    "cert_file": "CLIENT_CERTIFICATE",
    "key_file": "CLIENT_KEY",
}
EXPORTERS_VARIABLE: Final = "OTEL_TRACES_EXPORTER"
EXPORTERS_WITH_PROTOCOL: Final[Mapping[str, ProtocolName]] = {
    "otlp_proto_grpc": "grpc",
    "otlp_proto_http": "http/protobuf",
}
"""Names of exporters that choose a protocol too, as the SDK's entry points are called."""
_PROVIDERS: Final = tuple(
    f"OTEL_PYTHON_EXPORTER_OTLP_{transport}_{signal}CREDENTIAL_PROVIDER"
    for transport in ("HTTP", "GRPC")
    for signal in ("TRACES_", "")
)
_SERVER_NAME: Final = r"[A-Za-z0-9._-]{1,253}"

_logger = logging.getLogger("jaeger_guard.export")


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """How and where spans are exported; what is None comes from the environment.

    Attributes:
        endpoint: Base URL of an OTLP receiver, `https://host:port`; for grpc also `host:port`,
            which means TLS unless OTEL_EXPORTER_OTLP_INSECURE says otherwise.
        protocol: "grpc" or "http/protobuf".
        ca_file: PEM file of the CAs to trust instead of the system's.
        cert_file: PEM file of the client certificate.
        key_file: PEM file of the client certificate's private key.
        server_name: Name to expect in the server's certificate, where it isn't the endpoint's.
        min_tls: "1.2" (default) or "1.3"; with grpc only "1.2" can be held.
        pins: SPKI pins, "sha256/…" and base64, one of which the server's chain must show; a text of
            several is separated by commas. Not with grpc.
        headers: Headers to send, such as a tenant's or a credential; hidden from `repr`.
        credentials: `Bearer`, `Basic` or `OAuth2ClientCredentials`, a callable that answers a bearer
            token, or the Authorization header's value; hidden from `repr`.
        bearer_token_file: File with a token for the Authorization header; read again on change.
        timeout: Seconds for one request.
        compression: "gzip", "none", or None.
        unsafe_plaintext: Permit plaintext to other machines. Spans can be read on the way.
        use_proxy: Use the proxy that https_proxy and its like name; default is none.
        spool: Where batches wait on disk while the backend is away; default: JAEGER_GUARD_SPOOL_*,
            else nowhere, and they wait in memory.
    """

    endpoint: str | None = None
    protocol: ProtocolName | None = None
    ca_file: str | os.PathLike[str] | None = None
    cert_file: str | os.PathLike[str] | None = None
    key_file: str | os.PathLike[str] | None = None
    server_name: str | None = None
    min_tls: Literal["1.2", "1.3"] | None = None
    pins: Sequence[str] | str | None = None
    headers: Mapping[str, str] | None = field(default=None, repr=False, hash=False)
    credentials: Credentials | Callable[[], str] | str | None = field(default=None, repr=False)
    bearer_token_file: str | os.PathLike[str] | None = None
    timeout: float | None = None
    compression: Literal["gzip", "none"] | None = None
    unsafe_plaintext: bool | None = None
    use_proxy: bool | None = None
    spool: Spool | None = None

    def __post_init__(self) -> None:
        if self.headers is not None and not isinstance(self.headers, Mapping):
            raise ConfigurationError(
                "headers are no mapping",
                "Export.headers",
                'Give a dict such as {"x-tenant": "shop"}',
            )
        if self.spool is not None and not isinstance(self.spool, Spool):
            raise ConfigurationError(
                f"a {type(self.spool).__name__} is not a Spool",
                "Export.spool",
                "Give Spool(directory=…, key_file=…)",
            )
        if self.headers is not None:  # a copy that can neither change nor show its values
            object.__setattr__(self, "headers", HiddenHeaders(self.headers))

    def __repr__(self) -> str:
        """Show what is set; of what may be or hold a credential only that it is."""
        parts = []
        for item in fields(self):
            value = getattr(self, item.name)
            if value is None:
                continue
            hidden = item.name in ("endpoint", "headers", "credentials") or (
                item.name.endswith("_file") and not looks_like_path(str(value))
            )
            parts.append(f"{item.name}={'…' if hidden else repr(value)}")
        return f"Export({', '.join(parts)})"

    def resolve(self, environ: Mapping[str, str]) -> ResolvedExport:
        """Merge with the environment, and check everything that can be checked without a network.

        Args:
            environ: The environment variables, usually `os.environ`.

        Raises:
            ConfigurationError: A setting, or a file that one names, can't be used.
        """
        return _Resolution(self, EnvironmentReader(environ)).resolve()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedExport:
    """An `Export` with nothing left open: what transports are built from.

    Attributes:
        endpoint: Where to.
        protocol: "grpc" or "http/protobuf".
        tls: What TLS is made with; of no effect where the endpoint isn't secure.
        headers: Headers to send.
        bearer_token_file: File with the token for the Authorization header, or None.
        authorizer: Answers the Authorization header, or None.
        pins: SHA-256 digests of public keys, one of which the server's chain must show; or none.
        evidence: Learns what TLS really gave.
        timeout: Seconds for one request.
        gzip: Whether payloads are compressed.
        use_proxy: Whether the environment's proxies are used.
        spool: Where batches wait on disk, or None.
    """

    endpoint: Endpoint
    protocol: ProtocolName
    tls: TlsSettings
    headers: HiddenHeaders = field(repr=False, hash=False)
    bearer_token_file: Path | None
    timeout: float
    gzip: bool
    use_proxy: bool
    spool: ResolvedSpool | None = None
    authorizer: Authorizer | None = field(default=None, repr=False, compare=False)
    pins: frozenset[bytes] = frozenset()
    evidence: Evidence = field(default_factory=Evidence, repr=False, compare=False)

    def stamp(self) -> object:
        """Answer what changes when a certificate's, key's or credential's file does."""
        files = (self.tls.ca_file, self.tls.cert_file, self.tls.key_file)
        stamps = stamp_of(path for path in files if path is not None)
        return stamps, self.authorizer.stamp() if self.authorizer is not None else None


class _Resolution:
    """One run of `Export.resolve`: the arguments beside the environment."""

    def __init__(self, export: Export, environment: EnvironmentReader) -> None:
        self._export = export
        self._environment = environment

    def resolve(self) -> ResolvedExport:
        protocol = self._protocol()
        endpoint = self._endpoint(protocol)
        unsafe_plaintext = self._flag("unsafe_plaintext")
        use_proxy = self._flag("use_proxy")
        headers = self._headers(protocol)
        token_file = self._path("bearer_token_file")
        tls = self._tls(protocol, endpoint)
        self._refuse_credential_providers()
        authorizer = self._authorizer(token_file, headers)
        pins = self._pins(protocol, endpoint)
        if not endpoint.secure:
            _check_plaintext(
                endpoint,
                self._origin("endpoint", "ENDPOINT"),
                unsafe=unsafe_plaintext,
                use_proxy=use_proxy,
                has_credentials=authorizer is not None or any(map(_names_credential, headers)),
            )
        return ResolvedExport(
            endpoint=endpoint,
            protocol=protocol,
            tls=tls,
            headers=headers,
            bearer_token_file=token_file,
            timeout=self._timeout(),
            gzip=self._gzip(),
            use_proxy=use_proxy,
            spool=self._spool(),
            authorizer=authorizer,
            pins=pins,
        )

    def _authorizer(self, token_file: Path | None, headers: HiddenHeaders) -> Authorizer | None:
        sources: list[tuple[str, Callable[[], Authorizer]]] = []
        if (given := self._export.credentials) is not None:
            sources.append(
                ("Export.credentials", lambda: authorizer_of(given, "Export.credentials"))
            )
        elif (setting := self._environment.first(_OURS + "CREDENTIALS")) is not None:
            text, where = setting.text, setting.where
            sources.append((where, lambda: authorizer_of(text, where)))
        if token_file is not None:
            origin = self._origin("bearer_token_file")
            sources.append((origin, lambda: BearerTokenFile(token_file, origin)))
        if len(sources) + ("authorization" in headers) > 1:
            raise ConfigurationError(
                "two values for the Authorization header",
                sources[-1][0],
                "Leave out all but one of credentials, bearer_token_file and the header",
            )
        return sources[0][1]() if sources else None

    def _refuse_credential_providers(self) -> None:
        """Refuse the SDK's plug-in: it brings a session or channel with a trust of its own."""
        setting = self._environment.first(*_PROVIDERS)
        if setting is not None:
            setting.refuse(
                "credential providers of the SDK aren't used for spans",
                "Give Export(credentials=…); for metrics or logs set the variable that names them",
            )

    def _pins(self, protocol: ProtocolName, endpoint: Endpoint) -> frozenset[bytes]:
        given = self._export.pins
        where = "Export.pins"
        if given is None:
            setting = self._environment.first(_OURS + "PINS")
            if setting is None:
                return frozenset()
            given, where = setting.text, setting.where
        texts = given.split(",") if isinstance(given, str) else list(given)
        pins = parse_pins(texts, where)
        if pins and protocol == "grpc":
            raise ConfigurationError(
                "gRPC can't hold pins in Python", where, 'Set protocol="http/protobuf"'
            )
        if pins and not endpoint.secure:
            raise ConfigurationError(
                "the endpoint is plaintext, so this has no effect",
                where,
                "Set an endpoint with https://",
            )
        return pins

    def _spool(self) -> ResolvedSpool | None:
        environ = self._environment.environ
        spool = self._export.spool or Spool.from_environment(environ)
        return spool.resolve(environ) if spool is not None else None

    def _find(self, name: str, otel: str | None = None) -> Setting | None:
        """Answer the winner for a field that is a text."""
        argument = getattr(self._export, name)
        if argument is not None:
            return Setting(str(argument), f"Export.{name}")
        names = [_OURS + name.upper()]
        if otel is not None:
            names += [_TRACES + otel, _OTLP + otel]
        return self._environment.first(*names)

    def _origin(self, name: str, otel: str | None = None) -> str:
        """Answer where a field was set that is."""
        setting = self._find(name, otel)
        return setting.where if setting is not None else f"Export.{name}"

    def _protocol(self) -> ProtocolName:
        setting = self._find("protocol")
        if setting is None and (named := self._protocol_of_exporter()) is not None:
            return named
        setting = setting or self._find("protocol", "PROTOCOL")
        match setting:
            case None | Setting(text="grpc"):
                return "grpc"
            case Setting(text="http/protobuf"):
                return "http/protobuf"
        setting.refuse("unknown protocol", "Set grpc or http/protobuf")

    def _protocol_of_exporter(self) -> ProtocolName | None:
        """Answer the protocol that a name in OTEL_TRACES_EXPORTER has in it, as the SDK takes them."""
        setting = self._environment.first(EXPORTERS_VARIABLE)
        named = {name.strip().lower() for name in setting.text.split(",")} if setting else set()
        protocols: set[ProtocolName] = {
            EXPORTERS_WITH_PROTOCOL[name] for name in named & EXPORTERS_WITH_PROTOCOL.keys()
        }
        if setting is not None and len(protocols) > 1:
            setting.refuse("two protocols for one exporter", "Name one of them")
        return protocols.pop() if protocols else None

    def _endpoint(self, protocol: ProtocolName) -> Endpoint:
        default = Setting(_DEFAULT_ENDPOINTS[protocol], "Export.endpoint")
        setting = self._find("endpoint", "ENDPOINT") or default
        if protocol == "http/protobuf":
            as_it_stands = setting.where == _TRACES + "ENDPOINT"
            return parse_http_endpoint(setting, as_it_stands=as_it_stands)
        insecure = self._environment.first(_TRACES + "INSECURE", _OTLP + "INSECURE")
        # "Only `true` (case-insensitively) is true" (OpenTelemetry specification, "Environment
        # Variable Specification", "Boolean value"); all else leaves TLS on.
        is_insecure = insecure is not None and insecure.text.lower() == "true"
        return parse_grpc_endpoint(setting, insecure=is_insecure)

    def _tls(self, protocol: ProtocolName, endpoint: Endpoint) -> TlsSettings:
        min_tls = self._find("min_tls")
        if min_tls is not None and min_tls.text not in MIN_TLS_CHOICES:
            min_tls.refuse("unknown version of TLS", "Set 1.2 or 1.3; older ones are broken")
        if min_tls is not None and min_tls.text == "1.3" and protocol == "grpc":
            min_tls.refuse(
                "gRPC can't be held to TLS 1.3 in Python",
                'Set protocol="http/protobuf", or min_tls="1.2"',
            )
        server_name = self._find("server_name")
        if server_name is not None and not re.fullmatch(_SERVER_NAME, server_name.text):
            server_name.refuse("not a host name", "Set the name in the server's certificate")
        if not endpoint.secure:
            self._refuse_tls_without_effect()
            return TlsSettings()
        tls = TlsSettings(
            ca_file=self._path("ca_file", _FILES["ca_file"]),
            cert_file=self._path("cert_file", _FILES["cert_file"]),
            key_file=self._path("key_file", _FILES["key_file"]),
            server_name=server_name.text if server_name is not None else None,
            min_tls=min_tls.text if min_tls is not None else "1.2",
        )
        load_material(tls, self._origins())  # raises where a file can't be used
        return tls

    def _origins(self) -> dict[str, str]:
        return {name: self._origin(name, otel) for name, otel in _FILES.items()}

    def _refuse_tls_without_effect(self) -> None:
        """Refuse what was set for us alone; OTEL_* may be meant for metrics or logs."""
        for name in ("ca_file", "cert_file", "key_file", "server_name", "min_tls"):
            if (setting := self._find(name)) is not None:
                setting.refuse(
                    "the endpoint is plaintext, so this has no effect",
                    "Set an endpoint with https://",
                )
        for name, otel in _FILES.items():
            if (setting := self._find(name, otel)) is not None:
                TlsFile(
                    Path(setting.text), setting.where
                ).read()  # for whom it is, it must be there

    def _headers(self, protocol: ProtocolName) -> HiddenHeaders:
        if self._export.headers is not None:
            return check_headers(self._export.headers, "Export.headers", protocol=protocol)
        setting = self._environment.first(_OURS + "HEADERS", _TRACES + "HEADERS", _OTLP + "HEADERS")
        if setting is None:
            return HiddenHeaders({})
        return check_headers(parse_header_list(setting), setting.where, protocol=protocol)

    def _path(self, name: str, otel: str | None = None) -> Path | None:
        setting = self._find(name, otel)
        return Path(setting.text) if setting is not None else None

    def _flag(self, name: str) -> bool:
        setting = self._find(name)
        return setting.as_boolean() if setting is not None else False

    def _timeout(self) -> float:
        # In seconds, as the SDK for Python reads it; the specification says milliseconds.
        setting = self._find("timeout", "TIMEOUT")
        return setting.as_seconds() if setting is not None else DEFAULT_TIMEOUT

    def _gzip(self) -> bool:
        setting = self._find("compression", "COMPRESSION")
        word = setting.text.strip().lower() if setting is not None else "none"
        if setting is not None and word not in ("none", "gzip"):
            setting.refuse("unsupported compression", "Set gzip or none")
        return word == "gzip"


def _names_credential(header: str) -> bool:
    """Say whether a header of this name carries a credential, as far as its name tells."""
    if header.lower() in ("authorization", "proxy-authorization", "cookie"):
        return True
    return (category_of(header) or "").startswith("credential.")


def _check_plaintext(
    endpoint: Endpoint, where: str, *, unsafe: bool, use_proxy: bool, has_credentials: bool
) -> None:
    if endpoint.is_loopback and (not use_proxy or unsafe):
        return
    if not unsafe:
        raise ConfigurationError(
            "spans would travel in the clear"
            + (" to a proxy" if endpoint.is_loopback else f" to {endpoint.address}"),
            where,
            "Use https://, or, where another layer encrypts, unsafe_plaintext=True or "
            "JAEGER_GUARD_EXPORT_UNSAFE_PLAINTEXT=true",
        )
    if has_credentials:
        raise ConfigurationError(
            f"credentials in headers would travel in the clear to {endpoint.address}",
            "Export.headers",
            "Use https:// with headers or bearer_token_file",
        )
    _logger.warning(
        "unsafe_plaintext is set: spans travel in the clear to %s, and can be read on the way",
        endpoint.address,
    )
