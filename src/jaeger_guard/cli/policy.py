"""`jaeger-guard policy lint|show|diff`: look over a policy, show what it comes to, compare two."""

from __future__ import annotations

import argparse
import json
import os
from typing import TYPE_CHECKING, Final

from jaeger_guard.cli.command import Command, ExitStatus, Terminal

if TYPE_CHECKING:
    from jaeger_guard.policy import Policy

_SEVERITIES: Final = ("info", "low", "medium", "high", "critical")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    commands = parser.add_subparsers(dest="policy_command", metavar="lint|show|diff", required=True)
    lint = commands.add_parser("lint", help="say what is refused, has ended, or never decides")
    lint.add_argument("policy", nargs="?", metavar="POLICY", help=_POLICY)
    lint.add_argument(
        "--fail-on",
        choices=_SEVERITIES,
        default="medium",
        help="the least severity that makes the status 1 (default: medium)",
    )
    show = commands.add_parser("show", help="show what all rules come to, and why")
    show.add_argument("policy", nargs="?", metavar="POLICY", help=_POLICY)
    diff = commands.add_parser("diff", help="say what is weaker or stronger in the second")
    diff.add_argument("first", metavar="A", help="a policy")
    diff.add_argument("second", metavar="B", help="another")
    for command in (lint, show, diff):
        command.add_argument(
            "--format", choices=("text", "json"), default="text", help="(default: text)"
        )


_POLICY: Final = "presets' names or paths (default: JAEGER_GUARD_POLICY, else baseline)"


def run(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Run the command that was asked for."""
    commands = {"lint": _lint, "show": _show, "diff": _diff}
    return commands[arguments.policy_command](arguments, terminal)


def _load(named: str | None, where: str) -> tuple[Policy, ...]:
    from jaeger_guard.configuration.environment import POLICY_VARIABLE, policy_named
    from jaeger_guard.policy import load_policy

    if named is None:
        return load_policy(policy_named(os.environ), POLICY_VARIABLE)
    return load_policy(named, where)


def _lint(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    from jaeger_guard.policy.lints import lint_policy

    found = lint_policy(_load(arguments.policy, "POLICY"))
    if arguments.format == "json":
        terminal.write(json.dumps([lint.as_dict() for lint in found], indent=2))
    else:
        for lint in found:
            terminal.write(f"{lint.severity}: {lint.where}: {lint.message} ({lint.id})")
            terminal.write(f"    {lint.remedy}. {lint.source}")
        if not found:
            terminal.write("nothing to say")
    grave = _SEVERITIES.index(arguments.fail_on)
    if any(_SEVERITIES.index(lint.severity) >= grave for lint in found):
        return ExitStatus.FAILED
    return ExitStatus.DONE


def _show(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    from jaeger_guard.policy import display
    from jaeger_guard.policy.inspection import Inspection

    inspection = Inspection(_load(arguments.policy, "POLICY"))
    if arguments.format == "json":
        terminal.write(json.dumps(display.as_dict(inspection), indent=2))
    else:
        terminal.write("\n".join(display.as_text(inspection)))
    return ExitStatus.DONE


def _diff(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    from jaeger_guard.policy.difference import compare
    from jaeger_guard.policy.inspection import Inspection

    first, second = (
        Inspection(_load(named, where))
        for named, where in ((arguments.first, "A"), (arguments.second, "B"))
    )
    found = compare(first, second)
    if arguments.format == "json":
        terminal.write(
            json.dumps(
                {
                    "before": first.compiled.digest,
                    "after": second.compiled.digest,
                    "differences": [difference.as_dict() for difference in found],
                },
                indent=2,
            )
        )
    else:
        for difference in found:
            terminal.write(
                f"{difference.becomes}: {difference.where}: {difference.before} -> {difference.after}"
            )
        if not found:
            terminal.write("no difference")
    return ExitStatus.FAILED if found else ExitStatus.DONE


COMMAND: Final = Command(
    name="policy",
    summary="look over a policy, show what it comes to, compare two",
    description=(
        "lint: what is refused, which exceptions have ended or will soon, where presets disagree and which"
        " of them holds, which rules never decide; the status is 1 where something of the asked severity"
        " was found. show: what is done with each category and key, by which rule, for which clause. diff:"
        " what is weaker or stronger in B; the status is 1 where anything is. A policy that can't be read"
        " gives 2."
    ),
    add_arguments=add_arguments,
    run=run,
)
