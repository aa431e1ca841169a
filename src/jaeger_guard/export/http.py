"""OTLP over HTTP: payloads as bytes over `requests`, in a session that is ours alone (`session`).

Redirects are never followed.
"""

from __future__ import annotations

import email.utils
import gzip
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import requests
from requests.utils import get_environ_proxies

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export.credentials import CredentialError
from jaeger_guard.export.outcome import (
    ACCEPTED,
    LONGEST_RETRY_AFTER,
    Outcome,
    Reason,
    State,
    partial_success,
)
from jaeger_guard.export.session import Session, open_session
from jaeger_guard.export.tls import TlsWatch, classify

if TYPE_CHECKING:
    from jaeger_guard.export.settings import ResolvedExport

LARGEST_BODY: Final = 64 * 1024
"""Bytes read of a response; what we look for stands in the first hundred."""

LONGEST_CONNECTION: Final = 3600.0
"""Seconds; then another one is made, which shows a renewed certificate, or a name's new address."""

_RETRYABLE: Final = {
    408: Reason.TIMED_OUT,
    429: Reason.THROTTLED,
    502: Reason.UNAVAILABLE,
    503: Reason.UNAVAILABLE,
    504: Reason.TIMED_OUT,
}
"""429, 502, 503, 504: OTLP specification, "Retryable Response Codes"; 408: RFC 9110, 15.5.9."""


class HttpTransport:
    """Sends payloads with POST; keeps its connection, until a file for TLS is renewed."""

    def __init__(self, settings: ResolvedExport) -> None:
        """Build the session, without connecting.

        Raises:
            ConfigurationError: A file that TLS needs can't be used.
        """
        self._settings = settings
        self._watch = TlsWatch(settings.tls if settings.endpoint.secure else None)
        self._url = settings.endpoint.url
        self._session = self._open()
        self._prepared = self._session.prepare_post(self._url)
        self._reconnect_at = time.monotonic() + LONGEST_CONNECTION

    def send(self, payload: bytes, timeout: float) -> Outcome:
        """POST one payload; see `Transport.send`."""
        if self._watch.is_renewed():
            self._renew()
        if time.monotonic() >= self._reconnect_at:
            self._session.close()  # the pool of connections; the next one is made as it is needed
            self._reconnect_at = time.monotonic() + LONGEST_CONNECTION
        settings = self._settings
        settings.evidence.warn()
        deadline = time.monotonic() + timeout
        body = gzip.compress(payload, compresslevel=6, mtime=0) if settings.gzip else payload
        proxies = get_environ_proxies(self._url) if settings.use_proxy else None
        try:
            response = self._session.send_body(
                self._prepared,
                body,
                timeout=timeout,
                allow_redirects=False,
                stream=True,
                proxies=proxies or {},
            )
        except requests.RequestException as error:
            return outcome_of_failure(error)
        except CredentialError:
            return Outcome(State.HOLD, Reason.CREDENTIAL_UNAVAILABLE)
        with response:
            outcome = _outcome_of_response(response, _read_body(response, deadline))
        if outcome.reason is Reason.UNAUTHORIZED and settings.authorizer is not None:
            settings.authorizer.refused()
        return outcome

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _open(self) -> Session:
        session = open_session(self._settings)
        session.headers["Content-Type"] = "application/x-protobuf"
        if self._settings.gzip:
            session.headers["Content-Encoding"] = "gzip"
        return session

    def _renew(self) -> None:
        """Use renewed files from the next connection on, and make that one now."""
        try:
            session = self._open()
        except ConfigurationError:  # replaced once more, this moment; looked at again
            self._watch.forget()
            return
        self._session.close()
        self._session = session
        self._prepared = session.prepare_post(self._url)


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
        return Outcome(State.HOLD, Reason.REDIRECTED)
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
    if status == 400 and b"HTTP request to an HTTPS server" in body:
        return Outcome(State.HOLD, Reason.SERVER_WITH_TLS)  # Go's net/http, so Jaeger's too
    if status in (404, 405) or kind == "text/html":
        # Nobody has judged the spans.
        unknown = status == 404
        return Outcome(State.HOLD, Reason.NOT_AN_OTLP_RECEIVER, is_unknown_service=unknown)
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


def outcome_of_failure(error: requests.RequestException) -> Outcome:
    """Answer what a request that got no answer failed of."""
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
