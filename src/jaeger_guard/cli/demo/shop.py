"""A small shop in Flask, as careless with its traces as real ones are."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import flask
import requests
import sqlalchemy
from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, TraceFlags, TracerProvider
from sqlalchemy.pool import StaticPool
from werkzeug.serving import make_server

from jaeger_guard.cli.demo import planted

_logger: Final = logging.getLogger("shop")

RESOURCE: Final = {
    "service.name": "jaeger-guard-demo",
    "service.version": "1.4.0",
    "deployment.environment.name": "demo",
    # What a deployment puts there without a thought.
    "database.url": f"postgresql://shop:{planted.DATABASE_PASSWORD.value}@db.example:5432/shop",
    "team.contact": planted.EMAIL.value,
}


class PaymentDeclined(Exception):
    """The payment provider said no."""


def open_database() -> sqlalchemy.Engine:
    """Make a database in memory, with its tables and a few rows."""
    engine = sqlalchemy.create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    with engine.begin() as connection:
        for statement in _TABLES:
            connection.execute(sqlalchemy.text(statement))
    return engine


_TABLES: Final = (
    "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, colour TEXT, price INTEGER)",
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT UNIQUE, surname TEXT, phone TEXT)",
    "INSERT INTO products (name, colour, price) VALUES ('kettle', 'blue', 4900)",
    f"""INSERT INTO customers (email, surname, phone)
    VALUES ('{planted.EMAIL.value}', '{planted.SURNAME.value}', '{planted.PHONE.value}')""",
)


def build(engine: sqlalchemy.Engine, provider: TracerProvider, courier: str) -> flask.Flask:
    """Make the shop.

    Args:
        engine: Its database.
        provider: Where the spans of its own come from.
        courier: `host:port` of a service that it calls, and which is down.
    """
    shop = flask.Flask("jaeger_guard_demo_shop")
    shop.logger.disabled = True  # it would print tracebacks
    tracer = provider.get_tracer("shop", "1.4.0")

    @shop.get("/products")
    def products() -> Any:
        query = sqlalchemy.text("SELECT name, price FROM products WHERE colour = :colour")
        with engine.connect() as connection:
            rows = connection.execute(query, {"colour": flask.request.args["color"]})
            return [list(row) for row in rows]

    @shop.post("/login")
    def login() -> Any:
        remember_body()
        _logger.warning(
            "%s signed in from %s",
            flask.request.form["username"],
            flask.request.headers["X-Forwarded-For"],
        )
        response = flask.Response("welcome")
        response.set_cookie("session", planted.SESSION.value, httponly=True)
        return response

    @shop.get("/account")
    def account() -> Any:
        # Literals in a statement, as this house would never write it, and others do.
        email, surname = planted.EMAIL.value, planted.SURNAME.value  # as the token says
        query = sqlalchemy.text(
            f"SELECT id, surname FROM customers WHERE email = '{email}'"
            f" AND surname = '{surname}' ORDER BY id LIMIT 10"
        )
        with engine.connect() as connection:
            return {"customers": len(connection.execute(query).all())}

    @shop.post("/checkout")
    def checkout() -> Any:
        remember_body()
        span = trace.get_current_span()
        span.set_attribute("payment.card_number", int(planted.SECOND_CARD.value))
        span.set_attribute("order.id", 1767225600)
        span.set_attribute("order.items", ["kettle", "teapot"])
        reserve_courier(courier)
        order = flask.request.get_json()
        raise PaymentDeclined(
            f"card {order['card']['number']} of {order['email']} was declined"
            f" (provider key {planted.PAYMENT_KEY.value})"
        )

    @shop.post("/customers")
    def sign_up() -> Any:
        query = sqlalchemy.text(
            "INSERT INTO customers (email, surname, phone) VALUES (:email, :surname, :phone)"
        )
        with engine.begin() as connection:
            connection.execute(query, flask.request.form.to_dict())
        return "welcome"

    @shop.post("/assistant")
    def assistant() -> Any:
        question = flask.request.get_json()["question"]
        earlier = SpanContext(0x5EED, 0x5EED, is_remote=True, trace_flags=TraceFlags(1))
        link = Link(earlier, {"link.reason": f"goes on with the chat of {planted.EMAIL.value}"})
        with tracer.start_as_current_span("chat small-model-2", links=[link]) as span:
            span.set_attributes(
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.request.model": "small-model-2",
                    "gen_ai.input.messages": flask.json.dumps(
                        [{"role": "user", "parts": [{"type": "text", "content": question}]}]
                    ),
                    "gen_ai.usage.input_tokens": 42,
                    f"cart.{planted.EMAIL.value}": 2,
                }
            )
        return "Please see your doctor."

    @shop.get("/export")
    def export() -> Any:
        return "id,total\n"

    return shop


def remember_body() -> None:
    """Put the request's body on the span, as many request hooks do."""
    body = flask.request.get_data(as_text=True)
    trace.get_current_span().set_attribute("http.request.body", body)


def reserve_courier(courier: str) -> None:
    """Call the courier, who is not there; the shop goes on without."""
    url = (
        f"http://shop:{planted.COURIER_PASSWORD.value}@{courier}/reserve"
        f"?parcel=12&api_key={planted.REPOSITORY_TOKEN.value}"
    )
    session = requests.Session()
    session.trust_env = False
    try:
        session.post(url, timeout=5)
    except requests.ConnectionError:
        # The log hook makes this an event of the span, the error's text included.
        _logger.warning("no courier at %s", url)


@contextmanager
def serving(shop: flask.Flask, descriptor: int) -> Iterator[None]:
    """Serve the shop on a listening socket, one request after the other."""
    logging.getLogger("werkzeug").disabled = True
    server = make_server("127.0.0.1", 0, shop, threaded=False, fd=descriptor)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
