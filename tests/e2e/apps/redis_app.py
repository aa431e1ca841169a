"""A Redis client: planted values in keys and values, and an error that repeats the arguments."""

from __future__ import annotations

import contextlib
import os

import redis
from opentelemetry.instrumentation.redis import RedisInstrumentor

from e2e.apps.telemetry import tracing
from e2e.planted import CARD, EMAIL, TOKEN


def main() -> None:
    """Send the commands."""
    with tracing() as provider:
        RedisInstrumentor().instrument()
        client = redis.Redis(port=int(os.environ["E2E_REDIS_PORT"]))
        with provider.get_tracer("shop").start_as_current_span("outer"):
            client.set(f"customer:{EMAIL}", CARD)
            client.get(f"customer:{EMAIL}")
            with contextlib.suppress(redis.ResponseError):
                client.execute_command("NOSUCHCOMMAND", EMAIL, CARD, TOKEN)  # type: ignore[no-untyped-call]
            with client.pipeline(transaction=False) as pipeline:
                pipeline.set(f"session:{TOKEN}", EMAIL)
                pipeline.delete(f"customer:{EMAIL}")
                pipeline.execute()
        client.close()


if __name__ == "__main__":
    main()
