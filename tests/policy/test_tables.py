"""The tables [sampling], [consent] and [retention]: read as they are written, refused by place and word."""

from __future__ import annotations

import tomllib
from pathlib import Path

import jsonschema
import pytest

from jaeger_guard import (
    ConfigurationError,
    Consent,
    FindingRule,
    JaegerRemote,
    Policy,
    Retention,
    Sampling,
    SamplingRule,
)
from jaeger_guard.policy.schema import policy_schema

WHOLE = """
[sampling]
probability = 0.5
without_consent = "minimal"
trust_remote_parent = false
peer_key_file = "/etc/peer.key"
sensitive_routes = ["/a/*"]
default_rules = false
record_reason = true
scrub_start = true
remote = {endpoint = "https://jaeger:5778", interval = 5}
[[sampling.rules]]
name = "GET *"
attributes = {"http.route" = "/x", "n" = 5, "b" = true}
kind = "server"
parent = "root"
decision = "record"
probability = 0.1
per_second = 2.5
[[sampling.rules]]
scope = "x*"
decision = "minimal"
[[sampling.findings]]
category = "health.*"
decision = "drop"
[consent]
headers = ["X-A"]
cookies = ["c"]
baggage = ["b"]
refusals = ["No"]
sec_gpc = true
dnt = true
purpose = "support"
[retention]
default = "short"
services = {"a*" = "long"}
routes = {"/b" = "short"}
findings = ["health.*"]
"""


def load(text: str, folder: Path, suffix: str = ".toml") -> Policy:
    """Load a policy from a file."""
    file = folder / f"policy{suffix}"
    file.write_text(text)
    return Policy.load(file)


def test_every_word(tmp_path: Path) -> None:
    """What a file says is what the objects say, field by field."""
    policy = load(WHOLE, tmp_path)
    assert policy.sampling == Sampling(
        probability=0.5,
        without_consent="minimal",
        trust_remote_parent=False,
        peer_key_file="/etc/peer.key",
        sensitive_routes=["/a/*"],
        default_rules=False,
        record_reason=True,
        scrub_start=True,
        remote=JaegerRemote("https://jaeger:5778", 5),
        rules=[
            SamplingRule(
                name="GET *",
                attributes={"http.route": "/x", "n": "5", "b": "true"},
                kind="server",
                parent="root",
                probability=0.1,
                per_second=2.5,
            ),
            SamplingRule(scope="x*", decision="minimal"),
        ],
        findings=[FindingRule(category="health.*", decision="drop")],
    )
    assert policy.consent == Consent(
        headers=["x-a"],
        cookies=["c"],
        baggage=["b"],
        refusals=["no"],
        sec_gpc=True,
        dnt=True,
        purpose="support",
    )
    assert policy.retention == Retention(
        default="short",
        services={"a*": "long"},
        routes={"/b": "short"},
        findings=["health.*"],
    )
    jsonschema.Draft202012Validator(policy_schema()).validate(tomllib.loads(WHOLE))


WRONG = [
    ("sampling = 5", "sampling: it is a whole number"),
    ("[sampling]\nprobabilty = 1", "Did you mean 'probability'"),
    ("[sampling]\nprobability = 2", "sampling, probability"),
    ("[sampling]\nprobability = true", "probability is a boolean"),
    ("[sampling]\nprobability = nan", "out of range"),
    ("[sampling]\nwithout_consent = 'never'", "sampling, without_consent"),
    ("[sampling]\ntrust_remote_parent = 1", "trust_remote_parent is a whole number"),
    ("[sampling]\npeer_key_file = 5", "peer_key_file"),
    ("[sampling]\nrules = {}", "rules is a table"),
    ("[sampling]\nrules = [5]", "sampling.rules 1: it is a whole number"),
    ("[sampling]\nremote = 'https://x'", "sampling, remote"),
    ("[sampling]\nremote = {interval = 5}", "sampling.remote, endpoint: endpoint is missing"),
    ("[sampling]\nremote = {endpoint = ''}", "the endpoint is no URL"),
    ("[sampling]\nsensitive_routes = '/a'", "sensitive_routes is a text"),
    ("[sampling]\nsensitive_routes = [5]", "sensitive_routes holds something else"),
    ("[[sampling.rules]]\ndecison = 'drop'", "sampling.rules 1, decison"),
    ("[[sampling.rules]]\nname = 5", "sampling.rules 1, name"),
    ("[[sampling.rules]]\nname = ''", "name has 0 characters"),
    ("[[sampling.rules]]\nattributes = 'a=b'", "attributes is no table of texts"),
    ("[[sampling.rules]]\nattributes = {a = [1]}", "attributes is no table of texts"),
    (
        "[[sampling.rules]]\n[[sampling.rules]]\ndecision = 'drop'\nprobability = 0.5",
        "sampling.rules 2, decision: a rule that drops has no rate",
    ),
    ("[[sampling.findings]]\ncategory = 'helth.*'\ndecision = 'drop'", "sampling.findings 1"),
    ("[[sampling.findings]]\ncategory = 'health.*'", "decision is missing"),
    ("[consent]\nheaders = 'x'", "headers is a text"),
    ("[consent]\npurpose = ''", "consent, purpose"),
    ("[consent]\ndnt = 'yes'", "dnt is a text, not true or false"),
    ("[retention]\ndefault = 'forever'", "retention, default"),
    ("[retention]\nroutes = {'/a' = 'medium'}", "retention, routes"),
    ("[retention]\nfindings = ['helth.*']", "retention, findings"),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_what_is_wrong(text: str, told: str, tmp_path: Path) -> None:
    """The place, the word and the remedy; and an editor sees it before, by the schema."""
    with pytest.raises(ConfigurationError) as refused:
        load(text, tmp_path)
    assert told in str(refused.value)
    validator = jsonschema.Draft202012Validator(policy_schema())
    known_by_code_alone = ("nan", "drops has no rate")
    if not any(word in text + told for word in known_by_code_alone):
        assert not validator.is_valid(tomllib.loads(text))


def test_what_looks_like_a_secret_is_not_quoted(tmp_path: Path) -> None:
    """What was pasted into the wrong word isn't repeated."""
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    for text in (
        f"[sampling]\nwithout_consent = '{secret}'",
        f"[sampling]\n{secret} = 1",
        f"[sampling]\nremote = {{endpoint = '{secret}', interval = 0}}",
        f"[retention]\nroutes = {{'/a' = '{secret}'}}",
    ):
        with pytest.raises(ConfigurationError) as refused:
            load(text, tmp_path)
        assert secret not in str(refused.value)
        assert secret not in repr(refused.value)


def test_yaml_words_without_a_value(tmp_path: Path) -> None:
    """A word that is left empty in YAML is told, not taken for a default."""
    with pytest.raises(ConfigurationError, match="probability has no value"):
        load("sampling:\n  probability:\n", tmp_path, ".yaml")


def test_a_policy_takes_nothing_else() -> None:
    """A table's field holds its own kind of value."""
    with pytest.raises(ConfigurationError, match="sampling is no Sampling"):
        Policy(rules=(), sampling={"probability": 1})  # type: ignore[arg-type]


def test_other_tables_are_other_policies() -> None:
    """Two policies that differ in a table alone aren't the same."""
    from jaeger_guard.policy import compile_policy

    digests = {
        compile_policy(Policy(rules=(), sampling=sampling)).digest
        for sampling in (
            None,
            Sampling(),
            Sampling(probability=0.5),
            Sampling(remote=JaegerRemote("https://a")),
            Sampling(remote=JaegerRemote("https://b")),
        )
    }
    assert len(digests) == 5
