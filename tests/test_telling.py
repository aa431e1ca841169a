"""An application's logging handlers and filters may raise: no span and no processor pays for it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, TraceFlags

from jaeger_guard import GuardSpanProcessor
from jaeger_guard.spans import QUARANTINED_NAME
from jaeger_guard.telling import tell


@pytest.fixture(autouse=True)
def raising_filter() -> Iterator[None]:
    """A filter that raises at every line of ours."""

    def refuse(record: logging.LogRecord) -> bool:
        raise RuntimeError("filter")

    loggers = [logging.getLogger(f"jaeger_guard{room}") for room in ("", ".processor", ".batching")]
    for logger in loggers:
        logger.addFilter(refuse)
    yield
    for logger in loggers:
        logger.removeFilter(refuse)


class Raising(SpanProcessor):
    """Raises when a span ends."""

    def on_end(self, span: ReadableSpan) -> None:
        raise ValueError("foreign")


def test_line_is_lost_and_nothing_else() -> None:
    """The line isn't written, and whoever told it goes on."""
    tell(logging.getLogger("jaeger_guard"), logging.ERROR, "lost")


def test_quarantine_and_isolation_hold() -> None:
    """A span that can't be scrubbed is quarantined, and siblings of a raising processor are served."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    guard = GuardSpanProcessor(Raising(), SimpleSpanProcessor(exporter))
    provider.add_span_processor(guard)
    provider.get_tracer("t").start_span("good").end()
    context = SpanContext(1, 1, False, TraceFlags(1))
    guard.on_end(ReadableSpan(5, context, start_time=1, end_time=2))  # type: ignore[arg-type]
    assert [span.name for span in exporter.get_finished_spans()] == ["good", QUARANTINED_NAME]
    assert guard.isolation.counts() == {"Raising.on_end": 2}
