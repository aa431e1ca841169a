"""Where settings of sampling come from: arguments, variables and policies, and what they come to."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.util._once import Once

from jaeger_guard import (
    ConfigurationError,
    Consent,
    Guard,
    Policy,
    PrivacySampler,
    Sampling,
    SamplingRule,
    configuration,
    configure,
    protect,
)
from jaeger_guard.configuration.samplers import choose_sampler
from jaeger_guard.policy import compile_policy
from jaeger_guard.propagation import GuardPropagator
from sampling.spans import SECRET, Guarded, text_of

Configured = Callable[..., Guard]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configured]:
    """Configure without sending anything, and forget it all again."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "JAEGER_GUARD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    guards: list[Guard] = []
    textmap = propagate.get_global_textmap()

    def build(**arguments: Any) -> Guard:
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
        monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
        monkeypatch.setattr(configuration, "_installed", None)
        guards.append(configure(**arguments))
        return guards[-1]

    yield build
    for guard in guards:
        guard.shutdown()
    propagate.set_global_textmap(textmap)


def settings(environ: dict[str, str], policy: Policy | None = None, given: Any = None) -> Sampling:
    """What the sampler goes by."""
    compiled = None if policy is None else compile_policy(policy)
    sampler = choose_sampler(given, environ, compiled)
    assert isinstance(sampler, PrivacySampler)
    return sampler.sampling


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("PROBABILITY", "0.5", 0.5),
        ("WITHOUT_CONSENT", "minimal", "minimal"),
        ("TRUST_REMOTE_PARENT", "false", False),
        ("SENSITIVE_ROUTES", "/a/*, /b", ("/a/*", "/b")),
        ("DEFAULT_RULES", "false", False),
        ("RECORD_REASON", "true", True),
        ("SCRUB_START", "1", True),
    ],
)
def test_variables(field: str, text: str, value: object) -> None:
    """Each field has its variable, and one of them alone chooses this sampler."""
    assert getattr(settings({f"JAEGER_GUARD_SAMPLING_{field}": text}), field.lower()) == value


@pytest.mark.parametrize(
    ("variables", "where"),
    [
        ({"JAEGER_GUARD_SAMPLING_PROBABILITY": "hunter2"}, "JAEGER_GUARD_SAMPLING_PROBABILITY"),
        ({"JAEGER_GUARD_SAMPLING_WITHOUT_CONSENT": "x"}, "JAEGER_GUARD_SAMPLING_WITHOUT_CONSENT"),
        ({"JAEGER_GUARD_SAMPLING_TRUST_REMOTE_PARENT": "x"}, "TRUST_REMOTE_PARENT"),
        ({"JAEGER_GUARD_SAMPLING_RULES": "x"}, "JAEGER_GUARD_SAMPLING_RULES"),
        ({"JAEGER_GUARD_SAMPLING_REMOTE_INTERVAL": "5"}, "JAEGER_GUARD_SAMPLING_REMOTE_INTERVAL"),
        ({"JAEGER_GUARD_SAMPLING_PEER_KEY_FILE": "/nowhere/key"}, "peer_key_file"),
        ({"OTEL_TRACES_SAMPLER": "jaeger_guard", "OTEL_TRACES_SAMPLER_ARG": "x"}, "SAMPLER_ARG"),
        (
            {"OTEL_TRACES_SAMPLER": "jaeger_guard", "OTEL_TRACES_SAMPLER_ARG": "rules=x"},
            "OTEL_TRACES_SAMPLER_ARG",
        ),
    ],
)
def test_variables_that_are_wrong(variables: dict[str, str], where: str) -> None:
    """An error names the variable, and not what it holds."""
    with pytest.raises(ConfigurationError, match=where) as refused:
        choose_sampler(None, variables)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("argument", "field", "value"),
    [
        ("", "probability", None),
        ("0.25", "probability", 0.25),
        ("probability=0.25, without_consent=drop", "without_consent", "drop"),
        ("trust_remote_parent=false", "trust_remote_parent", False),
    ],
)
def test_the_standard_variable(argument: str, field: str, value: object) -> None:
    """OTEL_TRACES_SAMPLER=jaeger_guard, with a probability, settings, or nothing."""
    variables = {"OTEL_TRACES_SAMPLER": "jaeger_guard", "OTEL_TRACES_SAMPLER_ARG": argument}
    assert getattr(settings(variables), field) == value


def test_which_source_wins() -> None:
    """For rates: argument, our variable, policy, standard variable. Rules of all, in this order."""
    policy = Policy(
        rules=(), sampling=Sampling(probability=0.3, rules=[SamplingRule(name="policy")])
    )
    ours = {"JAEGER_GUARD_SAMPLING_PROBABILITY": "0.2"}
    standard = {"OTEL_TRACES_SAMPLER": "jaeger_guard", "OTEL_TRACES_SAMPLER_ARG": "0.4"}
    given = Sampling(probability=0.1, rules=[SamplingRule(name="given")])
    assert settings({**ours, **standard}, policy, given).probability == 0.1
    assert settings({**ours, **standard}, policy).probability == 0.2
    assert settings(standard, policy).probability == 0.3
    assert settings(standard).probability == 0.4
    rules: Any = settings(ours, policy, given).rules
    assert [rule.name for rule in rules] == ["given", "policy"]


def test_the_stricter_holds_for_what_protects_people() -> None:
    """No source takes back what another one asked for."""
    policy = Policy(
        rules=(), sampling=Sampling(without_consent="drop", sensitive_routes=["/patients/*"])
    )
    merged = settings(
        {"JAEGER_GUARD_SAMPLING_TRUST_REMOTE_PARENT": "false"},
        policy,
        Sampling(without_consent="minimal", sensitive_routes=["/account"]),
    )
    assert merged.without_consent == "drop"
    assert merged.trust_remote_parent is False
    assert merged.sensitive_routes == ("/account", "/patients/*")


def test_policies_merge(tmp_path: Path) -> None:
    """What a policy extends has a say too."""
    (tmp_path / "company.toml").write_text(
        '[sampling]\nwithout_consent = "minimal"\nprobability = 0.5\n[consent]\ncookies = ["c"]\n'
    )
    file = tmp_path / "shop.toml"
    file.write_text(
        'extends = ["./company.toml", "baseline"]\n[sampling]\nprobability = 0.1\n[consent]\nsec_gpc = true\n'
    )
    policy = compile_policy(Policy.load(file))
    assert policy.sampling == Sampling(without_consent="minimal", probability=0.1)
    assert policy.consent == Consent(cookies=("c",), sec_gpc=True)


@pytest.mark.parametrize("tables", ["sampling", "consent"])
def test_a_policy_beside_another_sampler(tables: str) -> None:
    """What a policy says about sampling isn't silently left out."""
    table = Sampling() if tables == "sampling" else Consent()
    policy = Policy(rules=(), **{tables: table})  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="the policy says how to sample"):
        settings({}, policy, ALWAYS_ON)
    with pytest.raises(ConfigurationError, match="OTEL_TRACES_SAMPLER"):
        settings({"OTEL_TRACES_SAMPLER": "traceidratio"}, policy)
    variables = {
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.5",
    }
    assert settings(variables, policy).probability == 0.5


def test_nobody_asks_for_it(configured: Configured) -> None:
    """Without any setting, the SDK's own sampler stays."""
    assert isinstance(configured().tracer_provider.sampler, ParentBased)


def test_configure(configured: Configured) -> None:
    """The live sampler is the provider's, claimed from the first span on."""
    guard = configured(sampling=Sampling(rules=[SamplingRule(name="secret", decision="minimal")]))
    exporter = InMemorySpanExporter()
    guard.tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    assert isinstance(guard.tracer_provider.sampler, PrivacySampler)
    guard.tracer_provider.get_tracer("test").start_span("secret", attributes={"a": SECRET}).end()
    [span] = exporter.get_finished_spans()
    assert SECRET not in text_of(span)
    assert guard.statistics()["minimal"] == 1
    with pytest.raises(ConfigurationError, match="other settings"):
        configure(sampling=Sampling())


def test_rules_of_all_hold_in_one_order(configured: Configured) -> None:
    """A rule of the application in front of the policy's decides at the end, as it did at the start."""
    rules = [SamplingRule(name="*", decision="drop")]
    policy = Policy(rules=(), sampling=Sampling(rules=rules))
    guard = configured(sampling=Sampling(rules=[SamplingRule(name="kept")]), policy=policy)
    exporter = InMemorySpanExporter()
    guard.tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    for name in ("kept", "other"):
        guard.tracer_provider.get_tracer("test").start_span(name).end()
    assert [span.name for span in exporter.get_finished_spans()] == ["kept"]


def test_protect() -> None:
    """A provider that somebody else built with a PrivacySampler is claimed at once."""
    sampling = Sampling(rules=[SamplingRule(name="secret", decision="minimal")])
    provider = TracerProvider(sampler=PrivacySampler(sampling), shutdown_on_exit=False)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    guard = protect(provider)
    provider.get_tracer("test").start_span("secret", attributes={"a": SECRET}).end()
    [span] = exporter.get_finished_spans()
    assert SECRET not in text_of(span)
    assert guard.statistics()["minimal"] == 1


def test_the_propagator_is_added_where_a_policy_reads_requests(configured: Configured) -> None:
    """Beside those that are there, once; and not where nothing is read."""
    configured(sampling=Sampling())
    assert not _ours()
    for _ in range(2):
        configured(policy=Policy(rules=(), consent=Consent(headers=("c",))))
        assert len(_ours()) == 1
    assert {"traceparent", "baggage"} <= propagate.get_global_textmap().fields


def _ours() -> list[Any]:
    listed: Any = propagate.get_global_textmap()
    return [part for part in listed._propagators if isinstance(part, GuardPropagator)]


# --- what processors see at the start -------------------------------------------------------------


class Starting(SpanProcessor):
    """A processor that looks at spans as they start."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.seen.append(dict(span.attributes))


@pytest.mark.parametrize("scrubs", [False, True])
def test_scrubbing_start_attributes(scrubs: bool) -> None:
    """Off by default, since rules and the application's thread pay; on, for processors that look."""
    email = "jo" + "@example.com"
    rules = [SamplingRule(attributes={"mail": email}), SamplingRule(name="s", decision="minimal")]
    guarded = Guarded(Sampling(rules=rules, scrub_start=scrubs, default_rules=False))
    starting = Starting()
    guarded.guard.add_span_processor(starting)
    guarded.tracer.start_span("a", attributes={"mail": email, "n": 1}).end()
    guarded.tracer.start_span("s", attributes={"n": SECRET}).end()
    if scrubs:
        assert starting.seen == [{"mail": "[REDACTED:contact.email]", "n": 1}, {}]
    else:
        assert starting.seen == [{"mail": email, "n": 1}, {"n": SECRET}]
    assert email not in text_of(guarded.spans["a"])


# --- zero-code ------------------------------------------------------------------------------------

_PRINT_SAMPLER = """
from opentelemetry.sdk._configuration import _OTelSDKConfigurator
from opentelemetry import trace, propagate
_OTelSDKConfigurator().configure()
print(trace.get_tracer_provider().sampler.get_description())
print(sorted(type(part).__name__ for part in propagate.get_global_textmap()._propagators))
"""


def in_child(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script with an environment of its own."""
    kept = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("OTEL_", "JAEGER_GUARD_"))
    }
    return subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", script],
        env={**kept, "OTEL_TRACES_EXPORTER": "none", **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )


def test_the_sdk_loads_sampler_and_propagator(tmp_path: Path) -> None:
    """By their entry points, with the argument, the policy, and our own variables."""
    policy = tmp_path / "policy.toml"
    policy.write_text('[sampling]\nwithout_consent = "drop"\n[consent]\nheaders = ["c"]\n')
    key = tmp_path / "peer.key"
    key.write_text(base64.b64encode(bytes(32)).decode())
    key.chmod(0o600)
    child = in_child(
        _PRINT_SAMPLER,
        OTEL_TRACES_SAMPLER="jaeger_guard",
        OTEL_TRACES_SAMPLER_ARG="0.25",
        OTEL_PROPAGATORS="tracecontext,jaeger_guard",
        JAEGER_GUARD_POLICY=str(policy),
        JAEGER_GUARD_SAMPLING_PEER_KEY_FILE=str(key),
    )
    description, propagators = child.stdout.splitlines()
    assert description == (
        "PrivacySampler{rules:0,probability:0.25,remote:none,withoutConsent:drop,"
        "trustRemoteParent:true,peersSigned:true}"
    )
    assert propagators == "['GuardPropagator', 'TraceContextTextMapPropagator']"


@pytest.mark.parametrize(
    ("variable", "text", "where"),
    [
        ("OTEL_TRACES_SAMPLER_ARG", "without_consent=minimal,rate=5", "OTEL_TRACES_SAMPLER_ARG"),
        ("JAEGER_GUARD_SAMPLING_PEER_KEY_FILE", "/nowhere/peer.key", "Sampling.peer_key_file"),
    ],
)
def test_a_setting_that_is_wrong_records_nothing(variable: str, text: str, where: str) -> None:
    """The SDK would record everything instead of a sampler that can't be built; an error says why."""
    child = in_child(_PRINT_SAMPLER, OTEL_TRACES_SAMPLER="jaeger_guard", **{variable: text})
    assert child.stdout.splitlines()[0] == "AlwaysOffSampler"
    assert f"no span is recorded: {where}" in child.stderr


def test_a_propagator_loads_without_instrumentation() -> None:
    """It is loaded while opentelemetry.instrumentation is being imported, so it can't import that."""
    child = in_child(
        "import sys, opentelemetry.propagate\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.instrumentation')])\n"
        "print('jaeger_guard.propagation' in sys.modules)",
        OTEL_PROPAGATORS="tracecontext,baggage,jaeger_guard",
    )
    assert child.stdout.split() == ["[]", "True"]


@pytest.mark.parametrize("group", ["opentelemetry_traces_sampler", "opentelemetry_sampler"])
def test_the_entry_points_build_a_sampler(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument too, as declarative configuration calls the second."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "JAEGER_GUARD_")):
            monkeypatch.delenv(name)
    [entry_point] = metadata.entry_points(group=group, name="jaeger_guard")
    assert isinstance(entry_point.load()(), PrivacySampler)
    assert entry_point.load()("0.5").sampling.probability == 0.5
