"""Measure whole processes: a service to a TLS receiver, imports, memory; each in a child of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from benchmarks.measuring import TESTS, Row, child, medians
from servers.certificates import Certificates

_SIDES: Final = ("guarded", "plain")


class Sink:
    """A receiver that runs as long as it is needed."""

    def __init__(self, protocol: str, directory: Path) -> None:
        certificates = Certificates.create(directory)
        self.protocol = protocol
        self.ca_file = certificates.ca_file
        server = certificates.server
        self._process = subprocess.Popen(
            [
                sys.executable,
                str(TESTS / "benchmarks" / "sink.py"),
                protocol,
                str(server.cert_file),
                str(server.key_file),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._to, self._from = _pipes(self._process)
        self.endpoint: str = json.loads(self._from.readline())["endpoint"]

    def spans(self) -> int:
        """Return how many spans came so far."""
        self._to.write("\n")
        self._to.flush()
        return int(json.loads(self._from.readline())["spans"])

    def stop(self) -> None:
        """Let it end by itself."""
        self._to.close()
        self._process.wait(30)
        self._from.close()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


@contextlib.contextmanager
def sinking(protocol: str) -> Iterator[Sink]:
    """Lend a receiver."""
    with tempfile.TemporaryDirectory() as directory:
        sink = Sink(protocol, Path(directory))
        try:
            yield sink
        finally:
            sink.stop()


def services(sink: Sink, what: str, spans: int, rounds: int) -> dict[str, dict[str, float]]:
    """Run guarded and plain services in turns; a run that lost spans is an error."""
    answers: dict[str, list[dict[str, float]]] = {side: [] for side in _SIDES}
    for _ in range(rounds):
        for side in _SIDES:
            before = sink.spans()
            answers[side].append(
                child(
                    "service.py",
                    side,
                    what,
                    sink.protocol,
                    sink.endpoint,
                    str(sink.ca_file),
                    str(spans),
                )
            )
            came = sink.spans() - before
            if came < spans:
                raise RuntimeError(f"{side}: {came} of {spans} spans came")
    return {side: medians(each) for side, each in answers.items()}


def whole_process(spans: int, rounds: int) -> list[Row]:
    """CPU of a process for each span, to a receiver over TLS whose own CPU isn't counted."""
    rows = []
    for protocol in ("http/protobuf", "grpc"):
        with sinking(protocol) as sink:
            found = services(sink, "cpu", spans, rounds)
        group = f"Whole process to a TLS receiver, {protocol}"
        rows += [Row(group, side, found[side]["us"], "us/span") for side in _SIDES]
        ratio = found["guarded"]["us"] / found["plain"]["us"]
        rows.append(Row(group, "guarded over plain", ratio, goal=0.7))
    return rows


def application_thread(spans: int, rounds: int) -> list[Row]:
    """CPU of the thread that creates a span, sets eight attributes and ends it."""
    with sinking("http/protobuf") as sink:
        found = services(sink, "thread", spans, rounds)
    group = "Application thread: create, 8 attributes, end"
    ratio = found["guarded"]["us"] / found["plain"]["us"]
    return [
        *(Row(group, side, found[side]["us"], "us/span") for side in _SIDES),
        Row(group, "guarded over plain", ratio, goal=1.0),
    ]


def drain(spans: int, rounds: int) -> list[Row]:
    """How fast a full queue is sent beside a thread that never lets go of the interpreter."""
    with sinking("http/protobuf") as sink:
        found = services(sink, "drain", spans, rounds)
    group = "Drain beside a busy thread"
    rates = {side: found[side]["spans_per_second"] for side in _SIDES}
    return [
        *(Row(group, side, rate, "spans/s") for side, rate in rates.items()),
        Row(
            group, "guarded over plain", rates["guarded"] / rates["plain"], goal=1.5, at_least=True
        ),
    ]


def imports(rounds: int) -> list[Row]:
    """Import time beside the SDK's, and what the first thousand spans cost."""
    modules = {
        "opentelemetry.sdk.trace": "opentelemetry.sdk.trace",
        "jaeger_guard": "jaeger_guard",
        "jaeger_guard and configure": "jaeger_guard:configure",
    }
    answers: dict[str, list[dict[str, float]]] = {name: [] for name in modules}
    for _ in range(rounds):
        for name, module in modules.items():
            answers[name].append(child("footprint.py", "import", module))
    found = {name: medians(each)["ms"] for name, each in answers.items()}
    cold = medians([child("footprint.py", "first") for _ in range(min(rounds, 3))])
    sdk = found["opentelemetry.sdk.trace"]
    group = "Start of a process"
    return [
        *(Row(group, f"import {name}", milliseconds, "ms") for name, milliseconds in found.items()),
        Row(group, "import jaeger_guard over the SDK's", found["jaeger_guard"] / sdk, goal=1.3),
        Row(
            group,
            "import with configure over the SDK's",
            found["jaeger_guard and configure"] / sdk,
            goal=1.3,
        ),
        Row(group, "each of the first 1,000 spans, all cold", cold["us"], "us/span"),
    ]


def memory(spans: int) -> list[Row]:
    """What is compiled, and what the caches hold once they are full."""
    found = child("footprint.py", "memory", str(spans))
    group = "Memory"
    return [
        Row(group, "compiled policy and detectors", found["compiled"], "MiB"),
        Row(group, f"caches after {spans:,} unique spans", found["caches"], "MiB", goal=16),
    ]


def resident(spans: int) -> list[Row]:
    """Whether a process grows: resident memory over very many spans whose values are unique."""
    found = child("footprint.py", "resident", str(spans))
    group = f"Resident memory over {spans:,} unique spans"
    return [
        Row(group, "after a twentieth of them", found["settled"], "MiB"),
        Row(group, "after all", found["after"], "MiB"),
        Row(group, "after all over after a twentieth", found["after"] / found["settled"], goal=1.1),
    ]
