"""Minimal is safe: the span is kept, and none of its content, whatever happens to its attributes."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import (
    ConcurrentMultiSpanProcessor,
    ReadableSpan,
    SpanLimits,
    SpanProcessor,
    TracerProvider,
)
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from jaeger_guard import GuardSpanProcessor, PrivacySampler, Sampling, SamplingRule
from jaeger_guard.sampling.sampler import MINIMAL_KEY
from sampling.spans import SECRET, Guarded, text_of

MINIMAL = Sampling(rules=[SamplingRule(name="secret*", decision="minimal")])
EMAIL = "jo" + "@example.com"


def fill(tracer: trace.Tracer, name: str = "secret") -> None:
    """Record a span with content everywhere, and a child of it."""
    link = Link(SpanContext(5, 6, is_remote=True), {"link": SECRET})
    with tracer.start_as_current_span(
        name, kind=SpanKind.SERVER, attributes={"start": SECRET}, links=[link]
    ) as span:
        span.set_attribute("later", SECRET)
        span.add_event("event " + SECRET, {"key": SECRET})
        span.set_status(Status(StatusCode.ERROR, SECRET))
        with tracer.start_as_current_span("child", attributes={"sql": SECRET}):
            pass


def test_a_skeleton() -> None:
    """Name, ids, kind, times and status code stay; everything else is gone, the guard's key too."""
    guarded = Guarded(MINIMAL)
    fill(guarded.tracer)
    span = guarded.spans["secret"]
    assert dict(span.attributes or {}) == {}
    assert (len(span.events), len(span.links)) == (0, 0)
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert span.kind is SpanKind.SERVER
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time <= span.end_time
    assert span.resource.attributes["service.name"]
    assert (span.dropped_attributes, span.dropped_events, span.dropped_links) == (0, 0, 0)
    assert guarded.spans["child"].parent is not None
    assert guarded.spans["child"].parent.span_id == span.context.span_id
    for kept in guarded.spans.values():
        assert SECRET not in text_of(kept)
        assert MINIMAL_KEY not in text_of(kept)
    assert guarded.counts()["minimal"] == 2


def test_the_name_is_scrubbed() -> None:
    """A skeleton keeps its name, scrubbed as any other."""
    guarded = Guarded(MINIMAL)
    fill(guarded.tracer, "secret of " + EMAIL)
    assert "secret of [REDACTED:contact.email]" in guarded.spans


def test_many_attributes_evict_nothing() -> None:
    """Neither start attributes beyond the limit nor hundreds of later ones undo the decision."""
    guarded = Guarded(MINIMAL, span_limits=SpanLimits(max_span_attributes=128))
    many = {f"start{number}": SECRET for number in range(300)}
    with guarded.tracer.start_as_current_span("secret", attributes=many) as span:
        for number in range(300):
            span.set_attribute(f"later{number}", SECRET)
    assert SECRET not in text_of(guarded.spans["secret"])


@pytest.mark.parametrize(
    "limits", [SpanLimits(max_span_attributes=1), SpanLimits(max_span_attribute_length=1)]
)
def test_tight_limits(limits: SpanLimits) -> None:
    """One attribute of one character is enough for the decision to arrive."""
    guarded = Guarded(MINIMAL, span_limits=limits)
    with guarded.tracer.start_as_current_span(
        "secret", attributes={"a": SECRET, "b": SECRET}
    ) as span:
        span.add_event(SECRET)
    assert guarded.spans["secret"].events == ()


def test_no_attributes_at_all() -> None:
    """Where spans can't have attributes the decision can't arrive: the span is dropped."""
    guarded = Guarded(MINIMAL, span_limits=SpanLimits(max_span_attributes=0))
    fill(guarded.tracer)
    assert guarded.spans == {}


def test_without_a_guard_minimal_is_drop(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody would take the content off, so the span is dropped, and it is told once."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=PrivacySampler(MINIMAL), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with caplog.at_level(logging.WARNING, "jaeger_guard"):
        fill(provider.get_tracer("test"))
        fill(provider.get_tracer("test"))
    assert exporter.get_finished_spans() == ()
    assert [record.name for record in caplog.records] == ["jaeger_guard.sampling"]


def test_the_first_span_of_a_provider_by_hand() -> None:
    """A guard that has seen no span yet is found by the tracer, through samplers around ours too."""
    for sampler in (PrivacySampler(MINIMAL), ParentBased(PrivacySampler(MINIMAL))):
        exporter = InMemorySpanExporter()
        provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        provider.add_span_processor(GuardSpanProcessor(SimpleSpanProcessor(exporter)))
        fill(provider.get_tracer("test"))
        spans = exporter.get_finished_spans()
        assert {span.name for span in spans} == {"secret", "child"}
        assert not [span for span in spans if SECRET in text_of(span)]


def test_a_decision_asked_for_by_nobody() -> None:
    """Without a tracer there is no guard, so minimal is drop."""
    result = PrivacySampler(MINIMAL).should_sample(None, 5, "secret", attributes={"a": SECRET})
    assert result.decision is Decision.DROP
    assert not result.attributes


def test_spans_made_by_hand() -> None:
    """A span that was never started, or is broken, doesn't reach the application as an error."""
    guarded = Guarded(MINIMAL)
    broken = ReadableSpan("broken")
    broken._context = "nonsense"  # type: ignore[assignment]
    for span in (broken, ReadableSpan("bare")):
        guarded.guard.on_end(span)
    assert guarded.guard.isolation.counts() in ({}, {"SimpleSpanProcessor.on_end": 2})


def test_a_sampler_whose_insides_raise() -> None:
    """What can't be looked at costs no span, and is counted."""

    class Raising:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("hunter2")

    class Odd(ParentBased):
        def __init__(self) -> None:
            super().__init__(ALWAYS_ON)
            self.inside = Raising()

    guarded = Guarded(Odd())
    guarded.tracer.start_span("a", attributes={"n": 1}).end()
    guarded.tracer.start_span("b", attributes={"n": 1}).end()
    assert {name: dict(span.attributes or {}) for name, span in guarded.spans.items()} == {
        "a": {"n": 1},
        "b": {"n": 1},
    }
    assert guarded.counts()["sampling_failures"] == 1


def test_an_application_cannot_be_made_to_say_minimal() -> None:
    """The key means nothing without the value that nobody outside knows."""
    guarded = Guarded(Sampling())
    for value in (True, "1", 1):
        with guarded.tracer.start_as_current_span("a", attributes={MINIMAL_KEY: value, "n": 1}):
            pass
        assert dict(guarded.spans["a"].attributes or {}) == {"n": 1}


def test_two_guards_beside_each_other() -> None:
    """Each guard of a provider knows, though the first takes the decision off the span."""
    guarded = Guarded(MINIMAL)
    exporter = InMemorySpanExporter()
    guarded.provider.add_span_processor(GuardSpanProcessor(SimpleSpanProcessor(exporter)))
    fill(guarded.tracer)
    assert {span.name for span in exporter.get_finished_spans()} == {"secret", "child"}
    assert not [span for span in exporter.get_finished_spans() if SECRET in text_of(span)]


def test_a_sampler_around_it() -> None:
    """A PrivacySampler that another sampler wraps is claimed as well."""
    guarded = Guarded(ParentBased(PrivacySampler(MINIMAL)))
    fill(guarded.tracer)
    # ParentBased doesn't ask it about the child, which is minimal all the same.
    assert set(guarded.spans) == {"secret", "child"}
    assert not [span for span in guarded.spans.values() if SECRET in text_of(span)]
    assert guarded.counts()["minimal"] == 2


def test_a_concurrent_multi_processor() -> None:
    """A provider whose processors run in threads is guarded in the same way."""
    from jaeger_guard import protect

    multi = ConcurrentMultiSpanProcessor(2)
    provider = TracerProvider(
        sampler=PrivacySampler(MINIMAL), active_span_processor=multi, shutdown_on_exit=False
    )
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    guard = protect(provider)
    fill(provider.get_tracer("test"))
    assert {span.name for span in exporter.get_finished_spans()} == {"secret", "child"}
    assert not [span for span in exporter.get_finished_spans() if SECRET in text_of(span)]
    assert guard.statistics()["minimal"] == 2
    guard.shutdown()


def test_on_ending_shows_the_skeleton() -> None:
    """A processor that looks at spans as they end sees no more than one that gets them."""
    seen: list[str] = []

    class Looking(SpanProcessor):
        def _on_ending(self, span: Any) -> None:
            seen.append(text_of(span))

    guarded = Guarded(MINIMAL)
    guarded.guard.add_span_processor(Looking())
    fill(guarded.tracer)
    assert len(seen) == 2
    assert not [text for text in seen if SECRET in text]


def test_by_instrumentation_scope() -> None:
    """Samplers aren't told of the scope; on_start is, and children and others hear of it."""
    guarded = Guarded(Sampling(rules=[SamplingRule(scope="clinic*", decision="minimal")]))
    clinic = guarded.provider.get_tracer("clinic.db")
    with clinic.start_as_current_span("query", attributes={"a": SECRET}) as span:
        assert span.get_span_context().trace_state["jaeger_guard"] == "m"
        with guarded.tracer.start_as_current_span("inside", attributes={"a": SECRET}):
            pass
    with guarded.tracer.start_as_current_span("other", attributes={"a": "b"}):
        pass
    assert set(guarded.spans) == {"query", "inside", "other"}
    assert not [span for span in guarded.spans.values() if SECRET in text_of(span)]
    assert (guarded.spans["other"].attributes or {})["a"] == "b"


def test_tracestate_of_others_goes_too() -> None:
    """What other vendors wrote into tracestate is content; the threshold isn't."""
    from sampling.spans import parent

    guarded = Guarded(MINIMAL)
    context = parent(remote=True, state={"ot": "th:0", "vendor": "customer-5"})
    guarded.tracer.start_span("secret", context=context).end()
    span = guarded.spans["secret"]
    assert dict(span.context.trace_state) == {"ot": "th:0"}
    assert dict(span.parent.trace_state) == {"ot": "th:0"}  # type: ignore[union-attr]


def test_the_reason_where_it_is_asked_for() -> None:
    """Spans say which rule decided where record_reason is set, skeletons too."""
    sampling = Sampling(
        rules=[SamplingRule(name="secret*", decision="minimal"), SamplingRule(name="b*")],
        record_reason=True,
    )
    guarded = Guarded(sampling)
    fill(guarded.tracer)
    for name in ("b", "c"):
        guarded.tracer.start_span(name).end()
    reasons = {
        name: (span.attributes or {})["jaeger_guard.sampling.reason"]
        for name, span in guarded.spans.items()
    }
    assert reasons == {
        "secret": "sampling rule 1",
        "child": "parent",
        "b": "sampling rule 2",
        "c": "default",
    }


def test_nothing_hides_in_what_a_skeleton_keeps() -> None:
    """A span that turns out to be minimal keeps its retention class; other text under the key goes."""
    guarded = Guarded(Sampling(sensitive_routes=["/patients/*"]))
    for name, word in (("long", "long"), ("text", SECRET), ("list", [SECRET])):
        with guarded.tracer.start_as_current_span(name) as span:
            span.set_attribute("http.route", "/patients/5")
            span.set_attribute("privacy.retention", word)
            span.set_attribute("jaeger_guard.sampling.reason", SECRET)
    assert not [span for span in guarded.spans.values() if SECRET in text_of(span)]
    assert {
        name: (span.attributes or {})["privacy.retention"] for name, span in guarded.spans.items()
    } == {"long": "long", "text": "short", "list": "short"}
