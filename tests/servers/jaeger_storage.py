"""The configurations of docs/storage.md: Badger's runs on a real Jaeger, the others are validated by it."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from servers.jaeger import binary, healthy
from servers.process import LOOPBACK, Program, free_ports, running, start

PAGE: Final = Path(__file__).parents[2] / "docs" / "storage.md"
_CHUNK: Final = 1024 * 1024
_LONGEST_NEEDLE: Final = 256


def blocks() -> dict[str, str]:
    """Return the page's configurations by the heading that they stand under."""
    found: dict[str, str] = {}
    for section in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        block = re.search(r"^```yaml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        if block is not None:
            found[section.partition("\n")[0]] = block[1]
    return found


def validate(text: str, directory: Path) -> tuple[int, str]:
    """Have the real Jaeger read a configuration; answer its exit status and what it said."""
    file = directory / "validated.yaml"
    file.write_text(text)
    done = subprocess.run(
        [binary(), "validate", "--config", file],
        env={**os.environ, "CASSANDRA_PASSWORD": "x", "KAFKA_PASSWORD": "x"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@dataclass(frozen=True, slots=True)
class BadgerJaeger:
    """A Jaeger with Badger on disk, plaintext on the loopback.

    Attributes:
        endpoint: Base URL for OTLP over HTTP.
        query_url: Base URL of the query API.
        store: The directory of its files.
    """

    endpoint: str
    query_url: str
    store: Path


@contextlib.contextmanager
def running_badger(directory: Path) -> Iterator[BadgerJaeger]:
    """Run the page's Jaeger until the context ends; its files stay."""
    program, store = binary(), directory / "store"
    config_file = directory / "badger.yaml"
    ports: list[int] = []

    def attempt() -> Program | None:
        ports[:] = free_ports(4)
        text = blocks()["Badger"].replace("/var/lib/jaeger", str(store))
        for name, port in zip(("4318", "16686", "16685", "13133"), ports, strict=True):
            assert text.count(f'"127.0.0.1:{name}"') == 1
            text = text.replace(f'"127.0.0.1:{name}"', f'"{LOOPBACK}:{port}"')
        config_file.write_text(text)
        return start(
            [program, "--config", config_file],
            directory=directory,
            ready=lambda: healthy(ports[3]),
        )

    with running(attempt, directory / f"{program.name}.log"):
        yield BadgerJaeger(f"http://{LOOPBACK}:{ports[0]}", f"http://{LOOPBACK}:{ports[1]}", store)


def found_on_disk(directory: Path, needles: Iterable[str]) -> set[str]:
    """Find which texts stand in the files of a directory; holes of sparse files are passed over."""
    wanted = {needle: needle.encode() for needle in needles}
    found: set[str] = set()
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            for chunk in _data_of(path):
                found |= {needle for needle, raw in wanted.items() if raw in chunk}
    return found


def _data_of(path: Path) -> Iterator[bytes]:
    """Yield what a file holds, with the end of each piece again before the next."""
    with path.open("rb") as file:
        descriptor, at, before = file.fileno(), 0, b""
        size = os.fstat(descriptor).st_size
        while at < size:
            try:
                start = os.lseek(descriptor, at, os.SEEK_DATA)
            except OSError:  # nothing but a hole until the end
                return
            if start > at:
                before = b""
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
            piece = os.pread(descriptor, min(_CHUNK, end - start), start)
            if not piece:
                return
            yield before + piece
            before = (before + piece)[-_LONGEST_NEEDLE:]
            at = start + len(piece)
