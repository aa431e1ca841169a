"""Jaeger's own extensions: what jaeger_query and remote_sampling promise, and don't keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jaeger_guard.check.configuration import Configuration
from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.weaknesses import Severity

_MEASURED: Final = "measured on Jaeger v1.76.0"

# `jaeger components` of that version.
_COMPONENTS: Final = {
    "receivers": {"otlp", "jaeger", "zipkin", "kafka", "nop"},
    "processors": {
        "batch", "memory_limiter", "filter", "attributes", "tail_sampling", "adaptive_sampling",
    },
    "connectors": {"forward", "spanmetrics"},
    "exporters": {
        "jaeger_storage_exporter", "otlp", "otlphttp", "kafka", "prometheus", "debug", "nop",
    },
    "extensions": {
        "jaeger_query", "jaeger_storage", "remote_sampling", "basicauth", "sigv4auth",
        "healthcheckv2", "expvar", "pprof", "zpages", "remote_storage", "storage_cleaner",
        "jaeger_mcp",
    },
}  # fmt: skip


def _bearer(configuration: Configuration) -> Iterator[Hit]:
    for query in configuration.components("extensions", "jaeger_query"):
        node = query.node.get("bearer_token_propagation")
        if node is not None and node.value is True:
            what = f"{query.id} hands tokens on to the storage, and checks none"
            yield Hit(node.place, what)


def _self_tracing(configuration: Configuration) -> Iterator[Hit]:
    for query in configuration.components("extensions", "jaeger_query"):
        node = query.node.get("enable_tracing")
        if node is None or node.value is not False:
            place = query.node.place if node is None else node.place
            yield Hit(place, f"{query.id} sends spans about queries to localhost:4317 in the clear")


def _tenancy(configuration: Configuration) -> Iterator[Hit]:
    for component in (
        *configuration.components("extensions", "jaeger_query", "remote_storage"),
        *configuration.components("exporters", "jaeger_storage_exporter"),
    ):
        for name in ("multi_tenancy", "tenancy"):
            node = component.node.get(name)
            if node is not None and (node.is_true("Enabled") or node.is_true("enabled")):
                what = f"{component.id} takes the tenant from a header that anybody can send"
                yield Hit(node.place, what)


def _archive(configuration: Configuration) -> Iterator[Hit]:
    for query in configuration.components("extensions", "jaeger_query"):
        node = query.node.get("storage", "traces_archive")
        if node is not None and node.value:
            what = f"{query.id} lets whoever may query copy a trace into another store"
            yield Hit(node.place, what)


def _adaptive(configuration: Configuration) -> Iterator[Hit]:
    for sampling in configuration.components("extensions", "remote_sampling"):
        node = sampling.node.get("adaptive")
        if node is not None:
            yield Hit(node.place, f"{sampling.id} never adapts where there is one Jaeger")


def _cleaner(configuration: Configuration) -> Iterator[Hit]:
    for cleaner in configuration.components("extensions", "storage_cleaner"):
        what = f"{cleaner.id} lets anybody who reaches port 9231 erase the storage"
        yield Hit(cleaner.node.place, what)


def _remote_storage(configuration: Configuration) -> Iterator[Hit]:
    for remote in configuration.components("extensions", "remote_storage"):
        yield Hit(remote.node.place, f"{remote.id} gives the whole store to other programs")


def _unknown_component(configuration: Configuration) -> Iterator[Hit]:
    if not configuration.is_jaeger:
        return
    for section, known in _COMPONENTS.items():
        for component in configuration.components(section):
            if component.type not in known:
                what = f"Jaeger has no {component.type}, and doesn't start"
                yield Hit(component.node.place, what)


def _query(settings: str) -> str:
    return "extensions:\n  jaeger_query:\n" + "".join(
        f"    {line}\n" for line in settings.split("\n")
    )


RULES: Final = (
    Rule(
        id="query.bearer-token-propagation",
        severity=Severity.MEDIUM,
        title="bearer_token_propagation taken for authentication",
        remedy="Remove it unless the storage checks the token, and set auth: {authenticator: basicauth}",
        source=f"{_MEASURED}: no token, any token and garbage are all answered with 200",
        subject=Subject.CONFIGURATION,
        look=_bearer,
        bad=_query("enable_tracing: false\nbearer_token_propagation: true"),
        good=_query("enable_tracing: false\nhttp: {auth: {authenticator: basicauth}}"),
    ),
    Rule(
        id="query.self-tracing",
        severity=Severity.MEDIUM,
        title="jaeger_query traces itself, which is the default",
        remedy="Set enable_tracing: false",
        source=f"{_MEASURED}: addresses and user agents of those who query get into the store, and a "
        "stop takes 10 seconds",
        subject=Subject.CONFIGURATION,
        look=_self_tracing,
        bad=_query("storage: {traces: short}"),
        good=_query("storage: {traces: short}\nenable_tracing: false"),
    ),
    Rule(
        id="query.tenancy",
        severity=Severity.MEDIUM,
        title="Tenancy taken for isolation",
        remedy="Run a Jaeger for each tenant, or have an authenticating proxy set the header",
        source=f"{_MEASURED}: nothing authenticates the tenant's header, ingest ignores it, and a query "
        "without tenancy sees all",
        subject=Subject.CONFIGURATION,
        look=_tenancy,
        bad=_query("enable_tracing: false\nmulti_tenancy: {Enabled: true, Header: x-tenant}"),
        good=_query("enable_tracing: false"),
    ),
    Rule(
        id="query.archive",
        severity=Severity.MEDIUM,
        title="An archive, by which retention can be bypassed",
        remedy="Remove traces_archive; a second jaeger_query can read the other store",
        source=f"{_MEASURED}: POST /api/archive/ID copies a trace there, for anybody who may query",
        subject=Subject.CONFIGURATION,
        look=_archive,
        bad=_query("enable_tracing: false\nstorage: {traces: short, traces_archive: long}"),
        good=_query("enable_tracing: false\nstorage: {traces: short}"),
    ),
    Rule(
        id="sampling.adaptive",
        severity=Severity.LOW,
        title="Adaptive sampling with one Jaeger",
        remedy="Use a strategies file",
        source=f"{_MEASURED}: the answer never changes, for a leader doesn't read what it calculates",
        subject=Subject.CONFIGURATION,
        look=_adaptive,
        bad="extensions:\n  remote_sampling:\n    adaptive: {sampling_store: main}\n",
        good="extensions:\n  remote_sampling:\n    file: {path: strategies.json}\n",
    ),
    Rule(
        id="storage.cleaner",
        severity=Severity.CRITICAL,
        title="storage_cleaner: anybody can erase the storage",
        remedy="Remove it: it is there for Jaeger's own tests",
        source="Jaeger's sources: POST /purge on port 9231 of all interfaces",
        subject=Subject.CONFIGURATION,
        look=_cleaner,
        bad="extensions:\n  storage_cleaner: {trace_storage: short}\n",
        good="extensions:\n  basicauth: {htpasswd: {file: users}}\n",
    ),
    Rule(
        id="storage.remote",
        severity=Severity.MEDIUM,
        title="remote_storage gives the whole store to other programs",
        remedy="Remove it, or let in only the programs that need it, by NetworkPolicy and mutual TLS",
        source="Jaeger's sources: a gRPC service without a user's rights, port 17271 by default",
        subject=Subject.CONFIGURATION,
        look=_remote_storage,
        bad="extensions:\n  remote_storage: {endpoint: '10.0.0.7:17271', storage: short}\n",
        good="extensions:\n  basicauth: {htpasswd: {file: users}}\n",
    ),
    Rule(
        id="jaeger.unknown-component",
        severity=Severity.MEDIUM,
        title="A component of the Collector that Jaeger doesn't have",
        remedy="Put a Collector in front of Jaeger for it, or remove it",
        source=f"{_MEASURED}: an unknown type ends the start",
        subject=Subject.CONFIGURATION,
        look=_unknown_component,
        bad=_query("enable_tracing: false") + "processors:\n  redaction: {allow_all_keys: true}\n",
        good=_query("enable_tracing: false") + "processors:\n  batch: {}\n",
    ),
)
