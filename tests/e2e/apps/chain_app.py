"""One of three services that call each other over HTTP: Flask in front, requests behind.

CHAIN_NEXT is the base URL of the next one, empty for the last. CHAIN_EDGE is set for the first, which
anybody can call. Each records content of the request: in the URL, an attribute, an event, a status,
and an exception. The first port that is free is printed, then it serves until its input ends.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import flask
import requests
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.trace import Status, StatusCode

from jaeger_guard import Consent, Export, Policy, Sampling, configure, consent

SERVICE = os.environ["CHAIN_SERVICE"]


def build() -> flask.Flask:
    """Make the service."""
    app = flask.Flask(SERVICE)
    app.logger.setLevel(logging.CRITICAL + 1)
    tracer = trace.get_tracer("chain")

    @app.get("/<action>")
    def handle(action: str) -> str:
        note = flask.request.args["note"]
        if action == "withdraw":  # the application knows better than any header
            with consent(False):
                return work(note)
        if action == "inside":  # it turns out in the midst of the work
            looking = tracer.start_as_current_span("look up", attributes={"note": note})
            with looking, consent(False):
                return work(note)
        return work(note)

    def work(note: str) -> str:
        with tracer.start_as_current_span("work", attributes={"note": note}) as span:
            span.add_event("looked at", {"note": note})
            span.record_exception(ValueError(note))
            span.set_status(Status(StatusCode.ERROR, note))
            following = os.environ["CHAIN_NEXT"]
            if following:
                requests.get(f"{following}/order", params={"note": note}, timeout=20)
        return SERVICE

    FlaskInstrumentor().instrument_app(app)  # type: ignore[no-untyped-call]
    RequestsInstrumentor().instrument()
    return app


class Quiet(WSGIRequestHandler):
    """Serves without a log."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Threads(ThreadingMixIn, WSGIServer):
    """Serves each request in a thread of its own."""

    daemon_threads = True


def main() -> None:
    """Serve."""
    edge = bool(os.environ["CHAIN_EDGE"])
    reads = Consent(headers=("x-consent",), cookies=("consent",), sec_gpc=True)
    guard = configure(
        policy=Policy(rules=(), consent=reads if edge else None),
        export=Export(endpoint=os.environ["CHAIN_SINK"], protocol="http/protobuf"),
        sampling=Sampling(
            without_consent="minimal",
            trust_remote_parent=not edge,
            peer_key_file=os.environ["CHAIN_KEY"],
        ),
        resource={"service.name": SERVICE},
    )
    server = make_server("127.0.0.1", 0, build(), Threads, Quiet)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    server.shutdown()
    guard.shutdown()


if __name__ == "__main__":
    main()
