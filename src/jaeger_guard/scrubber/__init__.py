"""Apply a compiled policy to texts and attributes: scrubbed ones come out, and findings.

This is the one engine: spans, single values (`Guard.scrub`) and explanations go through it. It
knows nothing of OpenTelemetry.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from jaeger_guard.detectors import installed_detectors
from jaeger_guard.encodings import repair_surrogates
from jaeger_guard.generations import Generations
from jaeger_guard.keys.wraps import KEYS_ATTRIBUTE
from jaeger_guard.policy import CompiledPolicy, KeyDecision
from jaeger_guard.recognizers import RecognizerProcess
from jaeger_guard.scanner import Scanner
from jaeger_guard.scrubber.cache import CLEAN_BYTES, CleanTexts
from jaeger_guard.scrubber.explaining import Explainer, Explanation, unexplained
from jaeger_guard.scrubber.forms import Forms
from jaeger_guard.scrubber.found import Findings, Found, SpanFindings
from jaeger_guard.scrubber.glance import is_uuid
from jaeger_guard.scrubber.leaves import spoken
from jaeger_guard.scrubber.names import NameScrubber
from jaeger_guard.scrubber.prose import start_recognizer
from jaeger_guard.scrubber.recognition import scanner_for
from jaeger_guard.scrubber.text import TextScrubber
from jaeger_guard.scrubber.values import (
    FEWEST_TELLING,
    INT64_MAX,
    INT64_MIN,
    UnusedNames,
    ValueScrubber,
    exact,
    is_one_text,
)
from jaeger_guard.types import Finding, Notation, Surface

__all__ = [
    "BESIDE",
    "Explanation",
    "Findings",
    "Found",
    "KeyPlan",
    "Scrubber",
    "SpanFindings",
    "unexplained",
]

_MOST_PLANS: Final = 4096  # on each surface
_LONGEST_REMEMBERED_KEY: Final = 256
_IDENTITY_CATEGORIES: Final = "credential."
# Where a token may stand: its key is authenticated, and the wraps are on the span.
_FOR_TOKENS: Final = frozenset(
    surface._value_ for surface in (Surface.ATTRIBUTE, Surface.EVENT, Surface.LINK)
)
_NO_NAMES: Final = UnusedNames({})
BESIDE: Final = ".pseudonym"
"""What stands behind a key's name for the pseudonym next to its token."""


class KeyPlan:
    """What is known of a key once and for all; compared by identity.

    Attributes:
        decision: What is decided about its values.
        key: The key as it goes on.
        found: What was found in the key itself.
        is_same: Whether the key goes on as it came, as the same text.
        searched: Whether it does, and its values are searched and no more.
    """

    __slots__ = ("decision", "found", "is_same", "key", "searched")

    def __init__(
        self, decision: KeyDecision, key: str, found: tuple[Found, ...], *, is_same: bool
    ) -> None:
        self.decision = decision
        self.key = key
        self.found = found
        self.is_same = is_same
        self.searched = is_same and decision.searched


class Scrubber:
    """Scrubs by one policy. Threads may share it; what it remembers is bounded in bytes.

    Args:
        policy: The policy.
        cache_bytes: Bound, in bytes, of what is remembered of clean texts under their keys.
        by_form: Whether texts are known by their form; what comes out is the same without.
        before: The scrubber in whose place this one comes, which it takes parts from.
    """

    def __init__(
        self,
        policy: CompiledPolicy,
        *,
        cache_bytes: int = CLEAN_BYTES,
        by_form: bool = True,
        before: Scrubber | None = None,
    ) -> None:
        self.policy = policy
        self.recognizer: RecognizerProcess | None = (
            start_recognizer(policy.recognition) if before is None else before.recognizer
        )
        self.scanner: Scanner = scanner_for(installed_detectors())
        scanner = self.scanner
        self._cache_bytes = cache_bytes
        self._text = TextScrubber(policy, scanner, self.recognizer)
        self._explainer = Explainer(policy, scanner, self.recognizer)
        self._clean = CleanTexts(cache_bytes)
        # A recognizer may say of two texts of one form that a name stands in one of them.
        by_form = by_form and self.recognizer is None
        self._forms = Forms(policy, scanner) if by_form else None
        name_forms = Forms(policy, scanner, is_name=True) if by_form else None
        self._names = NameScrubber(self._text, self._clean, name_forms)
        self._text.forms = self._forms
        self._values = ValueScrubber(policy, self._text, self._clean, self._forms)
        # By the member's value: hashing a member calls Python code, a text's hash is kept.
        self._plans: dict[tuple[str, bool], Generations[str, KeyPlan]] = {
            (surface.value, outbound): Generations(_MOST_PLANS)
            for surface in Surface
            for outbound in (False, True)
        }
        self._outbound: dict[KeyDecision, KeyDecision] = {}  # as many as the policy has
        self._keyless = {surface.value: policy.decide("", surface) for surface in Surface}
        self._identity = {
            surface: _credentials_only(decision) for surface, decision in self._keyless.items()
        }

    def current(self) -> Scrubber:
        """Return this, or what takes its place when an exception has ended.

        What was found clean while the exception held is known to none but the old one. The clock is
        read each time, which costs less than a tenth of a microsecond.
        """
        now = time.time()
        if now < self.policy.expires:
            return self
        policy = self.policy.at(now)
        return Scrubber(policy, cache_bytes=self._cache_bytes, before=self)

    def text(self, surface: Surface, text: str, findings: list[Finding]) -> str:
        """Scrub a text that has no key: a span's or event's name, a status description."""
        decision = self._keyless[surface._value_]
        text = text if type(text) is str else exact(text)
        if (decision, text) in self._clean.young:
            return text
        scrubbed, found = self._names.scrub(decision, text)
        if found is not None and scrubbed is not text:
            self.report(found, surface, "", findings)
        return scrubbed

    def identity(self, surface: Surface, text: str, findings: list[Finding]) -> str:
        """Scrub a version or a schema URL: searched for credentials, and otherwise left as is."""
        decision = self._identity[surface._value_]
        text = text if type(text) is str else exact(text)
        if self._clean.get((decision, text)) is not None:
            return text
        found = Findings()
        repaired = text if text.isascii() else repair_surrogates(text)
        if "://" in repaired:
            scrubbed = self._text.scrub_as("url", decision, repaired, found)
            scrubbed = text if scrubbed == text else scrubbed
        else:
            scrubbed = self._text.search(decision, repaired, found)
        if scrubbed is text:
            self._clean.add(decision, text)
        else:
            self.report(found, surface, "", findings)
        return scrubbed

    def attributes(
        self,
        surface: Surface,
        attributes: Mapping[str, Any],
        findings: list[Finding],
        *,
        outbound: bool = False,
    ) -> Mapping[str, Any]:
        """Scrub keys and values; the same mapping where nothing was to be changed.

        Args:
            surface: Where the mapping stands.
            attributes: The mapping; it is never changed.
            findings: What is found is added here.
            outbound: Whether the span is a client's or producer's, whose peer is a server.
        """
        plans = self._plans[surface._value_, outbound].young
        clean = self._clean.young
        inert = self._text.inert.young
        held = attributes if type(attributes) is dict else dict(attributes)
        changed: dict[str, Any] | None = None
        names = _NO_NAMES
        for key, value in held.items():
            plan = plans.get(key) if type(key) is str else None
            if plan is not None and plan.is_same:
                kind, text = type(value), value
                if kind is tuple and is_one_text(plan.decision, value):  # as headers are
                    kind, text = str, value[0]
                if kind is str:
                    passes = (
                        (plan.searched and text in inert)
                        or (plan.decision, text) in clean
                        or (plan.searched and is_uuid(text))
                    )
                elif kind is int or kind is bool or kind is float:
                    passes = plan.searched and (
                        -FEWEST_TELLING < value < FEWEST_TELLING
                        or self._is_known_number(plan, value)
                    )
                else:
                    passes = False
                if passes:
                    if changed is not None:
                        changed[names.unused(key)] = value
                    continue
            name = key if type(key) is str else exact(key)
            if plan is None:
                plan = self.plan(name, surface, outbound)
            decision = plan.decision
            same_key = plan.is_same and name is key
            if changed is None and not same_key:
                changed = _before(held, key)
                names = UnusedNames(changed)
            if name == KEYS_ATTRIBUTE and surface._value_ in _FOR_TOKENS:
                continue  # who scrubs the span writes it, from what stands there
            emitted = plan.key if changed is None else names.unused(plan.key)
            found = Findings(place=emitted if surface._value_ in _FOR_TOKENS else None)
            new_value = self._values.scrub(decision, value, found)
            if new_value is value and same_key and not found.dropped:
                self._note_used(found, findings)
                if changed is not None:
                    changed[emitted] = value
                continue
            if changed is None:
                changed = _before(held, key)
                names = UnusedNames(changed)
            self.report_key(plan, findings)
            self.report(found, surface, plan.key, findings)
            if not found.dropped:
                changed[emitted] = new_value
                if found.keyed is not None:
                    for pseudonym in found.keyed.beside:
                        changed[names.unused(plan.key + BESIDE)] = pseudonym
        return attributes if changed is None else changed

    def is_known_clean(self, plan: KeyPlan, value: Any) -> bool:
        """Say whether a text, or a list of one, was found clean under a key before.

        False also where that was forgotten.
        """
        decision = plan.decision
        if type(value) is str:
            text = value
        elif is_one_text(decision, value):
            text = value[0]
        else:
            return False
        return (decision.searched and self._text.inert.get(text) is not None) or self._clean.get(
            (decision, text)
        ) is not None

    def _is_known_number(self, plan: KeyPlan, number: Any) -> bool:
        """Say whether a telling number was found clean under a key before, such as a thread's id."""
        return (
            type(number) is int
            and INT64_MIN <= number <= INT64_MAX
            and self.is_known_clean(plan, repr(number))
        )

    def passes(self, plan: KeyPlan, value: Any) -> bool:
        """Say whether a value goes on under a key as it is, without a look.

        That are numbers which tell nothing, or are known to be clean, and ids by their form.
        """
        if not plan.decision.searched:
            return False
        kind = type(value)
        if kind is int or kind is float or kind is bool:
            return -FEWEST_TELLING < value < FEWEST_TELLING or self._is_known_number(plan, value)
        if kind is tuple and is_one_text(plan.decision, value):
            return is_uuid(value[0])
        return kind is str and is_uuid(value)

    def scrubbed_value(
        self, plan: KeyPlan, surface: Surface, value: Any, findings: list[Finding]
    ) -> tuple[Any, bool, tuple[str, ...]]:
        """Scrub one value under a key that goes on as it came; the same object where it is clean.

        Returns:
            The value, whether its whole attribute is to be left out, and the pseudonyms that are to
            stand next to it.
        """
        found = Findings(place=plan.key if surface._value_ in _FOR_TOKENS else None)
        scrubbed = self._values.scrub(plan.decision, value, found)
        if found.entries or found.keyed is not None:
            self.report(found, surface, plan.key, findings)
        beside = () if found.keyed is None else tuple(found.keyed.beside)
        return scrubbed, found.dropped, beside

    def tracestate(
        self, pairs: tuple[tuple[str, str], ...], findings: list[Finding]
    ) -> tuple[tuple[str, str], ...]:
        """Scrub the members of a tracestate; a key with a finding takes its member with it."""
        decision = self._keyless[Surface.TRACESTATE._value_]
        scrubbed: list[tuple[str, str]] = []
        changed = False
        for key, value in pairs:
            found = Findings()
            new_key = self._text.search(decision, key, found, Notation.URL)
            leaf = self.policy.decide_leaf(key, decision)
            new_value = self._text.scrub(leaf, value, found, Notation.URL)
            if new_key is key and new_value is value:
                scrubbed.append((key, value))
                continue
            changed = True
            self.report(found, Surface.TRACESTATE, "", findings)
            if new_key is key:
                scrubbed.append((key, new_value.replace(",", "_").replace("=", "_")))
        return tuple(scrubbed) if changed else pairs

    def value(
        self, key: str, value: Any, surface: Surface = Surface.ATTRIBUTE
    ) -> tuple[Any, Findings]:
        """Scrub one value as the span path would, with what was found; for `Guard.scrub`."""
        plan = self.plan(key, surface, outbound=False)
        found = Findings(place=plan.key if surface._value_ in _FOR_TOKENS else None)
        return self._values.scrub(plan.decision, value, found), found

    def explain(self, key: str, value: Any, surface: Surface = Surface.ATTRIBUTE) -> Explanation:
        """Say what becomes of one value as an attribute, and why; never the value."""
        return self._explainer.explain(self.key(key), self.decision(key, surface), value)

    def decision(self, key: str, surface: Surface = Surface.ATTRIBUTE) -> KeyDecision:
        """Return what is decided about the values under a key."""
        return self.plan(key, surface, outbound=False).decision

    def key(self, key: str) -> str:
        """Return a key as it goes on."""
        return self.plan(key, Surface.ATTRIBUTE, outbound=False).key

    def plan(self, key: str, surface: Surface, outbound: bool) -> KeyPlan:
        """Decide about a key once: what becomes of its values, and of itself.

        Args:
            key: The key, as exactly a `str`.
            surface: Where its mapping stands.
            outbound: Whether the span is a client's or producer's, whose peer is a server.
        """
        plans = self._plans[surface._value_, outbound]
        known = plans.get(key)
        if known is not None:
            return known
        decision = self.policy.decide(spoken(key), surface)
        if outbound and decision.key_class.peer and decision.whole is None:
            decision = self._outbound.setdefault(decision, _without_network(decision))
        found = Findings()
        new_key = key if key.isascii() else repair_surrogates(key)
        if not decision.unsafe:
            new_key = self._text.scrub(self._keyless[Surface.KEY._value_], new_key, found)
        is_same = new_key == key and key != KEYS_ATTRIBUTE  # it is written anew
        plan = KeyPlan(decision, new_key, tuple(found.entries), is_same=is_same)
        if len(key) <= _LONGEST_REMEMBERED_KEY:
            plans.put(key, plan)
        return plan

    @staticmethod
    def report_key(plan: KeyPlan, findings: list[Finding]) -> None:
        """Add what was found in a key to `findings`."""
        findings.extend(
            Finding(entry.category, Surface.KEY, plan.key, entry.action) for entry in plan.found
        )

    @staticmethod
    def report(found: Findings, surface: Surface, key: str, findings: list[Finding]) -> None:
        """Add what was found in one value to `findings`."""
        findings.extend(
            Finding(entry.category, surface, key, entry.action) for entry in found.entries
        )
        Scrubber._note_used(found, findings)

    @staticmethod
    def _note_used(found: Findings, findings: list[Finding]) -> None:
        if found.keyed is not None and isinstance(findings, SpanFindings):
            findings.used.update(found.keyed.used)


def _before(attributes: Mapping[str, Any], key: str) -> dict[str, Any]:
    before: dict[str, Any] = {}
    for name, value in attributes.items():
        if name is key:
            break
        before[name] = value
    return before


def _credentials_only(decision: KeyDecision) -> KeyDecision:
    treatments = {
        category: treatment
        for category, treatment in decision.treatments.items()
        if category.startswith(_IDENTITY_CATEGORIES)
    }
    return replace(decision, treatments=treatments)


def _without_network(decision: KeyDecision) -> KeyDecision:
    treatments = {
        category: treatment
        for category, treatment in decision.treatments.items()
        if not category.startswith("network.")
    }
    return replace(decision, treatments=treatments)
