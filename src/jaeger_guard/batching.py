"""A bounded queue of ended spans, and one worker that scrubs, encodes and hands on to the sender.

Theory of operation.

1. `on_end` only appends to a deque: no lock, no scrubbing, no waiting. When the queue is full, the
   oldest span makes room and is counted. A signal handler or a `__del__` may end a span while its
   thread is in here, so all of it is re-entrant; `queue.SimpleQueue.put` promises to be, what
   `threading.Event.set` does not.
2. The worker wakes when a portion of a batch is there or the schedule delay is over, and takes all that
   waits: scrub, encode. A span that was just ended is still in the processor's cache, and one that is
   gone soon costs the garbage collector nothing. What is encoded waits until it is a batch, or the
   delay is over, and is submitted. The worker never waits for the network; bytes wait in the sender.
   Where sampling or retention decides about ended spans, a portion is a whole batch: a span that is
   dropped takes its children of the same batch with it.
3. Whoever flushes asks the worker to take all that waits now, and waits for it and then for the
   sender, so that a deadline holds however long a batch takes. Where no thread can be started
   (CPython refuses that while the interpreter shuts down) it does the worker's work itself.
4. A forked child starts afresh: spans queued before the fork belong to the parent.
5. atexit does not run in children of `multiprocessing`; a finalizer of that module's flushes there.
   Nor does either in celery's, which end by `os._exit`; its own signal says when.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import sys
import threading
import time
import weakref
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from opentelemetry.context import (
    _SUPPRESS_INSTRUMENTATION_KEY,
    attach,
    set_value,
)
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import TraceFlags

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import ResolvedExport, Sender
from jaeger_guard.forks import call_in_forked_children
from jaeger_guard.spans import SpanScrubber
from jaeger_guard.telling import tell
from jaeger_guard.wire import Encoded, ScrubbingEncoder

_Waiting = TypeVar("_Waiting")

_LOGGER: Final = logging.getLogger("jaeger_guard.batching")

DEFAULT_QUEUE_SPANS: Final = 8192
DEFAULT_BATCH_SPANS: Final = 512  # OTEL_BSP_MAX_EXPORT_BATCH_SIZE's default in the specification
DEFAULT_DELAY: Final = 1.0  # seconds; the specification's 5 s is long for whoever watches a trace
DEFAULT_SHUTDOWN: Final = 10.0  # seconds
_PORTION: Final = 32  # spans, a few milliseconds' work
_SAMPLED: Final = TraceFlags.SAMPLED
_AFTER_USERS: Final = -100  # a finalizer of lower priority runs later


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching:
    """Bounds of the queue, as the OTEL_BSP_* variables name them.

    Attributes:
        queue_spans: How many ended spans wait at the most (OTEL_BSP_MAX_QUEUE_SIZE).
        batch_spans: How many leave at once, as a batch, at the most (OTEL_BSP_MAX_EXPORT_BATCH_SIZE).
        delay: Seconds that a span waits for others (OTEL_BSP_SCHEDULE_DELAY, milliseconds there).
        shutdown: Seconds that a shutdown may take (OTEL_BSP_EXPORT_TIMEOUT, milliseconds there).
    """

    queue_spans: int = DEFAULT_QUEUE_SPANS
    batch_spans: int = DEFAULT_BATCH_SPANS
    delay: float = DEFAULT_DELAY
    shutdown: float = DEFAULT_SHUTDOWN

    def __post_init__(self) -> None:
        if self.queue_spans < 1 or not 1 <= self.batch_spans <= self.queue_spans:
            raise ConfigurationError(
                f"a batch of {self.batch_spans} and a queue of {self.queue_spans} spans don't fit",
                "Batching",
                "Make both 1 or more, and the queue no smaller than a batch",
            )
        if not (self.delay > 0 and self.shutdown > 0):
            raise ConfigurationError(
                "a time is not positive", "Batching", "Make delay and shutdown more than 0 seconds"
            )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Batching:
        """Read the OTEL_BSP_* variables.

        Raises:
            ConfigurationError: One isn't a positive whole number, or a batch exceeds the queue.
        """
        queue_spans = _whole(environ, "OTEL_BSP_MAX_QUEUE_SIZE", DEFAULT_QUEUE_SPANS)
        batch_spans = _whole(environ, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", DEFAULT_BATCH_SPANS)
        delay = _whole(environ, "OTEL_BSP_SCHEDULE_DELAY", int(DEFAULT_DELAY * 1000))
        shutdown = _whole(environ, "OTEL_BSP_EXPORT_TIMEOUT", int(DEFAULT_SHUTDOWN * 1000))
        is_batch_set = environ.get("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "").strip() != ""
        if is_batch_set and batch_spans > queue_spans:
            raise ConfigurationError(
                f"a batch of {batch_spans} spans is larger than the queue of {queue_spans}",
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
                "Set it to the size of the queue (OTEL_BSP_MAX_QUEUE_SIZE) or less",
            )
        return cls(
            queue_spans=queue_spans,
            batch_spans=min(batch_spans, queue_spans),
            delay=delay / 1000,
            shutdown=shutdown / 1000,
        )


def _whole(environ: Mapping[str, str], variable: str, default: int) -> int:
    text = environ.get(variable, "").strip()
    if not text:
        return default
    if not text.isdecimal() or not text.isascii() or len(text) > 9 or int(text) == 0:
        raise ConfigurationError(
            "not a positive whole number", variable, f"Set a number such as {default}"
        )
    return int(text)


class ExportPipeline(SpanProcessor):
    """Takes raw spans as they end, and exports them scrubbed; the guard's own processor.

    It must only be reached through a GuardSpanProcessor, which hands it raw spans.
    """

    _awake: bool
    _stopping: bool

    def __init__(self, spans: SpanScrubber, sender: Sender, batching: Batching) -> None:
        self._spans = spans
        self._sender = sender
        self._batching = batching
        self._stopped = False
        self._start_afresh()
        call_in_forked_children(self._after_fork)
        _flush_in_multiprocessing_children(self)
        _flush_in_celery_children(self)

    @property
    def is_stopped(self) -> bool:
        """Whether it was shut down, by whomever."""
        return self._stopped

    @property
    def settings(self) -> ResolvedExport | None:
        """Where spans go, and how."""
        return self._sender.settings

    def on_end(self, span: ReadableSpan) -> None:
        """Queue one ended span; returns at once."""
        context = span.context
        if context is None or not context.trace_flags & _SAMPLED:
            return
        if self._stopped:
            self._count_dropped("after_shutdown", 1)
            return
        waiting = self._queue
        size = len(waiting)
        if size >= self._batching.queue_spans:
            self._make_room()
        waiting.append(span)
        if self._thread is None:
            self._ensure_thread()
        if size + 1 >= self._portion and not self._awake:
            self._awake = True
            self._wake.put(None)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Scrub, encode and send everything that ended before; False where time ran out."""
        return self.flush(timeout_millis / 1000)

    def flush(self, timeout: float) -> bool:
        """Do what `force_flush` does, within so many seconds."""
        deadline = time.monotonic() + timeout
        drained = self._drain_all(deadline)
        return self._sender.flush(max(0.0, deadline - time.monotonic())) and drained

    def shutdown(self) -> None:
        """Flush within the deadline, then stop; what remains is counted as dropped."""
        with self._counting:
            if self._stopping:
                return
            self._stopping = True
        deadline = time.monotonic() + self._batching.shutdown
        self._drain_all(deadline)
        self._stopped = True
        self._wake.put(None)
        thread = self._thread
        if thread is not None and thread is not threading.current_thread() and thread.is_alive():
            thread.join(max(0.0, deadline - time.monotonic()))
        self._drain(deadline)  # what ended in between
        self._count_dropped("shutdown", len(self._queue))
        self._queue.clear()
        self._count_dropped("shutdown", len(_take(self._encoded, len(self._encoded))))
        self._sender.shutdown(max(0.0, deadline - time.monotonic()))

    def statistics(self) -> dict[str, Any]:
        """Return the queue's counts and the sender's; what both dropped for a reason is one count.

        Counts are those of this process: a forked child begins at 0.
        """
        with self._counting:
            counts = Counter(
                {f"dropped_{reason}": spans for reason, spans in self._dropped.items()}
            )
        encoded = list(self._encoded)
        counts["queued_spans"] = len(encoded)
        counts["queued_bytes"] = sum(len(data) for data, _, _ in encoded)
        counts.update(self._sender.statistics())
        return {
            "queued_raw_spans": len(self._queue),
            "exported": self._exported,
            "lost_unencodable": self._encoder.lost,
            "values_withheld_for_size": self._encoder.withheld,
            **counts,
            **({"tls": evidence.summary()} if (evidence := self._sender.evidence) else {}),
        }

    # --- the worker's side ----------------------------------------------------------------------

    def _start_afresh(self) -> None:
        self._queue: deque[ReadableSpan] = deque()
        self._flushes: deque[threading.Event] = deque()  # set once what waited was worked off
        self._work = (
            threading.RLock()
        )  # held while spans are scrubbed and encoded, or a batch is submitted
        self._counting = threading.RLock()  # guards `_dropped`, `_stopping`, the thread's start
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._awake = False
        self._stopping = self._stopped  # whether somebody called shutdown()
        self._thread: threading.Thread | None = None
        self._dropped: Counter[str] = Counter()
        self._exported = 0
        self._told_of_overflow = False
        self._encoder = ScrubbingEncoder(self._spans)
        self._encoded: deque[Encoded] = deque()  # what waits to be a batch
        self._portion = self._choose_portion()  # how many waiting spans wake the worker

    def _choose_portion(self) -> int:
        batch_spans = self._batching.batch_spans
        return batch_spans if self._spans.fate is not None else min(_PORTION, batch_spans)

    def _after_fork(self) -> None:
        self._start_afresh()
        self._sender.after_fork()

    def _ensure_thread(self) -> None:
        with self._counting:
            if self._thread is not None or self._stopped:
                return
            thread = threading.Thread(target=self._run, name="jaeger-guard-scrub", daemon=True)
            self._thread = thread  # before the start, which a signal handler may interrupt
            try:
                thread.start()
            except RuntimeError:  # the interpreter is shutting down; a flush will do the work
                self._thread = None

    def _run(self) -> None:
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        delay = self._batching.delay
        due = time.monotonic() + delay
        while not self._stopped:
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=max(0.0, due - time.monotonic()))
            self._awake = False
            self._portion = self._choose_portion()
            is_due = time.monotonic() >= due or self._portion == self._batching.batch_spans
            self._serve(is_due=is_due)
            if is_due:
                due = time.monotonic() + delay
        self._serve(is_due=True)

    def _serve(self, *, is_due: bool) -> None:
        """Work off what waits; tell those who flush, who came before the queue was looked at."""
        flushes = list(self._flushes)
        try:
            self._drain(None, is_due=is_due or bool(flushes))
            self._tell_of_overflow()
        except Exception:  # noqa: BLE001 - an application's logging handler can't end our thread
            pass
        for flush in flushes:
            self._flushes.popleft()
            flush.set()

    def _drain_all(self, deadline: float) -> bool:
        """Have all that waits worked off by the worker; False where the deadline passed before."""
        if self._queue:
            self._ensure_thread()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            done = threading.Event()
            self._flushes.append(done)
            self._wake.put(None)
            # The worker looks at the flushes once more after it was stopped.
            if not self._stopped and thread.is_alive():
                return done.wait(max(0.0, deadline - time.monotonic()))
        return self._drain(deadline)

    def _drain(self, deadline: float | None, *, is_due: bool = True) -> bool:
        """Work off what waits now; False where the deadline passed before.

        Args:
            deadline: Moment to give up; None for never.
            is_due: Whether what is no whole batch is submitted, too.
        """
        left = len(self._queue)
        while True:
            timeout = -1.0 if deadline is None else deadline - time.monotonic()
            if deadline is not None and timeout <= 0 and left > 0:
                return False
            # Also with nothing left: another thread may be at its last batch, which has to be
            # submitted before the sender is asked to flush.
            if not self._work.acquire(timeout=timeout if deadline is None else max(0.0, timeout)):
                return False
            try:
                batch = _take(self._queue, min(left, self._batching.batch_spans))
                if not batch:
                    if is_due:
                        self._submit(len(self._encoded))
                    return True
                left -= len(batch)
                self._process(batch)
            finally:
                self._work.release()

    def _process(self, batch: list[ReadableSpan]) -> None:
        try:
            self._encoded += self._encoder.encoded(batch)
        except Exception as error:  # noqa: BLE001 - the worker must survive
            # Neither step raises for a span's sake; what does is a fault of ours, and told so.
            self._count_fault(error, len(batch))
            return
        except BaseException:  # a signal handler ended the flush: what was taken waits again
            self._queue.extendleft(reversed(batch))
            raise
        while len(self._encoded) >= self._batching.batch_spans:
            self._submit(self._batching.batch_spans)

    def _submit(self, count: int) -> None:
        """Hand on so many of the spans that are encoded."""
        chosen = _take(self._encoded, count)
        try:
            payloads = self._encoder.payloads(chosen)
        except Exception as error:  # noqa: BLE001 - as above
            self._count_fault(error, len(chosen))
            return
        except BaseException:  # as above
            self._encoded.extendleft(reversed(chosen))
            raise
        for payload in payloads:
            self._exported += payload.spans
            self._sender.submit(payload.data, payload.spans)

    def _count_fault(self, error: Exception, spans: int) -> None:
        self._count_dropped("internal_error", spans)
        tell(_LOGGER, logging.ERROR, "a batch could not be encoded (%s)", type(error).__name__)

    def _make_room(self) -> None:
        try:
            self._queue.popleft()
        except IndexError:  # the worker took them all meanwhile
            return
        self._count_dropped("queue_full", 1)

    def _count_dropped(self, reason: str, count: int) -> None:
        if count:
            with self._counting:
                self._dropped[reason] += count

    def _tell_of_overflow(self) -> None:
        """Tell it from the worker, since logging may wait; the first time only."""
        if self._dropped["queue_full"] and not self._told_of_overflow:
            self._told_of_overflow = True
            tell(
                _LOGGER,
                logging.WARNING,
                "more than %d spans ended before they could be scrubbed: the oldest are dropped, "
                "and counted",
                self._batching.queue_spans,
            )


def _take(waiting: deque[_Waiting], count: int) -> list[_Waiting]:
    """Take so many from the front, or what is there: others may be faster."""
    taken: list[_Waiting] = []
    try:
        while len(taken) < count:
            taken.append(waiting.popleft())
    except IndexError:
        pass
    return taken


def _flush_in_multiprocessing_children(pipeline: ExportPipeline) -> None:
    """Flush where a child of `multiprocessing` ends: atexit handlers don't run there."""
    import multiprocessing.process
    import multiprocessing.util

    def register(target: ExportPipeline) -> None:
        reference = weakref.ref(target)

        def flush() -> None:
            alive = reference()
            if alive is not None:
                alive.flush(alive._batching.shutdown)

        multiprocessing.util.Finalize(None, flush, exitpriority=_AFTER_USERS)

    # A forked child forgets its parent's finalizers, and then runs these.
    multiprocessing.util.register_after_fork(pipeline, register)
    if multiprocessing.process.parent_process() is not None:
        register(pipeline)


def _flush_in_celery_children(pipeline: ExportPipeline) -> None:
    """Flush where a child of celery's forked pool ends, if celery is there already."""
    signals = sys.modules.get("celery.signals")
    if signals is None:
        return
    reference = weakref.ref(pipeline)

    def flush(**_: object) -> None:
        alive = reference()
        if alive is not None:
            alive.flush(alive._batching.shutdown)

    signals.worker_process_shutdown.connect(flush, weak=False)
