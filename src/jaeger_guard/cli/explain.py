"""`jaeger-guard explain`: say what a policy does with one value under a key, and why.

The value comes from standard input, so that it reaches neither the shell's history nor `ps`, and is
shown nowhere: neither in the answer nor in an error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Final

from jaeger_guard.cli import explain_span
from jaeger_guard.cli.command import Command, ExitStatus, Terminal
from jaeger_guard.errors import ConfigurationError

_LONGEST: Final = 16 * 1024 * 1024  # bytes; no attribute has more


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "key", metavar="KEY", nargs="?", help="the attribute's key, such as http.url"
    )
    parser.add_argument(
        "--policy",
        metavar="P",
        help="a preset's name or a policy file (default: JAEGER_GUARD_POLICY, else baseline)",
    )
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    explain_span.add_arguments(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Read the value, and explain."""
    from jaeger_guard.policy import compile_policy, load_policy
    from jaeger_guard.scrubber import Scrubber

    if (arguments.key is None) == (arguments.span is None):
        raise ConfigurationError(
            "it is not said what to explain", "jaeger-guard explain", "Give a KEY, or --span NAME"
        )
    named, where = _policy(arguments.policy)
    policy = compile_policy(load_policy(named, where))  # before anything is asked for
    scrubber = Scrubber(policy)
    value = _value()
    try:
        if arguments.span is not None:
            return explain_span.explain(arguments, terminal, policy, value)
        explanation = scrubber.explain(arguments.key, value)
    except ConfigurationError:
        raise
    except Exception:  # noqa: BLE001 - its text may hold the value
        terminal.complain("jaeger-guard explain: the value could not be looked at; it is withheld")
        return ExitStatus.FAILED
    if arguments.json:
        terminal.write(json.dumps(explanation.as_dict(), indent=2))
    else:
        terminal.write(explain_span.printable(str(explanation)))
    return ExitStatus.DONE


def _policy(argument: str | None) -> tuple[str, str]:
    """Return which policy is meant, and where that was said."""
    from jaeger_guard.configuration.environment import POLICY_VARIABLE, policy_named

    if argument is not None:
        return argument, "--policy"
    return policy_named(os.environ), POLICY_VARIABLE


def _value() -> str:
    """Read the value from standard input, without the line's end that `echo` adds."""
    if sys.stdin is None or sys.stdin.closed:
        raise ConfigurationError(
            "there is no standard input", "jaeger-guard explain", "Send the value to it"
        )
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass("Value (it is not shown): ")
    raw = sys.stdin.buffer.read(_LONGEST + 1)
    if len(raw) > _LONGEST:
        raise ConfigurationError(
            "the value is longer than 16 MiB", "standard input", "Send one attribute's value alone"
        )
    text = raw.decode("utf-8", "replace")
    return text.removesuffix("\n").removesuffix("\r")


COMMAND: Final = Command(
    name="explain",
    summary="say what becomes of a value under a key, and why",
    description=(
        "Say which rule, format, detector and validator act on a value under KEY, which looked at it"
        " and refused, and why. The value is read from standard input and shown nowhere. With --span,"
        " say what sampling decides about a span, and what becomes of its name and attributes."
    ),
    add_arguments=add_arguments,
    run=run,
)
