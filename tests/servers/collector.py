"""A real collector (rotel) behind nginx with mutual TLS 1.3, and what it has relayed.

    client -TLS-> nginx -> rotel-agent -> Relay (decodes and keeps)

Nothing that a client says about itself is believed: tests look at what the collector handed on.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from servers.certificates import Certificates, Pair
from servers.process import (
    LOOPBACK,
    Program,
    ServerError,
    free_ports,
    listens,
    poll,
    running,
    start,
)
from servers.reading import strings_in

_NGINX: Final = """
{user}
worker_processes 1;
pid nginx.pid;
error_log nginx-error.log info;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_max_body_size 32m;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    ssl_protocols TLSv1.3;
    ssl_verify_client on;
    ssl_client_certificate {ca_file};
    server {{
        listen 127.0.0.1:{grpc} ssl http2;
        {server_pair}
        location / {{ grpc_pass grpc://127.0.0.1:{rotel_grpc}; }}
    }}
    server {{
        listen 127.0.0.1:{http} ssl;
        {server_pair}
        location / {{ proxy_pass http://127.0.0.1:{rotel_http}; }}
    }}
    server {{
        listen 127.0.0.1:{expired_grpc} ssl http2;
        {expired_pair}
        location / {{ grpc_pass grpc://127.0.0.1:{rotel_grpc}; }}
    }}
    server {{
        listen 127.0.0.1:{expired_http} ssl;
        {expired_pair}
        location / {{ proxy_pass http://127.0.0.1:{rotel_http}; }}
    }}
    server {{
        listen 127.0.0.1:{redirect} ssl;
        {server_pair}
        location / {{ return 307 http://127.0.0.1:{rotel_http}$request_uri; }}
    }}
}}
"""


class Relay:
    """The last receiver: takes OTLP/HTTP in plaintext, decodes it, and keeps it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bodies: list[bytes] = []
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                relay._keep(body)
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing: the test's output is not ours to fill."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _keep(self, body: bytes) -> None:
        with self._lock:
            self._bodies.append(body)

    def close(self) -> None:
        """Stop taking requests."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    @property
    def resource_spans(self) -> list[ResourceSpans]:
        """Everything that has arrived, decoded."""
        with self._lock:
            bodies = list(self._bodies)
        return [
            part
            for body in bodies
            for part in ExportTraceServiceRequest.FromString(body).resource_spans
        ]


@dataclass(frozen=True, slots=True)
class Received:
    """What arrived of one service.

    Attributes:
        parts: Its decoded messages.
    """

    parts: tuple[ResourceSpans, ...]

    @property
    def spans(self) -> list[Span]:
        """Its spans, in order of arrival."""
        return [span for part in self.parts for scope in part.scope_spans for span in scope.spans]

    @property
    def strings(self) -> list[str]:
        """Every string, number and byte of it; last the raw bytes, as Latin-1."""
        found = [text for part in self.parts for text in strings_in(MessageToDict(part))]
        return [*found, *(part.SerializeToString().decode("latin-1") for part in self.parts)]

    def named(self, name: str) -> Span:
        """Answer the one span of that name.

        Raises:
            ValueError: There is none, or there are several.
        """
        (span,) = [span for span in self.spans if span.name == name]
        return span


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """A collector that runs.

    Attributes:
        certificates: Whom it trusts and what a client must show.
        grpc_endpoint, http_endpoint: Base URLs that work.
        expired_grpc_endpoint, expired_http_endpoint: Base URLs that show an expired certificate.
        redirect_endpoint: Base URL (HTTP) that sends every client on to plaintext.
        ports: The collector's own, in plaintext, behind nginx: `rotel_grpc` and `rotel_http`.
    """

    certificates: Certificates
    grpc_endpoint: str
    http_endpoint: str
    expired_grpc_endpoint: str
    expired_http_endpoint: str
    redirect_endpoint: str
    ports: dict[str, int]
    relay: Relay

    def endpoint(self, protocol: str) -> str:
        """Answer the base URL for `protocol`, "grpc" or "http/protobuf"."""
        return self.grpc_endpoint if protocol == "grpc" else self.http_endpoint

    def expired_endpoint(self, protocol: str) -> str:
        """Answer the base URL for `protocol` whose server certificate has expired."""
        return self.expired_grpc_endpoint if protocol == "grpc" else self.expired_http_endpoint

    def received(self, service: str) -> Received:
        """Answer what has arrived of `service` so far."""
        return Received(
            tuple(part for part in self.relay.resource_spans if _service(part) == service)
        )

    def await_span(self, service: str, name: str, seconds: float = 60.0) -> Received:
        """Wait until `service` has a span of that `name`, and answer all that has arrived.

        Raises:
            AssertionError: There was none after `seconds`.
        """
        arrived = poll(
            lambda: any(span.name == name for span in self.received(service).spans),
            seconds=seconds,
            pause=0.05,
        )
        received = self.received(service)
        names = sorted(span.name for span in received.spans)
        assert arrived, f"no span {name} of {service} arrived, only {names}"
        return received


def _service(part: ResourceSpans) -> str:
    for attribute in part.resource.attributes:
        if attribute.key == "service.name":
            return attribute.value.string_value
    return ""


@contextlib.contextmanager
def running_collector(directory: Path) -> Iterator[Collector]:
    """Run rotel behind nginx with their files in `directory`, until the context ends."""
    certificates = Certificates.create(directory)
    relay = Relay()
    with contextlib.ExitStack() as stack:
        stack.callback(relay.close)
        rotel = stack.enter_context(_running_rotel(directory, relay.port))
        ports = stack.enter_context(_running_nginx(directory, certificates, rotel))
        yield Collector(
            certificates=certificates,
            relay=relay,
            ports=rotel,
            grpc_endpoint=f"https://{LOOPBACK}:{ports['grpc']}",
            http_endpoint=f"https://{LOOPBACK}:{ports['http']}",
            expired_grpc_endpoint=f"https://{LOOPBACK}:{ports['expired_grpc']}",
            expired_http_endpoint=f"https://{LOOPBACK}:{ports['expired_http']}",
            redirect_endpoint=f"https://{LOOPBACK}:{ports['redirect']}",
        )


@contextlib.contextmanager
def _running_rotel(directory: Path, relay_port: int) -> Iterator[dict[str, int]]:
    package = find_spec("rotel")
    if package is None or package.origin is None:
        raise ServerError("no rotel: install the extra 'test'")
    program = Path(package.origin).with_name("rotel-agent")
    ports: dict[str, int] = {}

    def attempt() -> Program | None:
        ports["rotel_grpc"], ports["rotel_http"] = free_ports(2)
        command: list[str | Path] = [program, "start"]
        command += ["--otlp-grpc-endpoint", f"{LOOPBACK}:{ports['rotel_grpc']}"]
        command += ["--otlp-http-endpoint", f"{LOOPBACK}:{ports['rotel_http']}"]
        command += ["--exporter", "otlp", "--otlp-exporter-protocol", "http"]
        command += ["--otlp-exporter-endpoint", f"http://{LOOPBACK}:{relay_port}"]
        command += ["--batch-timeout", "100ms"]
        return start(
            command, directory=directory, ready=lambda: all(listens(p) for p in ports.values())
        )

    with running(attempt, directory / "rotel-agent.log"):
        yield ports


@contextlib.contextmanager
def _running_nginx(
    directory: Path, certificates: Certificates, rotel: dict[str, int]
) -> Iterator[dict[str, int]]:
    # Debian keeps it in a folder that an ordinary user's PATH doesn't have.
    program = which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        raise ServerError("no nginx: run scripts/setup.sh, which installs it")
    names = ("grpc", "http", "expired_grpc", "expired_http", "redirect")
    config_file = directory / "nginx.conf"
    ports: dict[str, int] = {}

    def attempt() -> Program | None:
        ports.update(zip(names, free_ports(len(names)), strict=True))
        config_file.write_text(
            _NGINX.format(
                user="user root;" if os.geteuid() == 0 else "",  # the keys are ours alone
                ca_file=certificates.ca_file,
                server_pair=_pair(certificates.server),
                expired_pair=_pair(certificates.expired),
                **ports,
                **rotel,
            )
        )
        command = [program, "-p", str(directory), "-e", "nginx-error.log", "-g", "daemon off;"]
        return start(
            [*command, "-c", config_file],
            directory=directory,
            ready=lambda: all(listens(port) for port in ports.values()),
        )

    with running(attempt, directory / "nginx.log"):
        yield ports


def _pair(pair: Pair) -> str:
    return f"ssl_certificate {pair.cert_file}; ssl_certificate_key {pair.key_file};"
