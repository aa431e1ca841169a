"""Whoever reads raw spans in a guarded process is told of once, or refused."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracer

from jaeger_guard import GuardSpanProcessor, protect
from jaeger_guard.configuration import bypasses


class Keeping(SpanProcessor):
    """A processor that takes part in starts, and could keep the live span."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.kept = span


@pytest.fixture(autouse=True)
def lenient() -> Iterator[None]:
    """Leave strict mode off."""
    yield
    bypasses._strict = False


def provider(*processors: SpanProcessor) -> TracerProvider:
    made = TracerProvider(shutdown_on_exit=False)
    for processor in processors:
        made.add_span_processor(processor)
    return made


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def exporting() -> SpanProcessor:
    return SimpleSpanProcessor(InMemorySpanExporter())


def test_an_unguarded_provider_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """The warning names its processors and the remedy; its tracers work."""
    bypasses.watch_for_bypasses(strict=False)
    unguarded = provider(exporting())
    for name in ("one", "two"):
        assert not isinstance(unguarded.get_tracer(name, "1.0"), NoOpTracer)
    (line,) = told(caplog)
    assert "SimpleSpanProcessor" in line
    assert "protect(provider)" in line


def test_strict_mode_refuses_it(caplog: pytest.LogCaptureFixture) -> None:
    """In strict mode its tracers record nothing; once it is protected, they do."""
    bypasses.watch_for_bypasses(strict=True)
    exporter = InMemorySpanExporter()
    unguarded = provider(SimpleSpanProcessor(exporter))
    unguarded.get_tracer("one").start_span("raw").end()
    assert exporter.get_finished_spans() == ()
    (line,) = told(caplog)
    assert "JAEGER_GUARD_STRICT" in line
    protect(unguarded)
    unguarded.get_tracer("one").start_span("scrubbed").end()
    assert [span.name for span in exporter.get_finished_spans()] == ["scrubbed"]


@pytest.mark.parametrize(
    "processors",
    [(), (GuardSpanProcessor(exporting()),), (GuardSpanProcessor(), GuardSpanProcessor())],
    ids=["none", "one", "two"],
)
def test_guarded_providers_are_left_alone(
    processors: tuple[SpanProcessor, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """A provider without processors, or with guards only, shows raw spans to nobody."""
    bypasses.watch_for_bypasses(strict=True)
    assert not isinstance(provider(*processors).get_tracer("x"), NoOpTracer)
    assert told(caplog) == []


def test_a_guard_beside_an_exporter_is_no_guard(caplog: pytest.LogCaptureFixture) -> None:
    """Another processor beside the guard, rather than behind it, reads raw spans."""
    bypasses.watch_for_bypasses(strict=True)
    assert isinstance(provider(GuardSpanProcessor(), exporting()).get_tracer("x"), NoOpTracer)
    assert len(told(caplog)) == 1


@pytest.mark.parametrize("strict", [False, True])
def test_a_processor_that_takes_part_in_starts(
    strict: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """One that is added to a guarded provider later is found when a tracer is asked for."""
    guarded = provider()
    protect(guarded)
    bypasses.watch_for_bypasses(strict=strict)
    assert not isinstance(guarded.get_tracer("x"), NoOpTracer)
    guarded.add_span_processor(Keeping())
    assert isinstance(guarded.get_tracer("x"), NoOpTracer) is strict
    (line,) = told(caplog)
    assert "Keeping" in line


def test_watching_twice_is_watching_once() -> None:
    """The SDK's method is wrapped once, and keeps its name, documentation and result."""
    bypasses.watch_for_bypasses(strict=False)
    wrapped: Any = TracerProvider.get_tracer
    bypasses.watch_for_bypasses(strict=False)
    assert TracerProvider.get_tracer is wrapped
    assert wrapped.__name__ == "get_tracer"
