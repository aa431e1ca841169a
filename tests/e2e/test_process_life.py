"""Spans survive the ends and the births of processes: exit, signals, forks, prefork servers."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
import requests

from e2e.children import environment
from e2e.planted import EMAIL, EVERYWHERE
from servers.collector import Collector
from servers.process import free_ports, listens, poll
from servers.reading import planted_found

pytestmark = pytest.mark.e2e


class Life:
    """A process that lives one of `e2e.apps.lives`, and the service under which it exports."""

    def __init__(
        self, name: str, collector: Collector, directory: Path, protocol: str = "grpc"
    ) -> None:
        self.service = f"{name}-{uuid.uuid4().hex[:8]}"
        settings = environment(
            collector,
            mode="guarded",
            service=self.service,
            log=directory / "log",
            protocol=protocol,
        )
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "e2e.apps.lives", name],
            env=settings,
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> int:
        """Wait for the end; answer the exit status."""
        _, errors = self.process.communicate(timeout=300)
        assert "Traceback" not in errors, errors[-3000:]
        return self.process.returncode


@pytest.mark.parametrize(
    ("name", "spans", "status"),
    [
        ("at_exit", {"at-exit"}, 0),
        ("at_error", {"at-error"}, 1),
        ("in_forked_process", {"parent", "forked"}, 0),
        ("in_spawned_process", {"parent", "spawned"}, 0),
        ("in_bare_fork", {"parent", "forked"}, 0),
    ],
)
def test_spans_outlive_their_process(
    name: str, spans: set[str], status: int, collector: Collector, tmp_path: Path
) -> None:
    """Each process's spans arrive once, scrubbed, though nobody called shutdown()."""
    life = Life(name, collector, tmp_path)
    assert life.end() == status
    for span in spans:
        received = collector.await_span(life.service, span)
    assert sorted(span.name for span in received.spans) == sorted(spans)
    assert planted_found([EMAIL], received.strings) == []


def test_spans_outlive_sigterm(collector: Collector, tmp_path: Path) -> None:
    """With the documented hook SIGTERM flushes first, and still ends the process as SIGTERM does."""
    life = Life("at_sigterm", collector, tmp_path)
    assert life.process.stdout is not None
    assert life.process.stdout.readline() == "ready\n"
    life.process.send_signal(signal.SIGTERM)
    assert life.end() in (-signal.SIGTERM, 128 + signal.SIGTERM)
    collector.await_span(life.service, "at-sigterm")


def test_forks_among_threads_hang_nobody(collector: Collector, tmp_path: Path) -> None:
    """Children forked while another thread records end, and their spans arrive."""
    life = Life("in_many_forks", collector, tmp_path)
    assert life.end() == 0
    for number in range(8):
        received = collector.await_span(life.service, f"forked-{number}")
    assert planted_found([EMAIL], received.strings) == []


def test_spans_of_greenlets_arrive(collector: Collector, tmp_path: Path) -> None:
    """Under gevent's patches spans go out over http/protobuf, and the process ends by itself."""
    life = Life("in_greenlets", collector, tmp_path, "http/protobuf")
    assert life.end() == 0
    for number in range(4):
        received = collector.await_span(life.service, f"greenlet-{number}")
    assert planted_found([EMAIL], received.strings) == []


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_frozen_process_goes_on_where_it_was(
    protocol: str, collector: Collector, tmp_path: Path
) -> None:
    """Frozen between invocations, as Lambda does it, nothing is lost that was flushed or comes next."""
    life = Life("when_frozen", collector, tmp_path, protocol)
    assert life.process.stdout is not None and life.process.stdin is not None
    for number in range(2):
        assert life.process.stdout.readline() == "idle\n"
        collector.await_span(life.service, f"invocation-{number}")
        life.process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        life.process.send_signal(signal.SIGCONT)
        life.process.stdin.write("\n")
        life.process.stdin.flush()
    assert life.end() == 0
    assert len(collector.received(life.service).spans) == 2


def test_gunicorn_workers_export(collector: Collector, tmp_path: Path) -> None:
    """Workers forked from a guarded master export what they served, until SIGTERM and through it."""
    service = f"gunicorn-{uuid.uuid4().hex[:8]}"
    settings = environment(collector, mode="guarded", service=service, log=tmp_path / "log")
    (port,), log = free_ports(1), tmp_path / "gunicorn.log"
    command = [sys.executable, "-P", "-m", "gunicorn", "--preload", "--workers", "2"]
    command += ["--bind", f"127.0.0.1:{port}", "--error-logfile", str(log)]
    master = subprocess.Popen(
        [*command, "e2e.apps.gunicorn_app:app"],
        env=settings,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert poll(lambda: listens(port), seconds=60), log.read_text()
        workers, served = set(), 0
        with requests.Session() as session:
            session.trust_env = False
            session.headers["connection"] = "close"
            for served in range(1, 200):
                workers.add(session.get(f"http://127.0.0.1:{port}/worker", timeout=60).text)
                if len(workers) == 2:
                    break
            session.get(f"http://127.0.0.1:{port}/nowhere/{EMAIL}", timeout=60)
            session.get(f"http://127.0.0.1:{port}/customers/{EMAIL}/orders", timeout=60)
    finally:
        master.terminate()
        master.wait(timeout=120)
    assert len(workers) == 2
    everything = served + 2
    poll(lambda: len(collector.received(service).spans) >= everything, seconds=60)
    received = collector.received(service)
    names = sorted(span.name for span in received.spans)
    assert names.count("GET /worker") == served
    assert names.count("GET /customers/<mail>/orders") == 1
    assert len(names) == everything
    assert planted_found(EVERYWHERE, received.strings) == []
