"""Which clauses the presets undertake, which rules are for each, and which no rule is for."""

from __future__ import annotations

from jaeger_guard.report.inputs import Inputs
from jaeger_guard.report.model import Row, Section, Table


def clauses(inputs: Inputs) -> Section:
    """Tell of the clauses."""
    provisions = inputs.inspection.provisions
    met = [each for each in provisions if each.rules]
    unmet = [each for each in provisions if not each.rules]
    overruled = sorted(
        category
        for category, treatment in inputs.inspection.treatments.items()
        if treatment.rule in inputs.inspection.rules
        and not any(
            treatment.rule.startswith(f"{preset.name} rule ")
            for preset in inputs.inspection.gathered.presets
        )
    )
    rows = [
        Row("clauses with a rule", str(len(met))),
        Row("clauses that no rule is for", str(len(unmet))),
    ]
    if overruled:
        rows.append(
            Row("categories that a rule of your own decides, not a preset's", ", ".join(overruled))
        )
    tables = (
        Table(
            "Clauses with the rules that are for them",
            ("preset", "clause", "asks for", "rules"),
            tuple(
                (each.preset, each.provision.clause, each.provision.asks, ", ".join(each.rules))
                for each in met
            ),
        ),
        Table(
            "Clauses that no rule is for",
            ("preset", "clause", "asks for", "what helps beside rules"),
            tuple(
                (
                    each.preset,
                    each.provision.clause,
                    each.provision.asks,
                    each.provision.beside or "nothing here",
                )
                for each in unmet
            ),
        ),
    )
    unseen = () if provisions else ("clauses: the policy extends no preset that cites any",)
    return Section(
        id="clauses",
        title="Presets and clauses",
        rows=tuple(rows) if provisions else (),
        tables=tables if provisions else (),
        unseen=unseen,
    )
