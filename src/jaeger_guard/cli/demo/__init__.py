"""`jaeger-guard demo`: run a small shop without a guard and with it, and show what leaves.

The shop and its visitors are real programs under the real instrumentors, and run twice, each time
in a process of its own. A receiver with TLS in this process takes in both runs' spans, which are
searched for what was planted. The run without a guard is the control: where a planted value did
not arrive even there, not finding it proves nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jaeger_guard.cli.command import Command, ExitStatus, Terminal
from jaeger_guard.errors import ConfigurationError, MissingExtraError

if TYPE_CHECKING:
    from jaeger_guard.cli.demo.comparison import Comparison
    from jaeger_guard.cli.demo.rehearsal import Run
    from jaeger_guard.export import ResolvedExport

_NEEDED: Final = (
    "flask",
    "requests",
    "rich",
    "sqlalchemy",
    "trustme",
    "opentelemetry.instrumentation.flask",
    "opentelemetry.instrumentation.logging",
    "opentelemetry.instrumentation.requests",
    "opentelemetry.instrumentation.sqlalchemy",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--html", metavar="FILE", type=Path, help="write it as a page, too")
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        help="send the guarded spans on to a real Jaeger or collector, such as https://jaeger:4317",
    )
    parser.add_argument(
        "--ca-file",
        metavar="FILE",
        help="PEM file of the CA that signed the endpoint's certificate",
    )
    parser.add_argument(
        "--protocol",
        choices=("grpc", "http/protobuf"),
        help="of the endpoint (default: by its port, else OTEL_EXPORTER_OTLP_PROTOCOL, else grpc)",
    )


def run(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Run the shop twice, show both, and judge."""
    _check(arguments)
    from jaeger_guard.cli.demo import delivery, page, table
    from jaeger_guard.cli.demo.comparison import compare
    from jaeger_guard.cli.demo.rehearsal import RunFailed, rehearse

    settings = None
    if arguments.endpoint is not None:
        settings = delivery.destination(arguments.endpoint, arguments.ca_file, arguments.protocol)
    try:
        plain, guarded = rehearse()
    except RunFailed as error:
        terminal.complain(f"jaeger-guard demo: {error}")
        return ExitStatus.FAILED
    comparison = compare(plain, guarded)

    table.show(comparison, table.console())
    terminal.write(_summary(comparison))
    if arguments.html is not None:
        _write(arguments.html, page.render(comparison))
        terminal.write(f"page: {arguments.html}")
    delivered = True
    if settings is not None:
        delivered = _deliver(guarded, comparison, settings, terminal)
    terminal.write(comparison.closing_line)
    return ExitStatus.DONE if comparison.passed and delivered else ExitStatus.FAILED


def _check(arguments: argparse.Namespace) -> None:
    for name in _NEEDED:
        if not _is_there(name):
            raise MissingExtraError("the demo", "demo", "jaeger-guard demo")
    if arguments.endpoint is None and (arguments.ca_file or arguments.protocol):
        raise ConfigurationError(
            "there is no endpoint that these would be for",
            "--ca-file, --protocol",
            "Name one with --endpoint",
        )
    if arguments.html is not None and not arguments.html.parent.is_dir():
        raise ConfigurationError(
            "its folder does not exist", f"--html {arguments.html}", "Create it first"
        )


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the package around it is not there
        return False


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"it can't be written ({error.strerror})", f"--html {path}", "Name another file"
        ) from None


def _summary(comparison: Comparison) -> str:
    rows = list(comparison.rows)
    changed = [row for row in rows if row.changed]
    needless = sum(not row.held_planted for row in changed)
    lines = [
        f"spans: {comparison.spans} without the guard, {comparison.missing} of them missing with it",
        f"values: {len(rows)}, {len(rows) - len(changed)} of them left as they were",
        f"values changed though nothing was planted in them: {needless}",
    ]
    if comparison.added:
        lines.append(f"spans that left with the guard alone: {comparison.added}")
    if comparison.leaked:
        labels = ", ".join(planted.label for planted in comparison.leaked)
        lines.append(f"LEAKED with the guard: {labels}")
    if comparison.unproven:
        labels = ", ".join(planted.label for planted in comparison.unproven)
        lines.append(
            f"NOT PROVEN: did not leave even without the guard, so the search proves nothing: {labels}"
        )
    return "\n".join(lines)


def _deliver(
    guarded: Run, comparison: Comparison, settings: ResolvedExport, terminal: Terminal
) -> bool:
    from jaeger_guard.cli.demo import delivery

    if comparison.leaked:
        terminal.write("endpoint: nothing was sent on, because something has leaked")
        return False
    delivered = delivery.deliver(guarded, comparison, settings)
    terminal.write(
        f"endpoint: {settings.endpoint.address} has "
        + ("taken all guarded spans" if delivered else "NOT taken all guarded spans")
    )
    return delivered


COMMAND: Final = Command(
    name="demo",
    summary="show what leaves a small shop without the guard, and with it",
    description=(
        "Runs a small shop under the real OpenTelemetry instrumentors, without the guard and with "
        "it, and shows span by span what left. Exits 1 where anything leaked or a span is missing."
    ),
    add_arguments=add_arguments,
    run=run,
)
