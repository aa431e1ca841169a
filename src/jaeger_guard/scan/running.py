"""Run a scan: part by part, with a state that holds no value, so that it can go on where it stopped."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import CompiledPolicy
from jaeger_guard.scan.looking import Looker
from jaeger_guard.scan.source import MOST_TRACES, Keep, Part, Source
from jaeger_guard.scan.tally import Tally
from jaeger_guard.stored import StoredError, Unit, spans_in

_FORMAT: Final = "jaeger_guard scan 1"
_SAVE_SECONDS: Final = 2.0
_LONGEST_STATE: Final = 64 * 1024 * 1024
_MOST_MISSED: Final = 100

Progress = Callable[[Part], None]


@dataclass(slots=True)
class Report:
    """What a scan found.

    Attributes:
        tally: Counts by place.
        missed: What could not be looked at.
        failure: Why the scan ended early; None where it went through.
    """

    tally: Tally
    missed: list[str] = field(default_factory=list)
    failure: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all was looked at."""
        return self.failure is None and not self.missed


def scan(
    source: Source,
    policy: CompiledPolicy,
    *,
    state: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Look through a source.

    Args:
        source: The traces.
        policy: What counts as a finding.
        state: File to note progress in, and to go on from where it is there; it goes when all is done.
        progress: Told of each part.

    Raises:
        ConfigurationError: The state is another scan's, or can't be written.
    """
    looker = Looker(policy)
    saved = _State(state, source.identity, policy.digest)
    report, position = saved.load()
    try:
        for part in source.parts(_look_with(looker), position):
            report.tally.merge(part.tally)
            report.missed += part.missed[: max(0, _MOST_MISSED - len(report.missed))]
            saved.save(report, part.position)
            if progress is not None:
                progress(part)
    except StoredError as error:
        report.failure = str(error)
        saved.save_now()
    except KeyboardInterrupt:
        saved.save_now()
        raise
    else:
        saved.remove()
    return report


def _look_with(looker: Looker) -> Callable[[Iterable[Unit], Keep], tuple[Tally, set[str]]]:
    def look(units: Iterable[Unit], keep: Keep) -> tuple[Tally, set[str]]:
        tally = Tally()
        traces: set[str] = set()
        for unit in units:
            looker.new_unit()
            if unit.kind == "unread":
                tally.unread += 1
            for span in spans_in(unit):
                if len(traces) < MOST_TRACES:
                    traces.add(span.trace_id)
                if keep(span):
                    looker.look(span, tally)
        return tally, traces

    return look


class _State:
    """What a scan has done, in a file."""

    def __init__(self, path: Path | None, identity: Mapping[str, Any], digest: str) -> None:
        self._path = path
        told = json.dumps({"source": identity, "policy": digest}, sort_keys=True)
        self._of = hashlib.sha256(told.encode()).hexdigest()
        self._last = time.monotonic()
        self._latest: dict[str, Any] | None = None
        self._report: Report | None = None

    def load(self) -> tuple[Report, Mapping[str, Any]]:
        if self._path is None:
            return Report(Tally()), {}
        try:
            text = self._path.read_bytes()[:_LONGEST_STATE]
        except FileNotFoundError:
            return Report(Tally()), {}
        except (OSError, ValueError):
            text = b""
        fault = "it isn't the state of a scan"
        try:
            table = json.loads(text)
            if table["format"] == _FORMAT:
                if table["of"] == self._of:
                    report = Report(Tally.from_json(table["tally"]), list(table["missed"]))
                    return report, dict(table["position"])
                fault = "it is the state of another scan: of other sources, times or policy"
        except (KeyError, TypeError, ValueError):
            pass
        raise ConfigurationError(fault, "--state", "Name another file, or remove this one")

    def save(self, report: Report, position: Mapping[str, Any]) -> None:
        self._report = report
        self._latest = {"format": _FORMAT, "of": self._of, "position": dict(position)}
        if time.monotonic() - self._last >= _SAVE_SECONDS:
            self.save_now()

    def save_now(self) -> None:
        if self._path is None or self._latest is None or self._report is None:
            return
        self._last = time.monotonic()
        table = {
            **self._latest,
            "tally": self._report.tally.as_json(),
            "missed": self._report.missed,
        }
        beside = self._path.with_name(self._path.name + ".new")
        try:
            opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(opened, "w", encoding="utf-8") as file:
                json.dump(table, file)
            os.replace(beside, self._path)
            return
        except (OSError, ValueError):
            pass
        what = "the state can't be written"
        raise ConfigurationError(what, "--state", "Name a file in a directory of yours")

    def remove(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)
