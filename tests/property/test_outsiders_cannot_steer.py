"""Nothing that comes from outside gets more recorded; and of whom isn't trusted, nothing gets less."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import baggage, trace
from opentelemetry.context import Context, set_value
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.span import TraceState

from jaeger_guard import Consent, PrivacySampler, Sampling, SamplingRule
from jaeger_guard.consents import STATEMENT_KEY, Statement
from jaeger_guard.propagation import GuardPropagator
from jaeger_guard.sampling.marks import Peers
from jaeger_guard.sampling.sampler import MINIMAL_KEY

KEY = bytes(range(32))
NAMES = ("GET /a", "secret", "gone")

words = st.sampled_from(["granted", "denied", "true", "false", "1", "0", "", "no", "yes"])
marks = st.one_of(
    st.sampled_from(["m", "r", "rm", "x", "m:" + "A" * 22]),
    st.builds(lambda letters: Peers(KEY).write(letters, 7), st.sampled_from(["m", "r", "rm"])),
)
statements: Any = st.fixed_dictionaries(
    {},
    optional={
        "mark": marks,
        "vendor": st.sampled_from(["a", "b"]),
        "baggage": words,
        "header": words,
        "cookie": words,
        "gpc": words,
    },
)
local = st.sampled_from([None, True, False])
samplings: Any = st.builds(
    Sampling,
    without_consent=st.sampled_from(["record", "minimal", "drop"]),
    trust_remote_parent=st.booleans(),
    rules=st.just(
        (
            SamplingRule(name="secret", decision="minimal"),
            SamplingRule(name="gone", decision="drop"),
        )
    ),
)
READ = Consent(headers=("c",), cookies=("c",), baggage=("c",), sec_gpc=True)


def rank(
    sampling: Sampling, said: dict[str, str], granted: bool | None, name: str, reads: Consent
) -> int:
    """How much is recorded: 0 nothing, 1 the skeleton, 2 everything."""
    sampler = PrivacySampler(sampling, consent=reads)
    sampler.claim()
    pairs = [
        (key, said[word])
        for key, word in (("jaeger_guard", "mark"), ("v", "vendor"))
        if word in said
    ]
    span = NonRecordingSpan(SpanContext(7, 8, True, TraceFlags(1), TraceState(pairs)))
    context = trace.set_span_in_context(span, Context())
    if "baggage" in said:
        context = baggage.set_baggage("c", said["baggage"], context)
    headers = {
        header: said[word] for header, word in (("c", "header"), ("sec-gpc", "gpc")) if word in said
    }
    if "cookie" in said:
        headers["cookie"] = f"a=b; c={said['cookie']}"
    context = GuardPropagator(reads).extract(headers, context)
    if granted is not None:
        context = set_value(STATEMENT_KEY, Statement(granted, frozenset()), context)
    result = sampler.should_sample(context, 7, name, SpanKind.SERVER, {"a": 1}, ())
    if not result.decision.is_recording():  # type: ignore[no-untyped-call]
        return 0
    return 1 if MINIMAL_KEY in (result.attributes or {}) else 2


@settings(max_examples=300, deadline=None)
@given(samplings, statements, local, st.sampled_from(NAMES))
def test_nothing_remote_loosens(
    sampling: Sampling, said: dict[str, str], granted: bool | None, name: str
) -> None:
    """Whatever is said by tracestate, baggage, headers and cookies, no more is recorded."""
    assert rank(sampling, said, granted, name, READ) <= rank(sampling, {}, granted, name, READ)


@settings(max_examples=300, deadline=None)
@given(samplings, statements, local, st.sampled_from(NAMES))
def test_nobody_untrusted_tightens(
    sampling: Sampling, said: dict[str, str], granted: bool | None, name: str
) -> None:
    """Where neither the caller nor any header is trusted, nothing that is said changes anything."""
    edge = Sampling(
        without_consent=sampling.without_consent, rules=sampling.rules, trust_remote_parent=False
    )
    nothing = Consent()
    assert rank(edge, said, granted, name, nothing) == rank(edge, {}, granted, name, nothing)
    baggage_alone = Consent(baggage=("c",))
    without = rank(edge, {}, granted, name, baggage_alone)
    assert rank(edge, said, granted, name, baggage_alone) == without
