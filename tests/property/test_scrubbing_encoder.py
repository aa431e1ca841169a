"""Scrubbing and encoding in one pass gives what scrubbing first and encoding then does, for any span."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

from jaeger_guard.policy import Policy, Rule, compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.spans import SpanScrubber
from jaeger_guard.wire import Encoder, ScrubbingEncoder

MODERATE = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

BASELINE = compile_policy(load_policy("baseline", "the test"))
DROPPING = compile_policy(
    Policy(
        name="dropping",
        extends=("baseline",),
        rules=(
            Rule(category="contact.email", action="drop"),
            Rule(key="internal.*", action="drop"),
            Rule(key="raw.*", action="unsafe_keep"),
            Rule(key="flag.*", action="redact"),
        ),
    )
)
TOKEN = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
TEXTS = (
    *("", "GET", "/users/{id}", "hunter2", "ana@shop.example.com", f"to {TOKEN}", "1", "true"),
    *("203.0.113.7", "SELECT a FROM t WHERE b = 'x'", "https://a.example/b?token=abc&page=2"),
    *("\x00", "a\x00b", "\x1f", "x\ud800", "4111 1111 1111 1111", "é", "\uff11", "x" * 300),
    *("550e8400-e29b-41d4-a716-446655440000", "password=hunter2", "[REDACTED:contact.email]"),
)
KEYS = (
    *("http.route", "url.full", "db.query.text", "order.note", "password", "client.address", "n"),
    *("order_id", "code", "internal.x", "raw.x", "flag.x", "", "ana@shop.example.com", TOKEN),
    *("server.address", "http.request.header.x-id", "k" * 300, "[REDACTED:contact.email]"),
)
texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=8))
numbers = st.sampled_from([0, 1, 2, 443, 2**40, 2**70, -1, 4111111111111111, 491701234567])
values = st.one_of(
    texts,
    numbers,
    st.booleans(),
    st.sampled_from([0.0, -0.0, 1.0, 2.5, float("nan"), 4111111111111111.0]),
    st.sampled_from([None, b"x", b"\xff", b"ana@shop.example.com"]),
    st.lists(st.one_of(texts, numbers, st.booleans()), max_size=3).map(tuple),
    st.dictionaries(st.sampled_from(("a", "password")), texts, max_size=2),
)
mappings = st.dictionaries(
    st.one_of(st.sampled_from(KEYS), st.text(max_size=5)), values, max_size=6
)


def frozen(content: Mapping[str, Any], dropped: int = 0) -> BoundedAttributes:
    """Attributes as a span of the SDK has them when it has ended."""
    attributes = BoundedAttributes(immutable=True)
    attributes._dict = dict(content)
    attributes.dropped = dropped
    return attributes


attributes = st.one_of(st.builds(frozen, mappings, st.sampled_from([0, 0, 3])), mappings, st.none())
states = st.sampled_from(
    [
        None,
        TraceState([]),
        TraceState([("rojo", "1")]),
        TraceState([("vendor", TOKEN), ("rojo", "1")]),
    ]
)
contexts = st.builds(
    SpanContext,
    trace_id=st.integers(1, 2**128 - 1),
    span_id=st.integers(1, 2**64 - 1),
    is_remote=st.booleans(),
    trace_flags=st.just(TraceFlags(1)),
    trace_state=states,
)
times = st.one_of(st.integers(1, 2**64 - 1), st.sampled_from([None, 0, -1, 2**70, 1.5]))
events = st.builds(Event, name=texts, attributes=attributes, timestamp=st.integers(0, 2**64))
links = st.builds(Link, context=contexts, attributes=attributes)
RESOURCES = (Resource({"service.name": "shop"}), Resource({"note": TOKEN}, "https://a.example"))
SCOPES = (None, InstrumentationScope("flask", "1.0"), InstrumentationScope("x", TOKEN))
spans = st.builds(
    ReadableSpan,
    name=texts,
    context=contexts,
    parent=st.one_of(st.none(), contexts),
    resource=st.sampled_from(RESOURCES),
    attributes=attributes,
    events=st.lists(events, max_size=2),
    links=st.lists(links, max_size=2),
    kind=st.sampled_from(SpanKind),
    status=st.one_of(
        st.sampled_from([None, Status(), Status(StatusCode.OK)]),
        st.builds(Status, st.just(StatusCode.ERROR), texts),
    ),
    start_time=times,
    end_time=times,
    instrumentation_scope=st.sampled_from(SCOPES),
)


def plainly(batch: Sequence[ReadableSpan], policy: Any = BASELINE) -> tuple[bytes, dict[str, Any]]:
    """What the plain way gives, with nothing known from before: bytes, and what was counted."""
    by = SpanScrubber(Scrubber(policy, cache_bytes=0))
    encoder = Encoder(fallback=by.quarantine_unencodable, memo_bytes=0)
    payloads = encoder.encode(by.scrub_batch(batch))
    return b"".join(payload.data for payload in payloads), counts(by, encoder)


def counts(by: SpanScrubber, encoder: Encoder) -> dict[str, Any]:
    return {**by.statistics(), "lost": encoder.lost, "failed": encoder.failed}


def at_once(encoder: ScrubbingEncoder, batch: Iterable[ReadableSpan]) -> bytes:
    return b"".join(payload.data for payload in encoder.encode(list(batch)))


SHARED = ScrubbingEncoder(SpanScrubber(Scrubber(BASELINE)))  # so that what it remembers is tried


@MODERATE
@given(st.lists(spans, max_size=6))
def test_any_batch_is_encoded_as_the_plain_way_does(batch: list[ReadableSpan]) -> None:
    """Whatever is in a batch, the bytes are those of scrubbing first, known things or not."""
    expected, _ = plainly(batch)
    assert at_once(SHARED, batch) == expected
    assert at_once(SHARED, batch) == expected
    assert at_once(ScrubbingEncoder(SpanScrubber(Scrubber(BASELINE))), batch) == expected


@MODERATE
@given(st.lists(spans, max_size=6), st.sampled_from([0, 3_000, 10_000, 10**7]))
def test_findings_and_counts_are_those_of_the_plain_way(
    batch: list[ReadableSpan], memory: int
) -> None:
    """What was found, quarantined and lost is counted alike, however little is remembered, and by
    a policy that drops."""
    expected, expected_counts = plainly(batch, DROPPING)
    by = SpanScrubber(Scrubber(DROPPING))
    encoder = ScrubbingEncoder(by, memory_bytes=memory)
    assert at_once(encoder, batch) == expected
    assert counts(by, encoder) == expected_counts


@pytest.mark.parametrize("size", [1, 2, 7, 64, 512, 2048])
@pytest.mark.parametrize("memory", [0, 20_000, 60_000, 10**7])
def test_any_size_of_batch(size: int, memory: int) -> None:
    """Spans give the same, whatever the size of their batches, and whatever is forgotten in the
    middle of one."""
    by = SpanScrubber(Scrubber(BASELINE))
    encoder = ScrubbingEncoder(by, memory_bytes=memory)
    batches, expected = plain_batches(size)
    for batch, data in zip(batches, expected, strict=True):
        assert at_once(encoder, batch) == data
    assert by.statistics()["scrubbed"] == max(size, 192)


@functools.cache
def plain_batches(size: int) -> tuple[list[list[ReadableSpan]], list[bytes]]:
    """Batches of a size, and what the plain way gives for each."""
    made = list(repetitive_spans(max(size, 192)))
    batches = [made[start : start + size] for start in range(0, len(made), size)]
    return batches, [plainly(batch)[0] for batch in batches]


def repetitive_spans(count: int) -> Iterable[ReadableSpan]:
    for number in range(count):
        content = {
            "http.route": "/users/{id}",
            "url.path": f"/users/{number % 50}",
            "http.response.status_code": (200, True, 1, 1.0)[number % 4],
            "client.address": f"203.0.113.{number % 9}",
            "order.note": TEXTS[number % len(TEXTS)],
            "request.id": f"{number:08x}-e29b-41d4-a716-446655440000",
            "http.request.header.x-id": (TEXTS[number % len(TEXTS)],),
            "http.request.header.x-request-id": (f"{number:08x}-e29b-41d4-a716-446655440000",),
            "message.offset": 990_000_000 + number,
            "kept.or_listed": ("GET", ("GET",))[number // 3 % 2],
            KEYS[number % len(KEYS)]: TEXTS[number % 7],
        }
        yield ReadableSpan(
            f"GET /users/{number % 3}",
            context=SpanContext(number + 1, number + 1, False, TraceFlags(1)),
            resource=RESOURCES[number % 2],
            attributes=frozen(content),
            kind=SpanKind.SERVER if number % 3 else SpanKind.CLIENT,
            start_time=number + 1,
            end_time=number + 2,
            instrumentation_scope=SCOPES[number % 3],
        )


def test_equal_values_of_other_types_are_told_apart() -> None:
    """True, 1 and 1.0 are equal, and each is encoded as what it is, in any order."""
    values = (True, 1, 1.0, "1", False, 0, 0.0, -0.0)
    batch = [
        ReadableSpan(
            "x",
            context=SpanContext(1, 1, False, TraceFlags(1)),
            attributes=frozen({"n": value}),
            resource=RESOURCES[0],
            start_time=1,
            end_time=2,
        )
        for value in (*values, *reversed(values), *values)
    ]
    encoder = ScrubbingEncoder(SpanScrubber(Scrubber(BASELINE)))
    assert at_once(encoder, batch) == plainly(batch)[0]


def test_spans_of_a_real_tracer_go_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the SDK makes is never left to the plain way: it would be slow, and nobody would know."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(sampler=ALWAYS_ON, resource=RESOURCES[0], shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("shop", "1.0")
    with tracer.start_as_current_span("GET /users/{id}", kind=SpanKind.SERVER) as outer:
        outer.set_attributes({"http.route": "/users/{id}", "n": 1, "tags": ["a", "b"]})
        outer.add_event("cache.miss", {"key": "k"})
        outer.record_exception(ValueError(f"no user {TOKEN}"))
        outer.set_status(Status(StatusCode.ERROR, "failed"))
        with tracer.start_as_current_span(
            "SELECT", links=[Link(outer.get_span_context(), {"a": 1})]
        ):
            pass
        with tracer.start_as_current_span("empty"):
            pass
    batch = list(kept.get_finished_spans())
    by = SpanScrubber(Scrubber(BASELINE))
    encoder = ScrubbingEncoder(by)
    monkeypatch.setattr(by, "scrub", None)  # the plain way's first step
    assert at_once(encoder, batch) == plainly(batch)[0]
    assert by.statistics()["findings"]["credential.token/event/redact"] >= 1


def test_raw_spans_are_never_written_to() -> None:
    """Scrubbing while encoding changes nothing of a span, whose containers other processors share."""
    batch = list(repetitive_spans(64))
    before = [copy.deepcopy(dict(span.attributes or {})) for span in batch]
    at_once(ScrubbingEncoder(SpanScrubber(Scrubber(BASELINE))), batch)
    assert [dict(span.attributes or {}) for span in batch] == before


def test_dirty_values_are_held_nowhere() -> None:
    """What was found is not remembered by its text, in the young tables or in the old."""
    encoder = ScrubbingEncoder(SpanScrubber(Scrubber(BASELINE)), memory_bytes=20_000)
    batch = list(repetitive_spans(256))
    for _ in range(3):
        at_once(encoder, batch)
    held = [
        text
        for tables in (*encoder._tables, *encoder._old_tables)
        for table in tables.values()
        for text in (*table.texts, *table.lists)
    ]
    assert any("/users/" in text for text in held)
    assert not any(TOKEN in text or "203.0.113." in text or "@" in text for text in held)


def test_memory_is_bounded() -> None:
    """A hundred thousand values that never come again, under a thousand keys, fill no memory."""
    encoder = ScrubbingEncoder(SpanScrubber(Scrubber(BASELINE)), memory_bytes=200_000)
    for start in range(0, 20_000, 500):
        batch = [
            ReadableSpan(
                f"job {number}",
                context=SpanContext(1, 1, False, TraceFlags(1)),
                resource=RESOURCES[0],
                attributes=frozen(
                    {
                        f"key.{number % 1000}": f"value {number // 2}",
                        f"header.{number % 9}": (f"value {number // 2}",),
                        "n": number,
                    }
                ),
                status=Status(StatusCode.ERROR, f"failed {number}"),
                start_time=1,
                end_time=2,
            )
            for number in range(start, start + 500)
        ]
        at_once(encoder, batch)
        entries = sum(
            1 + len(table.texts) + len(table.lists) + len(table.numbers)
            for tables in (*encoder._tables, *encoder._old_tables)
            for table in tables.values()
        )
        assert entries <= 200_000 // 280
        assert len(encoder._names) + len(encoder._statuses) <= 2 * 200_000 // 280
