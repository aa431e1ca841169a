"""Spans are scrubbed, alone or in batches; what can't be scrubbed is quarantined."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.spans import (
    QUARANTINE_ATTRIBUTE,
    QUARANTINED_NAME,
    GuardedSpan,
    GuardedState,
    SpanContent,
    SpanScrubber,
)
from jaeger_guard.spans import scrubbing as room
from jaeger_guard.wire import Encoder

SECRET = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
POLICY = compile_policy(load_policy("baseline", "the test"))
CONTEXT = SpanContext(0xABC, 0x1, False, TraceFlags(1))
PARENT = SpanContext(0xABC, 0x2, True, TraceFlags(1))
RESOURCE = Resource({"service.name": "shop"}, "https://opentelemetry.io/schemas/1.37.0")
SCOPE = InstrumentationScope("flask", "1.0", "https://opentelemetry.io/schemas/1.37.0")


def span_scrubber() -> SpanScrubber:
    return SpanScrubber(Scrubber(POLICY))


def span(name: Any = "GET /users/{id}", **fields: Any) -> ReadableSpan:
    given: dict[str, Any] = {
        "context": CONTEXT,
        "parent": PARENT,
        "resource": RESOURCE,
        "attributes": {"http.route": "/users/{id}"},
        "kind": SpanKind.SERVER,
        "status": Status(StatusCode.ERROR, "failed"),
        "start_time": 1_000,
        "end_time": 2_000,
        "instrumentation_scope": SCOPE,
    }
    return ReadableSpan(name, **{**given, **fields})


def encoded(spans: list[ReadableSpan]) -> tuple[bytes, SpanScrubber]:
    by = span_scrubber()
    encoder = Encoder(fallback=by.quarantine_unencodable)
    payloads = encoder.encode(by.scrub_batch(spans))
    assert encoder.lost == 0
    return b"".join(payload.data for payload in payloads), by


def names(data: bytes) -> list[str]:
    message = ExportTraceServiceRequest.FromString(data)
    return [
        each.name
        for group in message.resource_spans
        for scope in group.scope_spans
        for each in scope.spans
    ]


def test_clean_spans_are_written_as_the_sdk_writes_them() -> None:
    """Spans without a finding come out byte for byte as the SDK's encoder writes the raw ones."""
    spans = [
        span(),
        span("SELECT users", attributes={"db.system": "postgresql", "n": [1, 2], "b": b"x"}),
        span("x", events=[Event("cache.miss", {"key": "k"}, 7)], links=[Link(PARENT, {"a": True})]),
        span("y", attributes=None, parent=None, status=Status()),
        span("z", status=None),
    ]
    data, by = encoded(spans)
    assert data == encode_spans(spans).SerializeToString()
    assert by.statistics() == {
        "scrubbed": 5,
        "quarantined": 0,
        "quarantined_reasons": {},
        "findings": {},
    }


def test_findings_are_counted() -> None:
    """What was found is counted by category, surface and action."""
    _, by = encoded([span(attributes={"note": SECRET, SECRET: 1}), span(SECRET)])
    assert by.statistics()["findings"] == {
        "credential.token/attribute/redact": 1,
        "credential.token/key/redact": 1,
        "credential.token/name/redact": 1,
    }


def test_raw_span_is_never_written_to() -> None:
    """Scrubbing changes nothing of the raw span, whose containers its other processors share."""
    raw = span(
        SECRET,
        attributes=BoundedAttributes(attributes={"note": SECRET, "map": {"n": [SECRET]}}),
        events=[Event(SECRET, {"e": SECRET}, 1)],
        links=[Link(PARENT, {"l": SECRET})],
    )
    before = raw.to_json()
    content = span_scrubber().scrub(raw)
    assert content.name != raw.name
    assert raw.to_json() == before


def test_one_resource_object_for_each_source() -> None:
    """Spans of one resource share one scrubbed resource, never its source; scopes as well."""
    by = span_scrubber()
    dirty, scope = Resource({"note": SECRET}), InstrumentationScope("s", SECRET)
    contents = by.scrub_batch([span(resource=dirty, instrumentation_scope=scope) for _ in range(3)])
    assert len({id(content.resource) for content in contents}) == 1
    assert len({id(content.instrumentation_scope) for content in contents}) == 1
    assert SECRET not in contents[0].resource.to_json()
    clean, again = by.scrub_batch([span(), span()])
    assert clean.resource == RESOURCE
    assert clean.instrumentation_scope == SCOPE
    assert clean.resource is again.resource is not RESOURCE
    assert clean.instrumentation_scope is again.instrumentation_scope is not SCOPE
    assert by.scrub(span(instrumentation_scope=None)).instrumentation_scope is None


def test_one_resource_object_for_all_threads() -> None:
    """Threads that meet a resource at once end up with one scrubbed object."""
    for _ in range(30):
        by = span_scrubber()
        source = Resource({"note": SECRET, "list": [SECRET] * 5})
        start = threading.Barrier(4)
        results: list[Resource] = []

        def work(
            by: SpanScrubber = by,
            source: Resource = source,
            start: threading.Barrier = start,
            results: list[Resource] = results,
        ) -> None:
            start.wait()
            results.append(by.resource(source))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(result) for result in results}) == 1
        alone = span_scrubber()
        alone.resource(source)
        assert by.statistics() == alone.statistics()  # what it holds is counted once


def test_resources_without_end_fill_no_memory() -> None:
    """However many resources come by, few are remembered, and each is scrubbed."""
    by = span_scrubber()
    for number in range(room._MOST_ORIGINS + 50):
        scrubbed = by.resource(Resource({"number": number, "note": SECRET}))
        assert scrubbed.attributes["note"] == "[REDACTED:credential.token]"
    assert len(by._resources) == room._MOST_ORIGINS


def test_tracestates_of_span_parent_and_links_are_scrubbed() -> None:
    """A secret in any tracestate goes; a clean member, ids and flags stay."""
    dirty = TraceState([("vendor", SECRET), ("rojo", "1")])
    contexts = [SpanContext(9, number, True, TraceFlags(1), dirty) for number in (1, 2, 3, 4)]
    content = span_scrubber().scrub(
        span(
            context=contexts[0],
            parent=contexts[1],
            links=[Link(contexts[2], {"a": 1}), Link(contexts[3], {"note": SECRET})],
        )
    )
    assert content.parent is not None
    for number, context in enumerate(
        [content.context, content.parent, *(link.context for link in content.links)], start=1
    ):
        assert context is not None
        assert (context.trace_id, context.span_id, context.is_remote) == (9, number, True)
        assert dict(context.trace_state) == {"vendor": "REDACTED", "rojo": "1"}
    assert content.links[0].attributes == {"a": 1}
    assert SECRET not in repr(content.links[1].attributes)


def test_times_and_counts_are_made_to_fit() -> None:
    """Times and counts that OTLP has no place for are clamped, and everything else stays."""
    attributes = BoundedAttributes(attributes={"a": 1})
    attributes.dropped = 2**40
    raw = span(
        start_time=-5,
        end_time=2**70,
        attributes=attributes,
        events=[
            Event("early", {}, -1),
            Event("late", {}, 2**70),
            Event("fine", {}, 3),
            Event("float", {}, 4.5),  # type: ignore[arg-type]
        ],
    )
    data, by = encoded([raw])
    [each] = [
        each
        for group in ExportTraceServiceRequest.FromString(data).resource_spans
        for scope in group.scope_spans
        for each in scope.spans
    ]
    assert (each.start_time_unix_nano, each.end_time_unix_nano) == (0, 2**64 - 1)
    assert [event.time_unix_nano for event in each.events] == [0, 2**64 - 1, 3, 4]
    assert each.dropped_attributes_count == 2**32 - 1
    assert by.statistics()["quarantined"] == 0


class Answering(ReadableSpan):
    """A span of another class than the SDK's, which is asked by its accessors."""


def test_fields_of_the_sdks_spans_are_what_their_accessors_answer() -> None:
    """A span that the SDK made is read like one of another class with the same content."""
    made = InMemorySpanExporter()
    provider = TracerProvider(
        resource=RESOURCE,
        span_limits=SpanLimits(max_span_attributes=2, max_events=2, max_links=1),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(SimpleSpanProcessor(made))
    tracer = provider.get_tracer("shop", "1.0")
    with tracer.start_as_current_span("bare", kind=SpanKind.SERVER):
        full = tracer.start_span("full", attributes={"a": 1, "b": "x", "c": (1, 2)})
        for number in range(3):
            full.add_event(f"event {number}", {"n": number}, timestamp=number - 1)
            full.add_link(PARENT, {"n": number})
        full.set_status(StatusCode.ERROR, "failed")
        full.end()
    clamped: Any = copy.copy(made.get_finished_spans()[0])
    clamped._attributes = BoundedAttributes(attributes={"a": 1})
    clamped._attributes.dropped = clamped._events.dropped = clamped._links.dropped = 2**40
    clamped._start_time, clamped._end_time = -5, 2**70
    for span in (*made.get_finished_spans(), clamped):
        other = copy.copy(span)
        other.__class__ = Answering
        by_field, asked = SpanContent.of(span), SpanContent.of(other)
        for slot in SpanContent.__slots__:
            if slot != "events":  # which are made anew where their times don't fit
                assert getattr(by_field, slot) == getattr(asked, slot), slot
        shown = [
            [(each.name, dict(each.attributes or {}), each.timestamp) for each in content.events]
            for content in (by_field, asked)
        ]
        assert shown[0] == shown[1]
    assert by_field.dropped_attributes == by_field.dropped_events == by_field.dropped_links
    assert by_field.dropped_links == 2**32 - 1


def test_dropped_counts_of_changed_events_and_links_survive() -> None:
    """An event or a link that is rebuilt keeps the count of what it had lost."""
    lossy = BoundedAttributes(maxlen=1, attributes={"a": "x", "note": SECRET})
    content = span_scrubber().scrub(
        span(events=[Event("e", lossy, 1)], links=[Link(PARENT, lossy)])
    )
    assert [event.dropped_attributes for event in content.events] == [1]
    assert [link.dropped_attributes for link in content.links] == [1]
    assert SECRET not in repr([event.attributes for event in content.events])


class Raising(ReadableSpan):
    """A span one accessor of which raises, with a value in the exception's text."""

    broken = "name"

    def __getattribute__(self, name: str) -> Any:
        if name == type(self).broken:
            raise RuntimeError(SECRET)
        return super().__getattribute__(name)


def raising(accessor: str) -> ReadableSpan:
    kind = type("RaisingSpan", (Raising,), {"broken": accessor})
    made: ReadableSpan = kind(
        SECRET, context=CONTEXT, parent=PARENT, resource=RESOURCE, attributes={"a": 1},
        events=[Event("e", {}, 1)], links=[Link(PARENT, {})],
    )  # fmt: skip
    return made


class Faithless(Mapping[str, Any]):
    """Attributes that can't be read."""

    def __getitem__(self, key: str) -> Any:
        raise KeyError(SECRET)

    def __iter__(self) -> Any:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


class Odd:
    """Every question to it raises."""

    def __getattr__(self, name: str) -> Any:
        raise ValueError(SECRET)


class OddContext(SpanContext):
    """A context of another class, whose ids can't be read."""

    @property
    def trace_id(self) -> int:
        raise ValueError(SECRET)


def unpicky(*parts: Any) -> SpanContext:
    """A context made without its constructor's checks."""
    return tuple.__new__(SpanContext, parts)


HOSTILE: dict[str, Callable[[], Any]] = {
    **{
        f"raises in {accessor}": lambda accessor=accessor: raising(accessor)  # type: ignore[misc]
        for accessor in (
            *("name", "context", "parent", "kind", "start_time", "attributes", "events", "links"),
            *("status", "resource", "instrumentation_scope", "dropped_attributes", "_attributes"),
        )
        if accessor != "attributes"  # `_attributes` is what is read
    },
    "name is a number": lambda: span(7),
    "name is nothing": lambda: span(None),
    "name is bytes": lambda: span(SECRET.encode()),
    "kind is a text": lambda: span(kind=SECRET),
    "kind is a number": lambda: span(kind=99),
    "context is a text": lambda: span(context=SECRET),
    "context has texts": lambda: span(
        context=unpicky(SECRET, SECRET, False, TraceFlags(1), TraceState(), True)
    ),
    "context has huge ids": lambda: span(
        context=unpicky(2**200, 2**100, False, TraceFlags(1), TraceState(), True)
    ),
    "context has odd flags": lambda: span(context=unpicky(1, 1, Odd(), SECRET, TraceState(), True)),
    "context has an odd tracestate": lambda: span(
        context=unpicky(1, 1, False, TraceFlags(1), Odd(), True)
    ),
    "context is of another class": lambda: span(context=OddContext(1, 1, False)),
    "parent is a text": lambda: span(parent=SECRET),
    "status is odd": lambda: span(status=Odd()),
    "attributes are a text": lambda: span(attributes=SECRET),
    "attributes can't be read": lambda: span(attributes=Faithless()),
    "a key is a number": lambda: span(attributes={7: SECRET}),
    "an event is none": lambda: span(events=[Odd()]),
    "an event's name is a number": lambda: span(events=[Event(7, {}, 1)]),  # type: ignore[arg-type]
    "a link is none": lambda: span(links=[Odd()]),
    "a link's context is a text": lambda: span(links=[Link(SECRET, {})]),  # type: ignore[arg-type]
    "start time is a text": lambda: span(start_time=SECRET),
    "resource is a text": lambda: span(resource=SECRET),
    "scope is a text": lambda: span(instrumentation_scope=SECRET),
    "scope's version is a number": lambda: span(
        instrumentation_scope=InstrumentationScope("s", 7)  # type: ignore[arg-type]
    ),
    "no context": lambda: span(context=None),
    "not a span": Odd,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_span_is_quarantined_and_the_batch_goes_on(what: str) -> None:
    """A span that can't be scrubbed goes on as a skeleton; its neighbours go on whole; nothing of
    what it held is told."""
    data, by = encoded([span("first"), HOSTILE[what](), span("last")])
    assert sorted(names(data)) == sorted(["first", QUARANTINED_NAME, "last"])
    assert SECRET.encode() not in data
    statistics = by.statistics()
    assert statistics["quarantined"] == 1
    assert SECRET not in repr(statistics)


@pytest.mark.parametrize("what", [what for what in HOSTILE if what != "not a span"])
def test_hostile_span_can_be_viewed(what: str) -> None:
    """A view of a hostile span never raises but for its own reader, and shows no value."""
    guarded = GuardedSpan(GuardedState.pending(HOSTILE[what](), span_scrubber()))
    shown = [
        *(guarded.name, guarded.context, guarded.parent, guarded.kind, guarded.attributes),
        *(guarded.events, guarded.links, guarded.status, guarded.resource, guarded.start_time),
        *(guarded.end_time, guarded.instrumentation_scope, guarded._instrumentation_info),
    ]
    assert SECRET not in repr(shown)


def test_skeleton_keeps_the_trace_whole() -> None:
    """A quarantined span keeps ids, parent, kind, times, status code and resource, and says what
    it is."""
    by = span_scrubber()
    skeleton = by.scrub(span(attributes={7: SECRET}, links=[Link(PARENT, {})]))
    assert skeleton.name == QUARANTINED_NAME
    assert skeleton.attributes == {QUARANTINE_ATTRIBUTE: True}
    assert (skeleton.context, skeleton.parent) == (CONTEXT, PARENT)
    assert skeleton.kind is SpanKind.SERVER
    assert (skeleton.start_time, skeleton.end_time) == (1000, 2000)
    assert skeleton.status.status_code is StatusCode.ERROR
    assert skeleton.status.description is None
    assert skeleton.resource == RESOURCE
    assert (skeleton.events, skeleton.links) == ((), ())
    assert by.statistics()["quarantined_reasons"] == {"TypeError": 1}


def test_what_the_encoder_refuses_is_replaced() -> None:
    """Scrubbed content that can't be encoded all the same becomes a skeleton with what is text of
    its resource."""
    by = span_scrubber()
    content = by.scrub(span(resource=Resource({"service.name": "shop"})))
    content.attributes = {"a": object()}
    content.resource = Resource({"service.name": "shop"})
    content.resource._attributes._dict["odd"] = "\ud800"
    content.resource._attributes._dict["number"] = 2**70
    encoder = Encoder(fallback=by.quarantine_unencodable)
    [payload] = encoder.encode([content])
    assert (encoder.failed, encoder.lost) == (1, 0)
    assert names(payload.data) == [QUARANTINED_NAME]
    assert b"shop" in payload.data


def test_span_without_the_private_fields_is_read_by_its_accessors() -> None:
    """A span class of somebody else's, with accessors alone, is scrubbed as any other."""

    class Foreign(ReadableSpan):
        def __init__(self) -> None:
            pass

        name = "foreign"
        context = CONTEXT
        parent = None
        kind = SpanKind.INTERNAL
        start_time = 1
        end_time = 2
        attributes = {"note": SECRET, "page": 2}  # noqa: RUF012
        events = (Event("e", {"n": SECRET}, 1),)
        links = ()
        dropped_attributes = 0
        dropped_events = 0
        dropped_links = 0
        status = Status()
        resource = RESOURCE
        instrumentation_scope = None

    data, by = encoded([Foreign()])
    assert names(data) == ["foreign"]
    assert SECRET.encode() not in data
    assert by.statistics()["quarantined"] == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_fork_gets_a_lock_of_its_own() -> None:
    """In a forked child the lock is new, though another thread of the parent held the old one."""
    by = span_scrubber()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with by._lock:
            held.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    child = os.fork()
    if child == 0:
        os._exit(0 if isinstance(by.scrub(span()), SpanContent) else 1)
    _, status = os.waitpid(child, 0)
    done.set()
    holder.join()
    assert os.waitstatus_to_exitcode(status) == 0


def test_context_is_rebuilt_only_where_it_is_dirty() -> None:
    """A context whose tracestate is clean or empty is the same object."""
    by = span_scrubber()
    clean = SpanContext(1, 1, True, TraceFlags(1), TraceState([("rojo", "1")]))
    assert by.scrub_context(clean) is clean
    assert by.scrub_context(CONTEXT) is CONTEXT
    assert by.scrub_context(None) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://opentelemetry.io/schemas/1.37.0", "https://opentelemetry.io/schemas/1.37.0"),
        ("https://a.example/s?token=hunter2hunter2", "https://a.example/s?token=REDACTED"),
        ("https://u:pw@a.example/", "https://REDACTED:REDACTED@a.example/"),
    ],
)
def test_schema_urls_lose_credentials_and_still_parse(text: str, expected: str) -> None:
    """A schema URL is read as a URL; without a credential it survives exactly."""
    by = span_scrubber()
    content = by.scrub(span(resource=Resource({"a": "b"}, text)))
    assert content.resource.schema_url == expected
    scope = by.scope(InstrumentationScope("s", "1.0", text))
    assert scope is not None
    assert scope.schema_url == expected
