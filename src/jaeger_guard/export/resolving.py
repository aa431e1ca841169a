"""Merge an `Export` with the environment, and check all that can be checked without a network."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export.credentials import Authorizer, authorizer_of
from jaeger_guard.export.endpoint import (
    Endpoint,
    parse_grpc_endpoint,
    parse_http_endpoint,
)
from jaeger_guard.export.environment import EnvironmentReader, Setting
from jaeger_guard.export.headers import (
    BearerTokenFile,
    HiddenHeaders,
    check_headers,
    parse_header_list,
)
from jaeger_guard.export.pins import parse_pins
from jaeger_guard.export.settings import (
    DEFAULT_TIMEOUT,
    EXPORTERS_WITH_PROTOCOL,
    Export,
    ProtocolName,
    ResolvedExport,
)
from jaeger_guard.export.signals import TRACES, Signal
from jaeger_guard.export.spool import ResolvedSpool, Spool
from jaeger_guard.export.tls import MIN_TLS_CHOICES, TlsFile, TlsSettings, load_material
from jaeger_guard.lexicon import category_of

_DEFAULT_ENDPOINTS: Final = {
    "grpc": "http://localhost:4317",
    "http/protobuf": "http://localhost:4318",
}
_OURS: Final = "JAEGER_GUARD_EXPORT_"
_OTLP: Final = "OTEL_EXPORTER_OTLP_"
_FILES: Final = {
    "ca_file": "CERTIFICATE",
    "cert_file": "CLIENT_CERTIFICATE",
    "key_file": "CLIENT_KEY",
}
# What holds wherever a signal goes; all else of ours was set for where spans go.
_OF_ANY_PLACE: Final = ("unsafe_plaintext", "use_proxy", "min_tls", "timeout", "compression")
_SERVER_NAME: Final = r"[A-Za-z0-9._-]{1,253}"

_logger = logging.getLogger("jaeger_guard.export")


class Resolution:
    """One run of `Export.resolve`: the arguments beside the environment.

    For metrics and logs, the signal's own variables come first. JAEGER_GUARD_EXPORT_* hold for them,
    too, unless OTEL_EXPORTER_OTLP_<SIGNAL>_ENDPOINT or a file names another place: a credential that was given
    for one backend isn't shown to another.
    """

    def __init__(
        self, export: Export, environment: EnvironmentReader, signal: Signal = TRACES
    ) -> None:
        self._export = export
        self._environment = environment
        self._signal = signal
        own_endpoint = environment.first(signal.prefix + "ENDPOINT")
        self._has_own_place = signal is not TRACES and (
            own_endpoint is not None or export.endpoint is not None
        )

    def _ours(self, name: str) -> list[str]:
        """List our variable for a field, where it holds for the signal."""
        if self._has_own_place and name not in _OF_ANY_PLACE:
            return []
        return [_OURS + name.upper()]

    def _names(self, name: str, otel: str | None = None) -> list[str]:
        """List the variables for a field, the first first."""
        if otel is None:
            return self._ours(name)
        if self._signal is TRACES:
            return [*self._ours(name), self._signal.prefix + otel, _OTLP + otel]
        return [self._signal.prefix + otel, *self._ours(name), _OTLP + otel]

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
                noun=self._signal.noun,
                unsafe=unsafe_plaintext,
                use_proxy=use_proxy,
                has_credentials=authorizer is not None or any(map(_names_credential, headers)),
            )
        return ResolvedExport(
            endpoint=endpoint,
            protocol=protocol,
            tls=tls,
            headers=headers,
            timeout=self._timeout(),
            gzip=self._gzip(),
            use_proxy=use_proxy,
            spool=self._spool() if self._signal is TRACES else None,
            signal=self._signal,
            authorizer=authorizer,
            pins=pins,
        )

    def _authorizer(self, token_file: Path | None, headers: HiddenHeaders) -> Authorizer | None:
        sources: list[tuple[str, Callable[[], Authorizer]]] = []
        if (given := self._export.credentials) is not None:
            sources.append(
                ("Export.credentials", lambda: authorizer_of(given, "Export.credentials"))
            )
        elif (setting := self._environment.first(*self._ours("credentials"))) is not None:
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
        setting = self._environment.first(
            *(
                f"OTEL_PYTHON_EXPORTER_OTLP_{transport}_{signal}CREDENTIAL_PROVIDER"
                for transport in ("HTTP", "GRPC")
                for signal in (f"{self._signal.name.upper()}_", "")
            )
        )
        if setting is not None:
            setting.refuse(
                f"credential providers of the SDK aren't used for {self._signal.noun}",
                "Give Export(credentials=…), or the variable that names a signal which another "
                "exporter sends",
            )

    def _pins(self, protocol: ProtocolName, endpoint: Endpoint) -> frozenset[bytes]:
        given = self._export.pins
        where = "Export.pins"
        if given is None:
            setting = self._environment.first(*self._ours("pins"))
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
        return self._environment.first(*self._names(name, otel))

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
        """Answer the protocol that a name in OTEL_<SIGNAL>_EXPORTER has in it, as the SDK takes them."""
        setting = self._environment.first(self._signal.exporters_variable)
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
            return parse_http_endpoint(
                setting,
                as_it_stands=setting.where == self._signal.prefix + "ENDPOINT",
                signal_path=self._signal.path,
            )
        insecure = self._environment.first(self._signal.prefix + "INSECURE", _OTLP + "INSECURE")
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
        setting = self._environment.first(*self._names("headers", "HEADERS"))
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
    endpoint: Endpoint,
    where: str,
    *,
    noun: str,
    unsafe: bool,
    use_proxy: bool,
    has_credentials: bool,
) -> None:
    if endpoint.is_loopback and (not use_proxy or unsafe):
        return
    if not unsafe:
        raise ConfigurationError(
            f"{noun} would travel in the clear"
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
        "unsafe_plaintext is set: %s travel in the clear to %s, and can be read on the way",
        noun,
        endpoint.address,
    )
