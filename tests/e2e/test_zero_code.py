"""Zero-code: the real `opentelemetry-instrument` before an application that knows nothing of it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from e2e.planted import EVERYWHERE
from servers.certificates import Certificates
from servers.otlp_sink import HttpSink, ServerTls
from servers.reading import planted_found, strings_in

pytestmark = pytest.mark.e2e

TESTS: Final = Path(__file__).parent.parent
# What the documentation tells users to set.
OURS: Final = {
    "OTEL_PYTHON_DISTRO": "jaeger_guard",
    "OTEL_PYTHON_CONFIGURATOR": "jaeger_guard",
}
THEIRS: Final = {
    "OTEL_PYTHON_DISTRO": "distro",
    "OTEL_PYTHON_CONFIGURATOR": "configurator",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
}
# The application needs no others of those that the tests install, which take seconds to import.
UNNEEDED: Final = ",".join(
    sorted(
        {point.name for point in entry_points(group="opentelemetry_instrumentor")}
        - {"flask", "logging", "requests", "urllib3"}
    )
)
# The command's entry point; its script starts with the path of the interpreter that installed it.
COMMAND: Final = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"


def run(
    directory: Path, *arguments: str, path: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run the application under the command; it must have run to its end whatever was set."""
    kept = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("OTEL_", "JAEGER_GUARD_"))
    }
    traces_only = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    traces_only["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"] = UNNEEDED
    program = (sys.executable, "-m", "e2e.apps.zero_code_app", *arguments)
    child = subprocess.run(
        [sys.executable, "-c", COMMAND, *program],
        env=kept
        | traces_only
        | settings
        | {"PYTHONPATH": f"{TESTS}:{path}".rstrip(":"), "PYTHONSAFEPATH": "1"},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-3000:]
    assert "the application ran" in child.stdout
    assert planted_found(EVERYWHERE, [child.stderr]) == []
    return child


def leaks(sink: HttpSink) -> list[str]:
    """Return what was planted and arrived."""
    return planted_found(EVERYWHERE, [text for span in sink.spans for text in strings_in(span)])


def assert_whole(spans: list[Span]) -> None:
    """Check that the trace is complete: routes, the client's span below the server's, the statuses."""
    by_id = {span.span_id: span for span in spans}
    servers = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
    (client,) = (span for span in spans if span.kind == Span.SPAN_KIND_CLIENT)
    assert len(servers) == 3
    assert by_id[client.parent_span_id].name == "GET /customers/<mail>/orders"
    assert {"GET /customers/<mail>/orders", "POST /checkout"} <= {span.name for span in servers}
    assert "GET" in {span.name for span in servers}  # what no route matches, by our hook
    codes = sorted(
        attribute.value.int_value
        for span in servers
        for attribute in span.attributes
        if attribute.key in ("http.status_code", "http.response.status_code")
    )
    assert codes == [200, 404, 500]


def tls_of(certificates: Certificates) -> ServerTls:
    """Return TLS that demands a client certificate."""
    server = certificates.server
    return ServerTls(server.cert_file, server.key_file, client_ca_file=certificates.ca_file)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.create(tmp_path_factory.mktemp("certificates"))


def test_the_documented_one_liner(certificates: Certificates, tmp_path: Path) -> None:
    """Two variables guard a service that knows nothing of it, over TLS; a trace stays whole."""
    tls = tls_of(certificates)
    with HttpSink(tls=tls) as sink:
        run(
            tmp_path,
            **OURS,
            OTEL_EXPORTER_OTLP_ENDPOINT=sink.endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificates.ca_file),
            OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=str(certificates.client.cert_file),
            OTEL_EXPORTER_OTLP_CLIENT_KEY=str(certificates.client.key_file),
            OTEL_SERVICE_NAME="shop",
        )
        assert leaks(sink) == []
        assert_whole(sink.spans)


def by_path(sink: HttpSink) -> dict[str, list[bytes]]:
    """Return the payloads of each signal."""
    found: dict[str, list[bytes]] = {}
    for headers, payload in zip(sink.metadata, sink.received, strict=True):
        found.setdefault(headers[":path"], []).append(payload)
    return found


def assert_signals(sink: HttpSink) -> None:
    """Check that metrics and log records arrived, and nothing of what was planted in them."""
    payloads = by_path(sink)
    texts = [
        text
        for payload in payloads["/v1/metrics"]
        for resource in ExportMetricsServiceRequest.FromString(payload).resource_metrics
        for text in strings_in(MessageToDict(resource))
    ]
    assert {"orders", "/checkout"} <= set(texts)
    assert "customer" not in texts
    logged = [
        text
        for payload in payloads["/v1/logs"]
        for resource in ExportLogsServiceRequest.FromString(payload).resource_logs
        for text in strings_in(MessageToDict(resource))
    ]
    assert any("about card" in text for text in logged)
    assert any("ValueError" in text for text in logged)
    assert planted_found(EVERYWHERE, [*texts, *logged]) == []


ASKED_FOR: Final = {"OTEL_METRICS_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp"}


def test_metrics_and_logs(certificates: Certificates, tmp_path: Path) -> None:
    """Where they are asked for, they leave by the same rules: over mutual TLS, and scrubbed."""
    with HttpSink(tls=tls_of(certificates)) as sink:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificates.ca_file),
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(certificates.client.cert_file),
            "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(certificates.client.key_file),
        }
        run(tmp_path, "signals", **OURS, **settings, **ASKED_FOR)
        assert_signals(sink)


def test_plaintext_of_other_signals_is_refused(tmp_path: Path) -> None:
    """One error for each, and spans go on."""
    with HttpSink() as sink:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://collector.example:4318/v1/metrics",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://collector.example:4318/v1/logs",
        }
        child = run(tmp_path, "signals", **OURS, **settings, **ASKED_FOR)
        assert child.stderr.count("would travel in the clear") == 2
        assert "no metrics are exported" in child.stderr
        assert "no log records are exported" in child.stderr
        assert set(by_path(sink)) == {"/v1/traces"}
        assert_whole(sink.spans)


def test_signals_of_another_distribution(tmp_path: Path) -> None:
    """Where another one wins, its log records and metrics are scrubbed, too."""
    with HttpSink() as sink:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint}
        run(tmp_path, "signals", **THEIRS, **settings, **ASKED_FOR)
        payloads = by_path(sink)
        text = b"".join(payloads["/v1/logs"])
        assert b"about card" in text
        assert planted_found(EVERYWHERE, [text.decode(errors="replace")]) == []
        assert b"customer" not in b"".join(payloads["/v1/metrics"])


def test_a_distribution_that_cannot_be_guarded(tmp_path: Path) -> None:
    """Strict mode puts a provider in its place that records nothing; otherwise one error says it."""
    module = tmp_path / "vendor"
    module.mkdir()
    (module / "vendor_distro.py").write_text(VENDOR)
    information = module / "vendor_distro-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: vendor-distro\nVersion: 1.0\n"
    )
    (information / "entry_points.txt").write_text(
        "[opentelemetry_configurator]\nvendor = vendor_distro:VendorConfigurator\n"
    )
    for strict in ("true", "false"):
        with HttpSink() as sink:
            child = run(
                tmp_path,
                path=str(module),
                OTEL_PYTHON_DISTRO="distro",
                OTEL_PYTHON_CONFIGURATOR="vendor",
                OTEL_EXPORTER_OTLP_ENDPOINT=sink.endpoint,
                JAEGER_GUARD_STRICT=strict,
            )
            assert child.stderr.count("this process is not guarded") == 1
            assert "can't be guarded" in child.stderr
            assert bool(sink.spans) is (strict == "false")


VENDOR: Final = """
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._configuration import _BaseConfigurator
from opentelemetry.sdk.trace import SynchronousMultiSpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor


class VendorMulti(SynchronousMultiSpanProcessor):
    pass


class VendorConfigurator(_BaseConfigurator):
    def _configure(self, **kwargs):
        provider = TracerProvider(active_span_processor=VendorMulti())
        provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
"""


def test_unknown_exporters_of_other_signals_are_told_of(tmp_path: Path) -> None:
    """Who asks for an exporter that isn't known is told, rather than losing a signal silently."""
    with HttpSink() as sink:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRICS_EXPORTER": "prometheus",
        }
        child = run(tmp_path, **OURS, **settings)
        assert child.stderr.count("no metrics are exported: OTEL_METRICS_EXPORTER") == 1
        assert_whole(sink.spans)


def test_without_a_guard_it_leaks(tmp_path: Path) -> None:
    """The control: OpenTelemetry's own distribution, in an environment where ours is switched off."""
    with HttpSink() as sink:
        run(
            tmp_path,
            **THEIRS,
            OTEL_EXPORTER_OTLP_ENDPOINT=sink.endpoint,
            JAEGER_GUARD_UNSAFE_PASSTHROUGH="true",
        )
        assert leaks(sink) != []
        assert_whole(sink.spans)


@pytest.mark.parametrize(
    "settings",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example:4318"},
        {"OTEL_EXPORTER_OTLP_CERTIFICATE": "/no/such/ca.pem"},
        {"JAEGER_GUARD_POLICY": "no-such-preset"},
        {"OTEL_TRACES_SAMPLER": "no_such_sampler"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_a_bad_configuration(settings: dict[str, str], tmp_path: Path) -> None:
    """No export, one error that names the setting, and a running application."""
    child = run(tmp_path, **OURS, **settings)
    (variable,) = settings
    told = [line for line in child.stderr.splitlines() if "nothing is exported" in line]
    assert len(told) == 1
    assert variable in told[0]
    assert "Traceback" not in child.stderr


@pytest.mark.parametrize("chosen", [THEIRS, {}], ids=["theirs", "neither"])
def test_beside_another_distribution(chosen: dict[str, str], tmp_path: Path) -> None:
    """Where OpenTelemetry's own distribution is chosen, or found first, its spans are scrubbed too."""
    with HttpSink() as sink:
        child = run(
            tmp_path,
            **chosen | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
            OTEL_EXPORTER_OTLP_ENDPOINT=sink.endpoint,
        )
        assert leaks(sink) == []
        assert_whole(sink.spans)
    if chosen:
        assert child.stderr.count("another distribution configured OpenTelemetry") == 1


def test_our_exporter_under_another_distribution(
    certificates: Certificates, tmp_path: Path
) -> None:
    """OTEL_TRACES_EXPORTER=jaeger_guard exports by our pipeline, over mutual TLS."""
    with HttpSink(tls=tls_of(certificates)) as sink:
        run(
            tmp_path,
            **THEIRS,
            OTEL_TRACES_EXPORTER="jaeger_guard",
            OTEL_EXPORTER_OTLP_ENDPOINT=sink.endpoint,
            OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificates.ca_file),
            OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=str(certificates.client.cert_file),
            OTEL_EXPORTER_OTLP_CLIENT_KEY=str(certificates.client.key_file),
        )
        assert leaks(sink) == []
        assert_whole(sink.spans)


DECLARED: Final = """
file_format: "1.0"
propagator: {composite: [{tracecontext: }]}  # without any, the SDK's own breaks Flask's instrumentor
resource:
  attributes: [{name: service.name, value: shop}]
tracer_provider:
  processors:
    - batch:
        exporter:
          otlp_http:
            endpoint: %s/v1/traces
            timeout: 5000
            headers: [{name: x-tenant, value: shop}]
            tls: {ca_file: %s, cert_file: %s, key_file: %s}
"""


SIGNALS_DECLARED: Final = """
meter_provider:
  readers: [{periodic: {exporter: {otlp_http: {endpoint: "%s/v1/metrics", tls: &tls {ca_file: %s, cert_file: %s, key_file: %s}}}}}]
logger_provider:
  processors: [{batch: {exporter: {otlp_http: {endpoint: "%s/v1/logs", tls: *tls}}}}]
"""


def declare(directory: Path, sink: HttpSink, certificates: Certificates, ca_file: Path) -> str:
    """Write a declarative configuration, and answer its path."""
    client = certificates.client
    path = directory / "otel.yaml"
    files = (sink.endpoint, ca_file, client.cert_file, client.key_file)
    path.write_text(DECLARED % files + SIGNALS_DECLARED % (*files, sink.endpoint))
    return str(path)


def test_a_declarative_configuration_is_guarded(certificates: Certificates, tmp_path: Path) -> None:
    """OTEL_CONFIG_FILE bypasses processors of a configurator: spans are scrubbed, `tls:` is obeyed."""
    with HttpSink(tls=tls_of(certificates)) as sink:
        path = declare(tmp_path, sink, certificates, certificates.ca_file)
        child = run(tmp_path, "signals", **OURS, OTEL_CONFIG_FILE=path)
        sink.payloads = by_path(sink)["/v1/traces"]
        assert leaks(sink) == []
        assert_whole(sink.spans)
        assert_signals(sink)
        assert "another distribution" not in child.stderr
    with HttpSink(tls=tls_of(certificates)) as sink:
        path = declare(tmp_path, sink, certificates, certificates.foreign_ca_file)
        run(tmp_path, **OURS, OTEL_CONFIG_FILE=path, OTEL_BSP_EXPORT_TIMEOUT="1000")
        assert sink.spans == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tracer_provider: [", "can't be read"),
        (
            "file_format: '1.0'\ntracer_provider: {processors: [{batch: {exporter: {otlp_http: "
            "{endpoint: 'http://collector.example:4318/v1/traces'}}}}]}",
            "in the clear",
        ),
        (
            "file_format: '1.0'\nmeter_provider: {readers: [{periodic: {exporter: {otlp_http: "
            "{endpoint: 'http://collector.example:4318/v1/metrics'}}}}]}",
            "metrics would travel in the clear",
        ),
        (
            "file_format: '1.0'\nlogger_provider: {processors: [{simple: {exporter: {otlp_grpc: "
            "{endpoint: 'http://collector.example:4317'}}}}]}",
            "log records would travel in the clear",
        ),
    ],
    ids=["broken", "plaintext", "metrics", "logs"],
)
def test_a_declarative_configuration_that_cannot_be_honoured(
    text: str, complaint: str, tmp_path: Path
) -> None:
    """One error, nothing exported, and a running application; never a setting without effect."""
    path = tmp_path / "otel.yaml"
    path.write_text(text)
    child = run(tmp_path, **OURS, OTEL_CONFIG_FILE=str(path))
    told = [line for line in child.stderr.splitlines() if "nothing is exported" in line]
    assert len(told) == 1
    assert complaint in told[0]


@pytest.mark.parametrize("strict", ["false", "true"])
def test_a_second_provider_is_told_of_or_refused(strict: str, tmp_path: Path) -> None:
    """A library's own provider is found when it gives out a tracer; in strict mode it records nothing."""
    with HttpSink() as sink:
        child = run(
            tmp_path,
            "second",
            **OURS,
            OTEL_EXPORTER_OTLP_ENDPOINT=sink.endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            JAEGER_GUARD_STRICT=strict,
        )
        assert child.stderr.count("a TracerProvider that is not guarded is in use") == 1
        theirs = [span for span in sink.spans if span.name == "library.work"]
        assert len(theirs) == (0 if strict == "true" else 2)
        assert_whole([span for span in sink.spans if span not in theirs])
