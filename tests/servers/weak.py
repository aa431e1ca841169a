"""Small servers with one weakness each, for a program that looks for weaknesses."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import json
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from servers.certificates import Pair
from servers.process import LOOPBACK

Answer = tuple[int, str, str]
"""Status, content type, body."""

PAGE: Answer = (200, "text/html", "<html>This is not the page that you look for</html>")
REFUSED: Answer = (401, "text/plain", "no basic auth provided")


def giving(path: str, body: object) -> Callable[[str, str], Answer]:
    """Answer one path as Jaeger would, and all others with its page."""

    def answer(method: str, asked: str) -> Answer:
        if asked.partition("?")[0] == path:
            return 200, "application/json", json.dumps(body)
        return PAGE

    return answer


def refusing(method: str, asked: str) -> Answer:
    """Demand credentials, whatever is asked."""
    return REFUSED


def server_context(pair: Pair, *, ca_file: Path | None = None) -> ssl.SSLContext:
    """Build a server's context: TLS 1.3, and with `ca_file` client certificates demanded."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_ciphers("ALL:@SECLEVEL=0")  # a weak key is loaded, too
    context.load_cert_chain(pair.cert_file, pair.key_file)
    if ca_file is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cafile=ca_file)
    return context


def down_to(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    """Let a context take older versions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = version
    return context


@contextlib.contextmanager
def running_weak(
    answer: Callable[[str, str], Answer], context: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Run an HTTP server until the context ends; lend its `host:port`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = answer(self.command, self.path)
            raw = body.encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the test's output is not ours to fill."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def finish_request(self, request: Any, client_address: Any) -> None:
            request.settimeout(10)
            if context is None:
                super().finish_request(request, client_address)
                return
            # A refused handshake is what a probe is for. It happens on the request's own thread.
            with (
                contextlib.suppress(OSError, ValueError),
                context.wrap_socket(request, server_side=True) as secured,
            ):
                super().finish_request(secured, client_address)

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing: probes hang up."""

    server = Server((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{LOOPBACK}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def weak_pair(directory: Path) -> Pair:
    """Make a certificate for the loopback with an RSA key of 1024 bits."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weak")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pair = Pair(directory / "weak.crt", directory / "weak.key")
    pair.cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pair.key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pair


@contextlib.contextmanager
def running_silent() -> Iterator[str]:
    """Accept connections, and never say a word; lend its `host:port`."""
    listener = socket.create_server((LOOPBACK, 0))
    accepted: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                accepted.append(listener.accept()[0])
            except OSError:  # closed: the test is over
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"{LOOPBACK}:{listener.getsockname()[1]}"
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=10)
        for connection in accepted:
            connection.close()
