"""`jaeger-guard render`: write the configuration of a Jaeger, a Collector … that a policy asks for."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jaeger_guard.cli.command import Command, ExitStatus, Terminal
from jaeger_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from jaeger_guard.render import Rendering


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare a subcommand per target, each with options of its own."""
    from jaeger_guard.render import targets

    parser.set_defaults(target=None)
    subparsers = parser.add_subparsers(title="targets", metavar="TARGET")
    for target in targets():
        subparser = subparsers.add_parser(
            target.name, help=target.summary, description=target.summary
        )
        subparser.add_argument(
            "--policy",
            metavar="P",
            help="a preset's name or a policy file (default: JAEGER_GUARD_POLICY, else baseline)",
        )
        subparser.add_argument(
            "--output",
            metavar="DIR",
            type=Path,
            help="write all files there (default: the main one to standard output)",
        )
        target.add_arguments(subparser)
        subparser.set_defaults(target=target)


def run(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Render, and write."""
    from jaeger_guard.configuration.environment import POLICY_VARIABLE, policy_named
    from jaeger_guard.policy import compile_policy, load_policy
    from jaeger_guard.render import Source, Target, targets

    target: Target | None = arguments.target
    if target is None:
        names = ", ".join(each.name for each in targets())
        raise ConfigurationError(
            "no target is named", "jaeger-guard render", f"Name one of {names}"
        )
    named, where = arguments.policy, "--policy"
    if named is None:
        named, where = policy_named(os.environ), POLICY_VARIABLE
    policies = load_policy(named, where)
    source = Source(policies=policies, compiled=compile_policy(policies))
    rendering = target.render(source, arguments)
    if arguments.output is None:
        _show(rendering, terminal)
    else:
        _write(rendering, arguments.output, terminal)
    for note in rendering.notes:
        terminal.complain(f"note: {note}")
    return ExitStatus.DONE


def _show(rendering: Rendering, terminal: Terminal) -> None:
    main, *others = rendering.files
    terminal.write(main.text.rstrip("\n"))
    if others:
        names = ", ".join(file.name for file in others)
        terminal.complain(f"not shown: {names}; --output DIR writes all files")


def _write(rendering: Rendering, directory: Path, terminal: Terminal) -> None:
    failed = ""
    for file in rendering.files:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / file.name).write_text(file.text, encoding="utf-8", newline="\n")
        except (OSError, ValueError) as error:
            failed = type(error).__name__
            break
        terminal.write(f"wrote {file.name}")
    if failed:
        raise ConfigurationError(
            f"files can't be written there ({failed})", "--output", "Name a directory to write to"
        )


COMMAND: Final = Command(
    name="render",
    summary="write configuration for a Jaeger or a Collector from the policy",
    description=(
        "Render the configuration that a policy asks for. No secret is ever written: files refer to"
        " environment variables, files and Secrets."
    ),
    add_arguments=add_arguments,
    run=run,
)
