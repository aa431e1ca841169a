"""`jaeger-guard check`: look for weaknesses in files, endpoints, or this service's own configuration."""

from __future__ import annotations

import argparse
import datetime
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jaeger_guard.cli.command import Command, ExitStatus, Terminal
from jaeger_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from jaeger_guard.check import Finding, Looked
    from jaeger_guard.check.live.connection import Client

_SEVERITIES: Final = ("info", "low", "medium", "high", "critical")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        type=Path,
        help="a configuration of Jaeger or the Collector, Kubernetes manifests, a Compose file",
    )
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        action="append",
        default=[],
        help="a live endpoint to ask, such as https://jaeger:16686; may be repeated",
    )
    parser.add_argument(
        "--service",
        action="store_true",
        help="look at this environment's configuration too (done where nothing else is named)",
    )
    parser.add_argument("--format", choices=("table", "json", "sarif"), default="table")
    parser.add_argument(
        "--fail-on",
        choices=_SEVERITIES,
        default="medium",
        metavar="SEVERITY",
        help=f"the severity from which the exit status is 1: {', '.join(_SEVERITIES)} (medium)",
    )
    parser.add_argument(
        "--baseline", metavar="FILE", type=Path, help="findings that were accepted, as TOML"
    )
    parser.add_argument(
        "--cert-file",
        metavar="FILE",
        type=Path,
        help="a client certificate to show to endpoints, to see whether that alone opens them",
    )
    parser.add_argument("--key-file", metavar="FILE", type=Path, help="its private key")
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=float,
        default=5.0,
        help="for one connection to an endpoint (5)",
    )


def run(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Look, and tell."""
    from jaeger_guard.check import Severity, rules
    from jaeger_guard.check.baseline import Baseline

    baseline = None
    if arguments.baseline is not None:
        baseline = Baseline.load(arguments.baseline, (rule.id for rule in rules()))
    try:
        looked = _look(arguments)
    except ConfigurationError:
        raise
    except Exception as error:  # noqa: BLE001 - its text may quote what was looked at
        terminal.complain(f"jaeger-guard: could not look ({type(error).__name__})")
        return ExitStatus.USAGE
    findings = looked.findings
    if baseline is not None:
        findings = baseline.apply(findings, datetime.datetime.now(datetime.UTC).date())
    if findings or not looked.faults or arguments.format != "table":
        _tell(findings, arguments.format, terminal)
    for fault in looked.faults:
        terminal.complain(f"jaeger-guard: could not look: {_printable(str(fault))}")
    if looked.faults:
        return ExitStatus.USAGE
    worst = max((finding.severity.rank for finding in findings), default=-1)
    fails = worst >= Severity(arguments.fail_on).rank
    return ExitStatus.FAILED if fails else ExitStatus.DONE


def _look(arguments: argparse.Namespace) -> Looked:
    from jaeger_guard.check import Looked, check_endpoints, check_files, check_service

    if not 0 < arguments.timeout <= 60:
        raise ConfigurationError("not between 0 and 60 seconds", "--timeout", "Set one such as 5")
    parts: list[Looked] = []
    if arguments.files:
        parts.append(check_files(arguments.files))
    if arguments.endpoint:
        client = _client(arguments.cert_file, arguments.key_file)
        parts.append(check_endpoints(arguments.endpoint, client, timeout=arguments.timeout))
    if arguments.service or not parts:
        parts.append(Looked(check_service(os.environ)))
    return Looked(
        [finding for part in parts for finding in part.findings],
        [fault for part in parts for fault in part.faults],
    )


def _client(cert_file: Path | None, key_file: Path | None) -> Client:
    from jaeger_guard.check.live.connection import Client
    from jaeger_guard.export.tls import TlsSettings, load_material

    if cert_file is not None or key_file is not None:
        origins = {"cert_file": "--cert-file", "key_file": "--key-file"}
        load_material(TlsSettings(cert_file=cert_file, key_file=key_file), origins)
    return Client(cert_file=cert_file, key_file=key_file)


def _tell(findings: Sequence[Finding], form: str, terminal: Terminal) -> None:
    if form == "json":
        terminal.write(json.dumps([finding.as_dict() for finding in findings], indent=2))
    elif form == "sarif":
        from jaeger_guard import __version__
        from jaeger_guard.check.sarif import as_sarif

        terminal.write(json.dumps(as_sarif(findings, __version__), indent=2))
    elif not findings:
        terminal.write("nothing found")
    else:
        _table(findings, terminal)


def _table(findings: Sequence[Finding], terminal: Terminal) -> None:
    try:
        from rich.box import SIMPLE
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        for finding in findings:
            terminal.write(
                f"{finding.severity.value.upper():8} {finding.id}\n"
                f"         {_printable(finding.where)}: {_printable(finding.message)}\n"
                f"         -> {_printable(finding.remedy)}"
            )
        return
    colours = {
        "critical": "bold red",
        "high": "red",
        "medium": "yellow",
        "low": "cyan",
        "info": "dim",
    }
    table = Table(show_lines=True, box=SIMPLE)
    table.add_column("severity", no_wrap=True)
    table.add_column("what, where, and what to do", overflow="fold")
    for finding in findings:
        severity = finding.severity.value
        told = Text(_printable(finding.message), style="bold")
        told.append(f"\n{_printable(finding.where)}", style="cyan not bold")
        told.append(f"\n{_printable(finding.remedy)} ({finding.id})", style="not bold")
        table.add_row(Text(severity, style=colours[severity]), told)
    console = Console()
    with console.capture() as captured:
        console.print(table)
    terminal.write(captured.get().rstrip("\n"))


def _printable(text: str) -> str:
    """Show what a file holds, such as a name, without characters that would steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


COMMAND: Final = Command(
    name="check",
    summary="look for weaknesses in a deployment, endpoints, or this service",
    description=(
        "Look for weaknesses in configuration files of Jaeger and the Collector, in Kubernetes"
        " manifests and Compose files, in live endpoints; without any of them, in what environment and"
        " policy make of this service. Exit status: 0 nothing at the severity of --fail-on, 1"
        " something, 2 it could not look."
    ),
    add_arguments=add_arguments,
    run=run,
)
