"""Real clients and servers: what crosses the boundary in headers, out and in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry import baggage, context
from opentelemetry.context import Context

from jaeger_guard import Policy, Propagation, Sampling
from propagation.conftest import Configured
from propagation.servers import Recorder

MAIL = "ada.lovelace" + "@example.org"
CARD = "4111 1111 " + "1111 1111"

Client = Callable[[str], None]


@contextmanager
def requests_client() -> Iterator[Client]:
    import requests
    from opentelemetry.instrumentation.requests import RequestsInstrumentor

    RequestsInstrumentor().instrument()
    try:
        with requests.Session() as session:
            session.trust_env = False
            yield lambda url: session.get(url, timeout=30).raise_for_status()
    finally:
        RequestsInstrumentor().uninstrument()


@contextmanager
def httpx_client() -> Iterator[Client]:
    import httpx
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

    HTTPXClientInstrumentor().instrument()
    try:
        with httpx.Client(trust_env=False) as client:

            def get(url: str) -> None:
                client.get(url).raise_for_status()

            yield get
    finally:
        HTTPXClientInstrumentor().uninstrument()


@contextmanager
def urllib3_client() -> Iterator[Client]:
    import urllib3
    from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor

    URLLib3Instrumentor().instrument()
    try:
        with urllib3.PoolManager() as pool:

            def get(url: str) -> None:
                assert pool.request("GET", url).status == 200

            yield get
    finally:
        URLLib3Instrumentor().uninstrument()


@contextmanager
def aiohttp_client() -> Iterator[Client]:
    import aiohttp
    from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor

    AioHttpClientInstrumentor().instrument()

    async def ask(url: str) -> None:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert response.status == 200

    try:
        yield lambda url: asyncio.run(ask(url))
    finally:
        AioHttpClientInstrumentor().uninstrument()


CLIENTS = (requests_client, httpx_client, urllib3_client, aiohttp_client)


@contextmanager
def carrying(**members: str) -> Iterator[None]:
    """Run with baggage."""
    current = context.get_current()
    for key, value in members.items():
        current = baggage.set_baggage(key, value, current)
    token = context.attach(current)
    try:
        yield
    finally:
        context.detach(token)


@pytest.mark.parametrize("client", CLIENTS)
def test_nothing_planted_arrives(client: Any, server: Recorder, configured: Configured) -> None:
    """By default: the trace goes on, benign baggage as it is, and no value that was found."""
    guard = configured()
    with client() as get, carrying(tenant="shop-7", note=f"ask {MAIL}", pay=CARD):
        get(server.url())
    got = server.last
    assert got["traceparent"].startswith("00-")
    assert "tenant=shop-7" in got["baggage"]
    text = str(got)
    assert "lovelace" not in text
    assert "4111" not in text
    assert guard.statistics()["propagation"]["value"] == 2


@pytest.mark.parametrize("client", CLIENTS)
def test_hosts(client: Any, server: Recorder, configured: Configured) -> None:
    """Baggage goes to the hosts that a policy lists, the trace to those that it lists for that."""
    configured(
        policy=Policy(
            rules=(),
            propagation=Propagation(baggage=["tenant"], baggage_hosts=["localhost"]),
        )
    )
    with client() as get, carrying(tenant="shop-7", flavour="plain"):
        get(server.url())
        assert server.last["baggage"] == "tenant=shop-7"
        get(server.url("127.0.0.1"))
        assert "baggage" not in server.last
        assert "traceparent" in server.last
    configured(policy=Policy(rules=(), propagation=Propagation(trace_hosts=["127.0.0.0/8"])))
    with client() as get, carrying(tenant="shop-7"):
        get(server.url("127.0.0.1"))
        assert {"traceparent", "baggage"} <= server.last.keys()
        get(server.url())
        assert not {"traceparent", "tracestate", "baggage"} & server.last.keys()


def test_redirects_of_requests(server: Recorder, configured: Configured) -> None:
    """Where the guard loads the instrumentor, a redirect takes nothing to a host that isn't listed."""
    import requests

    listed = Propagation(trace_hosts=["localhost"])
    guard = configured(policy=Policy(rules=(), propagation=listed), instrument=["requests"])
    with requests.Session() as session, carrying(tenant="shop-7"):
        session.trust_env = False
        away = server.url("127.0.0.1")
        session.get(f"{server.url()}?to={away}", timeout=30).raise_for_status()
        first, second = server.headers[-2:]
        assert {"traceparent", "baggage"} <= first.keys()
        assert not {"traceparent", "baggage"} & second.keys()
        session.get(f"{server.url()}?to={server.url()}", timeout=30).raise_for_status()
        assert {"traceparent", "baggage"} <= server.last.keys()
    assert guard.statistics()["propagation"] == {"trace": 1}


def asked_by_flask(headers: dict[str, str]) -> dict[str, object]:
    """What a request's handler sees as baggage, in a real Flask."""
    import flask
    from opentelemetry.instrumentation.flask import FlaskInstrumentor

    app = flask.Flask("shop")
    seen: dict[str, object] = {}

    @app.get("/")
    def page() -> str:
        seen.update(baggage.get_all())
        return "ok"

    FlaskInstrumentor().instrument_app(app)  # type: ignore[no-untyped-call]
    try:
        assert app.test_client().get("/", headers=headers).status_code == 200
    finally:
        FlaskInstrumentor.uninstrument_app(app)  # type: ignore[no-untyped-call]
    return seen


def asked_by_asgi(headers: dict[str, str]) -> dict[str, object]:
    """The same, by ASGI."""
    import httpx
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

    seen: dict[str, object] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(baggage.get_all())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    async def ask() -> None:
        transport = httpx.ASGITransport(app=OpenTelemetryMiddleware(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            assert (await client.get("/", headers=headers)).status_code == 200

    asyncio.run(ask())
    return seen


@pytest.mark.parametrize("ask", [asked_by_flask, asked_by_asgi])
def test_inbound(
    ask: Callable[[dict[str, str]], dict[str, object]], configured: Configured
) -> None:
    """A caller's baggage comes in by the list, within the bounds, without control characters."""
    sent = {"baggage": "tenant=shop-7,flavour=plain,long=" + "x" * 300 + ",tenant.line=a%0Ab"}
    configured()
    assert set(ask(sent)) == {"tenant", "flavour", "long"}
    inbound = Propagation(inbound_baggage=["tenant*", "long"], longest_value=100)
    configured(policy=Policy(rules=(), propagation=inbound))
    assert ask(sent) == {"tenant": "shop-7"}


@pytest.mark.parametrize("ask", [asked_by_flask, asked_by_asgi])
def test_untrusted_callers(
    ask: Callable[[dict[str, str]], dict[str, object]], configured: Configured
) -> None:
    """At the edge (trust_remote_parent=False) baggage is taken by a list of keys alone."""
    sent = {"baggage": "tenant=shop-7"}
    edge = Sampling(trust_remote_parent=False)
    configured(sampling=edge)
    assert ask(sent) == {}
    listed = Policy(rules=(), propagation=Propagation(inbound_baggage=["tenant"]))
    configured(sampling=edge, policy=listed)
    assert ask(sent) == {"tenant": "shop-7"}


def test_what_came_in_leaves_scrubbed(server: Recorder, configured: Configured) -> None:
    """The application has what it was sent; the next service gets what may leave."""
    from opentelemetry import propagate

    configured()
    inbound = propagate.extract({"baggage": f"user={MAIL.replace('@', '%40')}"}, Context())
    assert baggage.get_baggage("user", inbound) == MAIL
    token = context.attach(inbound)
    try:
        with requests_client() as get:
            get(server.url())
    finally:
        context.detach(token)
    assert "lovelace" not in str(server.last)
