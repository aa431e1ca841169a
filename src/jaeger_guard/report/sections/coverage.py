"""Where spans could go by another way: what the configuration leaves open, and what processes told of."""

from __future__ import annotations

from jaeger_guard.report.inputs import Inputs, mapping, whole
from jaeger_guard.report.model import Row, Section, Table
from jaeger_guard.weaknesses import Severity


def coverage(inputs: Inputs) -> Section:
    """Tell of gaps."""
    rows: list[Row] = []
    unseen = []
    if inputs.running is None:
        unseen.append(
            "processors and providers that read raw spans in a running process: guard.check() there"
            " lists them, and nobody gave its list (--running)"
        )
    else:
        grave = ("medium", "high", "critical")
        rows.append(Row("findings of running guards", str(len(inputs.running))))
        rows += [
            Row(f"{each['where']}: {each['id']}", each["message"], each["severity"] in grave)
            for each in inputs.running
        ]
    rows += [
        Row(
            f"{finding.where}: {finding.id}",
            finding.message,
            finding.severity.rank >= Severity.MEDIUM.rank,
        )
        for finding in inputs.weaknesses
        if not finding.id.startswith("exception")
    ]
    deployed, _ = inputs.deployed
    rows += [
        Row(
            f"{finding.where}: {finding.id}",
            finding.message,
            finding.severity.rank >= Severity.MEDIUM.rank,
        )
        for finding in deployed
    ]
    started = inputs.of("guard.started")
    for record in started:
        if record.facts.get("passthrough") is True:
            who = f"{record.facts.get('service')} at {record.time}"
            rows.append(Row("raw pass-through", f"{who} let spans out unscrubbed", True))
    if inputs.verification is None:
        unseen.append("which processes were guarded: no audit was given, or it can't be read")
    elif not inputs.records:
        rows.append(Row("guarded processes", "no process told of itself in the period", True))
    else:
        services = sorted({str(record.facts.get("service")) for record in started})
        rows.append(
            Row("guards started", f"{len(started)}, of {', '.join(services) or 'no service'}")
        )
    failures = [
        (record.time, str(record.facts.get("service", "")), str(name), str(whole(count)))
        for record in inputs.of("guard.processor_failed")
        for name, count in mapping(record.facts.get("counts")).items()
    ]
    tables = (
        (
            Table(
                "Foreign processors that raised",
                ("time", "service", "class", "times"),
                tuple(failures[-100:]),
            ),
        )
        if failures
        else ()
    )
    if failures:
        rows.append(
            Row("foreign processors that raised", str(len({row[2] for row in failures})), True)
        )
    return Section(
        id="coverage",
        title="Coverage and gaps",
        rows=tuple(rows),
        tables=tables,
        unseen=tuple(unseen),
    )
