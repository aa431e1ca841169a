"""The chain of the audit: what is written can be verified, and whatever is done to it is found."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.audit import AuditError, AuditLog, Head, read, verify
from jaeger_guard.audit.chain import REMOVED, files_in
from jaeger_guard.audit.log import LEAST_FILE_BYTES
from jaeger_guard.audit.records import canonical, entry, parse
from jaeger_guard.audit.signing import CHECKPOINT, load_public, make_key
from jaeger_guard.errors import ConfigurationError


def _written(directory: Path, count: int = 12, **options: Any) -> Path:
    log = AuditLog(directory / "audit", **options)
    for index in range(count):
        log.record("test.counted", index=index)
    log.close()
    return files_in(directory / "audit")[-1]


def _lines(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines(keepends=True)


def _edit_a_fact(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b'"index":5', b'"index":6') for line in lines]


def _edit_and_follow_the_form_no_more(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[3].replace(b'"facts"', b'"fact"'), *lines[4:]]


def _delete_one(lines: list[bytes]) -> list[bytes]:
    return [*lines[:4], *lines[5:]]


def _delete_the_first(lines: list[bytes]) -> list[bytes]:
    return lines[1:]


def _swap_two(lines: list[bytes]) -> list[bytes]:
    return [*lines[:4], lines[5], lines[4], *lines[6:]]


def _repeat_one(lines: list[bytes]) -> list[bytes]:
    return [*lines[:5], lines[4], *lines[5:]]


def _cut_a_line(lines: list[bytes]) -> list[bytes]:
    return [*lines[:-1], lines[-1][:-20]]


def _fork(lines: list[bytes]) -> list[bytes]:
    """Continue from an older state, as a restored backup would be."""
    record = parse(lines[5].rstrip(b"\n"))
    assert record is not None
    other = entry("test.other", {}, 1).line(record.number + 1, record.digest)
    return [*lines[:6], other + b"\n", *lines[6:]]


@pytest.mark.parametrize(
    "change",
    [
        _edit_a_fact,
        _edit_and_follow_the_form_no_more,
        _delete_one,
        _delete_the_first,
        _swap_two,
        _repeat_one,
        _cut_a_line,
        _fork,
    ],
)
def test_a_change_within_the_chain_is_found(
    change: Callable[[list[bytes]], list[bytes]], tmp_path: Path
) -> None:
    """An edited, dropped, moved, repeated or broken record is found without anything kept."""
    file = _written(tmp_path)
    assert verify([file]).is_whole
    lines = _lines(file)
    changed = change(lines)
    assert changed != lines
    file.write_bytes(b"".join(changed))
    assert not verify([file]).is_whole


@given(data=st.data())
@settings(max_examples=60)
def test_any_byte_that_changes_is_found_by_the_head(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whichever byte is another one, the chain isn't whole to who kept the head."""
    file = _written(tmp_path_factory.mktemp("audit"), 4)
    whole = file.read_bytes()
    head = verify([file]).head
    index = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != whole[index]))
    file.write_bytes(whole[:index] + bytes([byte]) + whole[index + 1 :])
    assert not verify([file], head=head).is_whole


def test_truncation_is_found_by_the_kept_head(tmp_path: Path) -> None:
    """Records cut off the end leave a chain that is whole, but not to who kept the head."""
    file = _written(tmp_path)
    head = verify([file]).head
    file.write_bytes(b"".join(_lines(file)[:-3]))
    assert verify([file]).is_whole
    assert not verify([file], head=head).is_whole
    assert not verify([file], head=Head.parse(str(head).partition(":")[2])).is_whole


def test_a_chain_written_anew_is_found_by_the_kept_head(tmp_path: Path) -> None:
    """A fork of all that was said, whole in itself and longer, is not the chain that was kept."""
    head = verify([_written(tmp_path / "true", 5)]).head
    forged = _written(tmp_path / "forged", 40)
    found = verify([forged], head=head)
    assert verify([forged]).is_whole and not found.is_whole
    assert "written anew" in found.faults[0].what


def test_an_old_head_holds_for_a_chain_that_went_on(tmp_path: Path) -> None:
    """A head that was kept before stays in the chain, however long it grows."""
    head = verify([_written(tmp_path, 5)]).head
    file = _written(tmp_path, 50)
    assert verify([file], head=head).is_whole
    assert verify([file]).records == 55


def test_the_chain_goes_on_over_files_and_restarts(tmp_path: Path) -> None:
    """A file that is full is followed by the next, the oldest go, and what is left verifies."""
    for _ in range(3):
        log = AuditLog(tmp_path / "audit", file_bytes=LEAST_FILE_BYTES, keep_files=3)
        for index in range(900):
            log.record("test.counted", index=index, padding="x" * 200)
        assert log.flush(60)
        log.close()
    files = files_in(tmp_path / "audit")
    assert len(files) == 3
    assert all(file.stat().st_size <= LEAST_FILE_BYTES + 1024 for file in files)
    found = verify([tmp_path / "audit"])
    assert found.is_whole and found.first > 1 and found.head is not None
    assert found.head.number == found.first + found.records - 1
    assert any(record.event == REMOVED for record in read([tmp_path / "audit"]))
    files[0].unlink()  # by somebody else
    assert not verify([tmp_path / "audit"]).is_whole


def test_a_beginning_that_was_cut_off_is_excused_by_a_signed_record_alone(tmp_path: Path) -> None:
    """Who cuts off the first files can write that rotation took them, but can't sign it."""
    make_key(tmp_path / "audit.key", "test")
    public = load_public(tmp_path / "audit.key.pub", "test")
    log = AuditLog(
        tmp_path / "audit",
        key_file=tmp_path / "audit.key",
        file_bytes=LEAST_FILE_BYTES,
        keep_files=3,
    )
    for _ in range(3):
        for index in range(900):
            log.record("test.counted", index=index, padding="x" * 200)
        assert log.flush(60)
    files = files_in(tmp_path / "audit")
    found = verify([tmp_path / "audit"], public_key=public)
    assert found.is_whole and found.first > 1
    assert verify(files, public_key=public).is_whole  # without a last checkpoint, too
    gone = parse(_lines(files[0])[-1].removesuffix(b"\n"))
    last = parse(_lines(files[-1])[-1].removesuffix(b"\n"))
    assert gone is not None and last is not None
    facts = {"file": files[0].name, "first": found.first, "last": gone.number}
    forged = entry(REMOVED, facts | {"digest": gone.digest}, 1)
    files[0].unlink()
    with files[-1].open("ab") as file:
        file.write(forged.line(last.number + 1, last.digest) + b"\n")
    faults = verify([tmp_path / "audit"], public_key=public).faults
    assert len(faults) == 1 and "no signed record" in faults[0].what
    log.close()


def test_a_middle_file_that_is_gone_is_found(tmp_path: Path) -> None:
    """A whole file can't be taken out."""
    log = AuditLog(tmp_path / "audit", file_bytes=LEAST_FILE_BYTES, keep_files=9)
    for index in range(900):
        log.record("test.counted", index=index, padding="x" * 400)
    log.close(30)
    files = files_in(tmp_path / "audit")
    assert len(files) > 2
    files[1].unlink()
    assert "missing" in verify([tmp_path / "audit"]).faults[0].what


def test_checkpoints_are_signed(tmp_path: Path) -> None:
    """With a key the chain is signed, and one written anew without it isn't taken for it."""
    key_file = tmp_path / "audit.key"
    make_key(key_file, "test")
    public = load_public(tmp_path / "audit.key.pub", "test")
    file = _written(tmp_path, 200, key_file=key_file)
    found = verify([file], public_key=public)
    assert found.is_whole and found.checkpoints and found.head is not None
    assert found.head.number == found.signed + 1
    lines = [line for line in _lines(file) if CHECKPOINT.encode() not in line]
    forged, number, previous = [], 0, "0" * 64
    for line in lines:
        fields = json.loads(line)
        fields["number"], fields["previous"] = number + 1, previous
        record = parse(canonical(fields))
        assert record is not None
        forged.append(canonical(fields) + b"\n")
        number, previous = record.number, record.digest
    file.write_bytes(b"".join(forged))
    assert verify([file]).is_whole
    assert not verify([file], public_key=public).is_whole
    make_key(tmp_path / "other.key", "test")
    other = _written(tmp_path / "other", 20, key_file=tmp_path / "other.key")
    assert verify([other]).is_whole
    assert not verify([other], public_key=public).is_whole


def test_a_signature_that_does_not_fit_is_found(tmp_path: Path) -> None:
    """A checkpoint that is put behind other records than those it signed is found."""
    make_key(tmp_path / "audit.key", "test")
    file = _written(tmp_path, 3, key_file=tmp_path / "audit.key")
    lines = _lines(file)
    signed = json.loads(lines[-1])
    changed = entry("test.other", {}, 1).line(3, json.loads(lines[2])["previous"])
    record = parse(changed)
    assert record is not None
    signed["previous"] = record.digest
    file.write_bytes(b"".join([*lines[:2], changed + b"\n", canonical(signed) + b"\n"]))
    [fault] = verify([file]).faults
    assert "signature" in fault.what


def test_files_are_this_users_alone(tmp_path: Path) -> None:
    """Files have mode 0600, and a directory that others may write to is refused."""
    file = _written(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    file.parent.chmod(0o777)
    with pytest.raises(ConfigurationError, match="others may write"):
        AuditLog(file.parent)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """A signing key of mode 0644, or one that is none, is an error at the start."""
    make_key(tmp_path / "audit.key", "test")
    (tmp_path / "audit.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="read by others"):
        AuditLog(tmp_path / "audit", key_file=tmp_path / "audit.key")
    (tmp_path / "none.key").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n")
    (tmp_path / "none.key").chmod(0o600)
    with pytest.raises(ConfigurationError, match="no Ed25519 private key"):
        AuditLog(tmp_path / "audit", key_file=tmp_path / "none.key")
    with pytest.raises(ConfigurationError, match="there already"):
        make_key(tmp_path / "audit.key", "test")


def test_a_line_that_a_killed_process_left_is_cut_off_and_told(tmp_path: Path) -> None:
    """Half a line was never a record: the next writer removes it, and the chain is whole."""
    file = _written(tmp_path, 5)
    with file.open("ab") as opened:
        opened.write(b'{"event":"half')
    assert not verify([file]).is_whole
    _written(tmp_path, 1)
    assert verify([file]).is_whole
    assert [record.event for record in read([file])][-2:] == [
        "audit.torn_line_removed",
        "test.counted",
    ]


def test_what_cannot_be_written_whole_is_taken_back(tmp_path: Path) -> None:
    """A disk that is full costs records, which are counted and told; the chain stays whole."""
    log = AuditLog(tmp_path / "audit")
    log.record("test.counted", index=0)
    assert log.flush(60)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = files_in(tmp_path / "audit")[0].stat().st_size
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, before[1]))  # a write that is short
        with pytest.raises(AuditError) as raised:
            log.write("test.counted", index=1)
        assert raised.value.written == 0
        log.record("test.counted", index=2)
        assert not log.flush(30)
        assert log.statistics()["audit_write_failures"] == 1
        for index in range(1100):
            log.record("test.counted", index=index)
        assert log.statistics()["audit_lost"] == 77
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert verify([tmp_path / "audit"]).is_whole
    assert log.flush(60)
    records = list(read([tmp_path / "audit"]))
    assert verify([tmp_path / "audit"]).is_whole and len(records) == 1 + 1024 + 1
    assert (records[-1].event, records[-1].facts) == ("audit.records_lost", {"records": 77})


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_forked_processes_write_one_chain(tmp_path: Path) -> None:
    """Workers that were forked, and others, write one chain, and nothing of it is lost."""
    log = AuditLog(tmp_path / "audit", file_bytes=LEAST_FILE_BYTES)
    log.record("test.counted", who="parent")
    children = []
    for child in range(4):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                for index in range(200):
                    log.record("test.counted", child=child, index=index)
                log.close(60)
                status = 0 if log.statistics()["audit_written"] == 200 else 2
            finally:
                os._exit(status)
        children.append(pid)
    for pid in children:
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    log.close(60)
    found = verify([tmp_path / "audit"])
    assert found.is_whole and found.records == 801
    pairs = {
        (record.facts["child"], record.facts["index"])
        for record in read([tmp_path / "audit"])
        if "child" in record.facts
    }
    assert len(pairs) == 800


def test_a_record_holds_facts_alone(tmp_path: Path) -> None:
    """Objects, floats, bytes and long texts don't get in; what does is canonical JSON."""

    class Opaque:
        def __repr__(self) -> str:
            return "sk-live-1234"

    log = AuditLog(tmp_path / "audit")
    log.record(
        "test.odd",
        object=Opaque(),
        bytes=b"sk-live-1234",
        number=1.5,
        large=2**80,
        long="x" * 5000,
        lone="\ud800",
        nested={"a": {"b": {"c": {"d": {"e": 1}}}}},
        listed=("a", Opaque()),
    )
    log.record("Not an event!", index=1)
    log.close()
    first, second = read([tmp_path / "audit"])
    assert "sk-live" not in str(dict(first.facts))
    assert first.facts["object"] == "(Opaque)" and first.facts["number"] == "(float)"
    assert len(first.facts["long"]) == 512 and first.facts["large"] == str(2**80)
    assert second.event == "unnamed"
    assert verify([tmp_path / "audit"]).is_whole


def test_a_directory_that_cannot_be_made_is_an_error_at_the_start(tmp_path: Path) -> None:
    """Configuration throws, naming the setting; run time never does."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="MY_SETTING: the directory"):
        AuditLog(tmp_path / "file" / "audit", where="MY_SETTING")
    with pytest.raises(ConfigurationError, match="don't hold a chain"):
        AuditLog(tmp_path / "audit", keep_files=1)


def test_a_directory_that_goes_away_costs_records_but_never_the_caller(tmp_path: Path) -> None:
    """record() doesn't raise whatever happens to the disk; write() does."""
    log = AuditLog(tmp_path / "audit")
    shutil.rmtree(tmp_path / "audit")
    log.record("test.counted", index=1)
    assert not log.flush(30)
    with pytest.raises(AuditError, match="FileNotFoundError"):
        log.write("test.counted", index=2)
