"""What listens: on which addresses, by TLS or in the clear, for anybody or for those who are known.

Facts of Jaeger by running the module v1.76.0 (core v0.140.0 inside).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jaeger_guard.check.configuration import Configuration, Listener, seconds_of
from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.check.tree import Node
from jaeger_guard.weaknesses import Severity

_OTHERS: Final = "https://opentelemetry.io/docs/security/config-best-practices/"
_MEASURED: Final = "measured on Jaeger v1.76.0"
_CONFIGTLS: Final = "https://pkg.go.dev/go.opentelemetry.io/collector/config/configtls"
_UDP: Final = ("thrift_compact", "thrift_binary")


def _guarded(configuration: Configuration) -> Iterator[Listener]:
    return (listener for listener in configuration.listeners if listener.guarded)


def _with_tls(configuration: Configuration) -> Iterator[tuple[Listener, Node]]:
    """Yield the listeners that have TLS, each TLS block once."""
    seen: set[int] = set()
    for listener in _guarded(configuration):
        tls = listener.node.get("tls")
        if tls is not None and tls.is_mapping and tls.members and id(tls) not in seen:
            seen.add(id(tls))
            yield listener, tls


def _is_udp(listener: Listener) -> bool:
    return listener.node.place.path.endswith(_UDP)


def _severity(listener: Listener) -> Severity:
    """Grade what everybody on the network, or only this machine's users, can use."""
    return Severity.MEDIUM if listener.is_loopback else Severity.HIGH


def _everywhere(configuration: Configuration) -> Iterator[Hit]:
    for listener in configuration.listeners:
        if listener.is_everywhere:
            how = "on all interfaces"
            if listener.node.get("endpoint") is None:
                how += ", since no endpoint is set and that is the default"
            yield Hit(listener.place, f"{listener.component.id} listens {how}")


def _plaintext(configuration: Configuration) -> Iterator[Hit]:
    for listener in _guarded(configuration):
        tls = listener.node.get("tls")
        # What is empty but written (`tls: {}`) has no certificate, and the server doesn't start.
        if _is_udp(listener):
            what = f"{listener.component.id} takes {listener.what} over UDP, which has no TLS"
            yield Hit(
                listener.node.place, what, _severity(listener), "Remove it; clients can send OTLP"
            )
        elif tls is None or not (tls.is_set("cert_file") or tls.is_set("cert_pem")):
            place = listener.node.place if tls is None else tls.place
            what = f"{listener.component.id} has no TLS: {listener.what} in the clear"
            yield Hit(place, what, _severity(listener))


def _without_auth(configuration: Configuration) -> Iterator[Hit]:
    for listener in _guarded(configuration):
        if not listener.node.is_set("auth", "authenticator") and not _is_udp(listener):
            what = f"{listener.component.id} asks nobody for credentials: {listener.what}"
            yield Hit(listener.node.place, what, _severity(listener))


def _unknown_authenticator(configuration: Configuration) -> Iterator[Hit]:
    known = {component.id for component in configuration.components("extensions")}
    for listener in configuration.listeners:
        node = listener.node.get("auth", "authenticator")
        if node is not None and node.value is not None and str(node.value) not in known:
            known.add(str(node.value))  # one that several name is missing once
            what = (
                f"{listener.component.id} names an authenticator that isn't in service.extensions"
            )
            yield Hit(node.place, what)


def _without_client_ca(configuration: Configuration) -> Iterator[Hit]:
    for listener, tls in _with_tls(configuration):
        if not (tls.is_set("client_ca_file") or tls.is_set("client_ca_pem")) and (
            tls.is_set("cert_file") or tls.is_set("cert_pem")
        ):
            yield Hit(tls.place, f"{listener.component.id} demands no client certificate")


def _old_tls(configuration: Configuration) -> Iterator[Hit]:
    for listener, tls in _with_tls(configuration):
        minimum, maximum = tls.get("min_version"), tls.get("max_version")
        if maximum is not None and maximum.text() in ("1.0", "1.1", "1.2"):
            what = f"{listener.component.id} speaks no newer TLS than {maximum.text()}"
            yield Hit(maximum.place, what)
        elif minimum is None or minimum.text() != "1.3":
            version = "1.2" if minimum is None else minimum.text()
            broken = version in ("1.0", "1.1")
            shown = version if broken else "1.2"
            default = ", the default" if minimum is None else ""
            what = f"{listener.component.id} accepts TLS {shown}{default}"
            place = tls.place if minimum is None else minimum.place
            yield Hit(place, what, Severity.HIGH if broken else None)


def _without_reload(configuration: Configuration) -> Iterator[Hit]:
    for listener, tls in _with_tls(configuration):
        interval = tls.get("reload_interval")
        if tls.is_set("cert_file") and not (
            interval is not None and (seconds_of(str(interval.value)) or 0) > 0
        ):
            what = f"{listener.component.id} never reads a renewed certificate"
            yield Hit(tls.place if interval is None else interval.place, what)


def _without_ca_reload(configuration: Configuration) -> Iterator[Hit]:
    for listener, tls in _with_tls(configuration):
        if tls.is_set("client_ca_file") and not tls.is_true("client_ca_file_reload"):
            what = f"{listener.component.id} goes on accepting an authority that was removed"
            yield Hit((tls.get("client_ca_file_reload") or tls).place, what)


def _any_origin(configuration: Configuration) -> Iterator[Hit]:
    for listener in configuration.listeners:
        origins = listener.node.get("cors", "allowed_origins")
        if origins is not None and any("*" in text for text in origins.texts()):
            what = f"{listener.component.id} answers to scripts of pages from anywhere"
            yield Hit(origins.place, what)


_TLS: Final = "tls: {cert_file: s.crt, key_file: s.key, client_ca_file: ca.pem, client_ca_file_reload: true, min_version: '1.3', reload_interval: 60s}"


def _otlp(settings: str) -> str:
    return (
        "receivers:\n  otlp:\n    protocols:\n      grpc:\n"
        + "".join(f"        {line}\n" for line in settings.split("\n"))
        + "extensions:\n  basicauth/otlp: {htpasswd: {file: otlp.htpasswd}}\n"
    )


_AUTH: Final = "auth: {authenticator: basicauth/otlp}"
_HERE: Final = 'endpoint: "10.0.0.7:4317"'
_GOOD: Final = _otlp(f"{_HERE}\n{_AUTH}\n{_TLS}")

RULES: Final = (
    Rule(
        id="listener.all-interfaces",
        severity=Severity.MEDIUM,
        title="Something listens on all interfaces, also where that is the default",
        remedy="Set endpoint to the one address that it is for",
        source=f"{_MEASURED}: jaeger_query and remote_sampling listen on all interfaces by default; "
        f"{_OTHERS}",
        subject=Subject.CONFIGURATION,
        look=_everywhere,
        bad=_otlp(f'endpoint: "0.0.0.0:4317"\n{_AUTH}\n{_TLS}'),
        good=_GOOD,
    ),
    Rule(
        id="listener.plaintext",
        severity=Severity.HIGH,
        title="OTLP, queries or sampling in the clear",
        remedy="Set tls: cert_file, key_file, client_ca_file and min_version",
        source=f"{_MEASURED}: without tls, spans and traces can be read on the way; {_OTHERS}",
        subject=Subject.CONFIGURATION,
        look=_plaintext,
        bad=_otlp(f"{_HERE}\n{_AUTH}"),
        good=_GOOD,
    ),
    Rule(
        id="listener.no-auth",
        severity=Severity.HIGH,
        title="OTLP, queries or sampling without authentication",
        remedy="Add basicauth to service.extensions, and auth: {authenticator: basicauth} here",
        source=f"{_MEASURED}: basicauth is the only authenticator that Jaeger has; {_OTHERS}",
        subject=Subject.CONFIGURATION,
        look=_without_auth,
        bad=_otlp(f"{_HERE}\n{_TLS}"),
        good=_GOOD,
    ),
    Rule(
        id="listener.unknown-authenticator",
        severity=Severity.MEDIUM,
        title="An authenticator that isn't among the extensions in use: it doesn't start",
        remedy="List it in service.extensions, and define it in extensions",
        source="https://pkg.go.dev/go.opentelemetry.io/collector/config/configauth",
        subject=Subject.CONFIGURATION,
        look=_unknown_authenticator,
        bad=_otlp(f"{_HERE}\nauth: {{authenticator: oidc}}\n{_TLS}"),
        good=_GOOD,
    ),
    Rule(
        id="listener.no-client-certificate",
        severity=Severity.MEDIUM,
        title="TLS that demands no client certificate",
        remedy="Set client_ca_file: naming it alone makes a client's certificate required",
        source=f"{_MEASURED}; {_CONFIGTLS}",
        subject=Subject.CONFIGURATION,
        look=_without_client_ca,
        bad=_otlp(
            f"{_HERE}\n{_AUTH}\ntls: {{cert_file: s.crt, key_file: s.key, min_version: '1.3', reload_interval: 60s}}"
        ),
        good=_GOOD,
    ),
    Rule(
        id="listener.old-tls",
        severity=Severity.MEDIUM,
        title="TLS older than 1.3 is accepted, also where that is the default",
        remedy='Set min_version: "1.3"',
        source=f"{_CONFIGTLS}: the default is 1.2; RFC 8996 forbids 1.0 and 1.1",
        subject=Subject.CONFIGURATION,
        look=_old_tls,
        bad=_otlp(f"{_HERE}\n{_AUTH}\n{_TLS}").replace("'1.3'", "'1.2'"),
        good=_GOOD,
    ),
    Rule(
        id="listener.no-certificate-reload",
        severity=Severity.MEDIUM,
        title="A renewed certificate is never read",
        remedy="Set reload_interval, and replace certificate and key within one interval",
        source=f"{_MEASURED}: without reload_interval the first certificate is shown until the end",
        subject=Subject.CONFIGURATION,
        look=_without_reload,
        bad=_GOOD.replace(", reload_interval: 60s", ""),
        good=_GOOD,
    ),
    Rule(
        id="listener.no-client-ca-reload",
        severity=Severity.MEDIUM,
        title="A changed authority of clients' certificates is never read",
        remedy="Set client_ca_file_reload: true",
        source=f"{_MEASURED}: without it certificates of a removed authority are accepted on",
        subject=Subject.CONFIGURATION,
        look=_without_ca_reload,
        bad=_GOOD.replace(", client_ca_file_reload: true", ""),
        good=_GOOD,
    ),
    Rule(
        id="listener.any-origin",
        severity=Severity.MEDIUM,
        title="CORS lets scripts of any page talk to it",
        remedy="Name the pages in allowed_origins, or leave cors out",
        source="https://pkg.go.dev/go.opentelemetry.io/collector/config/confighttp (CORSConfig)",
        subject=Subject.CONFIGURATION,
        look=_any_origin,
        bad=_otlp(f"{_HERE}\n{_AUTH}\n{_TLS}\ncors: {{allowed_origins: ['https://*']}}").replace(
            "grpc:", "http:"
        ),
        good=_GOOD,
    ),
)
