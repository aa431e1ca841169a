"""The parent's side of a recognizer: a worker process, asked within a time budget.

Theory of operation. `ask` hands one text over and waits for its answer until the budget is spent. Then
it goes on without one, and the worker is *behind*: until it has answered the old question, nobody waits
for it again. One hang therefore costs one budget. A worker that stays behind for `PATIENCE` seconds is
killed. One that ended, was killed or wrote nonsense is started again, after a pause that doubles from
one second to a minute; its start is waited for by nobody but who configures.

A slow worker that always answers just in time would still hold the scrubbing up; so waiting is paid
from an allowance that fills by `SHARE` of the time that passes.

Pipes are not blocking, in either direction; a lock that isn't free within the budget is a time-out.
The text travels through a pipe of this user's alone, is written nowhere, and ends with the worker. A
forked child starts a worker of its own.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
import weakref
from collections import Counter
from typing import Any, Final

from jaeger_guard.categories import ALL
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.forks import call_in_forked_children
from jaeger_guard.telling import tell
from jaeger_guard.types import Match

_LOGGER: Final = logging.getLogger("jaeger_guard")

START_SECONDS: Final = 120.0  # a large pipeline takes half a minute to load on a busy machine
PATIENCE: Final = 10.0
SHARE: Final = 0.5
ALLOWANCE_BUDGETS: Final = 20  # how many budgets the allowance holds when it is full
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_LONGEST_ANSWER: Final = 1024 * 1024
_READ: Final = 65_536

_UNTOLD: Final = ("its worker process ended", "See that its factory works")

# Not by -m and PYTHONPATH: a sitecustomize there would instrument the worker as it does its parent.
_PROGRAM: Final = (
    "import json, sys; path, factory, options = json.loads(sys.argv[1]); sys.path[:] = path; "
    "from jaeger_guard.recognizers.worker import main; main(factory, options)"
)


class RecognizerProcess:
    """Asks a recognizer in a process of its own; threads may share it.

    Args:
        factory: `package.module:function`, called in that process.
        options: Keyword arguments of that function.
        budget: Seconds that one text is waited for at the most.
        longest: Characters; a longer text isn't handed over.
    """

    def __init__(
        self, factory: str, options: dict[str, Any], *, budget: float, longest: int
    ) -> None:
        self._factory = factory
        self._options = options
        self._budget = budget
        self._longest = longest
        self._holder: list[subprocess.Popen[bytes]] = []  # at most one
        self._renew()
        call_in_forked_children(self._renew)
        weakref.finalize(self, _end, self._holder)

    def _renew(self) -> None:
        for process in self._holder:  # of the parent, which goes on using it
            process.returncode = 0  # so that dropping it here warns of nothing
            _close_pipes(process)
        self._holder.clear()
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self._pause = _FIRST_PAUSE
        self._start_at = 0.0
        self._allowance = self._budget * ALLOWANCE_BUDGETS
        self._filled_at = time.monotonic()
        self._forget()

    def _forget(self) -> None:
        self._ready = False
        self._began = 0.0
        self._number = 0
        self._behind: float | None = None  # since when the worker owes an answer
        self._unsent = b""
        self._received = b""
        self._failure: list[str] = []

    def start(self, seconds: float = START_SECONDS) -> None:
        """Start the worker, and wait until it is ready.

        Raises:
            ConfigurationError: It can't be, or isn't within the time.
        """
        where = f"Recognition(recognizer={self._factory!r})"
        with self._lock:
            try:
                self._spawn()
                deadline = time.monotonic() + seconds
                while not self._ready:
                    self._await_readable(deadline)
                    self._receive(0)
            except _GoneError:
                what, remedy, *_ = (*self._failure, *_UNTOLD[len(self._failure) :])
                self._kill()
                raise ConfigurationError(what, where, remedy) from None
            except (_LateError, OSError):
                self._kill()
                raise ConfigurationError(
                    f"the recognizer was not ready within {seconds:g} s", where, "Load less in it"
                ) from None

    def ask(self, text: str) -> list[Match] | None:
        """Return what is recognized in `text`; None where there was no answer within the budget."""
        if len(text) > self._longest:
            self.counts["too_long"] += 1
            return None
        deadline = time.monotonic() + self._budget
        if not self._lock.acquire(timeout=self._budget):
            self.counts["timed_out"] += 1
            return None
        try:
            return self._ask(text, deadline)
        except _LateError:
            self.counts["timed_out"] += 1
        except (_GoneError, OSError, ValueError, KeyError, TypeError) as error:
            self._fail(type(error).__name__)
        finally:
            self._lock.release()
        return None

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._kill()

    def _ask(self, text: str, deadline: float) -> list[Match] | None:
        now = time.monotonic()
        if not self._is_available(now):
            self.counts["unavailable"] += 1
            return None
        self._allowance += (now - self._filled_at) * SHARE
        self._allowance = min(self._allowance, self._budget * ALLOWANCE_BUDGETS)
        self._filled_at = now
        if self._allowance <= 0:
            self.counts["unavailable"] += 1
            return None
        self._number += 1
        question = json.dumps({"id": self._number, "text": text}) + "\n"
        self._unsent = question.encode()
        self._behind = now
        self.counts["asked"] += 1
        try:
            self._send(deadline)
            while True:
                answer = self._receive(self._number)
                if answer is not None:
                    break
                self._await_readable(deadline)
        finally:
            self._allowance -= time.monotonic() - now
        self._behind = None
        self._pause = _FIRST_PAUSE
        if "error" in answer:
            self.counts["failed"] += 1
            return None
        matches = [
            Match(start, end, category, "recognizer")
            for start, end, category in answer["found"]
            if 0 <= start < end <= len(text) and category in ALL
        ]
        self.counts["found"] += len(matches)
        return matches

    def _is_available(self, now: float) -> bool:
        """Say whether a question can be put; start a worker where there is none."""
        if not self._holder:
            if now >= self._start_at:
                self._spawn()
            return False
        if self._behind is not None and self._unsent:
            with contextlib.suppress(_LateError):
                self._send(now)
        self._receive(0)  # old answers, and whether it is ready
        if self._ready and self._behind is None:
            return True
        since = self._began if not self._ready else self._behind or now
        if now - since > (PATIENCE if self._ready else START_SECONDS):
            self._fail("hung")
        return False

    def _spawn(self) -> None:
        self._kill()
        argument = json.dumps([sys.path, self._factory, self._options])
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM, argument],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._holder.append(process)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        self._began = time.monotonic()
        self.counts["started"] += 1

    def _fail(self, why: str) -> None:
        """Kill the worker; the next one is started after a pause."""
        self._kill()
        self.counts["ended"] += 1
        self._start_at = time.monotonic() + self._pause
        tell(
            _LOGGER,
            logging.WARNING,
            "the recognizer's process is gone (%s), and starts again in %g s",
            why,
            self._pause,
        )
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _kill(self) -> None:
        _end(self._holder)
        self._forget()

    def _send(self, deadline: float) -> None:
        pipe = self._holder[0].stdin
        assert pipe is not None
        while self._unsent:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([], [pipe], [], left)[1]:
                raise _LateError
            try:
                sent = os.write(pipe.fileno(), self._unsent)
            except BrokenPipeError:
                raise _GoneError from None
            self._unsent = self._unsent[sent:]

    def _await_readable(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        pipe = self._holder[0].stdout
        assert pipe is not None
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            raise _LateError

    def _receive(self, wanted: int) -> dict[str, Any] | None:
        """Take what has arrived, and return the answer to question `wanted` if it is there."""
        pipe = self._holder[0].stdout
        assert pipe is not None
        while True:
            try:
                part = os.read(pipe.fileno(), _READ)
            except BlockingIOError:
                break
            if not part:
                self._take_lines(0)
                raise _GoneError
            self._received += part
            if len(self._received) > _LONGEST_ANSWER:
                raise _GoneError
        return self._take_lines(wanted)

    def _take_lines(self, wanted: int) -> dict[str, Any] | None:
        *lines, self._received = self._received.split(b"\n")
        found = None
        for line in lines:
            message = json.loads(line)
            if "ready" in message:
                self._ready = True
            elif "failed" in message:
                self._failure = list(message["what"]) or [f"it raised {message['failed']}"]
            elif message["id"] == wanted and wanted:
                found = message
            elif message["id"] == self._number:
                self._behind = None  # it caught up
        return found


class _LateError(Exception):
    """The budget is spent."""


class _GoneError(Exception):
    """The worker ended, or writes what is no answer."""


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _end(holder: list[subprocess.Popen[bytes]]) -> None:
    while holder:
        process = holder.pop()
        _close_pipes(process)
        process.kill()
        process.wait()
