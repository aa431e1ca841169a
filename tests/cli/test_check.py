"""`jaeger-guard check`: formats, exit statuses, what it can't look at, and accepted findings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jaeger_guard.check import check_files
from jaeger_guard.cli import main

WEAK = """\
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: "0.0.0.0:4317"
        auth: {authenticator: basicauth}
        tls: {cert_file: a, key_file: b, client_ca_file: c, client_ca_file_reload: true, min_version: "1.3", reload_interval: 1m}
extensions:
  basicauth: {htpasswd: {file: users}}
  jaeger_storage: {backends: {main: {badger: {ephemeral: false, ttl: {spans: 72h}}}}}
"""
SECRET = "correct-" + "horse"

# What SARIF 2.1.0 demands of the objects that are written (sections 3.13 to 3.49), and of GitHub's reader.
SARIF_SCHEMA = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/run"}},
    },
    "$defs": {
        "message": {
            "type": "object",
            "required": ["text"],
            "properties": {"text": {"type": "string"}},
        },
        "level": {"enum": ["none", "note", "warning", "error"]},
        "run": {
            "type": "object",
            "required": ["tool", "results"],
            "additionalProperties": False,
            "properties": {
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "additionalProperties": False,
                    "properties": {
                        "driver": {
                            "type": "object",
                            "required": ["name"],
                            "additionalProperties": False,
                            "properties": {
                                "name": {"type": "string"},
                                "version": {"type": "string"},
                                "rules": {
                                    "type": "array",
                                    "uniqueItems": True,
                                    "items": {
                                        "type": "object",
                                        "required": ["id"],
                                        "additionalProperties": False,
                                        "properties": {
                                            "id": {"type": "string"},
                                            "shortDescription": {"$ref": "#/$defs/message"},
                                            "fullDescription": {"$ref": "#/$defs/message"},
                                            "help": {"$ref": "#/$defs/message"},
                                            "defaultConfiguration": {
                                                "type": "object",
                                                "properties": {"level": {"$ref": "#/$defs/level"}},
                                            },
                                            "properties": {"type": "object"},
                                        },
                                    },
                                },
                            },
                        }
                    },
                },
                "results": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["message", "ruleId", "locations"],
                        "additionalProperties": False,
                        "properties": {
                            "ruleId": {"type": "string"},
                            "ruleIndex": {"type": "integer", "minimum": 0},
                            "level": {"$ref": "#/$defs/level"},
                            "message": {"$ref": "#/$defs/message"},
                            "locations": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "object",
                                    "additionalProperties": False,
                                    "properties": {
                                        "logicalLocations": {"type": "array"},
                                        "physicalLocation": {
                                            "type": "object",
                                            "required": ["artifactLocation"],
                                            "properties": {
                                                "artifactLocation": {
                                                    "type": "object",
                                                    "required": ["uri"],
                                                },
                                                "region": {
                                                    "type": "object",
                                                    "properties": {
                                                        "startLine": {
                                                            "type": "integer",
                                                            "minimum": 1,
                                                        }
                                                    },
                                                },
                                            },
                                        },
                                    },
                                },
                            },
                            "partialFingerprints": {
                                "type": "object",
                                "additionalProperties": {"type": "string"},
                            },
                        },
                    },
                },
            },
        },
    },
}


@pytest.fixture
def weak(tmp_path: Path) -> Path:
    file = tmp_path / "jaeger.yaml"
    file.write_text(WEAK)
    return file


def checked(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, Any]:
    """Run the command; return its exit status and what it wrote as JSON."""
    status = main(["check", "--format", "json", *map(str, arguments)])
    return status, json.loads(capsys.readouterr().out)


def test_json(weak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON is a list of objects with six members, the worst first, with the line in `where`."""
    status, found = checked(capsys, weak)
    assert status == 1
    assert [(finding["id"], finding["severity"]) for finding in found] == [
        ("listener.all-interfaces", "medium"),
        ("storage.unencrypted", "info"),
    ]
    assert found[0]["where"] == f"{weak}:5 receivers.otlp.protocols.grpc.endpoint"
    for finding in found:
        assert list(finding) == ["id", "severity", "where", "message", "remedy", "source"]
        assert all(isinstance(text, str) and text for text in finding.values())


@pytest.mark.parametrize(
    ("severity", "status"), [("info", 1), ("low", 1), ("medium", 1), ("high", 0), ("critical", 0)]
)
def test_fail_on(
    weak: Path, severity: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is 1 where something is of that severity or worse."""
    assert checked(capsys, weak, "--fail-on", severity)[0] == status


def test_sarif(weak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SARIF 2.1.0: each result names its rule, and its file and line."""
    assert main(["check", str(weak), "--format", "sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    jsonschema.validate(log, SARIF_SCHEMA)
    (run,) = log["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    physical = run["results"][0]["locations"][0]["physicalLocation"]
    assert physical == {"artifactLocation": {"uri": weak.as_uri()}, "region": {"startLine": 5}}


def test_sarif_without_findings(
    weak: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log with nothing in it is a log, too; so is one about an environment, which has no file."""
    for name in ("JAEGER_GUARD_ENABLED", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)
    assert main(["check", "--format", "sarif"]) == 0
    jsonschema.validate(json.loads(capsys.readouterr().out), SARIF_SCHEMA)
    monkeypatch.setenv("JAEGER_GUARD_ENABLED", "false")
    assert main(["check", "--format", "sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    jsonschema.validate(log, SARIF_SCHEMA)
    assert "physicalLocation" not in log["runs"][0]["results"][0]["locations"][0]


@pytest.mark.parametrize("rich", [True, False], ids=["rich", "plain"])
def test_table(
    weak: Path, rich: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table says what, where and what to do, with the extra and without."""
    if not rich:
        for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "rich", None)
        monkeypatch.setitem(sys.modules, "rich.box", None)
    assert main(["check", str(weak)]) == 1
    shown = capsys.readouterr().out.lower()
    for text in ("medium", "listener.all-interfaces", "on all interfaces", "set endpoint"):
        assert text in shown


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("a: [1, 2", "can't be read as YAML"),
        ("a: &a [*a]", "nothing in it is"),
        ("a: &a {<<: *a}", "nothing in it is"),
        ("[" * 1000, "can't be read as YAML"),
        ("a: !!python/object/apply:os.system [echo]\nb: {c: d}", "nothing in it is"),
        ("some: [thing, else]", "nothing in it is"),
        ("just words", "nothing in it is"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_files_that_it_cannot_look_at(
    content: str | bytes, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broken, empty or foreign file is exit status 2, and nothing of its content is shown."""
    file = tmp_path / "file.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main(["check", str(file)]) == 2
    shown = capsys.readouterr()
    assert told in shown.err
    assert "echo" not in shown.err
    assert shown.out == ""


def test_places_that_it_cannot_look_at(
    tmp_path: Path, weak: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file or a directory is exit status 2; the others are looked at all the same."""
    assert main(["check", str(tmp_path / "nowhere.yaml")]) == 2
    assert main(["check", str(tmp_path)]) == 2
    capsys.readouterr()
    assert main(["check", str(weak), str(tmp_path / "nowhere.yaml")]) == 2
    shown = capsys.readouterr()
    assert "listener.all-interfaces" in shown.out
    assert "doesn't exist" in shown.err


def test_broken_text_tells_its_line_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is near the fault, such as a password, is not quoted."""
    file = tmp_path / "file.yaml"
    file.write_text(f"a: 1\npassword: {SECRET}: [\n")
    assert main(["check", str(file)]) == 2
    shown = capsys.readouterr().err
    assert f"{file}:2" in shown
    assert SECRET not in shown


def test_aliases_cost_once(tmp_path: Path) -> None:
    """Nine levels of nine aliases are nine nodes, not a billion."""
    levels = ["a0: &a0 [x]"] + [
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)
    ]
    file = tmp_path / "file.yaml"
    file.write_text("extensions: {pprof: {}}\n" + "\n".join(levels))
    assert [finding.id for finding in check_files([file]).findings] == ["debugging.pprof"]


def test_merge_keys(tmp_path: Path) -> None:
    """`<<` brings what it names, and what stands beside it wins."""
    file = tmp_path / "file.yaml"
    file.write_text(WEAK.replace("extensions:", "x: &x {endpoint: '0.0.0.0:1'}\nextensions:"))
    text = file.read_text().replace(
        'endpoint: "0.0.0.0:4317"', "<<: {endpoint: '0.0.0.0:1'}\n        endpoint: '10.0.0.7:4317'"
    )
    file.write_text(text)
    assert [finding.id for finding in check_files([file]).findings] == ["storage.unencrypted"]


def test_needs_its_extra(weak: Path) -> None:
    """Without PyYAML the error names the extra, and the exit status is 2."""
    script = (
        "import sys\nsys.modules['yaml'] = None\n"
        f"from jaeger_guard.cli import main\nraise SystemExit(main(['check', {str(weak)!r}]))\n"
    )
    child = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False
    )
    assert child.returncode == 2
    assert "jaeger-guard[yaml]" in child.stderr


def test_a_defect_of_ours_is_no_finding(
    weak: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where looking itself fails the exit status is 2, and nothing of what was looked at is shown."""

    def fail(*_: object) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr("jaeger_guard.check._check_files", fail)
    assert main(["check", str(weak)]) == 2
    shown = capsys.readouterr()
    assert "could not look (ValueError)" in shown.err
    assert SECRET not in shown.out + shown.err


# --- what was accepted ------------------------------------------------------------------------------

ACCEPTED = """\
[[accepted]]
id = "listener.all-interfaces"
where = "*jaeger.yaml:5*"
owner = "ops"
reason = "a firewall stands before it"
"""


@pytest.mark.parametrize(
    ("entry", "status", "ids"),
    [
        (ACCEPTED, 0, ["storage.unencrypted"]),
        (ACCEPTED + "expires = 2999-12-31\n", 0, ["storage.unencrypted"]),
        (
            ACCEPTED + "expires = 2020-01-31\n",
            1,
            ["listener.all-interfaces", "storage.unencrypted", "baseline.expired"],
        ),
        (
            ACCEPTED.replace("jaeger.yaml:5", "other.yaml"),
            1,
            ["listener.all-interfaces", "storage.unencrypted"],
        ),
    ],
    ids=["accepted", "until", "expired", "elsewhere"],
)
def test_baseline(
    entry: str,
    status: int,
    ids: list[str],
    weak: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What was accepted is left out, there and until its day; then it and its acceptance are back."""
    baseline = tmp_path / "accepted.toml"
    baseline.write_text(entry)
    got, found = checked(capsys, weak, "--baseline", baseline)
    assert (got, [finding["id"] for finding in found]) == (status, ids)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not toml",
        ACCEPTED.replace('owner = "ops"\n', ""),
        ACCEPTED.replace('reason = "a firewall stands before it"', 'reason = ""'),
        ACCEPTED.replace("all-interfaces", "all-interface"),
        ACCEPTED + 'expires = "soon"\n',
        ACCEPTED + "color = 1\n",
        "accepted = 1\n",
    ],
)
def test_baseline_that_cannot_be_used(
    content: str, weak: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An entry without owner or reason, or for a rule that isn't there, is exit status 2."""
    baseline = tmp_path / "accepted.toml"
    baseline.write_text(content)
    assert main(["check", str(weak), "--baseline", str(baseline)]) == 2
    assert "accepted.toml" in capsys.readouterr().err


def test_example_of_the_docs(weak: Path, tmp_path: Path) -> None:
    """The baseline in docs/check.md can be used."""
    page = (Path(__file__).parents[2] / "docs" / "check.md").read_text()
    baseline = tmp_path / "accepted.toml"
    baseline.write_text(page.partition("```toml-baseline\n")[2].partition("```")[0])
    assert main(["check", str(weak), "--baseline", str(baseline)]) == 1


@pytest.mark.parametrize("rich", [True, False])
def test_a_terminal_obeys_no_name_in_a_file(
    rich: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A component's name may hold anything; what would steer a terminal isn't written."""
    file = tmp_path / "collector.yaml"
    file.write_text(
        'receivers: {"otlp/\\e[31m\\u009b": {protocols: {grpc: {endpoint: "0.0.0.0:4317"}}}}\n'
        'service: {pipelines: {traces: {receivers: ["otlp/\\e[31m\\u009b"], exporters: [debug]}}}\n'
    )
    if not rich:
        monkeypatch.setitem(sys.modules, "rich.box", None)
    assert main(["check", str(file)]) == 1
    out = capsys.readouterr().out
    assert "otlp/?[31m?" in out and out.replace("\n", "").isprintable()
