"""Live endpoints: each weakness is reported, alone, and a probe neither waits for long nor leaves a trace."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from jaeger_guard.check import Severity, check_endpoints
from jaeger_guard.check.live import http2
from jaeger_guard.check.live.connection import Client
from jaeger_guard.check.live.observing import Address
from jaeger_guard.cli import main
from jaeger_guard.errors import ConfigurationError
from servers.certificates import Authority, Certificates
from servers.jaeger import Jaeger
from servers.jaeger_open import running_open_jaeger
from servers.process import LOOPBACK, free_ports
from servers.weak import (
    down_to,
    giving,
    refusing,
    running_silent,
    running_weak,
    server_context,
    weak_pair,
)

pytestmark = pytest.mark.e2e

SERVICES = {"data": ["shop"], "total": 1}


@pytest.fixture(scope="module")
def open_jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    with running_open_jaeger(tmp_path_factory.mktemp("open")) as ports:
        yield ports


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.create(tmp_path_factory.mktemp("certificates"))


def found(endpoint: str, client: Client | None = None) -> dict[str, Severity]:
    """Return the ids and severities; when a certificate ends is told of each."""
    looked = check_endpoints([endpoint], client)
    assert looked.faults == []
    return {
        finding.id.removeprefix("endpoint."): finding.severity
        for finding in looked.findings
        if (finding.id, finding.severity) != ("endpoint.certificate-expires", Severity.INFO)
    }


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("otlp_grpc", {"otlp-open", "plaintext"}),
        ("otlp_http", {"otlp-open", "plaintext"}),
        ("query_http", {"query-open", "plaintext"}),
        ("query_grpc", {"query-open", "reflection", "plaintext"}),
        ("sampling_http", {"sampling-open", "plaintext"}),
        ("sampling_grpc", {"sampling-open", "plaintext"}),
        ("metrics", {"metrics-open"}),
        ("expvar", {"expvar-open"}),
        ("pprof", {"pprof-open", "expvar-open"}),  # Go serves both where it serves one
        ("zpages", {"zpages-open"}),
    ],
)
def test_an_open_jaeger(open_jaeger: dict[str, int], name: str, ids: set[str]) -> None:
    """What a real Jaeger gives to strangers is reported as what it is, by its port alone."""
    assert set(found(f"{LOOPBACK}:{open_jaeger[name]}")) == ids


def test_nothing_is_stored(open_jaeger: dict[str, int]) -> None:
    """Looking leaves no service in the store."""
    import json
    import urllib.request

    for name in ("otlp_grpc", "otlp_http"):
        assert found(f"{LOOPBACK}:{open_jaeger[name]}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    url = f"http://{LOOPBACK}:{open_jaeger['query_http']}/api/services"
    with opener.open(url, timeout=10) as answer:
        assert not json.load(answer)["data"]


def test_page_for_everything_is_nothing() -> None:
    """A server that answers each path with 200 and a page gives nothing away."""
    with running_weak(giving("/nowhere", {})) as endpoint:
        assert set(found(endpoint)) == {"plaintext"}


def test_plaintext(certificates: Certificates) -> None:
    """Plaintext is found where credentials are demanded, too."""
    with running_weak(refusing) as endpoint:
        assert found(endpoint) == {"plaintext": Severity.MEDIUM}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/api/services", SERVICES, "query-open"),
        ("/api/services", {"data": None}, "query-open"),
        ("/v1/traces", {"partialSuccess": {}}, "otlp-open"),
        ("/api/sampling", {"strategyType": 0}, "sampling-open"),
        ("/debug/vars", {"cmdline": ["jaeger"]}, "expvar-open"),
    ],
)
def test_open_behind_tls(
    certificates: Certificates, path: str, body: object, expected: str
) -> None:
    """What is open to strangers behind TLS is that one weakness."""
    with running_weak(giving(path, body), server_context(certificates.server)) as endpoint:
        assert set(found(f"https://{endpoint}")) == {expected}


def test_no_client_certificate(certificates: Certificates) -> None:
    """An answer without a certificate is one, be it a refusal for want of credentials."""
    with running_weak(refusing, server_context(certificates.server)) as endpoint:
        assert found(endpoint) == {"no-client-certificate": Severity.MEDIUM}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2])
def test_client_certificate_is_demanded(
    certificates: Certificates, version: ssl.TLSVersion
) -> None:
    """A refusal counts as one, after the handshake (1.3) or within it; 1.2 is told of as info."""
    context = down_to(server_context(certificates.server, ca_file=certificates.ca_file), version)
    with running_weak(giving("/api/services", SERVICES), context) as endpoint:
        expected = {"tls-1.2": Severity.INFO} if version is ssl.TLSVersion.TLSv1_2 else {}
        assert found(endpoint) == expected


def test_old_tls(certificates: Certificates) -> None:
    """TLS 1.1 is found on a server that refuses strangers, too."""
    context = server_context(certificates.server, ca_file=certificates.ca_file)
    with running_weak(refusing, down_to(context, ssl.TLSVersion.TLSv1_1)) as endpoint:
        assert found(endpoint) == {"old-tls": Severity.HIGH, "tls-1.2": Severity.INFO}


def test_certificate_alone(certificates: Certificates) -> None:
    """With a certificate to show, it is found that nothing else is demanded."""
    pair = certificates.client
    client = Client(cert_file=pair.cert_file, key_file=pair.key_file)
    context = server_context(certificates.server, ca_file=certificates.ca_file)
    with running_weak(giving("/api/services", SERVICES), context) as endpoint:
        assert found(endpoint, client) == {"certificate-only": Severity.MEDIUM}
    with running_weak(refusing, context) as endpoint:
        assert found(endpoint, client) == {}


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_certificate_alone_at_a_real_jaeger(jaeger: Jaeger, protocol: str) -> None:
    """By gRPC and by HTTP: a stranger gets nothing, a certificate alone can send spans."""
    pair = jaeger.certificates.client
    client = Client(cert_file=pair.cert_file, key_file=pair.key_file)
    assert found(jaeger.endpoint(protocol)) == {}
    assert found(jaeger.endpoint(protocol), client) == {"certificate-only": Severity.MEDIUM}


def test_expired(certificates: Certificates) -> None:
    """A certificate of yesterday is found, though nobody verified it."""
    context = server_context(certificates.expired, ca_file=certificates.ca_file)
    with running_weak(refusing, context) as endpoint:
        assert found(endpoint) == {"certificate-expired": Severity.HIGH}


def test_expires_soon(certificates: Certificates, tmp_path: Path) -> None:
    """One that ends within two weeks is more than a note."""
    authority = Authority(tmp_path, "soon")
    context = server_context(authority.issue("soon", days=5), ca_file=authority.ca_file)
    with running_weak(refusing, context) as endpoint:
        assert found(endpoint) == {"certificate-expires": Severity.MEDIUM}


def test_of_another_host(certificates: Certificates, tmp_path: Path) -> None:
    """A certificate for other names is found."""
    authority = Authority(tmp_path, "other")
    pair = authority.issue("other", names=("jaeger.example", "*.tracing.example"))
    context = server_context(pair, ca_file=authority.ca_file)
    with running_weak(refusing, context) as endpoint:
        assert found(endpoint) == {"host-mismatch": Severity.HIGH}


def test_weak_key(certificates: Certificates, tmp_path: Path) -> None:
    """An RSA key of 1024 bits is found."""
    context = server_context(weak_pair(tmp_path), ca_file=certificates.ca_file)
    with running_weak(refusing, context) as endpoint:
        assert found(endpoint) == {"weak-key": Severity.HIGH}


def test_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody listens, it could not look: exit status 2."""
    (port,) = free_ports(1)
    assert main(["check", "--endpoint", f"http://{LOOPBACK}:{port}"]) == 2
    assert "nobody answers there" in capsys.readouterr().err


def test_silence_is_waited_for_within_bounds() -> None:
    """A server that says nothing ends the look by the time-out, and nothing is claimed of it."""
    with running_silent() as endpoint:
        looked = check_endpoints([endpoint], timeout=0.2)
        assert [finding.id for finding in looked.findings] == []
        assert len(looked.faults) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://jaeger.example", "jaeger.example:443"),
        ("http://jaeger.example:16686/search", "jaeger.example:16686"),
        ("jaeger.example:4317", "jaeger.example:4317"),
        ("[::1]:4317", "[::1]:4317"),
    ],
)
def test_addresses(text: str, expected: str) -> None:
    """URLs and host:port name an address."""
    assert Address.parse(text).text == expected


@pytest.mark.parametrize("text", ["", "ftp://a", "https://user:secret@a", "a:b", "http://a b"])
def test_no_addresses(text: str) -> None:
    """Anything else is refused, and not quoted."""
    with pytest.raises(ConfigurationError) as refused:
        Address.parse(text)
    assert "secret" not in str(refused.value)


def test_frames_that_are_no_answer() -> None:
    """Only a message on the call's own stream counts; cut and odd frames end the look."""
    settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    trailers = b"\x00\x00\x03\x01\x05\x00\x00\x00\x01abc"
    message = b"\x00\x00\x05\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00"
    assert http2.speaks_http2(settings)
    assert not http2.speaks_http2(b"HTTP/1.1 400 Bad Request")
    assert not http2.answers(settings + trailers)
    assert http2.answers(settings + message)
    assert not http2.answers(settings + message.replace(b"\x00\x01\x00", b"\x00\x03\x00"))
    for cut in range(len(settings + message)):
        with contextlib.suppress(AssertionError):
            http2.answers((settings + message)[:cut])
