"""The SDK's spans: the adapter that knows their insides, the guarded view, the quarantine."""

from __future__ import annotations

from jaeger_guard.spans.content import EventContent, LinkContent, SpanContent
from jaeger_guard.spans.fate import Fate, Verdict
from jaeger_guard.spans.guarded import GuardedSpan, GuardedState
from jaeger_guard.spans.minimal import is_minimal, minimal_content, minimal_span, with_attribute
from jaeger_guard.spans.quarantine import QUARANTINE_ATTRIBUTE, QUARANTINED_NAME, quarantine
from jaeger_guard.spans.scrubbing import SpanScrubber

__all__ = [
    "QUARANTINED_NAME",
    "QUARANTINE_ATTRIBUTE",
    "EventContent",
    "Fate",
    "GuardedSpan",
    "GuardedState",
    "LinkContent",
    "SpanContent",
    "SpanScrubber",
    "Verdict",
    "is_minimal",
    "minimal_content",
    "minimal_span",
    "quarantine",
    "with_attribute",
]
