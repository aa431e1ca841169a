"""What is weak in this service's own configuration, as environment and policy give it."""

from __future__ import annotations

import datetime
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from jaeger_guard.check.own import Service
from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.weaknesses import Place, Severity

_DOCS: Final = "docs/configuration.md"
SOON_DAYS: Final = 14
_ENVIRONMENT: Final = "environment"
_HEADERS: Final = (
    "JAEGER_GUARD_EXPORT_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "JAEGER_GUARD_EXPORT_CREDENTIALS",
    "JAEGER_GUARD_SPOOL_KEY",
)
_TOLD_ELSEWHERE: Final = ("policy-refused", "unsafe-keep")
_EXPORTERS: Final = "OTEL_TRACES_EXPORTER"
_LOGS: Final = "OTEL_LOGS_EXPORTER"
_LOGGING: Final = "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED"


def _variable(name: str) -> Place:
    return Place(_ENVIRONMENT, name)


def _set(service: Service, name: str) -> str:
    return service.environ.get(name, "").strip()


def _refused(service: Service) -> Iterator[Hit]:
    for fault in service.faults:
        yield Hit(Place(fault.where), fault.what, remedy=fault.remedy)


def _passthrough(service: Service) -> Iterator[Hit]:
    if service.passthrough:
        yield Hit(_variable("JAEGER_GUARD_UNSAFE_PASSTHROUGH"), "spans leave unscrubbed")


def _disabled(service: Service) -> Iterator[Hit]:
    if not service.enabled:
        name = "JAEGER_GUARD_ENABLED"
        if _set(service, "OTEL_SDK_DISABLED").lower() == "true":
            name = "OTEL_SDK_DISABLED"
        yield Hit(_variable(name), "no span is exported: nobody sees what goes wrong")


def _unsafe_rules(service: Service) -> Iterator[Hit]:
    rules = () if service.policy is None or service.passthrough else service.policy.unsafe_rules
    for rule in rules:
        yield Hit(Place(rule), "values leave without being looked at")


def _lints(service: Service) -> Iterator[Hit]:
    for lint in service.lints:
        if lint.id not in _TOLD_ELSEWHERE:
            place = Place(lint.where, f"({lint.id})")
            yield Hit(place, lint.message, Severity(lint.severity), lint.remedy)


def _misspelt(service: Service) -> Iterator[Hit]:
    from jaeger_guard.configuration.building import known_fields
    from jaeger_guard.configuration.environment import misspelt

    for name, closest in misspelt(service.environ, known_fields()):
        yield Hit(_variable(name), f"nothing reads this variable; {closest} is close to it")


def _plaintext(service: Service) -> Iterator[Hit]:
    export = service.export
    if export is not None and not export.endpoint.secure and not export.endpoint.is_loopback:
        yield Hit(Place("export"), "spans travel in the clear, as unsafe_plaintext permits")


def _anonymous(service: Service) -> Iterator[Hit]:
    export = service.export
    if export is None or not export.endpoint.secure:
        return
    names = [name.lower() for name in export.headers]
    known = export.tls.cert_file is not None or export.authorizer is not None or names
    if not known:
        yield Hit(
            Place("export"), "this service shows the backend neither certificate nor credential"
        )


def _system_trust(service: Service) -> Iterator[Hit]:
    export = service.export
    if export is None or not export.endpoint.secure or export.endpoint.is_loopback:
        return
    if export.tls.ca_file is None and not export.pins:
        what = "any of the system's authorities can issue a certificate for the backend"
        yield Hit(Place("export"), what)


def _tls_12(service: Service) -> Iterator[Hit]:
    export = service.export
    if export is not None and export.endpoint.secure and export.tls.min_tls != "1.3":
        remedy = 'Set min_tls="1.3"'
        if export.protocol == "grpc":
            remedy = "Have the backend accept 1.3 alone; gRPC can't be held to it from here"
        yield Hit(Place("export"), "TLS 1.2 is accepted", remedy=remedy)


def _proxy(service: Service) -> Iterator[Hit]:
    if service.export is not None and service.export.use_proxy:
        yield Hit(Place("export"), "spans go by the proxy that the environment names")


def _expiring(service: Service) -> Iterator[Hit]:
    export = service.export
    if export is None or not export.endpoint.secure:
        return
    from jaeger_guard.export.evidence import Evidence
    from jaeger_guard.export.tls import load_material

    evidence = Evidence()
    # They were read when the export was resolved; now their ends are asked for.
    load_material(export.tls, evidence=evidence)
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=SOON_DAYS)
    for role, ends in sorted(evidence.expires().items()):
        if ends < soon:
            what = f"the {role} certificate expires on {ends.date().isoformat()}"
            yield Hit(Place("export", f"{role} certificate"), what)


def _readable_key(service: Service) -> Iterator[Hit]:
    export = service.export
    if export is None:
        return
    if export.tls.key_file is not None and (mode := _mode(export.tls.key_file)) & 0o077:
        others = "everybody" if mode & 0o007 else "its group"
        yield Hit(Place("export", "key_file"), f"the private key can be read by {others}")
    token = _set(service, "JAEGER_GUARD_EXPORT_BEARER_TOKEN_FILE")
    if token and _mode(Path(token)) & 0o007:
        yield Hit(
            _variable("JAEGER_GUARD_EXPORT_BEARER_TOKEN_FILE"), "the token can be read by everybody"
        )


def _mode(path: Path) -> int:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return 0
    return stat.S_IMODE(status.st_mode)


def _writable_policy(service: Service) -> Iterator[Hit]:
    from jaeger_guard.configuration.environment import POLICY_VARIABLE

    for name in _set(service, POLICY_VARIABLE).split(","):
        if ("/" in name or "." in name) and _mode(Path(name.strip())) & 0o022:
            yield Hit(_variable(POLICY_VARIABLE), "others may write to the policy's file")


def _console(service: Service) -> Iterator[Hit]:
    names = [name.strip().lower() for name in _set(service, _EXPORTERS).split(",")]
    if "console" in names:
        yield Hit(_variable(_EXPORTERS), "spans are printed, and kept by whatever keeps the output")


def _logs(service: Service) -> Iterator[Hit]:
    exporters = {name.strip().lower() for name in _set(service, _LOGS).split(",")} - {"", "none"}
    if exporters:
        yield Hit(_variable(_LOGS), "log records are exported, which no span's guard scrubs")
    elif _set(service, _LOGGING).lower() == "true":
        yield Hit(_variable(_LOGGING), "log records are exported, which no span's guard scrubs")


def _nothing_sampled(service: Service) -> Iterator[Hit]:
    if service.probability == 0.0:
        yield Hit(Place("sampling"), "no trace is recorded but those that a caller asks for")


def _secret_variable(service: Service) -> Iterator[Hit]:
    for name in _HEADERS:
        text = _set(service, name)
        if text and (
            not name.endswith("HEADERS") or re.search(r"authorization|key|token", text, re.I)
        ):
            yield Hit(
                _variable(name), "a credential stands in the environment, which children inherit"
            )


def _key_log(service: Service) -> Iterator[Hit]:
    if _set(service, "SSLKEYLOGFILE"):
        what = "libraries write the keys of their TLS sessions to a file"
        yield Hit(_variable("SSLKEYLOGFILE"), what)


def _grpc_trace(service: Service) -> Iterator[Hit]:
    loud = _set(service, "GRPC_VERBOSITY").lower() == "debug" and _set(service, "GRPC_TRACE")
    if loud:
        yield Hit(_variable("GRPC_TRACE"), "gRPC logs headers, credentials among them")


def _rule(
    id_: str,
    severity: Severity,
    title: str,
    remedy: str,
    look: Callable[[Service], Iterator[Hit]],
    bad: str,
    good: str = "JAEGER_GUARD_POLICY=baseline",
    source: str = _DOCS,
) -> Rule[Service]:
    return Rule(
        id=f"service.{id_}",
        severity=severity,
        title=title,
        remedy=remedy,
        source=source,
        subject=Subject.SERVICE,
        look=look,
        bad=bad,
        good=good,
    )


_REMOTE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT=https://jaeger.example:4317"
_KNOWN: Final = f"{_REMOTE}\nJAEGER_GUARD_EXPORT_HEADERS=x-tenant=shop"

RULES: Final = (
    _rule(
        "refused", Severity.HIGH,
        "A setting that configure() refuses: plaintext, a missing or expired certificate, a directory of "
        "the spool that others may write to, an unknown sampler …",
        "As the finding says", _refused,
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://jaeger.example:4317", _REMOTE,
    ),
    _rule(
        "passthrough", Severity.CRITICAL, "Spans leave unscrubbed",
        "Remove the variable; explain() says why a value went", _passthrough,
        "JAEGER_GUARD_UNSAFE_PASSTHROUGH=true",
    ),
    _rule(
        "disabled", Severity.MEDIUM, "Nothing is exported",
        "Remove the variable", _disabled, "JAEGER_GUARD_ENABLED=false",
    ),
    _rule(
        "unsafe-rules", Severity.MEDIUM, "unsafe_keep in the policy",
        "Use keep, which still looks for credentials, or remove the rule", _unsafe_rules,
        "JAEGER_GUARD_POLICY=unsafe.toml",
        source="docs/policy.md",
    ),
    _rule(
        "policy", Severity.MEDIUM,
        "What the policy's lint finds: exceptions that have ended or will soon, rules that never decide …",
        "As the finding says; jaeger-guard policy lint shows the same", _lints,
        "JAEGER_GUARD_POLICY=a-policy-with-an-exception-that-ended.toml",
        source="docs/policy.md",
    ),
    _rule(
        "misspelt", Severity.MEDIUM, "A variable that nothing reads",
        "Correct its name", _misspelt,
        "JAEGER_GUARD_EXPORT_ENDPIONT=https://jaeger.example:4317",
    ),
    _rule(
        "plaintext", Severity.HIGH, "Spans are sent in the clear, by unsafe_plaintext",
        "Use https://", _plaintext,
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://jaeger.example:4317\n"
        "JAEGER_GUARD_EXPORT_UNSAFE_PLAINTEXT=true",
        _REMOTE,
    ),
    _rule(
        "anonymous", Severity.MEDIUM, "The backend can't tell who sends",
        "Set cert_file and key_file, or credentials", _anonymous, _REMOTE, _KNOWN,
    ),
    _rule(
        "system-trust", Severity.LOW, "The system's authorities are trusted for the backend",
        "Set ca_file to your own authority, or pins", _system_trust, _REMOTE,
        "OTEL_EXPORTER_OTLP_ENDPOINT=https://localhost:4317",
    ),
    _rule(
        "tls-1.2", Severity.INFO, "TLS 1.2 is accepted",
        'Set min_tls="1.3" with protocol="http/protobuf"', _tls_12, _REMOTE,
        "OTEL_EXPORTER_OTLP_ENDPOINT=https://jaeger.example:4318\n"
        "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nJAEGER_GUARD_EXPORT_MIN_TLS=1.3",
        source="docs/export.md",
    ),
    _rule(
        "proxy", Severity.LOW, "Spans go by a proxy",
        "Leave use_proxy out where the backend can be reached without", _proxy,
        f"{_REMOTE}\nJAEGER_GUARD_EXPORT_USE_PROXY=true", _REMOTE,
    ),
    _rule(
        "certificate-expires", Severity.MEDIUM, f"A certificate ends within {SOON_DAYS} days",
        "Renew it; it is read again when its file changes", _expiring,
        "JAEGER_GUARD_EXPORT_CERT_FILE=a-certificate-that-ends-in-a-week.pem",
        source="docs/export.md",
    ),
    _rule(
        "key-permissions", Severity.HIGH, "A private key or a token that others can read",
        "Set its mode to 0600", _readable_key,
        "JAEGER_GUARD_EXPORT_KEY_FILE=a-key-of-mode-0644.pem",
        source="CWE-732",
    ),
    _rule(
        "writable-policy", Severity.HIGH, "A policy's file that others may write to",
        "Set its mode to 0644, and give it to root", _writable_policy,
        "JAEGER_GUARD_POLICY=a-policy-of-mode-0666.toml",
        source="CWE-732",
    ),
    _rule(
        "console-exporter", Severity.LOW, "Spans are printed, too",
        "Remove console from OTEL_TRACES_EXPORTER", _console, f"{_EXPORTERS}=console",
    ),
    _rule(
        "logs-exporter", Severity.MEDIUM, "Log records are exported beside guarded spans",
        "Put GuardLogRecordProcessor around the exporter of logs (docs/logs.md)", _logs,
        f"{_LOGS}=otlp",
        source="docs/logs.md",
    ),
    _rule(
        "nothing-sampled", Severity.LOW, "No trace is recorded",
        "Set a probability above 0", _nothing_sampled, "OTEL_TRACES_SAMPLER=always_off",
        source="docs/sampling.md",
    ),
    _rule(
        "secret-in-environment", Severity.LOW, "A credential in the environment",
        "Use bearer_token_file, or a key_file of mode 0600", _secret_variable,
        "JAEGER_GUARD_EXPORT_CREDENTIALS=a-token",
        source="CWE-526",
    ),
    _rule(
        "key-log", Severity.HIGH, "Keys of TLS sessions are written to a file",
        "Remove the variable; the guard's own TLS doesn't obey it, other libraries do", _key_log,
        "SSLKEYLOGFILE=/tmp/keys",
        source="NSS key log format; CWE-532",
    ),
    _rule(
        "grpc-trace", Severity.MEDIUM, "gRPC logs what it sends",
        "Remove the variables", _grpc_trace, "GRPC_VERBOSITY=debug\nGRPC_TRACE=all",
        source="https://github.com/grpc/grpc/blob/master/doc/environment_variables.md",
    ),
)  # fmt: skip
