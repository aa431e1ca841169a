"""Findings as SARIF 2.1.0, for those who show them beside the code.

OASIS Standard, https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from jaeger_guard.weaknesses import Finding, Severity

_LEVELS: Final = {  # section 3.27.10
    Severity.INFO: "note",
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}
# What GitHub sorts by: https://docs.github.com/code-security, "security-severity".
_SCORES: Final = {
    Severity.INFO: "0.0",
    Severity.LOW: "3.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}


def as_sarif(findings: Sequence[Finding], version: str) -> dict[str, Any]:
    """Return a log with one run."""
    ids = sorted({finding.id for finding in findings})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "jaeger-guard check",
                        "version": version,
                        "rules": [_rule(id_, findings) for id_ in ids],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, ids.index(finding.id)) for finding in findings],
            }
        ],
    }


def _rule(id_: str, findings: Sequence[Finding]) -> dict[str, Any]:
    from jaeger_guard.check.registry import rules

    of_rule = [finding for finding in findings if finding.id == id_]
    worst = max(of_rule, key=lambda finding: finding.severity.rank)
    title = next((rule.title for rule in rules() if rule.id == id_), worst.message)
    return {
        "id": id_,
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}. Source: {worst.source}."},
        "help": {"text": worst.remedy},
        "defaultConfiguration": {"level": _LEVELS[worst.severity]},
        "properties": {"security-severity": _SCORES[worst.severity], "tags": ["security"]},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    place = finding.place
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": str(place)}]}
    if place.line is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(place.artifact)},
            "region": {"startLine": place.line},
        }
    # Not by the line: the same weakness stays the same when lines are added above it.
    stable = f"{finding.id}\0{place.artifact}\0{place.path}"
    return {
        "ruleId": finding.id,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. {finding.remedy}."},
        "locations": [location],
        "partialFingerprints": {"jaegerGuard/v1": hashlib.sha256(stable.encode()).hexdigest()[:32]},
    }


def _uri(artifact: str) -> str:
    path = PurePath(artifact)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
