"""Where traces are kept: for how long, and who could read them there or on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jaeger_guard.check.configuration import Configuration, is_loopback, seconds_of
from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.check.tree import Node
from jaeger_guard.weaknesses import Severity

_MEASURED: Final = "measured on Jaeger v1.76.0"
_GDPR: Final = "GDPR Art. 5(1)(e), storage limitation"
_LONGEST_HOURS: Final = 2160  # 90 days
_DATABASES: Final = ("elasticsearch", "opensearch", "cassandra", "clickhouse", "grpc")


def _backends(configuration: Configuration, *kinds: str) -> Iterator[tuple[str, str, Node]]:
    """Yield name, kind and settings of the backends of jaeger_storage."""
    for storage in configuration.components("extensions", "jaeger_storage"):
        for name, backend in storage.node.named("backends").items():
            for kind, node in backend.members.items():
                if kind in kinds:
                    yield name, kind, node


def _shown(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and len(name) < 64 else "…"


def _memory(configuration: Configuration) -> Iterator[Hit]:
    for name, _, node in _backends(configuration, "memory"):
        yield Hit(node.place, f"the backend {_shown(name)} loses all traces when it stops")


def _ephemeral(configuration: Configuration) -> Iterator[Hit]:
    for name, _, node in _backends(configuration, "badger"):
        ephemeral = node.get("ephemeral")
        if ephemeral is None or ephemeral.value is not False:
            place = node.place if ephemeral is None else ephemeral.place
            default = ", which is the default" if ephemeral is None else ""
            yield Hit(place, f"the backend {_shown(name)} is in a temporary directory{default}")


def _unencrypted(configuration: Configuration) -> Iterator[Hit]:
    for name, _, node in _backends(configuration, "badger"):
        yield Hit(
            node.place, f"the backend {_shown(name)} keeps traces unencrypted, as Badger does"
        )


def _lifetime(kind: str, node: Node) -> Node | None:
    return node.get("ttl", "spans") if kind == "badger" else node.get("schema", "trace_ttl")


def _no_ttl(configuration: Configuration) -> Iterator[Hit]:
    for name, kind, node in _backends(configuration, "badger"):
        lifetime = _lifetime(kind, node)
        if lifetime is None or lifetime.value is None:
            yield Hit(
                node.place, f"nobody has said how long the backend {_shown(name)} keeps spans"
            )
        elif (seconds_of(str(lifetime.value)) or 0) <= 0 and not lifetime.is_reference:
            yield Hit(lifetime.place, f"the backend {_shown(name)} keeps spans for ever")
    for name, _, node in _backends(configuration, "elasticsearch", "opensearch"):
        if not node.is_true("use_ilm"):
            what = f"nothing here deletes old indices of the backend {_shown(name)}"
            yield Hit(
                node.place, what, Severity.INFO, "Run jaeger-es-index-cleaner, or set use_ilm: true"
            )


def _long_ttl(configuration: Configuration) -> Iterator[Hit]:
    for name, kind, node in _backends(configuration, "badger", "cassandra"):
        lifetime = _lifetime(kind, node)
        if lifetime is None:
            continue
        seconds = seconds_of(str(lifetime.value))
        if seconds is not None and seconds > _LONGEST_HOURS * 3600:
            what = f"the backend {_shown(name)} keeps spans for {seconds / 86400:.0f} days"
            yield Hit(lifetime.place, what)


def _plaintext(configuration: Configuration) -> Iterator[Hit]:
    for name, kind, node in _backends(configuration, *_DATABASES):
        if _is_plaintext(kind, node):
            what = f"traces travel in the clear to the {kind} of the backend {_shown(name)}"
            local = all(map(is_loopback, _servers(kind, node)))
            yield Hit(node.place, what, Severity.LOW if local else None)
    for kafka in (
        *configuration.components("receivers", "kafka"),
        *configuration.components("exporters", "kafka"),
    ):
        tls = kafka.node.get("tls") or kafka.node.get("auth", "tls")
        if (tls is None or tls.is_true("insecure")) and kafka.node.get("brokers") is not None:
            local = all(map(is_loopback, kafka.node.texts("brokers")))
            what = f"{kafka.id} talks to Kafka in the clear"
            yield Hit(kafka.node.place, what, Severity.LOW if local else None)


def _is_plaintext(kind: str, node: Node) -> bool:
    if kind in ("elasticsearch", "opensearch"):
        servers = _servers(kind, node)
        return not servers or any(url.startswith("http://") for url in servers)
    # grpc has TLS unless told otherwise; cassandra and clickhouse have it where it is configured.
    tls = node.get("connection", "tls") if kind == "cassandra" else node.get("tls")
    if kind == "grpc":
        return tls is not None and tls.is_true("insecure")
    return tls is None or not tls.members or tls.is_true("insecure")


def _servers(kind: str, node: Node) -> list[str]:
    if kind in ("elasticsearch", "opensearch"):
        return node.texts("server_urls")
    if kind == "cassandra":
        return node.texts("connection", "servers")
    return node.texts("addresses" if kind == "clickhouse" else "endpoint")


def _no_auth(configuration: Configuration) -> Iterator[Hit]:
    for name, kind, node in _backends(configuration, *_DATABASES):
        auth = (
            node.get("authentication")
            or node.get("auth")
            or node.get("connection", "auth")
            or (node.get("tls", "cert_file"))
            or (node.get("connection", "tls", "cert_file"))
        )
        if auth is None or not (auth.members or auth.raw):
            what = f"Jaeger names itself to nobody at the {kind} of the backend {_shown(name)}"
            local = all(map(is_loopback, _servers(kind, node)))
            yield Hit(node.place, what, Severity.LOW if local and _servers(kind, node) else None)
    for kafka in (
        *configuration.components("receivers", "kafka"),
        *configuration.components("exporters", "kafka"),
    ):
        node = kafka.node
        has_certificate = node.is_set("tls", "cert_file") or node.is_set("auth", "tls", "cert_file")
        has_auth = any(node.is_set("auth", name) for name in ("sasl", "kerberos", "plain_text"))
        if node.get("brokers") is not None and not has_certificate and not has_auth:
            yield Hit(node.place, f"{kafka.id} names itself to nobody at Kafka")


def _backend(settings: str) -> str:
    return "extensions:\n  jaeger_storage:\n    backends:\n      main:\n" + "".join(
        f"        {line}\n" for line in settings.split("\n")
    )


_BADGER: Final = "badger: {directories: {keys: k, values: v}, ephemeral: false, ttl: {spans: 72h}}"
_DATABASE: Final = (
    'elasticsearch: {server_urls: ["https://es:9200"], use_ilm: true,'
    ' authentication: {basic: {username: jaeger, password: "${env:ES_PASSWORD}"}}}'
)

RULES: Final = (
    Rule(
        id="storage.memory",
        severity=Severity.MEDIUM,
        title="Traces are kept in memory alone",
        remedy="Use a backend on a disk, such as badger with ephemeral: false",
        source=f"{_MEASURED}: the memory store is emptied by each restart, SIGHUP included",
        subject=Subject.CONFIGURATION,
        look=_memory,
        bad=_backend("memory: {max_traces: 10000}"),
        good=_backend(_BADGER),
    ),
    Rule(
        id="storage.ephemeral",
        severity=Severity.MEDIUM,
        title="Badger in a temporary directory, which is the default",
        remedy="Set ephemeral: false, and directories on an encrypted volume",
        source="Jaeger's sources: ephemeral is true by default",
        subject=Subject.CONFIGURATION,
        look=_ephemeral,
        bad=_backend(_BADGER.replace(" ephemeral: false,", "")),
        good=_backend(_BADGER),
    ),
    Rule(
        id="storage.unencrypted",
        severity=Severity.INFO,
        title="Badger has no encryption",
        remedy="Put its directories on an encrypted volume (LUKS, or the provider's encryption)",
        source=f"{_MEASURED}: attribute values can be read in its files; no option encrypts them",
        subject=Subject.CONFIGURATION,
        look=_unencrypted,
        bad=_backend(_BADGER),
        good=_backend(_DATABASE),
    ),
    Rule(
        id="storage.no-ttl",
        severity=Severity.MEDIUM,
        title="Nobody has said how long spans are kept",
        remedy="Set ttl: {spans: 72h}, or what your purpose needs",
        source=_GDPR,
        subject=Subject.CONFIGURATION,
        look=_no_ttl,
        bad=_backend(_BADGER.replace(", ttl: {spans: 72h}", "")),
        good=_backend(_BADGER),
    ),
    Rule(
        id="storage.long-ttl",
        severity=Severity.MEDIUM,
        title=f"Spans are kept for more than {_LONGEST_HOURS // 24} days",
        remedy="Shorten ttl, or keep what is needed longer in a store of its own",
        source=_GDPR,
        subject=Subject.CONFIGURATION,
        look=_long_ttl,
        bad=_backend(_BADGER.replace("72h", "8760h")),
        good=_backend(_BADGER),
    ),
    Rule(
        id="storage.plaintext",
        severity=Severity.HIGH,
        title="Traces travel in the clear to a database or to Kafka",
        remedy="Use https:// or tls: with ca_file",
        source="https://www.jaegertracing.io/docs/latest/deployment/security/",
        subject=Subject.CONFIGURATION,
        look=_plaintext,
        bad=_backend(_DATABASE.replace("https://", "http://")),
        good=_backend(_DATABASE),
    ),
    Rule(
        id="storage.no-auth",
        severity=Severity.MEDIUM,
        title="A database or Kafka that asks for no credentials",
        remedy="Give Jaeger a user of its own there, with its password in an environment variable",
        source="https://www.jaegertracing.io/docs/latest/deployment/security/",
        subject=Subject.CONFIGURATION,
        look=_no_auth,
        bad=_backend('elasticsearch: {server_urls: ["https://es:9200"], use_ilm: true}'),
        good=_backend(_DATABASE),
    ),
)
