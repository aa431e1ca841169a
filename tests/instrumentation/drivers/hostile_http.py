"""HTTP at its worst: planted values in every place of a request that a client can write, and in what
goes wrong between a client and a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from instrumentation import hostile, shops
from instrumentation.driver import Driver, World
from instrumentation.serving import aiohttp_server, asgi, in_a_loop, tornado_server, wsgi

TIMEOUT: Final = 30


def flask(world: World) -> None:
    """Serve by werkzeug."""
    with wsgi(shops.flask_shop()) as port:
        hostile.visit(port)


def django(world: World) -> None:
    """Serve by werkzeug, and by uvicorn."""
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler

    with wsgi(WSGIHandler()) as port:
        hostile.visit(port)
    with asgi(ASGIHandler()) as port:
        hostile.visit(port)


def starlette(world: World) -> None:
    """Serve by uvicorn."""
    with asgi(shops.starlette_shop()) as port:
        hostile.visit(port)


def fastapi(world: World) -> None:
    """Serve by uvicorn."""
    with asgi(shops.fastapi_shop()) as port:
        hostile.visit(port)


def aiohttp_shop(world: World) -> None:
    """Serve by aiohttp's own server."""
    with in_a_loop(aiohttp_server(shops.aiohttp_shop)) as port:
        hostile.visit(port)


def tornado_shop(world: World) -> None:
    """Serve by tornado's own server."""
    with in_a_loop(tornado_server(shops.tornado_shop)) as port:
        hostile.visit(port)


def requests(world: World) -> None:
    """Call with a session of requests, in methods that are known and one that isn't."""
    import requests

    with hostile.urls() as urls, requests.Session() as session, _outer(world):
        session.trust_env = False
        for url in urls:
            for method in ("GET", "ANNA"):
                with suppress(Exception):
                    session.request(
                        method, url, headers=hostile.HEADERS_OF_A_CLIENT, timeout=TIMEOUT
                    )


def httpx(world: World) -> None:
    """Call with both clients of httpx, which follow redirects here."""
    import httpx

    options: dict[str, Any] = {
        "trust_env": False, "follow_redirects": True, "headers": hostile.HEADERS_OF_A_CLIENT,
        "timeout": TIMEOUT,
    }  # fmt: skip

    async def concurrently(urls: list[str]) -> None:
        async with httpx.AsyncClient(**options) as client:
            await asyncio.gather(*(client.get(url) for url in urls), return_exceptions=True)

    with hostile.urls() as urls, _outer(world):
        with httpx.Client(**options) as client:
            for url in urls:
                with suppress(Exception):
                    client.post(url)
        asyncio.run(concurrently(urls))


def urllib3(world: World) -> None:
    """Call with pools that try once and several times."""
    import urllib3

    with hostile.urls() as urls, _outer(world):
        for retries in (False, urllib3.Retry(2, backoff_factor=0)):
            with urllib3.PoolManager(retries=retries) as pool:
                for url in urls:
                    with suppress(Exception):
                        pool.request(
                            "POST", url, headers=hostile.HEADERS_OF_A_CLIENT, timeout=TIMEOUT
                        )


def urllib(world: World) -> None:
    """Call with the standard library."""
    from urllib.request import ProxyHandler, Request, build_opener

    opener = build_opener(ProxyHandler({}))
    with hostile.urls() as urls, _outer(world):
        for url in urls:
            with suppress(Exception):
                request = Request(url, b"x", hostile.HEADERS_OF_A_CLIENT)
                opener.open(request, timeout=TIMEOUT).close()


def aiohttp(world: World) -> None:
    """Call with and without a header of credentials, which it refuses beside those in a URL."""
    import aiohttp

    both: dict[str, str] = hostile.HEADERS_OF_A_CLIENT
    without = {name: value for name, value in both.items() if name != "Authorization"}

    async def call(urls: list[str]) -> None:
        async with aiohttp.ClientSession() as session:
            for url in urls:
                for headers in (both, without):
                    with suppress(Exception):
                        async with session.post(url, headers=headers) as response:
                            await response.read()

    with hostile.urls() as urls, _outer(world):
        asyncio.run(call(urls))


def tornado(world: World) -> None:
    """Call with tornado's client."""
    from tornado.httpclient import AsyncHTTPClient

    async def call(urls: list[str]) -> None:
        client = AsyncHTTPClient(force_instance=True)
        for url in urls:
            with suppress(Exception):
                await client.fetch(url, headers=hostile.HEADERS_OF_A_CLIENT)
        client.close()

    with hostile.urls() as urls, _outer(world):
        asyncio.run(call(urls))


def _outer(world: World) -> Any:
    return world.tracer.start_as_current_span("outer")


def _server(name: str, drive: Callable[[World], None], names: tuple[str, ...]) -> Driver:
    return Driver(
        name=f"{name}, hostile requests",
        instrumentors=(name,),
        packages=(),
        prepare=shops.django_settings,
        drive=drive,
        planted=hostile.PLANTED,
        names=names,
        texts=("3f2b8c1e-9d4a-4f6b-8e7c-1a2b3c4d5e6f",) if name != "tornado" else (),
    )


def _client(name: str, drive: Callable[[World], None]) -> Driver:
    return Driver(
        name=f"{name}, hostile URLs",
        instrumentors=(name,),
        packages=(),
        drive=drive,
        planted=hostile.PLANTED,
        texts=("127.0.0.1", "401"),
    )


DRIVERS: Final = (
    _server("flask", flask, ("GET /customers/<mail>/orders", "GET", "HTTP", "OPTIONS")),
    _server("django", django, ("GET customers/<str:mail>/orders", "GET", "HTTP")),
    _server("starlette", starlette, ("GET /customers/{mail}/orders", "GET")),
    _server("fastapi", fastapi, ("GET /customers/{mail}/orders", "GET")),
    _server("aiohttp-server", aiohttp_shop, ("GET /customers/{mail}/orders", "GET")),
    _server("tornado", tornado_shop, ("GET /customers/{mail}/orders", "GET")),
    _client("requests", requests),
    _client("httpx", httpx),
    _client("urllib3", urllib3),
    _client("urllib", urllib),
    _client("aiohttp-client", aiohttp),
    _client("tornado", tornado),
)
