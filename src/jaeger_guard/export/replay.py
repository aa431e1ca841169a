"""Send what waits in the spool, in order, on a thread of its own, gently.

Theory of operation:
1. While the backend is away, this thread alone asks for it: after each failure it pauses longer, with
   full jitter, so that a fleet doesn't ask in step. New batches go to the disk meanwhile.
2. Its first success is told to the sender, whose new batches then go straight to the backend, beside
   the backlog, which goes at a bounded rate of spans a second. A trace's spans may so arrive in
   another order than they ended in; Jaeger sorts them by their times.
3. A batch is deleted once the backend has answered for it. Between the two a crash makes it be sent
   twice: at least once, not exactly once.
4. The thread starts when there is something to replay, or the first batch is submitted, so that a
   process that only forks others stays without threads. It then runs as long as the process, since
   what another process leaves behind has to be adopted by somebody.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from jaeger_guard.export.carrier import SHORTEST_TIMEOUT, Carrier
from jaeger_guard.export.notices import Notices
from jaeger_guard.export.outcome import Outcome, State
from jaeger_guard.export.retry import Backoff
from jaeger_guard.export.spool import Spooled, SpoolStore

_TICK: Final = 1.0  # seconds between two looks at what is too old or lost its owner
_LOOK: Final = 0.02  # seconds between two looks while a shutdown waits
_FIRST_JITTER: Final = 1.0  # seconds that a fleet's restart is spread over
BACKOFF: Final = Backoff(initial=1.0, longest=15.0)


class Replayer:
    """The thread that empties a spool.

    Args:
        store: The spool.
        carrier: Sends, and is used by this thread alone.
        notices: Tells operators.
        timeout: Seconds for one request.
        rate: Spans a second.
        on_reached: Called when the backend has answered, or nothing is left to ask it with.
        backoff: Pauses between attempts.
    """

    def __init__(
        self,
        store: SpoolStore,
        carrier: Carrier,
        notices: Notices,
        *,
        timeout: float,
        rate: float,
        on_reached: Callable[[], None],
        backoff: Backoff = BACKOFF,
    ) -> None:
        self._store = store
        self._carrier = carrier
        self._notices = notices
        self._timeout = timeout
        self._rate = rate
        self._on_reached = on_reached
        self._backoff = backoff
        self._stopped = False
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._condition = threading.Condition()
        self._counts: Counter[str] = Counter()
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._ready_at = 0.0  # when a pause is over
        self._not_before = 0.0  # what a backend asked for
        self._paced_until = 0.0  # when the rate permits the next batch

    def start(self) -> None:
        """Start the thread where it doesn't run."""
        with self._condition:
            if self._stopped or (self._thread is not None and self._thread.is_alive()):
                return
            if self._thread is None and self._ready_at == 0.0:
                self._ready_at = time.monotonic() + random.uniform(0.0, _FIRST_JITTER)
            thread = threading.Thread(target=self._run, name="jaeger-guard-replay", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter shuts down; the next process replays
                return
            self._thread = thread

    def start_if_needed(self) -> None:
        """Start the thread where another process may have left something."""
        if self._store.has_files:
            self.start()

    def note_failure(self, outcome: Outcome) -> None:
        """Learn from the sender that the backend is away, and begin to ask for it."""
        with self._condition:
            if not self._failures:
                self._pause_after(outcome)
        self.start()

    def hurry(self) -> None:
        """End a pause early, since somebody waits; what a backend asked for is still honoured."""
        with self._condition:
            self._ready_at = 0.0
            self._condition.notify_all()

    def drain(self, deadline: float) -> None:
        """Go on until nothing is left, the backend fails, or the deadline is there.

        So a process that never lives long gets rid of what others have left, too.
        """
        self.hurry()
        while time.monotonic() < deadline and not self._failures and not self._store.is_empty:
            with self._condition:
                thread = self._thread
                is_running = thread is not None and thread.is_alive()
                if is_running:
                    self._condition.wait(_LOOK)
            if not is_running and not self._work_once():  # no thread starts any more
                return

    def stop(self, timeout: float) -> None:
        """End the thread; what wasn't sent stays on the disk."""
        with self._condition:
            self._stopped = True
            self._condition.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, timeout))

    def statistics(self) -> Mapping[str, int]:
        """Answer counts of spans, as `Sender.statistics` names them."""
        with self._condition:
            return dict(self._counts)

    def after_fork(self) -> None:
        """Start afresh in a child process."""
        self._carrier.after_fork()
        self._start_afresh()

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopped:
            try:
                is_sent = self._work_once()
            except Exception as error:  # noqa: BLE001 - the thread must survive; a fault of ours
                is_sent = False
                self._notices.tell_of_fault(error)
            with self._condition:
                if not is_sent and not self._stopped:
                    self._condition.wait(_TICK)
        self._carrier.close()

    def _work_once(self) -> bool:
        """Send one batch, where it is time and there is one; say whether one was tried."""
        self._store.maintain()
        if not self._await_turn():
            return False
        batch = self._store.take()
        if batch is not None:
            self._send(batch)
            return True
        if self._store.is_empty:
            self._reached()
        return False

    def _await_turn(self) -> bool:
        """Wait for the end of a pause, a tick at the most; answer whether it is over."""
        with self._condition:
            wait = max(self._ready_at, self._not_before, self._paced_until) - time.monotonic()
            if wait > 0 and not self._stopped:
                self._condition.wait(min(wait, _TICK))
            if self._carrier.is_renewed:
                self._ready_at = 0.0
            now = time.monotonic()
            return now >= max(self._ready_at, self._not_before, self._paced_until)

    def _send(self, batch: Spooled) -> None:
        outcome = self._carrier.attempt(
            batch.data, batch.spans, max(SHORTEST_TIMEOUT, self._timeout)
        )
        is_sent = outcome.state in (State.ACCEPTED, State.REJECTED)
        if is_sent:
            self._store.settle(batch.ticket)
        else:
            self._store.release(batch.ticket)
        with self._condition:
            if is_sent:
                self._count(batch.spans, outcome)
                self._failures = 0
                self._ready_at = self._not_before = 0.0
                now = time.monotonic()
                self._paced_until = max(now, self._paced_until) + batch.spans / self._rate
            else:
                self._counts["retries"] += 1
                self._pause_after(outcome)
        if is_sent:
            self._on_reached()
        self._notices.tell(outcome)

    def _count(self, spans: int, outcome: Outcome) -> None:
        rejected = spans
        if outcome.state is State.ACCEPTED:
            rejected = min(outcome.rejected, spans)
        self._counts["sent"] += spans - rejected
        self._counts["replayed"] += spans
        if rejected:
            self._counts[f"rejected_{outcome.reason}"] += rejected

    def _pause_after(self, outcome: Outcome) -> None:
        self._failures += 1
        now = time.monotonic()
        self._ready_at = now + self._backoff.pause(self._failures)
        self._not_before = now + (outcome.retry_after or 0.0)

    def _reached(self) -> None:
        with self._condition:
            self._failures = 0
        self._on_reached()
