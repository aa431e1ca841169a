"""The signals of OTLP: what each is called in variables, paths and methods, and in our log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal.

    Attributes:
        name: As in OTEL_<NAME>_EXPORTER and OTEL_EXPORTER_OTLP_<NAME>_…, in lower case.
        noun: What it consists of, for people.
        path: The path of OTLP/HTTP (OTLP specification, "OTLP/HTTP Request").
        method: The method of OTLP/gRPC.
    """

    name: str
    noun: str
    path: str
    method: str

    @property
    def prefix(self) -> str:
        """What the signal's variables of an exporter begin with."""
        return f"OTEL_EXPORTER_OTLP_{self.name.upper()}_"

    @property
    def exporters_variable(self) -> str:
        """The variable that names its exporters."""
        return f"OTEL_{self.name.upper()}_EXPORTER"


def _method(package: str, service: str) -> str:
    return f"/opentelemetry.proto.collector.{package}.v1.{service}/Export"


TRACES: Final = Signal("traces", "spans", "/v1/traces", _method("trace", "TraceService"))
METRICS: Final = Signal("metrics", "metrics", "/v1/metrics", _method("metrics", "MetricsService"))
LOGS: Final = Signal("logs", "log records", "/v1/logs", _method("logs", "LogsService"))
