"""A client with httpx: planted values in URLs, headers, bodies, and a connection's error."""

from __future__ import annotations

import contextlib

import httpx
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

from e2e.apps.peer import HEADERS, PATHS, nobody, peer
from e2e.apps.telemetry import tracing
from e2e.planted import CARD


def main() -> None:
    """Send the requests."""
    with tracing() as provider, peer() as base:
        HTTPXClientInstrumentor().instrument()
        with (
            provider.get_tracer("shop").start_as_current_span("outer"),
            httpx.Client(trust_env=False, headers=HEADERS) as client,
        ):
            for path in PATHS:
                client.post(base + path, data={"card": CARD})
            with contextlib.suppress(httpx.ConnectError):
                client.get(nobody())


if __name__ == "__main__":
    main()
