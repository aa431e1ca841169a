"""A Flask service for gunicorn, guarded by one line.

    gunicorn --workers 2 --chdir examples/services flask_shop:app

It needs flask, gunicorn and the extra `flask`. Where spans go, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT says;
how the service is called, OTEL_SERVICE_NAME.
"""

from __future__ import annotations

from flask import Flask

import jaeger_guard

# Before the application is made. Each worker imports this, or inherits it with --preload; gunicorn ends
# them in an orderly way, so that what waits is sent.
jaeger_guard.configure(instrument=["flask"])

app = Flask(__name__)


@app.get("/customers/<email>/orders")
def orders(email: str) -> dict[str, int]:
    """Answer how many orders a customer has."""
    return {"orders": len(email)}


@app.post("/checkout")
def checkout() -> str:
    """Fail as a payment does, with personal data in the exception's text."""
    raise ValueError("the card 4111 1111 1111 1111 of anna@mail.example.org was refused")
