"""Exporters of metrics and log records: scrubbed, encoded by OpenTelemetry's encoders, sent as spans are.

`OTEL_METRICS_EXPORTER=jaeger_guard` and `OTEL_LOGS_EXPORTER=jaeger_guard` name them where another
distribution builds the providers, and so does a declarative configuration. They hand bytes to
`export.Sender`: its TLS, its credentials, its retries, its bound; nothing of the environment's
REQUESTS_CA_BUNDLE, .netrc or proxies has a say. A backend that takes spans alone is told of once, and
asked no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableSequence, Sequence
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.common._internal.metrics_encoder import (
    OTLPMetricExporterMixin,
)
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExporter,
    MetricExportResult,
    MetricsData,
)
from opentelemetry.sdk.metrics.view import Aggregation

from jaeger_guard.export import Sender
from jaeger_guard.logs import RecordScrubber
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.spans import SpanScrubber
from jaeger_guard.types import Finding, Surface

# What waits for a backend that is away; metrics are cumulative, and soon superseded.
METRICS_BYTES: Final = 4 * 1024 * 1024
LOGS_BYTES: Final = 16 * 1024 * 1024


class GuardMetricExporter(OTLPMetricExporterMixin, MetricExporter):
    """Exports metrics without what a policy finds in their attributes, over TLS.

    Args:
        spans: What scrubs.
        sender: Where to; None: nothing is exported.
        preferred_temporality: By class of instrument; None: as the environment says.
        preferred_aggregation: By class of instrument; None: as the environment says.
    """

    def __init__(
        self,
        spans: SpanScrubber,
        sender: Sender | None,
        preferred_temporality: dict[type, AggregationTemporality] | None = None,
        preferred_aggregation: dict[type, Aggregation] | None = None,
    ) -> None:
        self._common_configuration(preferred_temporality, preferred_aggregation)
        self._scrubber = spans.scrubber
        self._sender = sender

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: Any
    ) -> MetricExportResult:
        """Scrub, encode, and queue; it never raises."""
        if self._sender is None or self._sender.is_refused:
            return MetricExportResult.FAILURE
        try:
            request = encode_metrics(metrics_data)
            points = scrub_metrics(request, self._scrubber)
            payload = request.SerializeToString()
        except Exception:  # noqa: BLE001 - the SDK would log it with its traceback
            return MetricExportResult.FAILURE
        if points:
            self._sender.submit(payload, points)
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Send what was taken before; False where time ran out."""
        return self._sender is None or self._sender.flush(timeout_millis / 1000)

    def shutdown(self, timeout_millis: float = 10_000, **_: Any) -> None:
        """Flush, and stop."""
        if self._sender is not None:
            self._sender.shutdown(timeout_millis / 1000)


class GuardLogRecordExporter(LogRecordExporter):
    """Exports log records as the policy leaves them, over TLS.

    Args:
        spans: What scrubs; None: the processor before it does.
        sender: Where to; None: nothing is exported.
        timeout: Seconds that the end may take.
    """

    def __init__(
        self, spans: SpanScrubber | None, sender: Sender | None, timeout: float = 10.0
    ) -> None:
        self._records = None if spans is None else RecordScrubber(spans)
        self._sender = sender
        self._timeout = timeout

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Scrub, encode, and queue; it never raises."""
        if self._sender is None or self._sender.is_refused:
            return LogRecordExportResult.FAILURE
        records = [self._scrubbed(record) for record in batch]
        try:
            payload = encode_logs(records).SerializeToString()
            count = len(records)
        except Exception:  # noqa: BLE001 - one of them can't be encoded; the others can
            payload, count = self._one_by_one(records)
        if count:
            self._sender.submit(payload, count)
        return LogRecordExportResult.SUCCESS

    def _scrubbed(self, record: ReadableLogRecord) -> ReadableLogRecord:
        if self._records is None:
            return record
        fields = dict(self._records.scrub(record)[0])
        return ReadableLogRecord(limits=getattr(record, "limits", None), **fields)

    @staticmethod
    def _one_by_one(records: Sequence[ReadableLogRecord]) -> tuple[bytes, int]:
        good = []
        for record in records:
            try:
                encode_logs([record]).SerializeToString()
            except Exception:  # noqa: BLE001 - its text quotes the value
                continue
            good.append(record)
        return (encode_logs(good).SerializeToString(), len(good)) if good else (b"", 0)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what was taken before; False where time ran out."""
        return self._sender is None or self._sender.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Flush, and stop."""
        if self._sender is not None:
            self._sender.shutdown(self._timeout)


# --- metrics, encoded ------------------------------------------------------------------------------


def scrub_metrics(request: ExportMetricsServiceRequest, scrubber: Scrubber) -> int:
    """Scrub an encoded request in place; answer how many points it holds.

    Exemplars lose the attributes that a View had filtered out: they hold what it is there to drop.
    """
    points = 0
    text = _text_of(scrubber)
    for resource in request.resource_metrics:
        _scrub_attributes(resource.resource.attributes, scrubber, Surface.RESOURCE)
        for scope in resource.scope_metrics:
            scope.scope.name = text(Surface.SCOPE, scope.scope.name)
            _scrub_attributes(scope.scope.attributes, scrubber, Surface.SCOPE)
            for metric in scope.metrics:
                metric.name = text(Surface.NAME, metric.name)
                metric.description = text(Surface.NAME, metric.description)
                data = getattr(metric, metric.WhichOneof("data") or "gauge")
                for point in data.data_points:
                    points += 1
                    _scrub_attributes(point.attributes, scrubber, Surface.ATTRIBUTE)
                    for exemplar in getattr(point, "exemplars", ()):
                        del exemplar.filtered_attributes[:]
    return points


def _text_of(scrubber: Scrubber) -> Callable[[Surface, str], str]:
    def scrubbed(surface: Surface, text: str) -> str:
        return scrubber.text(surface, text, []) if text else text

    return scrubbed


def _scrub_attributes(
    attributes: MutableSequence[KeyValue], scrubber: Scrubber, surface: Surface
) -> None:
    given: dict[str, Any] = {}
    for pair in attributes:
        kind = pair.value.WhichOneof("value")
        if kind == "array_value":
            given[pair.key] = tuple(
                getattr(value, value.WhichOneof("value") or "string_value")
                for value in pair.value.array_value.values
            )
        elif kind is not None:
            given[pair.key] = getattr(pair.value, kind)
    findings: list[Finding] = []
    scrubbed: Mapping[str, Any] = scrubber.attributes(surface, given, findings)
    if scrubbed is given:
        return
    kept = {key: value for key, value in scrubbed.items() if given.get(key) is value}
    changed = {key: value for key, value in scrubbed.items() if key not in kept}
    unchanged = [pair for pair in attributes if pair.key in kept]
    replaced = [_pair(key, value) for key, value in changed.items()]
    copies = [KeyValue.FromString(pair.SerializeToString()) for pair in unchanged]
    del attributes[:]
    attributes.extend([*copies, *replaced])


def _pair(key: str, value: object) -> KeyValue:
    pair = KeyValue(key=key)
    if isinstance(value, tuple | list):
        for item in value:
            pair.value.array_value.values.add().string_value = str(item)
    else:
        pair.value.string_value = str(value)
    return pair
