"""A Jaeger that gives everything to everybody: what is to be found on one that nobody hardened."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from servers.jaeger import binary, healthy
from servers.process import LOOPBACK, Program, free_ports, running, start

NAMES = (
    "otlp_grpc", "otlp_http", "query_http", "query_grpc", "sampling_http", "sampling_grpc",
    "metrics", "expvar", "pprof", "zpages", "health",
)  # fmt: skip


@contextlib.contextmanager
def running_open_jaeger(directory: Path) -> Iterator[dict[str, int]]:
    """Run it until the context ends; lend its ports by name."""
    program = binary()
    config_file = directory / "open.yaml"
    (directory / "strategies.json").write_text(
        '{"default_strategy": {"type": "probabilistic", "param": 0.5}}'
    )
    ports: dict[str, int] = {}

    def attempt() -> Program | None:
        ports.update(zip(NAMES, free_ports(len(NAMES)), strict=True))
        config_file.write_text(json.dumps(_configuration(ports)))
        return start(
            [program, "--config", config_file],
            directory=directory,
            ready=lambda: healthy(ports["health"]),
        )

    with running(attempt, directory / f"{program.name}.log"):
        yield dict(ports)


def _configuration(ports: dict[str, int]) -> dict[str, Any]:
    def at(name: str) -> dict[str, str]:
        return {"endpoint": f"{LOOPBACK}:{ports[name]}"}

    reader = {"pull": {"exporter": {"prometheus": {"host": LOOPBACK, "port": ports["metrics"]}}}}
    return {
        "service": {
            "extensions": [
                "jaeger_storage", "jaeger_query", "remote_sampling", "healthcheckv2", "expvar",
                "pprof", "zpages",
            ],
            "pipelines": {
                "traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}
            },
            "telemetry": {"metrics": {"readers": [reader]}},
        },
        "extensions": {
            "healthcheckv2": {"use_v2": True, "http": at("health")},
            "expvar": at("expvar"),
            "pprof": at("pprof"),
            "zpages": at("zpages"),
            "remote_sampling": {
                "file": {"path": "strategies.json"},
                "http": at("sampling_http"),
                "grpc": at("sampling_grpc"),
            },
            "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 1000}}}},
            "jaeger_query": {
                "enable_tracing": False,
                "storage": {"traces": "memory"},
                "http": at("query_http"),
                "grpc": at("query_grpc"),
            },
        },
        "receivers": {"otlp": {"protocols": {"grpc": at("otlp_grpc"), "http": at("otlp_http")}}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
    }  # fmt: skip
