"""HTTP sessions with the TLS and the credentials of an exporter, and nothing that the environment could bend.

A session with `trust_env=False` ignores REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, proxies and ~/.netrc.
The adapter's TLS context is ours alone: `requests` would add certifi's CAs to it, so the two
methods where it does are overridden. A connection is looked at after its handshake, before the first
byte of a request: pins are checked there, and what the handshake gave is noted.

A timeout of `requests` is for one wait, so a server that drips a byte now and then could hold a
thread for good. Here it is for the whole request, what is read of the answer's body included: sockets
wait for what is left of it.
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from jaeger_guard.export.evidence import Evidence, Handshake
from jaeger_guard.export.pins import check_pins
from jaeger_guard.export.tls import TlsSettings, build_context
from jaeger_guard.export.transport import USER_AGENT

if TYPE_CHECKING:
    from jaeger_guard.export.credentials import Authorizer
    from jaeger_guard.export.settings import ResolvedExport


def open_session(settings: ResolvedExport) -> Session:
    """Build a session with an exporter's TLS, headers and credentials, without connecting.

    Never let it follow a redirect: pass `allow_redirects=False`.

    Raises:
        ConfigurationError: A file that TLS needs can't be used.
    """
    session = bare_session(
        settings.tls if settings.endpoint.secure else None, settings.pins, settings.evidence
    )
    session.headers.update(settings.headers)
    session.headers["User-Agent"] = USER_AGENT
    if settings.authorizer is not None:
        session.auth = _Authorization(settings.authorizer)
    return session


def bare_session(
    tls: TlsSettings | None,
    pins: frozenset[bytes] = frozenset(),
    evidence: Evidence | None = None,
) -> Session:
    """Build a session without headers of ours or credentials.

    Args:
        tls: What TLS is made with; None: plaintext, and then nothing else is spoken.
        pins: Digests of public keys, one of which the server's chain must show.
        evidence: What learns of handshakes.

    Raises:
        ConfigurationError: A file that TLS needs can't be used.
    """
    context = build_context(tls, evidence) if tls is not None else None
    deadline = _Deadline()
    if context is not None:
        context.sslsocket_class = type("_Socket", (_Limited, ssl.SSLSocket), {"deadline": deadline})
    session = Session(deadline)
    session.trust_env = False
    session.adapters.clear()
    server_name = tls.server_name if tls is not None else None
    adapter = _OwnTlsAdapter(context, server_name, _pools(deadline, pins, evidence))
    session.mount("http://" if tls is None else "https://", adapter)
    session.headers.clear()
    session.headers.update(
        {
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",  # so that a bound on the body bounds memory
        }
    )
    return session


class _Deadline:
    """When the request at hand must be over, on the monotonic clock; a session has one at a time."""

    def __init__(self) -> None:
        self.moment: float | None = None


class Session(requests.Session):
    """A session whose timeouts are for whole requests."""

    def __init__(self, deadline: _Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def prepare_post(self, url: str) -> requests.PreparedRequest:
        """Prepare a POST that `send_body` can send again and again, without credentials."""
        request = requests.Request("POST", url, auth=lambda unchanged: unchanged)
        return self.prepare_request(request)

    def send_body(
        self, prepared: requests.PreparedRequest, body: bytes, **options: Any
    ) -> requests.Response:
        """Send a prepared request with a body, and the credentials of this moment.

        To prepare one takes a third of what a request costs: most of it the URL, and it stays.
        """
        request = prepared.copy()
        request.body = body
        request.headers["Content-Length"] = str(len(body))
        if callable(self.auth):
            self.auth(request)
        return self.send(request, **options)

    def send(self, request: Any, **options: Any) -> requests.Response:
        timeout: float | None = options.get("timeout")
        self._deadline.moment = None if timeout is None else time.monotonic() + timeout
        return super().send(request, **options)


class _Limited:
    """What a socket does that waits until a deadline at the most."""

    deadline: _Deadline

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        self._limit()
        received: int = super().recv_into(*arguments, **options)  # type: ignore[misc]
        return received

    def send(self, *arguments: Any, **options: Any) -> int:
        self._limit()
        sent: int = super().send(*arguments, **options)  # type: ignore[misc]
        return sent

    def sendall(self, *arguments: Any, **options: Any) -> None:
        self._limit()
        super().sendall(*arguments, **options)  # type: ignore[misc]

    def _limit(self) -> None:
        if self.deadline.moment is None:
            return
        left = self.deadline.moment - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.settimeout(left)  # type: ignore[attr-defined]


class _Authorization(AuthBase):
    """Writes the Authorization header of each request, as it is at that moment."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = self._authorizer.authorization()
        return request


class _OwnTlsAdapter(HTTPAdapter):
    """An adapter whose connections use one given context, and no other trust."""

    def __init__(
        self,
        context: ssl.SSLContext | None,
        server_name: str | None,
        pools: dict[str, type[HTTPConnectionPool]],
    ) -> None:
        self._tls: dict[str, Any] = {}
        if context is not None:
            self._tls["ssl_context"] = context
        if server_name is not None:
            # Not assert_hostname: with it urllib3 switches off the context's own check.
            self._tls["server_hostname"] = server_name
        self._pools = pools
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **options: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, **(options | self._tls))
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **(options | self._tls))
        manager.pool_classes_by_scheme = self._pools
        return manager

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:  # two dicts, for which the stubs have names of their own
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        return host, dict(self._tls)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the connection alone: the context says what is verified, and how."""


def _pools(
    deadline: _Deadline, pins: frozenset[bytes], evidence: Evidence | None
) -> dict[str, type[HTTPConnectionPool]]:
    """Make pools whose connections keep a deadline, and are looked at after their handshake."""
    limited: Any = type("_PlainSocket", (_Limited, socket.socket), {"deadline": deadline})

    class PlainConnection(HTTPConnection):
        def _new_conn(self) -> Any:
            made = super()._new_conn()
            kind, timeout = (made.family, made.type, made.proto), made.gettimeout()
            kept = limited(*kind, fileno=made.detach())
            kept.settimeout(timeout)
            return kept

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainConnection  # pyright: ignore[reportAssignmentType]  # as its base's is

    class Connection(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            try:
                if pins:
                    check_pins(self.sock, pins)
            except BaseException:
                self.close()
                raise
            if evidence is not None:
                evidence.note_handshake(Handshake.of(self.sock, "connection"))

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection  # pyright: ignore[reportAssignmentType]  # as its base's is

    return {"http": PlainPool, "https": Pool}
