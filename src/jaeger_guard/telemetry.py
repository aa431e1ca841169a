"""OpenTelemetry metrics about ourselves: what was found, sent, dropped, what waits, and what expires.

They go to the global MeterProvider, whenever one is set, and cost nothing without. Instruments are
observed: each collection reads the counts that `Guard.statistics()` shows, so nothing is counted
twice. Attributes come from fixed sets (data categories, actions, reasons, stages), never from a span.

Several guards in one process are one sum; a guard that is gone reports no more.
"""

from __future__ import annotations

import datetime
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from jaeger_guard._version import __version__
from jaeger_guard.forks import call_in_forked_children

Statistics: TypeAlias = Mapping[str, Any]
Point: TypeAlias = tuple[float, Mapping[str, str]]

_STAGES: Final = {"raw": "queued_raw", "encoded": "queued", "disk": "spooled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One metric.

    Attributes:
        name: Its name.
        kind: "counter", what only grows; "level", what sums over processes; "gauge", what doesn't.
        unit: Its unit in UCUM, as the semantic conventions write it.
        description: What it says.
        points: Answers values with their attributes, from what `Guard.statistics()` shows.
    """

    name: str
    kind: Literal["counter", "level", "gauge"]
    unit: str
    description: str
    points: Callable[[Statistics], Iterable[Point]]


def _count(name: str) -> Callable[[Statistics], Iterable[Point]]:
    return lambda counts: [(counts.get(name, 0), {})]


def _by_reason(prefix: str) -> Callable[[Statistics], Iterable[Point]]:
    def points(counts: Statistics) -> Iterable[Point]:
        return [
            (value, {"reason": name.removeprefix(prefix)})
            for name, value in counts.items()
            if name.startswith(prefix)
        ]

    return points


def _dropped(counts: Statistics) -> Iterable[Point]:
    lost = {"spool_unreadable": "spool_unreadable", "lost_unencodable": "unencodable"}
    further = [(counts[name], {"reason": lost[name]}) for name in lost if name in counts]
    return [*_by_reason("dropped_")(counts), *further]


def _by_stage(suffix: str) -> Callable[[Statistics], Iterable[Point]]:
    def points(counts: Statistics) -> Iterable[Point]:
        return [
            (counts[f"{prefix}{suffix}"], {"stage": stage})
            for stage, prefix in _STAGES.items()
            if f"{prefix}{suffix}" in counts
        ]

    return points


def _findings(counts: Statistics) -> Iterable[Point]:
    for label, count in counts.get("findings", {}).items():
        category, surface, action = label.split("/")
        yield count, {"category": category, "surface": surface, "action": action}


def _late_drops(counts: Statistics) -> Iterable[Point]:
    return [(count, {"reason": reason}) for reason, count in counts.get("late_drops", {}).items()]


def _withheld(counts: Statistics) -> Iterable[Point]:
    return [(count, {"reason": reason}) for reason, count in counts.get("propagation", {}).items()]


def _not_encrypted(counts: Statistics) -> Iterable[Point]:
    return [(count, {"reason": why}) for why, count in counts.get("not_encrypted", {}).items()]


def _oldest(counts: Statistics) -> Iterable[Point]:
    names = {"encoded": "oldest_seconds", "disk": "spool_oldest_seconds"}
    return [(counts[name], {"stage": stage}) for stage, name in names.items() if name in counts]


def _certificates(counts: Statistics) -> Iterable[Point]:
    now = datetime.datetime.now(datetime.UTC)
    points = []
    for role in ("ca", "client", "server"):
        text = counts.get("tls", {}).get(f"{role}_expires")
        if text is not None:
            left = (datetime.datetime.fromisoformat(text) - now).total_seconds()
            points.append((left, {"certificate": role}))
    return points


INSTRUMENTS: Final = (
    Instrument(
        name="jaeger_guard.spans.scrubbed", kind="counter", unit="{span}",
        description="Spans that were scrubbed.", points=_count("scrubbed"),
    ),
    Instrument(
        name="jaeger_guard.spans.quarantined", kind="counter", unit="{span}",
        description="Spans that could not be scrubbed or encoded: they went on without content.",
        points=_count("quarantined"),
    ),
    Instrument(
        name="jaeger_guard.findings", kind="counter", unit="{finding}",
        description="What was found in spans, by data category, surface and the action taken.",
        points=_findings,
    ),
    Instrument(
        name="jaeger_guard.scrub.time", kind="counter", unit="s",
        description="The processor's time for scrubbing, with encoding where both are done at once.",
        points=_count("scrub_seconds"),
    ),
    Instrument(
        name="jaeger_guard.values.not_encrypted", kind="counter", unit="{value}",
        description="Values that were redacted because they could not be encrypted.",
        points=_not_encrypted,
    ),
    Instrument(
        name="jaeger_guard.spans.minimal", kind="counter", unit="{span}",
        description="Spans that went on without their content, by a sampling decision.",
        points=_count("minimal"),
    ),
    Instrument(
        name="jaeger_guard.spans.dropped_late", kind="counter", unit="{span}",
        description="Spans that a sampling decision dropped after their end.",
        points=_late_drops,
    ),
    Instrument(
        name="jaeger_guard.spans.orphaned", kind="counter", unit="{span}",
        description="Spans that had gone when their parent was dropped.",
        points=_count("orphaned"),
    ),
    Instrument(
        name="jaeger_guard.spans.sent", kind="counter", unit="{span}",
        description="Spans that the backend accepted.", points=_count("sent"),
    ),
    Instrument(
        name="jaeger_guard.spans.rejected", kind="counter", unit="{span}",
        description="Spans that the backend refused for good.", points=_by_reason("rejected_"),
    ),
    Instrument(
        name="jaeger_guard.spans.dropped", kind="counter", unit="{span}",
        description="Spans that were lost here.", points=_dropped,
    ),
    Instrument(
        name="jaeger_guard.export.retries", kind="counter", unit="{request}",
        description="Requests that have to be repeated.", points=_count("retries"),
    ),
    Instrument(
        name="jaeger_guard.queue.spans", kind="level", unit="{span}",
        description="Spans that wait: raw, encoded in memory, or on disk.",
        points=_by_stage("_spans"),
    ),
    Instrument(
        name="jaeger_guard.queue.size", kind="level", unit="By",
        description="Bytes that wait: encoded in memory, or on disk.", points=_by_stage("_bytes"),
    ),
    Instrument(
        name="jaeger_guard.queue.oldest", kind="gauge", unit="s",
        description="Age of what waits longest.", points=_oldest,
    ),
    Instrument(
        name="jaeger_guard.spool.write_failures", kind="counter", unit="{batch}",
        description="Batches that could not be written to the spool, such as to a full disk.",
        points=_count("spool_write_failures"),
    ),
    Instrument(
        name="jaeger_guard.spool.set_aside", kind="counter", unit="{file}",
        description="Files of the spool that were damaged, foreign, or sealed under a lost key.",
        points=_count("spool_files_set_aside"),
    ),
    Instrument(
        name="jaeger_guard.propagation.withheld", kind="counter", unit="{item}",
        description="What was kept from crossing the process boundary beside a request.",
        points=_withheld,
    ),
    Instrument(
        name="jaeger_guard.certificate.remaining", kind="gauge", unit="s",
        description="How long the certificate is still valid; below 0 it isn't.",
        points=_certificates,
    ),
)  # fmt: skip
"""All metrics; docs/metrics.md lists them."""


class _Sources:
    """Whose counts are reported."""

    def __init__(self) -> None:
        self._references: list[weakref.WeakMethod[Callable[[], Statistics]]] = []
        self._is_registered = False
        self._renew_lock()
        call_in_forked_children(self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()

    def add(self, statistics: Callable[[], Statistics]) -> None:
        with self._lock:
            self._references = [known for known in self._references if known() is not None]
            self._references.append(weakref.WeakMethod(statistics))
            if self._is_registered:
                return
            self._is_registered = True
        meter = metrics.get_meter("jaeger_guard", __version__)
        for instrument in INSTRUMENTS:
            create = {
                "counter": meter.create_observable_counter,
                "level": meter.create_observable_up_down_counter,
                "gauge": meter.create_observable_gauge,
            }[instrument.kind]
            create(
                instrument.name,
                [self._callback(instrument)],
                unit=instrument.unit,
                description=instrument.description,
            )

    def _callback(
        self, instrument: Instrument
    ) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_: CallbackOptions) -> Iterable[Observation]:
            try:
                return self._observations(instrument)
            except Exception:  # noqa: BLE001 - the SDK would log it with its traceback
                return []

        return observe

    def _observations(self, instrument: Instrument) -> list[Observation]:
        values: dict[tuple[tuple[str, str], ...], list[float]] = {}
        for reference in self._references:
            statistics = reference()
            if statistics is None:
                continue
            for value, attributes in instrument.points(statistics()):
                values.setdefault(tuple(sorted(attributes.items())), []).append(value)
        # Of several certificates the one that ends first, of several ages the highest.
        combined: Callable[[list[float]], float] = sum
        if instrument.kind == "gauge":
            combined = min if "certificate" in instrument.name else max
        return [Observation(combined(found), dict(key)) for key, found in values.items()]


_SOURCES: Final = _Sources()


def report(statistics: Callable[[], Statistics]) -> None:
    """Report counts as metrics, while their owner lives.

    Args:
        statistics: A bound method that answers what `Guard.statistics()` does.
    """
    _SOURCES.add(statistics)
