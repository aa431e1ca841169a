"""A real redis-server that keeps nothing."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from servers.process import LOOPBACK, Program, ServerError, free_ports, listens, running, start


@contextlib.contextmanager
def running_redis(directory: Path) -> Iterator[int]:
    """Run a redis-server with its files in `directory`, and lend its port on the loopback."""
    program = shutil.which("redis-server")
    if program is None:
        raise ServerError("no redis-server: run scripts/setup.sh, which installs it")
    ports: list[int] = []

    def attempt() -> Program | None:
        ports[:] = free_ports(1)
        command = [program, "--bind", LOOPBACK, "--port", str(ports[0])]
        command += ["--save", "", "--appendonly", "no"]
        return start(command, directory=directory, ready=lambda: listens(ports[0]))

    with running(attempt, directory / "redis-server.log"):
        yield ports[0]
