"""A guarded span shows scrubbed data on every way into it, and nothing else."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import threading
import types
import warnings
from typing import Any

import pytest
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.spans import GuardedSpan, GuardedState, SpanScrubber

SECRET = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
POLICY = compile_policy(load_policy("baseline", "the test"))


def span_scrubber() -> SpanScrubber:
    return SpanScrubber(Scrubber(POLICY))


def context(number: int, *, state: str = "fine") -> SpanContext:
    return SpanContext(
        trace_id=0xABC,
        span_id=number,
        is_remote=number == 2,
        trace_flags=TraceFlags(1),
        trace_state=TraceState([("vendor", state), ("rojo", "00f067aa0ba902b7")]),
    )


def span(secret: str = SECRET) -> ReadableSpan:
    """A span that holds `secret` on every surface."""
    attributes = BoundedAttributes(
        attributes={"note": secret, "list": [secret, "x"], secret: 1}, immutable=False
    )
    attributes._dict["map"] = {"deep": (secret,)}  # SDK 1.43 takes no maps, later ones do
    attributes._immutable = True
    attributes.dropped = 3
    events: BoundedList[Any] = BoundedList(4)
    events.append(Event(f"event {secret}", BoundedAttributes(attributes={"e": secret}), 5))
    events.dropped = 2
    links: BoundedList[Any] = BoundedList(4)
    links.append(Link(context(3, state=secret), BoundedAttributes(attributes={"l": secret})))
    links.dropped = 1
    return ReadableSpan(
        name=f"name {secret}",
        context=context(1, state=secret),
        parent=context(2, state=secret),
        resource=Resource({"service.name": "shop", "note": secret}, "https://a.example/1.37.0"),
        attributes=attributes,
        events=events,
        links=links,
        kind=SpanKind.CONSUMER,
        status=Status(StatusCode.ERROR, f"failed {secret}"),
        start_time=1_000,
        end_time=2_000,
        instrumentation_scope=InstrumentationScope(
            f"scope {secret}", f"1.0+{secret}", f"https://a.example/?{secret}", {"s": secret}
        ),
    )


def view(raw: ReadableSpan | None = None, by: SpanScrubber | None = None) -> GuardedSpan:
    return GuardedSpan(GuardedState.pending(raw or span(), by or span_scrubber()))


def reachable(start: Any) -> list[Any]:
    """Collect everything that `dir`, fields, items and calls without arguments lead to."""
    found, seen, waiting = [], set(), [start]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type | types.ModuleType):
            continue
        seen.add(id(thing))
        found.append(thing)
        if isinstance(thing, str | bytes | int | float):
            continue
        if isinstance(thing, dict | types.MappingProxyType):
            waiting += [*thing.keys(), *thing.values()]
            continue
        if isinstance(thing, list | tuple) and type(thing) in (list, tuple):
            waiting += thing
            continue
        module = type(thing).__module__
        if not module.startswith(("opentelemetry", "jaeger_guard")):
            continue
        for name in dir(thing):
            if name in ("__dict__", "__class__", "__doc__"):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # instrumentation_info
                value = getattr(thing, name, None)
            if not callable(value):
                waiting.append(value)
    return found


def test_every_accessor_shows_scrubbed_data() -> None:
    """Whatever `dir` names on a view, and on what that leads to, holds no planted value."""
    guarded = view()
    names = set(dir(guarded))
    assert {"_name", "_attributes", "_events", "_links", "_resource", "_status"} <= names
    texts = [repr(thing) for thing in reachable(guarded)]
    assert len(texts) > 60
    assert any("[REDACTED:credential.token]" in text for text in texts)
    assert not any(SECRET in text for text in texts)


def test_no_accessor_of_a_readable_span_is_missing() -> None:
    """What a ReadableSpan has, a view has too, as its own or as a method of the base."""
    for name in dir(ReadableSpan("x")):
        assert hasattr(GuardedSpan, name) or name in vars(view())


@pytest.mark.parametrize("show", [repr, str, lambda guarded: guarded.to_json()])
def test_texts_of_a_view_are_scrubbed(show: Any) -> None:
    """`repr`, `str` and `to_json` of a view show scrubbed data, and read well."""
    text = show(view())
    assert SECRET not in text
    assert "name [REDACTED:credential.token]" in text


def test_json_of_a_view_parses() -> None:
    """What `to_json` gives is JSON with the span's own ids."""
    parsed = json.loads(view().to_json())
    assert parsed["context"]["span_id"] == "0x0000000000000001"
    assert parsed["events"][0]["name"] == "event [REDACTED:credential.token]"


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda guarded: pickle.loads(pickle.dumps(guarded))]
)
def test_copies_are_scrubbed_views(duplicate: Any) -> None:
    """A copy, a deep copy and a pickled view are views of the same scrubbed content."""
    guarded = view()
    second = duplicate(guarded)
    assert type(second) is GuardedSpan
    assert second.to_json() == guarded.to_json()
    assert second.context == guarded.context
    assert second.dropped_attributes == 3
    assert second.instrumentation_scope == guarded.instrumentation_scope
    assert not any(SECRET in repr(thing) for thing in reachable(second))
    assert SECRET.encode() not in pickle.dumps(guarded)


def test_pickled_view_without_parent_and_scope_comes_back() -> None:
    """A span by hand, without context, parent, scope or status, survives pickling too."""
    raw = ReadableSpan("bare", resource=Resource({}), status=None)  # type: ignore[arg-type]
    second = pickle.loads(pickle.dumps(view(raw)))
    assert (second.name, second.context, second.parent, second.status) == ("bare", None, None, None)


def test_identity_and_counts_survive() -> None:
    """Ids, flags, parent, kind, times, status code, dropped counts and schema URLs stay exactly."""
    raw, guarded = span(), view()
    for mine, its in ((guarded.context, raw.context), (guarded.parent, raw.parent)):
        assert mine is not None
        assert its is not None
        assert (mine.trace_id, mine.span_id) == (its.trace_id, its.span_id)
        assert (mine.is_remote, mine.trace_flags) == (its.is_remote, its.trace_flags)
        assert dict(mine.trace_state) == {"vendor": "REDACTED", "rojo": "00f067aa0ba902b7"}
    assert guarded.get_span_context() is guarded.context
    assert (guarded.kind, guarded.start_time, guarded.end_time) == (SpanKind.CONSUMER, 1000, 2000)
    assert guarded.status.status_code is StatusCode.ERROR
    assert guarded.dropped_attributes == guarded._attributes.dropped == 3
    assert guarded.dropped_events == guarded._events.dropped == 2
    assert guarded.dropped_links == guarded._links.dropped == 1
    assert guarded.resource.schema_url == "https://a.example/1.37.0"
    assert guarded.events[0].timestamp == 5
    assert guarded.links[0].context.span_id == 3


def test_identity_does_not_scrub() -> None:
    """To ask for context, parent, kind or times scrubs nothing; the first other question does."""
    by = span_scrubber()
    guarded = view(by=by)
    for _ in range(2):
        assert guarded.context.span_id == 1
        assert guarded.parent is not None
        assert guarded.kind is SpanKind.CONSUMER
        assert guarded.end_time == 2000
    assert by.statistics()["scrubbed"] == 0
    assert guarded.name.startswith("name")
    assert guarded.attributes
    assert by.statistics()["scrubbed"] == 1


def test_raw_span_is_let_go() -> None:
    """Once a view was read, nothing holds the raw span any more."""
    raw = span()
    state = GuardedState.pending(raw, span_scrubber())
    guarded = GuardedSpan(state)
    assert guarded.name
    assert raw not in gc.get_referrers(state)
    assert state._scrub is None
    assert state._identify is None
    assert state.identity()[0] == guarded.context
    assert dir(state) == ["identity", "settle"]


def test_clean_span_looks_the_same() -> None:
    """A view of a clean span equals it, accessor by accessor, down to types and JSON."""
    raw, guarded = span("fine"), view(span("fine"))
    assert guarded.to_json() == raw.to_json()
    assert guarded.name == raw.name
    assert guarded.attributes == raw.attributes
    assert guarded.context == raw.context
    assert guarded.resource == raw.resource
    assert guarded.instrumentation_scope == raw.instrumentation_scope
    assert [dict(event.attributes or {}) for event in guarded.events] == [{"e": "fine"}]
    assert type(guarded._attributes) is BoundedAttributes
    assert type(guarded._events) is BoundedList


def test_lists_of_a_hand_made_span_stay_lists() -> None:
    """Attributes that the SDK has not frozen keep the types that they were given."""
    raw = ReadableSpan("x", attributes={"a": [1, 2], "b": (3,)}, resource=Resource({}))
    guarded = view(raw)
    assert guarded.attributes == {"a": [1, 2], "b": (3,)}
    guarded.attributes["a"].append(3)
    assert raw.attributes["a"] == [1, 2]  # type: ignore[index]


def test_writes_are_seen_by_that_view_alone() -> None:
    """What is written on one view, or into what it showed, another view and the raw span don't
    see."""
    raw = span("fine")
    state = GuardedState.pending(raw, span_scrubber())
    first, second = GuardedSpan(state), GuardedSpan(state)
    assert first._attributes is not second._attributes
    assert first.events[0] is not second.events[0]
    first._events.append("junk")
    first._attributes._dict["map"]["deep"] = "junk"
    first._links[0].attributes._dict["l"] = "junk"
    assert len(second.events) == 1
    assert "junk" not in second.to_json() + raw.to_json()
    for name in (
        *("_name", "_status", "_attributes", "_events", "_links", "_resource", "_context"),
        *("_instrumentation_scope", "_instrumentation_info", "_parent", "_kind"),
        *("_start_time", "_end_time"),
    ):
        setattr(first, name, "junk")
        assert getattr(first, name) == "junk"
        assert getattr(second, name) != "junk"
        assert getattr(GuardedSpan(state), name) != "junk"


def test_a_views_attributes_are_one_mapping() -> None:
    """The attributes that a view shows are read-only, and those of the container that it has."""
    guarded = view(span("fine"))
    shown = guarded.attributes
    assert type(shown) is types.MappingProxyType
    assert guarded.attributes == guarded._attributes == shown == view(span("fine"))._attributes
    assert guarded._attributes.dropped == 3
    guarded._attributes._dict["more"] = 1
    assert guarded.attributes["more"] == shown["more"] == 1
    guarded._attributes = None
    assert guarded.attributes == {}


def test_lists_of_a_view_are_the_containers() -> None:
    """Events and links are shown as the container has them, asked for before or after."""
    guarded, empty = view(span("fine")), view(ReadableSpan("x", resource=Resource({})))
    assert guarded.events == tuple(guarded._events) == guarded.events
    assert guarded.links == tuple(guarded._links) == guarded.links
    assert (empty.events, empty.links) == ((), ())
    empty._events.append(guarded.events[0])
    empty._links.append(guarded.links[0])
    assert (empty.events, empty.links) == (guarded.events, guarded.links)


def test_scope_that_can_be_written_into_is_a_views_own() -> None:
    """A scope is shared by the views, and is a copy of the application's; with a mapping in it, each
    view has its own."""
    by = span_scrubber()
    # SDK 1.43 and 1.44 leave a map out.
    for attributes in ({"a": 1}, {"map": {"n": 1}}):
        scope = InstrumentationScope("shop", "1.0", attributes=attributes)
        raw = ReadableSpan("x", resource=Resource({}), instrumentation_scope=scope)
        state = GuardedState.pending(raw, by)
        first: Any = GuardedSpan(state).instrumentation_scope
        second = GuardedSpan(state).instrumentation_scope
        assert first is not scope
        assert first == second == scope
        assert (first is second) is ("map" not in first.attributes)
        first.attributes.get("map", {})["n"] = 2
        assert second == scope


def test_deprecated_information_is_scrubbed_and_warns_once() -> None:
    """`instrumentation_info` warns as with the SDK, not twice, and shows scrubbed data."""
    with pytest.warns(DeprecationWarning, match="instrumentation_scope") as warned:
        information = view().instrumentation_info
    assert len(warned) == 1
    assert SECRET not in repr(information)
    assert "scope" in repr(information)
    assert view(ReadableSpan("x", resource=Resource({})))._instrumentation_info is None


def test_unnamed_accessor_is_refused() -> None:
    """What a view doesn't name isn't there, though the raw span has it."""

    class Generous(ReadableSpan):
        extra = SECRET

    with pytest.raises(AttributeError):
        _ = view(Generous("x", resource=Resource({}))).extra  # type: ignore[attr-defined]


def test_many_threads_read_one_content() -> None:
    """Threads that read a view for the first time at once all see the same scrubbed content."""
    for _ in range(20):
        guarded = view()
        start = threading.Barrier(6)
        seen: list[str] = []

        def read(
            guarded: GuardedSpan = guarded,
            start: threading.Barrier = start,
            seen: list[str] = seen,
        ) -> None:
            start.wait()
            seen.append(GuardedSpan(guarded.guard_state).to_json())

        threads = [threading.Thread(target=read) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(seen)) == 1
        assert len(seen) == 6
        assert SECRET not in seen[0]
