"""One shop in each framework: a route with a parameter, one below a router, a checkout that raises."""

from __future__ import annotations

import logging
from typing import Any

from e2e.planted import CARD, EMAIL, TOKEN


def refuse() -> Any:
    """Raise what a payment raises, with planted values in its text."""
    raise ValueError(f"card {CARD} of {EMAIL} refused, {TOKEN}")


def flask_shop() -> Any:
    """Make the shop with Flask."""
    import flask

    app = flask.Flask("shop")
    app.logger.setLevel(logging.CRITICAL + 1)
    app.add_url_rule("/customers/<mail>/orders", "orders", lambda mail: "orders")
    app.add_url_rule("/checkout", "checkout", refuse, methods=["POST"])
    nested = flask.Blueprint("nested", "shop", url_prefix="/nested")
    nested.add_url_rule("/items/<int:number>", "item", lambda number: "item")
    app.register_blueprint(nested)
    return app


def django_settings() -> None:
    """Configure Django's settings, with the URLs of the shop."""
    import sys
    import types

    from django.conf import settings
    from django.http import HttpResponse
    from django.urls import include, path

    if settings.configured:
        return
    urls: Any = types.ModuleType("shop_urls")

    def orders(request: Any, mail: str) -> HttpResponse:
        return HttpResponse("orders")

    def item(request: Any, number: int) -> HttpResponse:
        return HttpResponse("item")

    def checkout(request: Any) -> HttpResponse:
        refuse()
        return HttpResponse("")

    from django.views.decorators.http import require_GET

    urls.urlpatterns = [
        path("customers/<str:mail>/orders", require_GET(orders)),
        path("checkout", checkout),
        path("nested/", include([path("items/<int:number>", item)])),
    ]
    sys.modules["shop_urls"] = urls
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DEBUG=False,
        MIDDLEWARE=[],
        ROOT_URLCONF="shop_urls",
        SECRET_KEY="none",
        LOGGING_CONFIG=None,
    )
    logging.getLogger("django").setLevel(logging.CRITICAL + 1)
    import django

    django.setup()


def starlette_shop() -> Any:
    """Make the shop with Starlette."""
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    async def orders(request: Any) -> PlainTextResponse:
        return PlainTextResponse("orders")

    async def checkout(request: Any) -> PlainTextResponse:
        await request.body()
        refuse()
        return PlainTextResponse("")

    return Starlette(
        routes=[
            Route("/customers/{mail}/orders", orders),
            Route("/checkout", checkout, methods=["POST"]),
            Mount("/nested", routes=[Route("/items/{number:int}", orders)]),
        ]
    )


def fastapi_shop() -> Any:
    """Make the shop with FastAPI."""
    from fastapi import APIRouter, FastAPI

    app, nested = FastAPI(), APIRouter(prefix="/nested")

    async def orders(mail: str) -> str:
        return "orders"

    async def item(number: int) -> str:
        return "item"

    async def checkout() -> None:
        refuse()

    nested.add_api_route("/items/{number}", item)
    app.include_router(nested)
    app.add_api_route("/customers/{mail}/orders", orders)
    app.add_api_route("/checkout", checkout, methods=["POST"])
    return app


def aiohttp_shop() -> Any:
    """Make the shop with aiohttp."""
    from aiohttp import web

    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL + 1)

    async def orders(request: Any) -> web.Response:
        return web.Response(text="orders")

    async def checkout(request: Any) -> web.Response:
        await request.read()
        refuse()
        return web.Response()

    app = web.Application()
    app.router.add_get("/customers/{mail}/orders", orders)
    app.router.add_post("/checkout", checkout)
    nested = web.Application()
    nested.router.add_get("/items/{number}", orders)
    app.add_subapp("/nested", nested)
    return app


def tornado_shop() -> Any:
    """Make the shop with tornado."""
    from tornado.web import Application, RequestHandler

    for name in ("tornado.access", "tornado.application", "tornado.general"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    class Orders(RequestHandler):
        def get(self, mail: str) -> None:
            self.write("orders")

    class Checkout(RequestHandler):
        def post(self) -> None:
            refuse()

    return Application(
        [
            (r"/customers/([^/]+)/orders", Orders),
            (r"/checkout", Checkout),
            (r"/nested/items/([0-9]+)", Orders),
        ]
    )
