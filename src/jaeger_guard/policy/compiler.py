"""Compile policies: gather what they extend, refuse what contradicts, and make the rules ready."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, fields
from enum import Enum
from typing import Any

from jaeger_guard.categories import ALL, addresses
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy.compiled import CompiledPolicy, certain_category
from jaeger_guard.policy.loading import load_named
from jaeger_guard.policy.merging import Clause, Layers, Treatment, make_clause, weakens
from jaeger_guard.policy.model import BASELINE, TABLES, Policy, Rule
from jaeger_guard.semconv import classify
from jaeger_guard.types import Action

_DEEPEST = 32  # policies that extend one another in a row


def compile_policy(policies: Policy | Sequence[Policy]) -> CompiledPolicy:
    """Make `policies` ready, with all that they extend.

    Raises:
        ConfigurationError: There is none, one doesn't build on `baseline`, they extend one another
            in a circle, or a rule weakens what a preset makes mandatory.
    """
    given = (policies,) if isinstance(policies, Policy) else tuple(policies)
    gathered = _Gathered()
    for policy in given:
        gathered.add(policy, ())
    if not any(preset.name == BASELINE for preset in gathered.presets):
        where = ", ".join(policy.name for policy in given) or "policy"
        what = f"the policy doesn't build on '{BASELINE}', so what it doesn't name would leave"
        remedy = f"Extend '{BASELINE}', and weaken it by rules with the action unsafe_keep"
        raise ConfigurationError(what, where, remedy)
    layers = _make_layers(gathered)
    _refuse_weakening(layers, gathered)
    names = tuple(dict.fromkeys(policy.name for policy in given))
    return CompiledPolicy(
        layers,
        names,
        _digest(gathered),
        sampling=gathered.table("sampling"),
        consent=gathered.table("consent"),
        retention=gathered.table("retention"),
        recognition=gathered.table("recognition"),
        propagation=gathered.table("propagation"),
        audit=gathered.table("audit"),
    )


@dataclass(slots=True)
class _Gathered:
    """Policies in order of precedence, each once."""

    own: list[Policy] = field(default_factory=list)
    presets: list[Policy] = field(default_factory=list)

    def add(self, policy: Policy, above: tuple[Policy, ...]) -> None:
        if policy in above or len(above) >= _DEEPEST:
            what = "the policies extend one another in a circle"
            remedy = "Remove one of the names from extends"
            raise ConfigurationError(what, f"{policy.name}, extends", remedy)
        listed = self.presets if policy.preset else self.own
        if policy not in listed:
            listed.append(policy)
            for name in policy.extends:
                above_it = (*above, policy)
                self.add(load_named(name, f"{policy.name}, extends"), above_it)

    def table(self, field: str) -> Any:
        """Merge what the policies say in one table, in order of precedence; None where none does."""
        merged: Any = None
        for policy in (*self.own, *self.presets):
            given: Any = getattr(policy, field)
            if given is not None:
                merged = given if merged is None else merged.over(given)
        return merged

    @property
    def mandatory(self) -> tuple[str, ...]:
        return tuple(
            sorted({each for policy in (*self.own, *self.presets) for each in policy.mandatory})
        )


def _make_layers(gathered: _Gathered) -> Layers:
    numbers = iter(range(1_000_000))

    def ready(policy: Policy) -> tuple[Clause, ...]:
        return tuple(
            make_clause(next(numbers), rule, f"{policy.name} rule {position}")
            for position, rule in enumerate(policy.rules, 1)
        )

    return Layers(
        own=tuple(clause for policy in gathered.own for clause in ready(policy)),
        presets=tuple(ready(policy) for policy in gathered.presets),
        mandatory=gathered.mandatory,
    )


def _refuse_weakening(layers: Layers, gathered: _Gathered) -> None:
    rules = [rule for policy in gathered.own for rule in policy.rules]
    base = {
        category: treatment
        for category in ALL
        if layers.is_mandatory(category)
        for treatment in [layers.from_presets(frozenset(), None, category)]
        if treatment is not None
    }
    for clause, rule in zip(layers.own, rules, strict=True):
        for category in _decided(clause, rule):
            if category in base:
                _refuse(clause.treatment, base[category], category)
        if clause.unconditional and clause.category is not None:
            # What stands behind this one decides nothing about these any more.
            for category in ALL:
                if addresses(clause.category, category):
                    base.pop(category, None)


def _decided(clause: Clause, rule: Rule) -> list[str]:
    if clause.category is not None:
        return [category for category in ALL if addresses(clause.category, category)]
    if rule.key is None or "*" in rule.key or "?" in rule.key:
        return []  # what it matches is known when a key is seen; the more protective holds then
    category = certain_category(classify(rule.key))
    return [] if category is None else [category]


def _refuse(treatment: Treatment, base: Treatment, category: str) -> None:
    if treatment.action is Action.UNSAFE_KEEP or not weakens(treatment, base):
        return
    what = (
        f"'{treatment.action.value}' would weaken {category}, "
        f"which is mandatory ({base.rule}: {base.action.value})"
    )
    remedy = (
        f"Use '{base.action.value}' or a more protective action, "
        "or 'unsafe_keep' where the data must leave as it is"
    )
    raise ConfigurationError(what, treatment.rule, remedy)


def _digest(gathered: _Gathered) -> str:
    canonical: dict[str, object] = {
        "own": [_plain(rule) for policy in gathered.own for rule in policy.rules],
        # In which order presets were named decides nothing.
        "presets": sorted([_plain(rule) for rule in preset.rules] for preset in gathered.presets),
        "mandatory": gathered.mandatory,
    }
    tables = {
        name: repr(astuple(table)) for name in TABLES if (table := gathered.table(name)) is not None
    }
    if tables:  # absent where there are none, so that a policy of rules alone keeps its digest
        canonical["tables"] = tables
    return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()


def _plain(rule: Rule) -> str:
    values = {each.name: getattr(rule, each.name) for each in fields(rule)}
    return json.dumps(
        {name: value.value if isinstance(value, Enum) else value for name, value in values.items()},
        sort_keys=True,
    )
