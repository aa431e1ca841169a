"""The verdict: what leaked, what is missing, and what the search can't prove."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from jaeger_guard.cli.demo.comparison import Comparison, Row, compare
from jaeger_guard.cli.demo.planted import CARD, EMAIL, PLANTED, SECOND_CARD
from jaeger_guard.cli.demo.rehearsal import Run

EVERYTHING = " ".join(planted.value for planted in PLANTED)


def payload(*spans: Span) -> bytes:
    """Encode a request."""
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(spans)
    return bytes(request.SerializeToString())


def span(
    number: int = 1,
    parent: int = 0,
    attributes: Mapping[str, str | int] | None = None,
    **more: str | int,
) -> Span:
    """Make a span of one trace."""
    made = Span(
        trace_id=b"t" * 16,
        span_id=bytes([number]) * 8,
        parent_span_id=bytes([parent]) * 8 if parent else b"",
        name=f"span {number}",
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=number,
    )
    for key, value in {**(attributes or {}), **more}.items():
        wrapped = (
            AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
        )
        made.attributes.append(KeyValue(key=key, value=wrapped))
    return made


def verdict(plain: list[Span], guarded: list[Span], log: str = "") -> Comparison:
    """Compare two runs of so many spans."""
    return compare(Run((payload(*plain),), ""), Run((payload(*guarded),), log))


def test_all_withheld_passes() -> None:
    """Where everything planted left without the guard and nothing with it, the demo passes."""
    comparison = verdict([span(note=EVERYTHING)], [span(note="[REDACTED:contact.email]")])
    assert comparison.passed
    assert comparison.closing_line == f"planted values: {len(PLANTED)}, leaked: 0"


def test_one_leak_fails() -> None:
    """One value in one span is enough."""
    comparison = verdict([span(note=EVERYTHING)], [span(note=f"to {EMAIL.value}")])
    assert not comparison.passed
    assert comparison.leaked == (EMAIL,)
    assert comparison.closing_line.endswith("leaked: 1")


def test_a_number_can_leak() -> None:
    """A card as an integer is found, although no byte of the payload spells it."""
    comparison = verdict([span(note=EVERYTHING)], [span(note=int(SECOND_CARD.value))])
    assert comparison.leaked == (SECOND_CARD,)


def test_the_log_can_leak() -> None:
    """What the guard's own log says is searched as well."""
    comparison = verdict([span(note=EVERYTHING)], [span()], log=f"could not send {CARD.value}")
    assert comparison.leaked == (CARD,)


def test_a_control_without_a_value_proves_nothing() -> None:
    """Where the plain run did not hold a value, not finding it is no proof, and the demo fails."""
    comparison = verdict([span(note=EMAIL.value)], [span(note="x")])
    assert EMAIL not in comparison.unproven
    assert len(comparison.unproven) == len(PLANTED) - 1
    assert not comparison.passed


def test_no_spans_at_all_fail() -> None:
    """Two empty runs are no success."""
    assert not verdict([], []).passed


def test_a_missing_span_fails() -> None:
    """A span that did not leave with the guard is counted, shown, and fails the demo."""
    comparison = verdict([span(1, note=EVERYTHING), span(2, 1)], [span(1, note="x")])
    assert (comparison.spans, comparison.missing, comparison.passed) == (2, 1, False)
    assert [pair.missing for pair in comparison.stories[0].pairs] == [False, True]


def test_a_span_with_another_parent_is_missing() -> None:
    """Ids, parent, kind and status must be the same; else it is another span."""
    plain = [span(1, note=EVERYTHING), span(2, 1)]
    comparison = verdict(plain, [span(1), span(2)])
    assert (comparison.missing, comparison.added, comparison.passed) == (1, 1, False)


def test_spans_stand_below_their_parents() -> None:
    """A trace is told from its root down, children by their start."""
    family = [span(4, 1), span(3, 2), span(2, 1), span(1, note=EVERYTHING)]
    pairs = verdict(family, family).stories[0].pairs
    assert [(pair.span.name, pair.depth) for pair in pairs] == [
        ("span 1", 0),
        ("span 2", 1),
        ("span 3", 2),
        ("span 4", 1),
    ]


def rows(plain: Span, guarded: Span) -> list[Row]:
    """Put the values of one span side by side, without its name."""
    return list(verdict([plain], [guarded]).stories[0].pairs[0].rows[1:])


def test_a_key_that_was_scrubbed_keeps_its_value_beside_it() -> None:
    """A value whose key has changed stands in the same row as before."""
    plain = span(attributes={"a": "1", f"cart.{EMAIL.value}": 2, "b": "3"})
    (first, second, third) = rows(
        plain, span(attributes={"a": "1", "[REDACTED:contact.email]": 2, "b": "3"})
    )
    assert (first.changed, second.changed, third.changed) == (False, True, False)
    assert (second.key_left, second.left) == ("[REDACTED:contact.email]", "2")


def test_what_was_dropped_or_added_is_a_change() -> None:
    """A value on one side alone is shown as such."""
    (dropped,) = rows(span(a="1"), span())
    assert (dropped.left, dropped.changed, dropped.held_planted) == (None, True, False)
    (added,) = rows(span(), span(a="1"))
    assert (added.without, added.changed) == (None, True)


def test_what_differs_between_any_two_runs_is_no_change() -> None:
    """Ephemeral ports and addresses in memory are not the guard's doing."""
    plain = span(attributes={"client.port": 50001, "note": "<Shop object at 0x7f001122aabb>"})
    guarded = span(attributes={"client.port": 50002, "note": "<Shop object at 0x7f003344ccdd>"})
    assert [row.changed for row in rows(plain, guarded)] == [False, False]
