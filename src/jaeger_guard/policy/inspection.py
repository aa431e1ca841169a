"""What stands behind a compiled policy: which rule says what, by which clause, of which policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from jaeger_guard.actions import ACTIONS, Parameters
from jaeger_guard.categories import ALL
from jaeger_guard.policy.compiled import CompiledPolicy
from jaeger_guard.policy.compiler import Gathered, compile_policy, gather
from jaeger_guard.policy.exemptions import Exemption
from jaeger_guard.policy.merging import Clause, Treatment
from jaeger_guard.policy.model import Policy, Rule
from jaeger_guard.policy.provisions import Provision, clauses_in

_TOGETHER = " and "  # how `merging.more_protective` names a treatment that two rules make


@dataclass(frozen=True, slots=True)
class Met:
    """A clause that a preset undertakes, and the rules that are for it.

    Attributes:
        preset: The policy that undertakes it.
        provision: The clause.
        rules: The rules that cite it, as people find them; empty where none does.
    """

    preset: str
    provision: Provision
    rules: tuple[str, ...]


class Inspection:
    """Looks into policies, with all that they extend.

    Args:
        policies: As `compile_policy` takes them.

    Raises:
        ConfigurationError: They can't be compiled.
    """

    def __init__(self, policies: Policy | Sequence[Policy]) -> None:
        given = (policies,) if isinstance(policies, Policy) else tuple(policies)
        self.compiled: CompiledPolicy = compile_policy(given)
        self.gathered: Gathered = gather(given)

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """Every rule by what findings and errors call it."""
        return {
            f"{policy.name} rule {number}": rule
            for policy in self.gathered.all
            for number, rule in enumerate(policy.rules, 1)
        }

    @cached_property
    def exceptions(self) -> Mapping[str, Exemption]:
        """Every exception by what findings and errors call it, those that have ended too."""
        return {
            f"{policy.name} exception {number}": exception
            for policy in self.gathered.all
            for number, exception in enumerate(policy.exceptions, 1)
        }

    @cached_property
    def treatments(self) -> Mapping[str, Treatment]:
        """What is done with each category where no key and no surface says otherwise."""
        layers = self.compiled.layers
        return {category: layers.treatment(frozenset(), None, category) for category in ALL}

    @property
    def conditional(self) -> tuple[Clause, ...]:
        """The rules and exceptions that hold under some keys or on some surfaces alone."""
        return tuple(clause for clause in self.compiled.layers.clauses if not clause.unconditional)

    @cached_property
    def provisions(self) -> tuple[Met, ...]:
        """Each clause that a preset undertakes, with the rules that are for it."""
        return tuple(
            Met(policy.name, provision, self._rules_for(policy, provision.clause))
            for policy in self.gathered.all
            for provision in policy.provisions
        )

    @staticmethod
    def _rules_for(policy: Policy, clause: str) -> tuple[str, ...]:
        cited = [
            f"{policy.name} rule {number}"
            for number, rule in enumerate(policy.rules, 1)
            if clause in clauses_in(rule.clause)
        ]
        refused = [
            f"{policy.name} refusal {number}"
            for number, refusal in enumerate(policy.refusals, 1)
            if refusal.clause == clause
        ]
        return (*cited, *refused)

    def cited(self, treatment: Treatment) -> tuple[str, ...]:
        """List the clauses that the rules behind a treatment cite."""
        names = treatment.rule.split(_TOGETHER)
        rules = [self.rules[name] for name in names if name in self.rules]
        return tuple(dict.fromkeys(clause for rule in rules for clause in clauses_in(rule.clause)))

    def sources(self, treatment: Treatment) -> tuple[str, ...]:
        """List where those clauses can be read."""
        names = treatment.rule.split(_TOGETHER)
        rules = [self.rules[name] for name in names if name in self.rules]
        return tuple(dict.fromkeys(rule.source for rule in rules if rule.source))


def parameters_of(treatment: Treatment) -> dict[str, Any]:
    """Return how far an action goes, without what it doesn't read or has at its default."""
    entry = ACTIONS.get(treatment.action)
    given, defaults = asdict(treatment.parameters), asdict(Parameters())
    return {
        name: given[name]
        for name in (() if entry is None else entry.parameters)
        if given[name] != defaults[name] or name.endswith("_prefix")
    }


def written(treatment: Treatment, category: str = "") -> str:
    """Write what is done: `generalize (zip3)`, `mask (leave_last=4)`."""
    parts = [
        name if value is True else f"{name}={value:g}"
        for name, value in parameters_of(treatment).items()
        if not name.endswith("_prefix") or not category or category.startswith("network.")
    ]
    return f"{treatment.action.value} ({', '.join(parts)})" if parts else treatment.action.value
