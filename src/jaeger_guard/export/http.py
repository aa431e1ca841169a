"""OTLP over HTTP: payloads as bytes over `requests`, with nothing that the environment could bend.

A session with `trust_env=False` ignores REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, proxies and ~/.netrc.
The adapter's TLS context is ours alone: `requests` would add certifi's CAs to it, so the two
methods where it does are overridden. Redirects are never followed.
"""

from __future__ import annotations

import email.utils
import gzip
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from jaeger_guard._version import __version__
from jaeger_guard.export.headers import BearerTokenFile
from jaeger_guard.export.outcome import (
    ACCEPTED,
    LONGEST_RETRY_AFTER,
    Outcome,
    Reason,
    State,
    partial_success,
)
from jaeger_guard.export.tls import build_context, classify

if TYPE_CHECKING:
    import ssl

    from jaeger_guard.export.settings import ResolvedExport

USER_AGENT: Final = f"jaeger-guard/{__version__} OTLP"
LARGEST_BODY: Final = 64 * 1024
"""Bytes read of a response; what we look for stands in the first hundred."""

_RETRYABLE: Final = {
    408: Reason.TIMED_OUT,
    429: Reason.THROTTLED,
    502: Reason.UNAVAILABLE,
    503: Reason.UNAVAILABLE,
    504: Reason.TIMED_OUT,
}
"""429, 502, 503, 504: OTLP specification, "Retryable Response Codes"; 408: RFC 9110, 15.5.9."""


class _OwnTlsAdapter(HTTPAdapter):
    """An adapter whose connections use one given context, and no other trust."""

    def __init__(self, context: ssl.SSLContext | None, server_name: str | None) -> None:
        self._tls: dict[str, Any] = {}
        if context is not None:
            self._tls["ssl_context"] = context
        if server_name is not None:
            # Not assert_hostname: with it urllib3 switches off the context's own check.
            self._tls["server_hostname"] = server_name
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **options: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, **(options | self._tls))

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, **(options | self._tls))

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:  # two dicts, for which the stubs have names of their own
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        return host, dict(self._tls)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the connection alone: the context says what is verified, and how."""


def open_session(settings: ResolvedExport) -> requests.Session:
    """Build a session with the TLS and the headers of an exporter, without connecting.

    Raises:
        ConfigurationError: A file that TLS needs can't be used.
    """
    endpoint = settings.endpoint
    context = build_context(settings.tls) if endpoint.secure else None
    session = requests.Session()
    session.trust_env = False
    session.adapters.clear()
    scheme = "https://" if endpoint.secure else "http://"
    session.mount(scheme, _OwnTlsAdapter(context, settings.tls.server_name))
    session.headers.clear()
    session.headers.update(settings.headers)
    session.headers.update(
        {
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",  # so that a bound on the body bounds memory
        }
    )
    return session


class HttpTransport:
    """Sends payloads with POST; keeps its connection."""

    def __init__(self, settings: ResolvedExport) -> None:
        """Build the session, without connecting.

        Raises:
            ConfigurationError: A file that TLS or the token needs can't be used.
        """
        session = open_session(settings)
        session.headers["Content-Type"] = "application/x-protobuf"
        if settings.gzip:
            session.headers["Content-Encoding"] = "gzip"
        self._session = session
        self._url = settings.endpoint.url
        self._gzip = settings.gzip
        self._use_proxy = settings.use_proxy
        path = settings.bearer_token_file
        self._token = BearerTokenFile(path) if path is not None else None

    def send(self, payload: bytes, timeout: float) -> Outcome:
        """POST one payload; see `Transport.send`."""
        deadline = time.monotonic() + timeout
        body = gzip.compress(payload, compresslevel=6, mtime=0) if self._gzip else payload
        headers = {"Authorization": self._token.authorization()} if self._token else {}
        proxies = get_environ_proxies(self._url) if self._use_proxy else None
        try:
            response = self._session.post(
                self._url,
                data=body,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
                stream=True,
                proxies=proxies,
            )
        except requests.RequestException as error:
            return _outcome_of_failure(error)
        with response:
            return _outcome_of_response(response, _read_body(response, deadline))

    def close(self) -> None:
        """Close the connection."""
        self._session.close()


def _read_body(response: requests.Response, deadline: float) -> bytes:
    """Read at most LARGEST_BODY bytes until the deadline; the status alone is enough of an answer."""
    raw = response.raw
    read = getattr(raw, "read1", raw.read)  # read1 waits for no more than one piece
    parts: list[bytes] = []
    size = 0
    try:
        while size < LARGEST_BODY and time.monotonic() < deadline:
            part = read(LARGEST_BODY - size)
            if not part:
                break
            parts.append(part)
            size += len(part)
    except Exception:  # noqa: BLE001 - whatever a cut body raises, the status stands
        return b""
    return b"".join(parts)


def _outcome_of_response(response: requests.Response, body: bytes) -> Outcome:
    status = response.status_code
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if 200 <= status < 300:
        if kind == "text/html":  # some page: whoever answered is no OTLP receiver
            return Outcome(State.HOLD, Reason.NOT_AN_OTLP_RECEIVER)
        return partial_success(body) if kind == "application/x-protobuf" else ACCEPTED
    if 300 <= status < 400:
        return Outcome(State.REJECTED, Reason.REDIRECTED)
    if status in (401, 403):
        return Outcome(State.HOLD, Reason.UNAUTHORIZED)
    if (reason := _RETRYABLE.get(status)) is not None:
        wait = parse_retry_after(response.headers.get("Retry-After"))
        return Outcome(State.RETRY, reason, retry_after=wait)
    if status == 413 or (status == 400 and b"body too large" in body):
        return Outcome(State.REJECTED, Reason.OVERSIZED)  # the Collector says it with 400
    if status == 400 and b"SSL certificate" in body:
        # nginx: "No required SSL certificate was sent", "The SSL certificate error"
        return Outcome(State.HOLD, Reason.CLIENT_CERTIFICATE_REFUSED)
    if status in (404, 405):
        return Outcome(State.REJECTED, Reason.NOT_AN_OTLP_RECEIVER)
    return Outcome(State.REJECTED, Reason.INVALID)


def parse_retry_after(text: str | None) -> float | None:
    """Answer the seconds that a Retry-After header asks for (RFC 9110, section 10.2.3)."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:6]), LONGEST_RETRY_AFTER)
    try:
        moment = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, moment - time.time()), LONGEST_RETRY_AFTER)


def _outcome_of_failure(error: requests.RequestException) -> Outcome:
    if (outcome := classify(_chain(error))) is not None:
        return outcome
    if isinstance(error, requests.Timeout):
        return Outcome(State.RETRY, Reason.TIMED_OUT)
    names = {type(link).__name__ for link in _chain(error)}
    if names & {"NewConnectionError", "NameResolutionError", "ConnectionRefusedError"}:
        return Outcome(State.RETRY, Reason.UNREACHABLE)
    return Outcome(State.RETRY, Reason.CONNECTION_LOST)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those behind it; `requests` keeps some in `args`, urllib3 in `reason`."""
    todo: list[BaseException] = [error]
    seen: set[int] = set()
    while todo and len(seen) < 32:
        link = todo.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        candidates = (*link.args, getattr(link, "reason", None), link.__cause__, link.__context__)
        todo.extend(each for each in candidates if isinstance(each, BaseException))
