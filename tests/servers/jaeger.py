"""A real Jaeger with mutual TLS 1.3 on its receivers, and its answers as text to search.

The binary is built once by `scripts/setup.sh` and kept in a cache folder. Nothing batches between
receiver and store, so that a trace can be read as soon as its export was acknowledged.
"""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from servers.certificates import Certificates
from servers.process import LOOPBACK, Program, cached_binary, free_ports, poll, running, start
from servers.reading import strings_in

VERSION: Final = "v1.76.0"
# Scope and link attributes are in the second answer only (with the memory store).
_QUERIES: Final = ("/api/traces/", "/api/v3/traces/")


def binary() -> Path:
    """Locate the binary that `scripts/setup.sh` has built.

    Raises:
        ServerError: It isn't there.
    """
    return cached_binary(f"jaeger-{VERSION}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Jaeger:
    """A Jaeger that runs.

    Attributes:
        certificates: Whom it trusts and what a client must show.
        grpc_endpoint: Base URL for OTLP over gRPC.
        http_endpoint: Base URL for OTLP over HTTP.
        query_url: Base URL of the query API, in plaintext on the loopback.
    """

    certificates: Certificates
    grpc_endpoint: str
    http_endpoint: str
    query_url: str

    def endpoint(self, protocol: str) -> str:
        """Answer the base URL for `protocol`, "grpc" or "http/protobuf"."""
        return self.grpc_endpoint if protocol == "grpc" else self.http_endpoint

    def services(self) -> list[str]:
        """List the services that have sent a span."""
        return list(self._get("/api/services")["data"] or ())

    def trace(self, trace_id: int) -> dict[str, Any]:
        """Read a trace as /api/traces shows it, with `spans` and `processes`."""
        data: list[dict[str, Any]] = self._get(f"/api/traces/{trace_id:032x}")["data"]
        return data[0]

    def spans_of(self, service: str) -> list[dict[str, Any]]:
        """List all spans of a service, as /api/traces shows them."""
        query = urllib.parse.urlencode({"service": service, "limit": 10_000, "lookback": "1h"})
        traces: list[dict[str, Any]] = self._get(f"/api/traces?{query}")["data"] or []
        return [span for trace in traces for span in trace["spans"]]

    def span_names(self, trace_id: int) -> list[str]:
        """List the names of a trace's spans, sorted."""
        return sorted(span["operationName"] for span in self.trace(trace_id)["spans"])

    def holds(self, trace_id: int) -> bool:
        """Say whether at least one span of the trace has arrived."""
        try:
            return bool(self.trace(trace_id)["spans"])
        except urllib.error.HTTPError as refusal:
            refusal.close()
            if refusal.code != 404:
                raise
            return False

    def await_trace(self, trace_id: int, seconds: float = 60.0) -> None:
        """Wait until the trace can be read.

        Raises:
            AssertionError: It couldn't after `seconds`.
        """
        assert poll(lambda: self.holds(trace_id), seconds=seconds), "the trace never arrived"

    def trace_strings(self, trace_id: int) -> list[str]:
        """List every string, number and decoded byte string that both query APIs show."""
        return [
            text for path in _QUERIES for text in strings_in(self._get(f"{path}{trace_id:032x}"))
        ]

    def _get(self, path: str) -> Any:
        # An opener without proxies: the environment's must not stand between a test and loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.query_url + path, timeout=30) as answer:
            return json.load(answer)


@contextlib.contextmanager
def running_jaeger(directory: Path) -> Iterator[Jaeger]:
    """Run a Jaeger whose files are in `directory`, until the context ends."""
    program, certificates = binary(), Certificates.create(directory)
    config_file = directory / "jaeger.yaml"
    ports: list[int] = []

    def attempt() -> Program | None:
        ports[:] = free_ports(5)
        config_file.write_text(json.dumps(_configuration(certificates, ports)))  # JSON is YAML
        return start(
            [program, "--config", config_file], directory=directory, ready=lambda: healthy(ports[4])
        )

    with running(attempt, directory / f"{program.name}.log"):
        yield Jaeger(
            certificates=certificates,
            grpc_endpoint=f"https://{LOOPBACK}:{ports[0]}",
            http_endpoint=f"https://{LOOPBACK}:{ports[1]}",
            query_url=f"http://{LOOPBACK}:{ports[2]}",
        )


def healthy(port: int) -> bool:
    """Say whether the health check at a port of the loopback says so."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{LOOPBACK}:{port}/status", timeout=1) as answer:
            return bool(json.load(answer)["healthy"])
    except urllib.error.HTTPError as refusal:
        refusal.close()  # 503 while it starts
        return False
    except (OSError, ValueError):
        return False


def _configuration(certificates: Certificates, ports: list[int]) -> dict[str, Any]:
    grpc, http, query_http, query_grpc, health = (f"{LOOPBACK}:{port}" for port in ports)
    tls = {
        "cert_file": str(certificates.server.cert_file),
        "key_file": str(certificates.server.key_file),
        "client_ca_file": str(certificates.ca_file),
        "min_version": "1.3",
    }
    return {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query", "healthcheckv2"],
            "pipelines": {
                "traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}
            },
            "telemetry": {"metrics": {"level": "none"}},
        },
        "extensions": {
            "healthcheckv2": {"use_v2": True, "http": {"endpoint": health}},
            "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 10_000}}}},
            "jaeger_query": {
                "enable_tracing": False,  # else its own spans are in the store, and a stop is slow
                "storage": {"traces": "memory"},
                "http": {"endpoint": query_http},
                "grpc": {"endpoint": query_grpc},
            },
        },
        "receivers": {
            "otlp": {
                "protocols": {
                    "grpc": {"endpoint": grpc, "tls": tls},
                    "http": {"endpoint": http, "tls": tls},
                }
            }
        },
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
    }
