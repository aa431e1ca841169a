"""Show a merged policy: what is done with each category and key, by which rule, for which clause."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from jaeger_guard.policy.inspection import Inspection, parameters_of, written
from jaeger_guard.policy.provisions import Refusal


def as_dict(inspection: Inspection) -> dict[str, Any]:
    """Return a merged policy as JSON has it."""
    now = datetime.datetime.now(datetime.UTC)
    layers = inspection.compiled.layers
    return {
        "policies": list(inspection.compiled.names),
        "presets": [preset.name for preset in inspection.gathered.presets],
        "digest": inspection.compiled.digest,
        "categories": {
            category: {
                "action": treatment.action.value,
                "parameters": parameters_of(treatment),
                "rule": treatment.rule,
                "clauses": list(inspection.cited(treatment)),
                "sources": list(inspection.sources(treatment)),
                "mandatory": layers.is_mandatory(category),
            }
            for category, treatment in inspection.treatments.items()
        },
        "rules": [
            {
                "rule": clause.treatment.rule,
                "key": clause.key,
                "category": clause.category,
                "surface": None if clause.surface is None else clause.surface.value,
                "action": clause.treatment.action.value,
                "parameters": parameters_of(clause.treatment),
                "clauses": list(inspection.cited(clause.treatment)),
            }
            for clause in inspection.conditional
        ],
        "exceptions": [
            {
                "exception": name,
                "where": exception.place,
                "owner": exception.owner,
                "reason": exception.reason,
                "expires": exception.last_day,
                "ended": exception.end <= now,
            }
            for name, exception in inspection.exceptions.items()
        ],
        "refusals": [
            {
                "policy": policy.name,
                "category": refusal.category,
                "actions": list(refusal.actions),
                "together": list(refusal.together),
                "clause": refusal.clause,
                "because": refusal.because,
            }
            for policy, refusal in inspection.gathered.refusals
        ],
        "provisions": [
            {
                "preset": met.preset,
                "clause": met.provision.clause,
                "asks": met.provision.asks,
                "source": met.provision.source,
                "rules": list(met.rules),
                "beside": met.provision.beside,
            }
            for met in inspection.provisions
        ],
    }


def as_text(inspection: Inspection) -> Iterator[str]:
    """Yield a merged policy as lines for people."""
    compiled = inspection.compiled
    yield f"policy {', '.join(compiled.names)}, digest {compiled.digest}"
    yield f"presets: {', '.join(preset.name for preset in inspection.gathered.presets)}"
    yield ""
    width = max(len(category) for category in inspection.treatments)
    for category, treatment in inspection.treatments.items():
        mandatory = ", mandatory" if compiled.layers.is_mandatory(category) else ""
        cited = "; ".join(inspection.cited(treatment))
        because = f"{treatment.rule}{mandatory}{f' [{cited}]' if cited else ''}"
        yield f"{category:{width}}  {written(treatment, category)}, by {because}"
    yield from _section("where a key or a surface says otherwise", list(_conditional(inspection)))
    yield from _section("exceptions", list(_exceptions(inspection)))
    yield from _section(
        "refused",
        [
            f"{refusal.category}: {_refused(refusal)} [{refusal.clause}, {policy.name}]"
            for policy, refusal in inspection.gathered.refusals
        ],
    )


def _refused(refusal: Refusal) -> str:
    together = [f"{' and '.join(refusal.together)} together"] if refusal.together else []
    return ", ".join((*refusal.actions, *together))


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"{title}:"
        yield from (f"  {line}" for line in lines)


def _conditional(inspection: Inspection) -> Iterator[str]:
    for clause in inspection.conditional:
        surface = "" if clause.surface is None else f" on {clause.surface.value}"
        category = "" if clause.category is None else f" {clause.category}"
        cited = "; ".join(inspection.cited(clause.treatment))
        by = f"{clause.treatment.rule}{f' [{cited}]' if cited else ''}"
        yield f"{clause.key or 'any key'}{category}{surface}: {written(clause.treatment)}, by {by}"


def _exceptions(inspection: Inspection) -> Iterator[str]:
    now = datetime.datetime.now(datetime.UTC)
    for name, exception in inspection.exceptions.items():
        ended = "ended" if exception.end <= now else "until"
        yield (
            f"{name}: {exception.place}, {ended} {exception.last_day}, owner {exception.owner}: "
            f"{exception.reason}"
        )
