"""Ask an endpoint all questions, and keep the answers as one value that the rules look at."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from jaeger_guard.check.live.certificates import Certificate, read_certificate
from jaeger_guard.check.live.connection import Answer, Client, ask, context, takes_version
from jaeger_guard.check.live.http2 import ANSWERED, answers, call, speaks_http2
from jaeger_guard.errors import ConfigurationError

_TELLING: Final = ("version", "certificate", "alpn")
_DEFAULT_PORT: Final = {"https": 443, "http": 80, "grpc": 4317, "": 4317}
_OLD: Final = (
    ("TLS 1.0", "TLSv1"),
    ("TLS 1.1", "TLSv1_1"),
    ("TLS 1.2", "TLSv1_2"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """A request whose answer says that something is given to whoever asks.

    Attributes:
        what: What is given, as the rules are called.
        path: Of the URL, or of the gRPC method.
        body: What is posted; None: it is a GET.
        says: Judges the answer's body. Jaeger answers unknown paths with 200 and a page, so that a
            status alone says nothing.
    """

    what: str
    path: str
    body: bytes | None
    says: Callable[[str], bool]


def _is_object(*names: str) -> Callable[[str], bool]:
    """Say whether a body is a JSON object with one of these members."""

    def says(body: str) -> bool:
        try:
            parsed = json.loads(body)
        except (ValueError, RecursionError):
            return False
        return isinstance(parsed, dict) and any(name in parsed for name in names)

    return says


def _is_data(body: str) -> bool:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(parsed, dict) and "data" in parsed and isinstance(parsed["data"], list | None)


_BY_HTTP: Final = (
    Question("query", "/api/services", None, _is_data),
    Question("otlp", "/v1/traces", b'{"resourceSpans":[]}', _is_object("partialSuccess")),
    Question(
        "sampling", "/api/sampling?service=jaeger-guard-check", None, _is_object("strategyType")
    ),
    Question("metrics", "/metrics", None, lambda body: body.startswith("# ")),
    Question("expvar", "/debug/vars", None, _is_object("cmdline", "memstats")),
    Question(
        "pprof", "/debug/pprof/", None, lambda body: "profile" in body and "goroutine" in body
    ),
    Question("zpages", "/debug/servicez", None, lambda body: "Pipelines" in body),
)
_BY_GRPC: Final = (
    # Of an empty request nothing is stored.
    ("otlp", "/opentelemetry.proto.collector.trace.v1.TraceService/Export", b""),
    ("query", "/jaeger.api_v2.QueryService/GetServices", b""),
    ("query", "/jaeger.api_v3.QueryService/GetServices", b""),
    ("sampling", "/jaeger.api_v2.SamplingManager/GetSamplingStrategy", b"\x0a\x01x"),
    ("storage", "/jaeger.storage.v2.TraceReader/GetServices", b""),
    # ServerReflectionRequest{list_services: ""}
    ("reflection", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", b"\x3a\x00"),
    ("reflection", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", b"\x3a\x00"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What an endpoint did.

    Attributes:
        where: `host:port`.
        is_loopback: Whether it is this machine.
        speaks_plaintext: Whether it answered without TLS.
        versions: Older versions of TLS that it takes.
        demands_certificate: Whether it refuses who shows no certificate; None without TLS.
        given: What it gives to whoever asks, without a certificate or credentials.
        given_to_known: What it gives to a certificate alone, without credentials.
        certificate: Its certificate; None where none was seen, or the extra `crypto` is missing.
        unexamined: What could not be looked at, a clause each.
    """

    where: str
    is_loopback: bool
    speaks_plaintext: bool = False
    versions: tuple[str, ...] = ()
    demands_certificate: bool | None = None
    given: frozenset[str] = frozenset()
    given_to_known: frozenset[str] = frozenset()
    certificate: Certificate | None = None
    unexamined: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Address:
    """Where to look.

    Attributes:
        host: Name or address.
        port: TCP port.
    """

    host: str
    port: int

    @property
    def text(self) -> str:
        """`host:port`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read a URL or `host:port`.

        Raises:
            ConfigurationError: It is neither.
        """
        url = text.strip() if "://" in text else f"grpc://{text.strip()}"
        host, port, scheme = None, None, ""
        if not re.search(r"[^\x21-\x7e]", url):
            try:
                parts = urlsplit(url)
                host, port, scheme = parts.hostname, parts.port, parts.scheme
            except ValueError:
                host = None
        if not host or "@" in url or scheme not in _DEFAULT_PORT:
            raise ConfigurationError(
                "not an address to look at", "--endpoint", "Give one such as https://jaeger:16686"
            )
        return cls(host, port or _DEFAULT_PORT[scheme])


def observe(address: Address, client: Client, *, is_loopback: bool, timeout: float) -> Observed:
    """Ask an endpoint everything.

    Raises:
        ConfigurationError: Nobody answers there.
    """
    return _Observation(address, client, timeout).observe(is_loopback)


class _Observation:
    """One endpoint being asked."""

    def __init__(self, address: Address, client: Client, timeout: float) -> None:
        self._address = (address.host, address.port)
        self._name = address.text
        self._client = client
        self._timeout = timeout
        self._unexamined: list[str] = []

    def observe(self, is_loopback: bool) -> Observed:
        plain = self._plain()
        if plain is not None:
            return Observed(
                where=self._name,
                is_loopback=is_loopback,
                speaks_plaintext=True,
                given=self._asked(None, http=not speaks_http2(plain.data)),
            )
        stranger = Client()
        http, protocols = self._protocols()
        first = self._tls(stranger, protocols, http)
        if not (first.data or first.version) and first.trouble not in _TELLING:
            raise ConfigurationError(
                "something listens there, but answers neither HTTP, gRPC nor TLS",
                f"--endpoint {self._name}",
                "Check the address, or look again with a longer --timeout",
            )
        demands = False if first.data else (True if first.trouble == "certificate" else None)
        given = self._asked(context(stranger, protocols=protocols), http=http) if first.data else ()
        known: frozenset[str] = frozenset()
        if self._client.cert_file is not None and not first.data:
            known = self._asked(context(self._client, protocols=protocols), http=http)
        certificate = None
        if first.certificate:
            certificate = read_certificate(first.certificate, self._address[0])
            if certificate is None:
                self._unexamined.append("its certificate: that needs the extra 'crypto'")
        return Observed(
            where=self._name,
            is_loopback=is_loopback,
            versions=self._old_versions(protocols),
            demands_certificate=demands,
            given=frozenset(given),
            given_to_known=known,
            certificate=certificate,
            unexamined=tuple(self._unexamined),
        )

    def _plain(self) -> Answer | None:
        """Return the answer in plaintext; None where there is none but a refusal."""
        try:
            answer = self._ask(self._get("/api/services"), None)
            if not answer.data:  # a gRPC server may close at once, or wait for HTTP/2's preface
                request = call(self._name, "/grpc.health.v1.Health/Check", b"", scheme="http")
                answer = self._ask(request, None, ANSWERED)
        except OSError as error:
            raise ConfigurationError(
                f"nobody answers there ({type(error).__name__})",
                f"--endpoint {self._name}",
                "Check the address, or start it",
            ) from None
        # Go's net/http, nginx and Apache know a request in plaintext that comes to a TLS port.
        refusal = re.search(rb"HTTP request to an HTTPS|HTTP request was sent to HTTPS|speaking plain",
                            answer.data[:4096])  # fmt: skip
        is_http = answer.data.startswith(b"HTTP/1.") or speaks_http2(answer.data)
        return answer if is_http and not refusal else None

    def _protocols(self) -> tuple[bool, tuple[str, ...]]:
        """Say whether it speaks HTTP/1.1 behind TLS, and what to offer: gRPC wants h2 alone.

        Go's gRPC lets a client that offers http/1.1 in, without having chosen anything, and hangs up.
        """
        if self._chosen("http/1.1") is None and self._chosen("h2") == "h2":
            return False, ("h2",)
        return True, ("http/1.1",)

    def _chosen(self, protocol: str) -> str | None:
        """Answer what the server chooses of one protocol (RFC 7301); None where it chooses nothing."""
        for client in (Client(), self._client):  # within TLS 1.2, a stranger isn't told
            try:
                with (
                    socket.create_connection(self._address, self._timeout) as plain,
                    context(client, protocols=(protocol,)).wrap_socket(
                        plain, server_hostname=self._address[0]
                    ) as connection,
                ):
                    return connection.selected_alpn_protocol()
            except (OSError, ValueError):
                continue
        return None

    def _tls(self, client: Client, protocols: tuple[str, ...], http: bool) -> Answer:
        return self._ask(self._first(http), context(client, protocols=protocols))

    def _first(self, http: bool) -> bytes:
        if http:
            return self._get("/api/services")
        return call(self._name, "/grpc.health.v1.Health/Check", b"", scheme="https")

    def _old_versions(self, protocols: tuple[str, ...]) -> tuple[str, ...]:
        taken = []
        for shown, name in _OLD:
            try:
                old = context(protocols=protocols, newest=ssl.TLSVersion[name])
            except (ssl.SSLError, ValueError):
                self._unexamined.append(f"{shown}: this machine's OpenSSL can't speak it")
                continue
            if takes_version(self._address, old, timeout=self._timeout):
                taken.append(shown)
        return tuple(taken)

    def _asked(self, tls: ssl.SSLContext | None, *, http: bool) -> frozenset[str]:
        """Return what is given of all that is asked for."""
        given = set()
        if http:
            for question in _BY_HTTP:
                status, body = self._http(question, tls)
                if status == 200 and question.says(body):
                    given.add(question.what)
            return frozenset(given)
        scheme = "http" if tls is None else "https"
        for what, path, message in _BY_GRPC:
            if what not in given:
                request = call(self._name, path, message, scheme=scheme)
                if answers(self._quietly(request, tls, ANSWERED).data):
                    given.add(what)
        return frozenset(given)

    def _http(self, question: Question, tls: ssl.SSLContext | None) -> tuple[int, str]:
        request = self._get(question.path)
        if question.body is not None:
            request = self._post(question.path, question.body)
        head, _, body = self._quietly(request, tls).data.partition(b"\r\n\r\n")
        status = re.match(rb"HTTP/1\.[01] (\d{3})", head)
        if b"transfer-encoding: chunked" in head.lower():
            body = _unchunked(body)
        return (int(status[1]) if status else 0), body.decode("utf-8", "replace")

    def _get(self, path: str) -> bytes:
        return self._head("GET", path) + b"\r\n"

    def _post(self, path: str, body: bytes) -> bytes:
        head = self._head("POST", path)
        head += b"content-type: application/json\r\n"
        return head + f"content-length: {len(body)}\r\n\r\n".encode() + body

    def _head(self, method: str, path: str) -> bytes:
        lines = (
            f"{method} {path} HTTP/1.1", f"host: {self._name}", "user-agent: jaeger-guard-check",
            "accept: application/json, text/plain", "connection: close", "",
        )  # fmt: skip
        return "\r\n".join(lines).encode("ascii", "replace")

    def _ask(
        self,
        request: bytes,
        tls: ssl.SSLContext | None,
        enough: re.Pattern[bytes] | None = None,
    ) -> Answer:
        if enough is None and request.startswith(b"PRI"):
            enough = ANSWERED
        return ask(self._address, request, context=tls, timeout=self._timeout, enough=enough)

    def _quietly(
        self,
        request: bytes,
        tls: ssl.SSLContext | None,
        enough: re.Pattern[bytes] | None = None,
    ) -> Answer:
        try:
            return self._ask(request, tls, enough)
        except OSError:
            return Answer(b"", "closed")


def _unchunked(body: bytes) -> bytes:
    """Join the chunks of a body (RFC 9112, section 7.1)."""
    pieces = []
    while body:
        size, separator, rest = body.partition(b"\r\n")
        try:
            length = int(size.partition(b";")[0], 16)
        except ValueError:
            break
        if not separator or length == 0:
            break
        pieces.append(rest[:length])
        body = rest[length + 2 :]
    return b"".join(pieces)
