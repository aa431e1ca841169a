"""Ask a backend for a TLS handshake, where the library that sends doesn't tell what its own gave."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export.evidence import Handshake
from jaeger_guard.export.tls import build_context

if TYPE_CHECKING:
    from jaeger_guard.export.endpoint import Endpoint
    from jaeger_guard.export.tls import TlsSettings


def probe_handshake(endpoint: Endpoint, tls: TlsSettings, timeout: float) -> Handshake | None:
    """Shake hands with the same settings, over a connection of its own, and send nothing.

    In TLS 1.3 a client's certificate is judged after the handshake (RFC 8446, section 4.4.2.4), so
    this says nothing about whether it was accepted; the call that went before does.

    Args:
        endpoint: The backend.
        tls: What the handshake is made with.
        timeout: Seconds for it.

    Returns:
        What it gave; None where there was none.
    """
    try:
        context = build_context(tls)
        context.set_alpn_protocols(["h2"])  # a gRPC server may close without it
        name = tls.server_name or endpoint.host
        with (
            socket.create_connection((endpoint.host, endpoint.port), timeout) as plain,
            context.wrap_socket(plain, server_hostname=name) as connection,
        ):
            return Handshake.of(connection, "probe")
    except (OSError, ssl.SSLError, ValueError, ConfigurationError):
        return None
