"""Runs the shop twice, without a guard and with one, and keeps what each run sent."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jaeger_guard.cli.demo.assignment import REFUSED, Assignment
from jaeger_guard.cli.demo.planted import stretches
from jaeger_guard.cli.demo.receiver import Certificates, Receiver
from jaeger_guard.errors import ConfigurationError

_CHILD: Final = "jaeger_guard.cli.demo.child"
_CHILD_SECONDS: Final = 120
_HEADERS: Final = "authorization,cookie,set-cookie,x-api-key,x-forwarded-for"

# These would steer the exporters past the demo's receiver, or the visitors past its shop.
_STEERING: Final = ("OTEL_", "JAEGER_GUARD_EXPORT_")
_STEERING_NAMES: Final = frozenset(
    ("http_proxy", "https_proxy", "all_proxy", "requests_ca_bundle", "curl_ca_bundle")
)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run sent, and what was logged on the way.

    Attributes:
        payloads: ExportTraceServiceRequests as they arrived.
        log: What jaeger_guard and OpenTelemetry logged, down to DEBUG.
    """

    payloads: tuple[bytes, ...]
    log: str


class RunFailed(Exception):
    """The shop's process did not come to its end."""


def rehearse() -> tuple[Run, Run]:
    """Run the shop without a guard, then with it.

    Raises:
        ConfigurationError: The environment asks the guard for something that it refuses.
        RunFailed: One of the two did not come to its end.
    """
    seed = secrets.randbits(64)
    with (
        tempfile.TemporaryDirectory(prefix="jaeger-guard-demo-") as folder,
        socket.create_server(("127.0.0.1", 0)) as shop,
        socket.socket() as courier,
    ):
        courier.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        certificates = Certificates.issue(Path(folder))
        plain, guarded = (
            _run(guarded, certificates, Path(folder), shop, courier, seed)
            for guarded in (False, True)
        )
    return plain, guarded


def _run(
    guarded: bool,
    certificates: Certificates,
    folder: Path,
    shop: socket.socket,
    courier: socket.socket,
    seed: int,
) -> Run:
    log_file = folder / ("guarded.log" if guarded else "plain.log")
    log_file.touch()
    with Receiver(certificates) as receiver:
        assignment = Assignment(
            guarded=guarded,
            endpoint=receiver.endpoint,
            ca_file=str(certificates.ca_file),
            log_file=str(log_file),
            seed=seed,
            shop_socket=shop.fileno(),
            shop_port=shop.getsockname()[1],
            courier_port=courier.getsockname()[1],
        )
        try:
            child = subprocess.run(
                [sys.executable, "-P", "-m", _CHILD],
                input=assignment.to_json(),
                env=_environment(os.environ),
                pass_fds=[assignment.shop_socket],
                capture_output=True,
                timeout=_CHILD_SECONDS,
                text=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RunFailed(f"the shop's process took more than {_CHILD_SECONDS} s") from None
        payloads = tuple(receiver.payloads)
    if child.returncode:
        told = _without_planted(child.stderr)
        if child.returncode == REFUSED:
            raise ConfigurationError(
                f"the guard of the demo's shop can't be configured: {told.strip()}",
                "jaeger-guard demo",
                "Change the environment variable that is named",
            )
        raise RunFailed(f"the shop's process ended with status {child.returncode}:\n{told}")
    return Run(payloads, log_file.read_text())


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(_STEERING) and name.lower() not in _STEERING_NAMES
    }
    return kept | {
        "OTEL_SEMCONV_STABILITY_OPT_IN": "http,database",
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": _HEADERS,
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE": _HEADERS,
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST": _HEADERS,
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE": _HEADERS,
    }


def _without_planted(text: str) -> str:
    for start, end in reversed(stretches(text)):
        text = f"{text[:start]}[…]{text[end:]}"
    return text
