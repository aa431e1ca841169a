"""What one process has on disk: its own file, those it has adopted, and the bounds of them all.

One lock guards all of it. Under it only the local disk is waited for, never a network.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jaeger_guard.export.spool.file import (
    ASIDE,
    SUFFIX,
    UNFINISHED,
    ForeignFileError,
    Row,
    SpoolFile,
    companions,
    is_damage,
    remove_orphan,
    set_aside,
)
from jaeger_guard.export.spool.sealing import UnreadableError
from jaeger_guard.export.spool.settings import ResolvedSpool
from jaeger_guard.forks import call_around_forks
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard.export")

_ADOPTION_SECONDS: Final = 5.0
_FORK_SECONDS: Final = 5.0  # how long a fork waits for a disk
_UNFINISHED_SECONDS: Final = 60.0
_TELL_SECONDS: Final = 300.0  # a full disk is told of this often at the most
_LONGEST_WAL: Final = 4 * 1024 * 1024
_KEPT_EMPTY: Final = 1024 * 1024  # a larger file goes once it is empty, and another one is made
_FAILURES: Final = (OSError, sqlite3.Error, UnreadableError, ForeignFileError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """Where a batch lies on disk; only the store looks into it."""

    file: SpoolFile
    row: Row


@dataclass(frozen=True, slots=True, eq=False)
class Spooled:
    """A batch that was taken from the disk to be sent.

    Attributes:
        ticket: Where it lies.
        data: An ExportTraceServiceRequest.
        spans: How many spans it holds.
    """

    ticket: Ticket
    data: bytes = field(repr=False)
    spans: int


class SpoolStore:
    """The spool of one process; every method may be called by any thread, and none raises."""

    def __init__(self, settings: ResolvedSpool) -> None:
        self._settings = settings
        self._wal_limit = min(_LONGEST_WAL, settings.max_bytes // 8)
        self._closed = False
        self._start_afresh()
        call_around_forks(self._before_fork, self._after_fork_in_parent)

    def _start_afresh(self) -> None:
        self._lock = threading.RLock()
        self._own: SpoolFile | None = None
        self._adopted: list[SpoolFile] = []
        self._counts: Counter[str] = Counter()
        self._adopt_at = 0.0
        self._tell_failure_at = 0.0
        self._told: set[str] = set()
        self._held_for_fork = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits that could be sent."""
        with self._lock:
            return all(
                file.batches <= len(file.unreadable) + len(file.done) for file in self._files()
            )

    @property
    def writes_ahead(self) -> bool:
        """Whether each batch is to be committed before it is sent."""
        return self._settings.writes_ahead

    @property
    def has_files(self) -> bool:
        """Whether there are files in the directory, which somebody may have left behind."""
        with contextlib.suppress(OSError):
            return any(
                path.suffix in (SUFFIX, ASIDE) for path in self._settings.directory.iterdir()
            )
        return False

    def append(self, data: bytes, spans: int, *, hold: bool = False) -> Ticket | None:
        """Write a batch; once this returns it is committed.

        Args:
            data: An ExportTraceServiceRequest.
            spans: How many spans it holds.
            hold: Whether the caller goes on to send it, so that `take` must leave it.

        Returns:
            Where it lies; None where it couldn't be written, or is larger than the whole spool.
        """
        with self._lock:
            if self._closed:
                return None
            for _ in range(2):  # once more with a new file where ours is damaged
                try:
                    file = self._writable()
                    if not self._make_room(file, len(data)):
                        self._counts["spool_write_failures"] += 1
                        self._tell_once(
                            "no room",
                            "the spool has no room, and nothing that could be dropped: spans wait in "
                            "memory",
                        )
                        return None
                    row = file.append(self._settings.keys, time.time(), spans, data)
                except _FAILURES as error:
                    if self._own is not None and is_damage(error):
                        self._set_aside(self._own)
                        continue
                    self._tell_of_failure(error)
                    return None
                if hold:
                    file.held.add(row.number)
                self._checkpoint(file)
                return Ticket(file, row)
            return None

    def take(self) -> Spooled | None:
        """Answer the oldest batch that nobody holds, held now; None where there is none."""
        with self._lock:
            for file in self._files():
                try:
                    for row in file.rows():
                        data = self._read(file, row)
                        if data is not None:
                            file.held.add(row.number)
                            return Spooled(Ticket(file, row), data, row.spans)
                except _FAILURES as error:
                    self._handle(file, error)
        return None

    def settle(self, ticket: Ticket) -> None:
        """Delete a batch that was sent, or can't be."""
        file, row = ticket.file, ticket.row
        with self._lock:
            if file not in self._files():
                return
            try:
                file.remove(row)
                self._checkpoint(file)
            except _FAILURES as error:
                file.held.discard(row.number)
                file.done[row.number] = row.spans
                self._handle(file, error)

    def release(self, ticket: Ticket) -> None:
        """Let a batch be taken again."""
        with self._lock:
            ticket.file.held.discard(ticket.row.number)

    def maintain(self) -> None:
        """Adopt what lost its owner, drop what is too old, give back what isn't needed."""
        with self._lock:
            if self._closed:
                return
            now = time.monotonic()
            if now >= self._adopt_at:
                self._adopt_at = now + _ADOPTION_SECONDS
                with contextlib.suppress(OSError):
                    self._adopt()
                    self._drop_old_asides()
            for file in self._files():
                try:
                    self._tidy(file)
                except _FAILURES as error:
                    self._handle(file, error)

    def statistics(self) -> Mapping[str, int]:
        """Answer what waits, and counts of spans that were dropped, by reason."""
        with self._lock:
            oldest = time.time()
            for file in self._files():
                try:
                    oldest = min(oldest, next(file.rows(also_unreadable=True)).created)
                except (StopIteration, *_FAILURES):
                    continue
            return {
                **self._counts,
                "spooled_spans": sum(file.spans - file.done_spans for file in self._files()),
                "spooled_bytes": self._bytes_of_all(),
                "spool_oldest_seconds": int(time.time() - oldest),
            }

    def close(self) -> None:
        """Close all files: those with nothing in them go, the rest waits to be adopted."""
        with self._lock:
            self._closed = True
            for file in self._files():
                with contextlib.suppress(*_FAILURES):
                    file.remove_done()
                if file.batches > len(file.done):
                    file.give_up()
                else:
                    file.delete()
            self._own, self._adopted = None, []

    def after_fork(self) -> None:
        """Start afresh in a forked child: what is on disk is the parent's."""
        for file in self._files():
            file.forget_in_child()
        self._start_afresh()

    # --- forks ------------------------------------------------------------------------------------

    def _before_fork(self) -> None:
        # Else a child could inherit one of SQLite's own locks in the hands of a thread that it hasn't.
        self._held_for_fork = self._lock.acquire(timeout=_FORK_SECONDS)
        if self._held_for_fork:
            for file in self._files():
                with contextlib.suppress(*_FAILURES):
                    file.close_connection()

    def _after_fork_in_parent(self) -> None:
        if self._held_for_fork:
            self._held_for_fork = False
            self._lock.release()

    # --- files ------------------------------------------------------------------------------------

    def _files(self) -> list[SpoolFile]:
        return self._adopted if self._own is None else [*self._adopted, self._own]

    def _writable(self) -> SpoolFile:
        if self._own is not None and not self._own.path.exists():  # somebody cleaned up
            self._own.give_up()
            self._own = None
        if self._own is None:
            directory = self._settings.directory
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._own = SpoolFile.create(directory, durable=self._settings.writes_ahead)
        return self._own

    def _adopt(self) -> None:
        mine = {file.path for file in self._files()}
        found: list[tuple[float, SpoolFile]] = []
        for path in sorted(self._settings.directory.iterdir()):
            if path.suffix == UNFINISHED:
                _remove_unfinished(path)
            remove_orphan(path, time.time() - _UNFINISHED_SECONDS)
            if path.suffix != SUFFIX or path in mine:
                continue
            try:
                file = SpoolFile.adopt(path)
            except ForeignFileError:
                set_aside(path)
                self._counts["spool_files_set_aside"] += 1
                self._tell_once("foreign", "a file of the spool is damaged or foreign: set aside")
                continue
            except _FAILURES:
                continue  # looked at again later
            if file is None:
                continue
            if file.was_open_to_others:
                self._tell_once(
                    "mode", "a file of the spool could be read by others: its mode is 0600 now"
                )
            try:
                first = next(file.rows(also_unreadable=True), None)
            except _FAILURES as error:
                self._handle(file, error)
                continue
            found.append((first.created if first is not None else 0.0, file))
            self._counts["spool_adopted_spans"] += file.spans
        self._adopted += [file for _, file in sorted(found, key=lambda pair: pair[0])]

    def _read(self, file: SpoolFile, row: Row) -> bytes | None:
        try:
            return file.read(self._settings.keys, row)
        except UnreadableError:
            file.unreadable[row.number] = row.spans
            self._counts["spool_unreadable"] += row.spans
            self._tell_once(
                "unreadable",
                "batches in the spool can't be opened, since their key is lost or they were changed: "
                "set aside",
            )
            return None

    def _tidy(self, file: SpoolFile) -> None:
        if file.done and len(file.done) == file.batches:  # a file goes also where the disk is full
            self._forget(file)
            file.delete()
            return
        if file.done:
            file.remove_done()
        too_old = time.time() - self._settings.max_age
        for row in file.rows(also_unreadable=True):
            if row.created >= too_old:
                break
            file.remove(row)
            self._counts["dropped_spool_age"] += row.spans
        if file.batches and file.batches == len(file.unreadable):
            self._set_aside(file)
        elif file.batches > len(file.held) + len(file.done) and not any(
            file.rows(also_unreadable=True)
        ):
            raise ForeignFileError  # it counts batches that it doesn't show
        elif not file.batches and (file is not self._own or file.disk_bytes() > _KEPT_EMPTY):
            self._forget(file)
            file.delete()
        elif file.wal_bytes() > self._wal_limit:
            file.checkpoint()

    def _checkpoint(self, file: SpoolFile) -> None:
        with contextlib.suppress(*_FAILURES):  # the batch is in the log already
            if file.wal_bytes() > self._wal_limit:
                file.checkpoint()

    def _set_aside(self, file: SpoolFile) -> None:
        # What can't be opened was counted as it was found; what is held may get through from memory.
        lost = file.spans - file.done_spans - sum(file.unreadable.values())
        self._counts["spool_unreadable"] += max(0, lost)
        file.set_aside()
        self._counts["spool_files_set_aside"] += 1
        self._forget(file)

    def _forget(self, file: SpoolFile) -> None:
        if file is self._own:
            self._own = None
        else:
            self._adopted = [other for other in self._adopted if other is not file]

    def _handle(self, file: SpoolFile, error: Exception) -> None:
        """Go on after a failure: a damaged file is set aside, else it is tried again later."""
        if is_damage(error):
            self._tell_once("damaged", "a file of the spool is damaged: set aside")
            self._set_aside(file)
        elif not os.path.exists(file.path) or file not in self._files():
            self._forget(file)  # somebody deleted it, or it is not ours yet
            file.give_up()
        else:
            with contextlib.suppress(*_FAILURES):
                file.close_connection()

    # --- bounds -----------------------------------------------------------------------------------

    def _make_room(self, file: SpoolFile, size: int) -> bool:
        """Drop what is oldest until a batch fits; False where it never will."""
        looked_for_dead = False
        while True:
            room = self._settings.max_bytes - (self._bytes_of_all() - file.disk_bytes())
            peak = file.peak_with(size)
            if peak <= room:
                return True
            if peak - file.wal_bytes() <= room:
                file.checkpoint()
            elif file.least_with(size) <= room:
                file.shrink()
                if file.peak_with(size) <= room:
                    return True
            if file.peak_with(size) <= room or self._drop_an_aside() or self._drop_oldest():
                continue
            if looked_for_dead:
                return False
            looked_for_dead = True
            self._adopt()

    def _drop_oldest(self) -> bool:
        heads = []
        for file in self._files():
            try:
                row = next(file.rows(also_unreadable=True), None)
            except _FAILURES as error:
                self._part_with(file, error)
                return True
            if row is not None:
                heads.append((row.created, row, file))
        if not heads:
            return False
        _, row, file = min(heads, key=lambda head: head[0])
        try:
            self._drop(file, row)
        except _FAILURES as error:
            self._part_with(file, error)
        return True

    def _drop(self, file: SpoolFile, row: Row) -> None:
        file.remove(row)
        self._counts["dropped_spool_full"] += row.spans
        self._tell_once("full", "the spool is full: the oldest spans are dropped, and counted")
        if file is not self._own:
            if file.batches:
                file.shrink()
            else:
                self._forget(file)
                file.delete()

    def _part_with(self, file: SpoolFile, error: Exception) -> None:
        """Set an adopted file aside that is damaged; of our own, and of a full disk, the caller learns."""
        if file is self._own or not is_damage(error):
            raise error
        self._handle(file, error)

    def _drop_an_aside(self) -> bool:
        asides = sorted(self._asides())
        if not asides:
            return False
        for companion in companions(asides[0][1]):
            companion.unlink(missing_ok=True)
        return True

    def _drop_old_asides(self) -> None:
        for modified, path in self._asides():
            if modified < time.time() - self._settings.max_age:
                for companion in companions(path):
                    companion.unlink(missing_ok=True)

    def _asides(self) -> list[tuple[float, Path]]:
        found = []
        for path in self._settings.directory.iterdir():
            if path.suffix == ASIDE:
                with contextlib.suppress(FileNotFoundError):  # another process was faster
                    found.append((path.stat().st_mtime, path))
        return found

    def _bytes_of_all(self) -> int:
        """Answer what all files of the directory take, those of other processes too."""
        total = 0
        with contextlib.suppress(OSError), os.scandir(self._settings.directory) as entries:
            for entry in entries:
                if SUFFIX in entry.name or UNFINISHED in entry.name:
                    with contextlib.suppress(OSError):  # deleted meanwhile
                        total += entry.stat(follow_symlinks=False).st_size
        return total

    # --- what operators are told ------------------------------------------------------------------

    def _tell_of_failure(self, error: Exception) -> None:
        self._counts["spool_write_failures"] += 1
        now = time.monotonic()
        if now >= self._tell_failure_at:
            self._tell_failure_at = now + _TELL_SECONDS
            name = getattr(error, "sqlite_errorname", type(error).__name__)
            tell(
                _LOGGER,
                logging.WARNING,
                "the spool can't be written (%s): spans wait in memory. Is the disk full?",
                name,
            )
        if self._own is not None:
            with contextlib.suppress(*_FAILURES):
                self._own.close_connection()

    def _tell_once(self, topic: str, message: str) -> None:
        if topic not in self._told:
            self._told.add(topic)
            tell(_LOGGER, logging.WARNING, message)


def _remove_unfinished(path: Path) -> None:
    """Remove what a process left that died while it made a file."""
    try:
        if path.stat().st_mtime > time.time() - _UNFINISHED_SECONDS:
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
    except OSError:  # its maker lives after all, or somebody else removed it
        return
