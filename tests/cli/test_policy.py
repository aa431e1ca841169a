"""`jaeger-guard policy` says what is refused, what all rules come to, and what another policy changes."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from jaeger_guard.categories import ALL
from jaeger_guard.cli import main
from jaeger_guard.policy.lints import SEVERITIES

_TODAY = datetime.datetime.now(datetime.UTC).date()


def _exception(days: int, **where: str) -> str:
    date = _TODAY + datetime.timedelta(days=days)
    place = "\n".join(f'{name} = "{text}"' for name, text in (where or {"key": "a.b"}).items())
    return f'[[exceptions]]\n{place}\nowner = "checkout"\nreason = "INC-1"\nexpires = {date}\n'


def _file(tmp_path: Path, text: str, name: str = "shop.toml") -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def _lint(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, str]]]:
    status = main(["policy", "lint", *arguments, "--format", "json"])
    found: list[dict[str, str]] = json.loads(capsys.readouterr().out)
    for lint in found:
        assert list(lint) == ["id", "severity", "where", "message", "remedy", "source"]
        assert lint["severity"] in SEVERITIES
        assert all(lint.values())
    return status, found


@pytest.mark.parametrize(
    ("text", "kind", "where", "status"),
    [
        (_exception(-1), "exception-ended", "shop.toml exception 1", 1),
        (_exception(7), "exception-ends-soon", "shop.toml exception 1", 0),
        (_exception(500), "exception-lasts-long", "shop.toml exception 1", 0),
        (
            '[[rules]]\nkey = "raw.*"\naction = "unsafe_keep"\n',
            "unsafe-keep",
            "shop.toml rule 1",
            1,
        ),
        (
            '[[rules]]\ncategory = "contact.email"\naction = "keep"\n',
            "weaker-than-preset",
            "shop.toml rule 1",
            0,
        ),
        (
            '[[rules]]\nkey = "a.*"\naction = "drop"\n[[rules]]\nkey = "A.*"\naction = "keep"\n',
            "never-decides",
            "shop.toml rule 2",
            0,
        ),
        (
            'extends = ["pci-dss"]\n[[rules]]\ncategory = "financial.card_security"\naction = "mask"\n',
            "policy-refused",
            "shop.toml rule 1",
            1,
        ),
        (
            '[[rules]]\ncategory = "credential.token"\naction = "keep"\n',
            "policy-refused",
            "shop.toml rule 1",
            1,
        ),
        ('extends = ["gdpr", "ccpa"]\n', "presets-disagree", "gdpr rule 6", 0),
        ('extends = ["hipaa-safe-harbor"]\n', "preset-refines", "hipaa-safe-harbor rule 4", 0),
    ],
)
def test_lint_says_what_where_and_why(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    kind: str,
    where: str,
    status: int,
) -> None:
    """Each thing to know of a policy is found where it stands, and grave ones make the status 1."""
    answered, found = _lint(capsys, _file(tmp_path, text))
    assert answered == status
    assert (kind, where) in [(lint["id"], lint["where"]) for lint in found]


def test_lint_cites_why_presets_disagree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where two presets disagree, the finding says which holds, and by which clause."""
    _, found = _lint(capsys, "gdpr,ccpa")
    [address] = [
        lint
        for lint in found
        if lint["message"].startswith("network.ip") and lint["where"].startswith("gdpr")
    ]
    assert "gives way to ccpa rule 6, redact (CCPA 1798.140(v)(1)(A))" in address["message"]
    assert "leginfo.legislature.ca.gov" in address["source"]


def test_lint_is_silent_where_there_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """baseline has nothing to say about; a rule of one's own that only protects more neither."""
    assert _lint(capsys, "baseline") == (0, [])
    assert main(["policy", "lint", "baseline"]) == 0
    assert capsys.readouterr().out == "nothing to say\n"


def test_severity_that_fails_is_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--fail-on` says from which severity on the status is 1."""
    file = _file(tmp_path, _exception(7))
    for severity, status in (("info", 1), ("low", 1), ("medium", 0), ("critical", 0)):
        assert main(["policy", "lint", file, "--fail-on", severity]) == status
    assert "owner: checkout" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["lint", "show"])
def test_what_cannot_be_read_is_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """A missing file, broken TOML and an unknown word give 2, and say where."""
    broken = _file(tmp_path, "[[rules]\n", "broken.toml")
    unknown = _file(tmp_path, '[[exception]]\nkey = "a"\n', "unknown.toml")
    for name in (str(tmp_path / "none.toml"), broken, unknown):
        assert main(["policy", command, name]) == 2
        assert name in capsys.readouterr().err


def _show(capsys: pytest.CaptureFixture[str], policy: str) -> dict[str, Any]:
    assert main(["policy", "show", policy, "--format", "json"]) == 0
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    return shown


def test_show_says_which_rule_and_clause(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each category is shown with its action, rule and clause; exceptions and refusals too."""
    text = 'extends = ["pci-dss"]\n[[rules]]\nkey = "order.*"\naction = "keep"\n' + _exception(-3)
    file = _file(tmp_path, text)
    shown = _show(capsys, file)
    assert set(shown["categories"]) == set(ALL)
    code = shown["categories"]["financial.card_security"]
    assert (code["action"], code["rule"], code["mandatory"]) == ("drop", "pci-dss rule 2", True)
    assert code["clauses"] == ["PCI DSS 4.0.1, 3.3.1.2", "PCI DSS 4.0.1, 3.3.1.3"]
    assert "order.*" in [rule["key"] for rule in shown["rules"]]
    assert [each["ended"] for each in shown["exceptions"]] == [True]
    assert "PCI DSS 4.0.1, 3.5.1.1" in [each["clause"] for each in shown["provisions"]]
    assert main(["policy", "show", file]) == 0
    written = capsys.readouterr().out
    assert "drop, by pci-dss rule 2, mandatory [PCI DSS 4.0.1, 3.3.1.2" in written
    assert "shop.toml exception 1: key a.b, ended" in written
    assert "financial.card: pseudonymize and mask together" in written


def test_show_reads_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a name it is the policy of the environment."""
    monkeypatch.setenv("JAEGER_GUARD_POLICY", "gdpr")
    assert main(["policy", "show"]) == 0
    assert capsys.readouterr().out.startswith("policy gdpr, digest ")


def test_diff_says_weaker_and_stronger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a second policy does less or more is told by category and by key, whichever comes first."""
    text = """
        [[rules]]
        category = "contact.email"
        action = "mask"
        [[rules]]
        category = "person.age"
        action = "redact"
        [[rules]]
        key = "order.*"
        action = "drop"
        [[rules]]
        key = "user.email"
        action = "keep"
        [[rules]]
        key = "ticket.*"
        category = "contact.phone"
        action = "keep"
    """
    file = _file(tmp_path, text)
    expected = {
        "contact.email": "weaker",
        "person.age": "stronger",
        "order.* on attribute": "stronger",
        "user.email on attribute": "weaker",
        "ticket.* on attribute, contact.phone": "weaker",
    }
    opposite = {"weaker": "stronger", "stronger": "weaker"}
    assert main(["policy", "diff", "baseline", file, "--format", "json"]) == 1
    there = json.loads(capsys.readouterr().out)
    assert {each["where"]: each["becomes"] for each in there["differences"]} == expected
    assert main(["policy", "diff", file, "baseline", "--format", "json"]) == 1
    back = json.loads(capsys.readouterr().out)
    assert {each["where"]: opposite[each["becomes"]] for each in back["differences"]} == expected
    assert there["before"] == back["after"]


def test_diff_of_equals_is_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy that only cites, orders or names otherwise differs in nothing."""
    file = _file(
        tmp_path,
        '[[rules]]\ncategory = "contact.email"\naction = "redact"\nclause = "House rule 1"\n',
    )
    assert main(["policy", "diff", "baseline", file]) == 0
    assert capsys.readouterr().out == "no difference\n"
    assert main(["policy", "diff", "gdpr,pci-dss", "pci-dss,gdpr"]) == 0


def test_diff_tells_what_is_neither(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Coarser in one respect and finer in another is different, and neither weaker nor stronger."""
    file = _file(
        tmp_path,
        '[[rules]]\ncategory = "network.ip"\naction = "generalize"\nipv4_prefix = 16\nipv6_prefix = 64\n',
    )
    assert main(["policy", "diff", "baseline", file]) == 1
    assert capsys.readouterr().out.startswith("different: network.ip: generalize (ipv4_prefix=24")
