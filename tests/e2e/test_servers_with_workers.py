"""Servers that fork, spawn and replace workers: every span of every worker arrives, scrubbed, once."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from e2e.children import environment
from e2e.planted import EMAIL
from jaeger_guard.audit import read, verify
from servers.collector import Collector
from servers.faulty import Fault, Forwarder
from servers.process import free_ports, listens, poll
from servers.reading import planted_found

pytestmark = pytest.mark.e2e
REQUESTS = 40


@contextmanager
def serving(
    command: list[str], settings: dict[str, str], directory: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server, and end it with SIGTERM."""
    with (directory / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", *command],
            env=settings,
            cwd=directory,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield server
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(timeout=30)
            raise


def serve_requests(port: int, path: str, log: Path) -> set[str]:
    """Ask a server many times; answer which processes answered."""
    assert poll(lambda: listens(port), seconds=60), log.read_text()
    with requests.Session() as session:
        session.trust_env = False
        session.headers["connection"] = "close"
        return {
            session.get(f"http://127.0.0.1:{port}{path}", timeout=30).text for _ in range(REQUESTS)
        }


def assert_all_arrived(collector: Collector, service: str, name: str, count: int) -> None:
    """See that so many spans of that name have arrived, and nothing planted."""

    def arrived() -> int:
        return sum(span.name == name for span in collector.received(service).spans)

    poll(lambda: arrived() >= count, seconds=60, pause=0.1)
    assert arrived() == count
    assert planted_found([EMAIL], collector.received(service).strings) == []


@pytest.mark.parametrize(
    ("options", "protocol"),
    [
        ([], "http/protobuf"),
        (["--max-requests", "15"], "grpc"),
        (["--preload", "--max-requests", "15"], "grpc"),
    ],
    ids=["prefork", "max-requests", "preload and max-requests"],
)
def test_gunicorn(options: list[str], protocol: str, collector: Collector, tmp_path: Path) -> None:
    """Workers that configure themselves, or inherit a guard, and are replaced after some requests.

    All of them write one chain of records, and each tells what it counted at its end.
    """
    service = f"gunicorn-{uuid.uuid4().hex[:8]}"
    settings = environment(
        collector, mode="guarded", service=service, log=tmp_path / "log", protocol=protocol
    )
    settings["JAEGER_GUARD_AUDIT_DIRECTORY"] = str(tmp_path / "audit")
    (port,) = free_ports(1)
    command = ["gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}", *options]
    with serving([*command, "e2e.apps.gunicorn_app:app"], settings, tmp_path):
        workers = serve_requests(port, "/worker", tmp_path / "server.log")
    if options:
        assert len(workers) > 2
    assert_all_arrived(collector, service, "GET /worker", REQUESTS)
    assert verify([tmp_path / "audit"]).is_whole
    records = list(read([tmp_path / "audit"]))
    assert workers <= {str(record.pid) for record in records}
    counted = {record.pid: record.facts for record in records if record.event == "guard.counts"}
    assert sum(facts["counts"]["scrubbed"] for facts in counted.values()) >= REQUESTS


def test_workers_leave_their_spool_to_each_other(collector: Collector, tmp_path: Path) -> None:
    """While the backend is away workers are replaced; what they spooled the living ones replay."""
    service = f"gunicorn-{uuid.uuid4().hex[:8]}"
    key_file = tmp_path / "spool.key"
    key_file.touch(mode=0o600)
    key_file.write_text(base64.b64encode(os.urandom(32)).decode())
    with Forwarder(int(collector.http_endpoint.rpartition(":")[2])) as network:
        settings = environment(
            collector, mode="guarded", service=service, log=tmp_path / "log",
            protocol="http/protobuf",
        )  # fmt: skip
        settings |= {
            "E2E_ENDPOINT": f"https://127.0.0.1:{network.port}",
            "JAEGER_GUARD_SPOOL_DIRECTORY": str(tmp_path / "spool"),
            "JAEGER_GUARD_SPOOL_KEY_FILE": str(key_file),
        }
        network.set(Fault.DOWN)
        (port,) = free_ports(1)
        command = ["gunicorn", "--preload", "--workers", "2", "--max-requests", "15"]
        command += ["--bind", f"127.0.0.1:{port}", "e2e.apps.gunicorn_app:app"]
        with serving(command, settings, tmp_path):
            workers = serve_requests(port, "/worker", tmp_path / "server.log")
            assert len(workers) > 2
            spooled = poll(lambda: any((tmp_path / "spool").glob("*.spool")), seconds=60)
            assert spooled, (tmp_path / "log").read_text()
            network.set(Fault.NONE)
            assert_all_arrived(collector, service, "GET /worker", REQUESTS)


def test_uvicorn(collector: Collector, tmp_path: Path) -> None:
    """Workers that uvicorn spawns export what they served, through SIGTERM."""
    service = f"uvicorn-{uuid.uuid4().hex[:8]}"
    settings = environment(collector, mode="guarded", service=service, log=tmp_path / "log")
    (port,) = free_ports(1)
    command = ["uvicorn", "--workers", "2", "--port", str(port), "e2e.apps.asgi_app:app"]
    with serving(command, settings, tmp_path):
        assert serve_requests(port, "/", tmp_path / "server.log")
    assert_all_arrived(collector, service, "served", REQUESTS)


def test_celery(collector: Collector, redis_port: int, tmp_path: Path) -> None:
    """Celery's forked pool exports what its tasks recorded, through a warm shutdown."""
    service = f"celery-{uuid.uuid4().hex[:8]}"
    broker = f"redis://127.0.0.1:{redis_port}/1"
    settings = environment(collector, mode="guarded", service=service, log=tmp_path / "log")
    settings |= {"E2E_BROKER": broker, "E2E_CELERY_WORKER": "1"}
    command = ["celery", "-A", "e2e.apps.celery_app", "worker", "--pool", "prefork", "-c", "2"]
    command += ["--without-gossip", "--without-mingle", "-l", "INFO"]
    send = [
        sys.executable, "-P", "-c",
        f"from e2e.apps.celery_app import work\nfor n in range({REQUESTS}): work.delay(n)",
    ]  # fmt: skip
    log = tmp_path / "server.log"
    with serving(command, settings, tmp_path):
        quiet = {name: text for name, text in settings.items() if name != "E2E_CELERY_WORKER"}
        subprocess.run(send, env=quiet | {"PATH": os.defpath}, check=True, timeout=60)
        assert poll(
            lambda: log.read_text().count("succeeded in") >= REQUESTS, seconds=60, pause=0.1
        ), log.read_text()[-2000:]
    names = {f"work-{number}" for number in range(REQUESTS)}

    def arrived() -> list[str]:
        return [span.name for span in collector.received(service).spans]

    poll(lambda: names <= set(arrived()), seconds=60, pause=0.1)
    assert sorted(name for name in arrived() if name in names) == sorted(names)
    assert planted_found([EMAIL], collector.received(service).strings) == []
