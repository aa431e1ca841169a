"""Clients of HTTP: planted values in URLs, headers and bodies; refused connections and time-outs.

Each calls the same peer below a span "outer": three paths, of which one fails with 500 and one with
404; a port where nobody listens; and a server that never answers.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
from collections.abc import Iterator
from typing import Any, Final

from e2e.apps.peer import HEADERS, PATHS, QUERY, nobody, peer
from e2e.planted import CARD, EMAIL, EVERYWHERE, PASSWORD
from instrumentation.driver import Driver, World

BODY: Final = {"card": CARD}
TIMEOUT: Final = 0.2  # seconds, for the server that never answers


@contextlib.contextmanager
def silence() -> Iterator[str]:
    """Lend a URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/slow/{EMAIL}?{QUERY}"


def requests(world: World) -> None:
    """Call with a session of requests."""
    import requests

    session = requests.Session()
    session.trust_env = False
    with peer() as base, silence() as slow, world.tracer.start_as_current_span("outer"):
        for path in PATHS:
            session.post(base + path, headers=HEADERS, data=BODY)
        with contextlib.suppress(requests.ConnectionError):
            session.get(nobody(), headers=HEADERS)
        with contextlib.suppress(requests.Timeout):
            session.get(slow, headers=HEADERS, timeout=TIMEOUT)
    session.close()


def httpx(world: World) -> None:
    """Call with both clients of httpx."""
    import httpx

    with peer() as base, silence() as slow, world.tracer.start_as_current_span("outer"):
        with httpx.Client(trust_env=False) as client:
            for path in PATHS:
                client.post(base + path, headers=HEADERS, data=BODY)
            with contextlib.suppress(httpx.ConnectError):
                client.get(nobody(), headers=HEADERS)
            with contextlib.suppress(httpx.TimeoutException):
                client.get(slow, headers=HEADERS, timeout=TIMEOUT)

        async def concurrently() -> None:
            async with httpx.AsyncClient(trust_env=False) as client:
                for path in PATHS:
                    await client.post(base + path, headers=HEADERS, data=BODY)
                with contextlib.suppress(httpx.ConnectError):
                    await client.get(nobody(), headers=HEADERS)

        asyncio.run(concurrently())


def urllib3(world: World) -> None:
    """Call with a pool of urllib3."""
    import urllib3

    pool = urllib3.PoolManager(retries=False)
    with peer() as base, silence() as slow, world.tracer.start_as_current_span("outer"):
        for path in PATHS:
            pool.request("POST", base + path, headers=HEADERS, fields=BODY)
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            pool.request("GET", nobody(), headers=HEADERS)
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            pool.request("GET", slow, headers=HEADERS, timeout=TIMEOUT)
    pool.clear()


def urllib(world: World) -> None:
    """Call with the standard library, which takes no credentials in a URL."""
    from urllib.error import HTTPError, URLError
    from urllib.request import ProxyHandler, Request, build_opener

    opener = build_opener(ProxyHandler({}))

    def call(url: str, **options: Any) -> None:
        request = Request(url, headers=HEADERS, **options)
        with opener.open(request, timeout=TIMEOUT if "/slow/" in url else 60) as response:
            response.read()

    with peer() as base, silence() as slow, world.tracer.start_as_current_span("outer"):
        home = "http://" + base.rpartition("@")[2]
        for path in PATHS:
            try:
                call(home + path, data=f"card={CARD}".encode())
            except HTTPError as error:
                error.close()
        with contextlib.suppress(URLError):
            call(nobody())
        with contextlib.suppress(TimeoutError):
            call(slow)


def aiohttp(world: World) -> None:
    """Call with a session of aiohttp."""
    import aiohttp

    async def call(base: str, slow: str) -> None:
        async with aiohttp.ClientSession(headers=HEADERS) as session:
            for path in PATHS:
                async with session.post(base + path, data=BODY) as response:
                    await response.read()
            with contextlib.suppress(aiohttp.ClientConnectorError):
                await session.get(nobody())
            with contextlib.suppress(TimeoutError):
                await session.get(slow, timeout=aiohttp.ClientTimeout(TIMEOUT))

    with peer() as base, silence() as slow, world.tracer.start_as_current_span("outer"):
        # It takes credentials in a URL or in a header, and refuses both.
        asyncio.run(call("http://" + base.rpartition("@")[2], slow))


def tornado(world: World) -> None:
    """Call with tornado's client."""
    from tornado.httpclient import AsyncHTTPClient, HTTPError

    async def call(base: str, slow: str) -> None:
        client = AsyncHTTPClient(force_instance=True)
        for path in PATHS:
            await client.fetch(
                base + path, method="POST", body=f"card={CARD}", headers=HEADERS, raise_error=False
            )
        with contextlib.suppress(OSError):
            await client.fetch(nobody(), headers=HEADERS)
        with contextlib.suppress(HTTPError):
            await client.fetch(slow, headers=HEADERS, request_timeout=TIMEOUT)
        client.close()

    with peer() as base, silence() as slow, world.tracer.start_as_current_span("outer"):
        asyncio.run(call(base, slow))


# What is sent for the user and the password in the peer's URL.
BASIC: Final = base64.b64encode(f"shop:{PASSWORD}".encode()).decode()
TEXTS: Final = ("127.0.0.1", "page=2", "/ok", "/customers/", "200", "404", "500")

DRIVERS: Final = (
    Driver(
        name="requests",
        instrumentors=("requests",),
        packages=("requests", "opentelemetry-instrumentation-requests"),
        drive=requests,
        planted=(*EVERYWHERE, BASIC),
        names=("GET", "POST"),
        texts=(*TEXTS, "ConnectionError", "ReadTimeout"),
        parents=(("GET", "outer"), ("POST", "outer")),
    ),
    Driver(
        name="httpx",
        instrumentors=("httpx",),
        packages=("httpx", "opentelemetry-instrumentation-httpx"),
        drive=httpx,
        planted=(*EVERYWHERE, BASIC),
        names=("GET", "POST"),
        texts=(*TEXTS, "ConnectError", "ReadTimeout"),
        parents=(("GET", "outer"), ("POST", "outer")),
    ),
    Driver(
        name="urllib3",
        instrumentors=("urllib3",),
        packages=("urllib3", "opentelemetry-instrumentation-urllib3"),
        drive=urllib3,
        names=("GET", "POST"),
        texts=(*TEXTS, "NewConnectionError", "ReadTimeoutError"),
        parents=(("GET", "outer"), ("POST", "outer")),
    ),
    Driver(
        name="urllib",
        instrumentors=("urllib",),
        packages=("opentelemetry-instrumentation-urllib",),
        drive=urllib,
        names=("GET", "POST"),
        texts=(*TEXTS, "URLError", "TimeoutError"),
        parents=(("GET", "outer"), ("POST", "outer")),
    ),
    Driver(
        name="aiohttp-client",
        instrumentors=("aiohttp-client",),
        packages=("aiohttp", "opentelemetry-instrumentation-aiohttp-client"),
        drive=aiohttp,
        names=("GET", "POST"),
        texts=(*TEXTS, "ClientConnectorError"),
        parents=(("GET", "outer"), ("POST", "outer")),
    ),
    Driver(
        name="tornado (client)",
        instrumentors=("tornado",),
        packages=("tornado", "opentelemetry-instrumentation-tornado"),
        drive=tornado,
        names=("GET", "POST"),
        texts=TEXTS,
        parents=(("GET", "outer"), ("POST", "outer")),
    ),
)
