"""What a report is made from: policies, the environment, audit files, keys, and a canary's fate."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from jaeger_guard.audit import Head, Record, Verification, read, verify
from jaeger_guard.check import Finding, check_files, check_service
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import Policy
from jaeger_guard.policy.inspection import Inspection
from jaeger_guard.report.canary import Canary

_DAYS: Final = r"([1-9][0-9]{0,3})d"
_MOST_RECORDS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Period:
    """From when until when, in UTC; the end is not in it."""

    start: datetime.datetime
    end: datetime.datetime

    @classmethod
    def parse(cls, text: str, now: datetime.datetime) -> Period:
        """Read `30d`, `2026-11`, or `2026-11-01..2026-11-30`, whose last day is in it.

        Raises:
            ConfigurationError: It is none of these.
        """
        days = re.fullmatch(_DAYS, text)
        if days is not None:
            return cls(now - datetime.timedelta(days=int(days[1])), now)
        try:
            month = re.fullmatch(r"([0-9]{4})-([0-9]{2})", text)
            if month is not None:
                first = datetime.date(int(month[1]), int(month[2]), 1)
                following = (first + datetime.timedelta(days=31)).replace(day=1)
                return cls(_midnight(first), _midnight(following))
            start, dots, end = text.partition("..")
            if dots:
                last = datetime.date.fromisoformat(end) + datetime.timedelta(days=1)
                period = cls(_midnight(datetime.date.fromisoformat(start)), _midnight(last))
                if period.start < period.end:
                    return period
        except (ValueError, OverflowError):
            pass
        raise ConfigurationError(
            "that is no period", "--period", "Write 30d, 2026-11, or 2026-11-01..2026-11-30"
        )

    def holds(self, record: Record) -> bool:
        """Say whether a record was made in it."""
        try:
            moment = datetime.datetime.fromisoformat(record.time)
        except ValueError:
            return False
        if moment.tzinfo is None:
            return False
        return self.start <= moment < self.end

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC)


@dataclass(kw_only=True)
class Inputs:
    """What there is to look at; what is left out is told in the report.

    Attributes:
        policies: The policy in force, as it is loaded.
        environ: The environment of the service.
        period: What is reported on.
        now: When.
        audit: Directories or files of the audit.
        head: A head of the audit that was kept elsewhere.
        public_key: The key that its checkpoints must be signed by.
        previous: The policy that held before, to compare with.
        keys: The key directory.
        deployment: Configuration files of Jaeger and the Collector.
        canary: What became of a planted span; None where none was sent.
        running: What `guard.check()` told in running processes; None where nobody asked them.
    """

    policies: tuple[Policy, ...]
    environ: Mapping[str, str] = field(repr=False)
    period: Period
    now: datetime.datetime
    audit: tuple[Path, ...] = ()
    head: Head | None = None
    public_key: bytes | None = None
    previous: tuple[Policy, ...] | None = None
    keys: Path | None = None
    deployment: tuple[Path, ...] = ()
    canary: Canary | None = None
    running: tuple[Mapping[str, str], ...] | None = None

    @cached_property
    def inspection(self) -> Inspection:
        """The policy, looked into."""
        return Inspection(self.policies)

    @cached_property
    def weaknesses(self) -> list[Finding]:
        """What `check` finds in the environment's configuration."""
        return check_service(self.environ)

    @cached_property
    def deployed(self) -> tuple[list[Finding], list[str]]:
        """What `check` finds in the files of the deployment, and what it could not read."""
        if not self.deployment:
            return [], []
        looked = check_files(self.deployment)
        return looked.findings, [str(fault) for fault in looked.faults]

    @cached_property
    def verification(self) -> Verification | None:
        """Whether the audit's chain is whole; None where there is none, or it can't be read."""
        if not self.audit:
            return None
        try:
            return verify(self.audit, head=self.head, public_key=self.public_key)
        except OSError:
            return None

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """The records of the period, oldest first; the newest where there are very many."""
        if self.verification is None:
            return ()
        found = [record for record in read(self.audit) if self.period.holds(record)]
        return tuple(found[-_MOST_RECORDS:])

    def of(self, *events: str) -> tuple[Record, ...]:
        """Return the records of some events."""
        return tuple(record for record in self.records if record.event in events)

    @cached_property
    def counts(self) -> tuple[Record, ...]:
        """The last counts of each process in the period.

        Counts of a process only grow, so the last ones are all of its; what it had counted before the
        period is among them where it began before. Another process may get the same id, as the first
        of every container does: a start begins anew.
        """
        runs: dict[tuple[object, int], int] = {}
        last: dict[tuple[object, int, int], Record] = {}
        for record in self.of("guard.started", "guard.counts"):
            process = (record.facts.get("service"), record.pid)
            if record.event == "guard.started":
                runs[process] = runs.get(process, 0) + 1
            else:
                last[*process, runs.get(process, 0)] = record
        return tuple(last.values())

    def total(self, *names: str) -> int:
        """Sum counts over all processes."""
        return sum(
            whole(mapping(record.facts.get("counts")).get(name))
            for record in self.counts
            for name in names
        )


def read_running(path: Path, where: str) -> tuple[Mapping[str, str], ...]:
    """Read findings as `check --format json` and `guard.check()` give them.

    Raises:
        ConfigurationError: The file holds something else.
    """
    try:
        given = json.loads(path.read_bytes())
    except (OSError, ValueError):
        given = None
    words = ("id", "severity", "where", "message")
    if isinstance(given, list) and all(
        isinstance(each, dict) and all(isinstance(each.get(word), str) for word in words)
        for each in given
    ):
        return tuple({word: each[word] for word in words} for each in given)
    what = "the file can't be read, or holds no list of findings"
    remedy = "Write json.dumps([finding.as_dict() for finding in guard.check()]) to it"
    raise ConfigurationError(what, where, remedy)


def mapping(value: object) -> Mapping[str, Any]:
    """Return a table of an audit record; an empty one where it is something else."""
    return value if isinstance(value, Mapping) else {}


def whole(value: object) -> int:
    """Return a count of an audit record; 0 where it is something else."""
    return value if type(value) is int else 0
