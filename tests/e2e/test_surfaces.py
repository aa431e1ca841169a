"""Spans planted on every surface, through real TLS, to a real Jaeger and a real collector."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from e2e.plain import plain_provider
from e2e.planted import BEARER, CARD, EMAIL, JWT, PASSWORD, TOKEN
from e2e.surfaces import BENIGN, RESOURCE, record_planted
from jaeger_guard import Export, configure
from servers.collector import Collector
from servers.jaeger import Jaeger
from servers.reading import planted_found

pytestmark = pytest.mark.e2e
Protocol = Literal["grpc", "http/protobuf"]
PROTOCOLS = pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
PLANTED = (EMAIL, CARD, TOKEN, PASSWORD, BEARER, JWT)


@contextmanager
def guarded(
    server: Jaeger | Collector, protocol: Protocol, service: str
) -> Iterator[TracerProvider]:
    """Lend a guarded provider that has exported everything when the context ends."""
    certificates = server.certificates
    guard = configure(
        export=Export(
            endpoint=server.endpoint(protocol),
            protocol=protocol,
            ca_file=certificates.ca_file,
            cert_file=certificates.client.cert_file,
            key_file=certificates.client.key_file,
        ),
        resource={"service.name": service, **RESOURCE},
    )
    try:
        yield guard.tracer_provider
    finally:
        guard.shutdown()


@contextmanager
def unguarded(
    server: Jaeger | Collector, protocol: Protocol, service: str
) -> Iterator[TracerProvider]:
    """Lend the plain SDK's provider with the same peer."""
    certificates = server.certificates
    provider = plain_provider(
        endpoint=server.endpoint(protocol),
        protocol=protocol,
        ca_file=str(certificates.ca_file),
        cert_file=str(certificates.client.cert_file),
        key_file=str(certificates.client.key_file),
        service=service,
    )
    provider._resource = provider.resource.merge(Resource(RESOURCE))
    try:
        yield provider
    finally:
        provider.shutdown()


@PROTOCOLS
def test_jaeger_shows_what_a_plain_sdk_sends(jaeger: Jaeger, protocol: Protocol) -> None:
    """Every planted value of an unguarded span is found in Jaeger: the search can see."""
    with unguarded(jaeger, protocol, "control") as provider:
        trace_id = record_planted(provider)
    jaeger.await_trace(trace_id)
    strings = jaeger.trace_strings(trace_id)
    assert planted_found(PLANTED, strings) == list(PLANTED)
    assert planted_found(BENIGN, strings) == list(BENIGN)


@PROTOCOLS
def test_nothing_planted_is_in_jaeger(jaeger: Jaeger, protocol: Protocol) -> None:
    """From a guarded service Jaeger holds both spans and all benign values, and nothing planted."""
    service = f"shop-{uuid.uuid4().hex[:8]}"
    with guarded(jaeger, protocol, service) as provider:
        trace_id = record_planted(provider)
    jaeger.await_trace(trace_id)
    strings = jaeger.trace_strings(trace_id)
    assert planted_found(PLANTED, strings) == []
    assert planted_found(BENIGN, strings) == list(BENIGN)
    assert service in jaeger.services()
    names = jaeger.span_names(trace_id)
    assert len(names) == 2
    assert "benign" in names


@PROTOCOLS
def test_nothing_planted_passes_the_collector(collector: Collector, protocol: Protocol) -> None:
    """In the bytes behind nginx and a collector stand both spans, and nothing planted."""
    service = f"shop-{uuid.uuid4().hex[:8]}"
    with guarded(collector, protocol, service) as provider:
        trace_id = record_planted(provider)
    received = collector.await_span(service, "benign")
    assert planted_found(PLANTED, received.strings) == []
    assert planted_found(BENIGN, received.strings) == list(BENIGN)
    assert {int.from_bytes(span.trace_id) for span in received.spans} == {trace_id}
    (outer,) = [span for span in received.spans if span.name != "benign"]
    assert received.named("benign").parent_span_id == outer.span_id
    assert len(outer.events) == 3
    assert len(outer.links) == 1


@PROTOCOLS
def test_collector_passes_what_a_plain_sdk_sends(collector: Collector, protocol: Protocol) -> None:
    """Every planted value of an unguarded span passes the collector: the search can see."""
    service = f"control-{uuid.uuid4().hex[:8]}"
    with unguarded(collector, protocol, service) as provider:
        record_planted(provider)
    received = collector.await_span(service, "benign")
    assert planted_found(PLANTED, received.strings) == list(PLANTED)
