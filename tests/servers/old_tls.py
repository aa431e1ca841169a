"""A server that speaks TLS 1.1 at most: what RFC 8996 forbids, and a guard must refuse."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator

from servers.certificates import Certificates
from servers.process import LOOPBACK


@contextlib.contextmanager
def running_old_tls(certificates: Certificates) -> Iterator[tuple[str, list[bytes]]]:
    """Run such a server; lend its base URL and the list of what arrived after a handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it is deprecated, and so it should be
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(certificates.server.cert_file, certificates.server.key_file)
    arrived: list[bytes] = []
    listener = socket.create_server((LOOPBACK, 0))
    stopped = threading.Event()

    def serve() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:  # closed: the test is over
                return
            connection.settimeout(30)
            with (
                connection,
                contextlib.suppress(OSError),  # a refused handshake is hoped for
                context.wrap_socket(connection, server_side=True) as secured,
            ):
                arrived.append(secured.recv(65536))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://{LOOPBACK}:{listener.getsockname()[1]}", arrived
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=60)
