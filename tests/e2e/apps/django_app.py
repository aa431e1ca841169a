"""A Django shop: planted values in path, query, headers, form, a 404's path, and an exception."""

from __future__ import annotations

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from opentelemetry.instrumentation.django import DjangoInstrumentor

from e2e.apps.peer import HEADERS, QUERY
from e2e.apps.telemetry import tracing
from e2e.planted import CARD, EMAIL, TOKEN


def orders(request: HttpRequest, mail: str) -> HttpResponse:
    """Answer a customer's orders."""
    return HttpResponse("orders")


def checkout(request: HttpRequest) -> HttpResponse:
    """Fail, with what came in the form."""
    raise ValueError(f"card {request.POST['card']} of {EMAIL} refused, {TOKEN}")


urlpatterns = [path("customers/<str:mail>/orders", orders), path("checkout", checkout)]


def main() -> None:
    """Send the requests."""
    with tracing():
        settings.configure(
            ALLOWED_HOSTS=["testserver"],
            LOGGING_CONFIG=None,
            MIDDLEWARE=[],
            ROOT_URLCONF=__name__,
            SECRET_KEY="not" + "-a-secret",
        )
        DjangoInstrumentor().instrument()
        django.setup()
        client = Client(raise_request_exception=False, headers=HEADERS)
        assert client.get(f"/customers/{EMAIL}/orders?{QUERY}").status_code == 200
        assert client.get(f"/nowhere/{EMAIL}/{CARD}").status_code == 404
        assert client.post("/checkout", {"card": CARD}).status_code == 500


if __name__ == "__main__":
    main()
