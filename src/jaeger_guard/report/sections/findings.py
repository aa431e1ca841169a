"""What was found in spans in the period, by category, surface and action, as the audit counted it."""

from __future__ import annotations

from collections import Counter

from jaeger_guard.report.inputs import Inputs, mapping, whole
from jaeger_guard.report.model import Row, Section, Table


def findings(inputs: Inputs) -> Section:
    """Tell of the findings."""
    if not inputs.counts:
        what = "what was found in spans: there are no counts of the period in an audit"
        return Section(id="findings", title="Findings", unseen=(what,))
    sums: Counter[str] = Counter()
    for record in inputs.counts:
        for label, count in mapping(record.facts.get("findings")).items():
            sums[str(label)] += whole(count)
    rows = (
        Row("processes", str(len(inputs.counts))),
        Row("spans scrubbed", str(inputs.total("scrubbed"))),
        Row("findings", str(sums.total())),
    )
    parts = tuple((*label.partition("/")[::2], str(count)) for label, count in sorted(sums.items()))
    table = Table(
        "Findings",
        ("category", "surface", "action", "count"),
        tuple((category, *_two(rest), count) for category, rest, count in parts),
    )
    return Section(id="findings", title="Findings", rows=rows, tables=(table,))


def _two(rest: str) -> tuple[str, str]:
    surface, _, action = rest.partition("/")
    return surface, action
