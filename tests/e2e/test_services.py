"""The services in examples/ under the servers they are for: what arrives over TLS is whole and scrubbed."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from servers.certificates import Certificates
from servers.otlp_sink import HttpSink, ServerTls
from servers.process import free_ports, listens, poll
from servers.reading import planted_found

pytestmark = pytest.mark.e2e

SERVICES: Final = Path(__file__).parent.parent.parent / "examples" / "services"
EMAIL: Final = "anna@mail.example.org"
CARD: Final = "4111 1111 1111 1111"
PASSWORD: Final = "correct-horse" + "-7-battery"
PLANTED: Final = (EMAIL, EMAIL.replace("@", "%40"), CARD, PASSWORD)
SECONDS: Final = 60

GUNICORN: Final = ("gunicorn", "--workers", "2", "--chdir", str(SERVICES), "--bind")
UVICORN: Final = ("uvicorn", "--app-dir", str(SERVICES), "--log-level", "warning", "--port")
# Each service: its command, how it is told its port, and the names of its spans.
ROUTES: Final = {
    "flask_shop:app": (GUNICORN, "127.0.0.1:{}", "GET /customers/<email>/orders", "POST /checkout"),
    "django_shop:application": (
        GUNICORN,
        "127.0.0.1:{}",
        "GET customers/<str:email>/orders",
        "POST checkout",
    ),
    "fastapi_shop:app": (UVICORN, "{}", "GET /customers/{email}/orders", "POST /checkout"),
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.create(tmp_path_factory.mktemp("certificates"))


@contextmanager
def serving(
    command: list[str], port: int, settings: dict[str, str], directory: Path
) -> Iterator[Path]:
    """Run a server until it is asked to end; lend its log."""
    log = directory / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", *command],
            env=settings,
            cwd=directory,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        assert poll(lambda: listens(port), seconds=SECONDS), log.read_text()
        yield log
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(timeout=30)
            raise


def visit(port: int, method: str, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {PASSWORD}"})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@pytest.mark.parametrize("application", ROUTES)
def test_a_service_of_the_examples(
    application: str, certificates: Certificates, tmp_path: Path
) -> None:
    """One line guards it: routes, statuses and errors arrive over mutual TLS, and nobody's data."""
    command, address, orders, checkout = ROUTES[application]
    (port,) = free_ports(1)
    server = certificates.server
    tls = ServerTls(server.cert_file, server.key_file, client_ca_file=certificates.ca_file)
    kept = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("OTEL_", "JAEGER_GUARD_", "DJANGO_"))
    }
    with HttpSink(tls=tls) as sink:
        settings = kept | {
            "OTEL_SERVICE_NAME": "shop",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint,
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificates.ca_file),
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(certificates.client.cert_file),
            "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(certificates.client.key_file),
            "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": ".*",
        }
        with serving([*command, address.format(port), application], port, settings, tmp_path):
            assert visit(port, "GET", f"/customers/{EMAIL}/orders?password={PASSWORD}") == 200
            assert visit(port, "GET", f"/nowhere/{EMAIL}") == 404
            assert visit(port, "POST", "/checkout") == 500
        by_name = {span.name: span for span in sink.spans if span.kind == Span.SPAN_KIND_SERVER}
        assert set(by_name) == {orders, "GET", checkout}
        error = by_name[checkout]
        assert error.status.code == Status.STATUS_CODE_ERROR
        assert [event.name for event in error.events] == ["exception"]
        told = ["ValueError", "was refused"]
        assert planted_found(told, [str(error)]) == told
        assert planted_found(PLANTED, [str(span) for span in sink.spans]) == []
