"""A small OTLP/HTTP receiver over TLS on the loopback, which keeps what it gets."""

from __future__ import annotations

import gzip
import http.server
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import trustme

_HANDSHAKE_SECONDS: Final = 5.0
_LARGEST_BODY: Final = 64 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Certificates:
    """A throw-away authority, and a certificate of the loopback's names that it has signed.

    Attributes:
        ca_file: PEM file of the authority.
        server_file: PEM file of the server's key and chain.
    """

    ca_file: Path
    server_file: Path

    @classmethod
    def issue(cls, directory: Path) -> Certificates:
        """Make new ones; they are worth as much as the directory is kept."""
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        issued = cls(ca_file=directory / "ca.pem", server_file=directory / "server.pem")
        authority.cert_pem.write_to_path(str(issued.ca_file))
        issued.server_file.touch(mode=0o600)
        certificate.private_key_and_cert_chain_pem.write_to_path(str(issued.server_file))
        return issued

    def server_context(self) -> ssl.SSLContext:
        """Build what a server shakes hands with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.server_file)
        return context


class Receiver:
    """Takes in ExportTraceServiceRequests, from the `with` statement's start to its end.

    Attributes:
        endpoint: The base URL.
    """

    def __init__(self, certificates: Certificates) -> None:
        self._server = _Server(certificates.server_context())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.endpoint = f"https://localhost:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def payloads(self) -> Sequence[bytes]:
        """What has arrived so far, uncompressed, in order."""
        return tuple(self._server.payloads)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.payloads: list[bytes] = []
        self._context = context

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands on the connection's own thread, so that nobody holds up the others."""
        request.settimeout(_HANDSHAKE_SECONDS)
        with self._context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away misses its own spans, and the demo counts them."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Keep the body."""
        length = int(self.headers.get("Content-Length", "0"))
        if self.path != "/v1/traces" or length > _LARGEST_BODY:
            self._answer(404 if self.path != "/v1/traces" else 413)
            return
        body = self.rfile.read(length)
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert isinstance(self.server, _Server)
        self.server.payloads.append(body)
        self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        # An empty ExportTraceServiceResponse: everything was accepted.
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
