"""`jaeger-guard explain` says why, and never shows the value it was given."""

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from jaeger_guard.cli import explain, main

PAGE = Path(__file__).parent.parent.parent / "docs" / "explain.md"
EXAMPLE = re.compile(r"^```console\n\$ (?P<command>[^\n]+)\n(?P<output>.*?)^```$", re.M | re.S)
PROGRAM = "from jaeger_guard.cli import main; raise SystemExit(main())"
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


class _Standard(io.TextIOWrapper):
    def isatty(self) -> bool:
        return False


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> object:
    """Put bytes where standard input is."""

    def give(raw: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", _Standard(io.BytesIO(raw)))

    monkeypatch.delenv("JAEGER_GUARD_POLICY", raising=False)
    return give


@pytest.mark.parametrize("example", list(EXAMPLE.finditer(PAGE.read_text())), ids=lambda _: "doc")
def test_documented_output_is_what_is_written(
    example: re.Match[str], given: object, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each example of the page answers as the page shows; an ellipsis stands for what may change."""
    words = shlex.split(example["command"])
    assert words[:2] == ["printf", "%s"] and words[3:5] == ["|", "jaeger-guard"]
    given(words[2].encode())  # type: ignore[operator]
    assert main(words[5:]) == 0
    expected = re.escape(example["output"]).replace("…", "[^\\n]*")
    assert re.fullmatch(expected, capsys.readouterr().out)


def test_page_has_examples() -> None:
    """The page's examples are found at all."""
    assert len(EXAMPLE.findall(PAGE.read_text())) >= 3


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_value_is_shown_nowhere(
    given: object, capsys: pytest.CaptureFixture[str], end: str, *, as_json: bool
) -> None:
    """Detector, category, rule and action are named; the value, or a part of it, is nowhere."""
    given(f"sent {SECRET}{end}".encode())  # type: ignore[operator]
    assert main(["explain", "note", *(["--json"] if as_json else [])]) == 0
    output = capsys.readouterr()
    for word in ("credential.github", "credential.token", "baseline rule 1", "redact"):
        assert word in output.out
    assert SECRET[:12] not in output.out + output.err and SECRET[-12:] not in output.out
    if as_json:
        answer = json.loads(output.out)
        assert answer["outcome"] == "changed" and answer["key"] == "note"
        [finding] = answer["findings"]
        assert finding["detector"] == "credential.github" and finding["format"] == "text"


def test_why_not_is_said_in_json(given: object, capsys: pytest.CaptureFixture[str]) -> None:
    """A refusal names the detector and the reason, by the number of digits and never by them."""
    given(b"order 4111 1111 1111 1112 booked")  # type: ignore[operator]
    assert main(["explain", "order.note", "--json"]) == 0
    output = capsys.readouterr().out
    reasons = [entry["because"] for entry in json.loads(output)["refusals"]]
    assert any("16 digits, Luhn fails" in reason for reason in reasons)
    assert "4111" not in output and "1112" not in output


def test_policy_of_the_command_line_decides(
    given: object, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`--policy` takes a file, whose rule is named."""
    file = tmp_path / "mine.toml"
    file.write_text('extends = ["baseline"]\n[[rules]]\nkey = "shop.tier"\naction = "drop"\n')
    given(b"gold")  # type: ignore[operator]
    assert main(["explain", "shop.tier", "--policy", str(file)]) == 0
    output = capsys.readouterr().out
    assert "mine.toml rule 1" in output and "left out" in output and "gold" not in output


def test_policy_of_the_environment_counts(
    given: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `--policy`, JAEGER_GUARD_POLICY decides, and an error names it."""
    monkeypatch.setenv("JAEGER_GUARD_POLICY", "no-such-preset")
    given(SECRET.encode())  # type: ignore[operator]
    assert main(["explain", "note"]) == 2
    output = capsys.readouterr()
    assert "JAEGER_GUARD_POLICY" in output.err and SECRET not in output.err and not output.out


@pytest.mark.parametrize("policy", ["no-such-preset", "no/such.toml"])
def test_policy_that_is_none_is_an_error(
    given: object, capsys: pytest.CaptureFixture[str], policy: str
) -> None:
    """A policy that can't be loaded ends with status 2 and names the option; nothing is explained."""
    given(SECRET.encode())  # type: ignore[operator]
    assert main(["explain", "note", "--policy", policy]) == 2
    output = capsys.readouterr()
    assert output.out == "" and policy in output.err and SECRET not in output.err


def test_value_that_is_too_long_is_refused(
    given: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bound nothing is read on, and the error says so without the value."""
    monkeypatch.setattr(explain, "_LONGEST", 16)
    given(SECRET.encode())  # type: ignore[operator]
    assert main(["explain", "note"]) == 2
    output = capsys.readouterr()
    assert "longer than" in output.err and SECRET[:8] not in output.err


def test_without_standard_input_it_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process without standard input gets an error and no trace."""
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["explain", "note"]) == 2
    assert "standard input" in capsys.readouterr().err


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe\x00", b"", b"\x00" * 64, "\u202e\u200b".encode(), b"\x1b[31m" + b"x" * 9]
)
def test_any_bytes_are_explained(
    given: object, capsys: pytest.CaptureFixture[str], raw: bytes
) -> None:
    """Bytes that are no text, nothing at all, and what a terminal would obey are explained too."""
    given(raw)  # type: ignore[operator]
    assert main(["explain", "note\x1b[31m"]) == 0
    output = capsys.readouterr().out
    assert "\x1b" not in output and "\\x1b[31m" in output


def test_program_works_on_a_real_pipe() -> None:
    """The installed program reads a pipe, and its arguments hold no value."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "explain", "db.password"],
        input="hunter2\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "credential.password" in done.stdout and "hunter2" not in done.stdout
