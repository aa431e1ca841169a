"""The files that the chain lies in, and how several processes write one chain.

Theory of operation.

1. All processes of a directory write one chain: what a server's forked workers do stands in one order,
   and one digest, the head, vouches for all of it. Who appends holds an flock on the file `lock`, reads
   the last line if another process wrote meanwhile, and writes whole lines with one write.
2. A file that has grown to its bound is followed by the next; the chain goes on through it. When there
   are more files than are kept, the oldest goes, and a record says which numbers went with it and the
   digest of the last of them: so what is left still has a beginning that can be checked.
3. An flock is inherited by a child that is forked while a thread of ours holds it. So it is given back
   by unlocking, not by closing, and a child closes what it inherited.
4. A process that is killed while it writes leaves a line without an end. That line was never a record;
   the next writer cuts it off, and a record says so.
5. What can't be written whole, as on a full disk, is taken back, so that the chain stays whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import re
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jaeger_guard.audit.records import (
    LONGEST_LINE,
    NOTHING_BEFORE,
    AuditError,
    Entry,
    Record,
    digest_of,
    entry,
    parse,
)
from jaeger_guard.audit.signing import Signer
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.forks import call_in_forked_children

REMOVED: Final = "audit.file_removed"
TORN: Final = "audit.torn_line_removed"
DAMAGED: Final = "audit.damaged"
_NAME: Final = re.compile(r"audit-([0-9]{8})\.jsonl")
_LOCK_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.005
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the chain ends: the number and digest of its last line, and the file that holds it."""

    number: int = 0
    digest: str = NOTHING_BEFORE
    file: int = 0
    size: int = 0
    inode: int = 0


def files_in(directory: Path) -> list[Path]:
    """List the files of the chain in a directory, in their order.

    Raises:
        OSError: The directory can't be read.
    """
    return sorted(path for path in directory.iterdir() if _NAME.fullmatch(path.name))


def prepare_directory(directory: Path, where: str) -> None:
    """Make the directory where it is missing, and check that it is this user's alone.

    Raises:
        ConfigurationError: It can't be made or written, or others may write to it.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
    except (OSError, ValueError):
        status = None
    if status is None or not stat.S_ISDIR(status.st_mode) or not os.access(directory, os.W_OK):
        what = "the directory of the audit can't be made or written"
        raise ConfigurationError(what, where, "Name a directory that this process may write")
    if status.st_uid not in (os.geteuid(), 0) or status.st_mode & 0o022:
        what = "others may write to the directory of the audit"
        raise ConfigurationError(what, where, "Give it to the user of this process, with mode 0700")


class Chain:
    """Appends to the chain of a directory; every method may be called by any thread and process.

    Args:
        directory: Where the files lie.
        file_bytes: How long one file gets, in bytes.
        keep_files: How many files are kept, 2 at least.
        signer: What signs checkpoints; None: none are written.
    """

    def __init__(
        self, directory: Path, *, file_bytes: int, keep_files: int, signer: Signer | None
    ) -> None:
        self._directory = directory
        self._file_bytes = file_bytes
        self._keep_files = keep_files
        self._signer = signer
        self._tail: Tail | None = None
        self._opened: set[int] = set()
        call_in_forked_children(self._after_fork)

    @property
    def is_signed(self) -> bool:
        """Whether checkpoints are written."""
        return self._signer is not None

    def append(self, entries: Sequence[Entry], *, checkpoint: bool) -> Record:
        """Append entries, and a checkpoint behind them where one is wanted; return the last of them.

        Once this returns they are on the disk.

        Raises:
            AuditError: They could not be written; it says how many were.
        """
        done = 0
        last: Record | None = None
        try:
            with self._locked():
                tail, repairs = self._find_tail()
                touched = set()
                for number, made in enumerate((*repairs, *entries)):
                    tail, last = self._write(tail, made)
                    touched.add(tail.file)
                    done = max(0, number + 1 - len(repairs))
                if checkpoint and self._signer is not None:
                    made = self._signer.checkpoint(tail.number + 1, tail.digest)
                    tail, _ = self._write(tail, made, again=True)
                    touched.add(tail.file)
                for file in touched:
                    with contextlib.suppress(FileNotFoundError):  # the oldest, removed meanwhile
                        self._sync(file)
        except (OSError, ValueError) as error:
            self._tail = None  # looked for anew
            what = f"the audit can't be written ({type(error).__name__})"
            raise AuditError(what, done) from None
        if last is None:
            raise AuditError("there was nothing to write")
        return last

    def newest_first(self) -> Iterator[Record]:
        """Read the records of the last two files, the newest first; what is none is left out."""
        with contextlib.suppress(OSError):
            for path in reversed(files_in(self._directory)[-2:]):
                lines = path.read_bytes().splitlines()  # bounded by `file_bytes`
                yield from (found for line in reversed(lines) if (found := parse(line)))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        # Opened each time: an flock belongs to what was opened, so threads exclude each other too.
        opened = os.open(self._directory / "lock", _NEW, 0o600)
        self._opened.add(opened)
        try:
            deadline = time.monotonic() + _LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise TimeoutError from None
                    time.sleep(random.uniform(0.0, _LOOK_SECONDS))  # not in step with others
            yield
        finally:
            # Not by closing alone: a child that was forked meanwhile has it open, too.
            fcntl.flock(opened, fcntl.LOCK_UN)
            self._opened.discard(opened)
            os.close(opened)

    def _after_fork(self) -> None:
        """Close what a thread of the parent had open: the child would hold the lock after it."""
        while self._opened:
            with contextlib.suppress(OSError):
                os.close(self._opened.pop())

    def _sync(self, file: int) -> None:
        opened = os.open(self._path(file), os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)

    def _path(self, file: int) -> Path:
        return self._directory / f"audit-{file:08}.jsonl"

    def _find_tail(self) -> tuple[Tail, list[Entry]]:
        """Find where the chain ends, and what is to be recorded about how it ends."""
        known = self._tail
        files = files_in(self._directory)
        if not files:
            return Tail(), []
        path = files[-1]
        status = path.stat()
        file = int(path.stem.removeprefix("audit-"))
        here = (file, status.st_size, status.st_ino)
        if known is not None and (known.file, known.size, known.inode) == here:
            return known, []
        repairs: list[Entry] = []
        with path.open("r+b") as opened:
            opened.seek(max(0, status.st_size - 2 * LONGEST_LINE))
            end = opened.read(2 * LONGEST_LINE)
            torn = len(end) - (end.rfind(b"\n") + 1)
            if torn:
                opened.truncate(status.st_size - torn)
                repairs.append(entry(TORN, {"bytes": torn}, os.getpid()))
        lines = end[: len(end) - torn].splitlines()
        size = status.st_size - torn
        if not lines and len(files) > 1 and size == 0:  # killed between making it and writing
            path.unlink()
            return self._find_tail()
        last = lines[-1] if lines else b""
        record = parse(last)
        number = record.number if record is not None else _number_before(lines)
        if record is None and lines:
            repairs.append(entry(DAMAGED, {"file": path.name}, os.getpid()))
        digest = digest_of(last) if lines else NOTHING_BEFORE
        return Tail(number, digest, file, size, status.st_ino), repairs

    def _write(self, tail: Tail, made: Entry, *, again: bool = False) -> tuple[Tail, Record]:
        """Write one line; a file that is full is followed by the next, unless this is `again`."""
        line = made.line(tail.number + 1, tail.digest)
        fresh = tail.file == 0 or (tail.size + len(line) + 1 > self._file_bytes and not again)
        if fresh and tail.file and self._signer is not None:
            signed = self._signer.checkpoint(tail.number + 1, tail.digest)
            tail, _ = self._write(tail, signed, again=True)
            line = made.line(tail.number + 1, tail.digest)
        file = tail.file + 1 if fresh else tail.file
        flags = _NEW | os.O_EXCL if fresh else _NEW
        opened = os.open(self._path(file), flags, 0o600)
        try:
            before = os.fstat(opened).st_size
            try:
                written = os.write(opened, line + b"\n")
                if written != len(line) + 1:
                    raise OSError("a short write")
            except BaseException:
                with contextlib.suppress(OSError):
                    os.ftruncate(opened, before)
                raise
            status = os.fstat(opened)
        finally:
            os.close(opened)
        now = Tail(tail.number + 1, digest_of(line), file, status.st_size, status.st_ino)
        self._tail = now
        if fresh:
            now = self._remove_old(now)
        return now, Record(
            now.number, made.time, made.event, made.pid, tail.digest, made.facts, digest_of(line)
        )

    def _remove_old(self, tail: Tail) -> Tail:
        for path in files_in(self._directory)[: -self._keep_files]:
            lines = path.read_bytes().splitlines()
            first = parse(lines[0]) if lines else None
            facts = {
                "file": path.name,
                "first": None if first is None else first.number,
                "last": None if first is None else first.number + len(lines) - 1,
                "digest": digest_of(lines[-1]) if lines else None,
            }
            tail, _ = self._write(tail, entry(REMOVED, facts, os.getpid()), again=True)
            if self._signer is not None:  # unsigned, anybody who cut off a beginning could write it
                signed = self._signer.checkpoint(tail.number + 1, tail.digest)
                tail, _ = self._write(tail, signed, again=True)
            path.unlink()
        return tail


def _number_before(lines: Sequence[bytes]) -> int:
    """Count on from the last line that is a record."""
    for behind, line in enumerate(reversed(lines)):
        record = parse(line)
        if record is not None:
            return record.number + behind
    return len(lines)
