"""A real RabbitMQ that keeps nothing beyond the test."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from servers.process import LOOPBACK, Program, ServerError, free_ports, running, start

# Debian's script in /usr/sbin changes the user; the server's own is what it calls.
_PROGRAM: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


@contextlib.contextmanager
def running_rabbitmq(directory: Path) -> Iterator[int]:
    """Run a RabbitMQ whose user is `guest`, and lend its AMQP port on the loopback."""
    directory.mkdir(parents=True, exist_ok=True)
    if not _PROGRAM.exists():
        raise ServerError("no rabbitmq-server: run scripts/setup.sh, which installs it")
    (directory / "enabled_plugins").write_text("[].\n")
    ports: list[int] = []
    started: list[Mapping[str, str]] = []

    def attempt() -> Program | None:
        amqp, distribution, names = free_ports(3)
        ports[:] = [amqp]
        environment = (
            os.environ
            | {
                "HOME": str(directory),  # the cookie's place
                "ERL_EPMD_PORT": str(names),  # a name server of its own, not the machine's
                "ERL_EPMD_ADDRESS": LOOPBACK,
                "RABBITMQ_NODENAME": f"guard-{uuid.uuid4().hex[:8]}@localhost",
                "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
                "RABBITMQ_NODE_PORT": str(amqp),
                "RABBITMQ_DIST_PORT": str(distribution),
                "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
                "RABBITMQ_LOG_BASE": str(directory / "log"),
                "RABBITMQ_LOGS": "-",
                "RABBITMQ_PID_FILE": str(directory / "pid"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
                "RABBITMQ_CONFIG_FILE": str(directory / "none"),
                "RABBITMQ_CONF_ENV_FILE": str(directory / "none-env"),
            }
        )
        started.append(environment)
        return start(
            [_PROGRAM], directory=directory, environment=environment, ready=lambda: _greets(amqp)
        )

    try:
        with running(attempt, directory / "rabbitmq-server.log"):
            yield ports[0]
    finally:
        epmd = shutil.which("epmd")
        for environment in started:
            if epmd is not None:  # the name server outlives the node
                command = [epmd, "-port", environment["ERL_EPMD_PORT"], "-kill"]
                subprocess.run(command, capture_output=True, check=False, env=environment)


def _greets(port: int) -> bool:
    """Say whether AMQP is spoken there: the port opens a little earlier."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
    except OSError:
        return False
