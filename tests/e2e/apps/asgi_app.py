"""A bare ASGI application for uvicorn's workers, each of which configures itself as it imports this."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

from opentelemetry import trace

from e2e.apps.telemetry import start_guarded
from e2e.planted import EMAIL

start_guarded().flush_on_sigterm()  # uvicorn ends by the signal that it got, so atexit doesn't run


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Record a span for each request, and answer which process did."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    with trace.get_tracer("e2e").start_as_current_span("served") as span:
        span.set_attribute("note", f"mail to {EMAIL}")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
