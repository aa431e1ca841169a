"""Real receivers of OTLP on the loopback: they keep what arrives and answer what a test asks for."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from servers.process import LOOPBACK, free_ports

EXPORT_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@dataclass(frozen=True, slots=True)
class ServerTls:
    """What a sink shows, and whom it lets in.

    Attributes:
        cert_file: PEM file of its certificate.
        key_file: PEM file of its key.
        client_ca_file: PEM file of the CA whose client certificates it demands; None: none.
        minimum: Oldest version of TLS that it offers.
        maximum: Newest version of TLS that it offers.
    """

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3

    def context(self) -> ssl.SSLContext:
        """Build a server's context."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = self.minimum
        context.maximum_version = self.maximum
        context.load_cert_chain(self.cert_file, self.key_file)
        if self.client_ca_file is not None:
            context.load_verify_locations(self.client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One answer of an HttpSink; a payload answered with 2xx counts as accepted."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    drip: float = 0.0
    """Seconds between single bytes of the body."""


@dataclass(frozen=True, slots=True)
class GrpcAnswer:
    """One answer of a GrpcSink."""

    code: str = "OK"
    details: str = ""
    trailers: tuple[tuple[str, bytes | str], ...] = ()
    response: bytes = b""
    delay: float = 0.0


def partially_refused(count: int, message: str = "") -> bytes:
    """Encode the answer that so many spans were refused."""
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = count
    response.partial_success.error_message = message
    return bytes(response.SerializeToString())


class _Sink:
    """What both sinks keep.

    Attributes:
        payloads: Bodies that were answered with success, decompressed, in order.
        received: Bodies that arrived at all, decompressed.
        metadata: Headers of each request, names in lower case.
    """

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.received: list[bytes] = []
        self.metadata: list[dict[str, str]] = []
        self.stopping = threading.Event()

    @property
    def spans(self) -> list[Span]:
        """All spans that were accepted."""
        return [
            span
            for payload in self.payloads
            for resource in ExportTraceServiceRequest.FromString(payload).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def wait_for(self, count: int, timeout: float = 60.0) -> bool:
        """Wait until so many payloads were accepted; answer whether they were."""
        deadline = time.monotonic() + timeout
        while len(self.payloads) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        return len(self.payloads) >= count


class HttpSink(_Sink):
    """An OTLP/HTTP receiver.

    Args:
        tls: Its TLS; None: plaintext.
        answers: What it answers, in order; afterwards 200.
        port: Its port; 0: any that is free, which is kept free for a successor.
    """

    def __init__(
        self, tls: ServerTls | None = None, answers: tuple[HttpAnswer, ...] = (), port: int = 0
    ) -> None:
        super().__init__()
        self.answers = deque(answers)
        self.connections = 0
        self.dripped = 0  # bytes of bodies that are sent one by one
        self._server = _HttpServer(port or free_ports(1)[0], self, tls.context() if tls else None)
        self.port: int = self._server.server_address[1]
        self.endpoint = f"{'https' if tls else 'http'}://{LOOPBACK}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop, and cut all connections; whatever arrives later finds nobody."""
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.cut()
        self._server.server_close()


class _HttpServer(http.server.ThreadingHTTPServer):
    daemon_threads = False  # so that server_close() waits for those who still answer
    request_queue_size = 32

    def __init__(self, port: int, sink: HttpSink, context: ssl.SSLContext | None) -> None:
        super().__init__((LOOPBACK, port), _HttpHandler)
        self.sink = sink
        self.context = context
        self._open: set[socket.socket] = set()

    def get_request(self) -> tuple[Any, Any]:
        """Take a connection, and note it before any other thread has it."""
        connection, address = super().get_request()
        if self.context is not None:
            connection = self.context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        self._open.add(connection)
        return connection, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands on the connection's own thread, so that a bad client stops nobody."""
        if self.context is not None:
            request.settimeout(60)
            try:
                request.do_handshake()
            except ssl.SSLError:
                _linger(request)
                raise
        self.sink.connections += 1
        _HttpHandler(request, client_address, self)

    def shutdown_request(self, request: Any) -> None:
        """Close one connection."""
        super().shutdown_request(request)
        self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Refused handshakes and cut connections are what tests are about."""

    def cut(self) -> None:
        """End what is still open: a shutdown wakes the threads that read, a close would not."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # below TLS


def _linger(connection: ssl.SSLSocket) -> None:
    """Read to the end before closing, or a reset could overtake the alert that says why."""
    with contextlib.suppress(OSError):
        connection.shutdown(
            socket.SHUT_WR
        )  # ends TLS, too: what is read from here on is as it came
        while connection.recv(65536):
            pass


class _HttpHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _HttpServer

    def do_POST(self) -> None:
        sink = self.server.sink
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        sink.received.append(body)
        sink.metadata.append({name.lower(): value for name, value in self.headers.items()})
        sink.metadata[-1][":path"] = self.path
        answer = sink.answers.popleft() if sink.answers else HttpAnswer()
        sink.stopping.wait(answer.delay)
        if 200 <= answer.status < 300:
            sink.payloads.append(body)
        self.send_response(answer.status)
        headers = {"Content-Type": "application/x-protobuf", **answer.headers}
        headers.setdefault("Content-Length", str(len(answer.body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if not answer.drip:
            self.wfile.write(answer.body)
            return
        for byte in answer.body:
            self.wfile.write(bytes([byte]))
            sink.dripped += 1
            if sink.stopping.wait(answer.drip):
                return

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class GrpcSink(_Sink):
    """An OTLP/gRPC receiver; arguments as for HttpSink, and the one method that it knows."""

    def __init__(
        self,
        tls: ServerTls | None = None,
        answers: tuple[GrpcAnswer, ...] = (),
        port: int = 0,
        method: str = EXPORT_METHOD,
    ) -> None:
        super().__init__()
        self.answers = deque(answers)
        self._pool = futures.ThreadPoolExecutor(4)
        self._server = grpc.server(
            self._pool,
            options=[("grpc.so_reuseport", 0)],
            handlers=[_grpc_handler(self._export, method)],
        )
        address = f"{LOOPBACK}:{port or free_ports(1)[0]}"
        if tls is None:
            self.port: int = self._server.add_insecure_port(address)
        else:
            roots = tls.client_ca_file.read_bytes() if tls.client_ca_file else None
            credentials = grpc.ssl_server_credentials(
                [(tls.key_file.read_bytes(), tls.cert_file.read_bytes())],
                roots,
                require_client_auth=roots is not None,
            )
            self.port = self._server.add_secure_port(address, credentials)
        self.endpoint = f"{'https' if tls else 'http'}://{LOOPBACK}:{self.port}"
        self._server.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop, and cut all connections."""
        self.stopping.set()
        self._server.stop(None).wait()
        self._pool.shutdown()

    def _export(self, body: bytes, context: Any) -> bytes:
        self.received.append(body)
        self.metadata.append({name: str(value) for name, value in context.invocation_metadata()})
        answer = self.answers.popleft() if self.answers else GrpcAnswer()
        self.stopping.wait(answer.delay)
        if answer.code != "OK":
            context.set_trailing_metadata(answer.trailers)
            context.abort(getattr(grpc.StatusCode, answer.code), answer.details)
        self.payloads.append(body)
        return answer.response


def _grpc_handler(export: Callable[[bytes, Any], bytes], path: str) -> Any:
    service, method = path.strip("/").split("/")
    handler: Any = grpc.unary_unary_rpc_method_handler(export)
    return grpc.method_handlers_generic_handler(service, {method: handler})


@contextlib.contextmanager
def running(sink: type[HttpSink | GrpcSink], **options: Any) -> Iterator[HttpSink | GrpcSink]:
    """Lend a sink of either kind, and stop it afterwards."""
    server = sink(**options)
    try:
        yield server
    finally:
        server.close()
