"""What is weak in a live endpoint, by what it did when it was asked."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Final

from jaeger_guard.check.live.observing import Observed
from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.weaknesses import Place, Severity

_MEASURED: Final = "measured on Jaeger v1.76.0"
_SOON_DAYS: Final = 14

_BROKEN: Final = ("TLS 1.0", "TLS 1.1")


def _place(observed: Observed) -> Place:
    return Place(observed.where)


def _milder(observed: Observed, severity: Severity) -> Severity | None:
    """Return a milder severity where only this machine can reach it."""
    return severity if observed.is_loopback else None


def _given(what: str, message: str, milder: Severity) -> Callable[[Observed], Iterator[Hit]]:
    def look(observed: Observed) -> Iterator[Hit]:
        if what in observed.given:
            yield Hit(_place(observed), message, _milder(observed, milder))

    return look


def _plaintext(observed: Observed) -> Iterator[Hit]:
    # What is only there in plaintext (metrics, expvar …) is reported as that.
    aids = observed.given and observed.given <= {"metrics", "expvar", "pprof", "zpages"}
    if observed.speaks_plaintext and not aids:
        message = "it speaks plaintext: what passes can be read and changed on the way"
        yield Hit(_place(observed), message, _milder(observed, Severity.MEDIUM))


def _old_tls(observed: Observed) -> Iterator[Hit]:
    broken = [version for version in observed.versions if version in _BROKEN]
    if broken:
        yield Hit(_place(observed), f"it accepts {' and '.join(broken)}")


def _tls_12(observed: Observed) -> Iterator[Hit]:
    if "TLS 1.2" in observed.versions:
        yield Hit(_place(observed), "it accepts TLS 1.2")


def _no_certificate(observed: Observed) -> Iterator[Hit]:
    if observed.demands_certificate is False and not observed.given:
        yield Hit(_place(observed), "it talks to clients without a certificate")


def _only_certificate(observed: Observed) -> Iterator[Hit]:
    given = sorted(observed.given_to_known - {"reflection"})
    if given:
        yield Hit(_place(observed), f"a certificate alone opens it ({', '.join(given)})")


def _expired(observed: Observed) -> Iterator[Hit]:
    certificate, now = observed.certificate, datetime.datetime.now(datetime.UTC)
    if certificate is None:
        return
    if certificate.ends < now:
        yield Hit(_place(observed), f"its certificate expired on {certificate.ends.date()}")
    elif certificate.starts > now:
        yield Hit(_place(observed), f"its certificate is valid from {certificate.starts.date()} on")


def _expires(observed: Observed) -> Iterator[Hit]:
    certificate, now = observed.certificate, datetime.datetime.now(datetime.UTC)
    if certificate is not None and certificate.ends >= now:
        soon = certificate.ends < now + datetime.timedelta(days=_SOON_DAYS)
        message = f"its certificate expires on {certificate.ends.date()}"
        yield Hit(_place(observed), message, Severity.MEDIUM if soon else None)


def _mismatch(observed: Observed) -> Iterator[Hit]:
    if observed.certificate is not None and not observed.certificate.matches:
        yield Hit(
            _place(observed), "its certificate is for other names than the one it was asked by"
        )


def _weak_key(observed: Observed) -> Iterator[Hit]:
    if observed.certificate is not None and observed.certificate.weakness:
        yield Hit(_place(observed), f"its certificate has {observed.certificate.weakness}")


def _unexamined(observed: Observed) -> Iterator[Hit]:
    for number, what in enumerate(observed.unexamined):
        yield Hit(Place(observed.where, f"({number + 1})"), f"could not look at {what}")


def _rule(
    id_: str,
    severity: Severity,
    title: str,
    remedy: str,
    look: Callable[[Observed], Iterator[Hit]],
    bad: str,
    good: str,
    source: str = _MEASURED,
) -> Rule[Observed]:
    return Rule(
        id=f"endpoint.{id_}",
        severity=severity,
        title=title,
        remedy=remedy,
        source=source,
        subject=Subject.ENDPOINT,
        look=look,
        bad=bad,
        good=good,
    )


_DEMAND: Final = "Set client_ca_file and auth (jaeger-guard render jaeger)"
_REFUSED: Final = "401, UNAUTHENTICATED, or an alert of TLS"

RULES: Final = (
    _rule(
        "query-open", Severity.CRITICAL, "Whoever reaches it reads all traces", _DEMAND,
        _given("query", "it answers queries of anybody", Severity.HIGH),
        "GET /api/services: 200 and JSON with data; gRPC GetServices: a message", _REFUSED,
    ),
    _rule(
        "otlp-open", Severity.HIGH, "Whoever reaches it can send spans", _DEMAND,
        _given("otlp", "it takes spans of anybody", Severity.MEDIUM),
        "POST /v1/traces with an empty request: 200 and partialSuccess; gRPC Export: a message",
        _REFUSED,
    ),
    _rule(
        "sampling-open", Severity.MEDIUM, "Whoever reaches it reads the sampling strategies", _DEMAND,
        _given("sampling", "it tells anybody how services sample", Severity.MEDIUM),
        "GET /api/sampling?service=x: 200 and JSON with strategyType", _REFUSED,
    ),
    _rule(
        "storage-open", Severity.CRITICAL, "Whoever reaches it reads and writes the store", _DEMAND,
        _given("storage", "it gives the whole store to anybody", Severity.HIGH),
        "gRPC jaeger.storage.v2.TraceReader/GetServices: a message", _REFUSED,
    ),
    _rule(
        "reflection", Severity.MEDIUM, "gRPC reflection tells anybody which services there are", _DEMAND,
        _given("reflection", "it lists its gRPC services for anybody", Severity.MEDIUM),
        "gRPC ServerReflectionInfo: a list of services", _REFUSED,
    ),
    _rule(
        "metrics-open", Severity.MEDIUM, "Metrics are open", "Set metrics: {level: none}, or 127.0.0.1",
        _given("metrics", "it shows its metrics to anybody", Severity.LOW),
        "GET /metrics: 200 and Prometheus's text", "nobody listens",
    ),
    _rule(
        "expvar-open", Severity.HIGH, "expvar is open: the command line can be read",
        "Remove expvar from service.extensions",
        _given("expvar", "it shows its command line to anybody", Severity.MEDIUM),
        "GET /debug/vars: 200 and JSON with cmdline", "nobody listens",
    ),
    _rule(
        "pprof-open", Severity.HIGH, "pprof is open: memory can be dumped",
        "Remove pprof from service.extensions",
        _given("pprof", "it shows profiles of its memory to anybody", Severity.MEDIUM),
        "GET /debug/pprof/: 200 and a list of profiles", "nobody listens",
    ),
    _rule(
        "zpages-open", Severity.HIGH, "zpages are open", "Remove zpages from service.extensions",
        _given("zpages", "it shows its pipelines and spans to anybody", Severity.MEDIUM),
        "GET /debug/servicez: 200 and a page", "nobody listens",
    ),
    _rule(
        "plaintext", Severity.HIGH, "It speaks plaintext", "Set tls (jaeger-guard render jaeger)",
        _plaintext, "an answer by HTTP or HTTP/2 without TLS",
        'HTTP 400 "Client sent an HTTP request to an HTTPS server"',
    ),
    _rule(
        "old-tls", Severity.HIGH, "It accepts TLS 1.0 or 1.1", 'Set min_version: "1.3"', _old_tls,
        "a handshake of TLS 1.1 that is answered, or refused for want of a certificate alone",
        "the alert protocol_version",
        source="RFC 8996",
    ),
    _rule(
        "tls-1.2", Severity.INFO, "It accepts TLS 1.2", 'Set min_version: "1.3"', _tls_12,
        "a handshake of TLS 1.2 that is answered", "the alert protocol_version",
        source="RFC 9325: 1.2 is safe with the right cipher suites, 1.3 is preferred",
    ),
    _rule(
        "no-client-certificate", Severity.MEDIUM, "It demands no client certificate",
        "Set client_ca_file", _no_certificate,
        "an answer to a request without a certificate, be it 401",
        "the alert certificate_required, which in TLS 1.3 comes after the handshake",
    ),
    _rule(
        "certificate-only", Severity.MEDIUM, "A certificate opens it, without credentials",
        "Set auth: {authenticator: basicauth}", _only_certificate,
        "an answer to a request with --cert-file and without credentials", "401 or UNAUTHENTICATED",
    ),
    _rule(
        "certificate-expired", Severity.HIGH, "Its certificate isn't valid now",
        "Renew it, and set reload_interval", _expired,
        "notAfter in the past, or notBefore in the future", "a certificate that is valid",
        source="RFC 5280, section 4.1.2.5",
    ),
    _rule(
        "certificate-expires", Severity.INFO,
        f"When its certificate ends; medium from {_SOON_DAYS} days before",
        "Renew it in time, and set reload_interval", _expires,
        "notAfter within 14 days", "notAfter later (then it is an info)",
        source="RFC 5280, section 4.1.2.5",
    ),
    _rule(
        "host-mismatch", Severity.HIGH, "Its certificate is for other names",
        "Issue one whose subjectAltName has the name that clients use", _mismatch,
        "subjectAltName without the host", "subjectAltName with the host",
        source="RFC 9525",
    ),
    _rule(
        "weak-key", Severity.HIGH, "Its certificate has a weak key or signature",
        "Issue one with ECDSA P-256, or RSA of 2048 bits or more, and SHA-256", _weak_key,
        "RSA of 1024 bits", "ECDSA P-256",
        source="NIST SP 800-57 part 1, table 2",
    ),
    _rule(
        "unexamined", Severity.INFO, "Something could not be looked at from this machine",
        "Look from a machine that can", _unexamined,
        "an OpenSSL without TLS 1.1", "an OpenSSL that speaks it",
        source="this machine",
    ),
)  # fmt: skip
