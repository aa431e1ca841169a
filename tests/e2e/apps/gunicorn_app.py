"""A Flask shop for gunicorn, configured before the fork: the workers inherit the guard."""

from __future__ import annotations

import os

import flask

from e2e.apps.flask_app import build
from e2e.apps.telemetry import start

start()
app = build()


@app.get("/worker")
def worker() -> flask.Response:
    """Say which process answers."""
    return flask.Response(str(os.getpid()))
