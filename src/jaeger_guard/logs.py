"""GuardLogRecordProcessor: log records of the same SDK, scrubbed by the same engine.

Theory of operation. The SDK hands one record to all processors in the order in which they were added,
and batches keep what they got. So this processor has to be the first, or to hold the others:

    provider.add_log_record_processor(GuardLogRecordProcessor())        # before any other
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))

    GuardLogRecordProcessor(BatchLogRecordProcessor(exporter))          # the same, in one

What it changes is the SDK's envelope alone: the record within is replaced by a scrubbed copy, so that
a record which the application keeps, and may emit again, stays as it is. A record that can't be
scrubbed goes on without its content. Nothing here writes a log line: it would come back as a record.
"""

from __future__ import annotations

import copy
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource

from jaeger_guard.categories import CONTENT_WITHHELD
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.forks import call_in_forked_children
from jaeger_guard.keys.wraps import KEYS_ATTRIBUTE
from jaeger_guard.markers import marker
from jaeger_guard.processor import Isolation, PolicySpec, span_scrubber
from jaeger_guard.scrubber import SpanFindings
from jaeger_guard.spans import SpanScrubber
from jaeger_guard.types import Finding, Surface


class GuardLogRecordProcessor(LogRecordProcessor):
    """Scrubs the body, attributes, event name, resource and scope of each log record.

    It works on the thread that logs, since the SDK's batches keep the record that they are given.

    Args:
        processors: Processors behind it, in order; those added to the provider later are, too.
        policy: A preset's name, several, a path, or a Policy.

    Raises:
        ConfigurationError: The policy can't be used, or an argument isn't a log record processor.
    """

    def __init__(self, *processors: LogRecordProcessor, policy: PolicySpec = "baseline") -> None:
        for processor in processors:
            if not isinstance(processor, LogRecordProcessor):
                raise ConfigurationError(
                    f"a {type(processor).__name__} is not a log record processor",
                    "GuardLogRecordProcessor(*processors)",
                    "Wrap an exporter in BatchLogRecordProcessor(...)",
                )
        self._start(span_scrubber(policy, "GuardLogRecordProcessor(policy=)"), processors)

    @classmethod
    def around(
        cls, spans: SpanScrubber, *processors: LogRecordProcessor
    ) -> GuardLogRecordProcessor:
        """Build one that shares what scrubs spans."""
        made = cls.__new__(cls)
        made._start(spans, processors)
        return made

    def _start(self, spans: SpanScrubber, processors: tuple[LogRecordProcessor, ...]) -> None:
        self._scrubber = RecordScrubber(spans)
        self._processors = processors
        self._isolation = Isolation()
        self._renew_lock()
        call_in_forked_children(self._renew_lock)
        self._records: Counter[str] = Counter()
        self._findings: Counter[tuple[str, str, str]] = Counter()

    def _renew_lock(self) -> None:
        self._lock = threading.RLock()  # re-entrant: a signal handler may log

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Put a scrubbed copy into the envelope, and pass it on."""
        fields, findings = self._scrubber.scrub(log_record)
        log_record.__dict__.update(fields)
        with self._lock:
            self._records["quarantined" if findings is None else "scrubbed"] += 1
            for finding in findings or ():
                self._findings[finding.category, finding.surface.value, finding.action.value] += 1
        for processor in self._processors:
            try:
                processor.on_emit(log_record)
            except Exception as error:  # noqa: BLE001 - a foreign processor raises anything
                self._isolation.note(processor, "on_emit", error)

    def statistics(self) -> dict[str, Any]:
        """Return counts: records `scrubbed` and `quarantined`, and `findings` as `Guard` has them."""
        with self._lock:
            return {
                "scrubbed": self._records["scrubbed"],
                "quarantined": self._records["quarantined"],
                "findings": {
                    "/".join(labels): count for labels, count in sorted(self._findings.items())
                },
                "processor_failures": self._isolation.counts(),
            }

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Flush the processors behind it; False where one did not finish."""
        finished = [
            self._call(processor, "force_flush", timeout_millis) for processor in self._processors
        ]
        return all(finished)

    def shutdown(self) -> None:
        """Shut down the processors behind it."""
        for processor in self._processors:
            self._call(processor, "shutdown")

    def _call(self, processor: LogRecordProcessor, method: str, *arguments: Any) -> bool:
        try:
            return getattr(processor, method)(*arguments) is not False
        except Exception as error:  # noqa: BLE001 - its siblings are served all the same
            self._isolation.note(processor, method, error)
            return False


class RecordScrubber:
    """Scrubs one log record at a time, by the engine that scrubs spans.

    Args:
        spans: What scrubs.
    """

    def __init__(self, spans: SpanScrubber) -> None:
        self._spans = spans

    def scrub(
        self, envelope: ReadWriteLogRecord | ReadableLogRecord
    ) -> tuple[Mapping[str, Any], list[Finding] | None]:
        """Return the fields of the envelope that are to be replaced, and what was found.

        Where it can't be scrubbed, they are those of its skeleton, and the second is None.
        """
        findings = SpanFindings()
        try:
            return self._scrub(envelope, findings), findings
        except Exception:  # noqa: BLE001 - one border per record; its text may hold a value
            return _skeleton(envelope), None

    def _scrub(
        self, envelope: ReadWriteLogRecord | ReadableLogRecord, findings: SpanFindings
    ) -> Mapping[str, Any]:
        scrubber = self._spans.scrubber
        record = copy.copy(envelope.log_record)
        body, found = scrubber.value("", record.body)
        scrubber.report(found, Surface.ATTRIBUTE, "", findings)
        record.body = None if found.dropped else body
        given = record.attributes or {}
        attributes = scrubber.attributes(Surface.ATTRIBUTE, dict(given), findings)
        if findings.used:
            attributes = {**attributes, KEYS_ATTRIBUTE: findings.wraps}
        record.attributes = _bounded(attributes, getattr(given, "dropped", 0))
        for field in ("event_name", "severity_text"):
            text = getattr(record, field)
            if text:
                setattr(record, field, scrubber.text(Surface.NAME, text, findings))
        # Its text is among the attributes; the exception and its frames hold raw values.
        record.exception = None
        resource, scope = envelope.resource, envelope.instrumentation_scope
        return {
            "log_record": record,
            "resource": None if resource is None else self._spans.resource(resource),
            "instrumentation_scope": None if scope is None else self._spans.scope(scope),
        }


def _bounded(attributes: Mapping[str, Any], dropped: int) -> BoundedAttributes:
    """Return attributes as the SDK's envelope holds them, which counts what its limits dropped."""
    bounded = BoundedAttributes(attributes=dict(attributes), immutable=False)
    bounded.dropped = dropped
    return bounded


def _skeleton(envelope: ReadWriteLogRecord | ReadableLogRecord) -> Mapping[str, Any]:
    """Return what goes on of a record that can't be scrubbed: its times, severity and trace."""
    record = copy.copy(envelope.log_record)
    record.body = marker(CONTENT_WITHHELD)
    record.attributes = _bounded({}, len(record.attributes or ()))
    record.event_name = record.severity_text = record.exception = None
    return {
        "log_record": record,
        "resource": Resource.get_empty(),
        "instrumentation_scope": None,
    }
