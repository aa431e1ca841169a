"""The firewall by itself: every format, every bound, and failures of all that it calls."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import baggage, propagate, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from jaeger_guard import ConfigurationError, Policy, Propagation, protect
from jaeger_guard.policy import compile_policy
from jaeger_guard.propagation import Firewall, FirewallPropagator, toward
from jaeger_guard.propagation.destinations import hosts_of
from jaeger_guard.propagation.propagator import w3c
from jaeger_guard.scrubber import Scrubber
from propagation.conftest import Configured

MAIL = "ada.lovelace" + "@example.org"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
SCRUBBER = Scrubber(compile_policy(Policy(rules=())))
IDS = SpanContext(0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7, False, TraceFlags(1))


def firewall(**words: Any) -> Firewall:
    return Firewall(SCRUBBER, Propagation(**words))


def context_with(members: Mapping[str, object], state: TraceState | None = None) -> Context:
    """A context with a trace and baggage."""
    ids = SpanContext(IDS.trace_id, IDS.span_id, False, TraceFlags(1), state)
    context = set_span_in_context(NonRecordingSpan(ids), Context())
    for key, value in members.items():
        context = baggage.set_baggage(key, value, context)
    return context


def injected(
    members: Mapping[str, object],
    *propagators: TextMapPropagator,
    state: TraceState | None = None,
    **words: Any,
) -> dict[str, str]:
    """What is written."""
    carrier: dict[str, str] = {}
    behind = FirewallPropagator(propagators or w3c(), firewall(**words))
    behind.inject(carrier, context_with(members, state))
    return carrier


def formats() -> list[Any]:
    from opentelemetry.propagators.aws import AwsXRayPropagator
    from opentelemetry.propagators.b3 import B3MultiFormat, B3SingleFormat
    from opentelemetry.propagators.jaeger import JaegerPropagator

    return [B3SingleFormat, B3MultiFormat, JaegerPropagator, AwsXRayPropagator]


# --- out ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", formats(), ids=lambda make: make.__name__)
def test_other_formats(make: Any) -> None:
    """B3, Jaeger and X-Ray write their ids as without a guard, and nothing that was found."""
    benign = {"tenant": "shop-7"}
    plain: dict[str, str] = {}
    make().inject(plain, context_with(benign))
    assert injected(benign, make()) == plain
    assert plain
    planted = {"tenant": "shop-7", "user": MAIL, "Lineage": MAIL, "t": TOKEN, MAIL: "x"}
    behind = injected(planted, make())
    assert "lovelace" not in str(behind)
    assert TOKEN not in str(behind)
    assert behind.keys() >= plain.keys()


class Foreign(TextMapPropagator):
    """A vendor's propagator, which writes what it knows of a user."""

    headers: Mapping[str, Any] = {
        "baggage": f"vendor-user={MAIL},vendor-trace=7f,{MAIL}=1,vendor-b=a%40example.org;p=1",
        "x-vendor-user": MAIL,
        "x-vendor-note": "ask%20" + MAIL.replace("@", "%40"),
        "uberctx-user": MAIL,
        "x-vendor-release": "1.4.2",
        "uber-trace-id": f"{MAIL}:1:0:1",
        "tracestate": f"v={TOKEN},w=fine",
        "x-vendor-id": 7,
        "x-vendor-split": "a\r\nx-injected: 1",
    }

    def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Context:
        raise RuntimeError(MAIL)

    def inject(self, carrier: Any, context: Any = None, setter: Any = None) -> None:
        for name, text in self.headers.items():
            setter.set(carrier, name, text)
        raise RuntimeError(MAIL)

    @property
    def fields(self) -> set[str]:
        return set(self.headers)


def test_what_a_foreign_propagator_writes() -> None:
    """Looked at where it is set, and one that raises takes nothing with it."""
    carrier = injected({}, Foreign(), *w3c())
    assert carrier.pop("traceparent").startswith("00-4bf92f")
    assert carrier == {
        "baggage": "vendor-trace=7f",
        "tracestate": "v=REDACTED,w=fine",
        "x-vendor-release": "1.4.2",
        "x-vendor-id": "7",
    }


def test_what_is_remembered_is_clean() -> None:
    """A member that left before leaves again; one with a finding is looked at each time."""
    judge = firewall()
    for _ in range(3):
        assert judge.outgoing({"a": "fine", "b": f"ask {MAIL}", "c": 7}) == {
            "a": "fine",
            "b": "ask [REDACTED:contact.email]",
            "c": "7",
        }
    assert judge.statistics() == {"value": 3}


def test_lists_of_keys() -> None:
    """What isn't listed stays, whatever its case; an empty list lets nothing out."""
    members = {"Tenant.id": "7", "flavour": "plain"}
    assert injected(members, baggage=["tenant.*"])["baggage"] == "Tenant.id=7"
    assert "baggage" not in injected(members, baggage=[])
    assert injected(members)["baggage"] == "Tenant.id=7,flavour=plain"


def test_bounds_of_baggage() -> None:
    """180 members, 8,192 bytes and 4,096 bytes in a value at the most, or what a policy says."""
    many = {f"k{number}": "v" for number in range(200)}
    assert len(injected(many)["baggage"].split(",")) == 180
    assert injected(many, most_members=2)["baggage"] == "k0=v,k1=v"
    big = {f"k{number}": "ä" * 500 for number in range(9)}
    assert len(injected(big)["baggage"]) <= 8192
    assert len(injected(big)["baggage"].split(",")) == 2  # six characters each, when encoded
    assert injected({"a": "x" * 5000, "b": "v"})["baggage"] == "b=v"
    assert injected({"a": "vv", "b": "v"}, longest_value=1)["baggage"] == "b=v"
    assert injected({"abc": "v", "b": "v"}, most_bytes=4)["baggage"] == "b=v"


def test_tracestate() -> None:
    """Members are scrubbed; 32 of them and 512 characters go on, ours first of all."""
    state = TraceState([("vendor", TOKEN), ("w", "fine")])
    assert injected({}, state=state)["tracestate"] == "vendor=REDACTED,w=fine"
    members = [("v0", "x" * 200), *((f"v{n}", "y" * 20) for n in range(1, 31))]
    long = TraceState([*members, ("jaeger_guard", "1")])
    header = injected({}, state=long)["tracestate"]
    assert len(header) <= 512
    assert header.startswith("v1=") and header.endswith(
        "jaeger_guard=1"
    )  # the large one went first
    assert "v30=" not in header


def test_values_of_any_type() -> None:
    """Baggage may hold anything; what can't be read stays, and its siblings go."""

    class Hostile:
        def __str__(self) -> str:
            raise ValueError(MAIL)

    members: dict[str, Any] = {"a": 7, "b": Hostile(), "c": None, "d": "é\ud800"}
    judge = firewall()
    carrier: dict[str, str] = {}
    FirewallPropagator(w3c(), judge).inject(carrier, context_with(members))
    assert carrier["baggage"].startswith("a=7,c=None")
    assert judge.statistics()["failure"] >= 1


class Broken(Scrubber):
    """A scrubber that fails."""

    def value(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError(MAIL)

    def tracestate(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError(MAIL)


def test_fails_closed() -> None:
    """Where nothing can be judged, the trace goes on alone, and nothing is raised."""
    judge = Firewall(Broken(SCRUBBER.policy))
    carrier: dict[str, str] = {}
    context = context_with({"a": "b"}, TraceState([("v", "w")]))
    FirewallPropagator(w3c(), judge).inject(carrier, context)
    assert set(carrier) == {"traceparent"}
    assert judge.statistics() == {"failure": 2}


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=20), st.one_of(st.text(max_size=300), st.integers(), st.none())
    ),
    st.lists(st.text(max_size=200), max_size=4),
)
def test_hostile_baggage(members: dict[str, Any], headers: list[str]) -> None:
    """Whatever baggage and headers hold: nothing is raised, and what is written keeps the bounds."""
    carrier: dict[str, str] = {}
    behind = FirewallPropagator(w3c(), firewall())
    behind.inject(carrier, context_with({**members, "mail": MAIL}))
    assert "lovelace" not in str(carrier)
    assert len(carrier.get("baggage", "")) <= 8192
    for header in headers:
        inbound = behind.extract({"baggage": header, "tracestate": header}, Context())
        assert len(baggage.get_all(inbound)) <= 180


# --- hosts ----------------------------------------------------------------------------------------


def span_with(kind: SpanKind, **attributes: str) -> Context:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("t")
    named = {key.replace("_", "."): text for key, text in attributes.items()}
    return set_span_in_context(tracer.start_span("s", kind=kind, attributes=named), Context())


@pytest.mark.parametrize(
    ("kind", "attributes", "hosts"),
    [
        (
            SpanKind.CLIENT,
            {"url_full": "https://API.internal:8443/x?u=@b.example"},
            {"api.internal"},
        ),
        (SpanKind.CLIENT, {"http_url": "http://u:p@[2001:DB8::1]:80/"}, {"2001:db8::1"}),
        (SpanKind.CLIENT, {"server_address": "api.internal."}, {"api.internal"}),
        (SpanKind.PRODUCER, {"server_address": "10.0.0.7"}, {"10.0.0.7"}),
        (
            SpanKind.CLIENT,
            {"url_full": "https://evil.example/", "server_address": "api.internal"},
            {"evil.example", "api.internal"},
        ),
        # Clients disagree about which of the two is the host.
        (SpanKind.CLIENT, {"url_full": "https://evil.example\\@api.internal/"}, None),
        (SpanKind.CLIENT, {"url_full": "https://api.internal@evil.example@x/"}, None),
        (SpanKind.CLIENT, {"url_full": "https://[api/", "server_address": "api.internal"}, None),
        (SpanKind.CLIENT, {}, None),
        (SpanKind.SERVER, {"server_address": "api.internal"}, None),  # that is ourselves
        (SpanKind.INTERNAL, {"server_address": "api.internal"}, None),
    ],
)
def test_which_host(kind: SpanKind, attributes: dict[str, str], hosts: set[str] | None) -> None:
    """The client span says it; what isn't plain, or a span of another kind, doesn't."""
    assert hosts_of(span_with(kind, **attributes)) == hosts


def test_unknown_hosts() -> None:
    """Under a list nothing goes where nobody says where that is, unless a policy allows it."""
    assert injected({"a": "b"}, trace_hosts=["*.internal"]) == {}
    assert "baggage" not in injected({"a": "b"}, baggage_hosts=["*.internal"])
    allowed = injected({"a": "b"}, trace_hosts=["*.internal"], unknown_hosts="allow")
    assert {"traceparent", "baggage"} <= allowed.keys()


def test_the_application_says_the_host() -> None:
    """`toward` is for code around which no instrumentor stands."""
    judge = FirewallPropagator(w3c(), firewall(trace_hosts=["api.internal"]))
    for host, sent in (("API.internal", True), ("evil.example", False), ("", False)):
        carrier: dict[str, str] = {}
        with toward(host):
            token_context = trace.set_span_in_context(NonRecordingSpan(IDS))
            judge.inject(carrier, token_context)
        assert bool(carrier) is sent


def test_several_policies_permit_what_each_does() -> None:
    """The more protective counts, whichever is on top."""
    one = Propagation(baggage=["a*"], trace_hosts=["*.internal"], most_members=9)
    other = Propagation(baggage=["*b"], unknown_hosts="allow", inbound_baggage=["x"])
    for merged in (one.over(other), other.over(one)):
        judge = Firewall(SCRUBBER, merged)
        assert list(judge.outgoing({"ab": "1", "a": "1", "b": "1"})) == ["ab"]
        assert not judge.lets_trace(Context())
        assert judge.incoming({}, {"x": "1", "y": "1"}) == {"x": "1"}
        assert merged.most_members == 9


def test_mistakes_are_told() -> None:
    """With the field, and the remedy; never the text, which may have been pasted."""
    for words, field in (
        ({"trace_hosts": [f"https://u:{TOKEN}@x/"]}, "trace_hosts"),
        ({"baggage": "tenant"}, "baggage"),
        ({"most_bytes": 9000}, "most_bytes"),
        ({"unknown_hosts": "maybe"}, "unknown_hosts"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            Propagation(**words)
        assert field in str(caught.value)
        assert TOKEN not in str(caught.value)


# --- in -------------------------------------------------------------------------------------------


def test_what_was_there_stays() -> None:
    """The limits are for what a caller sends; what the application has set is its own."""
    before = baggage.set_baggage("own", "x" * 9000, Context())
    behind = FirewallPropagator(w3c(), firewall(inbound_baggage=["a"]))
    after = behind.extract({"baggage": "a=1,b=2"}, before)
    assert set(baggage.get_all(after)) == {"own", "a"}


def test_a_refusal_comes_in() -> None:
    """A key that refuses consent is taken, whatever the list says: it can only tighten."""
    judge = Firewall(SCRUBBER, Propagation(inbound_baggage=[]), always_taken=["consent"])
    after = FirewallPropagator(w3c(), judge).extract({"baggage": "consent=no,b=2"}, Context())
    assert dict(baggage.get_all(after)) == {"consent": "no"}


# --- installed ------------------------------------------------------------------------------------


def test_nobody_gets_around_it(configured: Configured) -> None:
    """A propagator that is set later stands behind it, also for who imported the setter before."""
    from opentelemetry.propagate import inject, set_global_textmap

    configured()
    set_global_textmap(W3CBaggagePropagator())
    carrier: dict[str, str] = {}
    inject(carrier, context_with({"user": MAIL, "a": "b"}))
    assert "lovelace" not in carrier["baggage"]
    assert isinstance(propagate.get_global_textmap(), FirewallPropagator)


def test_protect_puts_it_up(configured: Configured) -> None:
    """A provider of somebody else's has the same boundary."""
    configured().shutdown()
    propagate.set_global_textmap(W3CBaggagePropagator())
    guard = protect(TracerProvider(shutdown_on_exit=False), policy=Policy(rules=()))
    carrier: dict[str, str] = {}
    propagate.inject(carrier, context_with({"user": MAIL}))
    assert "lovelace" not in carrier["baggage"]
    assert guard.statistics()["propagation"] == {"value": 1}


_BY_HAND = """
from opentelemetry import baggage, propagate, trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
span = NonRecordingSpan(SpanContext(7, 8, False, TraceFlags(1)))
context = baggage.set_baggage("user", "ada@example.org", trace.set_span_in_context(span))
context = baggage.set_baggage("tenant", "7", context)
for _ in range(2):
    carrier = {}
    propagate.inject(carrier, context)
    print(sorted(carrier), "example.org" in str(carrier), "tenant=7" in carrier["baggage"])
"""


@pytest.mark.parametrize("named", ["jaeger_guard", "tracecontext,baggage,jaeger_guard"])
def test_by_name_alone(named: str) -> None:
    """OTEL_PROPAGATORS=jaeger_guard holds without configure(), from the first request on."""
    done = subprocess.run(
        [sys.executable, "-c", _BY_HAND],
        env={"OTEL_PROPAGATORS": named},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == ["['baggage', 'traceparent'] False True"] * 2
