"""`jaeger-guard keys`: the whole life of a role's keys, from the command line."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from jaeger_guard import keys
from jaeger_guard.audit import verify
from jaeger_guard.cli import main
from jaeger_guard.export.spool.keys import ring_of_file

PASSPHRASE = "correct horse " + "battery staple"


@pytest.fixture(autouse=True)
def passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAEGER_GUARD_KEY_PASSPHRASE", PASSPHRASE)
    monkeypatch.delenv("JAEGER_GUARD_AUDIT_DIRECTORY", raising=False)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def run(operation: str, directory: Path, *arguments: str) -> int:
    return main(["keys", operation, "--directory", str(directory), *arguments])


def listed(directory: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert run("list", directory, "--format", "json") == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


def test_life_of_a_role(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Keys are made, published, rotated and destroyed; each step is recorded, and no key is told."""
    role = ("--role", "support")
    output = directory.parent / "support-keys.json"
    assert run("init", directory, *role) == 0
    private = [
        key.private_key.private_bytes_raw()
        for key in keys.load_role_keys(directory, keys.Passphrase(lambda: PASSPHRASE), "test")
    ]
    assert run("publish", directory, *role, "--output", str(output)) == 0
    assert run("rotate", directory, *role) == 0
    assert run("destroy", directory, *role, "--epoch", "1", "--yes") == 0
    told = capsys.readouterr().out
    rows = listed(directory, capsys)
    assert [(row["role"], row["epoch"], row["state"]) for row in rows] == [
        ("support", 1, "destroyed"),
        ("support", 2, "current"),
        ("support", 3, "next"),
    ]
    assert not (directory / "support.1.key").exists()
    assert json.loads((directory / "support.1.destroyed.json").read_text())["epoch"] == 1
    assert json.loads(output.read_text())["role"] == "support"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    [log] = (directory / "audit").glob("*.jsonl")
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert [event for event in events if event.startswith("keys.")] == [
        "keys.init",
        "keys.publish",
        "keys.rotate",
        "keys.destroy",
    ]
    assert verify([directory / "audit"]).is_whole
    for text in (told, log.read_text(), output.read_text()):
        assert PASSPHRASE not in text
        assert not any(secret.hex() in text for secret in private)


def test_table_is_for_people(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table has a line for each epoch; it needs no passphrase."""
    assert run("init", directory, "--role", "support", "--epoch-days", "30") == 0
    os.environ.pop("JAEGER_GUARD_KEY_PASSPHRASE")
    capsys.readouterr()
    assert run("list", directory) == 0
    heading, first, second = capsys.readouterr().out.splitlines()
    assert heading.split()[:3] == ["role", "epoch", "state"]
    assert first.split()[:3] == ["support", "1", "current"]
    assert second.split()[:3] == ["support", "2", "next"]


@pytest.mark.parametrize(
    ("operation", "arguments", "says"),
    [
        ("destroy", ("--epoch", "1"), "Add --yes"),
        ("destroy", ("--epoch", "9", "--yes"), "has no epoch 9"),
        ("init", (), "is there already"),
        ("publish", ("--output", "/no/such/directory/x.json"), "can't be written"),
        ("rotate", ("--seal-key-file", "/no/such/file"), "can't be read"),
    ],
)
def test_what_is_refused(
    directory: Path,
    operation: str,
    arguments: tuple[str, ...],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What can't be done ends with status 2, says why, and changes nothing."""
    assert run("init", directory, "--role", "support") == 0
    before = listed(directory, capsys)
    assert run(operation, directory, "--role", "support", *arguments) == 2
    assert says in capsys.readouterr().err
    assert listed(directory, capsys) == before


def test_wrong_passphrase_is_told_without_it(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another passphrase opens nothing, and neither of the two is shown."""
    assert run("init", directory, "--role", "support") == 0
    monkeypatch.setenv("JAEGER_GUARD_KEY_PASSPHRASE", "another passphrase")
    assert run("rotate", directory, "--role", "support") == 2
    told = capsys.readouterr().err
    assert "doesn't open" in told and "another" not in told.replace("is another one", "")


def test_short_passphrase_seals_nothing(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new ring isn't sealed by a passphrase that can be tried out."""
    monkeypatch.setenv("JAEGER_GUARD_KEY_PASSPHRASE", "short")
    assert run("init", directory, "--role", "support") == 2
    assert "8 characters" in capsys.readouterr().err
    assert not list(directory.glob("*.key"))


def test_nobody_to_ask(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a passphrase and a terminal, it is said what to set."""
    monkeypatch.delenv("JAEGER_GUARD_KEY_PASSPHRASE")
    assert run("init", directory, "--role", "support") == 2
    assert "JAEGER_GUARD_KEY_PASSPHRASE" in capsys.readouterr().err


def test_keys_of_spools(
    directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ring makes and rotates the key that spools are sealed with; a spool reads what waits."""
    output, spool = tmp_path / "spool.key", tmp_path / "spool"
    spool.mkdir(mode=0o700)
    made = []
    for _ in range(3):
        assert run("spool", directory, "--output", str(output)) == 0
        assert stat.S_IMODE(output.stat().st_mode) == 0o600
        ring = ring_of_file(output, "key_file", spool)
        made.append(ring.current())
    first, second, third = made
    assert len({first.secret, second.secret, third.secret}) == 3
    assert ring.find(second.id) == second  # what waits from before the rotation opens
    assert ring.find(first.id) is None
    sealed = sorted(path.name for path in directory.glob("spool.*.key"))
    assert sealed == ["spool.2.key", "spool.3.key"]
    told = capsys.readouterr().out + "".join(
        path.read_text(errors="replace") for path in directory.rglob("*") if path.is_file()
    )
    for key in (first, second, third):
        assert base64.b64encode(key.secret).decode() not in told
    assert verify([directory / "audit"]).is_whole
    assert run("init", directory, "--role", "spool") == 2  # its files would be these
    assert run("spool", directory, "--output", str(output), "--keep", "-1") == 2
    assert run("spool", directory, "--output", str(tmp_path / "nowhere" / "spool.key")) == 2


def test_publishing_follows_no_link(directory: Path, tmp_path: Path) -> None:
    """A link that lies in wait beside the file leads to no other file being written."""
    assert run("init", directory, "--role", "support") == 0
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / ".keys.json.new").symlink_to(other)
    assert run("publish", directory, "--role", "support", "--output", f"{tmp_path}/keys.json") == 0
    assert other.read_text() == "mine"
    assert not (tmp_path / "keys.json").is_symlink()
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o644


def test_operations_are_signed_where_the_audit_is(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done to keys stands in the audit that is configured, under a checkpoint of its key."""
    assert main(["audit", "key", "--output", str(tmp_path / "audit.key")]) == 0
    monkeypatch.setenv("JAEGER_GUARD_AUDIT_DIRECTORY", str(tmp_path / "audit"))
    monkeypatch.setenv("JAEGER_GUARD_AUDIT_KEY_FILE", str(tmp_path / "audit.key"))
    assert run("init", directory, "--role", "support") == 0
    found = verify([tmp_path / "audit"])
    assert found.is_whole and found.signed == 1


def test_what_cannot_be_recorded_is_told(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a record can't be written the command fails, and shows no inside of ours."""
    assert run("init", directory, "--role", "support") == 0
    (directory / "audit" / "lock").unlink()
    (directory / "audit" / "lock").mkdir()
    assert run("rotate", directory, "--role", "support") == 2
    assert "audit can't be written" in capsys.readouterr().err


def test_a_passphrase_of_any_bytes(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A passphrase that is no UTF-8 seals and opens, and no error quotes a part of it."""
    monkeypatch.setenv("JAEGER_GUARD_KEY_PASSPHRASE", os.fsdecode(b"correct \xff\xfe horse"))
    assert run("init", directory, "--role", "support") == 0
    assert run("rotate", directory, "--role", "support") == 0


def test_a_user_without_a_name_may_destroy(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a container that runs with any number, the receipt names the number."""
    assert run("init", directory, "--role", "support") == 0
    capsys.readouterr()

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert run("destroy", directory, "--role", "support", "--epoch", "1", "--yes") == 0
    assert json.loads(capsys.readouterr().out)["by"] == str(os.getuid())
