"""What private keys are sealed by, as a command is told: a passphrase, or a key in a file."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jaeger_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from jaeger_guard.keys.sealing import Seal

PASSPHRASE_VARIABLE: Final = "JAEGER_GUARD_KEY_PASSPHRASE"


def add_seal_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what a private key is opened with."""
    parser.add_argument(
        "--seal-key-file",
        metavar="FILE",
        type=Path,
        help="a key of 32 bytes as base64, in place of a passphrase "
        f"(default: the passphrase in {PASSPHRASE_VARIABLE}, else it is asked for)",
    )


def chosen_seal(arguments: argparse.Namespace, *, is_new: bool = False) -> Seal:
    """Return what private keys are sealed by; a passphrase is asked for when it is needed first.

    Args:
        arguments: Those of the command.
        is_new: Whether a passphrase seals something for the first time: then it is asked for twice.

    Raises:
        ConfigurationError: The key file can't be used.
    """
    from jaeger_guard.keys.sealing import Passphrase, SealingKey
    from jaeger_guard.keys.secrets import key_of_file

    if arguments.seal_key_file is not None:
        return SealingKey(key_of_file(arguments.seal_key_file, "--seal-key-file"))
    return Passphrase(lambda: _passphrase(is_new=is_new))


def _passphrase(*, is_new: bool) -> str:
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is not None:
        return _checked(given, PASSPHRASE_VARIABLE) if is_new else given
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        raise ConfigurationError(
            "there is no terminal to ask for the passphrase at",
            "jaeger-guard keys",
            f"Set {PASSPHRASE_VARIABLE}, or give --seal-key-file",
        )
    from getpass import getpass

    passphrase = getpass("Passphrase: ")
    if is_new and getpass("Once more: ") != _checked(passphrase, "passphrase"):
        raise ConfigurationError("the two differ", "passphrase", "Try again")
    return passphrase


def _checked(passphrase: str, where: str) -> str:
    from jaeger_guard.keys.sealing import SHORTEST_PASSPHRASE

    if len(passphrase) < SHORTEST_PASSPHRASE:
        what = f"it has less than {SHORTEST_PASSPHRASE} characters"
        raise ConfigurationError(what, where, "Choose a longer one, such as five random words")
    return passphrase
