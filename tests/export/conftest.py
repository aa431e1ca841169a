"""Certificates, payloads and quick senders for the tests of exports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from jaeger_guard.export import Backoff, Export, Sender, Transport, build_transport
from servers.certificates import Authority, Pair
from servers.otlp_sink import ServerTls


class Pki:
    """Two authorities, ours and a stranger's, with what they issued."""

    def __init__(self, directory: Path) -> None:
        self.ours = Authority(directory, "ours")
        self.stranger = Authority(directory, "stranger")
        self.server: Pair = self.ours.issue("server")
        self.client: Pair = self.ours.issue("client")
        self.foreign_client: Pair = self.stranger.issue("client")
        self.expired: Pair = self.ours.issue("expired", expired=True)

    def serving(self, *, mutual: bool = False, **options: Any) -> ServerTls:
        """Answer the TLS of a server that our authority vouches for."""
        pair = options.pop("pair", self.server)
        client_ca = self.ours.ca_file if mutual else None
        return ServerTls(pair.cert_file, pair.key_file, client_ca, **options)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Certificates for the whole run."""
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def payload() -> bytes:
    """One serialized request with one span."""
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.name = "GET /orders/{id}"
    span.trace_id = bytes(range(16))
    span.span_id = bytes(range(8))
    return bytes(request.SerializeToString())


@pytest.fixture
def open_transport() -> Iterator[Callable[..., Transport]]:
    """Build transports from the fields of an Export; all are closed afterwards."""
    opened: list[Transport] = []

    def build(**fields: Any) -> Transport:
        transport = build_transport(Export(**fields).resolve({}))
        opened.append(transport)
        return transport

    yield build
    for transport in opened:
        transport.close()


@pytest.fixture
def open_sender() -> Iterator[Callable[..., Sender]]:
    """Start senders that retry after hundredths of a second; all are stopped afterwards."""
    opened: list[Sender] = []

    def build(max_bytes: int = 1 << 20, backoff: Backoff | None = None, **fields: Any) -> Sender:
        quick = backoff or Backoff(initial=0.01, longest=0.05, longest_in_flush=0.02)
        settings = Export(**fields).resolve({})
        sender = Sender.to(settings, max_bytes=max_bytes, backoff=quick)
        opened.append(sender)
        return sender

    yield build
    for sender in opened:
        sender.shutdown(0.0)
