"""What a running guard writes into its audit: its policy, its counts, and each time it failed closed.

Once a process is up, its configuration is looked at as `Guard.check()` does, and again with the counts:
each finding is recorded when it appears and when it is gone. So is each exception of the policy, at the
start and when it ends.

Nothing here is on the way of a span: a thread of its own looks at the counts that `Guard.statistics()`
shows, and writes what has changed. So a span that was quarantined is in the audit some seconds later,
as a count by reason; which span it was, nobody keeps.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing.process
import multiprocessing.util
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from jaeger_guard.audit import AuditLog
from jaeger_guard.audit.chain import Chain
from jaeger_guard.audit.records import Entry, entry
from jaeger_guard.forks import call_in_forked_children

_LOOK_SECONDS: Final = 5.0
_AFTER_USERS: Final = -200  # after the finalizer that flushes the spans
_SHOWN_OF_A_FINDING: Final = ("id", "severity", "where")
_POLICY_EVENTS: Final = ("policy.loaded", "policy.changed")
_FAILED_CLOSED: Final = ("quarantined", "lost_unencodable", "values_withheld_for_size")
_LOST: Final = ("dropped_", "rejected_")


class Auditor:
    """Writes the audit of one guard, until it is stopped.

    Args:
        log: Where it is written.
        statistics: Answers what `Guard.statistics()` does.
        interval: Seconds between two records of counts.
        service: The service's name.
        check: Answers what `Guard.check()` does; None: the configuration isn't looked at.
        flush: Has the spans flushed that wait where the process ends, so that the last counts are; None:
            nothing is to be done for that.
    """

    def __init__(
        self,
        log: AuditLog,
        statistics: Callable[[], Mapping[str, Any]],
        interval: float,
        service: str,
        check: Callable[[], Iterable[Any]] | None = None,
        flush: Callable[[], None] | None = None,
    ) -> None:
        self.log: Final = log
        self._statistics = statistics
        self._interval = interval
        self._service = service
        self._check = check
        self._flush = flush
        self._exceptions: list[tuple[float, Mapping[str, object]]] = []
        self._findings: dict[tuple[object, ...], Mapping[str, object]] = {}
        self._stopped = False

    def start(
        self,
        policy: Mapping[str, object],
        exceptions: Iterable[tuple[float, Mapping[str, object]]] = (),
        **facts: object,
    ) -> None:
        """Record that a guard was started, and by which policy; go on to record what it does.

        Args:
            policy: Facts of the policy, its `digest` among them.
            exceptions: When each exception of the policy ends, in seconds since 1970, and its facts.
            facts: Further facts of the guard.
        """
        self.log.record("guard.started", service=self._service, **facts)
        self.log.record_when_due(_policy_entry(self._service, policy))
        now = time.time()
        for until, exception in exceptions:
            self._record("policy.exception", **exception, ended=until <= now)
            if until > now:
                self._exceptions.append((until, exception))
        self._start_afresh()
        call_in_forked_children(self._after_fork)
        _stop_at_exit(self)

    def stop(self) -> None:
        """Record the last counts and the end, and wait for the disk; at most some seconds."""
        with self._stopping:
            if self._stopped:
                return
            self._stopped = True
        self._end.set()
        with contextlib.suppress(Exception):
            self._look()
            self._write_counts()
        self.log.record("guard.stopped", service=self._service)
        self.log.close()

    def stop_at_exit(self) -> None:
        """Do what `stop` does where the process ends: the spans that wait are flushed before."""
        if self._flush is not None and not self._stopped:
            with contextlib.suppress(Exception):
                self._flush()
        self.stop()

    # --- the thread's side ----------------------------------------------------------------------

    def _start_afresh(self) -> None:
        self._stopping = threading.RLock()
        self._end = threading.Event()
        self._seen: dict[str, Any] = {}  # counts of a process begin at 0
        self._written: Mapping[str, Any] = {}
        thread = threading.Thread(target=self._run, name="jaeger-guard-auditor", daemon=True)
        with contextlib.suppress(RuntimeError):  # the interpreter ends; `stop` does the work
            thread.start()

    def _after_fork(self) -> None:
        self._check = None  # a child's configuration is its parent's, which has told it
        self._exceptions = []
        if not self._stopped:
            self._start_afresh()

    def _run(self) -> None:
        waited = self._interval  # the configuration is looked at once the process is up
        end = self._end
        step = min(_LOOK_SECONDS, self._interval)
        while not end.wait(step):
            waited += step
            with contextlib.suppress(Exception):  # nothing may end this thread
                self._look()
                if waited >= self._interval:
                    waited = 0.0
                    self.look_at_configuration()
                    self._write_counts()

    def _look(self) -> None:
        """Record what failed closed, what was lost, and what has ended since the last time."""
        self._end_exceptions()
        counts = self._statistics()
        failed = self._increase({name: counts.get(name, 0) for name in _FAILED_CLOSED})
        if failed:
            reasons = self._increase(
                {f"reason {name}": n for name, n in counts.get("quarantined_reasons", {}).items()}
            )
            told = {name.removeprefix("reason "): count for name, count in reasons.items()}
            self._record("guard.failed_closed", **failed, reasons=told)
        lost = self._increase(
            {name: count for name, count in counts.items() if name.startswith(_LOST)}
        )
        if lost:
            self._record("guard.spans_lost", counts=lost)
        foreign = self._increase(counts.get("processor_failures", {}))
        if foreign:
            self._record("guard.processor_failed", counts=foreign)

    def look_at_configuration(self) -> None:
        """Record which findings of the configuration are new, and which are gone."""
        if self._check is None:
            return
        now: dict[tuple[object, ...], Mapping[str, object]] = {}
        for finding in self._check():
            shown = finding.as_dict()
            facts = {name: shown.get(name) for name in _SHOWN_OF_A_FINDING}
            now[tuple(facts.values())] = facts
        for key in now.keys() - self._findings.keys():
            self._record("configuration.finding", **now[key])
        for key in self._findings.keys() - now.keys():
            self._record("configuration.finding_gone", **self._findings[key])
        self._findings = now

    def _end_exceptions(self) -> None:
        now = time.time()
        for until, exception in self._exceptions:
            if until <= now:
                self._record("policy.exception_ended", **exception)
        self._exceptions = [each for each in self._exceptions if each[0] > now]

    def _increase(self, counts: Mapping[str, Any]) -> dict[str, int]:
        grown = {}
        for name, count in counts.items():
            if type(count) is int and count > self._seen.get(name, 0):
                grown[name] = count - self._seen.get(name, 0)
                self._seen[name] = count
        return grown

    def _write_counts(self) -> None:
        """Record all counts, if there are others than at the last time."""
        counts = self._statistics()
        told = {
            name: count
            for name, count in counts.items()
            if type(count) is int and count > 0 and not name.startswith("audit_")
        }
        findings = dict(counts.get("findings", {}))
        tls = {name: str(text) for name, text in counts.get("tls", {}).items()}
        now = {"counts": told, "findings": findings, "tls": tls}
        if told and now != self._written:
            self._written = now
            self._record("guard.counts", **now)

    def _record(self, event: str, **facts: object) -> None:
        self.log.record(event, service=self._service, **facts)


def _policy_entry(service: str, policy: Mapping[str, object]) -> Callable[[Chain], Entry]:
    """Make the record of a policy: loaded, or changed where the service had another before."""
    pid = os.getpid()

    def settle(chain: Chain) -> Entry:
        for record in chain.newest_first():
            if record.event in _POLICY_EVENTS and record.facts.get("service") == service:
                before = record.facts.get("digest")
                if before != policy["digest"]:
                    facts = {"service": service, **policy, "digest_before": before}
                    return entry("policy.changed", facts, pid)
                break
        return entry("policy.loaded", {"service": service, **policy}, pid)

    return settle


def _stop_at_exit(auditor: Auditor) -> None:
    """Write the last counts where a process ends; atexit doesn't run in multiprocessing's children."""
    reference = weakref.ref(auditor)

    def stop() -> None:
        alive = reference()
        if alive is not None:
            alive.stop_at_exit()

    def register(_: object) -> None:
        multiprocessing.util.Finalize(None, stop, exitpriority=_AFTER_USERS)

    atexit.register(stop)
    multiprocessing.util.register_after_fork(auditor, register)
    if multiprocessing.process.parent_process() is not None:
        register(auditor)
