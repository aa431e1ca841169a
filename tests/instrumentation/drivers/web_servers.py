"""Servers of HTTP: a shop in each framework, on a real server, visited by a client that isn't traced."""

from __future__ import annotations

from typing import Final

from instrumentation import shops
from instrumentation.driver import Driver, World
from instrumentation.serving import (
    aiohttp_server,
    asgi,
    in_a_loop,
    tornado_server,
    visit_all,
    wsgi,
)


def flask(world: World) -> None:
    """Serve by werkzeug."""
    with wsgi(shops.flask_shop()) as port:
        visit_all(port)


def django(world: World) -> None:
    """Serve by werkzeug."""
    from django.core.handlers.wsgi import WSGIHandler

    with wsgi(WSGIHandler()) as port:
        visit_all(port)


def django_asgi(world: World) -> None:
    """Serve by uvicorn."""
    from django.core.handlers.asgi import ASGIHandler

    with asgi(ASGIHandler()) as port:
        visit_all(port)


def starlette(world: World) -> None:
    """Serve by uvicorn."""
    with asgi(shops.starlette_shop()) as port:
        visit_all(port)


def fastapi(world: World) -> None:
    """Serve by uvicorn."""
    with asgi(shops.fastapi_shop()) as port:
        visit_all(port)


def aiohttp(world: World) -> None:
    """Serve by aiohttp's own server."""
    with in_a_loop(aiohttp_server(shops.aiohttp_shop)) as port:
        visit_all(port)


def tornado(world: World) -> None:
    """Serve by tornado's own server."""
    with in_a_loop(tornado_server(shops.tornado_shop)) as port:
        visit_all(port)


ERROR: Final = ("ValueError", "shops.py", "500")

DRIVERS: Final = (
    Driver(
        name="flask",
        instrumentors=("flask",),
        packages=("flask", "opentelemetry-instrumentation-flask"),
        drive=flask,
        names=(
            "GET /customers/<mail>/orders",
            "GET /nested/items/<int:number>",
            "GET",
            "DELETE",
            "POST /checkout",
        ),
        texts=("/customers/<mail>/orders", "/checkout", "200", "404", "405", *ERROR),
    ),
    Driver(
        name="django",
        instrumentors=("django",),
        packages=("django", "opentelemetry-instrumentation-django"),
        prepare=shops.django_settings,
        drive=django,
        names=(
            "GET customers/<str:mail>/orders",
            "GET nested/items/<int:number>",
            "GET",
            "POST checkout",
        ),
        texts=("customers/<str:mail>/orders", "checkout", "200", "404", "405", *ERROR),
    ),
    Driver(
        name="django (ASGI)",
        instrumentors=("django",),
        packages=("django", "opentelemetry-instrumentation-django"),
        prepare=shops.django_settings,
        drive=django_asgi,
        names=(
            "GET customers/<str:mail>/orders",
            "GET nested/items/<int:number>",
            "GET",
            "POST checkout",
        ),
        texts=("customers/<str:mail>/orders", "checkout", "200", "404", "405", *ERROR),
    ),
    Driver(
        name="starlette",
        instrumentors=("starlette",),
        packages=("starlette", "opentelemetry-instrumentation-starlette"),
        drive=starlette,
        names=("GET /nested", "GET /customers/{mail}/orders", "GET", "POST /checkout"),
        texts=("/customers/{mail}/orders", "/checkout", "200", "404", "405", "ValueError"),
    ),
    Driver(
        name="fastapi",
        instrumentors=("fastapi",),
        packages=("fastapi", "opentelemetry-instrumentation-fastapi"),
        drive=fastapi,
        names=(
            "GET /nested/items/{number}",
            "GET /customers/{mail}/orders",
            "GET",
            "POST /checkout",
        ),
        texts=("/customers/{mail}/orders", "/checkout", "200", "404", "405", *ERROR),
    ),
    Driver(
        name="aiohttp-server",
        instrumentors=("aiohttp-server",),
        packages=("aiohttp", "opentelemetry-instrumentation-aiohttp-server"),
        drive=aiohttp,
        names=(
            "GET /nested/items/{number}",
            "GET /customers/{mail}/orders",
            "GET",
            "POST /checkout",
        ),
        texts=("/customers/{mail}/orders", "/checkout", "200", "404", "405", "ValueError"),
    ),
    Driver(
        name="tornado",
        instrumentors=("tornado",),
        packages=("tornado", "opentelemetry-instrumentation-tornado"),
        drive=tornado,
        names=("GET /nested/items/{mail}", "GET /customers/{mail}/orders", "GET", "POST /checkout"),
        texts=("200", "404", "405", *ERROR),
    ),
)
