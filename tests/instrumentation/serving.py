"""Servers of the drivers, on the loopback, in threads of their own; and who visits them."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Final
from urllib.parse import quote

from e2e.apps.peer import HEADERS, QUERY
from e2e.planted import CARD, EMAIL
from servers.process import poll

SECONDS: Final = 60
PLANTED_PATH: Final = f"/customers/{EMAIL}/orders?{QUERY}"
NOWHERE: Final = f"/nowhere/{EMAIL}/{CARD}?{QUERY}"
BODY: Final = f"card={CARD}&email={quote(EMAIL)}"


def visit(port: int, method: str, path: str, body: str | None = None) -> int:
    """Send one request with a client that nobody instruments; answer the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        headers = {**HEADERS, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def visit_all(port: int) -> None:
    """Visit a shop: a route, no route, the wrong method, and a handler that raises."""
    assert visit(port, "GET", PLANTED_PATH) == 200
    assert visit(port, "GET", NOWHERE) == 404
    assert visit(port, "DELETE", PLANTED_PATH) in (404, 405)
    assert visit(port, "POST", "/checkout", BODY) == 500
    assert visit(port, "GET", "/nested/items/4711") == 200


@contextmanager
def wsgi(app: Any) -> Iterator[int]:
    """Serve a WSGI application by werkzeug; lend its port."""
    import logging

    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL + 1)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(SECONDS)
        server.server_close()


@contextmanager
def asgi(app: Any) -> Iterator[int]:
    """Serve an ASGI application by uvicorn; lend its port."""
    import uvicorn

    settings = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert poll(lambda: server.started, seconds=SECONDS)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(SECONDS)


@contextmanager
def in_a_loop(serve: Callable[[], AbstractAsyncContextManager[int]]) -> Iterator[int]:
    """Run a server in an event loop on a thread; lend its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    context = serve()
    try:
        port = asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(SECONDS)
        try:
            yield port
        finally:
            leaving = context.__aexit__(None, None, None)
            asyncio.run_coroutine_threadsafe(leaving, loop).result(SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


def aiohttp_server(build: Callable[[], Any]) -> Callable[[], AbstractAsyncContextManager[int]]:
    """Serve an application of aiohttp, made in the loop, as `in_a_loop` takes it."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[int]:
        from aiohttp import web

        runner = web.AppRunner(build(), access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1]
        await runner.cleanup()

    return serve


def tornado_server(build: Callable[[], Any]) -> Callable[[], AbstractAsyncContextManager[int]]:
    """Serve an application of tornado, made in the loop, as `in_a_loop` takes it."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[int]:
        from tornado.httpserver import HTTPServer
        from tornado.netutil import bind_sockets

        server = HTTPServer(build())
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        yield sockets[0].getsockname()[1]
        server.stop()
        await server.close_all_connections()

    return serve
