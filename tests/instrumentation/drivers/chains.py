"""A client of one library calls a server of another: one trace, whole over both, and nothing leaks.

The client's span is the parent of the server's, as `traceparent` says; a call to a path without a route
is named by its method on both sides.
"""

from __future__ import annotations

import asyncio
from typing import Final

from e2e.apps.peer import HEADERS
from instrumentation import shops
from instrumentation.driver import Driver, World
from instrumentation.serving import (
    BODY,
    NOWHERE,
    PLANTED_PATH,
    aiohttp_server,
    asgi,
    in_a_loop,
    tornado_server,
    wsgi,
)

FORM: Final = {**HEADERS, "Content-Type": "application/x-www-form-urlencoded"}


def requests_to_flask(world: World) -> None:
    """Call with requests."""
    import requests

    with (
        wsgi(shops.flask_shop()) as port,
        requests.Session() as session,
        world.tracer.start_as_current_span("outer"),
    ):
        session.trust_env = False
        base = f"http://127.0.0.1:{port}"
        assert session.get(base + PLANTED_PATH, headers=HEADERS).status_code == 200
        assert session.get(base + NOWHERE, headers=HEADERS).status_code == 404
        assert session.post(base + "/checkout", BODY, headers=FORM).status_code == 500


def httpx_to_fastapi(world: World) -> None:
    """Call with httpx, in an event loop, several at once."""
    import httpx

    async def call(port: int) -> None:
        base = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(trust_env=False, headers=HEADERS) as client:
            answers = await asyncio.gather(
                client.get(base + PLANTED_PATH),
                client.get(base + NOWHERE),
                client.post(base + "/checkout", content=BODY),
            )
        assert [answer.status_code for answer in answers] == [200, 404, 500]

    with asgi(shops.fastapi_shop()) as port, world.tracer.start_as_current_span("outer"):
        asyncio.run(call(port))


def urllib3_to_django(world: World) -> None:
    """Call with urllib3."""
    import urllib3
    from django.core.handlers.wsgi import WSGIHandler

    with (
        wsgi(WSGIHandler()) as port,
        urllib3.PoolManager(retries=False, headers=FORM) as pool,
        world.tracer.start_as_current_span("outer"),
    ):
        base = f"http://127.0.0.1:{port}"
        assert pool.request("GET", base + PLANTED_PATH).status == 200
        assert pool.request("GET", base + NOWHERE).status == 404
        assert pool.request("POST", base + "/checkout", body=BODY).status == 500


def urllib_to_starlette(world: World) -> None:
    """Call with the standard library."""
    from urllib.error import HTTPError
    from urllib.request import ProxyHandler, Request, build_opener

    opener = build_opener(ProxyHandler({}))
    with asgi(shops.starlette_shop()) as port, world.tracer.start_as_current_span("outer"):
        base = f"http://127.0.0.1:{port}"
        for path, body in ((PLANTED_PATH, None), (NOWHERE, None), ("/checkout", BODY.encode())):
            try:
                opener.open(Request(base + path, body, FORM), timeout=60).close()
            except HTTPError as error:
                error.close()


def aiohttp_to_aiohttp(world: World) -> None:
    """Call with aiohttp."""
    import aiohttp

    async def call(port: int) -> None:
        base = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession(headers=FORM) as session:
            for method, path in (("GET", PLANTED_PATH), ("GET", NOWHERE), ("POST", "/checkout")):
                body = BODY if method == "POST" else None
                async with session.request(method, base + path, data=body) as answer:
                    await answer.read()

    shop = aiohttp_server(shops.aiohttp_shop)
    with in_a_loop(shop) as port, world.tracer.start_as_current_span("outer"):
        asyncio.run(call(port))


def tornado_to_tornado(world: World) -> None:
    """Call with tornado's client."""
    from tornado.httpclient import AsyncHTTPClient

    async def call(port: int) -> None:
        base = f"http://127.0.0.1:{port}"
        client = AsyncHTTPClient(force_instance=True)
        for method, path in (("GET", PLANTED_PATH), ("GET", NOWHERE), ("POST", "/checkout")):
            body = BODY if method == "POST" else None
            await client.fetch(
                base + path, method=method, body=body, headers=FORM, raise_error=False
            )
        client.close()

    shop = tornado_server(shops.tornado_shop)
    with in_a_loop(shop) as port, world.tracer.start_as_current_span("outer"):
        asyncio.run(call(port))


def whole(route: str, checkout: str) -> tuple[tuple[str, str], ...]:
    """Return which span is below which, where a server is called over HTTP."""
    return (
        (f"GET {route}", "GET"),
        (f"POST {checkout}", "POST"),
        ("GET", "GET"),  # the one that no route matches
        ("GET", "outer"),
        ("POST", "outer"),
    )


DRIVERS: Final = (
    Driver(
        name="requests to flask",
        instrumentors=("requests", "flask"),
        packages=(),
        drive=requests_to_flask,
        parents=whole("/customers/<mail>/orders", "/checkout"),
        texts=("200", "404", "500", "ValueError"),
    ),
    Driver(
        name="httpx to fastapi",
        instrumentors=("httpx", "fastapi"),
        packages=(),
        drive=httpx_to_fastapi,
        parents=whole("/customers/{mail}/orders", "/checkout"),
        texts=("200", "404", "500", "ValueError"),
    ),
    Driver(
        name="urllib3 to django",
        instrumentors=("urllib3", "django"),
        packages=(),
        prepare=shops.django_settings,
        drive=urllib3_to_django,
        parents=whole("customers/<str:mail>/orders", "checkout"),
        texts=("200", "404", "500", "ValueError"),
    ),
    Driver(
        name="urllib to starlette",
        instrumentors=("urllib", "starlette"),
        packages=(),
        drive=urllib_to_starlette,
        parents=whole("/customers/{mail}/orders", "/checkout"),
        texts=("200", "404", "500", "ValueError"),
    ),
    Driver(
        name="aiohttp to aiohttp",
        instrumentors=("aiohttp-client", "aiohttp-server"),
        packages=(),
        drive=aiohttp_to_aiohttp,
        parents=whole("/customers/{mail}/orders", "/checkout"),
        texts=("200", "404", "500", "ValueError"),
    ),
    Driver(
        name="tornado to tornado",
        instrumentors=("tornado",),
        packages=(),
        drive=tornado_to_tornado,
        parents=whole("/customers/{mail}/orders", "/checkout"),
        texts=("200", "404", "500", "ValueError"),
    ),
)
