"""The queue and its worker: nobody waits, everything is bounded, what is lost is counted."""

from __future__ import annotations

import gc
import logging
import multiprocessing.process
import multiprocessing.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, TraceFlags

import jaeger_guard
from jaeger_guard.batching import Batching, ExportPipeline, _take
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import Outcome, Reason, Sender, State
from jaeger_guard.processor import span_scrubber
from jaeger_guard.sampling.enforcement import Enforcement
from jaeger_guard.spans import SpanContent, SpanScrubber
from jaeger_guard.wire import Encoded
from servers.otlp_sink import HttpSink

RESOURCE = Resource({"service.name": "shop"})
EMAIL = "jo" + "@example.com"


def span(number: int = 1, *, sampled: bool = True, **attributes: Any) -> ReadableSpan:
    """Make an ended span."""
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    return ReadableSpan(
        name=f"span {number}",
        context=SpanContext(1, number, is_remote=False, trace_flags=flags),
        resource=RESOURCE,
        attributes=attributes,
        start_time=1,
        end_time=2,
    )


class Memory:
    """A transport that keeps what it is given, and waits while its gate is closed."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.gate = threading.Event()
        self.gate.set()

    def send(self, payload: bytes, timeout: float) -> Outcome:
        """Accept everything, as long as it is let."""
        if not self.gate.wait(timeout):
            return Outcome(State.RETRY, Reason.TIMED_OUT)
        self.payloads.append(payload)
        return Outcome(State.ACCEPTED, Reason.ACCEPTED)

    def close(self) -> None:
        """Nothing is open."""

    @property
    def batches(self) -> list[list[str]]:
        """Names of spans, by payload."""
        return [
            [
                sent.name
                for resource in ExportTraceServiceRequest.FromString(payload).resource_spans
                for scope in resource.scope_spans
                for sent in scope.spans
            ]
            for payload in self.payloads
        ]

    @property
    def names(self) -> list[str]:
        """Names of all spans that came, in order."""
        return [name for batch in self.batches for name in batch]


class SlowScrubber(SpanScrubber):
    """Scrubs when it is let; `entered` tells that somebody is waiting."""

    def __init__(self) -> None:
        super().__init__(span_scrubber("baseline", "test").scrubber)
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.threads: set[str] = set()
        self.sizes: list[int] = []

    def begin(self, spans: Sequence[ReadableSpan]) -> None:
        """Wait for the gate before a batch is scrubbed."""
        self.threads.add(threading.current_thread().name)
        self.sizes.append(len(spans))
        self.entered.set()
        self.gate.wait(600)

    def slow_down(self, pipeline: ExportPipeline) -> None:
        """Make a pipeline ask here before each batch."""
        encoded = pipeline._encoder.encoded

        def slowly(spans: Sequence[ReadableSpan]) -> list[Encoded]:
            self.begin(spans)
            return encoded(spans)

        setattr(pipeline._encoder, "encoded", slowly)  # noqa: B010 - a method, to mypy


Open = Callable[..., ExportPipeline]


@pytest.fixture
def memory() -> Memory:
    """A transport in memory."""
    return Memory()


@pytest.fixture
def start(memory: Memory) -> Iterator[Open]:
    """Start pipelines over `memory`; all are stopped afterwards."""
    started: list[ExportPipeline] = []

    def build(spans: SpanScrubber | None = None, **bounds: Any) -> ExportPipeline:
        sender = Sender(lambda: memory, destination="memory")
        scrubber = spans or span_scrubber("baseline", "test")
        batching = Batching(**{"delay": 600.0, "shutdown": 60.0, **bounds})
        started.append(ExportPipeline(scrubber, sender, batching))
        if isinstance(scrubber, SlowScrubber):
            scrubber.slow_down(started[-1])
        return started[-1]

    yield build
    memory.gate.set()
    for pipeline in started:
        if isinstance(pipeline._spans, SlowScrubber):
            pipeline._spans.gate.set()
        pipeline.shutdown()
        assert not [thread for thread in (pipeline._thread,) if thread and thread.is_alive()]


def wait_until(condition: Callable[[], bool], timeout: float = 60.0) -> None:
    """Wait until a condition holds, or fail."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


# --- the settings -------------------------------------------------------------------------------


def test_defaults() -> None:
    """An empty environment gives the documented bounds: 8,192 spans, 512 a batch, 1 s, 10 s."""
    expected = Batching(queue_spans=8192, batch_spans=512, delay=1.0, shutdown=10.0)
    assert Batching.from_environment({}) == expected == Batching()


def test_variables_are_read() -> None:
    """Each OTEL_BSP_* variable sets its bound; times are milliseconds there."""
    assert Batching.from_environment(
        {
            "OTEL_BSP_MAX_QUEUE_SIZE": "100",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": " 10 ",
            "OTEL_BSP_SCHEDULE_DELAY": "250",
            "OTEL_BSP_EXPORT_TIMEOUT": "1500",
        }
    ) == Batching(queue_spans=100, batch_spans=10, delay=0.25, shutdown=1.5)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "٣", "1e3", "+5", "9" * 30])
@pytest.mark.parametrize(
    "variable",
    [
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "OTEL_BSP_SCHEDULE_DELAY",
        "OTEL_BSP_EXPORT_TIMEOUT",
    ],
)
def test_malformed_variables_are_refused(variable: str, text: str) -> None:
    """What is no positive whole number is refused by the variable's name, without its text."""
    with pytest.raises(ConfigurationError) as caught:
        Batching.from_environment({variable: text})
    assert caught.value.where == variable
    assert text not in caught.value.what


def test_a_small_queue_makes_small_batches() -> None:
    """A queue below the default batch is enough to say; an empty variable counts as not set."""
    environment = {"OTEL_BSP_MAX_QUEUE_SIZE": "100", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": " "}
    assert Batching.from_environment(environment).batch_spans == 100


def test_a_batch_above_the_queue_is_refused() -> None:
    """A batch that can never fill is an error, as the specification demands."""
    environment = {"OTEL_BSP_MAX_QUEUE_SIZE": "10", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "11"}
    with pytest.raises(ConfigurationError, match=r"OTEL_BSP_MAX_EXPORT_BATCH_SIZE.*11.*10"):
        Batching.from_environment(environment)


@pytest.mark.parametrize(
    "bounds",
    [
        {"queue_spans": 0},
        {"batch_spans": 0},
        {"queue_spans": 5, "batch_spans": 6},
        {"delay": 0.0},
        {"shutdown": -1.0},
    ],
)
def test_impossible_bounds_are_refused(bounds: dict[str, Any]) -> None:
    """Bounds given by hand are checked like the environment's."""
    with pytest.raises(ConfigurationError, match="Batching"):
        Batching(**bounds)


# --- on_end -------------------------------------------------------------------------------------


def test_on_end_never_waits(start: Open) -> None:
    """While a batch is being scrubbed for however long, who ends a span goes on."""
    slow = SlowScrubber()
    pipeline = start(slow, batch_spans=10)
    for number in range(10):
        pipeline.on_end(span(number))
    assert slow.entered.wait(60)
    for number in range(1000):
        pipeline.on_end(span(number))
    assert slow.sizes == [10]  # it is still the first batch
    assert slow.threads == {"jaeger-guard-scrub"}


def test_a_full_queue_drops_the_oldest(
    start: Open, memory: Memory, caplog: pytest.LogCaptureFixture
) -> None:
    """The queue keeps its bound, the newest spans stay, what was dropped is counted and told."""
    slow = SlowScrubber()
    pipeline = start(slow, queue_spans=5, batch_spans=5)
    pipeline.on_end(span(0))
    threading.Thread(target=pipeline.flush, args=(60.0,)).start()
    assert slow.entered.wait(60)  # the worker holds span 0
    for number in range(1, 13):
        pipeline.on_end(span(number))
    assert pipeline.statistics()["queued_raw_spans"] == 5
    slow.gate.set()
    assert pipeline.flush(60)
    assert memory.names == ["span 0"] + [f"span {number}" for number in range(8, 13)]
    assert pipeline.statistics()["dropped_queue_full"] == 7
    assert [record.message for record in caplog.records if "oldest" in record.message] == [
        "more than 5 spans ended before they could be scrubbed: the oldest are dropped, and counted"
    ]


def test_drops_of_queue_and_sender_add_up(start: Open, memory: Memory) -> None:
    """A reason that both queues know is one count: the sender's doesn't hide the worker's."""
    slow = SlowScrubber()
    pipeline = start(slow, queue_spans=2, batch_spans=2)
    pipeline._sender._waiting._max_bytes = 1  # nothing fits
    pipeline.on_end(span(0))
    pipeline.on_end(span(1))
    assert slow.entered.wait(60)
    for number in range(2, 7):
        pipeline.on_end(span(number))  # 3 are dropped here
    slow.gate.set()
    assert pipeline.flush(60)
    assert pipeline.statistics()["dropped_queue_full"] == 3 + 4
    assert memory.names == []


def test_unsampled_spans_are_not_queued(start: Open, memory: Memory) -> None:
    """A span that was only recorded, and one without a context, stay here."""
    pipeline = start()
    pipeline.on_end(span(1, sampled=False))
    pipeline.on_end(ReadableSpan("without context", resource=RESOURCE))
    pipeline.on_end(span(2))
    assert pipeline.flush(60)
    assert memory.names == ["span 2"]


def test_a_full_batch_wakes_the_worker(start: Open, memory: Memory) -> None:
    """A batch leaves as soon as it is there, long before the delay is over, in parts of its size."""
    pipeline = start(batch_spans=4)
    for number in range(8):
        pipeline.on_end(span(number))
    wait_until(lambda: len(memory.names) == 8)
    assert max(len(batch) for batch in memory.batches) <= 4


def test_a_portion_is_scrubbed_before_a_batch_is_there(start: Open, memory: Memory) -> None:
    """Spans are scrubbed a few at a time, and leave as whole batches: raw ones don't wait for it."""
    pipeline = start(batch_spans=100)
    for number in range(64):
        pipeline.on_end(span(number))
    wait_until(lambda: pipeline.statistics()["queued_spans"] > 32)
    assert pipeline.statistics()["queued_bytes"] > 32
    assert memory.names == []
    for number in range(64, 250):
        pipeline.on_end(span(number))
    wait_until(lambda: len(memory.names) == 200)
    assert pipeline.flush(60)
    assert [len(batch) for batch in memory.batches] == [100, 100, 50]
    assert memory.names == [f"span {number}" for number in range(250)]
    assert pipeline.statistics()["queued_bytes"] == 0


def test_what_is_encoded_waits_for_no_longer_than_the_delay(start: Open, memory: Memory) -> None:
    """Spans that were scrubbed early leave when the delay is over, though the batch isn't full."""
    pipeline = start(batch_spans=1000, delay=0.2)
    for number in range(64):
        pipeline.on_end(span(number))
    wait_until(lambda: len(memory.names) == 64)


def test_where_ended_spans_are_decided_about_a_portion_is_a_batch(start: Open) -> None:
    """A parent that is dropped takes along what waits with it, so nothing is scrubbed before."""
    slow = SlowScrubber()
    slow.fate = Enforcement(slow.scrubber.policy)
    pipeline = start(slow, batch_spans=100)
    pipeline.on_end(span(0))
    threading.Thread(target=pipeline.flush, args=(60.0,)).start()
    assert slow.entered.wait(60)  # the worker holds span 0, and takes nothing meanwhile
    for number in range(1, 100):
        pipeline.on_end(span(number))
    assert pipeline._wake.empty()
    pipeline.on_end(span(100))
    assert not pipeline._wake.empty()
    slow.gate.set()
    wait_until(lambda: len(slow.sizes) == 2)
    assert slow.sizes == [1, 100]


def test_what_is_encoded_is_counted_where_a_shutdown_has_no_time_for_it(
    start: Open, memory: Memory
) -> None:
    """A shutdown whose time is over drops and counts what waits to be a batch, too."""
    pipeline = start(batch_spans=100)
    for number in range(32):
        pipeline.on_end(span(number))
    wait_until(lambda: pipeline.statistics()["queued_spans"] == 32)
    with pipeline._work:  # as if a batch took forever
        pipeline._batching = replace(pipeline._batching, shutdown=0.01)
        stopping = threading.Thread(target=pipeline.shutdown)
        stopping.start()
        stopping.join(60)
    assert pipeline._thread is not None
    pipeline._thread.join(60)
    counts = pipeline.statistics()
    assert counts.get("dropped_shutdown", 0) + len(memory.names) == 32
    assert counts["queued_spans"] == 0


def test_the_delay_sends_what_is_no_batch(start: Open, memory: Memory) -> None:
    """A lone span waits for the delay, not for others."""
    pipeline = start(delay=0.05)
    pipeline.on_end(span())
    wait_until(lambda: memory.names == ["span 1"])


def test_all_of_a_burst_arrives_in_order(start: Open, memory: Memory) -> None:
    """Spans of eight threads all arrive once, each thread's in its order."""
    pipeline = start(batch_spans=64, delay=0.01)

    def end_many(first: int) -> None:
        for number in range(first, first + 250):
            pipeline.on_end(span(number))

    threads = [threading.Thread(target=end_many, args=(n * 1000,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pipeline.flush(60)
    numbers = [int(name.removeprefix("span ")) for name in memory.names]
    assert len(numbers) == len(set(numbers)) == 2000
    for first in range(1000, 9000, 1000):
        own = [number for number in numbers if first <= number < first + 250]
        assert own == sorted(own)
    assert pipeline.statistics()["exported"] == pipeline.statistics()["sent"] == 2000


# --- flush --------------------------------------------------------------------------------------


def test_flush_waits_for_the_backend(start: Open, memory: Memory) -> None:
    """True only once the backend answered; False, in time, while it doesn't."""
    pipeline = start()
    memory.gate.clear()
    pipeline.on_end(span())
    assert pipeline.force_flush(200) is False
    assert memory.names == []
    memory.gate.set()
    assert pipeline.force_flush(60_000) is True
    assert memory.names == ["span 1"]


def test_flush_keeps_its_deadline_though_scrubbing_is_slow(start: Open) -> None:
    """However long a batch takes, who flushes gets an answer in time."""
    slow = SlowScrubber()
    pipeline = start(slow)
    pipeline.on_end(span())
    assert pipeline.flush(0.2) is False
    assert pipeline.statistics()["exported"] == 0
    slow.gate.set()
    assert pipeline.flush(60) is True


def test_flush_covers_a_batch_that_another_thread_took(start: Open, memory: Memory) -> None:
    """An empty queue is not enough: what the worker holds has to arrive, too."""
    slow = SlowScrubber()
    pipeline = start(slow, batch_spans=1)
    pipeline.on_end(span())
    assert slow.entered.wait(60)
    threading.Timer(0.1, slow.gate.set).start()
    assert pipeline.flush(60)
    assert memory.names == ["span 1"]


def test_flush_from_many_threads(start: Open, memory: Memory) -> None:
    """Each of many threads that flush finds its own span arrived when it returns."""
    pipeline = start()
    missing: list[int] = []

    def end_and_flush(number: int) -> None:
        pipeline.on_end(span(number))
        if not pipeline.flush(60) or f"span {number}" not in memory.names:
            missing.append(number)

    threads = [threading.Thread(target=end_and_flush, args=(number,)) for number in range(1, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missing == []
    assert sorted(memory.names) == sorted(f"span {number}" for number in range(1, 30))


def test_flush_with_nothing_to_do(start: Open) -> None:
    """A pipeline that saw no span answers at once, and starts no thread."""
    pipeline = start()
    assert pipeline.force_flush(60_000)
    assert pipeline._thread is None


def test_flush_works_where_no_thread_starts(
    start: Open, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Python refuses new threads (at its end), who flushes does the work."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    pipeline = start(batch_spans=2)
    for number in range(5):
        pipeline.on_end(span(number))
    assert pipeline.flush(60)
    assert [len(batch) for batch in memory.batches] == [2, 2, 1]
    pipeline.on_end(span(9))
    assert pipeline.flush(0.0) is False  # the deadline holds here too
    pipeline.shutdown()
    assert memory.names[-1] == "span 9"


@pytest.mark.parametrize("step", ["encoded", "payloads"])
def test_an_interrupted_flush_loses_nothing(
    start: Open, memory: Memory, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A signal handler that raises in the middle of a batch puts it back, in order."""
    pipeline = start()
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "_ensure_thread", lambda: None)
        for number in range(3):
            pipeline.on_end(span(number))

        def interrupt(_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(pipeline._encoder, step, interrupt)
        with pytest.raises(KeyboardInterrupt):
            pipeline.flush(5)
    assert pipeline.flush(60)
    assert memory.names == ["span 0", "span 1", "span 2"]


def test_flush_on_the_worker_itself(start: Open, memory: Memory) -> None:
    """Something on the worker's thread that flushes (a logging handler) doesn't wait for itself."""
    answers: list[bool] = []

    class Flushing(SlowScrubber):
        def begin(self, spans: Sequence[ReadableSpan]) -> None:
            if threading.current_thread().name == "jaeger-guard-scrub" and not answers:
                answers.append(pipeline.flush(60))

    pipeline = start(Flushing(), batch_spans=1)
    pipeline.on_end(span())
    wait_until(lambda: memory.names == ["span 1"])
    assert answers == [True]


# --- shutdown -----------------------------------------------------------------------------------


def test_shutdown_flushes_and_ends_the_threads(start: Open, memory: Memory) -> None:
    """What ended before arrives, and no thread stays; a second call does nothing."""
    pipeline = start()
    pipeline.on_end(span())
    worker = pipeline._thread
    pipeline.shutdown()
    pipeline.shutdown()
    assert memory.names == ["span 1"]
    assert worker is not None
    assert not worker.is_alive()
    assert pipeline.is_stopped
    assert pipeline.force_flush(100)
    assert "dropped_shutdown" not in pipeline.statistics()


def test_spans_after_shutdown_are_counted(start: Open, memory: Memory) -> None:
    """A span that ends too late is dropped, counted, and starts nothing again."""
    pipeline = start()
    pipeline.shutdown()
    pipeline.on_end(span())
    assert pipeline.statistics()["dropped_after_shutdown"] == 1
    assert pipeline.flush(60)
    assert memory.names == []


def test_shutdown_keeps_its_deadline(start: Open) -> None:
    """With scrubbing stuck, shutdown gives up in time and counts every span that waits."""
    slow = SlowScrubber()
    pipeline = start(slow, batch_spans=2, shutdown=0.3)
    for number in range(6):
        pipeline.on_end(span(number))
    assert slow.entered.wait(60)
    pipeline.shutdown()
    assert pipeline.statistics()["exported"] == 0  # the gate is still shut
    slow.gate.set()
    worker = pipeline._thread
    assert worker is not None
    worker.join(60)
    assert pipeline.statistics()["dropped_shutdown"] == 6  # 4 waited, 2 were being scrubbed


def test_shutdown_with_a_dead_backend_counts(start: Open, memory: Memory) -> None:
    """What the backend didn't take by the deadline is counted."""
    pipeline = start(shutdown=0.3)
    memory.gate.clear()
    pipeline.on_end(span())
    pipeline.shutdown()
    assert pipeline.statistics()["dropped_shutdown"] == 1


# --- failures -----------------------------------------------------------------------------------


def test_the_worker_survives_a_fault(
    start: Open, memory: Memory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours costs its batch, is counted and told by its type alone; the rest goes on."""
    pipeline = start()

    def fail(_: object) -> None:
        raise ValueError(EMAIL)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline._encoder, "encoded", fail)
        pipeline.on_end(span(1))
        pipeline.on_end(span(2))
        assert pipeline.flush(60)
    pipeline.on_end(span(3))
    assert pipeline.flush(60)
    assert memory.names == ["span 3"]
    assert pipeline.statistics()["dropped_internal_error"] == 2
    assert "ValueError" in caplog.text
    assert EMAIL not in caplog.text


def test_the_worker_survives_a_logging_filter_that_raises(
    start: Open, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application's logging may raise on our thread; spans go on all the same."""
    pipeline = start()

    def fail(_: object) -> None:
        raise ValueError

    def refuse(_: logging.LogRecord) -> bool:
        raise OSError

    logger = logging.getLogger("jaeger_guard.batching")
    logger.addFilter(refuse)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(pipeline._encoder, "encoded", fail)
            pipeline.on_end(span(1))
            assert pipeline.flush(60)
    finally:
        logger.removeFilter(refuse)
    pipeline.on_end(span(2))
    assert pipeline.flush(60)
    assert memory.names == ["span 2"]


def test_what_cannot_be_encoded_is_quarantined(
    start: Open, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the encoder refuses a scrubbed span, its skeleton goes, and the batch goes on."""
    pipeline = start()
    scrub = pipeline._spans.scrub

    def spoil(ended: ReadableSpan) -> SpanContent:
        content = scrub(ended)
        if ended.name == "span 1":
            content.attributes = {"broken": object()}
        return content

    monkeypatch.setattr(pipeline._spans, "scrub", spoil)
    pipeline.on_end(span(1))
    pipeline.on_end(span(2))
    assert pipeline.flush(60)
    assert memory.names == ["[QUARANTINED]", "span 2"]
    assert pipeline._spans.statistics()["quarantined"] == 1


def test_spans_leave_scrubbed(start: Open, memory: Memory) -> None:
    """What the transport gets holds the marker and not the value."""
    pipeline = start()
    pipeline.on_end(span(1, note=f"mail {EMAIL}"))
    assert pipeline.flush(60)
    assert EMAIL.encode() not in memory.payloads[0]
    assert b"[REDACTED:contact.email]" in memory.payloads[0]


# --- signals and forks --------------------------------------------------------------------------


def test_a_signal_handler_may_end_spans_and_flush(start: Open, memory: Memory) -> None:
    """A handler that interrupts on_end anywhere, and ends spans and flushes itself, hangs nobody."""
    pipeline = start(batch_spans=2)
    fired: list[bool] = []

    def handle(*_: object) -> None:
        pipeline.on_end(span(len(fired) + 100_000))
        fired.append(len(fired) % 10 != 0 or pipeline.flush(60))
        signal.setitimer(signal.ITIMER_REAL, 0.001)  # not before, or handlers might pile up

    previous = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    ended = 0
    try:
        deadline = time.monotonic() + 0.7
        while time.monotonic() < deadline:
            ended += 1
            pipeline.on_end(span(ended))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert pipeline.flush(60)
    assert fired
    assert all(fired)
    counts = pipeline.statistics()
    assert counts["exported"] + counts.get("dropped_queue_full", 0) == ended + len(fired)


def test_a_span_ended_by_the_garbage_collector(start: Open, memory: Memory) -> None:
    """A `__del__` that ends a span while its thread wakes the worker doesn't wait for itself."""
    pipeline = start(batch_spans=1)

    class Ending:
        def __del__(self) -> None:
            pipeline.on_end(span(7))

    wake, held = pipeline._wake, [Ending()]

    def put(token: None) -> None:
        held.clear()  # the last reference
        wake.put(token)

    pipeline._wake = SimpleNamespace(put=put, get=wake.get)  # type: ignore[assignment]
    pipeline.on_end(span(1))
    wait_until(lambda: sorted(memory.names) == ["span 1", "span 7"])


def test_a_child_starts_afresh(start: Open, memory: Memory) -> None:
    """After a fork nothing of the parent's queue, counts or threads is left."""
    pipeline = start()
    pipeline.on_end(span(1))
    parent, thread = pipeline._queue, pipeline._thread
    flushes = pipeline._wake
    pipeline._after_fork()
    assert pipeline.statistics()["queued_raw_spans"] == 0
    pipeline.on_end(span(2))
    assert pipeline.flush(60)
    assert memory.names == ["span 2"]
    assert len(parent) == 1
    pipeline.shutdown()
    flushes.put(None)  # in this test the parent's thread is alive, and sees the end
    assert thread is not None
    thread.join(60)


def test_a_child_leaves_to_its_parent_what_was_encoded(start: Open, memory: Memory) -> None:
    """Spans that were encoded before a fork, and wait to be a batch, are the parent's to send."""
    pipeline = start(batch_spans=100)
    for number in range(32):
        pipeline.on_end(span(number))
    wait_until(lambda: pipeline.statistics()["queued_spans"] == 32)
    thread, wake = pipeline._thread, pipeline._wake
    pipeline._after_fork()
    assert pipeline.statistics()["queued_spans"] == 0
    pipeline.on_end(span(99))
    assert pipeline.flush(60)
    assert memory.names == ["span 99"]
    pipeline.shutdown()
    wake.put(None)
    assert thread is not None
    thread.join(60)


def test_a_multiprocessing_child_flushes_at_its_end(
    start: Open, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipeline built in a child has a finalizer that flushes, and is of no effect once it's gone."""
    monkeypatch.setattr(multiprocessing.process, "parent_process", object)
    before = set(multiprocessing.util._finalizer_registry)  # type: ignore[attr-defined]
    pipeline = start()
    registry = multiprocessing.util._finalizer_registry  # type: ignore[attr-defined]
    (key,) = set(registry) - before
    assert key[0] < 0  # after finalizers of the application
    pipeline.on_end(span())
    registry[key]()
    assert memory.names == ["span 1"]
    ExportPipeline(pipeline._spans, pipeline._sender, Batching())  # nobody keeps it
    gc.collect()
    (key,) = set(registry) - before
    registry[key]()


def test_a_race_for_the_last_span(start: Open) -> None:
    """Where a flush takes the spans that on_end wanted to drop, nothing is counted as dropped."""
    pipeline = start()
    pipeline._make_room()
    assert _take(pipeline._queue, 3) == []
    assert "dropped_queue_full" not in pipeline.statistics()


def test_a_flush_without_worker_waits_for_another_flush(
    start: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads that do the work themselves take turns, each within its deadline."""
    slow = SlowScrubber()
    pipeline = start(slow)
    monkeypatch.setattr(pipeline, "_ensure_thread", lambda: None)
    pipeline.on_end(span())
    other = threading.Thread(target=pipeline.flush, args=(60.0,))
    other.start()
    assert slow.entered.wait(60)
    assert pipeline.flush(0.05) is False
    slow.gate.set()
    assert pipeline.flush(60) is True
    other.join()


FORKING = """
import os, sys
from jaeger_guard import Export, configure
guard = configure(export=Export(endpoint=sys.argv[1], protocol="http/protobuf"))
tracer = guard.tracer_provider.get_tracer("test")
def record(name):
    tracer.start_span(name).end()
"""


def run(script: str, sink: HttpSink, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script, with a guard that exports to the sink, to its end."""
    home = Path(jaeger_guard.__file__).parent.parent
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("OTEL_", "JAEGER_GUARD_"))}
    return subprocess.run(
        [sys.executable, "-c", FORKING + script, sink.endpoint],
        env={**kept, "PYTHONPATH": str(home), "OTEL_BSP_SCHEDULE_DELAY": "60000", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def arrived(sink: HttpSink) -> list[str]:
    """Name what arrived, sorted."""
    return sorted(sent.name for sent in sink.spans)


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(
            """
record("parent")
child = os.fork()
if child == 0:
    record("child")
    sys.exit(0)
os.waitpid(child, 0)
record("parent after")
""",
            ["child", "parent", "parent after"],
            id="os.fork and a normal end",
        ),
        pytest.param(
            """
record("parent")
child = os.fork()
if child == 0:
    record("child")
    os._exit(0)
os.waitpid(child, 0)
""",
            ["parent"],
            id="os.fork and os._exit: the child's are lost, as documented, and the parent's sent once",
        ),
        pytest.param(
            """
record("parent")
child = os.fork()
if child == 0:
    record("child")
    assert guard.force_flush(60_000)
    os._exit(0)
os.waitpid(child, 0)
""",
            ["child", "parent"],
            id="os.fork, force_flush and os._exit",
        ),
        pytest.param(
            """
import multiprocessing
record("parent")
context = multiprocessing.get_context("fork")
children = [context.Process(target=record, args=(f"child {n}",)) for n in range(3)]
for child in children: child.start()
for child in children: child.join()
assert not any(child.exitcode for child in children)
""",
            ["child 0", "child 1", "child 2", "parent"],
            id="multiprocessing fork",
        ),
        pytest.param(
            """
import multiprocessing
guard.flush_on_sigterm()
record("parent")
ready = multiprocessing.get_context("fork").Event()
def wait():
    record("child")
    ready.set()
    import time; time.sleep(600)
child = multiprocessing.get_context("fork").Process(target=wait)
child.start()
ready.wait(300)
child.terminate()
child.join()
assert child.exitcode == 143, child.exitcode
""",
            ["child", "parent"],
            id="multiprocessing fork, terminated, with the hook",
        ),
        pytest.param(
            """
import concurrent.futures, multiprocessing
record("parent")
with concurrent.futures.ProcessPoolExecutor(
    2, mp_context=multiprocessing.get_context("fork")
) as pool:
    list(pool.map(record, ["job 1", "job 2", "job 3"]))
""",
            ["job 1", "job 2", "job 3", "parent"],
            id="concurrent.futures.ProcessPoolExecutor",
        ),
        pytest.param(
            """
import threading
thread = threading.Thread(target=record, args=("thread",))
thread.start()
thread.join()
raise SystemExit(0)
""",
            ["thread"],
            id="a thread's span, at exit",
        ),
        pytest.param(
            """
import asyncio
async def work(number):
    with tracer.start_as_current_span(f"task {number}"):
        await asyncio.sleep(0)
async def main():
    await asyncio.gather(*(work(number) for number in range(3)))
asyncio.run(main())
""",
            ["task 0", "task 1", "task 2"],
            id="asyncio",
        ),
    ],
)
def test_processes_flush_as_documented(script: str, expected: list[str]) -> None:
    """Parents' and children's spans arrive once each, though nobody called shutdown()."""
    with HttpSink() as sink:
        ended = run(script, sink)
        assert ended.returncode == 0, ended.stderr
        assert arrived(sink) == expected


@pytest.mark.e2e
def test_spawned_children_flush(tmp_path: Path) -> None:
    """A child of multiprocessing's spawn method that configures itself flushes at its end."""
    script = tmp_path / "spawning.py"
    script.write_text(
        FORKING
        + """
import multiprocessing
if __name__ == "__main__":
    record("parent")
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=record, args=("child",))
    child.start()
    child.join()
    sys.exit(child.exitcode)
"""
    )
    home = Path(jaeger_guard.__file__).parent.parent
    with HttpSink() as sink:
        ended = subprocess.run(
            [sys.executable, str(script), sink.endpoint],
            env={**os.environ, "PYTHONPATH": str(home), "OTEL_BSP_SCHEDULE_DELAY": "60000"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert arrived(sink) == ["child", "parent"]


@pytest.mark.e2e
@pytest.mark.parametrize("pause", ["0", "0.01", "0.02", "0.04", "0.08"])
def test_a_fork_during_the_first_export(pause: str) -> None:
    """A child forked while its parent sends for the first time (and would import) exports, too."""
    script = f"""
import time
record("parent")
time.sleep({pause})
child = os.fork()
if child == 0:
    record("child")
    os._exit(0 if guard.force_flush(60_000) else 1)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""
    with HttpSink() as sink:
        ended = run(script, sink, OTEL_BSP_SCHEDULE_DELAY="1")
        assert ended.returncode == 0, ended.stderr
        assert arrived(sink) == ["child", "parent"]


@pytest.mark.e2e
def test_forks_while_threads_record() -> None:
    """Children forked at any moment of the worker and of other threads end, and flush."""
    script = """
import threading, time
stop = threading.Event()
def busy():
    while not stop.is_set():
        record("busy")
        time.sleep(0.0002)
for _ in range(2): threading.Thread(target=busy, daemon=True).start()
for number in range(12):
    child = os.fork()
    if child == 0:
        record(f"child {number}")
        os._exit(0 if guard.force_flush(60_000) else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
stop.set()
"""
    with HttpSink() as sink:
        ended = run(script, sink, OTEL_BSP_SCHEDULE_DELAY="1")
        assert ended.returncode == 0, ended.stderr
        children = [name for name in arrived(sink) if name != "busy"]
        assert children == sorted(f"child {number}" for number in range(12))
