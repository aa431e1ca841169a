"""Each test of instrumentation starts and ends without a global provider, and with nothing instrumented."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import entry_points

import pytest
from opentelemetry import trace
from opentelemetry.util._once import Once

from instrumentation.recorded import Recorded
from jaeger_guard import configuration


@pytest.fixture(scope="session")
def recorded(request: pytest.FixtureRequest) -> Recorded:
    """What came of the drivers of the contract test."""
    return Recorded(request.getfixturevalue)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take variables and the global provider away, before and after; take back what is instrumented."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "JAEGER_GUARD_", "DJANGO_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    _forget()
    yield
    if configuration._installed is not None:
        configuration._installed.guard.shutdown()
    for name in ("flask", "requests", "fastapi", "starlette"):
        (point,) = entry_points(group="opentelemetry_instrumentor", name=name)
        if point.load()().is_instrumented_by_opentelemetry:
            point.load()().uninstrument()
    _forget()


def _forget() -> None:
    trace._TRACER_PROVIDER = None
    trace._TRACER_PROVIDER_SET_ONCE = Once()
    configuration._installed = None
