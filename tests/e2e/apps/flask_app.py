"""A Flask shop: planted values in path, query, headers, form, a 404's path, and an exception."""

from __future__ import annotations

import logging

import flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor

from e2e.apps.peer import HEADERS, QUERY
from e2e.apps.telemetry import tracing
from e2e.planted import CARD, EMAIL, TOKEN


def build() -> flask.Flask:
    """Make the shop."""
    app = flask.Flask("shop")
    app.logger.setLevel(logging.CRITICAL + 1)  # Flask's own log is not what is tested

    @app.get("/customers/<mail>/orders")
    def orders(mail: str) -> str:
        return "orders"

    @app.post("/checkout")
    def checkout() -> str:
        raise ValueError(f"card {flask.request.form['card']} of {EMAIL} refused, {TOKEN}")

    FlaskInstrumentor().instrument_app(app)  # type: ignore[no-untyped-call]
    return app


def main() -> None:
    """Send the requests."""
    with tracing():
        client = build().test_client()
        assert client.get(f"/customers/{EMAIL}/orders?{QUERY}", headers=HEADERS).status_code == 200
        assert client.get(f"/nowhere/{EMAIL}/{CARD}", headers=HEADERS).status_code == 404
        assert client.post("/checkout", data={"card": CARD}, headers=HEADERS).status_code == 500


if __name__ == "__main__":
    main()
