"""The program `jaeger-guard`: finds the command that was asked for, and runs it."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from typing import Final

from jaeger_guard.cli.command import Command, ExitStatus, Terminal
from jaeger_guard.errors import ConfigurationError

# One module of this package each; what a command needs beyond its arguments, its `run` imports.
_COMMANDS: Final = (
    "audit",
    "check",
    "demo",
    "explain",
    "keys",
    "policy",
    "render",
    "report",
    "reveal",
    "scan",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        argv: Its arguments; None: those of the process.

    Returns:
        The exit status: 0 done, 1 not as promised, 2 a wrong argument or setting.
    """
    terminal = Terminal()
    parser = _parser()
    arguments = parser.parse_args(argv)
    command: Command | None = arguments.command
    if command is None:
        terminal.complain(parser.format_help().rstrip())
        return ExitStatus.USAGE
    try:
        return command.run(arguments, terminal)
    except ConfigurationError as error:
        terminal.complain(f"jaeger-guard: {error}")
        return ExitStatus.USAGE
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jaeger-guard",
        description="Scrubs personal data and secrets from OpenTelemetry spans.",
    )
    parser.add_argument("--version", action=_Version)
    parser.set_defaults(command=None)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name in _COMMANDS:
        command: Command = importlib.import_module(f"jaeger_guard.cli.{name}").COMMAND
        subparser = subparsers.add_parser(
            command.name, help=command.summary, description=command.description
        )
        command.add_arguments(subparser)
        subparser.set_defaults(command=command)
    return parser


class _Version(argparse.Action):
    """`--version`: this package's, and that of the SDK that it guards."""

    def __init__(self, option_strings: Sequence[str], dest: str, **_: object) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the versions, and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        from jaeger_guard import __version__

        Terminal().write(
            f"jaeger-guard {__version__} (OpenTelemetry {version('opentelemetry-sdk')})"
        )
        parser.exit()
