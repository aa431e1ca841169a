"""The audit of one process: takes records at once, and writes them on a thread of its own.

`record` is for an application's threads: it never waits, never raises, and what can't be kept is
counted and later recorded as lost. `write` is for commands: what it tells of must not happen unless it
is on the disk, so it waits, and raises.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from jaeger_guard.audit.chain import Chain, prepare_directory
from jaeger_guard.audit.records import AuditError, Entry, Record, entry
from jaeger_guard.audit.signing import Signer
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.forks import call_in_forked_children
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard.audit")

DEFAULT_FILE_BYTES: Final = 8 * 1024 * 1024
DEFAULT_KEEP_FILES: Final = 16
LEAST_FILE_BYTES: Final = 128 * 1024  # two of the longest lines
_MOST_WAITING: Final = 1024  # records
_RETRY_SECONDS: Final = 5.0
_LOOK_AGAIN_SECONDS: Final = 0.1
_SIGN_RECORDS: Final = 64
_SIGN_SECONDS: Final = 300.0
_STOP_SECONDS: Final = 5.0

Settle = Callable[[Chain], Entry]


class AuditLog:
    """A chain of value-free records in a directory.

    Args:
        directory: Where its files lie; made where it is missing. All processes of a service may share
            one, on a local disk.
        key_file: PEM file of an Ed25519 private key, mode 0600; it signs checkpoints. None: the chain
            alone, without signatures.
        file_bytes: How long one file gets, in bytes.
        keep_files: How many files are kept; older ones go, and a record says so.
        where: What set the directory, for errors.

    Raises:
        ConfigurationError: A setting can't be honoured.
        MissingExtraError: The extra `crypto` isn't installed, and a key is given.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        key_file: str | os.PathLike[str] | None = None,
        file_bytes: int = DEFAULT_FILE_BYTES,
        keep_files: int = DEFAULT_KEEP_FILES,
        where: str = "AuditLog(directory=)",
    ) -> None:
        if file_bytes < LEAST_FILE_BYTES or keep_files < 2:
            what = f"{keep_files} files of {file_bytes} bytes don't hold a chain"
            remedy = f"Keep 2 files or more, of {LEAST_FILE_BYTES} bytes or more"
            raise ConfigurationError(what, where, remedy)
        self.directory: Final = Path(directory).absolute()
        prepare_directory(self.directory, where)
        signer = None if key_file is None else Signer.load(Path(key_file), where)
        self._chain = Chain(
            self.directory, file_bytes=file_bytes, keep_files=keep_files, signer=signer
        )
        self._closed = False
        self._start_afresh()
        call_in_forked_children(self._start_afresh)

    def __repr__(self) -> str:
        return f"<AuditLog: {'signed' if self._chain.is_signed else 'unsigned'}>"

    @property
    def is_signed(self) -> bool:
        """Whether checkpoints are signed."""
        return self._chain.is_signed

    def record(self, event: str, **facts: object) -> None:
        """Have a record written; returns at once, whatever the disk does.

        Args:
            event: What happened, such as `policy.loaded`: lower-case words, joined by dots.
            facts: Ids, names, counts, digests; never a value that was found.
        """
        with contextlib.suppress(
            Exception
        ):  # a mapping or a text of a foreign class raises anything
            self._take(entry(event, facts, os.getpid()))

    def record_when_due(self, settle: Settle) -> None:
        """Have a record written whose content depends on those before it; asked on our thread."""
        self._take(settle)

    def write(self, event: str, **facts: object) -> Record:
        """Write a record now; once this returns, it is on the disk and signed.

        Raises:
            AuditError: It could not be written.
        """
        return self._chain.append([entry(event, facts, os.getpid())], checkpoint=True)

    def write_all(self, records: Iterable[tuple[str, Mapping[str, object]]]) -> None:
        """Write several records now, each an event and its facts, as `write` does one.

        Raises:
            AuditError: Not all could be written.
        """
        pid = os.getpid()
        self._chain.append([entry(event, facts, pid) for event, facts in records], checkpoint=True)

    def flush(self, timeout: float = _STOP_SECONDS) -> bool:
        """Wait until what was recorded before is written; False where it isn't within the time."""
        thread = self._thread
        if thread is None or not thread.is_alive() or thread is threading.current_thread():
            return self._drain()
        flush = _Flush()
        self._flushes.append(flush)
        self._wake.put(None)
        return flush.done.wait(timeout) and flush.succeeded

    def close(self, timeout: float = _STOP_SECONDS) -> None:
        """Write what waits, sign it, and stop; records that come later are written all the same."""
        self._closing = True
        deadline = time.monotonic() + timeout
        while not self.flush(max(0.0, deadline - time.monotonic())):
            if time.monotonic() >= deadline:
                return
            time.sleep(_LOOK_AGAIN_SECONDS)

    def statistics(self) -> dict[str, int]:
        """Return counts: records written and lost, failures to write, records that wait."""
        return {
            "audit_written": self._counts["audit_written"],
            "audit_lost": self._counts["audit_lost"],
            "audit_write_failures": self._counts["audit_write_failures"],
            "audit_waiting": len(self._waiting),
        }

    # --- the writer's side ----------------------------------------------------------------------

    def _start_afresh(self) -> None:
        self._waiting: deque[Entry | Settle] = deque()  # of a parent, they are the parent's
        self._flushes: deque[_Flush] = deque()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()  # re-entrant, for signal handlers
        self._work = threading.RLock()
        self._starting = threading.RLock()
        self._thread: threading.Thread | None = None
        self._counts: Counter[str] = Counter()
        self._closing = False
        self._lost_told = 0
        self._unsigned = 0
        self._signed_at = time.monotonic()
        self._failing = False

    def _take(self, made: Entry | Settle) -> None:
        with self._starting:
            if len(self._waiting) >= _MOST_WAITING:
                self._counts["audit_lost"] += 1
                return
            self._waiting.append(made)
            if self._thread is None:
                self._start_thread()
        self._wake.put(None)

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=self._run, name="jaeger-guard-audit", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the interpreter is shutting down; whoever closes does the work
            self._thread = None

    def _run(self) -> None:
        while True:
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=_RETRY_SECONDS if self._waiting else None)
                while True:  # one write for all that waits, not one for each
                    self._wake.get_nowait()
            flushes = list(self._flushes)
            succeeded = False
            with contextlib.suppress(Exception):  # nothing may end this thread
                succeeded = self._drain()
            for flush in flushes:
                self._flushes.popleft()
                flush.succeeded = succeeded
                flush.done.set()
            if self._failing:  # not at once again for each record that comes
                with contextlib.suppress(queue.Empty):
                    self._wake.get(timeout=_RETRY_SECONDS)
            with self._starting:
                if self._closing and not self._waiting and not self._flushes:
                    self._thread = None
                    return

    def _drain(self) -> bool:
        """Write what waits; False where it can't be written now."""
        with self._work:
            batch = [self._waiting[index] for index in range(len(self._waiting))]
            try:
                entries = [made if isinstance(made, Entry) else made(self._chain) for made in batch]
                lost = self._counts["audit_lost"]
                if lost > self._lost_told:
                    facts = {"records": lost - self._lost_told}
                    entries.append(entry("audit.records_lost", facts, os.getpid()))
                if not entries and not (self._closing and self._unsigned):
                    return True
                due = self._is_signature_due(len(entries))
                if entries:
                    self._chain.append(entries, checkpoint=due)
                elif self._chain.is_signed:
                    closed = entry("audit.closed", {}, os.getpid())
                    self._chain.append([closed], checkpoint=True)
            except AuditError as error:
                for _ in batch[: error.written]:
                    self._waiting.popleft()
                self._counts["audit_written"] += error.written
                self._note_failure(error)
                return False
            for _ in batch:
                self._waiting.popleft()
            self._counts["audit_written"] += len(entries)
            self._lost_told = lost
            self._failing = False
            self._unsigned = 0 if due else self._unsigned + len(entries)
            if due:
                self._signed_at = time.monotonic()
            return True

    def _is_signature_due(self, more: int) -> bool:
        return self._chain.is_signed and (
            self._closing
            or self._unsigned + more >= _SIGN_RECORDS
            or time.monotonic() - self._signed_at >= _SIGN_SECONDS
        )

    def _note_failure(self, error: AuditError) -> None:
        self._counts["audit_write_failures"] += 1
        if not self._failing:
            self._failing = True
            tell(_LOGGER, logging.WARNING, "%s: records wait, and are counted when lost", error)


class _Flush:
    """Somebody who waits until what was recorded before is written."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.succeeded = False
