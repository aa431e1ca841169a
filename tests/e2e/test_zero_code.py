"""Zero-code: the real `opentelemetry-instrument` before an application that knows nothing of it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import pytest
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
        - {"flask", "requests", "urllib3"}
    )
)
# The command's entry point; its script starts with the path of the interpreter that installed it.
COMMAND: Final = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"


def run(directory: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
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
        env=kept | traces_only | settings | {"PYTHONPATH": str(TESTS), "PYTHONSAFEPATH": "1"},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
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


def test_exporters_of_other_signals_are_told_of(tmp_path: Path) -> None:
    """Who asks for metrics or logs is told that only spans are set up, rather than losing them silently."""
    with HttpSink() as sink:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_LOGS_EXPORTER": "otlp",
        }
        child = run(tmp_path, **OURS, **settings)
        assert child.stderr.count("only spans are set up") == 1
        assert "OTEL_LOGS_EXPORTER has no effect" in child.stderr
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


def declare(directory: Path, sink: HttpSink, certificates: Certificates, ca_file: Path) -> str:
    """Write a declarative configuration, and answer its path."""
    client = certificates.client
    path = directory / "otel.yaml"
    path.write_text(DECLARED % (sink.endpoint, ca_file, client.cert_file, client.key_file))
    return str(path)


def test_a_declarative_configuration_is_guarded(certificates: Certificates, tmp_path: Path) -> None:
    """OTEL_CONFIG_FILE bypasses processors of a configurator: spans are scrubbed, `tls:` is obeyed."""
    with HttpSink(tls=tls_of(certificates)) as sink:
        path = declare(tmp_path, sink, certificates, certificates.ca_file)
        child = run(tmp_path, **OURS, OTEL_CONFIG_FILE=path)
        assert leaks(sink) == []
        assert_whole(sink.spans)
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
            "{tls: {ca_file: /ca.pem}}}}}]}",
            "meter_provider",
        ),
    ],
    ids=["broken", "plaintext", "metrics"],
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
