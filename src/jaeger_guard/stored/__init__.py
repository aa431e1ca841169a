"""Traces read back from a store: Jaeger's query API, Jaeger JSON, OTLP JSON, Collector file exports.

Whatever the source, a span is a `StoredSpan`, which `surfaces.walk` visits as it does a live one.
Everything streams: no more than one trace, or one resource with its spans, is in memory.
"""

from jaeger_guard.stored.files import open_file, spans_in
from jaeger_guard.stored.span import Origin, StoredSpan
from jaeger_guard.stored.units import StoredError, Unit, units

__all__ = ["Origin", "StoredError", "StoredSpan", "Unit", "open_file", "spans_in", "units"]
