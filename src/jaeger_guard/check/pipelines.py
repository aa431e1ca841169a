"""How traces pass through a Collector: what protects its memory, where they are sent and written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jaeger_guard.check.configuration import Configuration, is_loopback
from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.weaknesses import Severity

_BEST: Final = "https://opentelemetry.io/docs/security/config-best-practices/"
_OTLP: Final = ("otlp", "otlp_grpc", "otlphttp", "otlp_http", "otelarrow")


def _no_memory_limiter(configuration: Configuration) -> Iterator[Hit]:
    connectors = configuration.section("connectors")
    for pipeline in configuration.trace_pipelines:
        processors = [name.partition("/")[0] for name in pipeline.texts("processors")]
        from_outside = [name for name in pipeline.texts("receivers") if name not in connectors]
        if from_outside and "memory_limiter" not in processors:
            yield Hit(
                pipeline.place, "whoever sends much takes all memory, and the process with it"
            )


def _plaintext(configuration: Configuration) -> Iterator[Hit]:
    for exporter in configuration.components("exporters", *_OTLP, "zipkin"):
        for name in ("endpoint", "traces_endpoint"):
            endpoint = exporter.node.get(name)
            if endpoint is None or is_loopback(endpoint.text()):
                continue
            insecure = exporter.node.get("tls", "insecure")
            is_url = "://" in endpoint.text()
            if endpoint.text().startswith("http://") or (
                not is_url and insecure is not None and insecure.value is True
            ):
                place = endpoint.place if is_url or insecure is None else insecure.place
                yield Hit(place, f"{exporter.id} sends spans in the clear")


def _skip_verify(configuration: Configuration) -> Iterator[Hit]:
    for section in ("exporters", "extensions", "receivers", "connectors", "processors"):
        for component in configuration.components(section):
            for node in component.node.walk():
                found = node.get("insecure_skip_verify") or node.get("insecure_skip_host_verify")
                skips = node.get("skip_host_verify") if found is None else found
                if skips is not None and skips.value is True:
                    yield Hit(skips.place, f"{component.id} talks to whoever answers")


def _debug(configuration: Configuration) -> Iterator[Hit]:
    for exporter in configuration.components("exporters", "debug", "logging"):
        verbosity = exporter.node.get("verbosity") or exporter.node.get("loglevel")
        level = "" if verbosity is None else verbosity.text().lower()
        if verbosity is None or level not in ("detailed", "normal", "debug"):
            continue
        severity = Severity.HIGH if level != "normal" else None
        yield Hit(verbosity.place, f"{exporter.id} writes attributes of spans to the log", severity)


def _file(configuration: Configuration) -> Iterator[Hit]:
    for exporter in configuration.components("exporters", "file"):
        yield Hit(exporter.node.place, f"{exporter.id} writes spans to a file in the clear")


def _queue(configuration: Configuration) -> Iterator[Hit]:
    for storage in configuration.components("extensions", "file_storage", "db_storage"):
        yield Hit(storage.node.place, f"{storage.id} keeps what waits to be sent unencrypted")


def _exporter(settings: str) -> str:
    return f"exporters:\n  {settings}\n"


def _pipeline(processors: str) -> str:
    return (
        "receivers: {otlp: {protocols: {}}}\n"
        "processors: {memory_limiter: {check_interval: 1s, limit_mib: 512}, batch: {}}\n"
        "exporters: {nop: {}}\n"
        "service:\n"
        "  telemetry: {metrics: {level: none}}\n"
        "  pipelines:\n"
        f"    traces: {{receivers: [otlp], processors: {processors}, exporters: [nop]}}\n"
    )


RULES: Final = (
    Rule(
        id="pipeline.no-memory-limiter",
        severity=Severity.MEDIUM,
        title="A pipeline that takes spans has no memory_limiter",
        remedy="Put memory_limiter first among its processors",
        source=_BEST,
        subject=Subject.CONFIGURATION,
        look=_no_memory_limiter,
        bad=_pipeline("[batch]"),
        good=_pipeline("[memory_limiter, batch]"),
    ),
    Rule(
        id="exporter.plaintext",
        severity=Severity.HIGH,
        title="Spans are sent in the clear to another machine",
        remedy="Use https://, or tls: with ca_file, cert_file and key_file",
        source=_BEST,
        subject=Subject.CONFIGURATION,
        look=_plaintext,
        bad=_exporter("otlp: {endpoint: 'jaeger:4317', tls: {insecure: true}}"),
        good=_exporter("otlp: {endpoint: 'jaeger:4317', tls: {ca_file: ca.pem}}"),
    ),
    Rule(
        id="tls.skip-verify",
        severity=Severity.HIGH,
        title="A peer's certificate isn't verified",
        remedy="Remove insecure_skip_verify, and name the authority in ca_file",
        source="https://pkg.go.dev/go.opentelemetry.io/collector/config/configtls; CWE-295",
        subject=Subject.CONFIGURATION,
        look=_skip_verify,
        bad=_exporter("otlp: {endpoint: 'jaeger:4317', tls: {insecure_skip_verify: true}}"),
        good=_exporter("otlp: {endpoint: 'jaeger:4317', tls: {ca_file: ca.pem}}"),
    ),
    Rule(
        id="exporter.debug",
        severity=Severity.MEDIUM,
        title="The debug exporter writes spans to the log",
        remedy="Remove it from the pipelines, or set verbosity: basic",
        source="measured: detailed writes every attribute, scope and link, bytes as base64",
        subject=Subject.CONFIGURATION,
        look=_debug,
        bad=_exporter("debug: {verbosity: detailed}"),
        good=_exporter("debug: {verbosity: basic}"),
    ),
    Rule(
        id="exporter.file",
        severity=Severity.MEDIUM,
        title="Spans are written to a file in the clear",
        remedy="Send them to a backend; a file needs an encrypted volume and somebody who deletes it",
        source="GDPR Art. 32(1)(a) and 5(1)(e)",
        subject=Subject.CONFIGURATION,
        look=_file,
        bad=_exporter("file: {path: /var/lib/otel/traces.json}"),
        good=_exporter("otlp: {endpoint: 'jaeger:4317', tls: {ca_file: ca.pem}}"),
    ),
    Rule(
        id="queue.unencrypted",
        severity=Severity.INFO,
        title="What waits to be sent lies on the disk unencrypted",
        remedy="Put its directory on an encrypted volume; the Collector can't encrypt it",
        source="measured on the Collector v0.155.0: the queue's file held e-mail addresses in clear",
        subject=Subject.CONFIGURATION,
        look=_queue,
        bad="extensions:\n  file_storage: {directory: /var/lib/otel}\n",
        good="extensions:\n  healthcheckv2: {use_v2: true, http: {endpoint: '127.0.0.1:13133'}}\n",
    ),
)
