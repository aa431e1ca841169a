"""Log records of the same SDK are scrubbed before any other processor sees them."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections import UserDict
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    InMemoryLogRecordExporter,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.resources import Resource

from jaeger_guard import ConfigurationError, GuardLogRecordProcessor, Policy, Rule
from jaeger_guard.types import Action

EMAIL = "ada.lovelace@example.org"
CARD = "4111 1111 1111 1111"


@pytest.fixture
def exporter() -> InMemoryLogRecordExporter:
    return InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]


@pytest.fixture
def guard() -> GuardLogRecordProcessor:
    return GuardLogRecordProcessor()


@pytest.fixture
def provider(
    guard: GuardLogRecordProcessor, exporter: InMemoryLogRecordExporter
) -> Iterator[LoggerProvider]:
    """A provider with the guard first, and a batch behind it."""
    provider = LoggerProvider(
        resource=Resource({"service.name": "shop", "owner": EMAIL}), shutdown_on_exit=False
    )
    provider.add_log_record_processor(guard)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    yield provider
    provider.shutdown()


def exported(provider: LoggerProvider, exporter: InMemoryLogRecordExporter) -> list[Any]:
    assert provider.force_flush()
    return list(exporter.get_finished_logs())


def test_nothing_planted_leaves_by_any_part_of_a_record(
    provider: LoggerProvider, exporter: InMemoryLogRecordExporter
) -> None:
    """Body, attributes, keys, exception, event name, resource and scope are scrubbed; the rest stays."""
    logger = provider.get_logger(f"shop.{EMAIL}", attributes={"owner": EMAIL})
    try:
        raise ValueError(f"no customer {EMAIL}")
    except ValueError as error:
        logger.emit(
            severity_number=SeverityNumber.ERROR,
            severity_text="ERROR",
            body=f"payment of {CARD} by {EMAIL} failed at /checkout",
            attributes={
                "http.route": "/orders/{id}",
                "note": f"call {EMAIL}",
                f"who.{EMAIL}": 1,
                "nested": {"password": "hunter2!", "deep": [EMAIL]},
            },
            event_name=f"failed.{EMAIL}",
            exception=error,
        )
    (record,) = exported(provider, exporter)
    text = repr(record) + record.to_json() + repr(vars(record.log_record))
    for planted in (EMAIL, "ada.lovelace", CARD, "hunter2!"):
        assert planted not in text
    log = record.log_record
    assert "at /checkout" in log.body
    assert log.attributes["http.route"] == "/orders/{id}"
    assert log.attributes["exception.type"] == "ValueError"
    assert "test_logs.py" in log.attributes["exception.stacktrace"]
    assert log.severity_number is SeverityNumber.ERROR
    assert log.severity_text == "ERROR"
    assert record.resource.attributes["service.name"] == "shop"


@pytest.mark.parametrize(
    "body",
    [
        {"customer": {"email": EMAIL}, "items": [1, 2]},
        ["mail", EMAIL],
        f'{{"email": "{EMAIL}"}}',
        f"https://shop.example/reset?email={EMAIL.replace('@', '%40')}",
        EMAIL.encode(),
    ],
    ids=["mapping", "list", "json", "url", "bytes"],
)
def test_bodies_of_any_type(
    provider: LoggerProvider, exporter: InMemoryLogRecordExporter, body: Any
) -> None:
    """A body that isn't text is scrubbed all the same, and keeps its type and shape."""
    provider.get_logger("shop").emit(body=body)
    (record,) = exported(provider, exporter)
    assert "ada.lovelace" not in repr(record.log_record.body)
    assert type(record.log_record.body) in (type(body), tuple, str)
    if isinstance(body, dict):
        assert tuple(record.log_record.body["items"]) == (1, 2)


def test_clean_records_pass_unchanged(
    provider: LoggerProvider, exporter: InMemoryLogRecordExporter
) -> None:
    """What is not sensitive stays, and the SDK's count of dropped attributes with it."""
    attributes: dict[str, Any] = {
        "code.line.number": 12,
        "http.route": "/orders",
        "ratio": 0.5,
        "ok": True,
    }
    logger = provider.get_logger("shop", "1.2.3")
    logger.emit(body="order 1234567890 shipped in 12 ms", attributes=attributes, timestamp=17)
    with pytest.warns(UserWarning, match="dropped"):
        logger.emit(body="many", attributes={f"k{number}": number for number in range(130)})
    record, many = exported(provider, exporter)
    assert record.log_record.body == "order 1234567890 shipped in 12 ms"
    assert dict(record.log_record.attributes) == attributes
    assert record.log_record.timestamp == 17
    assert (record.instrumentation_scope.name, record.instrumentation_scope.version) == (
        "shop",
        "1.2.3",
    )
    assert many.dropped_attributes == 2


def test_the_applications_own_record_stays_as_it_is(
    provider: LoggerProvider, exporter: InMemoryLogRecordExporter
) -> None:
    """Only what goes on is scrubbed; a record that the application keeps is not written to."""
    own = LogRecord(body=EMAIL, attributes={"mail": EMAIL})
    provider.get_logger("shop").emit(own)
    (record,) = exported(provider, exporter)
    assert own.body == EMAIL
    assert dict(own.attributes or {}) == {"mail": EMAIL}
    assert EMAIL not in record.to_json()


def test_standard_logging_goes_through(
    provider: LoggerProvider, exporter: InMemoryLogRecordExporter
) -> None:
    """A line of the logging module, with its arguments, extra and exception."""
    logger = logging.getLogger("tests.of.logs")
    logger.propagate = False
    handler = LoggingHandler(logger_provider=provider)
    logger.addHandler(handler)
    try:
        raise KeyError(EMAIL)
    except KeyError:
        logger.exception("no such customer: %s", EMAIL, extra={"customer_email": EMAIL})
    finally:
        logger.removeHandler(handler)
    (record,) = exported(provider, exporter)
    assert EMAIL not in record.to_json()
    assert record.log_record.body.startswith("no such customer: ")


def test_it_may_hold_the_processors_itself(exporter: InMemoryLogRecordExporter) -> None:
    """Processors given to it see scrubbed records, are flushed and shut down; one that raises harms none."""

    class Raising(LogRecordProcessor):
        def on_emit(self, log_record: ReadWriteLogRecord) -> None:
            raise ValueError(EMAIL)

        def shutdown(self) -> None:
            raise ValueError(EMAIL)

        def force_flush(self, timeout_millis: int = 30000) -> bool:
            return False

    guard = GuardLogRecordProcessor(Raising(), SimpleLogRecordProcessor(exporter))
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(guard)
    provider.get_logger("shop").emit(body=f"mail {EMAIL}")
    assert not provider.force_flush()
    provider.shutdown()
    (record,) = exporter.get_finished_logs()
    assert EMAIL not in record.to_json()
    counts = guard.statistics()
    assert counts["scrubbed"] == 1
    assert counts["findings"] == {"contact.email/attribute/redact": 1}
    assert counts["processor_failures"] == {"Raising.on_emit": 1, "Raising.shutdown": 1}


def test_a_record_that_cannot_be_scrubbed_goes_on_without_its_content(
    provider: LoggerProvider, exporter: InMemoryLogRecordExporter, guard: GuardLogRecordProcessor
) -> None:
    """Fail closed, lose nothing else: severity, times and trace go on; it is counted, nothing raised."""

    class Hostile(UserDict[str, Any]):
        def __iter__(self) -> Any:
            raise RuntimeError(EMAIL)

    record = ReadWriteLogRecord(
        LogRecord(body=f"mail {EMAIL}", severity_number=SeverityNumber.WARN, timestamp=5),
        resource=Resource({"owner": EMAIL}),
    )
    record.log_record.attributes = Hostile(mail=EMAIL)
    guard.on_emit(record)
    assert EMAIL not in repr(vars(record.log_record)) + repr(record.resource)
    assert record.log_record.body == "[REDACTED:content.withheld]"
    assert record.log_record.timestamp == 5
    assert guard.statistics()["quarantined"] == 1


def test_a_policy_decides() -> None:
    """The policy is the argument's; what can't be used is an error that says what."""
    keep = Policy(name="mine", rules=(Rule(category="contact.email", action=Action.UNSAFE_KEEP),))
    record = ReadWriteLogRecord(LogRecord(body=EMAIL))
    GuardLogRecordProcessor(policy=keep).on_emit(record)
    assert record.log_record.body == EMAIL
    with pytest.raises(ConfigurationError, match="policy"):
        GuardLogRecordProcessor(policy="no-such-preset")
    with pytest.raises(ConfigurationError, match="BatchLogRecordProcessor"):
        GuardLogRecordProcessor(object())  # type: ignore[arg-type]


def test_a_forked_child_can_log(provider: LoggerProvider, guard: GuardLogRecordProcessor) -> None:
    """A lock held at the moment of a fork doesn't hang the child."""
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with guard._lock:
            held.set()
            leave.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # ends a child that hangs
        guard.on_emit(ReadWriteLogRecord(LogRecord(body=EMAIL)))
        os._exit(0)
    leave.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
