"""Consent: what an application, a request or a caller says, and that nothing remote grants any."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from opentelemetry import baggage, trace
from opentelemetry.context import Context, attach, detach, get_value
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from jaeger_guard import Consent, Policy, PrivacySampler, Sampling, consent
from jaeger_guard.consents import STATEMENT_KEY
from jaeger_guard.propagation import GuardPropagator
from sampling.spans import SECRET, Guarded, parent, text_of

MINIMAL = Sampling(without_consent="minimal")


def kept(guarded: Guarded, name: str = "a", context: Context | None = None) -> str:
    """Record a span with content; say what became of it."""
    guarded.tracer.start_span(name, context, attributes={"note": SECRET}).end()
    span = guarded.spans.get(name)
    guarded.exporter.clear()
    if span is None:
        return "drop"
    return "record" if SECRET in text_of(span) else "minimal"


@pytest.mark.parametrize("decision", ["record", "minimal", "drop"])
def test_a_refusal(decision: Any) -> None:
    """What is refused becomes what the setting says; a grant, or nobody's word, changes nothing."""
    guarded = Guarded(Sampling(without_consent=decision))
    with consent(False):
        assert kept(guarded) == decision
    with consent(True):
        assert kept(guarded) == "record"
    assert kept(guarded) == "record"


def test_the_innermost_word_counts() -> None:
    """A grant within a refusal holds inside, and a refusal within a grant too."""
    guarded = Guarded(MINIMAL)
    with consent(False):
        with consent(True):
            assert kept(guarded) == "record"
        assert kept(guarded) == "minimal"
    once = consent(False)
    with once, once:
        assert kept(guarded) == "minimal"
    assert kept(guarded) == "record"


def test_children_of_a_refusal_stay_minimal() -> None:
    """The decision reaches children, and a later grant can't bring back what a parent left out."""
    guarded = Guarded(MINIMAL)
    with consent(False):
        outer = guarded.tracer.start_span("outer", attributes={"note": SECRET})
    with trace.use_span(outer, end_on_exit=True), consent(True):
        guarded.tracer.start_span("inner", attributes={"note": SECRET}).end()
    assert set(guarded.spans) == {"outer", "inner"}
    assert not [span for span in guarded.spans.values() if SECRET in text_of(span)]


@pytest.mark.parametrize("decision", ["minimal", "drop"])
def test_a_refusal_while_spans_run(decision: Any) -> None:
    """It holds for the current span, those around it, and what is under it, before and after."""
    guarded = Guarded(Sampling(without_consent=decision))
    tracer = guarded.tracer
    note = {"note": SECRET}
    with tracer.start_as_current_span("server", attributes=note):
        with tracer.start_as_current_span("before", attributes=note):
            pass
        with tracer.start_as_current_span("view", attributes=note) as view:
            with consent(False):
                tracer.start_span("query", attributes=note).end()
            tracer.start_span("after", attributes=note).end()
            view.set_attribute("later", SECRET)
    with tracer.start_as_current_span("other", attributes=note):
        pass
    names = set(guarded.spans)
    # "before" had ended, and gone, when consent was refused.
    assert names == {"before", "other"} | (
        {"server", "view", "query", "after"} if decision == "minimal" else set()
    )
    for name in names - {"before", "other"}:
        assert SECRET not in text_of(guarded.spans[name])
    assert SECRET in text_of(guarded.spans["other"])
    if decision == "drop":
        assert guarded.counts()["late_drops"] == {"by_consent": 2}


def test_purposes() -> None:
    """Consent for other purposes than the policy's is none; without purposes it is for any."""
    sampler = PrivacySampler(MINIMAL, consent=Consent(purpose="support"))
    guarded = Guarded(sampler)
    for purposes, expected in (
        (("support", "ads"), "record"),
        ((), "record"),
        ("support", "record"),
        (("ads",), "minimal"),
    ):
        with consent(True, purposes=purposes):
            assert kept(guarded) == expected


def test_threads_and_tasks_keep_their_own() -> None:
    """What one request says is not heard by another."""
    guarded = Guarded(MINIMAL)
    heard: dict[str, bool] = {}

    async def task(name: str, granted: bool) -> None:
        with consent(granted):
            await asyncio.sleep(0)
            guarded.tracer.start_span(name, attributes={"note": SECRET}).end()

    async def both() -> None:
        await asyncio.gather(task("refused", False), task("granted", True))

    asyncio.run(both())
    with consent(False):
        thread = threading.Thread(
            target=lambda: heard.update(record=kept_in_thread(guarded, "thread"))
        )
        thread.start()
        thread.join()
    assert SECRET not in text_of(guarded.spans["refused"])
    assert SECRET in text_of(guarded.spans["granted"])
    assert heard == {"record": True}


def test_one_object_in_many_threads() -> None:
    """A grant that several threads enter at once ends in each of them where it was left."""
    granted = consent(True)
    entered, left = threading.Event(), threading.Event()
    after: list[object] = []

    def first() -> None:
        with granted:
            entered.set()
            left.wait(30)
        after.append(get_value(STATEMENT_KEY))

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait(30)
    with granted:
        with granted:
            pass
        assert get_value(STATEMENT_KEY) is not None
        left.set()
        thread.join()
    after.append(get_value(STATEMENT_KEY))
    assert after == [None, None]


def kept_in_thread(guarded: Guarded, name: str) -> bool:
    """Record a span; say whether its content went on."""
    guarded.tracer.start_span(name, attributes={"note": SECRET}).end()
    return SECRET in text_of(guarded.spans[name])


# --- requests --------------------------------------------------------------------------------------

READ = Consent(headers=("X-Consent",), cookies=("consent",), sec_gpc=True, dnt=True)


@pytest.mark.parametrize(
    ("headers", "refuses"),
    [
        ({"x-consent": "denied"}, True),
        ({"x-consent": " No "}, True),
        ({"X-Consent": "withdrawn"}, True),
        ({"x-consent": ["granted", "denied"]}, True),
        ({"x-consent": "granted"}, False),
        ({"x-consent": ""}, False),
        ({"cookie": "a=1; consent=false; b=2"}, True),
        ({"cookie": 'consent="0"'}, True),
        ({"cookie": "xconsent=false; consent=true"}, False),
        ({"cookie": "consent"}, False),
        ({"sec-gpc": "1"}, True),
        ({"sec-gpc": "0"}, False),
        ({"sec-gpc": "true"}, False),
        ({"dnt": "1"}, True),
        ({"dnt": "0"}, False),
        ({"x-other": "denied", "baggage": "consent=denied"}, False),
        ({}, False),
    ],
)
def test_what_a_request_says(headers: dict[str, Any], refuses: bool) -> None:
    """Headers and cookies that are named can refuse, by the words that are known."""
    guarded = Guarded(MINIMAL)
    context = GuardPropagator(READ).extract(headers, Context())
    assert kept(guarded, context=context) == ("minimal" if refuses else "record")


@pytest.mark.parametrize("header", ["sec-gpc", "dnt", "cookie", "x-consent"])
def test_nothing_is_read_that_no_policy_names(header: str) -> None:
    """Without settings, what a request says changes nothing; nobody can blind a service."""
    guarded = Guarded(MINIMAL)
    said = {header: "consent=denied" if header == "cookie" else "1"}
    for propagator in (GuardPropagator(), GuardPropagator(Consent())):
        assert kept(guarded, context=propagator.extract(said, Context())) == "record"


def test_no_request_grants_anything() -> None:
    """What an application refused stays refused, whatever a request, baggage or caller says."""
    guarded = Guarded(PrivacySampler(MINIMAL, consent=Consent(headers=("c",), baggage=("c",))))
    context = GuardPropagator(Consent(headers=("c",))).extract({"c": "granted"}, Context())
    context = baggage.set_baggage("c", "true", context)
    token = attach(context)
    try:
        with consent(False):
            assert kept(guarded) == "minimal"
    finally:
        detach(token)


def test_an_application_can_overrule_a_request() -> None:
    """It knows better than a header: what it grants is recorded."""
    guarded = Guarded(MINIMAL)
    token = attach(GuardPropagator(READ).extract({"x-consent": "denied"}, Context()))
    try:
        assert kept(guarded) == "minimal"
        with consent(True):
            assert kept(guarded) == "record"
    finally:
        detach(token)


def test_baggage() -> None:
    """A key that is named refuses, unless callers aren't trusted, who could have written it."""
    named = Consent(baggage=("consent",))
    context = baggage.set_baggage("consent", "denied", Context())
    assert kept(Guarded(PrivacySampler(MINIMAL, consent=named)), context=context) == "minimal"
    assert kept(Guarded(MINIMAL), context=context) == "record"
    edge = Sampling(without_consent="minimal", trust_remote_parent=False)
    assert kept(Guarded(PrivacySampler(edge, consent=named)), context=context) == "record"


def test_a_carrier_that_raises_says_nothing() -> None:
    """A getter that fails, or gives something else, never reaches the application."""

    class Broken:
        def get(self, *_: Any) -> Any:
            raise RuntimeError("hunter2")

        def keys(self, _: Any) -> list[str]:
            return []

    extracted = GuardPropagator(READ).extract({}, Context(), Broken())  # type: ignore[arg-type]
    assert extracted == Context()
    assert GuardPropagator(READ).extract({"x-consent": None}, Context()) == Context()


# --- other services -----------------------------------------------------------------------------

W3C = CompositePropagator([TraceContextTextMapPropagator(), GuardPropagator()])


def send(guarded: Guarded, *, late: bool = False) -> dict[str, str]:
    """Call another service under a refusal; answer the request's headers."""
    headers: dict[str, str] = {}
    if late:  # the span began before consent was refused
        span = guarded.tracer.start_span("caller", kind=SpanKind.CLIENT)
        token = attach(trace.set_span_in_context(span))
        with consent(False):
            W3C.inject(headers)
        detach(token)
    else:
        with consent(False), guarded.tracer.start_as_current_span("caller", kind=SpanKind.CLIENT):
            W3C.inject(headers)
    return headers


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("setting", ["record", "minimal", "drop"])
def test_a_refusal_reaches_other_services(setting: Any, late: bool) -> None:
    """A service treats a refusal by its own setting, and minimal by the caller's."""
    headers = send(Guarded(MINIMAL), late=late)
    assert headers["tracestate"].startswith("jaeger_guard=rm")
    receiver = Guarded(Sampling(without_consent=setting))
    context = W3C.extract(headers, Context())
    assert kept(receiver, context=context) == ("drop" if setting == "drop" else "minimal")


def test_a_refusal_that_changes_nothing_here_is_told_all_the_same() -> None:
    """A service that records without consent tells those that don't."""
    headers = send(Guarded(Sampling()))
    assert headers["tracestate"].startswith("jaeger_guard=r,")
    assert kept(Guarded(MINIMAL), context=W3C.extract(headers, Context())) == "minimal"
    assert kept(Guarded(Sampling()), context=W3C.extract(headers, Context())) == "record"


@pytest.mark.parametrize("mark", ["m", "r", "rm", "mr", "x", "m:", "m:AAAA", "granted", "rm:x"])
def test_marks_of_callers_that_are_not_trusted(mark: str) -> None:
    """Nobody outside can blind a service, nor make it record."""
    context = parent(remote=True, state={"jaeger_guard": mark, "vendor": "x"})
    edge = Guarded(Sampling(without_consent="minimal", trust_remote_parent=False))
    assert kept(edge, context=context) == "record"
    with consent(False):
        token = attach(context)
        try:
            with consent(False):
                assert kept(edge) == "minimal"
        finally:
            detach(token)


def test_a_mark_that_does_not_count_goes_no_further() -> None:
    """Services behind don't hear it from us."""
    for sampling in (Sampling(trust_remote_parent=False), Sampling()):
        mark = "m" if not sampling.trust_remote_parent else "nonsense"
        context = parent(remote=True, state={"jaeger_guard": mark, "vendor": "x"})
        span = Guarded(sampling).tracer.start_span("a", context)
        assert "jaeger_guard" not in span.get_span_context().trace_state
        assert span.get_span_context().trace_state["vendor"] == "x"


def test_dropped_spans_tell_it_too() -> None:
    """Where the caller drops its span, the refusal goes on all the same."""
    headers = send(Guarded(Sampling(without_consent="drop")))
    assert headers["tracestate"] == "jaeger_guard=r"
    assert headers["traceparent"].endswith(("-00", "-02"))


def test_policy_tables(tmp_path: Any) -> None:
    """`[consent]` and `[sampling]` of a policy become what the sampler goes by."""
    file = tmp_path / "policy.toml"
    file.write_text(
        '[sampling]\nwithout_consent = "drop"\n[consent]\nheaders = ["X-C"]\npurpose = "p"\n'
    )
    policy = Policy.load(file)
    assert policy.consent == Consent(headers=("x-c",), purpose="p")
    assert policy.sampling == Sampling(without_consent="drop")


def test_an_unrecorded_result_has_no_attributes() -> None:
    """What is dropped isn't handed on."""
    with consent(False):
        result = PrivacySampler(Sampling(without_consent="drop")).should_sample(
            None, 5, "a", SpanKind.SERVER, {"note": SECRET}, ()
        )
    assert result.decision is Decision.DROP
    assert not result.attributes
