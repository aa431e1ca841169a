"""What didn't go on, or went on without its content: sampled, failed closed, lost."""

from __future__ import annotations

from collections import Counter
from typing import Final

from jaeger_guard.report.inputs import Inputs, mapping, whole
from jaeger_guard.report.model import Row, Section, Table

_FAILED: Final = ("quarantined", "lost_unencodable", "values_withheld_for_size")


def sampling(inputs: Inputs) -> Section:
    """Tell of sampling, of what failed closed, and of what was lost."""
    settings = inputs.inspection.compiled.sampling
    rows = []
    if settings is None:
        rows.append(Row("sampling", "the policy has none; the environment's sampler decides"))
    else:
        rate = "not set" if settings.probability is None else f"{settings.probability:g}"
        rows += [
            Row("probability", rate),
            Row("sampling rules", str(len(settings.rules))),
            Row("spans without consent", settings.without_consent),
        ]
    unseen: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    if not inputs.counts and not inputs.of("guard.failed_closed", "guard.spans_lost"):
        unseen = ("counts of sampled, quarantined and lost spans: there are none in an audit",)
    else:
        rows.append(Row("minimal spans", str(inputs.total("minimal"))))
        closed: Counter[str] = Counter()
        for record in inputs.of("guard.failed_closed"):
            for name in _FAILED:
                closed[name] += whole(record.facts.get(name))
        for name in _FAILED:
            rows.append(
                Row(f"failed closed: {name.replace('_', ' ')}", str(closed[name]), closed[name] > 0)
            )
        lost: Counter[str] = Counter()
        for record in inputs.of("guard.spans_lost"):
            for name, count in mapping(record.facts.get("counts")).items():
                lost[str(name)] += whole(count)
        rows.append(Row("spans lost", str(lost.total()), lost.total() > 0))
        tables = (
            Table(
                "Spans lost, by reason",
                ("reason", "spans"),
                tuple((name, str(count)) for name, count in sorted(lost.items())),
            ),
        )
    return Section(
        id="sampling",
        title="Sampling, failing closed, losses",
        rows=tuple(rows),
        tables=tables,
        unseen=unseen,
    )
