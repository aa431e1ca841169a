"""Decide between rules: the first of a user's that matches, else the most protective preset's.

Theory of operation. Rules stand in *layers*: one for all of the user's own rules, one for each
preset. Within a layer the first rule that matches decides. The user's layer is asked first, headed by
exceptions until they expire; where it says nothing, each preset's layer is, and the most protective
answer counts. A preset's layer stands on those of the presets that it extends: their answers count as
its own, unless its rule says that it refines them. What a preset made mandatory isn't left by a `keep`
that names no category: such a rule says that a key is harmless, not that a token found under it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from jaeger_guard.actions import ACTIONS, Parameters
from jaeger_guard.categories import addresses
from jaeger_guard.policy.model import Rule
from jaeger_guard.types import Action, Notation, Surface

KEEPING: Final = frozenset({Action.KEEP, Action.UNSAFE_KEEP})


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done with what was found, and which rule says so.

    Attributes:
        action: What is done.
        rule: The rule as people find it, such as `baseline rule 3`.
        parameters: How far the action goes.
        clause: The clauses that the rule cites; empty for none.
    """

    action: Action
    rule: str
    parameters: Parameters
    clause: str = ""

    def apply(self, text: str, category: str, notation: Notation) -> str:
        """Return what stands for `text`; for `drop`, where nothing can be dropped, a marker."""
        entry = ACTIONS.get(self.action)
        return text if entry is None else entry.apply(text, category, notation, self.parameters)


UNTOUCHED: Final = Treatment(Action.KEEP, "no rule", Parameters())
EXEMPT: Final = Treatment(Action.KEEP, "the key's own meaning", Parameters())


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """A rule made ready: its glob compiled, its number among all, its treatment."""

    number: int
    key: str | None
    glob: re.Pattern[str] | None
    category: str | None
    surface: Surface | None
    treatment: Treatment
    refines: bool = False
    until: float = math.inf

    def matches(
        self, matched: frozenset[int], surface: Surface | None, category: str | None
    ) -> bool:
        """Say whether this holds, where `matched` are the numbers of the globs that match."""
        if self.glob is not None and self.number not in matched:
            return False
        if self.surface is not None and self.surface is not surface:
            return False
        return self.category is None or (
            category is not None and addresses(self.category, category)
        )

    @property
    def unconditional(self) -> bool:
        """Whether it holds under every key and on every surface."""
        return self.glob is None and self.surface is None


def make_clause(number: int, rule: Rule, description: str, until: float = math.inf) -> Clause:
    """Make `rule` ready; `until` when it holds, in seconds since 1970."""
    return Clause(
        number=number,
        key=rule.key,
        glob=None if rule.key is None else compile_glob(rule.key),
        category=rule.category,
        surface=None if rule.surface is None else Surface(rule.surface),
        treatment=Treatment(Action(rule.action), description, rule.parameters, rule.clause or ""),
        refines=rule.refines,
        until=until,
    )


def compile_glob(glob: str) -> re.Pattern[str]:
    """Compile a key's glob: `*` for any characters, `?` for one; both sides are lowered.

    The first place where a piece between two `*` fits is the right one, so it is never tried
    again: time is linear in the key's length for each piece.
    """
    pieces = [
        "".join("." if character == "?" else re.escape(character) for character in piece)
        for piece in glob.lower().split("*")
    ]
    if len(pieces) == 1:
        return re.compile(pieces[0], re.DOTALL)
    middle = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1] if piece)
    return re.compile(f"{pieces[0]}{middle}.*{pieces[-1]}", re.DOTALL)


def more_protective(first: Treatment, second: Treatment) -> Treatment:
    """Return the treatment that protects more: the earlier where they are equal."""
    if first.action is not second.action:
        return max(first, second, key=lambda treatment: treatment.action.protection)
    one, other = first.parameters, second.parameters
    if first.action is Action.MASK:
        less = other.leave_first + other.leave_last < one.leave_first + one.leave_last
        return second if less else first
    if first.action is Action.ENCRYPT:
        return second if _is_wider(one, other) else first
    if first.action is not Action.GENERALIZE:
        return first
    steps = (one.round_to, other.round_to)
    caps = (one.age_cap, other.age_cap)
    # With neither a cap nor a step an age is redacted, which protects more than both.
    no_age = None in caps or (None in steps and steps[0] != steps[1])
    coarser = Parameters(
        ipv4_prefix=min(one.ipv4_prefix, other.ipv4_prefix),
        ipv6_prefix=min(one.ipv6_prefix, other.ipv6_prefix),
        # Without a step numbers are redacted, which protects more than any step.
        round_to=None if None in steps else max(step for step in steps if step is not None),
        age_cap=None if no_age else min(cap for cap in caps if cap is not None),
        zip3=one.zip3 and other.zip3,
    )
    if coarser == one:
        return first
    if coarser == other:
        return second
    return replace(first, rule=f"{first.rule} and {second.rule}", parameters=coarser)


def _is_wider(given: Parameters, asked: Parameters) -> bool:
    """Say whether one encryption lets more be known than another: by more roles, or by a pseudonym."""
    roles = bool(asked.roles) and not (given.roles and set(given.roles) <= set(asked.roles))
    return roles or (given.search and not asked.search)


def weakens(treatment: Treatment, base: Treatment) -> bool:
    """Say whether `treatment` protects less than `base` in any respect."""
    if treatment.action is not base.action:
        return treatment.action.protection < base.action.protection
    given, asked = treatment.parameters, base.parameters
    if treatment.action is Action.MASK:
        return given.leave_first + given.leave_last > asked.leave_first + asked.leave_last
    if treatment.action is Action.ENCRYPT:
        return _is_wider(given, asked)
    strongest = more_protective(treatment, base)
    return treatment.action is Action.GENERALIZE and strongest.parameters != given


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PresetLayer:
    """One preset's rules, ready to decide.

    Attributes:
        clauses: Its rules, in order.
        mandatory: Patterns of categories for which its rules may be weakened by `unsafe_keep` alone.
        extends: Which layers of the presets it stands on.
    """

    clauses: tuple[Clause, ...]
    mandatory: tuple[str, ...]
    extends: tuple[int, ...]

    def demands(self, category: str) -> bool:
        """Say whether it makes `category` mandatory."""
        return any(addresses(each, category) for each in self.mandatory)


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """All rules of a policy, ready to decide.

    Attributes:
        own: The user's rules, in order.
        presets: The layer of each preset.
        mandatory: Patterns of categories that only `unsafe_keep` weakens.
        roots: Which presets were asked for, and not only extended by others.
    """

    own: tuple[Clause, ...]
    presets: tuple[PresetLayer, ...]
    mandatory: tuple[str, ...]
    roots: tuple[int, ...]

    @property
    def clauses(self) -> Iterable[Clause]:
        """Every rule of every layer."""
        yield from self.own
        for layer in self.presets:
            yield from layer.clauses

    @property
    def expires(self) -> float:
        """When the next of the exceptions ends, in seconds since 1970; infinity for never."""
        return min((clause.until for clause in self.own), default=math.inf)

    def at(self, moment: float) -> Layers:
        """Return what is left when exceptions that have ended by then are taken away."""
        left = tuple(clause for clause in self.own if clause.until > moment)
        return self if len(left) == len(self.own) else replace(self, own=left)

    def is_mandatory(self, category: str | None) -> bool:
        """Say whether a preset made `category` mandatory."""
        return category is not None and any(addresses(each, category) for each in self.mandatory)

    def own_clause(
        self, matched: frozenset[int], surface: Surface | None, category: str | None
    ) -> Clause | None:
        """Return the first of the user's rules that matches."""
        return _first(self.own, matched, surface, category)

    def from_presets(
        self, matched: frozenset[int], surface: Surface | None, category: str | None
    ) -> Treatment | None:
        """Return the most protective answer of the presets; None where they say nothing."""
        return self._most_protective(self.roots, matched, surface, category)

    def required(
        self, matched: frozenset[int], surface: Surface | None, category: str
    ) -> Treatment | None:
        """Return the least that a policy on top may ask for; None where it is free.

        That is what the presets that make the category mandatory say of it themselves; where none of
        their rules names it, what they make of it with all that they extend.
        """
        best: Treatment | None = None
        demanding = [n for n, layer in enumerate(self.presets) if layer.demands(category)]
        for number in demanding:
            clause = self._clause(number, matched, surface, category)
            if clause is None:
                best = _stronger(best, self._resolved(number, matched, surface, category))
            else:
                best = _stronger(best, clause.treatment)
        if demanding or not self.is_mandatory(category):
            return best
        return self.from_presets(matched, surface, category)

    def _most_protective(
        self,
        presets: Iterable[int],
        matched: frozenset[int],
        surface: Surface | None,
        category: str | None,
    ) -> Treatment | None:
        best: Treatment | None = None
        for number in presets:
            best = _stronger(best, self._resolved(number, matched, surface, category))
        return best

    def _resolved(
        self, number: int, matched: frozenset[int], surface: Surface | None, category: str | None
    ) -> Treatment | None:
        """Return what a preset makes of it with all that it extends."""
        clause = self._clause(number, matched, surface, category)
        if clause is not None and clause.refines:
            return clause.treatment
        extended = self._most_protective(self.presets[number].extends, matched, surface, category)
        return extended if clause is None else _stronger(clause.treatment, extended)

    def _clause(
        self, number: int, matched: frozenset[int], surface: Surface | None, category: str | None
    ) -> Clause | None:
        clauses = self.presets[number].clauses
        clause = _first(clauses, matched, surface, category)
        if clause is not None and lets_be(clause) and self.is_mandatory(category):
            clause = _first(clauses, matched, surface, category, category_needed=True)
        return clause

    def treatment(
        self, matched: frozenset[int], surface: Surface | None, category: str
    ) -> Treatment:
        """Decide what is done with something of `category` that was found in a text."""
        clause = self.own_clause(matched, surface, category)
        base: Treatment | None = None
        if clause is not None:
            if not (self.is_mandatory(category) and lets_be(clause)):
                return clause.treatment
            # A later rule of the user's that names the category still counts.
            named = _first(self.own, matched, surface, category, category_needed=True)
            base = None if named is None else named.treatment
        return base or self.from_presets(matched, surface, category) or UNTOUCHED


def _stronger(first: Treatment | None, second: Treatment | None) -> Treatment | None:
    if first is None or second is None:
        return second if first is None else first
    return more_protective(first, second)


def lets_be(clause: Clause) -> bool:
    """Say whether `clause` keeps whatever stands there, naming no category."""
    return clause.category is None and clause.treatment.action is Action.KEEP


def _first(
    layer: Iterable[Clause],
    matched: frozenset[int],
    surface: Surface | None,
    category: str | None,
    *,
    category_needed: bool = False,
) -> Clause | None:
    for clause in layer:
        if category_needed and clause.category is None:
            continue
        if clause.matches(matched, surface, category):
            return clause
    return None
