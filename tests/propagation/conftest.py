"""A guard that sends nothing, the headers that a real server gets, and a context with baggage."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import propagate, trace
from opentelemetry.util._once import Once

from jaeger_guard import Guard, configuration, configure
from propagation.servers import Recorder, recording

Configured = Callable[..., Guard]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configured]:
    """Configure by what is given alone, and forget it all again."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "JAEGER_GUARD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    guards: list[Guard] = []
    textmap = propagate._HTTP_TEXT_FORMAT

    def build(**arguments: Any) -> Guard:
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
        monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
        monkeypatch.setattr(configuration, "_installed", None)
        guards.append(configure(**arguments))
        return guards[-1]

    yield build
    for guard in guards:
        guard.shutdown()
    propagate.set_global_textmap(textmap)


@pytest.fixture(scope="module")
def server() -> Iterator[Recorder]:
    """A real HTTP server; it is reached as localhost and as 127.0.0.1."""
    with recording() as recorder:
        yield recorder
