"""Compile policies: gather what they extend, refuse what contradicts, and make the rules ready."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, fields
from enum import Enum
from typing import Any

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy.compiled import CompiledPolicy
from jaeger_guard.policy.exemptions import Exemption
from jaeger_guard.policy.keying import field_keys
from jaeger_guard.policy.loading import load_named
from jaeger_guard.policy.merging import Clause, Layers, PresetLayer, make_clause
from jaeger_guard.policy.model import BASELINE, TABLES, Policy, Rule
from jaeger_guard.policy.provisions import Refusal
from jaeger_guard.policy.refusing import refuse_forbidden, refuse_weakening

_CITATIONS = ("clause", "source")  # they decide nothing
_LATER = (
    "age_cap",
    "zip3",
    "refines",
    "roles",
    "search",
    "purpose",
)  # words that came after the first release of digests
_DEEPEST = 32  # policies that extend one another in a row


def compile_policy(policies: Policy | Sequence[Policy]) -> CompiledPolicy:
    """Make `policies` ready, with all that they extend.

    Raises:
        ConfigurationError: There is none, one doesn't build on `baseline`, they extend one another
            in a circle, or a rule weakens what a preset makes mandatory, or asks for what it refuses.
    """
    given = (policies,) if isinstance(policies, Policy) else tuple(policies)
    gathered = gather(given)
    if not any(preset.name == BASELINE for preset in gathered.presets):
        where = ", ".join(policy.name for policy in given) or "policy"
        what = f"the policy doesn't build on '{BASELINE}', so what it doesn't name would leave"
        remedy = f"Extend '{BASELINE}', and weaken it by rules with the action unsafe_keep"
        raise ConfigurationError(what, where, remedy)
    layers = _make_layers(gathered).at(time.time())
    refuse_forbidden(layers, gathered.refusals)
    refuse_weakening(layers)
    names = tuple(dict.fromkeys(policy.name for policy in given))
    return CompiledPolicy(
        layers,
        names,
        _digest(gathered),
        sampling=gathered.table("sampling"),
        consent=gathered.table("consent"),
        retention=gathered.table("retention"),
        recognition=gathered.table("recognition"),
        keys=field_keys(
            (layers.own, *(preset.clauses for preset in layers.presets)),
            gathered.table("roles"),
            gathered.table("pseudonyms"),
            ", ".join(names),
        ),
        propagation=gathered.table("propagation"),
        audit=gathered.table("audit"),
        metrics=gathered.table("metrics"),
        exceptions=gathered.exceptions,
    )


def gather(policies: Sequence[Policy]) -> Gathered:
    """List `policies` and all that they extend.

    Raises:
        ConfigurationError: One can't be loaded, or they extend one another in a circle.
    """
    gathered = Gathered()
    for policy in policies:
        gathered.add(policy, ())
    return gathered


@dataclass(slots=True)
class Gathered:
    """Policies in order of precedence, each once.

    Attributes:
        own: Those of users.
        presets: Those that come with the package.
        roots: Names of the presets that were asked for, and not only extended by others.
    """

    own: list[Policy] = field(default_factory=list)
    presets: list[Policy] = field(default_factory=list)
    roots: set[str] = field(default_factory=set)

    def add(self, policy: Policy, above: tuple[Policy, ...]) -> None:
        if policy in above or len(above) >= _DEEPEST:
            what = "the policies extend one another in a circle"
            remedy = "Remove one of the names from extends"
            raise ConfigurationError(what, f"{policy.name}, extends", remedy)
        if policy.preset and not (above and above[-1].preset):
            self.roots.add(policy.name)
        listed = self.presets if policy.preset else self.own
        if policy not in listed:
            listed.append(policy)
            for name in policy.extends:
                above_it = (*above, policy)
                self.add(load_named(name, f"{policy.name}, extends"), above_it)

    def table(self, field: str) -> Any:
        """Merge what the policies say in one table, in order of precedence; None where none does."""
        merged: Any = None
        for policy in self.all:
            given: Any = getattr(policy, field)
            if given is not None:
                merged = given if merged is None else merged.over(given)
        return merged

    @property
    def all(self) -> tuple[Policy, ...]:
        """Every policy, in order of precedence."""
        return (*self.own, *self.presets)

    @property
    def mandatory(self) -> tuple[str, ...]:
        """Patterns of the categories that any of them makes mandatory."""
        return tuple(sorted({each for policy in self.all for each in policy.mandatory}))

    @property
    def exceptions(self) -> tuple[Exemption, ...]:
        """All exceptions, in order of precedence, those that have ended too."""
        return tuple(each for policy in self.all for each in policy.exceptions)

    @property
    def refusals(self) -> tuple[tuple[Policy, Refusal], ...]:
        """What any of them refuses, with the policy that does."""
        return tuple((policy, refusal) for policy in self.all for refusal in policy.refusals)


def _make_layers(gathered: Gathered) -> Layers:
    numbers = iter(range(1_000_000))
    places = {policy.name: place for place, policy in enumerate(gathered.presets)}

    def ready(policy: Policy) -> tuple[Clause, ...]:
        return tuple(
            make_clause(next(numbers), rule, f"{policy.name} rule {position}")
            for position, rule in enumerate(policy.rules, 1)
        )

    def exempt(policy: Policy) -> tuple[Clause, ...]:
        return tuple(
            make_clause(
                next(numbers),
                Rule(
                    action=exception.action,
                    key=exception.key,
                    category=exception.category,
                    surface=exception.surface,
                ),
                f"{policy.name} exception {position}",
                exception.until,
            )
            for position, exception in enumerate(policy.exceptions, 1)
        )

    exceptions = tuple(clause for policy in gathered.all for clause in exempt(policy))
    return Layers(
        own=exceptions + tuple(clause for policy in gathered.own for clause in ready(policy)),
        presets=tuple(
            PresetLayer(
                clauses=ready(preset),
                mandatory=preset.mandatory,
                extends=tuple(places[name] for name in preset.extends if name in places),
            )
            for preset in gathered.presets
        ),
        mandatory=gathered.mandatory,
        roots=tuple(sorted(places[name] for name in gathered.roots)),
    )


def _digest(gathered: Gathered) -> str:
    canonical: dict[str, object] = {
        "own": [_plain(rule) for policy in gathered.own for rule in policy.rules],
        # In which order presets were named decides nothing.
        "presets": sorted([_plain(rule) for rule in preset.rules] for preset in gathered.presets),
        "mandatory": gathered.mandatory,
    }
    lists = {
        "exceptions": [repr(astuple(each)) for each in gathered.exceptions],
        "refusals": sorted(repr(astuple(refusal)) for _, refusal in gathered.refusals),
    }
    if any(rule.refines for preset in gathered.presets for rule in preset.rules):
        lists["roots"] = sorted(gathered.roots)  # what is refined depends on them
    canonical.update({word: entries for word, entries in lists.items() if entries})
    tables = {
        name: json.dumps(table.told()) if hasattr(table, "told") else repr(astuple(table))
        for name in TABLES
        if (table := gathered.table(name)) is not None
    }
    if tables:  # absent where there are none, so that a policy of rules alone keeps its digest
        canonical["tables"] = tables
    return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()


def _plain(rule: Rule) -> str:
    values = {
        each.name: getattr(rule, each.name)
        for each in fields(rule)
        if each.name not in _CITATIONS
        # So that a policy that doesn't use them keeps its digest.
        and not (each.name in _LATER and getattr(rule, each.name) == each.default)
    }
    return json.dumps(
        {name: value.value if isinstance(value, Enum) else value for name, value in values.items()},
        sort_keys=True,
    )
