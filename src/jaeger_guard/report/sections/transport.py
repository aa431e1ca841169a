"""How spans travel: what is configured, and what handshakes came to; when certificates end."""

from __future__ import annotations

import datetime
from typing import Final

from jaeger_guard.check.own import Service
from jaeger_guard.export.evidence import WARNING_DAYS
from jaeger_guard.report.inputs import Inputs, mapping
from jaeger_guard.report.model import Row, Section, Table
from jaeger_guard.weaknesses import Severity

_FACTS: Final = ("version", "cipher", "peer", "issuer", "fingerprint", "at", "source")
_MODERN: Final = ("TLSv1.2", "TLSv1.3")


def transport(inputs: Inputs) -> Section:
    """Tell of the export."""
    service = Service.from_environment(inputs.environ)
    rows: list[Row] = []
    unseen: list[str] = []
    if service.export is None:
        rows.append(Row("export", "none is configured in this environment", True))
    else:
        plain = not service.export.endpoint.secure
        rows.append(Row("protocol", service.export.protocol))
        rows.append(
            Row("TLS configured", "no: spans travel in the clear" if plain else "yes", plain)
        )
    handshakes = []
    expiries: dict[tuple[str, str], str] = {}
    for record in inputs.counts:
        name = record.facts.get("service")
        tls = mapping(record.facts.get("tls"))
        if tls:
            handshakes.append((str(name), *(str(tls.get(fact, "")) for fact in _FACTS)))
            if tls.get("version") not in (None, *_MODERN):
                rows.append(Row(f"TLS version of {name}", str(tls["version"]), True))
        for role in ("ca", "client", "server"):
            if tls.get(f"{role}_expires"):
                expiries[str(name), role] = str(tls[f"{role}_expires"])
        if not tls and mapping(record.facts.get("counts")).get("sent"):
            rows.append(
                Row(
                    f"handshakes of {name}",
                    "none, though it sent spans: they went in the clear",
                    True,
                )
            )
    for (name, role), text in sorted(expiries.items()):
        rows.append(_expiry(name, role, text, inputs.now))
    if not handshakes:
        unseen.append(
            "what TLS handshakes came to: no process has told of one in an audit of the period"
        )
    tables = (
        Table("Handshakes, the last of each process", ("service", *_FACTS), tuple(handshakes)),
    )
    rows += [
        Row(finding.id, finding.message, finding.severity.rank >= Severity.MEDIUM.rank)
        for finding in inputs.weaknesses
        if "plaintext" in finding.id or "tls" in finding.id
    ]
    return Section(
        id="transport",
        title="Transport",
        rows=tuple(rows),
        tables=tables if handshakes else (),
        unseen=tuple(unseen),
    )


def _expiry(name: str, role: str, text: str, now: datetime.datetime) -> Row:
    try:
        end = datetime.datetime.fromisoformat(text)
        left = (end - now).days
    except (ValueError, TypeError):
        return Row(f"{role} certificate of {name}", "its end can't be read", True)
    what = f"ends {end:%Y-%m-%d}, in {left} days" if left >= 0 else f"ended {end:%Y-%m-%d}"
    return Row(f"{role} certificate of {name}", what, left < WARNING_DAYS)
