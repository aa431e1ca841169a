"""What `configure()` and `protect()` return: a handle on a running guard."""

from __future__ import annotations

import contextlib
import importlib
import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, Protocol

from opentelemetry.sdk.trace import TracerProvider

from jaeger_guard import weaknesses
from jaeger_guard.audit import AuditLog
from jaeger_guard.auditing import Auditor
from jaeger_guard.batching import ExportPipeline
from jaeger_guard.categories import CONTENT_WITHHELD
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import ResolvedExport, Sender
from jaeger_guard.markers import marker
from jaeger_guard.policy import CompiledPolicy
from jaeger_guard.processor import ConcurrentGuard, GuardSpanProcessor
from jaeger_guard.propagation import Firewall
from jaeger_guard.scrubber import Explanation, unexplained
from jaeger_guard.spans import SpanScrubber
from jaeger_guard.telemetry import report
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard")

_FLUSH_MILLIS: Final = 5000  # how long a handler of SIGTERM waits for the flush


class Attached(Protocol):
    """A provider of another signal."""

    def force_flush(self, timeout_millis: int = ...) -> bool:
        """Send everything that was taken before."""
        ...

    def shutdown(self) -> None:
        """Flush, and stop."""
        ...


class Guard:
    """A running guard: its provider, its policy, its counts, and its end.

    Attributes:
        tracer_provider: The guarded provider.
        policy: The compiled policy.
    """

    def __init__(
        self,
        provider: TracerProvider,
        processor: GuardSpanProcessor | ConcurrentGuard,
        spans: SpanScrubber,
        pipeline: ExportPipeline | None,
        firewall: Firewall | None = None,
    ) -> None:
        self.tracer_provider = provider
        self._processor = processor
        self._spans = spans
        self._pipeline = pipeline
        self._firewall = firewall
        self._is_shut_down = False
        self._attached: list[Attached] = []
        self._senders: dict[str, Sender] = {}
        self._at_shutdown: list[Callable[[], None]] = []
        self._auditor: Auditor | None = None
        report(self.statistics)

    def __repr__(self) -> str:
        return f"Guard(policy={self.policy!r}, exporting={self._pipeline is not None})"

    @property
    def scrubber(self) -> SpanScrubber:
        """What scrubs spans; log records and metrics go through the same."""
        return self._spans

    def attach(self, provider: Attached, signal: str, sender: Sender | None) -> None:
        """Flush and shut down a provider of metrics or logs together with this guard.

        Args:
            provider: The provider.
            signal: What its counts are called.
            sender: Whose counts they are; None where it doesn't send.
        """
        self._attached.append(provider)
        if sender is not None:
            self._senders[signal] = sender

    @property
    def is_shut_down(self) -> bool:
        """Whether this guard was shut down, or the export behind it."""
        return self._is_shut_down or (self._pipeline is not None and self._pipeline.is_stopped)

    @property
    def audit(self) -> AuditLog | None:
        """The audit that this guard writes; None where none is configured."""
        return None if self._auditor is None else self._auditor.log

    def shut_down_at_exit(self) -> None:
        """Shut the provider down where it would do so itself at the process's exit, only earlier.

        Exit handlers run in reverse: the provider's would flush after the audit's last counts.
        """
        if self.tracer_provider._atexit_handler is not None:
            self.tracer_provider.shutdown()

    def keep_audit(self, auditor: Auditor) -> None:
        """Hold on to what writes the audit, until the shutdown."""
        self._auditor = auditor

    def statistics(self) -> dict[str, Any]:
        """Return counts: spans scrubbed and quarantined, findings, the queue, the sender.

        Findings are counted by `category/surface/action`; what was dropped, by reason. The time is the
        processor's, with encoding where both are done at once.
        """
        counts: dict[str, Any] = dict(self._spans.statistics())
        counts["scrub_seconds"] = self._spans.seconds
        counts.update(self._processor.sampling.enforcement.statistics())
        counts["processor_failures"] = self._processor.isolation.counts()
        if self._firewall is not None:
            counts["propagation"] = self._firewall.statistics()
        for name, sender in self._senders.items():
            counts[name] = dict(sender.statistics())
        if self._pipeline is not None:
            counts.update(self._pipeline.statistics())
        if self._auditor is not None:
            counts.update(self._auditor.log.statistics())
        return counts

    @property
    def policy(self) -> CompiledPolicy:
        """What decides, as it is now: without the exceptions that have ended."""
        return self._spans.scrubber.policy

    def scrub(self, key: str, value: Any) -> Any:
        """Return one value as a span's attribute under `key` would go on; None where it is dropped.

        For what doesn't go through a span: a log line, a message to a support system. It never
        raises; where scrubbing fails, a marker stands for the value.
        """
        try:
            scrubbed, found = self._spans.scrubber.value(key, value)
        except Exception as error:  # noqa: BLE001 - its text may hold the value
            tell(
                _LOGGER, logging.WARNING, "a value could not be scrubbed (%s)", type(error).__name__
            )
            return marker(CONTENT_WITHHELD)
        return None if found.dropped else scrubbed

    def explain(self, key: str, value: Any) -> Explanation:
        """Say what becomes of a value under `key`, and why; never the value, and never raises.

        Its text is for people, `as_dict()` for programs; both name rule, format, detectors and their
        validators, those that acted and those that refused.
        """
        try:
            return self._spans.scrubber.explain(key, value)
        except Exception as error:  # noqa: BLE001 - its text may hold the value
            tell(
                _LOGGER,
                logging.WARNING,
                "a value could not be explained (%s)",
                type(error).__name__,
            )
            return unexplained(self._spans.scrubber.key(key))

    @property
    def export(self) -> ResolvedExport | None:
        """Where spans go, with nothing left open; None where they don't go by our own export."""
        return None if self._pipeline is None else self._pipeline.settings

    def check(self) -> list[weaknesses.Finding]:
        """Look for weaknesses: processors and providers that see raw spans, export, policy, sampler.

        The findings are those of `jaeger-guard check`, the worst first; none of them holds a value.
        """
        # The one call upwards: what looks at a guard needs all rooms, and few who have one call it.
        check = importlib.import_module("jaeger_guard.check")
        return list(check.check_guard(self))

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send everything that ended before; False where time ran out.

        A span counts as sent when the backend has answered for it.
        """
        flushed = self.tracer_provider.force_flush(timeout_millis) is not False
        for provider in self._attached:
            try:
                flushed = provider.force_flush(timeout_millis) is not False and flushed
            except Exception as error:  # noqa: BLE001 - a reader raises what its exporter does
                self._tell_of(provider, error)
                flushed = False
        for sender in self._senders.values():  # the SDK's batches don't flush their exporter
            flushed = sender.flush(timeout_millis / 1000) and flushed
        return flushed

    @staticmethod
    def _tell_of(provider: Attached, error: Exception) -> None:
        names = type(provider).__name__, type(error).__name__
        tell(_LOGGER, logging.WARNING, "a %s could not be flushed (%s)", *names)

    def shutdown(self) -> None:
        """Flush within the deadline (OTEL_BSP_EXPORT_TIMEOUT, 10 s), and stop.

        What `configure(instrument=)` instrumented is as before then.
        """
        self._is_shut_down = True
        while self._at_shutdown:
            self._at_shutdown.pop()()
        self._processor.sampling.shutdown()
        self.tracer_provider.shutdown()
        if self._auditor is not None:
            self._auditor.stop()
        for provider in self._attached:
            try:
                provider.shutdown()
            except Exception as error:  # noqa: BLE001 - the others are shut down all the same
                self._tell_of(provider, error)

    def at_shutdown(self, step: Callable[[], None]) -> None:
        """Have something done when `shutdown` is called; it must not raise."""
        self._at_shutdown.append(step)

    def flush_on_sigterm(self) -> None:
        """Flush when SIGTERM arrives: by itself, Python then ends without its atexit handlers.

        Where nobody handles SIGTERM, the process then ends by SystemExit(143), so that `finally`
        and atexit run. Where somebody does (gunicorn, uvicorn, celery), their handler follows, 5
        seconds later at the most. An ignored SIGTERM stays ignored.

        Raises:
            ConfigurationError: Called from another thread than the main one, or a handler is there
                that Python can't call.
        """
        if threading.current_thread() is not threading.main_thread():
            raise ConfigurationError(
                "signal handlers can only be set in the main thread",
                "Guard.flush_on_sigterm()",
                "Call it where the process starts",
            )
        previous = signal.getsignal(signal.SIGTERM)
        if previous is None:
            raise ConfigurationError(
                "SIGTERM has a handler that was not set by Python, and would be lost",
                "Guard.flush_on_sigterm()",
                "Call guard.shutdown() in the server's own hook for the end of a worker",
            )
        if previous is signal.SIG_IGN or (
            isinstance(previous, _Terminator) and previous.guard is self
        ):
            return
        follow = previous if callable(previous) else None
        signal.signal(signal.SIGTERM, _Terminator(self, follow))


class _Terminator:
    """The handler of SIGTERM."""

    def __init__(self, guard: Guard, follow: Callable[[int, FrameType | None], Any] | None) -> None:
        self.guard = guard
        self._follow = follow

    def __call__(self, number: int, frame: FrameType | None) -> Any:
        # The main thread may hold any lock right now, so another one flushes.
        thread = threading.Thread(target=self.guard.force_flush, args=(_FLUSH_MILLIS,), daemon=True)
        with contextlib.suppress(RuntimeError):  # the interpreter ends already, and flushes
            thread.start()
            if self._follow is not None:
                thread.join(_FLUSH_MILLIS / 1000)
        if self._follow is None:
            # Unwinds the main thread, whatever it holds; the provider's atexit handler flushes what
            # ends on the way. Other threads may keep the process from getting there: hence the
            # flush above, which isn't waited for.
            raise SystemExit(128 + number)
        return self._follow(number, frame)
