"""`jaeger-guard report`: what was observed of a guard in a period, for who has to show it."""

from __future__ import annotations

import argparse
import datetime
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jaeger_guard.cli import query_options
from jaeger_guard.cli.command import Command, ExitStatus, Terminal
from jaeger_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from jaeger_guard.audit import Head
    from jaeger_guard.policy import Policy
    from jaeger_guard.report import Canary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--period",
        default="30d",
        metavar="TIME",
        help="30d, 2026-11, or 2026-11-01..2026-11-30 (default: 30d)",
    )
    parser.add_argument("--format", choices=("html", "json", "markdown"), default="html")
    parser.add_argument("--output", type=Path, metavar="FILE", help="(default: standard output)")
    parser.add_argument(
        "--policy",
        metavar="P",
        help="presets' names or paths (default: JAEGER_GUARD_POLICY, else baseline)",
    )
    parser.add_argument("--previous", metavar="P", help="the policy before, to compare with")
    parser.add_argument(
        "--audit",
        action="append",
        type=Path,
        default=[],
        metavar="PATH",
        help="the audit's directory or files (default: the one that is configured)",
    )
    parser.add_argument("--head", metavar="HEAD", help="a head of the audit, kept elsewhere")
    parser.add_argument("--public-key", type=Path, metavar="FILE", help="the audit's public key")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="the key directory")
    parser.add_argument(
        "--deployment",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="a configuration of Jaeger or the Collector; may be repeated",
    )
    parser.add_argument(
        "--running",
        type=Path,
        metavar="FILE",
        help="what guard.check() told in a running process, as JSON",
    )
    parser.add_argument(
        "--canary",
        action="store_true",
        help="send a planted span by this environment's export, and look for it at --endpoint",
    )
    query_options.add_arguments(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Look at everything, and write it down."""
    from jaeger_guard.report import FORMATS, Inputs, Period, make_report, read_running

    now = datetime.datetime.now(datetime.UTC)
    period = Period.parse(arguments.period, now)
    policies = _policy(arguments.policy, "--policy")
    inputs = Inputs(
        policies=policies,
        environ=os.environ,
        period=period,
        now=now,
        audit=tuple(arguments.audit) or _configured_audit(policies),
        head=_head(arguments.head),
        public_key=_public_key(arguments.public_key),
        previous=None if arguments.previous is None else _policy(arguments.previous, "--previous"),
        keys=arguments.keys,
        deployment=tuple(arguments.deployment),
        canary=_canary(arguments, policies),
        running=None if arguments.running is None else read_running(arguments.running, "--running"),
    )
    report = make_report(inputs)
    text = FORMATS[arguments.format](report)
    if arguments.output is None:
        terminal.write(text.rstrip("\n"))
    else:
        _write(arguments.output, text)
        terminal.complain(
            f"{len(report.attention)} facts need attention, {len(report.unseen)} could not be seen"
        )
    failed = inputs.canary is not None and not inputs.canary.passed
    broken = inputs.verification is not None and not inputs.verification.is_whole
    return ExitStatus.FAILED if failed or broken else ExitStatus.DONE


def _policy(named: str | None, where: str) -> tuple[Policy, ...]:
    from jaeger_guard.configuration.environment import POLICY_VARIABLE, policy_named
    from jaeger_guard.policy import load_policy

    if named is None:
        return load_policy(policy_named(os.environ), POLICY_VARIABLE)
    return load_policy(named, where)


def _configured_audit(policies: tuple[Policy, ...]) -> tuple[Path, ...]:
    from jaeger_guard.configuration.audits import resolve_audit
    from jaeger_guard.policy import compile_policy

    found = resolve_audit(compile_policy(policies).audit, os.environ)
    if found is None or found[0].directory is None:
        return ()
    return (Path(found[0].directory),)


def _head(text: str | None) -> Head | None:
    from jaeger_guard.audit import Head

    if text is None:
        return None
    head = Head.parse(text)
    if head is None:
        remedy = "Give what `jaeger-guard audit head` printed"
        raise ConfigurationError("that is no head of an audit", "--head", remedy)
    return head


def _public_key(path: Path | None) -> bytes | None:
    if path is None:
        return None
    from jaeger_guard.audit.signing import load_public

    return load_public(path, "--public-key")


def _canary(arguments: argparse.Namespace, policies: tuple[Policy, ...]) -> Canary | None:
    if not arguments.canary:
        return None
    if arguments.endpoint is None:
        what = "it is not said where the canary is looked for"
        raise ConfigurationError(what, "--canary", "Give the query API by --endpoint URL")
    from jaeger_guard.report import send_canary
    from jaeger_guard.stored.query import QueryApi

    given: Any = None if arguments.policy is None else list(policies)
    with QueryApi(query_options.endpoint_of(arguments)) as api:
        return send_canary(os.environ, api, given)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
        return
    except (OSError, ValueError):
        pass
    raise ConfigurationError("the file can't be written", "--output", "Name another file")


COMMAND: Final = Command(
    name="report",
    summary="write down what was observed, for an auditor",
    description=(
        "Write down what was observed in a period: the policy and its clauses, findings, what failed closed,"
        " handshakes and certificates, keys, retention, exceptions, a canary, gaps, and the audit's chain."
        " What could not be seen is told. The status is 1 where the canary failed or the chain isn't whole."
    ),
    add_arguments=add_arguments,
    run=run,
)
