"""`jaeger-guard audit`: whole or not, where it stands, and a key to sign with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jaeger_guard.audit import AuditLog
from jaeger_guard.cli import main


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An audit of some records, signed by `tmp_path`/audit.key."""
    assert main(["audit", "key", "--output", str(tmp_path / "audit.key")]) == 0
    log = AuditLog(tmp_path / "audit", key_file=tmp_path / "audit.key")
    for index in range(5):
        log.record("test.counted", index=index)
    log.close()
    return tmp_path / "audit"


def test_verify_and_head(
    directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole chain is exit 0; one that lost its end is whole by itself, and 1 by the kept head."""
    capsys.readouterr()
    assert main(["audit", "head", str(directory)]) == 0
    head = capsys.readouterr().out.strip()
    assert main(["audit", "verify", str(directory), "--head", head]) == 0
    assert "signed by" in capsys.readouterr().out
    [file] = directory.glob("*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-2]))
    monkeypatch.setenv("JAEGER_GUARD_AUDIT_DIRECTORY", str(directory))
    assert main(["audit", "verify"]) == 0
    assert "can't be told" in capsys.readouterr().out
    assert main(["audit", "verify", "--head", head]) == 1
    assert "NOT whole" in capsys.readouterr().out
    public = str(directory.parent / "audit.key.pub")
    assert main(["audit", "verify", "--public-key", public]) == 1
    file.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    capsys.readouterr()
    assert main(["audit", "verify", str(file), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["whole"] and len(found["faults"]) == 1
    assert main(["audit", "head", str(file)]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit"],
        ["audit", "verify"],
        ["audit", "verify", "{tmp}/nothing"],
        ["audit", "verify", "{tmp}"],
        ["audit", "verify", "{tmp}", "--head", "12:abc"],
        ["audit", "verify", "{tmp}", "--public-key", "{tmp}/nothing"],
        ["audit", "key", "--output", "{tmp}/nothing/audit.key"],
    ],
)
def test_what_cannot_be_looked_at_is_exit_2(
    arguments: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing named, nothing there, or a head that is none: exit 2, and a remedy."""
    monkeypatch.delenv("JAEGER_GUARD_AUDIT_DIRECTORY", raising=False)
    assert main([text.format(tmp=tmp_path) for text in arguments]) == 2
    assert capsys.readouterr().err.startswith("jaeger-guard: ")
