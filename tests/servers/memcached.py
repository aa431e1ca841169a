"""A real memcached."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from servers.process import LOOPBACK, Program, ServerError, free_ports, listens, running, start


@contextlib.contextmanager
def running_memcached(directory: Path) -> Iterator[int]:
    """Run a memcached, and lend its port on the loopback."""
    directory.mkdir(parents=True, exist_ok=True)
    program = shutil.which("memcached")
    if program is None:
        raise ServerError("no memcached: run scripts/setup.sh, which installs it")
    ports: list[int] = []

    def attempt() -> Program | None:
        ports[:] = free_ports(1)
        command = [program, "-l", LOOPBACK, "-p", str(ports[0]), "-m", "16"]
        if os.geteuid() == 0:
            command += ["-u", "root"]
        return start(command, directory=directory, ready=lambda: listens(ports[0]))

    with running(attempt, directory / "memcached.log"):
        yield ports[0]
