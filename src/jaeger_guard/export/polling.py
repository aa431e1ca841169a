"""Ask a Jaeger for a sampling strategy: HTTP over the exporter's TLS, headers and token.

Nothing of the environment bends it: no proxy, no other CA, no ~/.netrc, no redirect.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

import requests

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export.session import open_session
from jaeger_guard.export.settings import Export, ResolvedExport

PATH: Final = "/api/sampling"
LARGEST_ANSWER: Final = 1024 * 1024  # bytes
_TIMEOUT: Final = 10.0  # seconds at the most
# With plaintext, TLS files that are meant for the exporter have no effect here, and are no mistake.
_OF_TLS: Final = ("ca_file", "cert_file", "key_file", "server_name", "min_tls", "pins")
_OF_SPOOL: Final = "JAEGER_GUARD_SPOOL_"


class Refused(Exception):
    """An answer that isn't one; its text is not repeated."""


def prepare_fetcher(
    endpoint: str, service_name: str, export: Export, environ: Mapping[str, str] | None = None
) -> Callable[[], Callable[[], bytes]]:
    """Check everything that can be checked without a network; answer what makes the asking function.

    Args:
        endpoint: Base URL of the sampling endpoint; `/api/sampling` is added unless it ends so.
        service_name: The service.
        export: Whose TLS, headers and token are used.
        environ: The environment variables; None: those of the process.

    Raises:
        ConfigurationError: The endpoint, or a file, can't be used.
    """
    environ = os.environ if environ is None else environ
    resolved = _resolve(endpoint, export, environ)
    path = resolved.endpoint.path.removesuffix("/v1/traces").rstrip("/")
    place = replace(resolved.endpoint, path=path if path.endswith(PATH) else path + PATH)
    url = f"{place.url}?{urlencode({'service': service_name})}"
    timeout = min(resolved.timeout, _TIMEOUT)

    def make() -> Callable[[], bytes]:
        session = open_session(resolved)
        session.headers["Accept"] = "application/json"
        return lambda: _fetch(session, url, timeout)

    return make


def _resolve(endpoint: str, export: Export, environ: Mapping[str, str]) -> ResolvedExport:
    if not endpoint.strip().lower().startswith("https:"):
        export = replace(export, **dict.fromkeys(_OF_TLS))
        ours = {f"JAEGER_GUARD_EXPORT_{name.upper()}" for name in _OF_TLS}
        environ = {name: text for name, text in environ.items() if name not in ours}
    # A question waits for nothing, so it needs no spool.
    environ = {name: text for name, text in environ.items() if not name.startswith(_OF_SPOOL)}
    fault: ConfigurationError
    try:
        return replace(export, endpoint=endpoint, protocol="http/protobuf", spool=None).resolve(
            environ
        )
    except ConfigurationError as error:
        fault = error
    where = "JaegerRemote.endpoint" if fault.where == "Export.endpoint" else fault.where
    raise ConfigurationError(fault.what, where, fault.remedy)


def _fetch(session: requests.Session, url: str, timeout: float) -> bytes:
    deadline = time.monotonic() + timeout
    with session.get(url, timeout=timeout, allow_redirects=False, stream=True) as response:
        if response.status_code != 200:
            raise Refused
        parts = []
        size = 0
        for part in response.iter_content(16 * 1024):
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER or time.monotonic() > deadline:
                raise Refused
        return b"".join(parts)
