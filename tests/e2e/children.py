"""Run the apps in child processes, guarded or plain, and collect what arrived of them."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from servers.collector import Collector, Received

TESTS: Final = Path(__file__).parent.parent
CAPTURE: Final = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_"


@dataclass(frozen=True, slots=True)
class Run:
    """One app that ran: what arrived of it, and what jaeger_guard and OpenTelemetry logged."""

    received: Received
    log: str


def environment(
    collector: Collector, *, mode: str, service: str, log: Path, protocol: str = "grpc"
) -> dict[str, str]:
    """Write the environment that `e2e.apps.telemetry` reads."""
    certificates = collector.certificates
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "JAEGER_GUARD_"))
    }
    return kept | {
        "PYTHONPATH": str(TESTS),  # for e2e.*; jaeger_guard comes from where this process has it
        "E2E_MODE": mode,
        "E2E_SERVICE": service,
        "E2E_LOG": str(log),
        "E2E_PROTOCOL": protocol,
        "E2E_ENDPOINT": collector.endpoint(protocol),
        "E2E_CA_FILE": str(certificates.ca_file),
        "E2E_CERT_FILE": str(certificates.client.cert_file),
        "E2E_KEY_FILE": str(certificates.client.key_file),
    }


def run_app(
    name: str,
    collector: Collector,
    directory: Path,
    *,
    mode: str,
    conventions: str = "",
    redis_port: int = 0,
    protocol: str = "grpc",
) -> Run:
    """Run `e2e.apps.<name>_app` to its end, and wait for its last span.

    Every header is captured and nothing of it masked by the instrumentors: the guard alone is
    between the app and the collector.
    """
    service = f"{name}-{mode}-{uuid.uuid4().hex[:8]}"
    log = directory / f"{service}.log"
    settings = environment(collector, mode=mode, service=service, log=log, protocol=protocol)
    settings |= {f"{CAPTURE}{side}": ".*" for side in _SIDES}
    settings["E2E_REDIS_PORT"] = str(redis_port)
    if conventions:
        settings["OTEL_SEMCONV_STABILITY_OPT_IN"] = conventions
    child = subprocess.run(
        [sys.executable, "-P", "-m", f"e2e.apps.{name}_app"],
        env=settings,
        cwd=directory,
        capture_output=True,
        timeout=300,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-3000:]
    return Run(collector.await_span(service, "e2e.last"), log.read_text())


_SIDES: Final = ("SERVER_REQUEST", "SERVER_RESPONSE", "CLIENT_REQUEST", "CLIENT_RESPONSE")
