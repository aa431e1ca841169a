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

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Final, Literal, TypeAlias

from jaeger_guard.detectors.pasted import looks_like_path
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export.credentials import Authorizer, Credentials
from jaeger_guard.export.endpoint import Endpoint
from jaeger_guard.export.environment import EnvironmentReader
from jaeger_guard.export.evidence import Evidence
from jaeger_guard.export.headers import HiddenHeaders
from jaeger_guard.export.signals import TRACES, Signal
from jaeger_guard.export.spool import ResolvedSpool, Spool
from jaeger_guard.export.tls import TlsSettings
from jaeger_guard.export.watching import stamp_of

ProtocolName: TypeAlias = Literal["grpc", "http/protobuf"]

DEFAULT_TIMEOUT: Final = 10.0  # seconds; opentelemetry.exporter.otlp.proto.http.DEFAULT_TIMEOUT
EXPORTERS_VARIABLE: Final = TRACES.exporters_variable
EXPORTERS_WITH_PROTOCOL: Final[Mapping[str, ProtocolName]] = {
    "otlp_proto_grpc": "grpc",
    "otlp_proto_http": "http/protobuf",
}
"""Names of exporters that choose a protocol too, as the SDK's entry points are called."""


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

    def resolve(self, environ: Mapping[str, str], signal: Signal = TRACES) -> ResolvedExport:
        """Merge with the environment, and check everything that can be checked without a network.

        Args:
            environ: The environment variables, usually `os.environ`.
            signal: What is exported; other signals than spans have variables of their own first.

        Raises:
            ConfigurationError: A setting, or a file that one names, can't be used.
        """
        from jaeger_guard.export.resolving import Resolution  # it needs what stands here

        return Resolution(self, EnvironmentReader(environ), signal).resolve()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedExport:
    """An `Export` with nothing left open: what transports are built from.

    Attributes:
        endpoint: Where to.
        protocol: "grpc" or "http/protobuf".
        tls: What TLS is made with; of no effect where the endpoint isn't secure.
        headers: Headers to send.
        authorizer: Answers the Authorization header, or None.
        pins: SHA-256 digests of public keys, one of which the server's chain must show; or none.
        evidence: Learns what TLS really gave.
        timeout: Seconds for one request.
        gzip: Whether payloads are compressed.
        use_proxy: Whether the environment's proxies are used.
        spool: Where batches wait on disk, or None.
        signal: What is exported.
    """

    endpoint: Endpoint
    protocol: ProtocolName
    tls: TlsSettings
    headers: HiddenHeaders = field(repr=False, hash=False)
    timeout: float
    gzip: bool
    use_proxy: bool
    spool: ResolvedSpool | None = None
    authorizer: Authorizer | None = field(default=None, repr=False, compare=False)
    pins: frozenset[bytes] = frozenset()
    signal: Signal = TRACES
    evidence: Evidence = field(default_factory=Evidence, repr=False, compare=False)

    def stamp(self) -> object:
        """Answer what changes when a certificate's, key's or credential's file does."""
        files = (self.tls.ca_file, self.tls.cert_file, self.tls.key_file)
        stamps = stamp_of(path for path in files if path is not None)
        return stamps, self.authorizer.stamp() if self.authorizer is not None else None
