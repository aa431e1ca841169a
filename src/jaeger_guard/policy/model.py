"""What a policy is: an ordered set of rules, each a match and an action, frozen and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

from jaeger_guard.actions import Parameters
from jaeger_guard.categories import is_pattern
from jaeger_guard.policy.audit import Audit
from jaeger_guard.policy.consent import Consent
from jaeger_guard.policy.exemptions import Exemption
from jaeger_guard.policy.metrics import Metrics
from jaeger_guard.policy.propagation import Propagation
from jaeger_guard.policy.provisions import Provision, Refusal
from jaeger_guard.policy.pseudonyms import Pseudonyms
from jaeger_guard.policy.recognition import Recognition
from jaeger_guard.policy.retention import Retention
from jaeger_guard.policy.roles import Role, Roles
from jaeger_guard.policy.sampling import Sampling
from jaeger_guard.policy.words import (
    CONDITIONS,
    WORDS,
    Fault,
    category_patterns,
    kind,
    quoted,
    raise_faults,
    suggest,
)
from jaeger_guard.types import Action, Surface

BASELINE = "baseline"
TABLES: Final[dict[str, type]] = {
    "sampling": Sampling,
    "consent": Consent,
    "retention": Retention,
    "propagation": Propagation,
    "metrics": Metrics,
    "recognition": Recognition,
    "audit": Audit,
    "roles": Roles,
    "pseudonyms": Pseudonyms,
}
"""What else a policy holds beside its rules, by the name of the field and of the table in a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is done where: at least one of key, category and surface, and an action.

    A rule matches where everything that it names matches. One without a category decides about
    the whole value; one with a category about what is found of it.

    Attributes:
        action: What is done. Texts such as `"mask"` are accepted.
        key: A glob over attribute keys and names of leaves (JSON members, query parameters):
            `*` stands for any characters, dots too, `?` for one; case is ignored.
        category: A data category, such as `contact.email`, or a branch, such as `contact.*`.
        surface: A part of the span. Texts such as `"event"` are accepted.
        leave_first: Characters at the beginning that `mask` leaves.
        leave_last: Characters at the end that `mask` leaves.
        ipv4_prefix: Bits of an IPv4 address that `generalize` leaves.
        ipv6_prefix: Bits of an IPv6 address that `generalize` leaves.
        round_to: The step that `generalize` rounds numbers to; without one, numbers are redacted.
        age_cap: The age from which `generalize` leaves no more than `90+`; younger ones stay.
        zip3: Whether `generalize` leaves three digits of a US ZIP code; else it is redacted.
        clause: The clauses that the rule is for, separated by semicolons.
        source: Where they can be read.
        refines: In a preset: this stands in place of what the presets that it extends say.
        roles: Who may read what `encrypt` wrote, `for` in a file; empty: every role of the policy
            that may read the category.
        search: Whether a pseudonym stands next to what `encrypt` wrote.
        purpose: What pseudonyms are for; None: what `Pseudonyms` says.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    action: Action | str
    key: str | None = None
    category: str | None = None
    surface: Surface | str | None = None
    leave_first: int = 0
    leave_last: int = 0
    ipv4_prefix: int = 24
    ipv6_prefix: int = 48
    round_to: float | None = None
    age_cap: int | None = None
    zip3: bool = False
    clause: str | None = None
    source: str | None = None
    refines: bool = False
    roles: Sequence[str] = ()
    search: bool = False
    purpose: str | None = None

    def __post_init__(self) -> None:
        values, faults = read_rule({word.name: getattr(self, word.name) for word in WORDS})
        raise_faults(faults, "Rule")
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def parameters(self) -> Parameters:
        """How far the action goes."""
        return Parameters(
            leave_first=self.leave_first,
            leave_last=self.leave_last,
            ipv4_prefix=self.ipv4_prefix,
            ipv6_prefix=self.ipv6_prefix,
            round_to=self.round_to,
            age_cap=self.age_cap,
            zip3=self.zip3,
            roles=tuple(self.roles),
            search=self.search,
            purpose=self.purpose,
        )


def read_rule(given: dict[str, object]) -> tuple[dict[str, object], list[Fault]]:
    """Read the fields of one rule; return those that are right, and what is wrong with others."""
    values: dict[str, object] = {}
    faults: list[Fault] = []
    for word in WORDS:
        if word.name not in given:
            continue
        value = word.read(given[word.name])
        if isinstance(value, Fault):
            faults.append(value)
        else:
            values[word.name] = value
    if "action" not in given:
        faults.append(Fault("action", "the rule has no action", 'Add action = "redact"'))
    if all(given.get(name) is None for name in CONDITIONS):
        what = "the rule says nothing about where it holds"
        faults.append(Fault("", what, "Give a key, a category or a surface"))
    action = values.get("action")
    defaults = {field.name: field.default for field in fields(Rule)}
    for word in WORDS:
        if not word.actions or action is None or action in word.actions:
            continue
        if word.name in values and values[word.name] != defaults[word.name]:
            whose = " and ".join(f"'{each.value}'" for each in word.actions)
            what = f"{word.in_file} belongs to the action {whose}"
            faults.append(Fault(word.in_file, what, f"Remove {word.in_file}, or change the action"))
    return values, faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """An ordered set of rules on top of the presets that it extends.

    The rules come first, in order, and the first that matches decides; what none decides, the
    presets do, each category by the most protective of their rules.

    Attributes:
        name: What `explain` and errors call it.
        rules: In order of precedence.
        extends: Names of presets, or paths of policy files.
        mandatory: Categories that a policy on top may weaken with `unsafe_keep` alone.
        preset: Whether the rules merge with those of other presets, the more protective winning,
            and don't come first.
        sampling: Which spans are recorded, or recorded minimally.
        consent: Where a refusal of consent is read from.
        retention: Which traces are kept short, and which long.
        propagation: What may cross the process boundary beside a request.
        metrics: Which attributes metrics may have.
        recognition: How names in free text are looked for; they aren't where this is None.
        audit: Where the audit is written.
        exceptions: What is kept until a date, before all rules.
        refusals: Actions that a clause forbids, which whoever extends this can't ask for.
        provisions: Clauses that a preset undertakes.
        roles: Who may read what is encrypted, by the role's name.
        pseudonyms: What pseudonyms are made with.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    name: str = "custom"
    rules: tuple[Rule, ...]
    extends: tuple[str, ...] = (BASELINE,)
    mandatory: tuple[str, ...] = ()
    preset: bool = False
    sampling: Sampling | None = None
    consent: Consent | None = None
    retention: Retention | None = None
    propagation: Propagation | None = None
    metrics: Metrics | None = None
    recognition: Recognition | None = None
    audit: Audit | None = None
    exceptions: tuple[Exemption, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    provisions: tuple[Provision, ...] = ()
    roles: Mapping[str, Role] | Roles | None = None
    pseudonyms: Pseudonyms | None = None

    def __post_init__(self) -> None:
        faults: list[Fault] = []
        if not isinstance(self.name, str) or not 0 < len(self.name) <= 128:
            faults.append(Fault("name", "the name isn't a text of 1 to 128 characters", "Name it"))
        self._settle("rules", Rule, "Give a tuple of Rule(...)", faults)
        self._settle("extends", str, f'Give a tuple of names, such as ("{BASELINE}",)', faults)
        self._settle("mandatory", str, 'Give a tuple of categories, such as ("contact.*",)', faults)
        self._settle("exceptions", Exemption, "Give a tuple of Exemption(...)", faults)
        self._settle("refusals", Refusal, "Give a tuple of Refusal(...)", faults)
        self._settle("provisions", Provision, "Give a tuple of Provision(...)", faults)
        if isinstance(self.roles, Mapping):
            object.__setattr__(self, "roles", Roles.of(self.roles, "Policy, roles"))
        for field, table in TABLES.items():
            if not isinstance(getattr(self, field), table | None):
                remedy = f"Give {table.__name__}(...)"
                faults.append(Fault(field, f"{field} is no {table.__name__}", remedy))
        if not faults:
            faults.extend(
                Fault("mandatory", f"the category {quoted(pattern)} isn't known", remedy)
                for pattern in self.mandatory
                if not is_pattern(pattern)
                for remedy in [suggest(pattern, category_patterns())]
            )
            if not self.preset and any(rule.refines for rule in self.rules):
                what = "refines is a word of presets: a policy's own rules come first anyway"
                faults.append(Fault("rules", what, "Remove refines"))
            if any(not text.strip() for text in self.extends):
                faults.append(Fault("extends", "a name is empty", "Remove it, or name a preset"))
            if not self.rules and not self.extends:
                what = "the policy is empty, so nothing would be scrubbed"
                faults.append(Fault("rules", what, f"Give rules, or extend '{BASELINE}'"))
        raise_faults(faults, "Policy")

    def _settle(self, field: str, member: type, remedy: str, faults: list[Fault]) -> None:
        given: object = getattr(self, field)
        if not isinstance(given, tuple | list):
            faults.append(Fault(field, f"{field} is a {kind(given)}, not a tuple", remedy))
        elif not all(isinstance(element, member) for element in given):
            faults.append(Fault(field, f"{field} holds something else", remedy))
        else:
            object.__setattr__(self, field, tuple(given))

    @classmethod
    def load(cls, spec: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> Policy:
        """Load a preset by its name, or a file by its path; several become one that extends all.

        Raises:
            ConfigurationError: Names the file, what is wrong in it, and the remedy.
        """
        from jaeger_guard.policy.loading import load_one  # it is made of this module's values

        return load_one(spec, "Policy.load")
