"""What a compiled policy answers: for a key on a surface, once and for all, what is done there.

Theory of operation. A lookup is one dictionary access. The first time a key is seen, its class is
asked of the semantic conventions, the globs are matched, and the rules decide; how many policies
were merged matters then alone. Decisions that say the same are one object, so that whoever
remembers values by decision remembers them for all keys of one kind.

Every memory is bounded. Two threads may decide about one key at once; their answers are equal, so
there is no lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from jaeger_guard.categories import ALL, CONTENT_UNKNOWN, CONTENT_WITHHELD, addresses
from jaeger_guard.generations import Generations
from jaeger_guard.keys.service import FieldKeys
from jaeger_guard.policy.audit import Audit
from jaeger_guard.policy.consent import Consent
from jaeger_guard.policy.exemptions import Exemption
from jaeger_guard.policy.merging import EXEMPT, KEEPING, Layers, Treatment, lets_be, weakens
from jaeger_guard.policy.metrics import Metrics
from jaeger_guard.policy.propagation import Propagation
from jaeger_guard.policy.recognition import Recognition
from jaeger_guard.policy.retention import Retention
from jaeger_guard.policy.sampling import Sampling
from jaeger_guard.semconv import KeyClass, KeyKind, classify, classify_leaf
from jaeger_guard.types import Action, Surface

MOST_REMEMBERED: Final = 8192  # entries of each memory
_LONGEST_REMEMBERED: Final = 256  # characters; a longer key is decided about each time


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KeyDecision:
    """What is done with values under one key on one surface; compared by identity.

    Attributes:
        key_class: What the semantic conventions and the lexicon say about the key.
        whole: What the whole value is replaced by; None where its parts are looked at.
        category: The category that `whole` is applied with.
        format: The format that the value is taken apart with; None where `whole` is set.
        treatments: For each category, what is done with what a detector finds.
        unsafe: Whether an `unsafe_keep` rule leaves the value unseen.
        rule: The rule that decided about the key, such as `policy.toml rule 1`.
        kept: Whether a `keep` rule leaves all but what is mandatory.
        surface: The surface that was decided for.
        matched: Numbers of the rules whose glob matches the key, or a key around it.
        searched: Whether a text is only searched by detectors, and its numbers are left alone
            unless they are telling: the key neither decides, nor promises a format.
    """

    key_class: KeyClass
    whole: Treatment | None
    category: str | None
    format: str | None
    treatments: Mapping[str, Treatment]
    unsafe: bool
    rule: str
    kept: bool
    surface: Surface
    matched: frozenset[int]
    searched: bool = field(init=False)

    def __post_init__(self) -> None:
        searched = (
            self.whole is None
            and self.format is None
            and self.key_class.category is None
            and not self.unsafe
        )
        object.__setattr__(self, "searched", searched)


def certain_category(key_class: KeyClass) -> str | None:
    """Return the category that any value under the key has; None where that depends on it."""
    return key_class.category if key_class.kind is KeyKind.CATEGORY else None


def is_unknown(key_class: KeyClass) -> bool:
    """Say whether neither the conventions nor the lexicon know what stands under a key."""
    return key_class.kind is KeyKind.UNKNOWN and not key_class.exempt


class CompiledPolicy:
    """Rules made ready. Immutable to the eye: what it remembers never changes an answer.

    Attributes:
        digest: SHA-256 over everything that decides, in hexadecimal; equal for equal policies.
        names: The policies that were merged.
        unsafe_rules: The rules that say `unsafe_keep`.
        sampling: Which spans are recorded, where a policy says so.
        consent: Where a refusal of consent is read from, where a policy says so.
        retention: Which traces are kept how long, where a policy says so.
        metrics: Which attributes metrics may have, where a policy says so.
        propagation: What may cross the process boundary, where a policy says so.
        audit: Where the audit is written, where a policy says so.
        exceptions: All exceptions of the policies, those that have ended too.
        expires: When the next exception ends, in seconds since 1970; infinity for never.
        keys: What is encrypted and pseudonymized with; None where a policy does neither.
    """

    __slots__ = (
        "_decisions",
        "_globs",
        "_interned",
        "_layers",
        "_leaves",
        "_settled",
        "_tables",
        "_withholds_unknown",
        "audit",
        "consent",
        "digest",
        "exceptions",
        "expires",
        "keys",
        "metrics",
        "names",
        "propagation",
        "recognition",
        "retention",
        "sampling",
        "unsafe_rules",
    )

    def __init__(
        self,
        layers: Layers,
        names: tuple[str, ...],
        digest: str,
        sampling: Sampling | None = None,
        consent: Consent | None = None,
        retention: Retention | None = None,
        recognition: Recognition | None = None,
        keys: FieldKeys | None = None,
        propagation: Propagation | None = None,
        audit: Audit | None = None,
        metrics: Metrics | None = None,
        exceptions: tuple[Exemption, ...] = (),
    ) -> None:
        self._layers = layers
        self._withholds_unknown = any(
            clause.category == CONTENT_UNKNOWN and clause.treatment.action not in KEEPING
            for clause in layers.clauses
        )
        self._globs = tuple(
            (clause.number, clause.glob) for clause in layers.clauses if clause.glob is not None
        )
        self._decisions: Generations[tuple[str, str], KeyDecision] = Generations(MOST_REMEMBERED)
        self._leaves: Generations[tuple[KeyDecision, str], KeyDecision] = Generations(
            MOST_REMEMBERED
        )
        self._interned: Generations[tuple[object, ...], KeyDecision] = Generations(MOST_REMEMBERED)
        self._settled: Generations[tuple[object, ...], KeyDecision] = Generations(MOST_REMEMBERED)
        self._tables: Generations[tuple[object, ...], Mapping[str, Treatment]] = Generations(
            MOST_REMEMBERED
        )
        self.exceptions: Final = exceptions
        self.expires: Final = layers.expires
        self.names: Final = names
        self.digest: Final = digest
        self.sampling: Final = sampling
        self.consent: Final = consent
        self.retention: Final = retention
        self.recognition: Final = recognition
        self.keys: Final = keys
        self.propagation: Final = propagation
        self.audit: Final = audit
        self.metrics: Final = metrics
        self.unsafe_rules: Final = tuple(
            clause.treatment.rule
            for clause in layers.clauses
            if clause.treatment.action is Action.UNSAFE_KEEP
        )

    def __repr__(self) -> str:
        return f"CompiledPolicy({', '.join(self.names)}; {self.digest[:12]})"

    def decide(self, key: str, surface: Surface) -> KeyDecision:
        """Decide about values under `key` ("" where the surface has none)."""
        # The value and not the member: hashing a member calls Python code, a text's hash is kept.
        remembered = self._decisions.get((surface._value_, key))
        if remembered is not None:
            return remembered
        decision = self._settle(classify(key), self._match(key), surface, named=key != "")
        if len(key) <= _LONGEST_REMEMBERED:
            self._decisions.put((surface._value_, key), decision)
        return decision

    def decide_leaf(self, name: str, parent: KeyDecision) -> KeyDecision:
        """Decide about a leaf of a value under `parent`'s key.

        Rules that match the key around it hold for it too, so a value that is kept is kept in its
        parts. A leaf without a name is judged under the name around it.
        """
        remembered = self._leaves.get((parent, name))
        if remembered is not None:
            return remembered
        if name:
            key_class, matched = classify_leaf(name), parent.matched | self._match(name)
            decision = self._settle(key_class, matched, parent.surface, named=True)
        else:
            # Its format is what it was just taken out of.
            decision = self._settle(parent.key_class, parent.matched, parent.surface, inside=True)
        if len(name) <= _LONGEST_REMEMBERED:
            self._leaves.put((parent, name), decision)
        return decision

    def at(self, moment: float) -> CompiledPolicy:
        """Return the policy without the exceptions that have ended by then, seconds since 1970.

        It remembers nothing of what was decided while they held. Its digest is the same: it is the
        same policy.
        """
        layers = self._layers.at(moment)
        if layers is self._layers:
            return self
        return CompiledPolicy(
            layers,
            self.names,
            self.digest,
            sampling=self.sampling,
            consent=self.consent,
            retention=self.retention,
            recognition=self.recognition,
            keys=self.keys,
            propagation=self.propagation,
            audit=self.audit,
            metrics=self.metrics,
            exceptions=self.exceptions,
        )

    @property
    def layers(self) -> Layers:
        """The rules, for who shows or compares them."""
        return self._layers

    def describe(self) -> tuple[str, ...]:
        """Say in lines what is done with each category, and by which rule, keys aside."""
        lines = [f"policy {', '.join(self.names)} ({self.digest[:12]})"]
        for category in ALL:
            treatment = self._layers.treatment(frozenset(), None, category)
            lines.append(f"{category}: {treatment.action.value} ({treatment.rule})")
        for clause in self._layers.clauses:
            if not clause.unconditional:
                treatment = clause.treatment
                lines.append(f"{treatment.rule}, where it matches: {treatment.action.value}")
        return tuple(lines)

    def _match(self, key: str) -> frozenset[int]:
        if not key or not self._globs:
            return frozenset()
        lowered = key.lower()
        return frozenset(
            number for number, glob in self._globs if glob.fullmatch(lowered) is not None
        )

    def _settle(
        self,
        key_class: KeyClass,
        matched: frozenset[int],
        surface: Surface,
        *,
        named: bool = False,
        inside: bool = False,
    ) -> KeyDecision:
        """Decide by what a key tells: most keys that were never met tell what others did."""
        asked = (key_class, matched, surface._value_, named, inside)
        decision = self._settled.get(asked)
        if decision is None:
            decision = self._settle_anew(key_class, matched, surface, named=named, inside=inside)
            self._settled.put(asked, decision)
        return decision

    def _settle_anew(
        self,
        key_class: KeyClass,
        matched: frozenset[int],
        surface: Surface,
        *,
        named: bool,
        inside: bool,
    ) -> KeyDecision:
        layers = self._layers
        category = certain_category(key_class)
        unknown = self._withholds_unknown and named and is_unknown(key_class)
        if unknown:
            category = CONTENT_UNKNOWN
        clause = layers.own_clause(matched, surface, category)
        general = clause is not None and clause.category is None
        if clause is None:
            whole = layers.from_presets(matched, surface, category)
        elif category is not None and layers.is_mandatory(category):
            whole = clause.treatment
            if lets_be(clause):
                whole, general = layers.treatment(matched, surface, category), False
            elif whole.action is not Action.UNSAFE_KEEP:
                # A glob may match more keys than its author thought of; a rule that names such a
                # key exactly was refused when the policy was compiled.
                base = layers.required(matched, surface, category)
                whole = base if base is not None and weakens(whole, base) else whole
        else:
            whole = clause.treatment
        action = None if whole is None else whole.action
        unsafe = general and action is Action.UNSAFE_KEEP
        kept = general and action is Action.KEEP
        rule = "no rule" if whole is None else whole.rule
        if action is None or action in KEEPING:
            whole = None
        looked_into = whole is None and not unsafe and not inside
        decision = KeyDecision(
            key_class=key_class,
            whole=whole,
            category=None if whole is None else category or CONTENT_WITHHELD,
            format=key_class.format if looked_into else None,
            treatments=self._table(matched, surface, tuple(key_class.exempt)),
            unsafe=unsafe,
            rule=rule,
            kept=kept,
            surface=surface,
            matched=matched,
        )
        return self._intern(decision, inside, unknown)

    def _intern(self, decision: KeyDecision, inside: bool, unknown: bool) -> KeyDecision:
        # The rest follows from these. The table's identity is its own as long as the decision
        # that is remembered under it holds it.
        content = (
            decision.key_class,
            decision.surface,
            decision.matched,
            inside,
            unknown,
            id(decision.treatments),
        )
        known = self._interned.get(content)
        if known is None:
            self._interned.put(content, decision)
        return known or decision

    def _table(
        self, matched: frozenset[int], surface: Surface, exempt: tuple[str, ...]
    ) -> Mapping[str, Treatment]:
        asked = (matched, surface, exempt)
        table = self._tables.get(asked)
        if table is None:
            table = MappingProxyType(
                {category: self._treatment(matched, surface, category, exempt) for category in ALL}
            )
            self._tables.put(asked, table)
        return table

    def _treatment(
        self, matched: frozenset[int], surface: Surface, category: str, exempt: tuple[str, ...]
    ) -> Treatment:
        if any(addresses(pattern, category) for pattern in exempt):
            # What looks like it under this key is something else; only a rule of the user's that
            # names the key knows better.
            clause = self._layers.own_clause(matched, surface, category)
            if clause is None or clause.glob is None:
                return EXEMPT
        return self._layers.treatment(matched, surface, category)
