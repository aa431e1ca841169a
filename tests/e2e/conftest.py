"""Each end-to-end test starts and ends without a global tracer provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.util._once import Once


@pytest.fixture(autouse=True)
def no_global_provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take the global provider away: configure() would protect it, or refuse, in the next test.

    A shutdown gives up on a dead peer after three seconds, not ten.
    """
    monkeypatch.setenv("OTEL_BSP_EXPORT_TIMEOUT", "3000")
    _forget()
    yield
    _forget()


def _forget() -> None:
    trace._TRACER_PROVIDER = None
    trace._TRACER_PROVIDER_SET_ONCE = Once()
