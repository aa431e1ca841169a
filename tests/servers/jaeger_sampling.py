"""A real Jaeger that serves sampling strategies from a file, over mutual TLS 1.3 and basic auth."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from servers.certificates import Certificates
from servers.jaeger import binary, healthy
from servers.process import LOOPBACK, Program, free_ports, running, start

USER: Final = "guard"
PASSWORD: Final = "correct-horse"


@dataclass(frozen=True, slots=True)
class StrategyServer:
    """A Jaeger that serves strategies.

    Attributes:
        certificates: Whom it trusts and what a client must show.
        endpoint: Base URL of its sampling endpoint over TLS.
        file: Its strategies; it looks every second whether they have changed.
    """

    certificates: Certificates
    endpoint: str
    file: Path

    def serve(self, strategies: Any) -> None:
        """Put other strategies in the place of those that are there, at once."""
        text = strategies if isinstance(strategies, str) else json.dumps(strategies)
        new = self.file.with_suffix(".new")
        new.write_text(text)
        os.replace(new, self.file)


@contextlib.contextmanager
def running_strategies(directory: Path, strategies: Any) -> Iterator[StrategyServer]:
    """Run such a Jaeger until the context ends."""
    program, certificates = binary(), Certificates.create(directory)
    config_file, file = directory / "sampling.yaml", directory / "strategies.json"
    file.write_text(json.dumps(strategies))
    ports: list[int] = []

    def attempt() -> Program | None:
        ports[:] = free_ports(4)
        config_file.write_text(json.dumps(_configuration(certificates, ports, file)))
        return start(
            [program, "--config", config_file],
            directory=directory,
            ready=lambda: healthy(ports[3]),
        )

    with running(attempt, directory / f"{program.name}.log"):
        yield StrategyServer(certificates, f"https://{LOOPBACK}:{ports[0]}", file)


def _configuration(certificates: Certificates, ports: list[int], file: Path) -> dict[str, Any]:
    sampling_http, sampling_grpc, otlp, health = (f"{LOOPBACK}:{port}" for port in ports)
    secured = {
        "tls": {
            "cert_file": str(certificates.server.cert_file),
            "key_file": str(certificates.server.key_file),
            "client_ca_file": str(certificates.ca_file),
            "min_version": "1.3",
        },
        "auth": {"authenticator": "basicauth/otlp"},
    }
    return {
        "service": {
            "extensions": [
                "basicauth/otlp",
                "jaeger_storage",  # remote_sampling asks for it
                "remote_sampling",
                "healthcheckv2",
            ],
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["nop"]}},
            "telemetry": {"metrics": {"level": "none"}},
        },
        "extensions": {
            "basicauth/otlp": {"htpasswd": {"inline": f"{USER}:{PASSWORD}"}},
            "healthcheckv2": {"use_v2": True, "http": {"endpoint": health}},
            "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 10}}}},
            "remote_sampling": {
                "file": {
                    "path": str(file),
                    "default_sampling_probability": 0.001,
                    "reload_interval": "1s",
                },
                "http": {"endpoint": sampling_http, **secured},
                "grpc": {"endpoint": sampling_grpc, **secured},
            },
        },
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": otlp}}}},
        "exporters": {"nop": {}},
    }
