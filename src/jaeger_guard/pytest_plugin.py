"""The pytest plugin: the fixture `guarded_spans`, in any suite that has jaeger_guard installed.

Nothing is imported until a test asks for it: pytest loads plugins in every run, before coverage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from jaeger_guard.testing import CapturedSpans


@pytest.fixture
def guarded_spans() -> Iterator[CapturedSpans]:
    """The spans that the test's code ends through the global provider, as they would leave: scrubbed.

    A provider that is guarded already keeps its policy. Any other TracerProvider of the SDK that is
    installed is guarded; else one is installed, and stays for the rest of the run, as OpenTelemetry
    permits only one. Nothing is exported by it.
    """
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    from jaeger_guard import protect
    from jaeger_guard.processor import ConcurrentGuard, GuardSpanProcessor
    from jaeger_guard.testing import CapturedSpans

    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider(shutdown_on_exit=False)
        trace.set_tracer_provider(provider)
    if not isinstance(provider._active_span_processor, GuardSpanProcessor | ConcurrentGuard):
        protect(provider)
    captured = CapturedSpans()
    provider.add_span_processor(captured.processor)
    yield captured
    captured.processor.shutdown()
    multi = provider._active_span_processor
    multi._span_processors = tuple(
        processor for processor in multi._span_processors if processor is not captured.processor
    )
