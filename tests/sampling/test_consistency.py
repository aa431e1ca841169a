"""Consistent probability: thresholds are written, honoured, and the same for all who see a trace."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import SpanKind

from jaeger_guard import GuardSpanProcessor, PrivacySampler, Sampling, SamplingRule
from jaeger_guard.sampling.threshold import OT, OtMember, threshold_of
from sampling.spans import TRACE_ID, Guarded, parent

KEPT = Decision.RECORD_AND_SAMPLE


def ask(sampler: PrivacySampler, context: Any = None, trace_id: int = TRACE_ID) -> SamplingResult:
    """Ask about one span."""
    return sampler.should_sample(context, trace_id, "GET /a", SpanKind.SERVER, {"a": 1}, ())


def states(result: SamplingResult) -> dict[str, str]:
    """The tracestate of a result."""
    return dict(result.trace_state or {})


@pytest.mark.parametrize(
    ("probability", "text"), [(1.0, "th:0"), (0.5, "th:8"), (0.25, "th:c"), (0.01, "th:fd70a")]
)
def test_a_root_writes_its_threshold(probability: float, text: str) -> None:
    """What is kept says what it counts for; what isn't says nothing."""
    sampler = PrivacySampler(Sampling(probability=probability))
    kept = ask(sampler, trace_id=(1 << 100) | ((1 << 56) - 1))
    assert (kept.decision, states(kept)) == (KEPT, {OT: text})
    assert kept.attributes == {"a": 1}
    if probability < 1:
        dropped = ask(sampler, trace_id=1 << 100)
        assert (dropped.decision, states(dropped)) == (Decision.DROP, {})


def test_nothing_is_kept_at_zero() -> None:
    """The highest randomness isn't enough for a probability of 0."""
    result = ask(PrivacySampler(Sampling(probability=0)), trace_id=(1 << 128) - 1)
    assert result.decision is Decision.DROP


@given(st.integers(1, 2**128 - 1), st.floats(0, 1), st.floats(0, 1))
def test_who_samples_less_keeps_a_part(trace_id: int, first: float, second: float) -> None:
    """Two services with different rates agree: what the lower keeps, the higher keeps too."""
    lower, higher = sorted((first, second))
    if ask(PrivacySampler(Sampling(probability=lower)), trace_id=trace_id).decision is KEPT:
        kept = ask(PrivacySampler(Sampling(probability=higher)), trace_id=trace_id)
        assert kept.decision is KEPT


@pytest.mark.parametrize("probability", [0.9, 0.5, 0.1, 0.01])
def test_rates_are_what_they_say(probability: float) -> None:
    """Chi-square of 20,000 traces against the probability, and of their even spread over it."""
    generator = random.Random(20261126)
    sampler = PrivacySampler(Sampling(probability=probability))
    number = 20_000
    trace_ids = [generator.getrandbits(128) | 1 for _ in range(number)]
    kept = [trace for trace in trace_ids if ask(sampler, trace_id=trace).decision is KEPT]
    expected = number * probability
    statistic = (len(kept) - expected) ** 2 / expected
    statistic += (len(kept) - expected) ** 2 / (number - expected)
    assert statistic < 10.83  # one degree of freedom, p = 0.001
    bins = [0] * 10
    for trace in kept:
        bins[(trace >> 100) % 10] += 1  # bits that decide nothing
    even = len(kept) / 10
    assert sum((count - even) ** 2 / even for count in bins) < 27.88  # nine degrees, p = 0.001


def test_an_explicit_randomness_counts_instead_of_the_trace_id() -> None:
    """`rv` decides where it stands, and goes on as it was."""
    sampler = PrivacySampler(Sampling(rules=[SamplingRule(probability=0.5)]))
    low = parent(remote=True, state={OT: "th:0;rv:7fffffffffffff"}, trace_id=(1 << 128) - 1)
    assert ask(sampler, low, (1 << 128) - 1).decision is Decision.DROP
    high = parent(remote=True, state={OT: "th:0;rv:80000000000000"}, trace_id=1 << 100)
    result = ask(sampler, high, 1 << 100)
    assert (result.decision, states(result)) == (KEPT, {OT: "th:8;rv:80000000000000"})


@pytest.mark.parametrize("remote", [True, False])
def test_parents_are_followed(remote: bool) -> None:
    """Parent-based: a service's own probability is for roots."""
    sampler = PrivacySampler(Sampling(probability=0))
    state = {OT: "th:8;a:1", "vendor": "x"}
    kept = ask(sampler, parent(remote=remote, state=state))
    assert (kept.decision, states(kept)) == (KEPT, state)
    everything = PrivacySampler(Sampling(probability=1))
    dropped = ask(everything, parent(remote=remote, sampled=False, state={"vendor": "x"}))
    assert (dropped.decision, states(dropped)) == (Decision.DROP, {"vendor": "x"})


def test_a_threshold_that_contradicts_the_flag_is_erased() -> None:
    """The flag is followed, and nobody counts by a threshold that can't have been used."""
    low = parent(remote=True, state={OT: "th:c;rv:80000000000000", "vendor": "x"})
    result = ask(PrivacySampler(Sampling()), low)
    assert result.decision is KEPT
    assert states(result) == {OT: "rv:80000000000000", "vendor": "x"}
    unsampled = parent(remote=True, sampled=False, state={OT: "th:8"})
    assert states(ask(PrivacySampler(Sampling()), unsampled)) == {}


def test_a_parent_without_a_threshold() -> None:
    """What has no known probability gets none from a rule with a rate."""
    sampler = PrivacySampler(Sampling(rules=[SamplingRule(probability=0.5)]))
    result = ask(sampler, parent(remote=True, trace_id=(1 << 128) - 1), (1 << 128) - 1)
    assert (result.decision, states(result)) == (KEPT, {})


@given(st.integers(1, 2**128 - 1), st.floats(0, 1), st.floats(0, 1))
def test_a_rate_under_a_parent_keeps_a_part(trace_id: int, theirs: float, ours: float) -> None:
    """The stricter threshold counts, and stands in what goes on."""
    first = ask(PrivacySampler(Sampling(probability=theirs)), trace_id=trace_id)
    if first.decision is not KEPT:
        return
    context = parent(remote=True, state=states(first), trace_id=trace_id)
    second = ask(
        PrivacySampler(Sampling(rules=[SamplingRule(probability=ours)])), context, trace_id
    )
    randomness = trace_id & ((1 << 56) - 1)
    assert (second.decision is KEPT) == (randomness >= threshold_of(ours))
    if second.decision is KEPT:
        stricter = max(threshold_of(theirs), threshold_of(ours))
        assert OtMember.read(second.trace_state).threshold == stricter


def test_at_the_edge_a_caller_has_no_say() -> None:
    """Flag, threshold, randomness and marks of a caller change neither rates nor decisions."""
    sampler = PrivacySampler(Sampling(probability=0.5, trust_remote_parent=False))
    said: list[dict[str, Any]] = [
        {"sampled": False},
        {"sampled": True, "state": {OT: "th:0;rv:ffffffffffffff"}},
        {"sampled": True, "state": {OT: "th:ffffffffffffff;rv:00000000000000"}},
        {"sampled": True, "state": {"jaeger_guard": "rm", "vendor": "x"}},
    ]
    for options in said:
        state = options.get("state", {})
        context = parent(remote=True, sampled=bool(options["sampled"]), state=state)
        results = [ask(sampler, context) for _ in range(2000)]
        kept = [result for result in results if result.decision is KEPT]
        assert 850 < len(kept) < 1150  # one trace id, always the same: not what decides
        for result in kept[:50]:
            member = OtMember.read(result.trace_state)
            assert member.threshold == threshold_of(0.5)
            assert member.randomness is not None
            assert member.randomness >= member.threshold
            assert states(result).get("vendor") == state.get("vendor")
            assert "jaeger_guard" not in states(result)


def test_children_of_an_edge_agree_with_it() -> None:
    """The randomness that was drawn goes with the trace, so that services behind agree."""
    edge = PrivacySampler(Sampling(probability=0.5, trust_remote_parent=False))
    inner = PrivacySampler(Sampling(rules=[SamplingRule(probability=0.5)]))
    context = parent(remote=True)
    for _ in range(200):
        result = ask(edge, context)
        if result.decision is KEPT:
            behind = parent(remote=True, state=states(result))
            assert ask(inner, behind).decision is KEPT


class Counting(RandomIdGenerator):
    """Makes trace ids that only count; what their last bits say is no randomness."""

    def __init__(self) -> None:
        self.last = 0xABC << 100

    def generate_trace_id(self) -> int:
        self.last += 1
        return self.last

    def is_trace_id_random(self) -> bool:
        return False


@pytest.mark.parametrize("wrapped", [False, True])
def test_trace_ids_that_are_not_random_get_a_randomness(wrapped: bool) -> None:
    """Where trace ids aren't random (W3C Trace Context Level 2), roots write `rv`, and rates hold."""
    sampler: Sampler = PrivacySampler(Sampling(probability=0.5))
    provider = TracerProvider(
        sampler=ParentBased(sampler) if wrapped else sampler,
        id_generator=Counting(),
        shutdown_on_exit=False,
    )
    exporter = InMemorySpanExporter()
    provider.add_span_processor(GuardSpanProcessor(SimpleSpanProcessor(exporter)))
    tracer = provider.get_tracer("test")
    for _ in range(400):
        tracer.start_span("a").end()
    members = [
        OtMember.read(span.context.trace_state if span.context else None)
        for span in exporter.get_finished_spans()
    ]
    assert 120 < len(members) < 280  # eight standard deviations
    assert all(member.randomness is not None for member in members)


def test_the_random_flag_goes_on() -> None:
    """Spans of a provider with random ids have both flags."""
    guarded = Guarded(Sampling())
    with guarded.tracer.start_as_current_span("a") as span:
        assert span.get_span_context().trace_flags == 0x03


def test_attributes_of_the_caller_survive() -> None:
    """Start attributes arrive at the span, unlike with the SDK's composite sampler."""
    provider = TracerProvider(sampler=PrivacySampler(Sampling()), shutdown_on_exit=False)
    span: Any = provider.get_tracer("test").start_span("a", attributes={"x": 1})
    assert dict(span.attributes) == {"x": 1}


def test_the_description() -> None:
    """It says what it does, in the form of OpenTelemetry's samplers, and no path or key."""
    sampling = Sampling(probability=0.25, rules=[SamplingRule(name="a")], without_consent="drop")
    assert PrivacySampler(sampling).get_description() == (
        "PrivacySampler{rules:1,probability:0.25,remote:none,withoutConsent:drop,"
        "trustRemoteParent:true,peersSigned:false}"
    )


def test_a_decision_that_fails_drops_the_span() -> None:
    """Nothing raises into the application, and nothing leaks; it is counted."""

    class Broken(dict[str, Any]):
        def get(self, *_: Any) -> Any:
            raise RuntimeError("hunter2")

    sampler = PrivacySampler(Sampling())
    result = sampler.should_sample(None, 5, "a", SpanKind.SERVER, Broken(a=1), ())
    assert result.decision is Decision.DROP
    assert sampler.statistics() == {"failed": 1}
