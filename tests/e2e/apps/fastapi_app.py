"""A FastAPI shop: planted values in path, query, headers, body, a 404's path, and an exception."""

from __future__ import annotations

import fastapi
from fastapi.testclient import TestClient
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

from e2e.apps.peer import HEADERS, QUERY
from e2e.apps.telemetry import tracing
from e2e.planted import CARD, EMAIL, TOKEN


def main() -> None:
    """Send the requests."""
    with tracing():
        app = fastapi.FastAPI()

        @app.get("/customers/{mail}/orders")
        def orders(mail: str) -> str:
            return "orders"

        @app.post("/checkout")
        def checkout(order: dict[str, str]) -> str:
            raise ValueError(f"card {order['card']} of {EMAIL} refused, {TOKEN}")

        FastAPIInstrumentor.instrument_app(app)
        with TestClient(app, raise_server_exceptions=False, headers=HEADERS) as client:
            assert client.get(f"/customers/{EMAIL}/orders?{QUERY}").status_code == 200
            assert client.get(f"/nowhere/{EMAIL}/{CARD}").status_code == 404
            assert client.post("/checkout", json={"card": CARD}).status_code == 500


if __name__ == "__main__":
    main()
