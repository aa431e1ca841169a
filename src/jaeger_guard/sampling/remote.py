"""Polls a Jaeger for a service's sampling strategy, over the exporter's TLS and credentials.

A thread asks, at intervals with jitter; after a failure it waits longer each time. An answer that is
not a strategy changes nothing: the last good one is kept. Before the first, `INITIAL` holds, as with
Jaeger's own clients. What goes wrong is told once for each kind, and counted.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, set_value

from jaeger_guard.forks import call_in_forked_children
from jaeger_guard.sampling.strategies import BadStrategy, LiveStrategy, Strategy, parse_strategy
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard.sampling")

INITIAL: Final = Strategy(0.001, {})  # jaeger-client and OpenTelemetry's remote samplers alike
LONGEST_WAIT: Final = 10  # intervals, however often it failed
_JITTER: Final = 0.1  # of an interval, so that a fleet that starts at once doesn't ask at once


class Fetcher(Protocol):
    """Asks once."""

    def __call__(self) -> bytes:
        """Answer the body of a good answer; whatever it raises is a failure."""
        ...


class RemoteStrategies:
    """The strategy that holds now.

    Args:
        make_fetcher: Makes what asks; called on the thread that asks.
        interval: Seconds between two polls.
        ceiling: The rejection threshold that no strategy goes below.
    """

    live: LiveStrategy

    def __init__(self, make_fetcher: Callable[[], Fetcher], interval: float, ceiling: int) -> None:
        self._make_fetcher = make_fetcher
        self._interval = interval
        self._ceiling = ceiling
        self.live = LiveStrategy(INITIAL, ceiling)
        self._counts: Counter[str] = Counter()
        self._stopped = False
        self._start_afresh()
        call_in_forked_children(self._start_afresh)

    def _start_afresh(self) -> None:
        self._starting = threading.RLock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether the thread was started in this process; cheap, for it is asked for each root."""
        return self._thread is not None

    def ensure_running(self) -> None:
        """Start the thread, once in each process."""
        with self._starting:
            if self._thread is not None or self._stopped:
                return
            thread = threading.Thread(
                target=_poll, args=(weakref.ref(self), self._stop), name="jaeger-guard-sampling"
            )
            thread.daemon = True
            self._thread = thread
            with contextlib.suppress(RuntimeError):  # the interpreter is shutting down
                thread.start()

    def statistics(self) -> Mapping[str, int]:
        """Return how often it was answered, and how often not, by kind."""
        return dict(self._counts)

    def shutdown(self) -> None:
        """Stop asking; what was said last goes on to hold."""
        self._stopped = True
        self._stop.set()

    def poll(self, fetch: Fetcher) -> bool:
        """Ask once; False where there was no good answer."""
        try:
            strategy = parse_strategy(fetch())
        except BadStrategy:
            return self._note("bad_answer")
        except Exception as error:  # noqa: BLE001 - its text may hold what is in the answer
            return self._note(type(error).__name__)
        self._counts["answered"] += 1
        if strategy != self.live.strategy:  # the same one keeps the state of its limits
            self.live = LiveStrategy(strategy, self._ceiling)
        return True

    def _note(self, kind: str) -> bool:
        self._counts[kind] += 1
        if self._counts[kind] == 1:
            tell(
                _LOGGER,
                logging.WARNING,
                "Jaeger's sampling endpoint gave no usable strategy (%s); the last good one is kept",
                kind,
            )
        return False

    def wait_after(self, failures: int) -> float:
        """Answer the seconds until it is asked again, after so many failures in a row."""
        intervals = min(2.0 ** min(failures, 8), LONGEST_WAIT) if failures else 1.0
        return self._interval * intervals * random.uniform(1 - _JITTER, 1 + _JITTER)

    def new_fetcher(self) -> Fetcher:
        """Make what asks."""
        return self._make_fetcher()


def _poll(reference: weakref.ref[RemoteStrategies], stop: threading.Event) -> None:
    """Ask until it is stopped, or nobody is left who wants to know."""
    attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    fetch: Fetcher | None = None
    failures = 0
    while not stop.is_set():
        remote = reference()
        if remote is None:
            return
        try:
            fetch = fetch or remote.new_fetcher()
            failures = 0 if remote.poll(fetch) else failures + 1
        except Exception as error:  # noqa: BLE001 - a file that went since it was checked
            remote._note(type(error).__name__)
            failures += 1
        wait = remote.wait_after(failures)
        del remote
        _rest(reference, stop, wait)


def _rest(reference: weakref.ref[Any], stop: threading.Event, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not stop.is_set() and reference() is not None:
        left = deadline - time.monotonic()
        if left <= 0:
            return
        stop.wait(min(left, 5.0))  # looks now and then whether anybody is left
