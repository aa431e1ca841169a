"""The SDK's spans: the adapter that knows their insides, the guarded view, the quarantine."""

from __future__ import annotations

from jaeger_guard.spans.content import EventContent, LinkContent, SpanContent
from jaeger_guard.spans.guarded import GuardedSpan, GuardedState
from jaeger_guard.spans.quarantine import QUARANTINE_ATTRIBUTE, QUARANTINED_NAME, quarantine
from jaeger_guard.spans.scrubbing import SpanScrubber

__all__ = [
    "QUARANTINED_NAME",
    "QUARANTINE_ATTRIBUTE",
    "EventContent",
    "GuardedSpan",
    "GuardedState",
    "LinkContent",
    "SpanContent",
    "SpanScrubber",
    "quarantine",
]
