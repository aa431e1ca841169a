"""Rules: the first that matches decides, by what is known of a span, and again at its end."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanKind

from jaeger_guard import ConfigurationError, PrivacySampler, Sampling, SamplingRule
from jaeger_guard.sampling.globs import compile_glob
from jaeger_guard.sampling.limiter import Limiter
from jaeger_guard.sampling.rules import HEALTH_PATHS
from sampling.spans import Guarded, parent


def decide(
    sampling: Sampling,
    name: str = "GET",
    kind: SpanKind = SpanKind.SERVER,
    context: Any = None,
    **attributes: Any,
) -> bool:
    """Say whether a span would be kept."""
    given = {key.replace("__", "."): value for key, value in attributes.items()}
    result = PrivacySampler(sampling).should_sample(
        context, random.getrandbits(128), name, kind, given, ()
    )
    return result.decision is Decision.RECORD_AND_SAMPLE


def dropping(**conditions: Any) -> Sampling:
    """Drop what matches."""
    return Sampling(rules=[SamplingRule(decision="drop", **conditions)], default_rules=False)


@pytest.mark.parametrize(
    ("conditions", "matching", "other"),
    [
        ({"name": "GET /a*"}, {"name": "GET /a/b/c"}, {"name": "get /a/b"}),
        ({"name": "job ?"}, {"name": "job 1"}, {"name": "job 12"}),
        ({"kind": "server"}, {}, {"kind": SpanKind.CLIENT}),
        ({"kind": SpanKind.CLIENT}, {"kind": SpanKind.CLIENT}, {}),
        ({"parent": "root"}, {}, {"context": parent(remote=True)}),
        ({"parent": "remote"}, {"context": parent(remote=True)}, {}),
        ({"parent": "local"}, {"context": parent(remote=False)}, {}),
        ({"attributes": {"a": "1"}}, {"a": "1"}, {"a": "2"}),
        ({"attributes": {"a": "1"}}, {"a": 1}, {"b": 1}),
        ({"attributes": {"a": True}}, {"a": True}, {"a": False}),
        ({"attributes": {"a": "x*"}}, {"a": ["y", "xy"]}, {"a": ["y"]}),
        ({"attributes": {"a.*": "x"}}, {"a__b": "x"}, {"b__a": "x"}),
        ({"attributes": {"a": "1", "b": "2"}}, {"a": "1", "b": "2"}, {"a": "1"}),
        ({"attributes": {"http.route": "/u/*"}}, {"http__route": "/u/{id}"}, {"http__route": "/v"}),
        ({"attributes": {"http.route": "/u/*"}}, {"url__path": "/u/5"}, {"url__path": "/v/5"}),
        (
            {"attributes": {"http.route": "/u/{id}"}},
            {"url__path": "/u/5"},
            {"url__path": "/u/5/orders"},
        ),
        (
            {"attributes": {"http.route": "/u/<int:id>"}},
            {"http__target": "/u/5?x=/u"},
            {"http__target": "/v?x=/u/5"},
        ),
        (
            {"attributes": {"http.route": "/u/:id"}},
            {"http__url": "https://shop.example/u/5?q=1"},
            {"http__url": "https://shop.example/"},
        ),
        ({"attributes": {"http.route": "/u/*"}}, {"url__path": "/%75/5"}, {"url__path": "/%76/5"}),
        # The path that a client asks for is another's, and no route of ours.
        (
            {"attributes": {"http.route": "/u/*"}},
            {"url__path": "/u/5"},
            {"url__path": "/u/5", "kind": SpanKind.CLIENT},
        ),
        # A route that is known counts, not the path.
        (
            {"attributes": {"http.route": "/u/{id}"}},
            {"http__route": "/u/{id}", "url__path": "/x"},
            {"http__route": "/u/{name}", "url__path": "/u/5"},
        ),
    ],
)
def test_conditions(
    conditions: dict[str, Any], matching: dict[str, Any], other: dict[str, Any]
) -> None:
    """A rule matches where everything that it names does, and nowhere else."""
    assert not decide(dropping(**conditions), **matching)
    assert decide(dropping(**conditions), **other)


def test_the_first_rule_decides() -> None:
    """An earlier rule holds against a later one."""
    keep, drop = SamplingRule(name="pay*"), SamplingRule(name="*", decision="drop")
    assert decide(Sampling(rules=[keep, drop]), name="pay 1")
    assert not decide(Sampling(rules=[keep, drop]), name="other")
    assert not decide(Sampling(rules=[drop, keep]), name="pay 1")


@pytest.mark.parametrize("path", sorted(HEALTH_PATHS))
def test_health_checks_are_dropped(path: str) -> None:
    """Health checks and metrics endpoints are dropped by default, with a slash at their end too."""
    for attributes in ({"url__path": path}, {"http__target": path + "?x=1"}, {"http__route": path}):
        given: dict[str, Any] = dict(attributes)
        assert not decide(Sampling(), **given)
        assert decide(Sampling(default_rules=False), **given)
        assert decide(Sampling(), kind=SpanKind.CLIENT, **given)
    assert not decide(Sampling(), url__path=path + "/")
    assert not decide(Sampling(), name="/grpc.health.v1.Health/Check")


@pytest.mark.parametrize("path", ["/healthy-food", "/health/../pay", "/metrics/x", "/HEALTH", "/"])
def test_what_only_begins_like_a_health_check_stays(path: str) -> None:
    """Nobody hides a request by beginning its path so."""
    assert decide(Sampling(), url__path=path)


@pytest.mark.parametrize("key", ["http__target", "url__path", "http__url", "url__full"])
def test_a_target_may_be_a_whole_url(key: str) -> None:
    """A client that writes a whole URL as its target evades no rule on the path, and hides nothing."""
    hidden = SamplingRule(attributes={"http.route": "/search"}, decision="drop")
    for target, kept in (
        ("http://anywhere/search?q=1", False),
        ("HTTPS://anywhere:1/search", False),
        ("http://anywhere/health", False),
        ("http://search", True),
        ("http://[/search", True),
        ("http://anywhere/search/http://x/health", True),
    ):
        given: dict[str, Any] = {key: target}
        assert decide(Sampling(rules=[hidden]), **given) is kept


def test_a_rate_of_a_rule() -> None:
    """A rule's probability holds instead of the general one."""
    sampling = Sampling(probability=0, rules=[SamplingRule(name="a", probability=0.5)])
    sampler = PrivacySampler(sampling)
    kept = sum(
        sampler.should_sample(None, random.getrandbits(128), "a").decision
        is Decision.RECORD_AND_SAMPLE
        for _ in range(2000)
    )
    assert 850 < kept < 1150  # more than six standard deviations on each side
    assert not decide(sampling, name="b")


def test_a_limit_of_a_rule() -> None:
    """At most so many a second, without a threshold, since nobody knows the probability."""
    sampler = PrivacySampler(Sampling(rules=[SamplingRule(per_second=5)]))
    results = [sampler.should_sample(None, number, "a") for number in range(1, 101)]
    kept = [result for result in results if result.decision is Decision.RECORD_AND_SAMPLE]
    assert 5 <= len(kept) <= 6
    assert not any(result.trace_state for result in kept)


def test_the_limiter_fills_with_time() -> None:
    """It holds what one second brings, and one at least."""
    now = 0.0
    limiter = Limiter(2.0, clock=lambda: now)
    assert [limiter.allow() for _ in range(3)] == [True, True, False]
    now = 0.5
    assert [limiter.allow() for _ in range(2)] == [True, False]
    now = 100.0
    assert [limiter.allow() for _ in range(3)] == [True, True, False]
    slow = Limiter(0.1, clock=lambda: now)
    assert [slow.allow(), slow.allow()] == [True, False]
    now = 110.0
    assert slow.allow()


def test_a_route_that_is_known_late_counts() -> None:
    """What a framework writes before the end makes the span minimal, or drops it, and is counted."""
    rules = [
        SamplingRule(attributes={"http.route": "/patients/*"}, decision="minimal"),
        SamplingRule(attributes={"http.route": "/internal/*"}, decision="drop"),
    ]
    guarded = Guarded(Sampling(rules=rules))
    for route in ("/patients/{id}", "/internal/x", "/shop"):
        with guarded.tracer.start_as_current_span(route, kind=SpanKind.SERVER) as span:
            span.set_attribute("note", "content")
            span.set_attribute("http.route", route)
    assert set(guarded.spans) == {"/patients/{id}", "/shop"}
    assert dict(guarded.spans["/patients/{id}"].attributes or {}) == {}
    assert (guarded.spans["/shop"].attributes or {})["note"] == "content"
    assert guarded.counts()["minimal"] == 1
    assert guarded.counts()["late_drops"] == {"by_rule": 1}


def test_a_record_rule_in_front_holds_at_the_end_too() -> None:
    """The first rule decides then as well."""
    rules = [
        SamplingRule(attributes={"http.route": "/p/public"}),
        SamplingRule(attributes={"http.route": "/p/*"}, decision="minimal"),
    ]
    guarded = Guarded(Sampling(rules=rules))
    with guarded.tracer.start_as_current_span("a", attributes={"http.route": "/p/public", "n": 1}):
        pass
    assert (guarded.spans["a"].attributes or {})["n"] == 1


@given(
    st.lists(st.sampled_from(["a", "b", "/", "-", "*", "?", "{id}"]), max_size=8).map("".join),
    st.text("ab/-", max_size=10),
)
def test_parameters_stand_for_a_part_of_one_segment(glob: str, path: str) -> None:
    """A glob with parameters matches what the plain pattern of it does."""
    pieces = []
    for piece in re.sub(r"(\{id\})+", "\0", glob).split("*"):
        words = {"\0": "[^/]+", "?": "[^/]" if "\0" in piece else "."}
        pieces.append("".join(words.get(one) or re.escape(one) for one in piece))
    plain = re.fullmatch(".*".join(pieces), path, re.DOTALL)
    assert bool(compile_glob(glob, placeholders=True)(path)) is (plain is not None)


def test_no_path_takes_long() -> None:
    """Whoever writes a long path can't make a request wait, however many parameters a route has."""
    script = (
        "from jaeger_guard.sampling.globs import compile_glob\n"
        "for glob in ('/{a}-{b}-{c}-{d}.json', '/{a}{b}{c}{d}', '*{a}-{b}*-{c}-*-{d}', '*a*b*c*d*'):\n"
        "    for text in ('-' * 4096, 'a' * 4096, 'abc-' * 1024):\n"
        "        compile_glob(glob, placeholders=True)('/' + text + '/')\n"
    )
    subprocess.run([sys.executable, "-c", script], timeout=300, check=True)  # it took hours


def test_a_route_without_its_slash() -> None:
    """Django writes `patients/<int:id>`; a rule may write it with the slash that it begins with."""
    for glob, route, kept in (
        ("/patients/*", "patients/<int:id>", False),
        ("patients/*", "patients/<int:id>", False),
        ("/patients/*", "my-patients/<int:id>", True),
        ("patients/*", "/patients/<int:id>", True),
    ):
        rule = SamplingRule(attributes={"http.route": glob}, decision="drop")
        assert decide(Sampling(rules=[rule]), http__route=route, url__path="/other") is kept


@pytest.mark.parametrize("late", [False, True])
def test_a_rate_in_front_leaves_sensitive_routes_minimal(late: bool) -> None:
    """What an application keeps of its requests doesn't undo what its privacy team asked for."""
    for rule, kept in (
        (SamplingRule(kind="server"), True),
        (SamplingRule(kind="server", per_second=1000), True),
        (SamplingRule(kind="server", probability=0.0), False),
    ):
        guarded = Guarded(Sampling(rules=[rule], sensitive_routes=["/patients/*"]))
        path = "/unknown" if late else "/patients/5"
        for name, route in (("a", "/patients/{id}"), ("b", "/orders/{id}")):
            with guarded.tracer.start_as_current_span(
                name, kind=SpanKind.SERVER, attributes={"url.path": path if name == "a" else "/o"}
            ) as span:
                span.set_attribute("http.route", route)
        assert set(guarded.spans) == ({"a", "b"} if kept else set())
        if kept:
            assert dict(guarded.spans["a"].attributes or {}) == {}
            assert dict(guarded.spans["b"].attributes or {}) != {}


@pytest.mark.parametrize(
    ("glob", "hit", "miss"),
    [
        ("*", "", None),
        ("a*b*c", "a-b-b-c", "a-c-b"),
        ("*a*", "bab", "bbb"),
        ("a.b", "a.b", "axb"),
        ("a?", "a\n", "a"),
        ("[a]*", "[a]b", "ab"),
    ],
)
def test_globs(glob: str, hit: str, miss: str | None) -> None:
    """A star crosses everything, a question mark is one character, all else is itself."""
    assert compile_glob(glob)(hit)
    assert miss is None or not compile_glob(glob)(miss)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SamplingRule(decision="keep"), "decision"),  # type: ignore[arg-type]
        (lambda: SamplingRule(probability=2), "probability"),
        (lambda: SamplingRule(per_second=0), "per_second"),
        (lambda: SamplingRule(kind="servre"), "kind"),
        (lambda: SamplingRule(parent="far"), "parent"),  # type: ignore[arg-type]
        (lambda: SamplingRule(decision="drop", probability=0.5), "decision"),
        (lambda: SamplingRule(scope="x", decision="drop"), "scope"),
        (lambda: SamplingRule(scope="x", decision="minimal", per_second=1), "scope"),
        (lambda: SamplingRule(name=""), "name"),
        (lambda: Sampling(probability=float("nan")), "probability"),
        (lambda: Sampling(rules=["x"]), "rules"),  # type: ignore[list-item]
        (lambda: Sampling(without_consent="no"), "without_consent"),  # type: ignore[arg-type]
        (lambda: Sampling(trust_remote_parent="no"), "trust_remote_parent"),  # type: ignore[arg-type]
        (lambda: Sampling(remote="https://x"), "remote"),  # type: ignore[arg-type]
        (lambda: PrivacySampler("x"), "PrivacySampler"),  # type: ignore[arg-type]
    ],
)
def test_what_is_wrong_is_named(make: Any, words: str) -> None:
    """A value that can't be is refused where it is made, by the name of its field."""
    with pytest.raises(ConfigurationError, match=words):
        make()
