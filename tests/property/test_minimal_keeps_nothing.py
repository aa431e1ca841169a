"""Whatever stands in a span that is recorded minimally, nothing of it but its name goes on."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    use_span,
)
from opentelemetry.trace.span import TraceState

from jaeger_guard import FindingRule, Sampling, SamplingRule, consent
from sampling.spans import Guarded, text_of

PLANTED = "planted-" + "7f3a9c"

texts = st.text(max_size=20).map(lambda text: text + PLANTED)
values: Any = st.one_of(
    texts, st.lists(texts, min_size=1, max_size=3), st.dictionaries(texts, texts, min_size=1)
)
attributes = st.dictionaries(st.one_of(texts, st.text(min_size=1, max_size=9)), values, max_size=5)


@st.composite
def spans(draw: st.DrawFn) -> dict[str, Any]:
    """What an application may do with a span."""
    return {
        "start": draw(attributes),
        "later": draw(attributes),
        "events": draw(st.lists(st.tuples(texts, attributes), max_size=2)),
        "links": draw(st.lists(attributes, max_size=2)),
        "status": draw(st.sampled_from([StatusCode.OK, StatusCode.ERROR, StatusCode.UNSET])),
        "description": draw(texts),
        "kind": draw(st.sampled_from(list(SpanKind))),
        "limit": draw(st.sampled_from([None, 1, 2, 128])),
        "way": draw(st.sampled_from(["rule", "scope", "consent", "late", "finding", "route"])),
    }


@settings(max_examples=100, deadline=None)
@given(spans())
def test_nothing_but_the_name(span: dict[str, Any]) -> None:
    """By every way to minimal: a rule, the scope, consent, said late, a finding, a late route."""
    way = span["way"]
    sampling = Sampling(
        rules=[
            SamplingRule(name="rule", decision="minimal"),
            SamplingRule(scope="scope", decision="minimal"),
            SamplingRule(attributes={"http.route": "/secret"}, decision="minimal"),
        ],
        findings=[FindingRule(category="contact.email", decision="minimal")],
        without_consent="minimal",
    )
    guarded = Guarded(sampling, span_limits=SpanLimits(max_span_attributes=span["limit"]))
    tracer = guarded.provider.get_tracer("scope" if way == "scope" else "other")
    state = TraceState([("vendor", PLANTED)])
    links = [Link(SpanContext(5, 6, True, TraceFlags(1), state), given) for given in span["links"]]
    with consent(way != "consent"):
        live = tracer.start_span(way, attributes=span["start"], links=links, kind=span["kind"])
    with use_span(live, end_on_exit=True) as current:
        for key, value in span["later"].items():
            current.set_attribute(key, value)
        for name, given_attributes in span["events"]:
            current.add_event(name, given_attributes)
        if way == "late":
            with consent(False):
                pass
        if way == "finding":
            current.add_event("jo" + "@example.com")
        if way == "route":
            current.set_attribute("http.route", "/secret")
        error = span["status"] is StatusCode.ERROR
        current.set_status(Status(span["status"], span["description"] if error else None))
    [kept] = guarded.exporter.get_finished_spans()
    assert PLANTED not in text_of(kept)
    assert kept.name == way
    assert (kept.attributes, kept.events, kept.links) == ({}, (), ())
    assert kept.kind is span["kind"]
    assert kept.status.status_code is span["status"]
    assert guarded.counts()["minimal"] == 1
