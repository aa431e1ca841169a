"""Damaged spools: whatever is in a file, it costs that file's batches, counted, and nothing else."""

from __future__ import annotations

import base64
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jaeger_guard.export import Spool
from jaeger_guard.export.spool import SpoolStore

SPANS = 5  # in each batch


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[..., SpoolStore]]:
    """Open stores on one directory; all are closed afterwards."""
    key = base64.b64encode(os.urandom(32)).decode()
    opened: list[SpoolStore] = []

    def build(**fields: Any) -> SpoolStore:
        spool = Spool(tmp_path / "spool", **fields)
        opened.append(SpoolStore(spool.resolve({"JAEGER_GUARD_SPOOL_KEY": key})))
        opened[-1].maintain()
        return opened[-1]

    yield build
    for store in opened:
        store.close()


def left_behind(store: SpoolStore, directory: Path, batches: int = 2) -> Path:
    """Fill a store and close it; answer its file."""
    for _ in range(batches):
        store.append(os.urandom(9000), SPANS)
    store.close()
    (path,) = directory.glob("*.spool")
    return path


def close_connections(store: SpoolStore) -> None:
    """Do what a fork does: the next access opens the files again."""
    store._before_fork()
    store._after_fork_in_parent()


@pytest.mark.parametrize(
    "change",
    [
        "created = 'soon'",
        "created = x'00'",
        "created = 9e999",
        "created = -9e999",
        "spans = -3",
        "spans = 9223372036854775807",
        "spans = 'many'",
        "id = -id",
        "id = 9223372036854775807 - id",
    ],
)
def test_row_that_we_cannot_have_written_sets_its_file_aside(
    change: str, open_store: Callable[..., SpoolStore], tmp_path: Path
) -> None:
    """No value in a row raises, ends the store, or makes a file wait that nobody will ever empty."""
    path = left_behind(open_store(), tmp_path / "spool")
    with sqlite3.connect(path) as other:
        other.execute(f"UPDATE batch SET {change}")
    other.close()
    store = open_store()
    assert store.take() is None
    store.maintain()
    assert store.is_empty
    counts = store.statistics()
    assert counts["spool_files_set_aside"] == 1
    assert counts["spooled_spans"] == counts["spool_oldest_seconds"] == 0
    assert not path.exists()
    assert store.append(b"next", 1) is not None


@pytest.mark.parametrize("place", ["format", "names"])
def test_file_that_sqlite_cannot_even_name_the_fault_of_is_set_aside(
    place: str, open_store: Callable[..., SpoolStore], tmp_path: Path
) -> None:
    """Errors that SQLite has no code for, or words that can't be decoded, mean damage too."""
    path = left_behind(open_store(), tmp_path / "spool")
    content = path.read_bytes()
    if place == "format":  # the schema's format number, fileformat2.html, 1.3.9
        content = content[:44] + bytes([0, 0, 0, 9]) + content[48:]
    else:
        content = content.replace(b"INTEGER PRIMARY KEY, crea", b"INTEGER PRIMARY KEY, \xf3rea")
    path.write_bytes(content)
    store = open_store()
    assert store.statistics()["spool_files_set_aside"] == 1
    assert not path.exists()


def test_own_file_that_somebody_changed_is_replaced(
    open_store: Callable[..., SpoolStore], tmp_path: Path
) -> None:
    """A file that isn't ours any more when it is opened again makes way for a new one; its spans count."""
    store = open_store()
    store.append(b"first", SPANS)
    close_connections(store)
    (path,) = (tmp_path / "spool").glob("*.spool")
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 9")
    other.close()
    assert store.append(b"next", 1) is not None
    batch = store.take()
    assert batch is not None
    assert batch.data == b"next"
    assert store.statistics()["spool_unreadable"] == SPANS


def test_damaged_file_of_another_does_not_cost_our_own(
    open_store: Callable[..., SpoolStore], tmp_path: Path
) -> None:
    """A full spool meets damage where it makes room: that file goes aside, ours stays."""
    path = left_behind(open_store(), tmp_path / "spool", batches=20)
    store = open_store(max_bytes=1 << 20)
    assert store.append(b"ours", 1) is not None
    close_connections(store)
    path.write_bytes(os.urandom(900_000))
    for _ in range(20):
        assert store.append(os.urandom(9000), 1) is not None
    batch = store.take()
    assert batch is not None
    assert batch.data == b"ours"
    counts = store.statistics()
    assert counts["spool_unreadable"] == 20 * SPANS
    assert counts["spool_files_set_aside"] == 1
    assert counts["spooled_bytes"] <= 1 << 20


def test_log_without_its_database_is_removed(
    open_store: Callable[..., SpoolStore], tmp_path: Path
) -> None:
    """What a crash or `rm *.spool` leaves beside a database doesn't take up the bound for good."""
    left_behind(open_store(), tmp_path / "spool")
    old, new = (tmp_path / "spool" / name for name in ("1-a.spool-wal", "2-b.spool-wal"))
    for path in (old, new):
        path.write_bytes(bytes(100))
    os.utime(old, (time.time() - 3600,) * 2)
    open_store()
    assert not old.exists()
    assert new.exists()  # its database may be about to go


def test_log_that_others_can_read_is_closed_to_them(
    open_store: Callable[..., SpoolStore], tmp_path: Path
) -> None:
    """The mode 0600 goes for all that is adopted, the write-ahead log too."""
    dying = open_store()
    dying.append(os.urandom(9000), SPANS)
    for path in list((tmp_path / "spool").iterdir()):  # as a killed owner leaves them
        copy = path.with_name("1-left" + path.name[path.name.index(".") :])
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o644)
    assert open_store().statistics()["spooled_spans"] == SPANS
    files = list((tmp_path / "spool").iterdir())
    assert len(files) == 4
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
