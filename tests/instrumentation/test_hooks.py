"""Our hooks name spans by their routes, and stand beside a user's own, whoever comes first."""

from __future__ import annotations

import asyncio
from importlib.metadata import entry_points
from typing import Any

import flask
import httpx
import pytest
from fastapi import FastAPI
from flask import Flask
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
from starlette.websockets import WebSocket

from e2e.apps.peer import peer
from instrumentation.serving import aiohttp_server, in_a_loop, tornado_server, visit_all
from instrumentation.serving import visit as visit_path
from instrumentation.shops import tornado_shop
from jaeger_guard import Guard, configure
from jaeger_guard.testing import CapturedSpans

SURNAME = "Lindqvistowski"


class Hooked:
    """A user's hook, which marks each span that it sees."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, span: Any, *_: Any) -> None:
        self.calls += 1
        span.set_attribute("seen.by", "theirs")


@pytest.fixture
def spans() -> CapturedSpans:
    return CapturedSpans()


def guarded(spans: CapturedSpans, *names: str) -> Guard:
    guard = configure(instrument=names)
    guard.tracer_provider.add_span_processor(spans.processor)
    return guard


def shop(kind: Any = Flask) -> Flask:
    app: Flask = kind("shop")
    app.add_url_rule("/customers/<name>", "customer", lambda name: "ok", methods=["GET"])
    return app


def visit(app: Flask) -> None:
    client = app.test_client()
    client.get(f"/customers/{SURNAME}")
    client.get(f"/nowhere/{SURNAME}")
    client.post(f"/customers/{SURNAME}")
    client.open(f"/nowhere/{SURNAME}", method="ANNA")


NAMES = ["GET /customers/<name>", "GET", "POST", "HTTP"]


@pytest.mark.parametrize("kind", ["imported before", "looked up"])
def test_flask_names_what_no_route_matches_by_the_method(kind: str, spans: CapturedSpans) -> None:
    """A path is in no name (404, 405, unknown methods), also where the class was imported before."""
    guarded(spans, "flask")
    visit(shop(Flask if kind == "imported before" else flask.Flask))
    assert spans.names == NAMES


@pytest.mark.parametrize("kind", ["imported before", "looked up"])
@pytest.mark.parametrize("way", ["instrument", "instrument_app", "by position"])
def test_a_users_hook_after_ours(way: str, kind: str, spans: CapturedSpans) -> None:
    """A user's call after configure() isn't ignored: both hooks are called, once."""
    guarded(spans, "flask")
    hook = Hooked()
    if way == "instrument":
        FlaskInstrumentor().instrument(request_hook=hook)
    app = shop(Flask if kind == "imported before" else flask.Flask)
    if way == "instrument_app":
        FlaskInstrumentor.instrument_app(app, request_hook=hook)  # type: ignore[no-untyped-call]
    elif way == "by position":
        FlaskInstrumentor.instrument_app(app, hook)  # type: ignore[no-untyped-call]
    visit(app)
    assert spans.names == NAMES
    assert [span.attributes and span.attributes.get("seen.by") for span in spans] == ["theirs"] * 4
    assert hook.calls == 4


def test_a_users_hook_before_ours(spans: CapturedSpans) -> None:
    """What a user instrumented before stays as it is, and isn't done twice."""
    hook = Hooked()
    FlaskInstrumentor().instrument(request_hook=hook)
    guard = guarded(spans, "flask")
    visit(shop(flask.Flask))
    assert len(spans) == hook.calls == 4
    guard.shutdown()
    assert FlaskInstrumentor().is_instrumented_by_opentelemetry


def test_a_users_name_wins(spans: CapturedSpans) -> None:
    """A user's hook runs after ours."""
    guarded(spans, "flask")
    FlaskInstrumentor().instrument(request_hook=lambda span, environ: span.update_name("mine"))
    visit(shop(flask.Flask))
    assert spans.names == ["mine"] * 4


def test_a_users_own_provider(spans: CapturedSpans) -> None:
    """A user's call with a provider of its own is theirs; shutting our guard down leaves it."""
    guard = guarded(spans, "requests")
    provider, theirs = TracerProvider(), CapturedSpans()
    provider.add_span_processor(theirs.processor)
    RequestsInstrumentor().instrument(tracer_provider=provider)
    import requests

    with peer() as base:
        requests.get(f"{base}/ok", timeout=30)
    assert (len(spans), len(theirs)) == (0, 1)
    guard.shutdown()
    assert RequestsInstrumentor().is_instrumented_by_opentelemetry


def test_hooks_of_what_needs_none_of_ours(spans: CapturedSpans) -> None:
    """A user's hook works for an instrumentor that we only load, on our provider."""
    guarded(spans, "requests")
    hook = Hooked()
    RequestsInstrumentor().instrument(request_hook=hook)
    import requests

    with peer() as base:
        requests.get(f"{base}/ok", timeout=30)
    assert (len(spans), hook.calls) == (1, 1)


def test_after_shutdown_libraries_are_as_before(spans: CapturedSpans) -> None:
    """Shutdown takes back what configure() did; the next guard's spans are the next guard's."""
    before = Flask.__init__
    guard = guarded(spans, "flask")
    assert Flask.__init__ is not before
    guard.shutdown()
    assert Flask.__init__ is before
    assert flask.Flask is Flask
    again = CapturedSpans()
    guarded(again, "flask")
    visit(shop())
    assert (len(spans), again.names) == (0, NAMES)


def get(app: Any, path: str, *, host: str = "acme.example.org", method: str = "GET") -> None:
    """Send a request to an application, without a server."""

    async def ask() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            await client.request(method, path)

    asyncio.run(ask())


def behind_host(kind: Any) -> Any:
    def answer(request: Any) -> PlainTextResponse:
        return PlainTextResponse("ok")

    inner = [Route("/orders/{id}", answer)]
    tenant = Router(routes=[Route("/customers/{name}", answer), Mount("/shop", routes=inner)])
    return kind(routes=[Host("{tenant}.example.org", app=tenant), Route("/own/{id}", answer)])


@pytest.mark.parametrize("kind", [Starlette, FastAPI])
@pytest.mark.parametrize(
    ("path", "route"),
    [
        (f"/customers/{SURNAME}", "/customers/{name}"),
        (f"/shop/orders/{SURNAME}", "/shop/orders/{id}"),
        (f"/nowhere/{SURNAME}", "/*"),
    ],
)
def test_routes_behind_a_host(kind: Any, path: str, route: str, spans: CapturedSpans) -> None:
    """Starlette's Host routes are routes in the names and in http.route, not the client's path."""
    guarded(spans, "starlette", "fastapi")
    get(behind_host(kind), path)
    assert set(spans.names) == {f"GET {route}", f"GET {route} http send"}
    assert spans.named(f"GET {route}").attributes["http.route"] == route  # type: ignore[index]


@pytest.mark.parametrize("kind", [Starlette, FastAPI])
def test_routes_beside_a_host(kind: Any, spans: CapturedSpans) -> None:
    """A request that no Host takes is named by the instrumentor."""
    guarded(spans, "starlette", "fastapi")
    get(behind_host(kind), "/own/7", host="elsewhere.example")
    assert set(spans.names) == {"GET /own/{id}", "GET /own/{id} http send"}


def test_a_users_hook_on_a_fastapi_that_has_not_started(spans: CapturedSpans) -> None:
    """`instrument_app` with hooks, after ours, works for an application before its first request."""
    guarded(spans, "fastapi")
    app, hook = FastAPI(), Hooked()
    FastAPIInstrumentor.instrument_app(app, server_request_hook=hook)
    get(app, f"/nowhere/{SURNAME}")
    assert hook.calls == 1
    assert "GET" in spans.names


def test_a_websocket_behind_a_host(spans: CapturedSpans) -> None:
    """A WebSocket, which has no method, is named by its route, and so are the spans below it."""
    guarded(spans, "starlette")

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    tenant = Router(routes=[WebSocketRoute("/talks/{name}", talk)])
    app = Starlette(routes=[Host("{tenant}.example.org", app=tenant)])
    scope = {
        "type": "websocket", "scheme": "ws", "path": f"/talks/{SURNAME}", "query_string": b"",
        "headers": [(b"host", b"acme.example.org")], "client": ("127.0.0.1", 1), "root_path": "",
        "server": ("127.0.0.1", 80), "subprotocols": [],
    }  # fmt: skip
    sent: list[Any] = []
    given = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hi"}])

    async def receive() -> Any:
        return next(given)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(app(scope, receive, send))
    assert sent == ["websocket.accept", "websocket.send", "websocket.close"]
    route = "/talks/{name}"
    assert set(spans.names) == {route, f"{route} websocket receive", f"{route} websocket send"}


def test_an_unknown_method_of_starlette(spans: CapturedSpans) -> None:
    """What a client sends as the method is in no name."""
    guarded(spans, "starlette")
    app = Starlette(routes=[Route("/own/{id}", lambda request: PlainTextResponse("ok"))])
    get(app, "/own/7", method="LINDQVIST")
    assert {name.partition(" ")[0] for name in spans.names} == {"HTTP"}


def test_tornado_says_its_routes(spans: CapturedSpans) -> None:
    """Rules of sampling and retention that go by http.route find it, as with other frameworks."""
    guarded(spans, "tornado")
    with in_a_loop(tornado_server(tornado_shop)) as port:
        visit_all(port)
    routes = {span.name: (span.attributes or {}).get("http.route") for span in spans}
    assert routes["GET /customers/{mail}/orders"] == "/customers/{mail}/orders"
    assert routes["POST /checkout"] == "/checkout"
    assert routes["GET"] is None


@pytest.mark.parametrize("form", [tuple, list, iter])
def test_middlewares_of_aiohttp(form: Any, spans: CapturedSpans) -> None:
    """Applications start whatever holds their middlewares, which isn't written to; a span for each request."""
    guarded(spans, "aiohttp-server")
    from aiohttp import web

    called: list[str] = []

    @web.middleware
    async def counting(request: Any, handler: Any) -> Any:
        called.append(request.path)
        return await handler(request)

    given = form([counting])

    def build() -> web.Application:
        web.Application(middlewares=given if form is list else form([counting]))
        app = web.Application(middlewares=given)
        app.router.add_get("/own", answer)
        return app

    async def answer(request: Any) -> web.Response:
        return web.Response(text="ok")

    with in_a_loop(aiohttp_server(build)) as port:
        visit_path(port, "GET", "/own")
    assert spans.names == ["GET /own"]
    assert called == ["/own"]
    assert form is not list or given == [counting]


def test_a_user_takes_it_back(spans: CapturedSpans) -> None:
    """A user's `uninstrument()` reaches all that we did, and the shutdown has nothing left to do."""
    before = Flask.__init__
    guard = guarded(spans, "flask")
    FlaskInstrumentor().uninstrument()
    assert Flask.__init__ is before
    visit(shop())
    assert len(spans) == 0
    FlaskInstrumentor().instrument()
    guard.shutdown()
    assert FlaskInstrumentor().is_instrumented_by_opentelemetry  # it's the user's by now


def test_aiohttp_after_shutdown(spans: CapturedSpans) -> None:
    """`web.Application` is the framework's own again after shutdown."""
    from aiohttp import web

    before = web.Application
    guard = guarded(spans, "aiohttp-server")
    assert web.Application is not before
    guard.shutdown()
    assert web.Application is before


@pytest.mark.parametrize("distro", ["ours", "another"])
def test_zero_code_has_the_same_hooks(distro: str, spans: CapturedSpans) -> None:
    """Our distro loads instrumentors with our hooks, and prepares them for another that does; a user's
    hook works beside them."""
    from jaeger_guard.distro import JaegerGuardDistro
    from jaeger_guard.instrumentation import prepare_installed

    configure().tracer_provider.add_span_processor(spans.processor)
    (point,) = entry_points(group="opentelemetry_instrumentor", name="flask")
    hook = Hooked()
    if distro == "ours":
        JaegerGuardDistro().load_instrumentor(point, skip_dep_check=True)
        FlaskInstrumentor().instrument(request_hook=hook)
    else:
        prepare_installed({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "fastapi"})
        point.load()().instrument(skip_dep_check=True, request_hook=hook)
    visit(shop(flask.Flask))
    assert spans.names == NAMES
    assert hook.calls == 4


def test_beside_a_provider_that_is_there(spans: CapturedSpans) -> None:
    """Where somebody else installed a TracerProvider, instrumentors record into that one, guarded."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(spans.processor)
    trace.set_tracer_provider(provider)
    guard = configure(instrument=["flask"])
    assert guard.tracer_provider is provider
    shop().test_client().get("/nowhere?email=anna@mail.example.org")
    assert spans.names == ["GET"]
    assert "anna@" not in spans[0].to_json()
