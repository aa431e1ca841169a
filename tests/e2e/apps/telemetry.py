"""What each app does first and last: set tracing up as the test asked, and see everything off.

The test asks through the environment, because semantic conventions are chosen once per process:
E2E_MODE is "guarded" or "plain", E2E_LOG a file for all that jaeger_guard and OpenTelemetry say.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

if TYPE_CHECKING:
    import jaeger_guard

LAST: Final = "e2e.last"


@contextlib.contextmanager
def tracing() -> Iterator[TracerProvider]:
    """Install the global provider; end with a last span, by which the test knows that it is all."""
    handler = logging.FileHandler(os.environ["E2E_LOG"])
    for name in ("jaeger_guard", "opentelemetry"):
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger(name).propagate = False
    provider, stop = start()
    try:
        yield provider
    finally:
        provider.get_tracer("e2e").start_span(LAST).end()
        stop()


def start() -> tuple[TracerProvider, Callable[[], object]]:
    """Install the global provider; answer it and what shuts it down."""
    if os.environ["E2E_MODE"] == "plain":
        from e2e.plain import plain_provider

        provider = plain_provider(**_peer(), service=os.environ["E2E_SERVICE"])
        trace.set_tracer_provider(provider)
        return provider, provider.shutdown
    guard = start_guarded()
    return guard.tracer_provider, guard.shutdown


def start_guarded() -> jaeger_guard.Guard:
    """Install a guarded global provider."""
    from jaeger_guard import Export, configure

    resource = {"service.name": os.environ["E2E_SERVICE"]}
    return configure(export=Export(**_peer()), resource=resource)


def _peer() -> dict[str, Any]:
    names = ("endpoint", "protocol", "ca_file", "cert_file", "key_file")
    return {name: os.environ[f"E2E_{name.upper()}"] for name in names}
