"""The exporter for providers whose exporters are chosen by name: scrubs, encodes, sends over TLS.

`OTEL_TRACES_EXPORTER=jaeger_guard`, or in a declarative configuration:

    tracer_provider:
      processors:
        - batch: {exporter: {jaeger_guard: {endpoint: "https://jaeger:4317"}}}

It exports by the same pipeline as `configure()` does, so what it is given may be raw or guarded.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from jaeger_guard.batching import Batching
from jaeger_guard.configuration.environment import Switches
from jaeger_guard.configuration.exporters import build_pipeline
from jaeger_guard.configuration.policies import choose_scrubber
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import Export
from jaeger_guard.processor import PolicySpec


class GuardSpanExporter(SpanExporter):
    """An exporter of the SDK that lets only scrubbed spans out, over TLS.

    Args:
        policy: A preset's name, several, a path, or a Policy. Default: JAEGER_GUARD_POLICY, else
            "baseline".
        fields: Those of `Export`; what is left out comes from the environment.

    Raises:
        ConfigurationError: A setting can't be honoured.
    """

    def __init__(self, policy: PolicySpec | None = None, **fields: Any) -> None:
        environ = os.environ
        switches = Switches.read(environ)
        try:
            export = Export(**fields)
        except TypeError:  # its text would quote what was given
            raise ConfigurationError(
                "a field that Export doesn't have",
                "exporter jaeger_guard",
                f"Use some of {', '.join(Export.__slots__)}",
            ) from None
        spans = choose_scrubber(policy, environ, switches, "exporter jaeger_guard: policy")
        self._pipeline = None
        if switches.enabled and not switches.disabled_sdk:
            resolved = export.resolve(environ)
            self._pipeline = build_pipeline(spans, resolved, Batching.from_environment(environ))

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take spans; they are scrubbed, encoded and sent by threads of its own."""
        if self._pipeline is not None:
            for span in spans:
                self._pipeline.on_end(span)
        return SpanExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send everything that was taken before; False where time ran out."""
        return self._pipeline is None or self._pipeline.force_flush(timeout_millis)

    def shutdown(self) -> None:
        """Flush within the deadline (OTEL_BSP_EXPORT_TIMEOUT, 10 s), and stop."""
        if self._pipeline is not None:
            self._pipeline.shutdown()
