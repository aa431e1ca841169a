"""What the wire encoder refuses, repairs, splits and remembers; equality is a property test."""

from __future__ import annotations

import traceback
from types import MappingProxyType
from typing import Any

import pytest
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status, StatusCode

from jaeger_guard.errors import GuardError
from jaeger_guard.wire import DEFAULT_MESSAGE_LIMIT, Encoder, Payload, SpanRecord, UnencodableError
from jaeger_guard.wire.memo import Memo

CONTEXT = SpanContext(0x1234, 0x56, is_remote=False)
RESOURCE = Resource({"service.name": "shop"})
SCOPE = InstrumentationScope("shop.web", "1.2.3")
SURROGATE = "planted" + "\ud800"


def span(**changes: Any) -> ReadableSpan:
    """A plain span; each test changes what it is about."""
    plain: dict[str, Any] = {
        "name": "GET /orders/{id}",
        "context": CONTEXT,
        "resource": RESOURCE,
        "instrumentation_scope": SCOPE,
        "start_time": 1_767_225_600_000_000_000,
        "end_time": 1_767_225_600_000_000_900,
        "attributes": {"http.route": "/orders/{id}", "http.response.status_code": 200},
    }
    return ReadableSpan(**{**plain, **changes})


def parsed(payloads: list[Payload]) -> list[trace_pb2.Span]:
    """The spans that a receiver would see."""
    return [
        one
        for payload in payloads
        for group in ExportTraceServiceRequest.FromString(payload.data).resource_spans
        for scope in group.scope_spans
        for one in scope.spans
    ]


def nested(levels: int, *, maps: bool) -> Any:
    """A value of so many lists or maps inside one another."""
    value: Any = "leaf"
    for _ in range(levels):
        value = {"k": value} if maps else [value]
    return value


class NoHash:
    """A resource that is no SDK Resource, and can't be a key of a dict."""

    __hash__ = None  # type: ignore[assignment]
    schema_url = ""

    def __init__(self, name: str) -> None:
        self.attributes = {"service.name": name}

    def __eq__(self, other: object) -> bool:
        return True


class Explosive:
    """A foreign object that quotes a value when it is read."""

    @property
    def name(self) -> str:
        raise RuntimeError("planted" + " value")


holds_itself: list[Any] = []
holds_itself.append(holds_itself)

TOO_MANY_DROPPED = BoundedAttributes()
TOO_MANY_DROPPED.dropped = 2**32
NO_CODE = type("Status", (), {"status_code": type("Code", (), {"value": 9}), "description": None})

BROKEN: dict[str, dict[str, Any]] = {
    "surrogate in name": {"name": SURROGATE},
    "surrogate in key": {"attributes": {SURROGATE: 1}},
    "surrogate in value": {"attributes": {"k": SURROGATE}},
    "surrogate in nested key": {"attributes": {"k": {SURROGATE: 1}}},
    "surrogate in list": {"attributes": {"k": ["fine", SURROGATE]}},
    "surrogate in event": {"events": [Event(SURROGATE, timestamp=1)]},
    "surrogate in status": {"status": Status(StatusCode.ERROR, SURROGATE)},
    "name is bytes": {"name": b"planted"},
    "key is a number": {"attributes": {7: "planted"}},
    "value is an object": {"attributes": {"k": object()}},
    "value is a set": {"attributes": {"k": {"planted"}}},
    "integer above 64 bits": {"attributes": {"k": 2**63}},
    "integer below 64 bits": {"attributes": {"k": -(2**63) - 1}},
    "negative start": {"start_time": -1},
    "late end": {"end_time": 2**64},
    "time is a float": {"start_time": 1.5},
    "negative event time": {"events": [Event("e", timestamp=-1)]},
    "trace id too long": {"context": SpanContext(2**128, 1, is_remote=False)},
    "no context": {"context": None},
    "kind is no kind": {"kind": 3},
    "kind is another enumeration": {"kind": type("Kind", (), {"value": 77})()},
    "status code unknown": {"status": NO_CODE},
    "dropped more than 32 bits": {"attributes": TOO_MANY_DROPPED},
    "endless list": {"attributes": {"k": holds_itself}},
    "48 lists": {"attributes": {"k": nested(48, maps=False)}},
    "32 maps": {"attributes": {"k": nested(32, maps=True)}},
    "resource": {"resource": Resource({"k": SURROGATE})},
    "no resource": {"resource": type("R", (), {})()},
    "scope": {"instrumentation_scope": InstrumentationScope("n", SURROGATE)},
    "event": {"events": [Explosive()]},
}
OUTSIDE_THE_SPAN = ("resource", "no resource", "scope")


@pytest.mark.parametrize("what", BROKEN)
def test_broken_span_costs_only_itself(what: str) -> None:
    """A span that can't be written is counted and left out; its neighbours go."""
    encoder = Encoder()
    arrived = parsed(encoder.encode([span(name="a"), span(**BROKEN[what]), span(name="b")]))
    assert [one.name for one in arrived] == ["a", "b"]
    assert (encoder.failed, encoder.lost) == (1, 1)


@pytest.mark.parametrize("what", [name for name in BROKEN if name not in OUTSIDE_THE_SPAN])
def test_error_holds_no_value(what: str) -> None:
    """Neither text, repr, context nor cause of the error quotes what was in the span."""
    with pytest.raises(UnencodableError) as caught:
        Encoder().encode_span(span(**BROKEN[what]))
    error = caught.value
    assert isinstance(error, GuardError)
    assert error.__context__ is None
    assert error.__cause__ is None
    assert "planted" not in "".join(traceback.format_exception_only(error)) + repr(error)


def test_fallback_stands_for_a_broken_span() -> None:
    """What the fallback answers is sent in place of the span, under its own resource."""
    seen = []

    def quarantine(broken: SpanRecord) -> SpanRecord:
        seen.append(broken)
        return span(name="quarantined")

    encoder = Encoder(fallback=quarantine)
    broken = span(resource=Resource({"k": SURROGATE}))
    assert [one.name for one in parsed(encoder.encode([broken, span()]))] == [
        "quarantined",
        "GET /orders/{id}",
    ]
    assert seen == [broken]
    assert (encoder.failed, encoder.lost) == (1, 0)


@pytest.mark.parametrize("answer", ["none", "broken", "raises"])
def test_fallback_that_fails_loses_one_span(answer: str) -> None:
    """A fallback that has no answer, a broken one, or raises costs that span, and no other."""

    def fallback(broken: SpanRecord) -> SpanRecord | None:
        if answer == "raises":
            raise RuntimeError
        return None if answer == "none" else broken

    encoder = Encoder(fallback=fallback)
    assert len(parsed(encoder.encode([span(name=SURROGATE), span()]))) == 1
    assert (encoder.failed, encoder.lost) == (1, 1)


@pytest.mark.parametrize(("levels", "maps"), [(47, False), (31, True)])
def test_deepest_values_parse(levels: int, maps: bool) -> None:
    """What is let pass at the bound of depth, a receiver can still parse, in events too."""
    deep = {"k": nested(levels, maps=maps)}
    one = span(attributes=deep, events=[Event("e", deep, 1)])
    [payload] = Encoder().encode([one])
    assert payload.data == encode_spans([one]).SerializeToString()
    assert len(parsed([payload])) == 1


def test_equal_numbers_of_other_types_stay_apart() -> None:
    """True, 1 and 1.0, 0.0 and -0.0 are remembered as what they are."""
    values: list[Any] = [
        True,
        1,
        1.0,
        "1",
        False,
        0,
        0.0,
        -0.0,
        float("nan"),
        (1,),
        (True,),
        (1.0,),
    ]
    spans = [span(attributes={"k": value}) for value in [*values, *reversed(values)]]
    encoder = Encoder()
    for _ in range(2):
        [payload] = encoder.encode(spans)
        assert payload.data == encode_spans(spans).SerializeToString()


def test_subclasses_are_written_as_what_they_are() -> None:
    """A str, int or float of a class of its own is written as the SDK writes it."""

    class Text(str):
        __slots__ = ()

        def encode(self, *_: Any) -> bytes:
            return b"something else"

    class Number(int):
        def __index__(self) -> int:
            return 7

    class Real(float):
        pass

    one = span(name=Text("n"), attributes={Text("k"): Text("v"), "i": Number(3), "f": Real(0.5)})
    [payload] = Encoder().encode([one])
    assert payload.data == encode_spans([one]).SerializeToString()


def test_view_of_a_mapping_without_copy_is_read() -> None:
    """Attributes that are some other Mapping are read by its public means."""

    class Bare(dict[str, Any]):
        copy = property(lambda self: self.missing)

    one = span(attributes=Bare({"k": "v"}))
    assert isinstance(one.attributes, MappingProxyType)
    [payload] = Encoder().encode([one])
    assert payload.data == encode_spans([one]).SerializeToString()


def test_nothing_gives_no_payload() -> None:
    """An empty batch, and one of which nothing is left, is no message."""
    assert Encoder().encode([]) == []
    assert Encoder().encode([span(name=SURROGATE)]) == []


def test_resources_without_a_hash_are_grouped_by_content() -> None:
    """A foreign resource without a hash is no reason to lose a span or to mix services."""
    owners = [NoHash("a"), NoHash("b"), NoHash("a")]
    [payload] = Encoder().encode([span(resource=owner) for owner in owners])
    groups = ExportTraceServiceRequest.FromString(payload.data).resource_spans
    assert [len(group.scope_spans[0].spans) for group in groups] == [2, 1]


def test_batch_above_the_limit_is_split() -> None:
    """No message passes the limit, none is needlessly small, and every span arrives once."""
    spans = [span(name=f"{number:04}", attributes={"k": "x" * 900}) for number in range(100)]
    payloads = Encoder(message_limit=10_000).encode(spans)
    assert all(len(payload.data) <= 10_000 for payload in payloads)
    assert len(payloads) == 10
    assert [one.name for one in parsed(payloads)] == [one.name for one in spans]


def test_value_too_large_for_any_message_is_withheld() -> None:
    """Of a span above the limit the largest values go, as few as needed, and the rest arrives."""
    large, larger = "x" * 1_500_000, "y" * 2_500_000
    encoder = Encoder()
    one = span(
        attributes={"first": large, "second": larger, "http.route": "/a"},
        events=[Event("e", {"body": "z" * 100_000}, 1)],
        links=[Link(CONTEXT, {"why": "retry"})],
    )
    [payload] = encoder.encode([one])
    assert not payload.oversized
    assert len(payload.data) <= DEFAULT_MESSAGE_LIMIT
    [got] = parsed([payload])
    assert {pair.key: len(pair.value.string_value) for pair in got.attributes} == {
        "first": len(large),
        "second": len("[REDACTED:content.withheld]"),
        "http.route": 2,
    }
    assert len(got.events[0].attributes[0].value.string_value) == 100_000
    assert encoder.withheld == 1


def test_span_that_no_withholding_makes_fit_is_replaced() -> None:
    """Ten thousand small values are no less too large: what stands for the span is sent instead."""
    encoder = Encoder(message_limit=100_000, fallback=lambda given: span(name="stands for it"))
    many = span(attributes={f"key-{number}": "v" * 100 for number in range(1000)})
    payloads = encoder.encode([span(), many, span()])
    assert sum(payload.spans for payload in payloads) == 3
    assert not any(payload.oversized for payload in payloads)
    assert [got.name for got in parsed(payloads)][1] == "stands for it"
    assert (encoder.failed, encoder.lost) == (1, 0)


def test_span_that_no_withholding_makes_fit_goes_alone() -> None:
    """A span whose name alone is too large is sent by itself, and says that it is oversized."""
    encoder = Encoder(message_limit=100_000)
    huge = span(name="n" * 200_000)
    payloads = encoder.encode([span(), huge, span()])
    assert [(payload.spans, payload.oversized) for payload in payloads] == [
        (1, False),
        (1, True),
        (1, False),
    ]
    assert encoder.withheld == 0


def test_repr_of_a_payload_has_no_telemetry() -> None:
    """A payload in a log line shows sizes only."""
    assert "orders" not in repr(Encoder().encode([span()]))


def test_memory_has_a_bound() -> None:
    """However many different attributes, keys, resources and scopes pass, memory stays bounded."""
    encoder = Encoder(memo_bytes=100_000)
    for number in range(3_000):
        attributes = {f"k{number}": f"v{number}", "again": number % 7, "route": "/orders"}
        owner = Resource({"n": number})
        encoder.encode([span(attributes=attributes, resource=owner)])
    memo = encoder._memo
    assert 0 < len(memo.young) + len(memo.old) < 100_000 // 280
    assert len(encoder._prefixes) < 256 * 1024 // 280
    assert len(encoder._headers) <= 512


def test_memo_rests_where_nothing_repeats() -> None:
    """Where every value is new, the memo stops storing, and tries again later."""
    encoder = Encoder(memo_bytes=20_000)
    stored = 0
    for number in range(2_000):
        before = len(encoder._memo.young)
        encoder.encode([span(attributes={"k": f"new {number}"})])
        stored += len(encoder._memo.young) > before
    assert 60 < stored < 400


def test_memo_keeps_what_repeats() -> None:
    """Pairs that are met again survive the turn of a generation."""
    encoder = Encoder(memo_bytes=20_000)
    for number in range(400):
        often = {f"often{place}": "value" for place in range(9)}
        encoder.encode([span(attributes={**often, "once": f"new {number}"})])
    memo = encoder._memo
    assert ("often0", "value") in {**memo.young, **memo.old}
    assert memo.rest_ends == 0


def test_memo_refuses_what_is_too_large_for_it() -> None:
    """A bound smaller than an entry means that nothing is remembered; nor are long keys."""
    small = Memo(100)
    small.store(("k", "v"), b"kv")
    usual = Memo(100_000)
    usual.store(("k" * 4_000, "v"), b"kv")
    assert small.young == usual.young == {}
