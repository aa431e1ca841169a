"""Send encoded spans from a bounded queue, on a thread of its own, until a backend has them.

Theory of operation:
1. A payload stays at the head of the queue while it is sent, and leaves it when it is *settled*:
   accepted, rejected, or dropped. So "everything before this is settled" is a look at the head.
2. One lock guards all state; it is never held while a transport works or a log is written.
3. A payload in flight is not dropped, or it might be counted twice; the next oldest is. Where only
   that one is left, the new one is queued beside it: the newest spans must not be what is lost, and
   the bound is exceeded by one request at the most.
4. The queue is bounded in bytes: while a backend is away its oldest payloads go first, so that
   one payload which a broken proxy never lets through can't hold up the rest for good.
5. Threads and transports don't survive a fork, and payloads queued before it belong to the parent.
   `after_fork` starts afresh; each entry point also compares the process id. A transport of the
   parent's is kept referenced, unused: closing it would write to the parent's connection.
6. Where no thread can be started (CPython refuses that once the interpreter shuts down), `flush`
   does the work on the thread that calls it.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from opentelemetry.context import (
    _SUPPRESS_HTTP_INSTRUMENTATION_KEY,
    _SUPPRESS_INSTRUMENTATION_KEY,
    attach,
    detach,
    set_value,
)

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export.outcome import REMEDIES, Outcome, Reason, State
from jaeger_guard.export.retry import Backoff
from jaeger_guard.export.settings import DEFAULT_TIMEOUT, ResolvedExport
from jaeger_guard.export.transport import Transport, build_transport
from jaeger_guard.telling import tell

DEFAULT_MAX_BYTES: Final = 64 * 1024 * 1024
_SHORTEST_TIMEOUT: Final = 0.1

_logger = logging.getLogger("jaeger_guard.export")


@dataclass(slots=True, eq=False)
class _Payload:
    number: int
    data: bytes
    spans: int
    arrived: float
    in_flight: bool = False


class Sender:
    """A queue of payloads and the thread that sends them, in order.

    Args:
        build: Builds a transport; called on the sending thread, again after a fork, and again
            after a refused certificate or credential, so that renewed files are read.
        destination: `host:port`, for logs.
        timeout: Seconds for one request.
        max_bytes: Bound of the queue.
        backoff: Pauses between attempts.
    """

    _number: int
    _queued_bytes: int
    _flushes: int
    _hurry: bool
    _overflowed: bool
    _deadline: float | None
    _drained: bool

    def __init__(
        self,
        build: Callable[[], Transport],
        *,
        destination: str,
        timeout: float = DEFAULT_TIMEOUT,
        max_bytes: int = DEFAULT_MAX_BYTES,
        backoff: Backoff | None = None,
    ) -> None:
        self._build = build
        self._destination = destination
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._backoff = backoff if backoff is not None else Backoff()
        self._stopped = False
        self._of_parent: list[Transport] = []
        self._transport: Transport | None = None
        self._start_afresh()

    @classmethod
    def to(
        cls,
        settings: ResolvedExport,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        backoff: Backoff | None = None,
    ) -> Sender:
        """Build a sender for settings; nothing connects before the first payload."""
        return cls(
            functools.partial(build_transport, settings),
            destination=settings.endpoint.address,
            timeout=settings.timeout,
            max_bytes=max_bytes,
            backoff=backoff,
        )

    def submit(self, data: bytes, spans: int) -> None:
        """Queue one serialized request; never blocks, never raises.

        Args:
            data: An ExportTraceServiceRequest.
            spans: Number of spans in it, for the counts.
        """
        self._notice_fork()
        with self._condition:
            if self._stopped:
                self._counts["dropped_shutdown"] += spans
            elif self._make_room(len(data)):
                self._number += 1
                self._queue.append(_Payload(self._number, data, spans, time.monotonic()))
                self._queued_bytes += len(data)
                self._ensure_thread()
                self._condition.notify_all()
            else:
                self._counts["dropped_queue_full"] += spans
                self._overflowed = True

    def flush(self, timeout: float) -> bool:
        """Wait until everything submitted before is accepted, rejected or dropped.

        While somebody waits, pauses between attempts are short; a Retry-After is still honoured.

        Args:
            timeout: Seconds to wait.

        Returns:
            Whether all of it is settled.
        """
        self._notice_fork()
        deadline = time.monotonic() + timeout
        with self._condition:
            target = self._number
            self._flushes += 1
            self._hurry = True
            threaded = self._ensure_thread() if self._queue else True
            self._condition.notify_all()
        try:
            while not threaded and self._is_pending(target) and self._step(deadline):
                pass
            with self._condition:
                while self._is_pending(target) and (left := deadline - time.monotonic()) > 0:
                    self._condition.wait(left)
                return not self._is_pending(target)
        finally:
            with self._condition:
                self._flushes -= 1

    def shutdown(self, timeout: float) -> bool:
        """Flush, then stop; what remains is dropped and counted.

        Args:
            timeout: Seconds for all of it.

        Returns:
            Whether nothing had to be dropped. A second call answers the same.
        """
        self._notice_fork()
        deadline = time.monotonic() + timeout
        with self._condition:
            if self._stopped:
                return self._drained
            self._deadline = deadline
        self.flush(timeout)
        with self._condition:
            self._drained = not self._queue
            self._stopped = True
            for payload in self._queue:
                self._counts["dropped_shutdown"] += payload.spans
            self._queue.clear()
            self._queued_bytes = 0
            self._condition.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))  # it closes the transport
        elif thread is None:
            self._discard_transport()
        return self._drained

    def statistics(self) -> Mapping[str, int]:
        """Answer counts of spans: `sent`, `rejected_<reason>`, `dropped_<reason>`, and the queue's.

        `retries` counts attempts that have to be repeated; `oldest_seconds` is the age of the
        oldest payload that waits.
        """
        self._notice_fork()
        with self._condition:
            oldest = time.monotonic() - self._queue[0].arrived if self._queue else 0.0
            return {
                "sent": 0,
                "retries": 0,
                **self._counts,
                "queued_bytes": self._queued_bytes,
                "queued_spans": sum(payload.spans for payload in self._queue),
                "oldest_seconds": int(oldest),
            }

    def after_fork(self) -> None:
        """Start afresh in a child process; call it there, as `os.register_at_fork` does."""
        if self._transport is not None:
            self._of_parent.append(self._transport)
        self._start_afresh()

    # --- state ------------------------------------------------------------------------------------

    def _start_afresh(self) -> None:
        self._pid = os.getpid()
        self._condition = threading.Condition()  # re-entrant: a signal handler may flush
        self._queue: deque[_Payload] = deque()
        self._queued_bytes = 0
        self._number = 0
        self._counts: Counter[str] = Counter()
        self._thread: threading.Thread | None = None
        self._transport = None
        self._sending = False
        self._flushes = 0
        self._hurry = False
        self._deadline = None
        self._drained = True
        self._failures = 0
        self._ready_at = 0.0  # when the pause after a failure is over
        self._last_attempt = 0.0
        self._not_before = 0.0  # what a backend asked for
        self._outage: Reason | None = None
        self._overflowed = False
        self._told: set[str] = set()

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():
            self.after_fork()

    def _make_room(self, size: int) -> bool:
        """Drop the oldest payloads until `size` bytes fit; answer whether they may be queued."""
        if size > self._max_bytes:
            return False
        while self._queued_bytes + size > self._max_bytes:
            position = 1 if self._queue[0].in_flight else 0
            if position >= len(self._queue):
                return True
            dropped = self._queue[position]
            del self._queue[position]
            self._queued_bytes -= len(dropped.data)
            self._counts["dropped_queue_full"] += dropped.spans
            self._overflowed = True
        return True

    def _is_pending(self, target: int) -> bool:
        with self._condition:
            return bool(self._queue) and self._queue[0].number <= target

    def _ensure_thread(self) -> bool:
        if self._thread is not None and self._thread.is_alive():
            return True
        thread = threading.Thread(target=self._run, name="jaeger-guard-sender", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # "can't create new thread at interpreter shutdown", or no memory
            self._thread = None
            return False
        self._thread = thread
        return True

    # --- the sending thread -----------------------------------------------------------------------

    def _run(self) -> None:
        while self._step(None):
            pass
        self._discard_transport()

    def _step(self, deadline: float | None) -> bool:
        """Wait for a payload and try to send it; answer False when there is nothing more to do.

        Args:
            deadline: Moment to give up, and then also give up on an empty queue; None: neither.
        """
        with self._condition:
            payload = self._await_turn(deadline)
            if payload is None:
                return False
            payload.in_flight = self._sending = True
            self._hurry = False
            until = self._deadline if deadline is None else deadline
        timeout = self._timeout
        if until is not None:
            timeout = max(_SHORTEST_TIMEOUT, min(timeout, until - time.monotonic()))
        outcome = self._attempt(payload.data, timeout)
        with self._condition:
            payload.in_flight = self._sending = False
            self._settle(payload, outcome)
            self._condition.notify_all()
        self._tell(outcome)
        return True

    def _await_turn(self, deadline: float | None) -> _Payload | None:
        while not self._stopped:
            now = time.monotonic()
            if deadline is not None and (now >= deadline or not self._queue):
                return None
            if not self._queue or self._sending:
                self._condition.wait(None if deadline is None else deadline - now)
                continue
            wait = self._next_attempt() - now
            if wait <= 0:
                return self._queue[0]
            self._condition.wait(wait if deadline is None else min(wait, deadline - now))
        return None

    def _next_attempt(self) -> float:
        ready_at = self._ready_at
        if self._flushes:
            ready_at = min(ready_at, self._last_attempt + self._backoff.longest_in_flush)
            if self._hurry:
                ready_at = 0.0
        return max(ready_at, self._not_before)

    def _attempt(self, data: bytes, timeout: float) -> Outcome:
        # Or an instrumented `requests` would make a span of each export, which would be exported …
        context = set_value(_SUPPRESS_INSTRUMENTATION_KEY, True)
        token = attach(set_value(_SUPPRESS_HTTP_INSTRUMENTATION_KEY, True, context))
        try:
            if self._transport is None:
                self._transport = self._build()
            outcome = self._transport.send(data, timeout)
        except ConfigurationError:
            outcome = Outcome(State.HOLD, Reason.SETTINGS_UNUSABLE)
        except Exception:  # noqa: BLE001 - whatever a library raises, the payload is kept
            outcome = Outcome(State.RETRY, Reason.UNEXPECTED_FAILURE)
            self._discard_transport()
        finally:
            detach(token)
        if outcome.state is State.HOLD:
            self._discard_transport()  # certificates may have been renewed: read them again
        return outcome

    def _discard_transport(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            try:
                transport.close()
            except Exception:  # noqa: BLE001 - it is gone either way
                return

    def _settle(self, payload: _Payload, outcome: Outcome) -> None:
        if outcome.state in (State.RETRY, State.HOLD):
            self._counts["retries"] += 1
            self._failures += 1
            self._last_attempt = time.monotonic()
            self._ready_at = self._last_attempt + self._backoff.pause(self._failures)
            self._not_before = self._last_attempt + (outcome.retry_after or 0.0)
            return
        self._failures = 0
        self._ready_at = self._not_before = 0.0
        if not self._queue or self._queue[0] is not payload:
            return  # shut down meanwhile: it is counted already
        self._queue.popleft()
        self._queued_bytes -= len(payload.data)
        rejected = payload.spans
        if outcome.state is State.ACCEPTED:
            rejected = min(outcome.rejected, payload.spans)
            self._counts["sent"] += payload.spans - rejected
        if rejected:
            self._counts[f"rejected_{outcome.reason}"] += rejected

    # --- what operators are told ------------------------------------------------------------------

    def _tell(self, outcome: Outcome) -> None:
        """Log the start, change and end of an outage, and the first rejection of each kind."""
        try:
            if outcome.state in (State.RETRY, State.HOLD):
                if outcome.reason is not self._outage:
                    self._warn("spans are kept until they can be sent to %s: %s", outcome.reason)
                self._outage = outcome.reason
            else:
                if self._outage is not None:
                    tell(_logger, logging.INFO, "spans reach %s again", self._destination)
                self._outage = None
                if outcome.reason is not Reason.ACCEPTED and outcome.reason not in self._told:
                    self._told.add(outcome.reason)
                    self._warn("%s rejected spans, further ones are only counted: %s",
                               outcome.reason)  # fmt: skip
            if self._overflowed and "overflow" not in self._told:
                self._told.add("overflow")
                tell(
                    _logger,
                    logging.WARNING,
                    "the queue for %s is full: the oldest spans are dropped, and counted",
                    self._destination,
                )
        except Exception:  # noqa: BLE001 - an application's logging handler can't end our thread
            return

    def _warn(self, message: str, reason: Reason) -> None:
        remedy = REMEDIES.get(reason)
        tell(
            _logger,
            logging.WARNING,
            message + (". " + remedy if remedy else ""),
            self._destination,
            reason.value,
        )
