"""Make the page of clauses and rules: `python -m jaeger_guard.policy.compliance > docs/compliance.md`.

It is made of the presets alone; a test compares it with the kept page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from jaeger_guard.policy.inspection import Inspection, parameters_of
from jaeger_guard.policy.loading import load_preset, preset_names
from jaeger_guard.policy.merging import make_clause
from jaeger_guard.policy.model import BASELINE, Policy, Rule
from jaeger_guard.policy.provisions import Refusal

_HEAD = """\
# Presets and the clauses they are for

Which rules of a preset are for which clause of a law or standard, and which clauses no rule meets. It is a
table of what the rules do, and no legal advice: whether your processing is lawful depends on much that no
trace shows. `jaeger-guard policy show` gives the same for your own policy, `jaeger-guard report` what was
observed.

This page is made of the presets by `python -m jaeger_guard.policy.compliance`.
"""


def compliance_page() -> str:
    """Write the page."""
    return "\n".join([_HEAD, *_pages()])


def _pages() -> Iterator[str]:
    for name in preset_names():
        if name != BASELINE:
            preset = load_preset(name, "docs")
            yield from _preset(preset)


def _preset(preset: Policy) -> Iterator[str]:
    inspection = Inspection(preset)
    yield f"## {preset.name}"
    yield ""
    yield "| clause | asks for | rules | beside them |"
    yield "|---|---|---|---|"
    for met in inspection.provisions:
        if met.preset != preset.name:
            continue
        provision = met.provision
        rules = "; ".join(_written(preset, name) for name in met.rules) or "none"
        clause = _linked(provision.clause, provision.source)
        yield f"| {clause} | {provision.asks} | {rules} | {provision.beside or ''} |"
    yield ""


def _linked(clause: str, source: str) -> str:
    address = next((word for word in source.split() if word.startswith("https://")), None)
    return f"[{clause}]({address})" if address else f"{clause} ({source})"


def _written(preset: Policy, name: str) -> str:
    number = int(name.rpartition(" ")[2]) - 1
    if name.rpartition(" ")[0].endswith("refusal"):
        return _refusal(preset.refusals[number])
    return _rule(preset.rules[number])


def _rule(rule: Rule) -> str:
    clause = make_clause(0, rule, "")
    treatment = clause.treatment
    category = rule.category or ""
    parts = [
        name if value is True else f"{name} {value:g}"
        for name, value in parameters_of(treatment).items()
        if not name.endswith("_prefix") or category.startswith("network.")
    ]
    surface = None if clause.surface is None else clause.surface.value
    words = [f"`{word}`" for word in (rule.key, rule.category, surface) if word]
    how = f" ({', '.join(parts)})" if parts else ""
    return f"{treatment.action.value} {' '.join(words)}{how}"


def _refusal(refusal: Refusal) -> str:
    together = f"{' and '.join(refusal.together)} together" if refusal.together else ""
    actions = ", ".join(refusal.actions)
    return f"refuses {actions or together} of `{refusal.category}`"


if __name__ == "__main__":
    sys.stdout.write(compliance_page())
