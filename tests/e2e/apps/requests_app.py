"""A client with requests: planted values in URLs, headers, bodies, and a connection's error."""

from __future__ import annotations

import contextlib

import requests
from opentelemetry.instrumentation.requests import RequestsInstrumentor

from e2e.apps.peer import HEADERS, PATHS, nobody, peer
from e2e.apps.telemetry import tracing
from e2e.planted import CARD


def main() -> None:
    """Send the requests."""
    with tracing() as provider, peer() as base:
        RequestsInstrumentor().instrument()
        session = requests.Session()
        session.trust_env = False
        with provider.get_tracer("shop").start_as_current_span("outer"):
            for path in PATHS:
                session.post(base + path, headers=HEADERS, data={"card": CARD})
            with contextlib.suppress(requests.ConnectionError):
                session.get(nobody(), headers=HEADERS)


if __name__ == "__main__":
    main()
