"""The instrumentor of logging hands records on only where a guard stands before their exporters."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from opentelemetry._logs import _internal, set_logger_provider
from opentelemetry.instrumentation.logging import LoggingInstrumentor
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.util._once import Once

from e2e.planted import CARD, EMAIL
from jaeger_guard import GuardLogRecordProcessor, configure


@pytest.fixture(autouse=True)
def no_global_loggers() -> Iterator[None]:
    """Start and end without a global LoggerProvider."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    _internal._LOGGER_PROVIDER = None
    _internal._LOGGER_PROVIDER_SET_ONCE = Once()


def loggers(*, guarded: bool) -> InMemoryLogRecordExporter:
    exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(shutdown_on_exit=False)
    if guarded:
        provider.add_log_record_processor(GuardLogRecordProcessor())
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    set_logger_provider(provider)
    return exporter


def log_within_a_span() -> str:
    guard = configure(instrument=["logging"])
    with guard.tracer_provider.get_tracer("t").start_as_current_span("checkout") as span:
        logging.getLogger("shop").warning("mail to %s bounced, card %s", EMAIL, CARD)
    guard.shutdown()
    return format(span.get_span_context().trace_id, "032x")


def test_records_of_a_guarded_provider() -> None:
    """A record arrives scrubbed, and in its trace."""
    exporter = loggers(guarded=True)
    trace_id = log_within_a_span()
    (record,) = [entry.log_record for entry in exporter.get_finished_logs()]
    assert "bounced" in str(record.body)
    assert EMAIL not in str(record.body)
    assert CARD not in str(record.attributes)
    assert format(record.trace_id or 0, "032x") == trace_id


def test_records_of_an_unguarded_provider(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is handed to it, and one warning says what to do."""
    exporter = loggers(guarded=False)
    log_within_a_span()
    assert exporter.get_finished_logs() == ()
    assert len([text for text in caplog.messages if "GuardLogRecordProcessor" in text]) == 1


def test_a_provider_that_comes_later() -> None:
    """One that is installed after configure(), without a guard, gets nothing either."""
    configure(instrument=["logging"])
    exporter = loggers(guarded=False)
    logging.getLogger("shop").warning("mail to %s bounced", EMAIL)
    assert exporter.get_finished_logs() == ()


def test_a_users_hook() -> None:
    """A user's own call with a hook doesn't turn it on by the way."""
    exporter = loggers(guarded=False)
    configure(instrument=["logging"])
    LoggingInstrumentor().instrument(log_hook=lambda span, record: None)
    logging.getLogger("shop").warning("mail to %s bounced", EMAIL)
    assert exporter.get_finished_logs() == ()


def test_a_users_own_word() -> None:
    """Who asks the instrumentor for its handler gets it."""
    exporter = loggers(guarded=False)
    configure(instrument=["logging"])
    LoggingInstrumentor().instrument(enable_log_auto_instrumentation=True)
    logging.getLogger("shop").warning("bounced")
    assert len(exporter.get_finished_logs()) == 1
