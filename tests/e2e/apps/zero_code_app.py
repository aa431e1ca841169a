"""A Flask shop that calls another service, and knows nothing of OpenTelemetry: run it zero-code.

With the argument "second", it makes an unguarded TracerProvider of its own as well; with "signals", it
also measures and logs.
"""

from __future__ import annotations

import logging
import sys

import flask
import requests
from opentelemetry import metrics

from e2e.apps.peer import HEADERS, QUERY, peer
from e2e.planted import CARD, EMAIL, TOKEN


def build(base: str) -> flask.Flask:
    """Make the shop."""
    app = flask.Flask("shop")
    app.logger.setLevel(logging.CRITICAL + 1)  # Flask's own log is not what is tested

    @app.get("/customers/<mail>/orders")
    def orders(mail: str) -> str:
        requests.get(f"{base}/ok?{QUERY}", headers=HEADERS, timeout=10)
        return "orders"

    @app.post("/checkout")
    def checkout() -> str:
        raise ValueError(f"card {flask.request.form['card']} of {EMAIL} refused, {TOKEN}")

    return app


def second_provider() -> None:
    """Do what a library does that brings its own tracing."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
    for _ in range(2):
        with provider.get_tracer("library").start_as_current_span("library.work") as span:
            span.set_attribute("mail", EMAIL)


def measure_and_log() -> None:
    """Do what an application does that has metrics and logs, and isn't careful."""
    counter = metrics.get_meter("shop").create_counter("orders")
    counter.add(1, {"http.route": "/checkout", "customer": EMAIL, "error.type": f"no {TOKEN}"})
    log = logging.getLogger("warehouse")
    log.warning("mail to %s about card %s bounced", EMAIL, CARD, extra={"mail": EMAIL})
    try:
        raise ValueError(f"token {TOKEN}")
    except ValueError:
        log.exception("failed")


def main() -> None:
    """Send the requests."""
    logging.basicConfig(format="%(message)s")
    with peer() as base:
        client = build(base).test_client()
        assert client.get(f"/customers/{EMAIL}/orders?{QUERY}", headers=HEADERS).status_code == 200
        assert client.get(f"/nowhere/{EMAIL}/{CARD}", headers=HEADERS).status_code == 404
        assert client.post("/checkout", data={"card": CARD}, headers=HEADERS).status_code == 500
    if "signals" in sys.argv:
        for handler in logging.getLogger().handlers:
            if type(handler) is logging.StreamHandler:  # its own log isn't what is tested
                handler.setLevel(logging.CRITICAL)
        measure_and_log()
    if "second" in sys.argv:
        second_provider()
    print("the application ran")


if __name__ == "__main__":
    main()
