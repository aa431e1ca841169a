"""Metrics and log records go out as spans do: scrubbed, over TLS, and not to who doesn't take them."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from jaeger_guard import ConfigurationError, Export, Metrics, Policy
from jaeger_guard.configuration.signals import build_sender
from jaeger_guard.export.signals import LOGS, METRICS, Signal
from jaeger_guard.policy import compile_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.signals import (
    AllowedKeys,
    GuardLogRecordExporter,
    GuardMetricExporter,
    limit_metrics,
    limited_view,
)
from jaeger_guard.spans import SpanScrubber
from servers.certificates import Certificates
from servers.jaeger import Jaeger
from servers.otlp_sink import GrpcSink, HttpSink, ServerTls, running

MAIL = "ada.lovelace" + "@example.org"
SPANS = SpanScrubber(Scrubber(compile_policy(Policy(rules=()))))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.create(tmp_path_factory.mktemp("certificates"))


Sending = Callable[..., Any]


@pytest.fixture
def sending() -> Iterator[Sending]:
    """Build senders, and stop them again."""
    senders: list[Any] = []

    def build(signal: Signal, environ: dict[str, str] | None = None, **fields: Any) -> Any:
        senders.append(build_sender(Export(**fields), environ or {}, signal, 1 << 20))
        return senders[-1]

    yield build
    for sender in senders:
        sender.shutdown(0.1)


def meters(sender: Any, *views: View) -> tuple[MeterProvider, GuardMetricExporter]:
    """A provider that exports when it is told to."""
    exporter = GuardMetricExporter(SPANS, sender)
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=math.inf)
    resource = Resource({"service.name": "shop", "owner": MAIL})
    provider = MeterProvider([reader], resource, shutdown_on_exit=False, views=views)
    return provider, exporter


def test_metrics_over_mutual_tls(certificates: Certificates, sending: Sending) -> None:
    """What is measured arrives, what is known to be safe with it, and nothing that was found."""
    server, client = certificates.server, certificates.client
    tls = ServerTls(server.cert_file, server.key_file, client_ca_file=certificates.ca_file)
    with HttpSink(tls=tls) as sink:
        sender = sending(
            METRICS,
            endpoint=sink.endpoint,
            protocol="http/protobuf",
            ca_file=certificates.ca_file,
            cert_file=client.cert_file,
            key_file=client.key_file,
        )
        provider, _ = meters(sender, limited_view(["shop.plan"]))
        counter = provider.get_meter("shop").create_counter("orders", description=f"by {MAIL}")
        with TracerProvider(shutdown_on_exit=False).get_tracer("t").start_as_current_span("s"):
            counter.add(
                3,
                {
                    "http.route": "/orders/{id}",
                    "http.request.method": "GET",
                    "error.type": f"NoSuchUser {MAIL}",
                    "shop.plan": "gold",
                    "enduser.id": "ada",
                    "url.full": f"https://shop/?mail={MAIL}",
                },
            )
        assert provider.force_flush()
        assert sender.flush(30)
        [payload] = sink.payloads
        assert sink.metadata[0][":path"] == "/v1/metrics"
        assert b"lovelace" not in payload
        [resource] = ExportMetricsServiceRequest.FromString(payload).resource_metrics
        [metric] = resource.scope_metrics[0].metrics
        [point] = metric.sum.data_points
        assert point.as_int == 3
        values: dict[str, Any] = {pair.key: pair.value.string_value for pair in point.attributes}
        assert values.pop("error.type").startswith("NoSuchUser [REDACTED:")
        assert values == {
            "http.route": "/orders/{id}",
            "http.request.method": "GET",
            "shop.plan": "gold",
        }
        [exemplar] = point.exemplars  # it ties the point to its trace, and holds nothing else
        assert len(exemplar.trace_id) == 16
        assert not exemplar.filtered_attributes


def test_metrics_that_are_clean_arrive_as_the_sdk_encodes_them(sending: Sending) -> None:
    """Nothing benign changes on the way: histograms, arrays, numbers, scopes."""
    from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    from jaeger_guard.signals.exporters import scrub_metrics

    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], Resource({"service.name": "shop"}), shutdown_on_exit=False)
    meter = provider.get_meter("shop", "1.4.2", attributes={"team": "checkout"})
    meter.create_histogram("d", unit="s").record(0.25, {"http.response.status_code": 200})
    meter.create_counter("c").add(1, {"tags": ("a", "b"), "flag": True, "ratio": 0.5})
    meter.create_up_down_counter("u").add(-1)
    meter.create_gauge("g").set(2.5, {"http.route": "/orders/{id}"})
    data: Any = reader.get_metrics_data()
    expected, given = encode_metrics(data), encode_metrics(data)
    assert scrub_metrics(given, SPANS.scrubber) == 4
    assert given == expected


def test_attributes_that_metrics_may_have() -> None:
    """Those that the semantic conventions know to be safe and few, and what a policy names."""
    keys = AllowedKeys(["shop.*"])
    for key in ("http.route", "db.system.name", "error.type", "reason", "shop.Plan"):
        assert key in keys and key in keys
    unknown: list[object] = ["url.full", "http.target", "enduser.id", "user_agent.original", "x", 7]
    for other in unknown:
        assert other not in keys
    merged = Metrics(attributes=["a", "b"]).over(Metrics(attributes=["b", "c"]))
    assert merged.attributes == ("b",)


def test_a_provider_of_somebody_elses(sending: Sending) -> None:
    """Its Views stay, with the keys that are allowed; instruments from now on have no others."""
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader()
    views = [
        View(instrument_name="a", attribute_keys={"http.route", "enduser.id"}),
        View(instrument_name="*", name=None),
    ]
    provider = MeterProvider([reader], views=views, shutdown_on_exit=False)
    limit_metrics(provider)
    meter = provider.get_meter("m")
    with trace.use_span(
        trace.NonRecordingSpan(trace.SpanContext(7, 8, False, trace.TraceFlags(1)))
    ):
        for name in ("a", "b"):
            meter.create_counter(name).add(1, {"http.route": "/r", "enduser.id": "ada"})
    data: Any = reader.get_metrics_data()
    assert "/r" in data.to_json()
    assert "ada" not in data.to_json()


def test_log_records(sending: Sending) -> None:
    """Scrubbed by the exporter itself, where nothing before it does; one that fails loses no other."""
    with HttpSink() as sink:
        sender = sending(LOGS, endpoint=sink.endpoint, protocol="http/protobuf")
        provider = LoggerProvider(Resource({"owner": MAIL}), shutdown_on_exit=False)
        exporter = GuardLogRecordExporter(SPANS, sender)
        provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
        logger = provider.get_logger("shop")
        logger.emit(body=f"{MAIL} can't log in", attributes={"http.route": "/login", "a": MAIL})
        logger.emit(body={"text": "\ud800", "mail": MAIL})
        assert exporter.force_flush(30_000)
        assert [entry[":path"] for entry in sink.metadata] == ["/v1/logs"] * 2
        text = b"".join(sink.payloads)
        assert b"lovelace" not in text
        assert b"can't log in" in text and b"/login" in text
        records = [ExportLogsServiceRequest.FromString(payload) for payload in sink.payloads]
        assert all(record.resource_logs[0].scope_logs[0].log_records for record in records)


@pytest.mark.parametrize("sink_type", [HttpSink, GrpcSink])
def test_a_backend_that_takes_traces_alone(
    sink_type: Any, sending: Sending, caplog: pytest.LogCaptureFixture
) -> None:
    """A Jaeger says 404 or UNIMPLEMENTED: one warning names the variables, and nothing more is sent."""
    from servers.otlp_sink import HttpAnswer

    options: dict[str, Any] = {}
    if sink_type is HttpSink:
        options = {"answers": (HttpAnswer(404),) * 9}
    protocol = "http/protobuf" if sink_type is HttpSink else "grpc"
    with running(sink_type, **options) as sink, caplog.at_level(logging.INFO):
        sender = sending(METRICS, endpoint=sink.endpoint, protocol=protocol)
        provider, _ = meters(sender)
        counter = provider.get_meter("m").create_counter("c")
        for _ in range(3):
            counter.add(1)
            assert provider.force_flush()
        asked = len(sink.received)
        assert sender.is_refused
        assert asked <= 1
        provider.shutdown()
        assert sender.statistics()["queued_bytes"] == 0
    told = [line for line in caplog.messages if "takes no metrics" in line]
    assert len(told) == 1
    assert "OTEL_METRICS_EXPORTER=none" in told[0]


@pytest.mark.parametrize("signal", [METRICS, LOGS], ids=lambda signal: signal.name)
def test_grpc(signal: Signal, sending: Sending) -> None:
    """Each signal has its own service of OTLP/gRPC."""
    package = "opentelemetry.proto.collector"
    method = {
        METRICS: f"/{package}.metrics.v1.MetricsService/Export",
        LOGS: f"/{package}.logs.v1.LogsService/Export",
    }[signal]
    with GrpcSink(method=method) as sink:
        sender = sending(signal, endpoint=sink.endpoint)
        sender.submit(b"", 1)
        assert sender.flush(30)
        assert sink.payloads == [b""]
        assert not sender.is_refused


@pytest.mark.e2e
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_real_jaeger_takes_traces_alone(
    protocol: Any, jaeger: Jaeger, sending: Sending, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so, once is told of it, and what waits is let go."""
    certificates = jaeger.certificates
    sender = sending(
        LOGS,
        endpoint=jaeger.endpoint(protocol),
        protocol=protocol,
        ca_file=certificates.ca_file,
        cert_file=certificates.client.cert_file,
        key_file=certificates.client.key_file,
    )
    provider = LoggerProvider(shutdown_on_exit=False)
    exporter = GuardLogRecordExporter(SPANS, sender)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    for _ in range(2):
        provider.get_logger("shop").emit(body="hello")
        assert exporter.force_flush(60_000)
    assert sender.is_refused
    assert len([line for line in caplog.messages if "takes no log records" in line]) == 1


def test_neither_netrc_nor_bundles_nor_proxies_have_a_say(
    certificates: Certificates, sending: Sending, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment of `requests` replaces neither the CA nor the credential."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password stolen\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.foreign_ca_file))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    server = certificates.server
    with HttpSink(tls=ServerTls(server.cert_file, server.key_file)) as sink:
        sender = sending(
            LOGS,
            {
                "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"{sink.endpoint}/v1/logs",
                "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/protobuf",
                "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "authorization=Bearer%20ours",
                "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE": str(certificates.ca_file),
            },
        )
        sender.submit(b"", 1)
        assert sender.flush(30)
        assert sink.metadata[0]["authorization"] == "Bearer ours"


# --- settings -------------------------------------------------------------------------------------


def test_a_signals_variables_come_first() -> None:
    """OTEL_EXPORTER_OTLP_METRICS_*, then ours, then OTEL_EXPORTER_OTLP_*."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://all:4317",
        "JAEGER_GUARD_EXPORT_ENDPOINT": "https://ours:4317",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "3",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://traces:4317",
    }
    assert Export().resolve(environ, METRICS).endpoint.host == "ours"
    del environ["JAEGER_GUARD_EXPORT_ENDPOINT"]
    assert Export().resolve(environ, LOGS).endpoint.host == "all"
    environ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] = "https://metrics:4317"
    resolved = Export().resolve(environ, METRICS)
    assert resolved.endpoint.host == "metrics"
    assert resolved.timeout == 3
    assert Export().resolve(environ).endpoint.host == "traces"
    environ["OTEL_METRICS_EXPORTER"] = "otlp_proto_http"
    http = Export().resolve(environ, METRICS)
    assert http.endpoint.path == "/"  # that URL is used as it stands
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://all",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
    assert Export().resolve(environ, LOGS).endpoint.path == "/v1/logs"


def test_our_credential_isnt_shown_to_another_place(tmp_path: Path) -> None:
    """What was set for where spans go holds for metrics only where they go there, too."""
    token = tmp_path / "token"
    token.write_text("for-jaeger")
    token.chmod(0o600)
    environ = {
        "JAEGER_GUARD_EXPORT_ENDPOINT": "https://jaeger:4317",
        "JAEGER_GUARD_EXPORT_BEARER_TOKEN_FILE": str(token),
        "JAEGER_GUARD_EXPORT_HEADERS": "x-key=secret",
    }
    assert Export().resolve(environ, METRICS).authorizer is not None
    environ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] = "https://elsewhere:4317"
    elsewhere = Export().resolve(environ, METRICS)
    assert elsewhere.authorizer is None
    assert not elsewhere.headers
    declared = Export(endpoint="https://elsewhere:4317").resolve(environ, LOGS)
    assert declared.authorizer is None


@pytest.mark.parametrize("signal", [METRICS, LOGS], ids=lambda signal: signal.name)
def test_plaintext_is_refused(signal: Signal) -> None:
    """The same rule as for spans: loopback alone, or spelled unsafe."""
    variable = f"{signal.prefix}ENDPOINT"
    environ = {variable: "http://collector.example:4317"}
    with pytest.raises(ConfigurationError) as caught:
        Export().resolve(environ, signal)
    assert caught.value.where == variable
    assert signal.noun in caught.value.what
    assert Export().resolve({variable: "http://127.0.0.1:4317"}, signal)
    environ["JAEGER_GUARD_EXPORT_UNSAFE_PLAINTEXT"] = "true"
    assert Export().resolve(environ, signal)
