"""What another sampler decided about, such as one that wraps ours: privacy holds there all the same."""

from __future__ import annotations

import contextlib
from typing import Any, Literal

import pytest
from opentelemetry import trace
from opentelemetry.context import Context, get_current
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import SpanKind, Tracer

from jaeger_guard import (
    Consent,
    GuardSpanProcessor,
    Policy,
    PrivacySampler,
    Sampling,
    SamplingRule,
    consent,
)
from jaeger_guard.consents import refuse_in
from sampling.spans import SECRET, Guarded, parent, text_of

ROUTE = "/patients/*"


def serve(tracer: Tracer, context: Context, path: str = "/", name: str = "GET") -> None:
    """A request of another service, and a statement under it."""
    attributes = {"http.target": path, "note": SECRET}
    with (
        tracer.start_as_current_span(name, context, SpanKind.SERVER, attributes),
        tracer.start_as_current_span("SELECT", attributes={"note": SECRET}),
    ):
        pass


def leaks(guarded: Guarded) -> bool:
    """Whether any content came out."""
    return any(SECRET in text_of(span) for span in guarded.spans.values())


def around(**settings: Any) -> Guarded:
    """A ParentBased, which doesn't ask ours about what has a parent."""
    return Guarded(ParentBased(PrivacySampler(Sampling(**settings))))


@pytest.mark.parametrize("decision", ["minimal", "drop"])
def test_a_refusal_under_a_remote_parent(decision: Literal["minimal", "drop"]) -> None:
    """What a request refused holds, although ParentBased follows the caller without asking ours."""
    guarded = around(without_consent=decision)
    serve(guarded.tracer, refuse_in(parent(remote=True)))
    assert set(guarded.spans) == ({"GET", "SELECT"} if decision == "minimal" else set())
    assert not leaks(guarded)
    serve(guarded.tracer, parent(remote=True))
    assert leaks(guarded)  # others are recorded as ever


def test_a_refusal_by_the_application() -> None:
    """Spans that start within a refusal are minimal under a caller's span, too."""
    guarded = around(without_consent="minimal")
    caller = trace.get_current_span(parent(remote=True))
    with consent(False):
        serve(guarded.tracer, trace.set_span_in_context(caller))
    assert not leaks(guarded)


def test_a_callers_mark() -> None:
    """Minimal is inherited from a caller that is trusted, and handed on."""
    guarded = around()
    serve(guarded.tracer, parent(remote=True, state={"jaeger_guard": "m"}))
    assert not leaks(guarded)
    assert set(guarded.spans) == {"GET", "SELECT"}
    guarded.exporter.clear()
    serve(guarded.tracer, parent(remote=True, state={"jaeger_guard": "r"}))
    assert leaks(guarded)  # as without_consent="record" says


def test_a_forged_mark() -> None:
    """Nobody who isn't trusted blinds a service, and what was forged goes no further."""
    guarded = around(trust_remote_parent=False)
    states = []
    with guarded.tracer.start_as_current_span(
        "GET", parent(remote=True, state={"other": "1", "jaeger_guard": "m"})
    ) as span:
        span.set_attribute("note", SECRET)
        states.append(span.get_span_context().trace_state)
    assert leaks(guarded)
    assert [dict(state) for state in states] == [{"other": "1"}]


@pytest.mark.parametrize("foreign", [False, True])
def test_what_is_under_a_sensitive_route(foreign: bool) -> None:
    """Statements under a sensitive request are minimal, whoever sampled it."""
    if foreign:
        policy = Policy(
            name="mine",
            rules=(),
            extends=("baseline",),
            sampling=Sampling(sensitive_routes=[ROUTE]),
        )
        guarded = Guarded(ALWAYS_ON, policy)
    else:
        guarded = around(sensitive_routes=[ROUTE])
    serve(guarded.tracer, parent(remote=True), "/patients/5")
    assert set(guarded.spans) == {"GET", "SELECT"}
    assert not leaks(guarded)
    serve(guarded.tracer, parent(remote=True), "/other")
    assert leaks(guarded)


def test_rates_are_the_other_samplers() -> None:
    """A rate of a rule isn't applied a second time to what another sampler kept."""
    guarded = around(probability=0.0)
    serve(guarded.tracer, parent(remote=True))
    assert set(guarded.spans) == {"GET", "SELECT"}


POLICY = Policy(
    name="mine",
    rules=(),
    extends=("baseline",),
    sampling=Sampling(
        without_consent="minimal",
        trust_remote_parent=False,
        sensitive_routes=[ROUTE],
        rules=[SamplingRule(name="hush*", decision="minimal")],
    ),
    consent=Consent(baggage=["consent"], purpose="support"),
)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("what", ["refused", "purpose", "route", "name"])
def test_a_sampler_by_hand_holds_to_the_policy(what: str, first: bool) -> None:
    """What the guard's policy asks for besides counts, from the first span on."""
    exporter = InMemorySpanExporter()
    guard = GuardSpanProcessor(SimpleSpanProcessor(exporter), policy=POLICY)
    provider = TracerProvider(sampler=PrivacySampler(Sampling()), shutdown_on_exit=False)
    provider.add_span_processor(guard)
    tracer = provider.get_tracer("test")
    if not first:
        tracer.start_span("before").end()
        exporter.clear()
    statement = {"refused": consent(False), "purpose": consent(True, ["ads"])}.get(what)
    with statement or contextlib.nullcontext():
        name = "hush" if what == "name" else "GET"
        serve(tracer, get_current(), "/patients/5" if what == "route" else "/", name)
    spans = exporter.get_finished_spans()
    assert len(spans) == 2
    assert not [span for span in spans if SECRET in text_of(span)]
    exporter.clear()
    serve(tracer, get_current())
    assert all(SECRET in text_of(span) for span in exporter.get_finished_spans())


def test_a_policy_that_trusts_no_caller() -> None:
    """A sampler that was made trusting isn't, under such a policy."""
    guarded = Guarded(Sampling(), POLICY)
    state = {"jaeger_guard": "m", "ot": "th:8"}
    serve(guarded.tracer, parent(remote=True, state=state, sampled=False))
    assert set(guarded.spans) == {"GET", "SELECT"}
    assert leaks(guarded)
