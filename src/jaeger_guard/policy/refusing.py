"""Refuse rules that the law behind a preset doesn't allow: weaker ones, and forbidden actions.

What can be known when policies are compiled is refused then. A glob may match more keys than its author
thought of; for those, `CompiledPolicy` takes what is required in place of the weaker.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from jaeger_guard.categories import ALL, addresses
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy.compiled import certain_category
from jaeger_guard.policy.merging import Clause, Layers, Treatment, weakens
from jaeger_guard.policy.model import Policy
from jaeger_guard.policy.provisions import Refusal
from jaeger_guard.semconv import classify
from jaeger_guard.types import Action


def refuse_weakening(layers: Layers) -> None:
    """Refuse the first rule that weakens what a preset makes mandatory.

    Raises:
        ConfigurationError: Names the rule, what it weakens, and the remedy.
    """
    base = {
        category: treatment
        for category in ALL
        if layers.is_mandatory(category)
        for treatment in [layers.required(frozenset(), None, category)]
        if treatment is not None
    }
    for clause in layers.own:
        for category in _decided(clause):
            if category in base:
                _refuse_weaker(clause.treatment, base[category], category)
        if clause.unconditional and clause.category is not None and clause.until == math.inf:
            # What stands behind this one decides nothing about these any more.
            for category in ALL:
                if addresses(clause.category, category):
                    base.pop(category, None)


def _decided(clause: Clause) -> list[str]:
    if clause.category is not None:
        return [category for category in ALL if addresses(clause.category, category)]
    if clause.key is None or "*" in clause.key or "?" in clause.key:
        return []  # what it matches is known when a key is seen; the more protective holds then
    category = certain_category(classify(clause.key))
    return [] if category is None else [category]


def _refuse_weaker(treatment: Treatment, base: Treatment, category: str) -> None:
    if treatment.action is Action.UNSAFE_KEEP or not weakens(treatment, base):
        return
    cited = f", for {base.clause}" if base.clause else ""
    what = (
        f"'{treatment.action.value}' would weaken {category}, "
        f"which is mandatory ({base.rule}: {base.action.value}{cited})"
    )
    remedy = (
        f"Use '{base.action.value}' or a more protective action, "
        "or 'unsafe_keep' where the data must leave as it is"
    )
    raise ConfigurationError(what, treatment.rule, remedy)


def refuse_forbidden(layers: Layers, refusals: Sequence[tuple[Policy, Refusal]]) -> None:
    """Refuse the first rule whose action a clause forbids, and the first two that may not meet.

    Raises:
        ConfigurationError: Names the rules, the clause, and the remedy.
    """
    for policy, refusal in refusals:
        by_action: dict[str, str] = {}
        for category, treatment in _treatments(layers, refusal):
            action = treatment.action.value
            if action in refusal.actions:
                what = f"'{action}' of {category} is refused by {refusal.clause} ({policy.name}): "
                remedy = _remedy(layers, refusal, category)
                raise ConfigurationError(what + refusal.because, treatment.rule, remedy)
            if action in refusal.together:
                by_action.setdefault(action, treatment.rule)
        if len(by_action) > 1:
            rules = " and ".join(f"{rule} ({action})" for action, rule in by_action.items())
            what = f"together they are refused by {refusal.clause} ({policy.name}): "
            remedy = f"Use one of {', '.join(by_action)} for {refusal.category}, wherever it stands"
            raise ConfigurationError(what + refusal.because, rules, remedy)


def _remedy(layers: Layers, refusal: Refusal, category: str) -> str:
    least = layers.required(frozenset(), None, category) if category in ALL else None
    allowed = [
        action.value
        for action in (Action.DROP, Action.REDACT)
        if action.value not in refusal.actions
        and (least is None or action.protection >= least.action.protection)
    ]
    return f"Use {' or '.join(repr(action) for action in allowed)}"


def _treatments(layers: Layers, refusal: Refusal) -> Iterable[tuple[str, Treatment]]:
    """Yield all that may become of what the refusal is for, anywhere in a span."""
    settled = set()
    for clause in layers.own:
        if clause.category is None:
            known = _decided(clause)
            if any(map(refusal.holds_for, known)) or (not known and refusal.holds_for(None)):
                yield known[0] if known else "what stands there", clause.treatment
            continue
        for category in _decided(clause):
            if refusal.holds_for(category) and category not in settled:
                yield category, clause.treatment
                if clause.unconditional and clause.until == math.inf:
                    settled.add(category)
    for category in ALL:
        if category not in settled and refusal.holds_for(category):
            treatment = layers.from_presets(frozenset(), None, category)
            if treatment is not None:
                yield category, treatment
