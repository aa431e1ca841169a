"""One connection to an endpoint: plaintext or TLS with chosen versions, and what comes back.

Theory of operation. In TLS 1.3 a client's handshake is over before the server has judged its certificate
(RFC 8446, section 4.4.2.4): the alert arrives at the first read. So a probe always sends a request and
reads; a handshake alone proves nothing.

Nothing is verified here: what a stranger can do is asked, and a stranger doesn't care who answers. The
certificate is judged afterwards, from its bytes.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

TIMEOUT: Final = 5.0  # seconds for a connection and its answer
MOST_BYTES: Final = 256 * 1024

_HANDSHAKE, _HELLO, _SERVER_HELLO = 22, 2, 11

Trouble = Literal["", "version", "certificate", "alpn", "plaintext", "closed", "tls"]

# OpenSSL's names of alerts (RFC 8446, section 6.2; RFC 5246, section 7.2).
_TROUBLES: Final[tuple[tuple[str, Trouble], ...]] = (
    (r"PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE|VERSION_TOO_LOW", "version"),
    (
        r"CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE"
        r"|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED|ACCESS_DENIED",
        "certificate",
    ),
    (r"NO_APPLICATION_PROTOCOL", "alpn"),
    (r"WRONG_VERSION_NUMBER|HTTP_REQUEST|RECORD_LAYER_FAILURE|PACKET_LENGTH", "plaintext"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What a probe shows, where it isn't a stranger.

    Attributes:
        cert_file: PEM file of a client certificate; None: none is shown.
        key_file: PEM file of its key.
    """

    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one connection.

    Attributes:
        data: What was read; empty where nothing was.
        trouble: Why there is nothing, as TLS tells it.
        version: The version of TLS; empty without.
        certificate: The server's certificate, DER; empty where none was seen.
    """

    data: bytes
    trouble: Trouble = ""
    version: str = ""
    certificate: bytes = b""


def ask(
    address: tuple[str, int],
    request: bytes,
    *,
    context: ssl.SSLContext | None = None,
    timeout: float = TIMEOUT,
    enough: re.Pattern[bytes] | None = None,
) -> Answer:
    """Connect, send, and read until the end, a bound, or what is `enough`.

    Raises:
        OSError: There is no connection.
    """
    deadline = time.monotonic() + timeout
    certificate, version = b"", ""
    with socket.create_connection(address, timeout) as plain:
        plain.settimeout(timeout)
        try:
            if context is None:
                return Answer(_exchange(plain, request, deadline, enough))
            with context.wrap_socket(plain, server_hostname=_name(address[0])) as connection:
                version = connection.version() or ""
                certificate = connection.getpeercert(binary_form=True) or b""
                data = _exchange(connection, request, deadline, enough)
                return Answer(data, "" if data else "closed", version, certificate)
        except ssl.SSLError as error:
            return Answer(b"", _trouble(error), version, certificate)
        except (OSError, ValueError):
            return Answer(b"", "closed", version, certificate)


def _name(host: str) -> str | None:
    return host or None


def _exchange(
    connection: socket.socket, request: bytes, deadline: float, enough: re.Pattern[bytes] | None
) -> bytes:
    connection.sendall(request)
    pieces: list[bytes] = []
    size = 0
    while size < MOST_BYTES:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        connection.settimeout(left)
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            break
        except ssl.SSLError:
            if pieces:
                break
            raise
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
        if enough is not None and enough.search(b"".join(pieces)):
            break
    return b"".join(pieces)


def takes_version(
    address: tuple[str, int], old: ssl.SSLContext, *, timeout: float = TIMEOUT
) -> bool:
    """Say whether a server goes on with the one version that a context offers.

    Its ServerHello says so (RFC 5246, section 7.4.1.3), whatever it thinks of the client afterwards: a
    refused certificate is `handshake_failure` with some, as is a version with others.
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    handshake = old.wrap_bio(incoming, outgoing, server_hostname=_name(address[0]))
    with contextlib.suppress(ssl.SSLWantReadError):
        handshake.do_handshake()  # writes the ClientHello, and waits
    data = b""
    with contextlib.suppress(OSError), socket.create_connection(address, timeout) as plain:
        plain.sendall(outgoing.read())
        while len(data) < _SERVER_HELLO and (piece := plain.recv(_SERVER_HELLO)):
            data += piece
    # Record: type, version, length; handshake message: type, length, version.
    is_hello = len(data) >= _SERVER_HELLO and data[0] == _HANDSHAKE and data[5] == _HELLO
    return is_hello and int.from_bytes(data[9:11], "big") == old.maximum_version


def _trouble(error: ssl.SSLError) -> Trouble:
    said = getattr(error, "reason", None) or str(error)
    for pattern, trouble in _TROUBLES:
        if re.search(pattern, said.upper()):
            return trouble
    return "closed" if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) else "tls"


def context(
    client: Client = Client(),
    *,
    protocols: tuple[str, ...] = ("http/1.1",),
    newest: ssl.TLSVersion | None = None,
) -> ssl.SSLContext:
    """Build a context that takes any certificate and, with `newest`, no newer version than that."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if protocols:
        made.set_alpn_protocols(list(protocols))
    if newest is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it is asked for because it is old
            made.minimum_version = newest
            made.maximum_version = newest
        made.set_ciphers("ALL:@SECLEVEL=0")
    if client.cert_file is not None:
        made.load_cert_chain(client.cert_file, client.key_file, lambda: b"")
    return made
