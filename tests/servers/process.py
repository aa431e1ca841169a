"""Start, await and stop the servers that tests talk to: real programs in child processes."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
READY_SECONDS: Final = 60.0
ATTEMPTS: Final = 4
_MOST_HELD: Final = 1000
_HELD: Final[deque[socket.socket]] = deque()


class ServerError(RuntimeError):
    """A test server is missing or did not start: a failure, never a reason to skip."""


def cached_binary(name: str) -> Path:
    """Locate a program that `scripts/setup.sh` has built into its cache.

    Raises:
        ServerError: It isn't there.
    """
    cache = os.environ.get("JAEGER_GUARD_TEST_CACHE")
    if not cache:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        cache = str(Path(home) / "jaeger-guard")
    path = Path(cache) / name
    if not os.access(path, os.X_OK):
        raise ServerError(f"no {path}: run scripts/setup.sh, which builds it")
    return path


def free_ports(count: int) -> list[int]:
    """Find `count` different ports of the loopback that this process keeps for itself.

    A socket stays bound to each without listening: connections are refused, and a server that binds
    with SO_REUSEADDR, as all servers do, gets the port, also a second time. Nobody else is given it
    meanwhile, neither another worker's server nor an outgoing connection.
    """
    held = []
    for _ in range(count):
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, 0))
        held.append(holder)
    _HELD.extend(held)
    while len(_HELD) > _MOST_HELD:
        _HELD.popleft().close()
    return [int(holder.getsockname()[1]) for holder in held]


def listens(port: int) -> bool:
    """Say whether something accepts connections on the loopback's `port`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


def poll(ready: Callable[[], bool], *, seconds: float, pause: float = 0.02) -> bool:
    """Ask `ready` until it says yes; False where it has not after `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


@dataclass(frozen=True, slots=True)
class Program:
    """A server program that runs."""

    process: subprocess.Popen[bytes]
    log_file: Path

    def log(self) -> str:
        """Read what it has written to standard output and error so far."""
        return self.log_file.read_text(errors="replace")

    def stop(self) -> None:
        """Ask it to end, and insist after ten seconds."""
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(
    command: Sequence[str | Path],
    *,
    directory: Path,
    ready: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> Program | None:
    """Start `command` in `directory`; None where it ended before it was `ready`."""
    log_file = directory / f"{Path(command[0]).name}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    program = Program(process, log_file)
    poll(lambda: process.poll() is not None or ready(), seconds=READY_SECONDS)
    if process.poll() is None and ready():
        return program
    program.stop()
    return None


@contextlib.contextmanager
def running(attempt: Callable[[], Program | None], log_file: Path) -> Iterator[Program]:
    """Run `attempt` until a program is ready, lend it, and stop it.

    Raises:
        ServerError: It did not start in any attempt; the message ends with its log.
    """
    for _ in range(ATTEMPTS):
        if (program := attempt()) is not None:
            break
    else:
        raise ServerError(f"did not start: {log_file.read_text(errors='replace')[-2000:]}")
    try:
        yield program
    finally:
        program.stop()
