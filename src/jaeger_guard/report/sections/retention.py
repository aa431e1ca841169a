"""How long traces are kept: which class they get here, and what the store does by it."""

from __future__ import annotations

from collections.abc import Mapping

from jaeger_guard.report.inputs import Inputs
from jaeger_guard.report.model import Row, Section, Table
from jaeger_guard.weaknesses import Severity


def retention(inputs: Inputs) -> Section:
    """Tell of retention."""
    settings = inputs.inspection.compiled.retention
    rows = [Row("the policy's [retention]", "none: no class is set" if settings is None else "set")]
    unseen: list[str] = []
    tables: tuple[Table, ...] = ()
    if settings is not None:
        rows.append(Row("class of what nothing else names", settings.default or "none"))
        pairs = [
            (what, glob, kept)
            for what, given in (("service", settings.services), ("route", settings.routes))
            for glob, kept in (given.items() if isinstance(given, Mapping) else given)
        ]
        pairs += [("finding", category, "short") for category in settings.findings]
        tables = (Table("Classes", ("by", "glob or category", "class"), tuple(pairs)),)
    findings, faults = inputs.deployed
    if not inputs.deployment:
        unseen.append(
            "how long the store keeps traces: no file of its configuration was given (--deployment)"
        )
    rows += [
        Row(finding.where, finding.message, finding.severity.rank >= Severity.MEDIUM.rank)
        for finding in findings
        if any(
            word in finding.id for word in ("ttl", "retention", "archive", "storage", "ephemeral")
        )
    ]
    unseen += [f"the store's configuration: {fault}" for fault in faults]
    return Section(
        id="retention", title="Retention", rows=tuple(rows), tables=tables, unseen=tuple(unseen)
    )
