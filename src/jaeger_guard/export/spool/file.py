"""One file of a spool: an SQLite database of sealed batches, and the lease that says who owns it.

A file is made under a name that nobody adopts, leased, and then renamed: so a file that is found
without its lease has lost its owner. The database is opened after the lease was taken and closed
before it is given back, since closing any descriptor of a file gives up SQLite's own locks on it
(fcntl(2), "Advisory record locking").
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from jaeger_guard.export.spool.keys import KeyRing
from jaeger_guard.export.spool.sealing import FILE_ID_BYTES, Sealer, UnreadableError

SUFFIX: Final = ".spool"
ASIDE: Final = ".aside"
UNFINISHED: Final = ".tmp"
COMPANIONS: Final = ("", "-wal", "-shm", "-journal")  # what SQLite puts beside a database

PAGE: Final = 4096
_FRAME: Final = PAGE + 24  # a page in the WAL ("WAL File Format", sqlite.org/fileformat2.html, 4.1)
_MARGIN_PAGES: Final = 8  # b-tree, freelist and pointer-map pages that a change touches besides
_SHRINK_PAGES: Final = 256
_LEAST_SHRINK_PAGES: Final = 16
_APPLICATION_ID: Final = 0x4A475350  # "JGSP"
_VERSION: Final = 1
_TABLES: Final = (
    "CREATE TABLE batch (id INTEGER PRIMARY KEY, created REAL NOT NULL, spans INTEGER NOT NULL, "
    "key_id BLOB NOT NULL, sealed BLOB NOT NULL)",
    "CREATE TABLE file (id BLOB NOT NULL)",
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# What we ask a file for as it is opened never changes: where that is an "SQL error" (1), such as an
# unsupported format or sums that overflow, the file isn't one that we wrote.
_FOREIGN: Final = _DAMAGED | {sqlite3.SQLITE_ERROR}
_LATEST: Final = 1e11  # seconds; no clock shows the year 5138
_LAST: Final = 2**62  # numbers go up by one, so no file of ours gets there


class ForeignFileError(Exception):
    """A file is no spool of ours, or is damaged."""


@dataclass(frozen=True, slots=True)
class Row:
    """What can be told of a batch without its key.

    Attributes:
        number: Its place in the file.
        created: When it was written, Unix time in seconds.
        spans: How many spans it holds.
    """

    number: int
    created: float
    spans: int


def is_damage(error: BaseException) -> bool:
    """Say whether an error means that the file is damaged, rather than the disk full.

    SQLite quotes damaged names in its messages, which then can't be decoded.
    """
    if isinstance(error, ForeignFileError | UnicodeDecodeError):
        return True
    return _code(error) in _DAMAGED


def _code(error: BaseException) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


class SpoolFile:
    """A leased file; for one thread at a time.

    Attributes:
        path: Where it lies.
        batches, spans: How many are in it.
        was_open_to_others: Whether others could read or write it when it was adopted.
        held: Numbers of batches that are being sent, or wait in memory as well.
        done: Numbers of batches that were sent, and couldn't be deleted yet, with their spans.
        unreadable: Numbers of batches that can't be opened, with their spans.
    """

    def __init__(self, path: Path, lease: int, *, durable: bool) -> None:
        self.path = path
        self._lease = lease
        self._durable = durable
        self._connection: sqlite3.Connection | None = None
        self._sealer: Sealer | None = None
        self._last = 0  # the number of the newest batch that was ever written
        self.batches = self.spans = 0  # how many wait
        self.was_open_to_others = False
        self.held: set[int] = set()  # being sent right now, or still waiting in memory too
        self.done: dict[int, int] = {}  # sent, but a full disk didn't let us delete it
        self.unreadable: dict[int, int] = {}

    def __repr__(self) -> str:
        return f"<SpoolFile: {self.path.name}>"

    @classmethod
    def create(cls, directory: Path, *, durable: bool) -> SpoolFile:
        """Make a file, and lease it.

        Args:
            directory: Where to.
            durable: Whether a batch must be on the disk itself once it is written.

        Raises:
            OSError, sqlite3.Error: The disk is full, or can't be written.
        """
        stem = f"{os.getpid()}-{os.urandom(8).hex()}"
        unfinished = directory / (stem + UNFINISHED)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        lease = os.open(unfinished, flags, 0o600)
        created = cls(directory / (stem + SUFFIX), lease, durable=durable)
        try:
            os.fchmod(lease, 0o600)  # whatever the umask; SQLite gives its companions the same
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.rename(unfinished, created.path)
            created._lay_out()
            if durable:
                _sync_directory(directory)
        except BaseException:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            created.delete()
            raise
        return created

    @classmethod
    def adopt(cls, path: Path) -> SpoolFile | None:
        """Lease a file whose owner is gone; None where the owner lives, or the file is gone too.

        Raises:
            ForeignFileError: It is no spool of ours, or damaged. It is leased, and can be set aside.
            OSError, sqlite3.Error: It can't be read now.
        """
        try:
            lease = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        adopted = cls(path, lease, durable=False)
        try:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held, named = os.fstat(lease), path.stat()
        except OSError:  # BlockingIOError: the owner lives; FileNotFoundError: adopted meanwhile
            os.close(lease)
            return None
        if held.st_ino != named.st_ino:
            os.close(lease)
            return None
        if not stat.S_ISREG(held.st_mode) or held.st_uid != os.geteuid():
            adopted.give_up()
            raise ForeignFileError
        if not held.st_size:  # its owner died before it had written anything
            adopted.delete()
            return None
        try:
            were_open = [_close_to_others(each) for each in companions(path)]
            adopted.was_open_to_others = any(were_open)
            adopted._open()
        except BaseException:
            adopted.give_up()
            raise
        return adopted

    # --- batches ----------------------------------------------------------------------------------

    def append(self, keys: KeyRing, created: float, spans: int, data: bytes) -> Row:
        """Write one batch; once this returns it is committed."""
        self._last += 1
        row = Row(self._last, created, spans)
        key = keys.current()
        connection, sealer = self._opened()
        sealed = sealer.seal(key, row.number, created, spans, data)
        connection.execute(
            "INSERT INTO batch VALUES (?, ?, ?, ?, ?)",
            (row.number, created, spans, key.id, sealed),
        )
        self.batches += 1
        self.spans += spans
        return row

    def rows(self, *, also_unreadable: bool = False) -> Iterator[Row]:
        """Yield the batches that may be taken, the oldest first.

        Raises:
            ForeignFileError: There is a row that we can't have written.
        """
        connection, _ = self._opened()
        place = 0
        while True:  # no cursor stays open between two: it would hold up a checkpoint
            found = connection.execute(
                "SELECT id, created, spans FROM batch WHERE id > ? ORDER BY id LIMIT 1", (place,)
            ).fetchone()
            if found is None:
                return
            if not _is_row(*found):
                raise ForeignFileError
            place = found[0]
            if place in self.held or place in self.done:
                continue
            if also_unreadable or place not in self.unreadable:
                yield Row(*found)

    def read(self, keys: KeyRing, row: Row) -> bytes:
        """Open one batch.

        Raises:
            UnreadableError: Its key is lost, or its bytes aren't what was sealed.
        """
        connection, sealer = self._opened()
        found = connection.execute(
            "SELECT key_id, sealed FROM batch WHERE id = ?", (row.number,)
        ).fetchone()
        if found is None or not all(isinstance(part, bytes) for part in found):
            raise UnreadableError
        key = keys.find(found[0])
        if key is None:
            raise UnreadableError
        return sealer.open(key, row.number, row.created, row.spans, found[1])

    def remove(self, row: Row) -> None:
        """Delete one batch. That needn't reach the disk itself: at worst it is sent again."""
        connection, _ = self._opened()
        if self._durable:
            connection.execute("PRAGMA synchronous = NORMAL")
        try:
            deleted = connection.execute("DELETE FROM batch WHERE id = ?", (row.number,)).rowcount
        finally:
            if self._durable:
                connection.execute("PRAGMA synchronous = FULL")
        self.batches -= deleted
        self.spans -= deleted * row.spans
        self.held.discard(row.number)
        self.unreadable.pop(row.number, None)
        self.done.pop(row.number, None)

    def remove_done(self) -> None:
        """Delete what was sent and couldn't be deleted at that time."""
        for number, spans in sorted(self.done.items()):
            self.remove(Row(number, 0.0, spans))

    @property
    def done_spans(self) -> int:
        """How many of `spans` were sent already."""
        return sum(self.done.values())

    # --- bytes ------------------------------------------------------------------------------------

    def peak_with(self, size: int) -> int:
        """Answer the most bytes that its files would take while so many more are written."""
        connection, _ = self._opened()
        needed = _pages(size)
        pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
        free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
        grown = (pages + max(0, needed - free)) * PAGE
        database = max(grown, _size(self.path))
        return database + self.wal_bytes() + needed * _FRAME

    def least_with(self, size: int) -> int:
        """Answer what `peak_with` would answer after `shrink`."""
        connection, _ = self._opened()
        needed = _pages(size)
        pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
        free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
        return (pages - free + needed) * PAGE + needed * _FRAME

    def disk_bytes(self) -> int:
        """Answer how much its files take now."""
        return sum(map(_size, companions(self.path)))

    def wal_bytes(self) -> int:
        """Answer how long the write-ahead log is."""
        return _size(_beside(self.path, "-wal"))

    def checkpoint(self) -> None:
        """Bring what the write-ahead log holds into the database, and empty it."""
        connection, _ = self._opened()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def shrink(self) -> None:
        """Give pages that are no longer needed back to the file system, a few at a time."""
        connection, _ = self._opened()
        while connection.execute("PRAGMA freelist_count").fetchone()[0]:
            # What is moved goes through the log, whose bytes count as well.
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            step = min(_SHRINK_PAGES, max(_LEAST_SHRINK_PAGES, pages // 16))
            connection.execute(f"PRAGMA incremental_vacuum({step})").fetchall()
            self.checkpoint()

    # --- life -------------------------------------------------------------------------------------

    def close_connection(self) -> None:
        """Close the database, and keep the lease; what comes next opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def give_up(self) -> None:
        """Close the database, and give the lease back: whoever finds the file may adopt it."""
        with contextlib.suppress(sqlite3.Error):
            self.close_connection()
        lease, self._lease = self._lease, -1
        if lease >= 0:
            os.close(lease)

    def delete(self) -> None:
        """Remove the file and what SQLite keeps beside it."""
        with contextlib.suppress(sqlite3.Error):
            self.close_connection()
        for companion in COMPANIONS:
            with contextlib.suppress(OSError):
                _beside(self.path, companion).unlink()
        self.give_up()

    def set_aside(self) -> None:
        """Rename the file and what is beside it, so that nobody reads it again."""
        with contextlib.suppress(sqlite3.Error):
            self.close_connection()
        set_aside(self.path)
        self.give_up()

    def forget_in_child(self) -> None:
        """Let go of it in a forked child: the file, its lease and its locks are the parent's.

        Closing a copied descriptor leaves the parent's lease alone. A connection that was still
        open must not even be closed here: it would checkpoint, and delete the parent's log.
        """
        if self._connection is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._connection))  # so it never is
            self._connection = None
        lease, self._lease = self._lease, -1
        if lease >= 0:
            with contextlib.suppress(OSError):
                os.close(lease)

    def _opened(self) -> tuple[sqlite3.Connection, Sealer]:
        if self._connection is None or self._sealer is None:
            return self._open()
        return self._connection, self._sealer

    def _open(self) -> tuple[sqlite3.Connection, Sealer]:
        if self._lease < 0:
            raise sqlite3.OperationalError("the file was given up")
        connection: sqlite3.Connection | None = None
        try:
            connection = self._connect()
            file_id = _checked(connection)
            first, last, batches, spans = connection.execute(
                "SELECT coalesce(min(id), 1), coalesce(max(id), 0), count(*), coalesce(sum(spans), 0) "
                "FROM batch"
            ).fetchone()
            if not all(isinstance(number, int) for number in (first, last, batches, spans)):
                raise ForeignFileError
            if first < 1 or last > _LAST:
                raise ForeignFileError
        except BaseException as error:
            if connection is not None:
                with contextlib.suppress(sqlite3.Error):
                    connection.close()
            if is_damage(error) or _code(error) in _FOREIGN:
                raise ForeignFileError from None
            raise
        self._last = max(self._last, last)
        self.batches, self.spans = batches, spans
        self._connection, self._sealer = connection, Sealer(file_id)
        return connection, self._sealer

    def _lay_out(self) -> None:
        connection = self._connect()
        try:
            connection.execute(f"PRAGMA page_size = {PAGE}")
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            connection.execute("BEGIN")
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            for table in _TABLES:
                connection.execute(table)
            file_id = os.urandom(FILE_ID_BYTES)
            connection.execute("INSERT INTO file VALUES (?)", (file_id,))
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
            raise
        self._connection, self._sealer = connection, Sealer(file_id)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=rw",
            uri=True,
            timeout=0,
            isolation_level=None,  # each statement commits by itself
            check_same_thread=False,  # the store's lock lets one thread in at a time
            cached_statements=16,
        )
        # Damaged text can't be decoded, and sqlite3 would quote it; we read none but the schema.
        connection.text_factory = bytes
        try:
            # Before anything is read: with EXCLUSIVE, WAL needs no shared memory (wal.html, 8).
            connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchone()
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            connection.execute("PRAGMA mmap_size = 0").fetchone()
            connection.execute("PRAGMA wal_autocheckpoint = 0").fetchone()  # the store decides
            # With WAL, NORMAL can lose the last commits to a power failure, FULL none.
            connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
        except BaseException:
            connection.close()
            raise
        return connection


def _is_row(number: object, created: object, spans: object) -> bool:
    """Say whether values of these types and sizes can have been written by us."""
    return (
        isinstance(number, int)
        and number > 0
        and isinstance(created, float)
        and 0 <= created < _LATEST
        and isinstance(spans, int)
        and 0 <= spans < 2**31
    )


def set_aside(path: Path) -> None:
    """Rename a file and what SQLite keeps beside it, so that nobody reads it again."""
    for companion in COMPANIONS:
        with contextlib.suppress(OSError):
            os.rename(_beside(path, companion), _beside(path, ASIDE + companion))


def remove_orphan(path: Path, older_than: float) -> None:
    """Remove what SQLite kept beside a database that is gone, unless it was written just now.

    Args:
        path: Any file.
        older_than: Unix time in seconds before which it must have been written.
    """
    for companion in COMPANIONS[1:]:
        name = path.name.removesuffix(companion)
        if name == path.name or not name.endswith((SUFFIX, ASIDE)):
            continue
        with contextlib.suppress(OSError):
            if path.lstat().st_mtime < older_than and not path.with_name(name).exists():
                path.unlink()


def companions(path: Path) -> list[Path]:
    """Answer the names of a database and of what SQLite keeps beside it."""
    return [_beside(path, companion) for companion in COMPANIONS]


def _checked(connection: sqlite3.Connection) -> bytes:
    """Answer the id of a file that is a spool of ours.

    Raises:
        ForeignFileError: It isn't.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, version) != (_APPLICATION_ID, _VERSION):
        raise ForeignFileError
    # Compared whole, so that a file can't bring triggers or views along.
    tables = connection.execute("SELECT sql FROM sqlite_schema ORDER BY name").fetchall()
    if tuple(sql for (sql,) in tables) != tuple(table.encode() for table in _TABLES):
        raise ForeignFileError
    ids = connection.execute("SELECT id FROM file").fetchall()
    if len(ids) != 1 or not isinstance(ids[0][0], bytes) or len(ids[0][0]) != FILE_ID_BYTES:
        raise ForeignFileError
    file_id: bytes = ids[0][0]
    return file_id


def _close_to_others(path: Path) -> bool:
    """Make a file's mode 0600; answer whether others could read or write it."""
    try:
        status = path.lstat()
    except OSError:
        return False
    if not (stat.S_ISREG(status.st_mode) and status.st_mode & 0o077):
        return False
    path.chmod(0o600)
    return True


def _pages(size: int) -> int:
    """Answer how many pages a batch of so many bytes takes at the most."""
    # An overflow page holds 4 bytes less ("B-tree pages", fileformat2.html, 1.6); 28: nonce and tag.
    return (size + 28) // (PAGE - 4) + 1 + _MARGIN_PAGES


def _beside(path: Path, companion: str) -> Path:
    return path.with_name(path.name + companion)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _sync_directory(directory: Path) -> None:
    """Make a new name durable: fsync(2), "does not necessarily ensure that the entry … has reached disk"."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
