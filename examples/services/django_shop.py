"""A Django service for gunicorn, guarded by one line.

    gunicorn --workers 2 --chdir examples/services django_shop:application

It needs django, gunicorn and the extra `django`. Settings, URLs and the WSGI application are in one file
here; in a project, the guard's lines belong into wsgi.py (and asgi.py), between the two that are there.
Where spans go, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT says; how the service is called, OTEL_SERVICE_NAME.
"""

from __future__ import annotations

import os
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

import jaeger_guard

# The settings: a module of your project.
SECRET_KEY = "only for this example"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = __name__
MIDDLEWARE: list[str] = []


def orders(request: HttpRequest, email: str) -> Any:
    """Answer how many orders a customer has."""
    return JsonResponse({"orders": len(email)})


def checkout(request: HttpRequest) -> Any:
    """Fail as a payment does, with personal data in the exception's text."""
    raise ValueError("the card 4111 1111 1111 1111 of anna@mail.example.org was refused")


urlpatterns = [path("customers/<str:email>/orders", orders), path("checkout", checkout)]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", __name__)

# After the settings are named, since the instrumentor writes its middleware into them; before the
# application is made, which reads them.
jaeger_guard.configure(instrument=["django"])

application = get_wsgi_application()
