"""What a command is: its name, its arguments, and what it does with them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum


class ExitStatus(IntEnum):
    """How the process ends."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    WRONG_ROLE = 3
    DESTROYED = 4
    TAMPERED = 5
    INTERRUPTED = 130  # 128 and SIGINT, as shells have it


class Terminal:
    """Where a command writes to."""

    def write(self, text: str) -> None:
        """Write a result, and a line's end."""
        print(text, file=sys.stdout, flush=True)

    def complain(self, text: str) -> None:
        """Write what went wrong, and a line's end."""
        print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of the program.

    Attributes:
        name: What users type.
        summary: What it does, as a line of the program's help.
        description: What it does, in its own help.
        add_arguments: Declares its arguments.
        run: Does it.
    """

    name: str
    summary: str
    description: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Terminal], ExitStatus]
