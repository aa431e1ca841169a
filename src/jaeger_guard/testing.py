"""For tests of services: capture the spans that would leave, and assert that nothing sensitive does.

    spans = CapturedSpans()
    provider.add_span_processor(spans.processor)
    ...
    assert_no_pii(spans)

With pytest, the fixture `guarded_spans` does the first half by itself. `assert_no_pii` also takes spans
that no guard has seen, such as an InMemorySpanExporter's: it then says what a guard would scrub.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from jaeger_guard.processor import PolicySpec, span_scrubber
from jaeger_guard.types import Action, Finding

_KEPT = (Action.KEEP, Action.UNSAFE_KEEP)


class CapturedSpans(Sequence[ReadableSpan]):
    """The spans that ended since it was made or cleared, in the order in which they ended.

    Attributes:
        processor: What to add to a TracerProvider; on a guarded one, spans are captured scrubbed.
    """

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.processor: SpanProcessor = SimpleSpanProcessor(self._exporter)

    def __len__(self) -> int:
        return len(self._exporter.get_finished_spans())

    def __getitem__(self, index: Any) -> Any:
        return self._exporter.get_finished_spans()[index]

    def __iter__(self) -> Iterator[ReadableSpan]:
        return iter(self._exporter.get_finished_spans())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} spans)"  # their names may hold a value

    @property
    def names(self) -> list[str]:
        """The names of the spans."""
        return [span.name for span in self]

    def named(self, name: str) -> ReadableSpan:
        """Return the one span of this name.

        Raises:
            AssertionError: There is none, or more than one.
        """
        found = [span for span in self if span.name == name]
        assert len(found) == 1, f"{len(found)} spans have that name, of {len(self)}"
        return found[0]

    def clear(self) -> None:
        """Forget what was captured."""
        self._exporter.clear()


def assert_no_pii(
    spans: Iterable[ReadableSpan],
    *,
    allow: Iterable[str] = (),
    policy: PolicySpec = "baseline",
) -> None:
    """Assert that no span holds what a policy would scrub, on any surface.

    Args:
        spans: Ended spans, guarded or not.
        allow: Categories that may be there, such as "network.ip", or globs such as "contact.*".
        policy: A preset's name, several, a path, or a Policy.

    Raises:
        AssertionError: Names span, surface, key and category of each finding, never a value.
        ConfigurationError: The policy can't be used.
    """
    allowed = (allow,) if isinstance(allow, str) else tuple(allow)
    scrubber = span_scrubber(policy, "assert_no_pii(policy=)")
    lines = []
    for position, span in enumerate(spans):
        name = scrubber.scrub(span).name
        for finding in scrubber.find(span):
            if finding.action not in _KEPT and not any(
                fnmatchcase(finding.category, pattern) for pattern in allowed
            ):
                lines.append(f"  span {position} {name!r}: {_told(finding)}")
    if lines:
        raise AssertionError(
            f"{len(lines)} sensitive values in spans:\n" + "\n".join(dict.fromkeys(lines))
        )


def _told(finding: Finding) -> str:
    key = f" {finding.key!r}" if finding.key else ""
    return f"{finding.category} in {finding.surface.value}{key}"
