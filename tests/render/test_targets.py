"""Each target of `jaeger-guard render` writes what can be read again, and no secret."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from jaeger_guard.cli import main
from jaeger_guard.render import Target, targets

POLICY = """
[[rules]]
category = "contact.email"
action = "redact"

[sampling]
probability = 0.25
[[sampling.rules]]
name = "GET /healthz"
decision = "drop"
[[sampling.rules]]
name = "checkout *"
probability = 1.0

[retention]
default = "short"
routes = { "/orders/*" = "long" }
"""


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    return str(file)


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
def test_same_policy_same_bytes(target: Target, policy: str, tmp_path: Path) -> None:
    """Rendering twice gives the same files, and what is YAML or JSON can be read."""
    read = []
    for directory in (tmp_path / "one", tmp_path / "two"):
        assert main(["render", target.name, "--policy", policy, "--output", str(directory)]) == 0
        read.append({file.name: file.read_text() for file in directory.iterdir()})
    assert read[0] == read[1]
    assert read[0]
    for name, text in read[0].items():
        assert not re.search("@[a-z_]+@", text), name  # no placeholder was left
        if name.endswith((".yaml", ".yml", ".json")):
            assert list(yaml.safe_load_all(text))


def test_main_file_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --output the main file alone is on standard output, so that it can be piped."""
    assert main(["render", "jaeger", "--policy", "baseline"]) == 0
    shown = capsys.readouterr()
    assert yaml.safe_load(shown.out)["service"]["extensions"]
    assert "strategies.json" in shown.err


def test_strategies_of_a_policy(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rule on an exact name becomes an operation's; one on a glob is told of, not left out silently."""
    assert main(["render", "jaeger", "--policy", policy, "--output", str(tmp_path / "out")]) == 0
    assert json.loads((tmp_path / "out" / "strategies.json").read_text()) == {
        "default_strategy": {
            "type": "probabilistic",
            "param": 0.25,
            "operation_strategies": [
                {"operation": "GET /healthz", "type": "probabilistic", "param": 0.0}
            ],
        }
    }
    assert "sampling rule 2 can't be expressed" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["jaeger", "--listen", "127.0.0.1:4317"],
        ["jaeger", "--data", "relative"],
        ["jaeger", "--data", "/var/lib: {x"],
        ["jaeger", "--keep-short", "3 days"],
        ["jaeger", "--keep-short", "10h", "--keep-long", "10h"],
        ["kubernetes", "--namespace", "a\nb"],
        ["kubernetes", "--image", "jaeger"],
        ["jaeger", "--policy", "nowhere.toml"],
        [],
    ],
    ids=" ".join,
)
def test_wrong_options(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What can't be honoured is an error, with exit status 2 and nothing on standard output."""
    assert main(["render", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("jaeger-guard: ")


def test_output_that_is_no_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A place that can't be written to is told of."""
    (tmp_path / "file").write_text("")
    assert main(["render", "jaeger", "--output", str(tmp_path / "file")]) == 2
    assert "--output" in capsys.readouterr().err
