"""A peer that can't be trusted gets nothing, and the reason is told, without a value."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Literal

import pytest

from e2e.planted import EMAIL
from jaeger_guard import Export, configure
from jaeger_guard.errors import ConfigurationError
from servers.collector import Collector
from servers.old_tls import running_old_tls

pytestmark = pytest.mark.e2e
Protocol = Literal["grpc", "http/protobuf"]
PROTOCOLS = pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])


def send_one(export: Export, service: str, caplog: pytest.LogCaptureFixture) -> str:
    """Send one span; answer what the guard has said about it, at configure() or in its log."""
    try:
        guard = configure(export=export, resource={"service.name": service})
    except ConfigurationError as refusal:
        return str(refusal)
    with guard.tracer_provider.get_tracer("e2e").start_as_current_span("sent") as span:
        span.set_attribute("note", EMAIL)
    guard.force_flush(timeout_millis=1000)
    guard.shutdown()
    ours = [record for record in caplog.records if record.name.startswith("jaeger_guard")]
    return "\n".join(record.getMessage() for record in ours if record.levelname != "DEBUG")


def assert_nothing_arrived(collector: Collector, service: str) -> None:
    """Send a span of another service after it, and see that only that one has come through."""
    certificates = collector.certificates
    witness = f"witness-{uuid.uuid4().hex[:8]}"
    guard = configure(
        export=Export(
            endpoint=collector.http_endpoint,
            protocol="http/protobuf",
            ca_file=certificates.ca_file,
            cert_file=certificates.client.cert_file,
            key_file=certificates.client.key_file,
        ),
        resource={"service.name": witness},
    )
    guard.tracer_provider.get_tracer("e2e").start_span("witness").end()
    guard.shutdown()
    collector.await_span(witness, "witness")
    assert collector.received(service).spans == []


@PROTOCOLS
@pytest.mark.parametrize(
    "wrong", ["foreign CA", "no client certificate", "foreign client", "expired client"]
)
def test_wrong_certificates_send_nothing(
    collector: Collector, protocol: Protocol, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong CA, and a missing, foreign or expired client certificate, end in silence and a log."""
    certificates = collector.certificates
    ca_file = certificates.foreign_ca_file if wrong == "foreign CA" else certificates.ca_file
    pair = {"foreign client": certificates.foreign, "expired client": certificates.expired}.get(
        wrong, certificates.client
    )
    cert_file: Path | None = pair.cert_file
    key_file: Path | None = pair.key_file
    if wrong == "no client certificate":
        cert_file = key_file = None
    service = f"closed-{uuid.uuid4().hex[:8]}"
    export = Export(
        endpoint=collector.endpoint(protocol),
        protocol=protocol,
        ca_file=ca_file,
        cert_file=cert_file,
        key_file=key_file,
        timeout=2,
    )
    said = send_one(export, service, caplog)
    assert "certificate" in said
    assert EMAIL not in said
    assert_nothing_arrived(collector, service)


@PROTOCOLS
def test_expired_server_gets_nothing(
    collector: Collector, protocol: Protocol, caplog: pytest.LogCaptureFixture
) -> None:
    """A server whose certificate expired yesterday gets no span, and the log says so."""
    certificates = collector.certificates
    service = f"closed-{uuid.uuid4().hex[:8]}"
    export = Export(
        endpoint=collector.expired_endpoint(protocol),
        protocol=protocol,
        ca_file=certificates.ca_file,
        cert_file=certificates.client.cert_file,
        key_file=certificates.client.key_file,
        timeout=2,
    )
    said = send_one(export, service, caplog)
    assert "expired" in said
    assert EMAIL not in said
    assert_nothing_arrived(collector, service)


@PROTOCOLS
def test_old_tls_gets_nothing(
    collector: Collector, protocol: Protocol, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that speaks TLS 1.1 at most gets no byte of a span (RFC 8996)."""
    certificates = collector.certificates
    with running_old_tls(certificates) as (endpoint, arrived):
        export = Export(
            endpoint=endpoint, protocol=protocol, ca_file=certificates.ca_file, timeout=2
        )
        said = send_one(export, "old-tls", caplog)
    assert arrived == []
    assert "TLS 1.2" in said


def test_redirect_to_plaintext_is_a_failure(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    """A redirect is not followed, and not taken for success as the plain SDK does."""
    certificates = collector.certificates
    service = f"closed-{uuid.uuid4().hex[:8]}"
    export = Export(
        endpoint=collector.redirect_endpoint,
        protocol="http/protobuf",
        ca_file=certificates.ca_file,
        cert_file=certificates.client.cert_file,
        key_file=certificates.client.key_file,
        timeout=2,
    )
    said = send_one(export, service, caplog)
    assert "redirect" in said
    assert_nothing_arrived(collector, service)
