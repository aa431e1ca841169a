"""Which policy holds, what its digest is, and what changed in the period."""

from __future__ import annotations

from jaeger_guard.policy.difference import compare
from jaeger_guard.policy.inspection import Inspection, written
from jaeger_guard.policy.lints import lint_policy
from jaeger_guard.report.inputs import Inputs
from jaeger_guard.report.model import Row, Section, Table


def policy(inputs: Inputs) -> Section:
    """Tell of the policy."""
    inspection = inputs.inspection
    compiled = inspection.compiled
    rows = [
        Row("policy", ", ".join(compiled.names)),
        Row("digest (SHA-256)", compiled.digest),
        Row("presets", ", ".join(preset.name for preset in inspection.gathered.presets)),
    ]
    if compiled.unsafe_rules:
        rows.append(Row("rules that leave values unseen", ", ".join(compiled.unsafe_rules), True))
    unseen: list[str] = []
    loaded = inputs.of("policy.loaded", "policy.changed")
    digests = {str(record.facts.get("digest")) for record in loaded}
    if not loaded:
        unseen.append("which policies held in the period: no audit record of the period says so")
    elif digests != {compiled.digest}:
        others = len(digests - {compiled.digest})
        told = f"{others} other digests were in force in the period (see the table)"
        rows.append(Row("policies in the period", told, True))
    tables = [
        Table(
            "What is done with each category",
            ("category", "action", "rule", "clauses"),
            tuple(
                (category, written(each, category), each.rule, "; ".join(inspection.cited(each)))
                for category, each in inspection.treatments.items()
            ),
        )
    ]
    if loaded:
        changes = tuple(
            (
                record.time,
                str(record.facts.get("service", "")),
                record.event,
                str(record.facts.get("digest", "")),
            )
            for record in loaded
        )
        tables.append(
            Table("Policies in the audit", ("time", "service", "event", "digest"), changes[-100:])
        )
    if inputs.previous is None:
        unseen.append("what the policy was before: no earlier one was given (--previous)")
    else:
        before = Inspection(inputs.previous)
        rows.append(Row("digest of the one before", before.compiled.digest))
        found = compare(before, inspection)
        weaker = [difference for difference in found if difference.becomes == "weaker"]
        if weaker:
            rows.append(Row("weaker than before", ", ".join(each.where for each in weaker), True))
        differences = tuple((each.where, each.becomes, each.before, each.after) for each in found)
        tables.append(
            Table("Against the policy before", ("where", "becomes", "before", "after"), differences)
        )
    rows += [
        Row(f"lint: {lint.where}", lint.message, True)
        for lint in lint_policy(inputs.policies, inputs.now)
        if lint.severity in ("medium", "high", "critical") and not lint.id.startswith("exception")
    ]
    return Section(
        id="policy", title="Policy", rows=tuple(rows), tables=tuple(tables), unseen=tuple(unseen)
    )
