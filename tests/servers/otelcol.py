"""The real OpenTelemetry Collector, with whatever configuration a test has for it.

The binary is built once by `scripts/setup.sh` and kept in a cache folder. Its parts are those that
scripts/collector/main.go names.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from servers.process import (
    LOOPBACK,
    Program,
    cached_binary,
    free_ports,
    listens,
    poll,
    running,
    start,
)

VERSION: Final = "v0.155.0"


def binary() -> Path:
    """Locate the binary.

    Raises:
        ServerError: It isn't there.
    """
    return cached_binary(f"collector-{VERSION}")


def refusal(config_file: Path, environment: Mapping[str, str] | None = None) -> str:
    """Answer what the Collector has against a configuration, without starting it; "": nothing.

    Args:
        config_file: YAML or JSON.
        environment: Variables that it names as `${env:NAME}`.
    """
    done = subprocess.run(
        [str(binary()), "validate", "--config", str(config_file)],
        env=os.environ | (environment or {}),
        cwd=config_file.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return "" if done.returncode == 0 else done.stderr or "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Otelcol:
    """A Collector that runs.

    Attributes:
        directory: Where it works: relative paths of its file exporters begin there.
        http_endpoint: Base URL of its OTLP/HTTP receiver, in plaintext.
        program: Its process and its log.
    """

    directory: Path
    http_endpoint: str
    program: Program

    def send(self, payload: bytes, headers: Mapping[str, str] | None = None) -> int:
        """POST a serialized ExportTraceServiceRequest; answer the status, also of a refusal."""
        request = urllib.request.Request(
            f"{self.http_endpoint}/v1/traces",
            data=payload,
            headers={"Content-Type": "application/x-protobuf", **(headers or {})},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code

    def exported(self, name: str) -> list[dict[str, Any]]:
        """Answer the spans that a file exporter has written so far, as OTLP's JSON has them."""
        file = self.directory / name
        lines = file.read_text().splitlines(keepends=True) if file.exists() else []
        return [
            span
            for line in lines
            if line.endswith("\n")  # else it is being written
            for resource in json.loads(line).get("resourceSpans", ())
            for scope in resource.get("scopeSpans", ())
            for span in scope.get("spans", ())
        ]

    def await_exported(
        self, name: str, count: int = 1, seconds: float = 60.0
    ) -> list[dict[str, Any]]:
        """Wait until a file exporter has written so many spans, and answer them.

        Raises:
            AssertionError: There were fewer after `seconds`.
        """
        arrived = poll(lambda: len(self.exported(name)) >= count, seconds=seconds, pause=0.05)
        spans = self.exported(name)
        assert arrived, f"{len(spans)} spans in {name}; the log ends: {self.program.log()[-2000:]}"
        return spans


@contextlib.contextmanager
def running_otelcol(
    directory: Path,
    configure: Callable[[int], str | Mapping[str, Any]],
    environment: Mapping[str, str] | None = None,
) -> Iterator[Otelcol]:
    """Run a Collector with its files in `directory`, until the context ends.

    Args:
        directory: Is made, if it isn't there.
        configure: Answers the configuration, as YAML or as what JSON can hold, for a port of the
            loopback on which its OTLP/HTTP receiver is to listen.
        environment: Variables that the configuration names as `${env:NAME}`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    program, config_file = binary(), directory / "collector.yaml"
    ports: list[int] = []

    def attempt() -> Program | None:
        ports[:] = free_ports(1)
        made = configure(ports[0])
        config_file.write_text(made if isinstance(made, str) else json.dumps(made))  # JSON is YAML
        return start(
            [program, "--config", config_file],
            directory=directory,
            environment=os.environ | (environment or {}),
            ready=lambda: listens(ports[0]),
        )

    with running(attempt, directory / f"{program.name}.log") as started:
        yield Otelcol(
            directory=directory, http_endpoint=f"http://{LOOPBACK}:{ports[0]}", program=started
        )
