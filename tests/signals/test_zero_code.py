"""What zero-code builds of metrics and logs, in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry._logs import _internal as logs_api
from opentelemetry.metrics import _internal as metrics_api
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.util._once import Once

from jaeger_guard import ConfigurationError, Guard, GuardLogRecordProcessor, protect
from jaeger_guard.configuration.signals import guard_other_signals, start_logs, start_metrics
from servers.otlp_sink import HttpSink

MAIL = "ada.lovelace" + "@example.org"
ASKED = {
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
}


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guard]:
    """A guard, in a process without providers of other signals."""
    monkeypatch.setattr(logs_api, "_LOGGER_PROVIDER", None)
    monkeypatch.setattr(logs_api, "_LOGGER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(metrics_api, "_METER_PROVIDER", None)
    monkeypatch.setattr(metrics_api, "_METER_PROVIDER_SET_ONCE", Once())
    made = protect(TracerProvider(shutdown_on_exit=False))
    yield made
    made.shutdown()


def test_they_are_flushed_counted_and_shut_down_with_the_guard(guard: Guard) -> None:
    """One call is for all three; what was sent of each is counted under its name."""
    with HttpSink() as sink:
        environ = {**ASKED, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint}
        start_metrics(guard, environ)
        start_logs(guard, environ)
        meters, loggers = metrics_api._METER_PROVIDER, logs_api._LOGGER_PROVIDER
        assert meters is not None
        assert loggers is not None
        meters.get_meter("m").create_counter("orders").add(1, {"customer": MAIL})
        loggers.get_logger("l").emit(body=f"mail to {MAIL}")
        assert guard.force_flush()
        counts = guard.statistics()
        assert counts["metrics"]["sent"] >= 1
        assert counts["logs"]["sent"] == 1
        assert b"lovelace" not in b"".join(sink.received)
        guard.shutdown()
        assert {entry[":path"] for entry in sink.metadata} == {"/v1/metrics", "/v1/logs"}


def test_nothing_that_was_not_asked_for(guard: Guard) -> None:
    """Without a variable, with `none`, or where the guard is off, no provider is made."""
    for environ in ({}, {"OTEL_LOGS_EXPORTER": "none"}, {**ASKED, "JAEGER_GUARD_ENABLED": "false"}):
        start_metrics(guard, environ)
        start_logs(guard, environ)
    assert metrics_api._METER_PROVIDER is None
    assert logs_api._LOGGER_PROVIDER is None


@pytest.mark.parametrize(
    ("environ", "where"),
    [
        ({"OTEL_METRICS_EXPORTER": "prometheus"}, "OTEL_METRICS_EXPORTER"),
        (
            {**ASKED, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "s3cret"},
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        ),
    ],
)
def test_what_cannot_be_honoured(guard: Guard, environ: dict[str, str], where: str) -> None:
    """It is an error that names the variable, never its text."""
    with pytest.raises(ConfigurationError) as caught:
        start_metrics(guard, environ)
    assert caught.value.where == where
    assert "s3cret" not in str(caught.value)


def test_the_console(guard: Guard, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is scrubbed, too."""
    start_metrics(guard, {"OTEL_METRICS_EXPORTER": "console"})
    start_logs(guard, {"OTEL_LOGS_EXPORTER": "console"})
    meters, loggers = metrics_api._METER_PROVIDER, logs_api._LOGGER_PROVIDER
    assert meters is not None
    assert loggers is not None
    counter = meters.get_meter("m").create_counter("orders")
    counter.add(1, {"http.route": "/orders", "error.type": MAIL})
    loggers.get_logger("l").emit(body=f"mail to {MAIL}")
    assert guard.force_flush()
    printed = capsys.readouterr().out
    assert "/orders" in printed
    assert "mail to" in printed
    assert "lovelace" not in printed


def test_providers_of_somebody_elses(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard's processor comes first in a LoggerProvider, once, and what can't be known is told."""
    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

    exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    monkeypatch.setattr(logs_api, "_LOGGER_PROVIDER", provider)
    monkeypatch.setattr(metrics_api, "_METER_PROVIDER", MeterProvider(shutdown_on_exit=False))
    for _ in range(2):
        guard_other_signals(guard)
    first, *others = provider._multi_log_record_processor._log_record_processors
    assert isinstance(first, GuardLogRecordProcessor)
    assert len(others) == 1
    provider.get_logger("l").emit(body=f"mail to {MAIL}")
    assert "lovelace" not in exporter.get_finished_logs()[0].to_json()
    with pytest.raises(ConfigurationError, match="installed already"):
        start_logs(guard, ASKED)
