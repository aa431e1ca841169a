"""A Flask service, guarded by one line: `python examples/flask_app.py`.

It needs flask and opentelemetry-instrumentation-flask (the extra `demo` has both). Nobody listens at
the endpoint here, so that nothing is sent: the guard keeps what waits, up to 64 MiB, and tries again
until the process ends. Name your Jaeger in OTEL_EXPORTER_OTLP_TRACES_ENDPOINT instead.
"""

from __future__ import annotations

import logging
import os

import flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor

import jaeger_guard
from jaeger_guard import Export

ENDPOINT = "http://127.0.0.1:9"  # plaintext is for loopback only; elsewhere it is an error


def build() -> flask.Flask:
    """Make the service."""
    service = flask.Flask("shop")

    @service.get("/orders/<email>")
    def orders(email: str) -> dict[str, int]:
        return {"orders": len(email)}

    return service


def main() -> None:
    """Configure, instrument, serve two requests, and stop."""
    logging.getLogger("jaeger_guard").setLevel(logging.ERROR)  # it would tell that nobody listens
    os.environ.setdefault("OTEL_BSP_EXPORT_TIMEOUT", "1000")  # nor will anybody in 10 s, at the end
    guard = jaeger_guard.configure(
        export=Export(endpoint=ENDPOINT, protocol="http/protobuf"),
        resource={"service.name": "shop"},
    )
    service = build()
    FlaskInstrumentor().instrument_app(service)  # type: ignore[no-untyped-call]

    client = service.test_client()  # stands for your server
    client.get("/orders/anna@mail.example.org?page=2")
    client.get("/nowhere/anna@mail.example.org")

    guard.force_flush(timeout_millis=500)
    print("spans:", guard.statistics()["scrubbed"])
    print(guard.scrub("url.full", "https://shop.example/pay?page=2&token=s3cr3t-0f-anna"))
    guard.shutdown()


if __name__ == "__main__":
    main()
