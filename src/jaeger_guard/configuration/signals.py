"""Metrics and logs of the same SDK, for zero-code: providers that export under the rules for spans.

Each is set up only where its variable names an exporter (`OTEL_METRICS_EXPORTER`,
`OTEL_LOGS_EXPORTER`): a Jaeger takes traces alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import _logs, metrics
from opentelemetry._logs import _internal as logs_api
from opentelemetry.metrics import _internal as metrics_api
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    ConsoleLogRecordExporter,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    ConsoleMetricExporter,
    MetricsData,
    PeriodicExportingMetricReader,
)

from jaeger_guard.configuration.environment import Switches
from jaeger_guard.configuration.policies import choose_scrubber
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import Export, Sender
from jaeger_guard.export.settings import EXPORTERS_WITH_PROTOCOL
from jaeger_guard.export.signals import LOGS, METRICS, Signal
from jaeger_guard.logs import GuardLogRecordProcessor
from jaeger_guard.signals import (
    GuardLogRecordExporter,
    GuardMetricExporter,
    limit_metrics,
    limited_view,
)
from jaeger_guard.signals.exporters import LOGS_BYTES, METRICS_BYTES
from jaeger_guard.spans import SpanScrubber

if TYPE_CHECKING:
    from jaeger_guard.guard import Guard

_SENDING: Final = frozenset({"otlp", "jaeger_guard", *EXPORTERS_WITH_PROTOCOL})
_MODULES: Final = {
    METRICS: "opentelemetry.proto.collector.metrics.v1.metrics_service_pb2",
    LOGS: "opentelemetry.proto.collector.logs.v1.logs_service_pb2",
}
_CHOICES: Final = {
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": ("cumulative", "delta", "lowmemory"),
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": (
        "explicit_bucket_histogram",
        "base2_exponential_bucket_histogram",
    ),
}


def named_exporters(environ: Mapping[str, str], signal: Signal) -> frozenset[str]:
    """Return the exporters that a signal's variable names, none without it.

    Raises:
        ConfigurationError: It names one that isn't known here.
    """
    text = environ.get(signal.exporters_variable, "").strip().lower()
    named = frozenset(name.strip() for name in text.split(",") if name.strip())
    if not named <= _SENDING | {"console", "none"}:
        raise ConfigurationError(
            "an exporter that this configurator doesn't know",
            signal.exporters_variable,
            "Set otlp, console or none",
        )
    return named - {"none"}


def start_metrics(guard: Guard, environ: Mapping[str, str]) -> None:
    """Build and install a MeterProvider, where OTEL_METRICS_EXPORTER names an exporter.

    Raises:
        ConfigurationError: A setting can't be honoured.
    """
    named = _asked_for(environ, METRICS)
    if not named:
        return
    _refuse_installed(metrics_api._METER_PROVIDER, "MeterProvider", METRICS)
    _check_choices(environ)
    spans = guard.scrubber
    readers = []
    sender = None
    if named & _SENDING:
        sender = build_sender(Export(), environ, METRICS, METRICS_BYTES)
        readers.append(PeriodicExportingMetricReader(GuardMetricExporter(spans, sender)))
    if "console" in named:
        readers.append(PeriodicExportingMetricReader(_console(spans)))
    table = spans.scrubber.policy.metrics
    provider = MeterProvider(
        metric_readers=readers,
        resource=spans.resource(guard.tracer_provider.resource),
        views=[limited_view(() if table is None else table.attributes)],
    )
    metrics.set_meter_provider(provider)
    guard.attach(provider, METRICS.name, sender)


def start_logs(guard: Guard, environ: Mapping[str, str]) -> None:
    """Build and install a LoggerProvider, where OTEL_LOGS_EXPORTER names an exporter.

    Raises:
        ConfigurationError: A setting can't be honoured.
    """
    named = _asked_for(environ, LOGS)
    if not named:
        return
    _refuse_installed(logs_api._LOGGER_PROVIDER, "LoggerProvider", LOGS)
    spans = guard.scrubber
    sender = None
    provider = LoggerProvider(resource=guard.tracer_provider.resource)
    provider.add_log_record_processor(GuardLogRecordProcessor.around(spans))  # before any other
    if named & _SENDING:
        sender = build_sender(Export(), environ, LOGS, LOGS_BYTES)
        exporter = GuardLogRecordExporter(None, sender)
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    if "console" in named:
        provider.add_log_record_processor(
            SimpleLogRecordProcessor(ConsoleLogRecordExporter(out=sys.stdout))
        )
    _logs.set_logger_provider(provider)
    guard.attach(provider, LOGS.name, sender)


def guard_other_signals(guard: Guard) -> None:
    """Guard the global providers of logs and metrics that somebody else built.

    Log records are scrubbed before any processor sees them. What attributes metrics have is limited, for
    instruments that are made from now on.

    Raises:
        ConfigurationError: A provider isn't the SDK's, or not as we know it.
    """
    spans = guard.scrubber
    loggers: Any = logs_api._LOGGER_PROVIDER
    meters: Any = metrics_api._METER_PROVIDER
    if isinstance(loggers, LoggerProvider):
        _put_first(loggers, spans)
    if isinstance(meters, MeterProvider):
        table = spans.scrubber.policy.metrics
        limit_metrics(meters, () if table is None else table.attributes)


def _put_first(provider: LoggerProvider, spans: SpanScrubber) -> None:
    multi = provider._multi_log_record_processor
    listed = getattr(multi, "_log_record_processors", None)
    if not isinstance(listed, tuple):
        raise ConfigurationError(
            f"the processor of a LoggerProvider is a {type(multi).__name__}, which can't be guarded",
            "LoggerProvider",
            "Add GuardLogRecordProcessor() before any other",
        )
    if listed and isinstance(listed[0], GuardLogRecordProcessor):
        return
    with multi._lock:
        multi._log_record_processors = (
            GuardLogRecordProcessor.around(spans),
            *multi._log_record_processors,
        )


class ConfiguredMetricExporter(GuardMetricExporter):
    """The exporter `jaeger_guard` of metrics, for who chooses exporters by name.

    Args:
        preferred_temporality: By class of instrument.
        preferred_aggregation: By class of instrument.
        fields: Those of `Export`; what is left out comes from the environment.

    Raises:
        ConfigurationError: A setting can't be honoured.
    """

    def __init__(
        self, preferred_temporality: Any = None, preferred_aggregation: Any = None, **fields: Any
    ) -> None:
        spans, sender = _configured(METRICS, METRICS_BYTES, fields)
        super().__init__(spans, sender, preferred_temporality, preferred_aggregation)


class ConfiguredLogRecordExporter(GuardLogRecordExporter):
    """The exporter `jaeger_guard` of log records, for who chooses exporters by name.

    Args:
        fields: Those of `Export`; what is left out comes from the environment.

    Raises:
        ConfigurationError: A setting can't be honoured.
    """

    def __init__(self, **fields: Any) -> None:
        super().__init__(*_configured(LOGS, LOGS_BYTES, fields))


def _configured(
    signal: Signal, max_bytes: int, fields: Mapping[str, Any]
) -> tuple[SpanScrubber, Sender | None]:
    where = f"exporter jaeger_guard of {signal.name}"
    try:
        export = Export(**fields)
    except TypeError:  # its text would quote what was given
        raise ConfigurationError(
            "a field that Export doesn't have", where, f"Use some of {', '.join(Export.__slots__)}"
        ) from None
    switches = Switches.read(os.environ)
    spans = choose_scrubber(None, os.environ, switches, where)
    if not switches.enabled or switches.disabled_sdk:
        return spans, None
    return spans, build_sender(export, os.environ, signal, max_bytes)


def build_sender(
    export: Export, environ: Mapping[str, str], signal: Signal, max_bytes: int
) -> Sender:
    """Build what sends a signal; nothing connects before the first payload.

    Raises:
        ConfigurationError: A setting can't be honoured.
    """
    import_module(_MODULES[signal])  # not later, in a thread, while the process forks
    return Sender.to(export.resolve(environ, signal), max_bytes=max_bytes)


def _asked_for(environ: Mapping[str, str], signal: Signal) -> frozenset[str]:
    switches = Switches.read(environ)
    named = named_exporters(environ, signal)
    return named if switches.enabled and not switches.disabled_sdk else frozenset()


def _refuse_installed(provider: object, kind: str, signal: Signal) -> None:
    if provider is not None:
        raise ConfigurationError(
            f"a {kind} is installed already",
            signal.exporters_variable,
            f"Set {signal.exporters_variable}=none, or leave the provider to this configurator",
        )


def _check_choices(environ: Mapping[str, str]) -> None:
    """Refuse what the SDK would log with its text, and go on without."""
    for variable, choices in _CHOICES.items():
        text = environ.get(variable, "").strip().lower()
        if text and text not in choices:
            raise ConfigurationError(
                "not a known choice", variable, f"Set one of {', '.join(choices)}"
            )


def _console(spans: SpanScrubber) -> ConsoleMetricExporter:
    def formatted(data: MetricsData) -> str:
        text, found = spans.scrubber.value("", data.to_json())
        return "" if found.dropped else f"{text}\n"

    return ConsoleMetricExporter(out=sys.stdout, formatter=formatted)
