"""A celery application whose prefork workers inherit a guard that their parent configured."""

from __future__ import annotations

import os

from celery import Celery
from opentelemetry import trace

from e2e.apps.telemetry import start
from e2e.planted import EMAIL

app = Celery("e2e", broker=os.environ["E2E_BROKER"])
app.conf.update(broker_connection_retry_on_startup=False, worker_hijack_root_logger=False)
if os.environ.get("E2E_CELERY_WORKER"):
    start()


@app.task(name="work")  # type: ignore[untyped-decorator]
def work(number: int) -> None:
    """Record a span."""
    with trace.get_tracer("e2e").start_as_current_span(f"work-{number}") as span:
        span.set_attribute("note", f"mail to {EMAIL}")
