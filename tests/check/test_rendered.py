"""The Jaeger that `render` writes starts, takes a guarded service's spans, and gives `check` no reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from jaeger_guard import Export
from jaeger_guard.check import Severity, check_endpoints, check_files
from jaeger_guard.check.live.connection import Client
from jaeger_guard.cli import main
from jaeger_guard.configuration.arguments import Arguments
from jaeger_guard.configuration.building import build
from servers.jaeger_rendered import PASSWORD, PORTS, Rendered
from servers.otelcol import running_otelcol
from servers.process import free_ports, poll

pytestmark = pytest.mark.e2e

EMAIL = "alice" + "@example.com"


@pytest.mark.parametrize(("protocol", "port"), [("grpc", 4317), ("http/protobuf", 4318)])
@pytest.mark.parametrize(("retention", "query"), [("short", 16686), ("long", 16696)])
def test_takes_spans_of_a_guarded_service(
    rendered: Rendered, protocol: str, port: int, retention: str, query: int
) -> None:
    """Spans go by mutual TLS and credentials into the store of their class, and into no other."""
    certificates = rendered.certificates
    export = Export(
        endpoint=rendered.endpoint(port),
        protocol=protocol,  # type: ignore[arg-type]
        ca_file=certificates.ca_file,
        cert_file=certificates.client.cert_file,
        key_file=certificates.client.key_file,
        headers=rendered.headers,
    )
    resource = {"service.name": "shop", "privacy.retention": retention}
    guard = build(Arguments(export=export, resource=resource), {})
    with guard.tracer_provider.get_tracer("test").start_as_current_span("pay") as span:
        span.set_attribute("user.note", f"mail {EMAIL}")
        trace_id = f"{span.get_span_context().trace_id:032x}"
    assert guard.force_flush()
    guard.shutdown()
    path = f"/api/traces/{trace_id}"
    assert poll(lambda: rendered.get(query, path) is not None, seconds=30)
    shown = json.dumps(rendered.get(query, path))
    assert "user.note" in shown
    assert EMAIL not in shown
    assert rendered.get(16696 if query == 16686 else 16686, path) is None


def test_answers_with_the_strategies(rendered: Rendered) -> None:
    """Services in other languages get the policy's probability."""
    answer = rendered.get(5778, "/api/sampling?service=shop")
    assert answer == {"strategyType": 0, "probabilisticSampling": {"samplingRate": 1}}


def test_a_rendered_collector_hands_on(rendered: Rendered, tmp_path: Path) -> None:
    """A service without a guard sends to the rendered Collector, and what gets to the Jaeger is clean."""
    certificates = rendered.certificates
    (grpc,) = free_ports(1)
    command = ["render", "collector", "--policy", "baseline", "--output", str(tmp_path / "out")]
    command += ["--certificates", str(rendered.config_file.parent / "certificates")]
    command += ["--endpoint", f"127.0.0.1:{rendered.ports[4317]}"]
    assert main(command) == 0

    def configure(port: int) -> str:
        text = (tmp_path / "out" / "collector.yaml").read_text()
        for old, new in (("4317", grpc), ("4318", port)):
            assert text.count(f"'127.0.0.1:{old}'") == 1
            text = text.replace(f"'127.0.0.1:{old}'", f"'127.0.0.1:{new}'")
        return text

    environment = {"OTLP_USER": "guard", "JAEGER_USER": "guard"}
    environment |= {"OTLP_PASSWORD": PASSWORD, "JAEGER_PASSWORD": PASSWORD}
    with running_otelcol(tmp_path / "run", configure, environment) as collector:
        url = collector.http_endpoint.replace("http://", "https://")
        session = requests.Session()
        session.trust_env = False
        exporter = OTLPSpanExporter(
            f"{url}/v1/traces",
            certificate_file=str(certificates.ca_file),
            client_certificate_file=str(certificates.client.cert_file),
            client_key_file=str(certificates.client.key_file),
            headers=rendered.headers,
            session=session,
        )
        provider = TracerProvider(resource=Resource.create({"service.name": "elsewhere"}))
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        with provider.get_tracer("t").start_as_current_span(f"mail {EMAIL}") as span:
            span.set_attribute("user.note", [f"mail {EMAIL}"])
            trace_id = f"{span.get_span_context().trace_id:032x}"
        path = f"/api/traces/{trace_id}"
        assert poll(lambda: rendered.get(16686, path) is not None, seconds=60)
        provider.shutdown()
    shown = json.dumps(rendered.get(16686, path))
    assert "user.note" in shown
    assert EMAIL not in shown


def test_check_is_silent_on_its_file(rendered: Rendered) -> None:
    """Nothing is found in the file but that Badger can't encrypt, which is no fault of the file's."""
    looked = check_files([rendered.config_file])
    assert looked.faults == []
    assert {finding.id for finding in looked.findings} == {"storage.unencrypted"}
    assert {finding.severity for finding in looked.findings} == {Severity.INFO}


@pytest.mark.parametrize("shows_certificate", [False, True], ids=["stranger", "certificate"])
def test_check_is_silent_on_its_endpoints(rendered: Rendered, shows_certificate: bool) -> None:
    """Strangers get nothing at any port, nor does who has a certificate alone; when it ends is told."""
    pair = rendered.certificates.client
    client = Client(cert_file=pair.cert_file, key_file=pair.key_file) if shows_certificate else None
    endpoints = [rendered.endpoint(port) for port in PORTS if port != 13133]
    looked = check_endpoints(endpoints, client)
    assert looked.faults == []
    assert {finding.id for finding in looked.findings} == {"endpoint.certificate-expires"}
    assert {finding.severity for finding in looked.findings} == {Severity.INFO}
    assert len(looked.findings) == len(endpoints)


def test_check_is_silent_on_the_docs(tmp_path: Path) -> None:
    """The Jaeger of docs/retention.md is a hardened one, too."""
    page = (Path(__file__).parents[2] / "docs" / "retention.md").read_text()
    file = tmp_path / "jaeger.yaml"
    file.write_text(page.partition("```yaml\n")[2].partition("```")[0])
    looked = check_files([file])
    assert looked.faults == []
    assert {finding.id for finding in looked.findings} == {"storage.unencrypted"}


def test_the_command_says_so(rendered: Rendered, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is 0, for file and endpoint together."""
    arguments = [str(rendered.config_file), "--endpoint", rendered.endpoint(16686)]
    assert main(["check", *arguments, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {tuple(finding) for finding in found} == {
        ("id", "severity", "where", "message", "remedy", "source")
    }
