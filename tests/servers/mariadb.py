"""A real MariaDB that keeps nothing beyond the test."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from servers.process import LOOPBACK, Program, ServerError, free_ports, listens, running, start


@contextlib.contextmanager
def running_mariadb(directory: Path) -> Iterator[int]:
    """Run a MariaDB without passwords, and lend its port on the loopback; its database is `test`."""
    directory.mkdir(parents=True, exist_ok=True)
    data = directory / "data"
    install = [_binary("mariadb-install-db"), "--no-defaults", f"--datadir={data}"]
    install += ["--auth-root-authentication-method=normal", f"--user={getpass.getuser()}"]
    made = subprocess.run(install, capture_output=True, text=True, check=False, cwd=directory)
    if made.returncode != 0:
        raise ServerError(f"mariadb-install-db failed: {made.stderr[-2000:]}")
    ports: list[int] = []

    def attempt() -> Program | None:
        ports[:] = free_ports(1)
        command = [_binary("mariadbd"), "--no-defaults", f"--datadir={data}"]
        command += [f"--bind-address={LOOPBACK}", f"--port={ports[0]}", "--skip-grant-tables"]
        command += ["--skip-networking=0", f"--socket={_socket(directory)}", "--skip-name-resolve"]
        if os.geteuid() == 0:
            command += ["--user=root"]
        return start(command, directory=directory, ready=lambda: listens(ports[0]))

    with running(attempt, directory / "mariadbd.log"):
        yield ports[0]


def _socket(directory: Path) -> str:
    # The path of a Unix socket has at most 107 characters: a relative one is short.
    return os.path.relpath(directory / "mariadb.socket", directory)


def _binary(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise ServerError(f"no {name}: run scripts/setup.sh, which installs MariaDB")
    return found
