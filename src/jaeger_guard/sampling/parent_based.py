"""The default of OTEL_TRACES_SAMPLER, parentbased_always_on, at half of what the SDK's takes.

Each span of an application asks its sampler, on the application's own thread. The SDK's asks another
one, which looks the parent up once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceFlags, get_current_span
from opentelemetry.trace.span import TraceState
from opentelemetry.util.types import Attributes

_SAMPLED: Final = TraceFlags.SAMPLED
_PLAIN_ROOT: Final = SamplingResult(Decision.RECORD_AND_SAMPLE)


class ParentBasedAlwaysOn(ParentBased):
    """Decides as `opentelemetry.sdk.trace.sampling.DEFAULT_ON` does."""

    def __init__(self) -> None:
        super().__init__(ALWAYS_ON)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Keep a root, and what its parent kept."""
        parent = get_current_span(parent_context).get_span_context()
        if parent is None or not parent.is_valid:
            if attributes is None:
                return _PLAIN_ROOT
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes)
        if parent.trace_flags & _SAMPLED:
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, parent.trace_state)
        return SamplingResult(Decision.DROP, None, parent.trace_state)
