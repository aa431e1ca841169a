"""A client with urllib3: planted values in URLs, headers, bodies, and a connection's error."""

from __future__ import annotations

import contextlib

import urllib3
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor

from e2e.apps.peer import HEADERS, PATHS, nobody, peer
from e2e.apps.telemetry import tracing
from e2e.planted import CARD


def main() -> None:
    """Send the requests."""
    with tracing() as provider, peer() as base:
        URLLib3Instrumentor().instrument()
        with (
            provider.get_tracer("shop").start_as_current_span("outer"),
            urllib3.PoolManager(headers=HEADERS, retries=False) as pool,
        ):
            for path in PATHS:
                pool.request("POST", base + path, fields={"card": CARD})
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                pool.request("GET", nobody())


if __name__ == "__main__":
    main()
