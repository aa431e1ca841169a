"""Whatever a span holds, `jaeger_guard.wire` writes what the SDK's own encoder would have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace.span import TraceState

from jaeger_guard.wire import Encoder
from jaeger_guard.wire.encoder import WITHHOLD_ABOVE

MODERATE = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Lengths around 127 and 16,383 change how many bytes a length takes.
texts = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(["a" * 123, "b" * 124, "c" * 125, "d" * 126, "e" * 127, "é" * 64, "f" * 257]),
    st.integers(16_370, 16_390).map(lambda length: "g" * length),
)
keys = st.one_of(
    st.sampled_from(["http.route", "http.response.status_code", "k", "k" * 130]),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12),
)
integers = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, 1, -1, 127, 128, 16_383, 16_384, 2**63 - 1, -(2**63)]),
)
scalars = st.one_of(
    texts,
    integers,
    st.booleans(),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0]),
    st.binary(max_size=200),
    st.none(),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
    ),
    max_leaves=12,
)
maps = st.dictionaries(keys, values, max_size=5)


@st.composite
def attributes(draw: st.DrawFn) -> Any:
    """Attributes in each of the forms in which a span may hold them, dropped ones included."""
    content = draw(maps)
    form = draw(st.sampled_from(["none", "dict", "bounded", "dropped"]))
    if form == "none":
        return None
    if form == "dict":  # which the SDK has not cleaned: an empty key, a map with keys of all types
        odd = draw(
            st.dictionaries(st.one_of(st.just(""), integers, st.none()), scalars, max_size=2)
        )
        return {**content, "": odd}
    bounded = BoundedAttributes(attributes=content)
    if form == "dropped":
        bounded.dropped = draw(st.integers(0, 2**32 - 1))
    return bounded


def bounded_list(items: list[Any], dropped: int) -> Any:
    """The SDK's list of events or links, after it dropped some."""
    bounded: BoundedList[Any] = BoundedList(max(len(items), 1))
    bounded.extend(items)
    bounded.dropped = dropped
    return bounded


def some_of(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Events or links, plain or bounded."""
    lists = st.lists(items, max_size=3)
    return st.one_of(lists, st.builds(bounded_list, lists, st.integers(0, 2**32 - 1)))


trace_states = st.one_of(
    st.none(),
    st.just(TraceState([("congo", "t61rcWkgMzE"), ("rojo", "00f067aa0ba902b7")])),
    st.lists(st.sampled_from([("a", "1"), ("vendor@x", "p:8;r:62"), ("z", "é")])).map(TraceState),
)
contexts = st.builds(
    SpanContext,
    trace_id=st.integers(0, 2**128 - 1),
    span_id=st.integers(0, 2**64 - 1),
    is_remote=st.booleans(),
    trace_flags=st.sampled_from([TraceFlags(0), TraceFlags(1), TraceFlags(3)]),
    trace_state=trace_states,
)
times = st.one_of(st.none(), st.just(0), st.integers(1, 2**64 - 1))
events = st.builds(Event, name=texts, attributes=attributes(), timestamp=st.integers(0, 2**64 - 1))
links = st.builds(Link, context=contexts, attributes=attributes())
statuses = st.one_of(
    st.none(),
    st.sampled_from([Status(), Status(StatusCode.OK), Status(StatusCode.UNSET, "")]),
    st.builds(Status, st.just(StatusCode.ERROR), st.one_of(st.none(), texts)),
)
schema_urls = st.sampled_from([None, "", "https://opentelemetry.io/schemas/1.37.0"])
resources = st.builds(Resource, attributes=maps, schema_url=schema_urls)
scopes = st.builds(
    InstrumentationScope,
    name=texts,
    version=st.one_of(st.none(), texts),
    schema_url=schema_urls,
    attributes=st.one_of(st.none(), maps),
)


def spans_of(resource: Any, scope: Any) -> st.SearchStrategy[ReadableSpan]:
    """Spans made by hand, with every surface that a span has."""
    return st.builds(
        ReadableSpan,
        name=texts,
        context=contexts,
        parent=st.one_of(st.none(), contexts),
        resource=resource,
        attributes=attributes(),
        events=some_of(events),
        links=some_of(links),
        kind=st.sampled_from(SpanKind),
        status=statuses,
        start_time=times,
        end_time=times,
        instrumentation_scope=scope,
    )


@st.composite
def batches(draw: st.DrawFn) -> list[ReadableSpan]:
    """Batches whose spans share resources and scopes, by identity and by equality."""
    some_resources = draw(st.lists(resources, min_size=1, max_size=3))
    some_scopes = draw(st.lists(scopes, min_size=1, max_size=3))
    equal_resources = [Resource(dict(r.attributes), r.schema_url) for r in some_resources]
    reordered = [Resource(dict(reversed(list(r.attributes.items())))) for r in some_resources]
    equal_scopes = [
        InstrumentationScope(s.name, s.version, s.schema_url, s.attributes) for s in some_scopes
    ]
    return draw(
        st.lists(
            spans_of(
                st.sampled_from([*some_resources, *equal_resources, *reordered]),
                st.sampled_from([*some_scopes, *equal_scopes, None]),
            ),
            max_size=6,
        )
    )


def expected(spans: list[ReadableSpan]) -> bytes:
    """What the SDK's exporters would have sent."""
    return bytes(encode_spans(spans).SerializeToString())


@MODERATE
@given(batches())
def test_any_batch_equals_the_sdk(spans: list[ReadableSpan]) -> None:
    """Any batch is written byte for byte as the SDK writes it, at first and from the memo."""
    encoder = Encoder()
    want = expected(spans)
    for _ in ("first", "remembered"):
        payloads = encoder.encode(spans)
        assert b"".join(payload.data for payload in payloads) == want
        assert sum(payload.spans for payload in payloads) == len(spans)
    assert (encoder.failed, encoder.lost) == (0, 0)


@MODERATE
@given(batches(), st.integers(0, 3_000))
def test_no_memory_changes_nothing(spans: list[ReadableSpan], memo_bytes: int) -> None:
    """However little may be remembered, the bytes are the same."""
    encoder = Encoder(memo_bytes=memo_bytes)
    for _ in range(3):
        payloads = encoder.encode(spans)
        assert b"".join(payload.data for payload in payloads) == expected(spans)


@MODERATE
@given(batches(), st.integers(0, 2_000))
def test_split_messages_hold_every_span_once(spans: list[ReadableSpan], limit: int) -> None:
    """Split at any limit, every span arrives once, under its resource and scope, and no message
    passes the limit unless it says so and holds one span."""
    assume(len(expected(spans)) <= WITHHOLD_ABOVE)  # larger values are withheld, and not equal
    payloads = Encoder(message_limit=limit).encode(spans)
    arrived = []
    for payload in payloads:
        assert len(payload.data) <= limit or payload.oversized
        assert payload.spans == 1 or not payload.oversized
        arrived += flattened(ExportTraceServiceRequest.FromString(payload.data))
    wanted = flattened(encode_spans(spans))
    assert sorted(arrived) == sorted(wanted)


def flattened(message: ExportTraceServiceRequest) -> list[tuple[bytes, ...]]:
    """Each span with all that stands around it; attributes sorted, as equal resources may differ
    in their order."""
    return [
        (
            b"".join(sorted(pair.SerializeToString() for pair in group.resource.attributes)),
            group.schema_url.encode(),
            scope.scope.name.encode(),
            scope.schema_url.encode(),
            span.SerializeToString(),
        )
        for group in message.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


Act = Callable[[Any], None]

acts = st.one_of(
    st.builds(lambda k, v: lambda span: span.set_attribute(k, v), keys, values),
    st.builds(lambda n, a: lambda span: span.add_event(n, a), texts, maps),
    st.builds(lambda c, a: lambda span: span.add_link(c, a), contexts, maps),
    st.builds(lambda n: lambda span: span.update_name(n), texts),
    st.builds(lambda s: lambda span: span.set_status(s), statuses.filter(lambda s: s is not None)),
    st.just(lambda span: span.record_exception(ValueError("a text"))),
)


@MODERATE
@given(st.lists(acts, max_size=14), contexts, scopes, resources, st.sampled_from(SpanKind))
def test_spans_of_a_real_tracer_equal_the_sdk(
    todo: list[Act],
    parent: SpanContext,
    scope: InstrumentationScope,
    resource: Resource,
    kind: SpanKind,
) -> None:
    """What a real tracer recorded, its limits reached and spans nested, is written as by the SDK."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(
        sampler=ALWAYS_ON,
        resource=resource,
        span_limits=SpanLimits(max_span_attributes=3, max_events=2, max_links=2),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer(scope.name, scope.version, scope.schema_url, scope.attributes)
    above = set_span_in_context(NonRecordingSpan(parent))
    with tracer.start_as_current_span("outer", context=above, kind=kind) as outer:
        for act in todo:
            act(outer)
        with tracer.start_as_current_span("inner"):
            pass
    spans = list(kept.get_finished_spans())
    assert len(spans) == 2
    [payload] = Encoder().encode(spans)
    assert payload.data == expected(spans)
