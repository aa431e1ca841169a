"""A client of Jaeger's query API: over TLS, with credentials, never following a redirect.

The API answers any path that it doesn't know with 200 and a page of HTML, and errors with JSON under
text/plain; so what is no JSON is no answer, whatever its status says.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from jaeger_guard.export import Export
from jaeger_guard.export.credentials import Basic
from jaeger_guard.stored.files import texts
from jaeger_guard.stored.units import StoredError, Unit, units

if TYPE_CHECKING:
    import requests

DEFAULT_TIMEOUT: Final = 60.0  # seconds for one answer
_CHUNK: Final = 64 * 1024
_LONGEST_LIST: Final = 16 * 1024 * 1024  # characters of a list of services


class NotFoundError(StoredError):
    """There is no such trace."""


class PageError(StoredError):
    """A page came where JSON was asked for: the path isn't one of the API's."""


class RefusedError(StoredError):
    """The server doesn't let us in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryEndpoint:
    """Where a Jaeger's query API is, and how one gets in.

    Attributes:
        url: Base URL, such as https://jaeger:16686; with a base path where Jaeger has one.
        ca_file: PEM file of the only CAs that are trusted; None: the system's.
        cert_file: PEM file of the client's certificate.
        key_file: PEM file of its key.
        basic: A user's name and password.
        bearer_token_file: File with a bearer token.
        unsafe_plaintext: Whether http:// is allowed to others than this machine.
        timeout: Seconds for one answer.
    """

    url: str
    ca_file: str | os.PathLike[str] | None = None
    cert_file: str | os.PathLike[str] | None = None
    key_file: str | os.PathLike[str] | None = None
    basic: tuple[str, str] | None = field(default=None, repr=False)
    bearer_token_file: str | os.PathLike[str] | None = None
    unsafe_plaintext: bool = False
    timeout: float = DEFAULT_TIMEOUT


class QueryApi:
    """Asks one Jaeger.

    Args:
        endpoint: Where it is.

    Raises:
        ConfigurationError: A setting can't be honoured: a file of TLS, or plaintext to another host.
    """

    def __init__(self, endpoint: QueryEndpoint) -> None:
        from jaeger_guard.export.session import open_session

        export = Export(
            endpoint=endpoint.url,
            protocol="http/protobuf",
            ca_file=endpoint.ca_file,
            cert_file=endpoint.cert_file,
            key_file=endpoint.key_file,
            credentials=None if endpoint.basic is None else Basic(*endpoint.basic),
            bearer_token_file=endpoint.bearer_token_file,
            unsafe_plaintext=endpoint.unsafe_plaintext,
            timeout=endpoint.timeout,
        )
        resolved = export.resolve({})  # nothing of the environment: it names where spans go
        self._base = resolved.endpoint.url.removesuffix("/v1/traces")
        self._timeout = endpoint.timeout
        self._is_old = False  # whether it has no /api/v3 there, as most of Jaeger 1 hasn't
        self._session = open_session(resolved)
        self._session.headers["Accept"] = "application/json"

    @property
    def address(self) -> str:
        """The base URL; it holds no credential."""
        return self._base

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __enter__(self) -> QueryApi:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def services(self) -> list[str]:
        """List the services of the store.

        Raises:
            StoredError: There is no answer.
        """
        answer = self._json("/api/services")
        found = answer.get("data", False) if isinstance(answer, dict) else False
        if found is not None and not isinstance(found, list):
            raise StoredError("it doesn't answer with services: is it Jaeger's query API?")
        return sorted(str(name) for name in found or ())

    def trace(self, trace_id: str) -> Iterator[Unit]:
        """Yield the units of one trace.

        Raises:
            NotFoundError: There is no such trace.
            StoredError: There is no answer.
        """
        named = quote(trace_id, safe="")
        return self._either(f"/api/v3/traces/{named}", f"/api/traces/{named}")

    def search(self, service: str, start: int, end: int, limit: int) -> Iterator[Unit]:
        """Yield the units of traces in which a service has spans that start from `start` to `end`.

        Args:
            service: The service's name.
            start: Nanoseconds since 1970.
            end: Nanoseconds since 1970.
            limit: Of how many traces, at the most.

        Raises:
            StoredError: There is no answer.
        """
        query = {
            "query.service_name": service,
            "query.start_time_min": _rfc3339(start),
            "query.start_time_max": _rfc3339(end),
            "query.num_traces": str(limit),
            "query.search_depth": str(limit),
        }
        older = {
            "service": service,
            "start": str(start // 1000),
            "end": str(end // 1000),
            "limit": str(limit),
        }
        try:
            yield from self._either(
                f"/api/v3/traces?{urlencode(query)}", f"/api/traces?{urlencode(older)}"
            )
        except NotFoundError:  # as it says where nothing matches
            return

    def _either(self, path: str, older: str) -> Iterator[Unit]:
        """Ask the newer API, which shows more; the older where a Jaeger has that alone."""
        answer: requests.Response | None = None
        if not self._is_old:
            try:
                answer = self._get(path)
            except PageError:
                self._is_old = True
        if answer is None:
            answer = self._get(older)
        try:
            yield from units(texts(self._chunks(answer)))
        finally:
            answer.close()

    def _json(self, path: str) -> Any:
        answer = self._get(path)
        try:
            text = "".join(texts(self._chunks(answer, _LONGEST_LIST)))
            return json.loads(text)
        except (ValueError, RecursionError):
            raise StoredError("it doesn't answer with JSON: is it Jaeger's query API?") from None
        finally:
            answer.close()

    def _get(self, path: str) -> requests.Response:
        import requests

        from jaeger_guard.export.http import outcome_of_failure

        failure: requests.RequestException
        try:
            answer = self._session.get(
                self._base + path, timeout=self._timeout, allow_redirects=False, stream=True
            )
        except requests.RequestException as error:
            failure = error
        else:
            self._check(answer)
            return answer
        reason = outcome_of_failure(failure).reason.value.replace("_", " ")
        raise StoredError(f"it can't be asked ({reason})") from None

    def _check(self, answer: requests.Response) -> None:
        status = answer.status_code
        kind = answer.headers.get("content-type", "")
        if status == 200 and not kind.startswith("text/html"):
            return
        answer.close()
        if status in (401, 403):
            raise RefusedError(f"it asks for other credentials (HTTP {status})")
        if status == 404:
            raise NotFoundError("there is no such trace")
        if 300 <= status < 400:
            raise StoredError(f"it answers with a redirect (HTTP {status}), which isn't followed")
        if status == 200:
            raise PageError("it answers with a page: is it Jaeger's query API?")
        raise StoredError(f"it answers with HTTP {status}")

    def _chunks(self, answer: requests.Response, longest: int | None = None) -> Iterator[bytes]:
        import requests

        length = 0
        try:
            for chunk in answer.iter_content(_CHUNK):
                length += len(chunk)
                if longest is not None and length > longest:
                    raise StoredError("it answers more than can be read")
                yield chunk
        except (requests.RequestException, OSError) as error:
            raise StoredError(f"its answer broke off ({type(error).__name__})") from None


def _rfc3339(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
