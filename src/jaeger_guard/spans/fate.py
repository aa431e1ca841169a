"""What is asked about a span's fate while it is scrubbed; the room `sampling` answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Protocol

from opentelemetry.sdk.trace import ReadableSpan

from jaeger_guard.spans.content import SpanContent
from jaeger_guard.types import Finding


class Verdict(Enum):
    """What becomes of an ended span."""

    KEEP = "keep"
    MINIMAL = "minimal"
    DROP = "drop"


class Fate(Protocol):
    """Decides about ended spans, and only ever for less. Threads may share it; nothing raises."""

    @property
    def needs_scrubbed(self) -> bool:
        """Whether it has to see a span's scrubbed content; else `sift` is all that it has to say."""
        ...

    def sift(self, spans: Sequence[ReadableSpan]) -> list[ReadableSpan]:
        """Answer what goes on of a batch, skeletons in the place of spans that are minimal."""
        ...

    def judge(self, content: SpanContent) -> Verdict:
        """Decide by what a span is in the end, before it is scrubbed."""
        ...

    def found(self, content: SpanContent, findings: Sequence[Finding]) -> Verdict:
        """Decide by what was found in it."""
        ...

    def kept(self, content: SpanContent) -> Mapping[str, Any]:
        """Answer the attributes that a minimal span has all the same."""
        ...

    def finish(self, content: SpanContent) -> None:
        """Write into scrubbed content what policy says about it, such as how long it is kept."""
        ...

    def survivors(self, contents: Sequence[SpanContent | None]) -> list[SpanContent]:
        """Answer those of a batch that go on: none that was dropped, or whose local parent was."""
        ...

    def of_resource(self, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer the attributes that a scrubbed resource gets besides."""
        ...
