"""A real PostgreSQL that keeps nothing beyond the test."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from servers.process import LOOPBACK, Program, ServerError, free_ports, running, start

_DEBIAN: Final = Path("/usr/lib/postgresql")  # Debian keeps each major version apart, off the path


@contextlib.contextmanager
def running_postgresql(directory: Path) -> Iterator[int]:
    """Run a PostgreSQL whose user and database are both `postgres`, and lend its loopback port."""
    directory.mkdir(parents=True, exist_ok=True)
    data = directory / "data"
    data.mkdir(mode=0o700)
    as_owner = _as_owner(directory, data)
    initialise: list[str | Path] = ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync"]
    initialise += ["--encoding=UTF8"]
    made = subprocess.run(
        [*as_owner, _binary("initdb"), *initialise],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
    )
    if made.returncode != 0:
        raise ServerError(f"initdb failed: {made.stderr[-2000:]}")
    ports: list[int] = []

    def attempt() -> Program | None:
        ports[:] = free_ports(1)
        settings = {"listen_addresses": LOOPBACK, "unix_socket_directories": "", "fsync": "off"}
        command: list[str | Path] = [*as_owner, _binary("postgres"), "-D", data]
        command += ["-p", str(ports[0])]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return start(command, directory=directory, ready=lambda: _answers(ports[0]))

    log = directory / f"{Path(as_owner[0]).name if as_owner else 'postgres'}.log"
    with running(attempt, log):
        yield ports[0]


def _answers(port: int) -> bool:
    command = [str(_binary("pg_isready")), "-h", LOOPBACK, "-p", str(port), "-q"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _as_owner(directory: Path, data: Path) -> list[str | Path]:
    """Begin a command so that it doesn't run as root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return []
    owner = pwd.getpwnam("postgres")
    os.chown(data, owner.pw_uid, owner.pw_gid)
    for parent in (directory, *directory.parents):  # pytest's folders are closed to others
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServerError("no setpriv (util-linux)")
    return [setpriv, "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def _binary(name: str) -> Path:
    versions = [
        int(path.parent.name) for path in _DEBIAN.glob("*/bin") if path.parent.name.isdigit()
    ]
    if versions:
        return _DEBIAN / str(max(versions)) / "bin" / name
    if (found := shutil.which(name)) is None:
        raise ServerError(f"no {name}: run scripts/setup.sh, which installs PostgreSQL")
    return Path(found)
