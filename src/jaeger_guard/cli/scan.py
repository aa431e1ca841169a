"""`jaeger-guard scan`: which personal data and secrets stored traces hold, where, and how often."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jaeger_guard.cli import query_options
from jaeger_guard.cli.command import Command, ExitStatus, Terminal
from jaeger_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from jaeger_guard.scan import JaegerSource, Report
    from jaeger_guard.scan.running import Progress
    from jaeger_guard.scan.source import Source

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DEFAULT_SINCE: Final = "7d"
_COLUMNS: Final = ("category", "service", "operation", "surface", "key", "spans", "first", "last")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        type=Path,
        help="traces: Jaeger JSON, OTLP JSON, a Collector's file export; plain or gzip",
    )
    query_options.add_arguments(parser)
    parser.add_argument(
        "--service", action="append", default=[], metavar="NAME", help="this service only (repeat)"
    )
    parser.add_argument(
        "--since",
        metavar="TIME",
        help=f"from when on: 30m, 12h, 7d, or a time by RFC 3339 (default: {_DEFAULT_SINCE})",
    )
    parser.add_argument("--until", metavar="TIME", help="until when (default: now)")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="traces that one answer of Jaeger's holds (200)"
    )
    parser.add_argument(
        "--policy",
        metavar="P",
        help="what counts as a finding: a preset or a file (default: JAEGER_GUARD_POLICY, else baseline)",
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--rules", type=Path, metavar="FILE", help="write the rules there")
    parser.add_argument(
        "--state", type=Path, metavar="FILE", help="note progress there, and go on from it"
    )
    parser.add_argument("--no-progress", action="store_true", help="show no progress")


def run(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Look through the traces, and report."""
    from jaeger_guard.configuration.environment import POLICY_VARIABLE, policy_named
    from jaeger_guard.policy import compile_policy, load_policy
    from jaeger_guard.scan import rules_for, scan

    if bool(arguments.files) == (arguments.endpoint is not None):
        what = "it is not said where the traces are"
        raise ConfigurationError(what, "jaeger-guard scan", "Name files, or --endpoint URL")
    named, where = arguments.policy, "--policy"
    if named is None:
        named, where = policy_named(os.environ), POLICY_VARIABLE
    policy = compile_policy(load_policy(named, where))
    source, close = _source(arguments)
    try:
        with _Progress(shown=not arguments.no_progress) as progress:
            report = scan(source, policy, state=arguments.state, progress=progress)
    finally:
        close()
    rules = rules_for(report.tally.groups, _extends(named))
    if arguments.rules is not None:
        _write(arguments.rules, rules)
    if arguments.format == "json":
        terminal.write(json.dumps(_as_json(report, rules), indent=2))
    else:
        _show(report, rules if arguments.rules is None else "", terminal)
    for missed in (*report.missed, *([report.failure] if report.failure else [])):
        terminal.complain(f"jaeger-guard scan: {_printable(missed)}")
    if report.tally.groups:
        return ExitStatus.FAILED
    return ExitStatus.DONE if report.is_complete else ExitStatus.USAGE


def _source(arguments: argparse.Namespace) -> tuple[Source, Any]:
    from jaeger_guard.scan import FileSource

    if arguments.files:
        return FileSource(arguments.files), lambda: None
    from jaeger_guard.stored.query import QueryApi

    api = QueryApi(query_options.endpoint_of(arguments))
    return _of_jaeger(arguments, api), api.close


def _of_jaeger(arguments: argparse.Namespace, api: Any) -> JaegerSource:
    from jaeger_guard.scan import JaegerSource
    from jaeger_guard.scan.jaeger import DEFAULT_LIMIT

    now = time.time_ns()
    start = _moment(arguments.since or _DEFAULT_SINCE, "--since", now)
    end = now if arguments.until is None else _moment(arguments.until, "--until", now)
    limit = DEFAULT_LIMIT if arguments.limit is None else arguments.limit
    if start >= end or limit < 1:
        what = "nothing would be looked at"
        raise ConfigurationError(what, "--since, --until, --limit", "Give a time before --until")
    return JaegerSource(
        api,
        api.address,
        start=start,
        end=end,
        services=arguments.service,
        window=f"{arguments.since or _DEFAULT_SINCE} {arguments.until or ''}",
        limit=limit,
    )


def _moment(text: str, where: str, now: int) -> int:
    ago = re.fullmatch(r"([0-9]{1,6})([smhdw])", text)
    if ago is not None:
        return now - int(ago[1]) * _UNITS[ago[2]] * 1_000_000_000
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None:
        raise ConfigurationError("that is no time", where, "Write 12h, 7d or 2026-11-26T00:00:00Z")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return int(moment.timestamp()) * 1_000_000_000


def _extends(named: str) -> list[str]:
    from jaeger_guard.policy.loading import is_path

    parts = [part.strip() for part in named.split(",")]
    return [str(Path(part).expanduser().absolute()) if is_path(part) else part for part in parts]


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
        return
    except (OSError, ValueError):
        pass
    raise ConfigurationError("the file can't be written", "--rules", "Name another file")


def _as_json(report: Report, rules: str) -> dict[str, object]:
    return {
        "findings": [
            {
                "category": place.category,
                "service": place.service,
                "operation": place.operation,
                "surface": place.surface,
                "key": place.key,
                "count": group.count,
                "first_seen": _written(group.first),
                "last_seen": _written(group.last),
            }
            for place, group in sorted(report.tally.groups.items())
        ],
        "spans": report.tally.spans,
        "complete": report.is_complete,
        "missed": [*report.missed, *([report.failure] if report.failure else [])],
        "rules": rules,
    }


def _show(report: Report, rules: str, terminal: Terminal) -> None:
    found = sorted(report.tally.groups.items())
    rows = [
        (
            *(_printable(text) for text in (
                place.category, place.service, place.operation, place.surface, place.key,
            )),
            str(group.count),
            _written(group.first),
            _written(group.last),
        )
        for place, group in found
    ]  # fmt: skip
    if rows:
        _write_table(rows, terminal)
    told = "nothing found" if not rows else f"found in {len(rows)} places"
    terminal.write(f"{report.tally.spans} spans looked through: {told}.")
    if rows and rules:
        terminal.write(f"\n# A policy that would have stopped each:\n\n{rules}")


def _write_table(rows: Sequence[tuple[str, ...]], terminal: Terminal) -> None:
    if sys.stdout.isatty():
        try:
            from rich.console import Console
            from rich.table import Table
            from rich.text import Text
        except ImportError:
            pass
        else:
            table = Table(*_COLUMNS)
            for row in rows:
                table.add_row(*(Text(cell) for cell in row))
            Console().print(table)
            return
    lines = [_COLUMNS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        terminal.write("  ".join(cells).rstrip())


def _printable(text: str) -> str:
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def _written(nanoseconds: int) -> str:
    try:
        moment = datetime.datetime.fromtimestamp(nanoseconds // 1_000_000_000, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return "?"
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class _Progress:
    """A bar on the terminal, where there is one and the extra `cli` draws it."""

    def __init__(self, *, shown: bool) -> None:
        self._bar: Any = None
        if not shown or not sys.stderr.isatty():
            return
        try:
            from rich.console import Console
            from rich.progress import Progress as Bar
        except ImportError:
            return
        self._bar = Bar(console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=1.0)

    def __enter__(self) -> Progress | None:
        if self._bar is None:
            return None
        self._bar.start()
        return lambda part: self._bar.update(
            self._task, completed=part.done, description=_printable(part.doing)
        )

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


COMMAND: Final = Command(
    name="scan",
    summary="find personal data and secrets in stored traces",
    description=(
        "Look through stored traces, in files or in a Jaeger, and report which categories of personal"
        " data and secrets they hold: where, how often, since when, and the rules that would have"
        " stopped them; never a value. Exit 0: nothing found; 1: something; 2: it could not look."
    ),
    add_arguments=add_arguments,
    run=run,
)
