"""What is found after the start changes the fate of a span, and of its local children."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from jaeger_guard import (
    Export,
    FindingRule,
    Guard,
    Policy,
    Sampling,
    SamplingRule,
    configuration,
    configure,
)
from jaeger_guard.telemetry import INSTRUMENTS
from sampling.spans import Guarded, text_of
from servers.otlp_sink import HttpSink

EMAIL = "jo" + "@example.com"


def finding(decision: Any) -> Sampling:
    """Decide by an address that is found."""
    return Sampling(findings=[FindingRule(category="contact.*", decision=decision)])


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    """A receiver of OTLP."""
    with HttpSink() as server:
        yield server


@pytest.fixture
def configured(sink: HttpSink, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Configure a guard that sends to the sink, and forget it again."""
    from opentelemetry.util._once import Once

    guards: list[Guard] = []
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")  # nothing goes before it is flushed

    def build(sampling: Sampling, **options: Any) -> Guard:
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
        monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
        monkeypatch.setattr(configuration, "_installed", None)
        export = Export(endpoint=sink.endpoint, protocol="http/protobuf")
        guards.append(configure(export=export, sampling=sampling, **options))
        return guards[-1]

    yield build
    for guard in guards:
        guard.shutdown()


def test_minimal_by_a_finding(configured: Any, sink: HttpSink) -> None:
    """The span goes on as its skeleton, and its trace stays whole."""
    guard = configured(finding("minimal"))
    tracer = guard.tracer_provider.get_tracer("test")
    with tracer.start_as_current_span("parent", attributes={"note": EMAIL, "n": 1}) as span:
        span.add_event("event", {"a": 1})
        with tracer.start_as_current_span("child", attributes={"n": 2}):
            pass
    guard.force_flush()
    spans = {span.name: span for span in sink.spans}
    assert set(spans) == {"parent", "child"}
    assert (list(spans["parent"].attributes), list(spans["parent"].events)) == ([], [])
    assert [attribute.key for attribute in spans["child"].attributes] == ["n"]
    assert guard.statistics()["minimal"] == 1
    assert guard.statistics()["late_drops"] == {}


def test_drop_takes_queued_and_later_children(configured: Any, sink: HttpSink) -> None:
    """Children and theirs that are queued go with it; those that start later aren't sampled."""
    guard = configured(finding("drop"))
    tracer = guard.tracer_provider.get_tracer("test")
    with tracer.start_as_current_span("root"):
        with tracer.start_as_current_span("dropped", attributes={"note": EMAIL}) as dropped:
            child = tracer.start_span("child")
            tracer.start_span("grandchild", trace.set_span_in_context(child)).end()
            child.end()
        guard.force_flush()
        context = trace.set_span_in_context(dropped)
        later = tracer.start_span("later", context)
        assert not later.get_span_context().trace_flags.sampled
        later.end()
        tracer.start_span("sibling").end()
    guard.force_flush()
    assert sorted(span.name for span in sink.spans) == ["root", "sibling"]
    counts = guard.statistics()
    assert counts["late_drops"] == {"by_finding": 1, "with_parent": 2}
    assert counts["orphaned"] == 0


def test_children_that_run_when_the_parent_is_dropped(configured: Any, sink: HttpSink) -> None:
    """A child that ends after its parent was dropped is dropped as well."""
    guard = configured(finding("drop"))
    tracer = guard.tracer_provider.get_tracer("test")
    with tracer.start_as_current_span("dropped", attributes={"note": EMAIL}):
        running = tracer.start_span("running")
    guard.force_flush()
    running.end()
    guard.force_flush()
    assert list(sink.spans) == []
    assert guard.statistics()["late_drops"] == {"by_finding": 1, "with_parent": 1}


def test_orphans_are_counted(configured: Any, sink: HttpSink) -> None:
    """Children that had gone are without their parent: it is known how many."""
    guard = configured(finding("drop"))
    tracer = guard.tracer_provider.get_tracer("test")
    with tracer.start_as_current_span("dropped", attributes={"note": EMAIL}):
        for number in range(3):
            tracer.start_span(f"child {number}").end()
        guard.force_flush()
    guard.force_flush()
    assert len(sink.spans) == 3
    counts = guard.statistics()
    assert counts["orphaned"] == 3
    metrics = {instrument.name: list(instrument.points(counts)) for instrument in INSTRUMENTS}
    assert metrics["jaeger_guard.spans.orphaned"] == [(3, {})]
    assert metrics["jaeger_guard.spans.dropped_late"] == [(1, {"reason": "by_finding"})]
    assert metrics["jaeger_guard.spans.minimal"] == [(0, {})]


def test_other_processors_never_see_what_is_dropped() -> None:
    """They keep what they are shown, so it is scrubbed and decided before."""
    guarded = Guarded(finding("drop"))
    with guarded.tracer.start_as_current_span("dropped", attributes={"note": EMAIL}):
        running = guarded.tracer.start_span("running")
    running.end()
    with guarded.tracer.start_as_current_span("kept", attributes={"note": "none"}):
        pass
    assert set(guarded.spans) == {"kept"}
    assert guarded.counts()["late_drops"] == {"by_finding": 1, "with_parent": 1}


def test_other_processors_and_our_own_export_agree(configured: Any, sink: HttpSink) -> None:
    """Beside our own export, another processor gets the same spans, and each counts once."""
    rules = [SamplingRule(attributes={"http.route": "/gone"}, decision="drop")]
    guard = configured(Sampling(rules=rules, findings=finding("minimal").findings))
    exporter = InMemorySpanExporter()
    guard.tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = guard.tracer_provider.get_tracer("test")
    for name, attributes in (
        ("gone", {"http.route": "/gone"}),
        ("minimal", {"note": EMAIL}),
        ("whole", {"n": 1}),
    ):
        with tracer.start_as_current_span(name, kind=SpanKind.SERVER) as span:
            for key, value in attributes.items():
                span.set_attribute(key, value)
    guard.force_flush()
    assert sorted(span.name for span in sink.spans) == ["minimal", "whole"]
    seen = {span.name: dict(span.attributes or {}) for span in exporter.get_finished_spans()}
    assert seen == {"minimal": {}, "whole": {"n": 1}}
    assert guard.statistics()["minimal"] == 1
    assert guard.statistics()["late_drops"] == {"by_rule": 1}


def test_rules_alone_decide_about_raw_spans(configured: Any, sink: HttpSink) -> None:
    """Without findings to wait for, our own export judges spans before they are scrubbed."""
    rules = [
        SamplingRule(attributes={"http.route": "/gone"}, decision="drop"),
        SamplingRule(attributes={"http.route": "/secret"}, decision="minimal"),
    ]
    guard = configured(Sampling(rules=rules, record_reason=True))
    tracer = guard.tracer_provider.get_tracer("test")
    for route in ("/gone", "/secret", "/shop"):
        with tracer.start_as_current_span(route, kind=SpanKind.SERVER) as span:
            tracer.start_span(f"{route} sent").end()
            guard.force_flush()
            tracer.start_span(f"{route} queued").end()
            span.set_attribute("http.route", route)
            span.set_attribute("note", EMAIL)
    guard.force_flush()
    spans = {span.name: [attribute.key for attribute in span.attributes] for span in sink.spans}
    reason = "jaeger_guard.sampling.reason"
    assert spans == {
        "/gone sent": [reason],
        "/secret sent": [reason],
        "/secret queued": [reason],
        "/secret": [reason],
        "/shop sent": [reason],
        "/shop queued": [reason],
        "/shop": [reason, "http.route", "note"],
    }
    assert EMAIL.encode() not in b"".join(sink.payloads)
    counts = guard.statistics()
    assert counts["late_drops"] == {"by_rule": 1, "with_parent": 1}
    assert (counts["minimal"], counts["orphaned"]) == (1, 1)


def test_broken_spans_cost_no_other_span(configured: Any, sink: HttpSink) -> None:
    """A hand-made span that can't be judged is quarantined; its batch goes on."""
    guard = configured(Sampling(rules=[SamplingRule(name="x", decision="drop")]))

    class Broken(ReadableSpan):
        @property
        def parent(self) -> Any:
            raise RuntimeError("hunter2")

        @property
        def attributes(self) -> Any:
            raise RuntimeError("hunter2")

    context = SpanContext(5, 6, False, TraceFlags(1))
    guard.tracer_provider._active_span_processor.on_end(Broken("broken", context))
    guard.tracer_provider.get_tracer("test").start_span("whole").end()
    guard.force_flush()
    assert sorted(span.name for span in sink.spans) == ["[QUARANTINED]", "whole"]


def test_the_stricter_rule_holds() -> None:
    """Where two rules are about one finding, dropping counts more than minimal."""
    both = [*finding("minimal").findings, *finding("drop").findings]
    guarded = Guarded(Sampling(findings=both))
    guarded.tracer.start_span("a", attributes={"note": EMAIL}).end()
    assert guarded.spans == {}


def test_a_policy_holds_without_our_sampler() -> None:
    """A guard's policy makes spans minimal at their end, whichever sampler made them."""
    sampling = Sampling(
        sensitive_routes=["/patients/*"],
        findings=[FindingRule(category="contact.*", decision="minimal")],
    )
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    from jaeger_guard import GuardSpanProcessor

    policy = Policy(rules=(), sampling=sampling)
    provider.add_span_processor(GuardSpanProcessor(SimpleSpanProcessor(exporter), policy=policy))
    tracer = provider.get_tracer("test")
    tracer.start_span("a", attributes={"http.route": "/patients/5", "n": 1}).end()
    tracer.start_span("b", attributes={"note": EMAIL, "n": 1}).end()
    tracer.start_span("c", attributes={"n": 1}).end()
    spans = {span.name: dict(span.attributes or {}) for span in exporter.get_finished_spans()}
    assert spans == {"a": {}, "b": {}, "c": {"n": 1}}
    assert EMAIL not in text_of(exporter.get_finished_spans()[1])
