"""Metrics and log records of the same SDK, exported by the same transports under the same rules."""

from __future__ import annotations

from jaeger_guard.signals.exporters import GuardLogRecordExporter, GuardMetricExporter
from jaeger_guard.signals.views import AllowedKeys, limit_metrics, limited_view

__all__ = [
    "AllowedKeys",
    "GuardLogRecordExporter",
    "GuardMetricExporter",
    "limit_metrics",
    "limited_view",
]
