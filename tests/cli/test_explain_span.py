"""`jaeger-guard explain --span` says what sampling decides, and why, and shows no value."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jaeger_guard.cli import main

EMAIL = "jo" + "@example.com"
POLICY = """
[sampling]
probability = 0.25
without_consent = "minimal"
sensitive_routes = ["/patients/*"]
[[sampling.rules]]
name = "GET /static/*"
decision = "drop"
[[sampling.rules]]
name = "search"
per_second = 10
[[sampling.rules]]
scope = "clinic*"
decision = "minimal"
[[sampling.findings]]
category = "health.*"
decision = "drop"
[retention.routes]
"/patients/*" = "short"
"""

Explain = Callable[..., str]


@pytest.fixture
def explain(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Explain:
    """Run the command with a policy; answer what it writes."""
    for name in ("JAEGER_GUARD_POLICY", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)

    def run(*words: str, lines: str = "", status: int = 0, policy: str | None = str(file)) -> str:
        stream = io.TextIOWrapper(io.BytesIO(lines.encode()))
        monkeypatch.setattr(sys, "stdin", stream)
        named = [] if policy is None else ["--policy", policy]
        assert main(["explain", *words, *named]) == status
        written = capsys.readouterr()
        return written.out + written.err

    return run


@pytest.mark.parametrize(
    ("words", "lines", "first"),
    [
        (["--span", "GET /static/x"], "", "span: drop, because of sampling rule 1"),
        (["--span", "search"], "", "span: record, because of sampling rule 2"),
        (
            ["--span", "GET"],
            "http.route=/patients/{id}\n",
            "span: minimal, because of sensitive route 1",
        ),
        (["--span", "GET"], "url.path=/healthz", "span: drop, because of default: health checks"),
        (["--span", "GET"], "", "span: record, because of the default"),
        (["--span", "GET", "--parent", "remote"], "", "span: record, because of the parent"),
        (
            ["--span", "GET", "--consent-refused"],
            "",
            "span: minimal, because of consent that was refused",
        ),
        (["--span", "GET /static/x", "--consent-refused"], "", "span: drop, because of sampling"),
    ],
)
def test_decisions(explain: Explain, words: list[str], lines: str, first: str) -> None:
    """The decision comes first, with the rule that made it."""
    assert explain(*words, lines=lines).startswith(first)


def test_all_that_has_a_say(explain: Explain) -> None:
    """Rates, limits, findings, retention and what the sampler can't know yet are told."""
    assert "  kept with probability 0.25\n" in explain("--span", "GET")
    assert "  at most 10 a second\n" in explain("--span", "search")
    told = explain("--span", "GET", lines="http.route=/patients/5")
    for line in (
        "kept short (privacy.retention)",
        "drop where health.* is found",
        "minimal where consent is refused",
        "a rule on the instrumentation scope may make it minimal",
    ):
        assert f"  {line}\n" in told + "\n"


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_values_are_explained_and_not_shown(explain: Explain, form: list[str]) -> None:
    """What becomes of name and attributes is told besides, without any value."""
    told = explain("--span", f"mail to {EMAIL}", *form, lines=f"note={EMAIL}\nn=5\n")
    assert EMAIL not in told
    assert told.count("contact.email") >= 2


def test_json(explain: Explain) -> None:
    """The same as JSON, for scripts."""
    answer = json.loads(explain("--span", "search", "--json", lines="n=5"))
    assert answer["span"]["decision"] == "record"
    assert answer["span"]["per_second"] == 10
    assert answer["span"]["findings"] == {"health.*": "drop"}
    assert [value["key"] for value in answer["attributes"]] == ["n"]
    minimal = json.loads(explain("--span", "a", "--json", lines="http.route=/patients/5\nn=5"))
    assert (minimal["name"], minimal["attributes"]) == (None, [])


def test_without_a_policy_of_sampling(explain: Explain) -> None:
    """The defaults are explained, and that they aren't in force."""
    told = explain("--span", "GET", policy=None, lines="url.path=/metrics")
    assert told.startswith("span: drop, because of default: health checks and metrics")
    assert "no sampling is configured here" in told


@pytest.mark.parametrize(
    ("words", "lines"), [(["--span", "a", "key"], ""), ([], ""), (["--span", "a"], "no pair")]
)
def test_what_cannot_be_meant(explain: Explain, words: list[str], lines: str) -> None:
    """Both a key and a span, neither, and a line that is no pair are errors of usage."""
    told = explain(*words, lines=lines, status=2)
    assert "no pair" not in told
