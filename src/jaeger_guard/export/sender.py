"""Send encoded spans from a bounded queue, on a thread of its own, until a backend has them.

Theory of operation:
1. A payload stays at the head of the queue while it is sent, and leaves it when it is *settled*:
   accepted, rejected, dropped, or on disk. So "everything before this is settled" is a look at the
   head.
2. One lock guards all state; it is never held while a transport works, a disk is written, or a log.
3. A payload in flight is not dropped, or it might be counted twice; the next oldest is. Where only
   that one is left, the new one is queued beside it: the newest spans must not be what is lost, and
   the bound is exceeded by one request at the most.
4. The queue is bounded in bytes: while a backend is away its oldest payloads go first, so that
   one payload which a broken proxy never lets through can't hold up the rest for good.
5. With a spool, the first failure moves all that waits to the disk, and so does a full queue. Until
   the replaying thread has reached the backend, what is submitted goes there at once. In the mode
   `write_ahead` it is committed first in any case, and then sent from memory. Where the disk can't
   be written, all is as without a spool.
6. Threads and transports don't survive a fork, and payloads queued before it belong to the parent.
   `after_fork` starts afresh; each entry point also compares the process id.
7. Where no thread can be started (CPython refuses that once the interpreter shuts down), `flush`
   does the work on the thread that calls it.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Final

from jaeger_guard.export.carrier import SHORTEST_TIMEOUT, Carrier
from jaeger_guard.export.evidence import Evidence
from jaeger_guard.export.notices import Notices
from jaeger_guard.export.outcome import Outcome, Reason, State
from jaeger_guard.export.replay import Replayer
from jaeger_guard.export.retry import Backoff
from jaeger_guard.export.settings import DEFAULT_TIMEOUT, ResolvedExport
from jaeger_guard.export.signals import TRACES, Signal
from jaeger_guard.export.spool import ResolvedSpool, SpoolStore
from jaeger_guard.export.spool.store import Ticket
from jaeger_guard.export.transport import Transport, build_transport, import_transport
from jaeger_guard.export.waiting import Payload, Waiting

DEFAULT_MAX_BYTES: Final = 64 * 1024 * 1024
_LONGEST_SPARE: Final = 1.0  # seconds of a flush that are left for the disk


class Sender:
    """A queue of payloads and the thread that sends them, in order.

    Args:
        build: Builds a transport; called on the sending thread, again after a fork, and again
            after a refused certificate or credential, so that renewed files are read.
        destination: `host:port`, for logs.
        timeout: Seconds for one request.
        max_bytes: Bound of the queue in memory.
        backoff: Pauses between attempts.
        spool: Where payloads wait on disk; None: in memory only.
        stamp: Answers what changes when a certificate's or credential's file does.
        signal: What the payloads are of.

    Attributes:
        evidence: What TLS really gave; None without TLS.
        settings: What it was built from; None where a transport was given.
        is_refused: Whether the backend said that it doesn't take the signal.
    """

    _flushes: int
    _hurry: bool
    _deadline: float | None
    _drained: bool
    _is_away: bool

    def __init__(
        self,
        build: Callable[[], Transport],
        *,
        destination: str,
        timeout: float = DEFAULT_TIMEOUT,
        max_bytes: int = DEFAULT_MAX_BYTES,
        backoff: Backoff | None = None,
        spool: ResolvedSpool | None = None,
        stamp: Callable[[], object] | None = None,
        signal: Signal = TRACES,
    ) -> None:
        self.evidence: Evidence | None = None
        self.settings: ResolvedExport | None = None
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._backoff = backoff if backoff is not None else Backoff()
        self._stopped = False
        self.is_refused = False
        self._notices = Notices(destination, signal)
        self._carrier = Carrier(build, stamp, signal)
        self._store = SpoolStore(spool) if spool is not None else None
        self._replayer: Replayer | None = None
        if self._store is not None and spool is not None:
            self._replayer = Replayer(
                self._store,
                Carrier(build, stamp),
                self._notices,
                timeout=timeout,
                rate=spool.replay_rate,
                on_reached=self._note_reached,
                **({"backoff": backoff} if backoff is not None else {}),
            )
        self._start_afresh()

    @classmethod
    def to(
        cls,
        settings: ResolvedExport,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        backoff: Backoff | None = None,
    ) -> Sender:
        """Build a sender for settings; nothing connects before the first payload.

        What another process left in the spool is replayed from now on.
        """
        import_transport(settings)
        sender = cls(
            functools.partial(build_transport, settings),
            destination=settings.endpoint.address,
            timeout=settings.timeout,
            max_bytes=max_bytes,
            backoff=backoff,
            spool=settings.spool,
            stamp=settings.stamp,
            signal=settings.signal,
        )
        sender.evidence = settings.evidence if settings.endpoint.secure else None
        sender.settings = settings
        if sender._replayer is not None:
            sender._replayer.start_if_needed()
        return sender

    def submit(self, data: bytes, spans: int) -> None:
        """Queue one serialized request; never waits for a network, never raises.

        Args:
            data: An ExportTraceServiceRequest.
            spans: Number of spans in it, for the counts.
        """
        self._notice_fork()
        ticket: Ticket | None = None
        store = self._store
        if store is not None and not self._stopped:
            self._start_replaying()  # also where all is well: another process may leave something
            is_away = self._is_away
            if is_away or store.writes_ahead:
                ticket = store.append(data, spans, hold=not is_away)
                if ticket is not None and is_away:
                    return
            if self._waiting.exceeds_with(len(data)):
                self._move_to_disk()
        with self._condition:
            if self._stopped:
                self._count_lost(spans, ticket, "shutdown")
            elif (gone := self._waiting.make_room(len(data))) is not None:
                for payload in gone:
                    self._count_lost(payload.spans, payload.ticket, "queue_full")
                self._waiting.append(data, spans, ticket)
                self._ensure_thread()
                self._condition.notify_all()
            else:
                self._count_lost(spans, ticket, "queue_full")
        self._release_later()

    def flush(self, timeout: float) -> bool:
        """Wait until everything submitted before is accepted, rejected, dropped, or on disk.

        While somebody waits, pauses between attempts are short; a Retry-After is still honoured.

        Args:
            timeout: Seconds to wait.

        Returns:
            Whether all of it is settled.
        """
        self._notice_fork()
        deadline = time.monotonic() + timeout
        target = self._waiting.last
        if self._replayer is not None and self._store is not None:
            self._start_replaying()
            self._replayer.hurry()
            if self._flush_from_memory(target, deadline - min(_LONGEST_SPARE, timeout / 4)):
                return True
            self._move_to_disk()  # what the backend didn't take by now
            with self._condition:
                first = self._waiting.first_in_memory_only()
                return first is None or first.number > target
        return self._flush_from_memory(target, deadline)

    def _flush_from_memory(self, target: int, deadline: float) -> bool:
        with self._condition:
            self._flushes += 1
            self._hurry = True
            threaded = self._ensure_thread() if self._waiting else True
            self._condition.notify_all()
        try:
            while not threaded and self._waiting.is_pending(target) and self._step(deadline):
                pass
            with self._condition:
                while (
                    self._waiting.is_pending(target) and (left := deadline - time.monotonic()) > 0
                ):
                    self._condition.wait(left)
                return not self._waiting.is_pending(target)
        finally:
            with self._condition:
                self._flushes -= 1

    def shutdown(self, timeout: float) -> bool:
        """Flush, then stop; what is neither sent nor on disk is dropped and counted.

        While the backend answers, the time that is left is used for what waits on disk.

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
        if self._replayer is not None and not self._is_away:
            self._replayer.drain(deadline)
        with self._condition:
            self._drained = self._waiting.first_in_memory_only() is None
            self._stopped = True
            for payload in self._waiting.clear():
                self._count_lost(payload.spans, payload.ticket, "shutdown")
            self._condition.notify_all()
            thread = self._thread
        if self._replayer is not None:
            self._replayer.stop(0.0)
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))  # it closes the transport
        elif thread is None:
            self._carrier.close()
        if self._replayer is not None and self._store is not None:
            self._replayer.stop(deadline - time.monotonic())
            self._store.close()
        return self._drained

    def statistics(self) -> Mapping[str, int]:
        """Answer counts of spans: `sent`, `rejected_<reason>`, `dropped_<reason>`, and the queue's.

        `retries` counts attempts that have to be repeated; `oldest_seconds` is the age of the
        oldest payload that waits in memory. With a spool: `spooled_spans` and `spooled_bytes` that
        are on disk, and what was `replayed` from there.
        """
        self._notice_fork()
        with self._condition:
            counts = Counter(self._counts)
            waiting = {
                "queued_bytes": self._waiting.bytes,
                "queued_spans": self._waiting.spans,
                "oldest_seconds": int(self._waiting.age),
            }
        if self._replayer is not None and self._store is not None:
            counts.update(self._replayer.statistics())
            waiting |= self._store.statistics()
        return {"sent": 0, "retries": 0, **counts, **waiting}

    def after_fork(self) -> None:
        """Start afresh in a child process; call it there, as `os.register_at_fork` does."""
        self._carrier.after_fork()
        if self._replayer is not None and self._store is not None:
            self._replayer.after_fork()
            self._store.after_fork()
        self._start_afresh()

    # --- state ------------------------------------------------------------------------------------

    def _start_afresh(self) -> None:
        self._pid = os.getpid()
        self._condition = threading.Condition()  # re-entrant: a signal handler may flush
        self._waiting = Waiting(self._max_bytes)
        self._counts: Counter[str] = Counter()
        self._thread: threading.Thread | None = None
        self._moving = threading.RLock()  # held while payloads are moved to the disk
        self._to_release: deque[Ticket] = deque()
        self._is_away = False  # whether the replaying thread is the one to ask for the backend
        self._sending = False
        self._flushes = 0
        self._hurry = False
        self._deadline = None
        self._drained = True
        self._failures = 0
        self._ready_at = 0.0  # when the pause after a failure is over
        self._last_attempt = 0.0
        self._not_before = 0.0  # what a backend asked for
        self._overflowed = False

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():
            self.after_fork()

    def _count_lost(self, spans: int, ticket: Ticket | None, reason: str) -> None:
        """Count what memory lets go of, unless it is on disk, too."""
        if ticket is not None:
            self._to_release.append(ticket)
            return
        self._counts[f"dropped_{reason}"] += spans
        self._overflowed = self._overflowed or reason == "queue_full"

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

    # --- the disk ---------------------------------------------------------------------------------

    def _move_to_disk(self) -> bool:
        """Write all that waits in memory to the spool; False where some of it couldn't be."""
        store = self._store
        if store is None:
            return False
        with self._moving:
            while (payload := self._first_in_memory_only()) is not None:
                ticket = store.append(payload.data, payload.spans, hold=True)
                if ticket is None:
                    break
                with self._condition:
                    payload.ticket = ticket
                    is_sent = payload.is_gone
                if is_sent:
                    store.settle(ticket)
        with self._condition:
            for gone in self._waiting.let_go_of_spooled():
                self._to_release.extend([gone.ticket] if gone.ticket is not None else [])
            self._condition.notify_all()
        self._release_later()
        self._start_replaying()
        return payload is None

    def _first_in_memory_only(self) -> Payload | None:
        with self._condition:
            return self._waiting.first_in_memory_only()

    def _release_later(self) -> None:
        """Let the replaying thread have what left memory; outside the lock, since the disk may wait."""
        while self._store is not None and self._to_release:
            try:
                self._store.release(self._to_release.popleft())
            except IndexError:  # another thread was faster
                return

    def _start_replaying(self) -> None:
        if self._replayer is not None:
            self._replayer.start()

    def _note_reached(self) -> None:
        """Go on sending from memory: the replaying thread has reached the backend."""
        with self._condition:
            if not self._is_away and not self._failures:
                return
            self._is_away = False
            self._failures = 0
            self._ready_at = 0.0
            self._condition.notify_all()

    # --- the sending thread -----------------------------------------------------------------------

    def _run(self) -> None:
        while self._step(None):
            pass
        self._carrier.close()

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
            timeout = max(SHORTEST_TIMEOUT, min(timeout, until - time.monotonic()))
        outcome = self._carrier.attempt(payload.data, payload.spans, timeout)
        if outcome.state is State.REJECTED and outcome.reason is Reason.NOT_AN_OTLP_RECEIVER:
            self.is_refused = True
        self._notices.tell(outcome)  # first: whoever waits for a flush has been told by its end
        is_settled = outcome.state in (State.ACCEPTED, State.REJECTED)
        with self._condition:
            payload.in_flight = self._sending = False
            if is_settled:
                self._settle(payload, outcome)
            else:
                self._pause(outcome)
            self._condition.notify_all()
        if self._store is not None:
            self._settle_on_disk(self._store, payload, outcome)
        if self._overflowed:
            self._notices.tell_of_overflow()
        return True

    def _settle_on_disk(self, store: SpoolStore, payload: Payload, outcome: Outcome) -> None:
        if outcome.state in (State.ACCEPTED, State.REJECTED):
            if payload.ticket is not None:
                store.settle(payload.ticket)
            return
        if payload.is_gone and payload.ticket is not None:  # shut down meanwhile
            store.release(payload.ticket)
        if self._move_to_disk():
            with self._condition:
                self._is_away = True
                self._failures = 0
            if self._replayer is not None:
                self._replayer.note_failure(outcome)

    def _await_turn(self, deadline: float | None) -> Payload | None:
        while not self._stopped:
            now = time.monotonic()
            if deadline is not None and (now >= deadline or not self._waiting):
                return None
            if not self._waiting or self._sending:
                self._condition.wait(None if deadline is None else deadline - now)
                continue
            if self._carrier.is_renewed:
                self._ready_at = 0.0
            wait = self._next_attempt() - now
            if wait <= 0:
                return self._waiting.head()
            wait = min(wait, self._carrier.look_seconds or wait)
            self._condition.wait(wait if deadline is None else min(wait, deadline - now))
        return None

    def _next_attempt(self) -> float:
        ready_at = self._ready_at
        if self._flushes:
            ready_at = min(ready_at, self._last_attempt + self._backoff.longest_in_flush)
            if self._hurry:
                ready_at = 0.0
        return max(ready_at, self._not_before)

    def _pause(self, outcome: Outcome) -> None:
        self._counts["retries"] += 1
        self._failures += 1
        self._last_attempt = time.monotonic()
        self._ready_at = self._last_attempt + self._backoff.pause(self._failures)
        self._not_before = self._last_attempt + (outcome.retry_after or 0.0)

    def _settle(self, payload: Payload, outcome: Outcome) -> None:
        self._failures = 0
        self._ready_at = self._not_before = 0.0
        if self._is_away and self._replayer is not None:
            self._is_away = False  # what the disk had no room for got through
            self._replayer.hurry()
        if payload.is_gone:
            return  # shut down meanwhile: it is counted already
        self._waiting.remove(payload)
        rejected = payload.spans
        if outcome.state is State.ACCEPTED:
            rejected = min(outcome.rejected, payload.spans)
            self._counts["sent"] += payload.spans - rejected
        if rejected:
            self._counts[f"rejected_{outcome.reason}"] += rejected
