"""Apply a compiled policy to texts and attributes: scrubbed ones come out, and findings.

This is the one engine: spans, single values (`Guard.scrub`) and explanations go through it. It
knows nothing of OpenTelemetry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from jaeger_guard.detectors import DETECTORS
from jaeger_guard.encodings import repair_surrogates
from jaeger_guard.policy import CompiledPolicy, KeyDecision
from jaeger_guard.scanner import Scanner
from jaeger_guard.scrubber.cache import DEFAULT_CACHE_BYTES, CleanCache
from jaeger_guard.scrubber.found import MOST_FINDINGS, Findings, Found
from jaeger_guard.scrubber.names import is_request, scrub_name
from jaeger_guard.scrubber.text import TextScrubber, needs_a_look, spoken
from jaeger_guard.scrubber.values import UnusedNames, ValueScrubber, exact
from jaeger_guard.types import Finding, Notation, Surface

__all__ = ["Findings", "Found", "Scrubber"]

_MOST_PLANS: Final = 4096
_LONGEST_REMEMBERED_KEY: Final = 256
_IDENTITY_CATEGORIES: Final = "credential."

# What a plan holds: the decision about the key's values, the key as it goes on, and what was found
# in it.
_Plan = tuple[KeyDecision, str, tuple[Found, ...]]


class Scrubber:
    """Scrubs by one policy. Threads may share it; what it remembers is bounded in bytes."""

    def __init__(self, policy: CompiledPolicy, *, cache_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self.policy = policy
        self._scanner = Scanner(DETECTORS)
        self._text = TextScrubber(policy, self._scanner)
        self._clean = CleanCache(cache_bytes)
        self._values = ValueScrubber(policy, self._text, self._clean)
        # By the member's value: hashing a member calls Python code, a text's hash is kept.
        self._plans: dict[tuple[str, bool], dict[str, _Plan]] = {
            (surface.value, outbound): {} for surface in Surface for outbound in (False, True)
        }
        self._outbound: dict[KeyDecision, KeyDecision] = {}  # as many as the policy has
        self._keyless = {surface: policy.decide("", surface) for surface in Surface}
        self._identity = {
            surface: _credentials_only(decision) for surface, decision in self._keyless.items()
        }

    def text(self, surface: Surface, text: str, findings: list[Finding]) -> str:
        """Scrub a text that has no key: a span's or event's name, a status description."""
        decision = self._keyless[surface]
        text = text if type(text) is str else exact(text)
        if (decision, text) in self._clean:
            return text
        found = Findings(MOST_FINDINGS)
        repaired = text if text.isascii() else repair_surrogates(text)
        scrubbed = scrub_name(self._text, decision, repaired, found)
        if scrubbed is text:
            self._clean.add((decision, text))
        else:
            self._report(found, surface, "", findings)
        return scrubbed

    def identity(self, surface: Surface, text: str, findings: list[Finding]) -> str:
        """Scrub a version or a schema URL: searched for credentials, and otherwise left as is."""
        decision = self._identity[surface]
        text = text if type(text) is str else exact(text)
        if (decision, text) in self._clean:
            return text
        found = Findings()
        repaired = text if text.isascii() else repair_surrogates(text)
        if "://" in repaired:
            scrubbed = self._text.scrub_as("url", decision, repaired, found)
            scrubbed = text if scrubbed == text else scrubbed
        else:
            scrubbed = self._text.search(decision, repaired, found)
        if scrubbed is text:
            self._clean.add((decision, text))
        else:
            self._report(found, surface, "", findings)
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
        plans = self._plans[surface._value_, outbound]
        clean = self._clean
        young = clean.young
        changed: dict[str, Any] | None = None
        names = UnusedNames({})
        for position, (key, value) in enumerate(attributes.items()):
            name = key if type(key) is str else exact(key)
            plan = plans.get(name) or self._plan(name, surface, outbound)
            decision, new_key, found_in_key = plan
            same_key = name is key and new_key == key
            if (
                same_key
                and type(value) is str
                and ((decision, value) in young or (decision, value) in clean)
            ):
                if changed is not None:
                    changed[names.unused(key)] = value
                continue
            found = Findings()
            new_value = self._values.scrub(decision, value, found)
            if new_value is value and same_key and not found.dropped:
                if changed is not None:
                    changed[names.unused(key)] = value
                continue
            if changed is None:
                changed = dict(islice(attributes.items(), position))
                names = UnusedNames(changed)
            findings.extend(
                Finding(entry.category, Surface.KEY, new_key, entry.action)
                for entry in found_in_key
            )
            self._report(found, surface, new_key, findings)
            if not found.dropped:
                changed[names.unused(new_key)] = new_value
        return attributes if changed is None else changed

    def tracestate(
        self, pairs: tuple[tuple[str, str], ...], findings: list[Finding]
    ) -> tuple[tuple[str, str], ...]:
        """Scrub the members of a tracestate; a key with a finding takes its member with it."""
        decision = self._keyless[Surface.TRACESTATE]
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
            self._report(found, Surface.TRACESTATE, "", findings)
            if new_key is key:
                scrubbed.append((key, new_value.replace(",", "_").replace("=", "_")))
        return tuple(scrubbed) if changed else pairs

    def value(
        self, key: str, value: Any, surface: Surface = Surface.ATTRIBUTE
    ) -> tuple[Any, Findings]:
        """Scrub one value as the span path would, with what was found; for `scrub` and `explain`."""
        found = Findings()
        decision = self.decision(key, surface)
        return self._values.scrub(decision, value, found), found

    def decision(self, key: str, surface: Surface = Surface.ATTRIBUTE) -> KeyDecision:
        """Return what is decided about the values under a key."""
        return self._plan(key, surface, outbound=False)[0]

    def key(self, key: str) -> str:
        """Return a key as it goes on."""
        return self._plan(key, Surface.ATTRIBUTE, outbound=False)[1]

    def learn(self, texts: Sequence[tuple[Surface, str, str, bool]]) -> None:
        """Ask the gates about many texts at once, and remember those that hold nothing.

        Args:
            texts: Each with its surface, its key ("" where it has none), and whether its span is
                a client's or producer's.
        """
        pairs: set[tuple[KeyDecision, str]] = set()
        for surface, key, text, outbound in texts:
            if key:
                decision = self._plan(key, surface, outbound)[0]
            else:
                decision = self._keyless[surface]
            if key == "" and is_request(text):
                continue
            if (
                decision.whole is None
                and decision.format is None
                and decision.key_class.category is None
                and not needs_a_look(text)
            ):
                pairs.add((decision, text))
        unknown = [pair for pair in pairs if pair not in self._clean]
        if not unknown:
            return
        suspects = self._scanner.suspects([text for _, text in unknown])
        for index, pair in enumerate(unknown):
            if index not in suspects:
                self._clean.add(pair)

    def is_known_clean(self, surface: Surface, text: str) -> bool:
        """Say whether a text without a key was found clean before."""
        return (self._keyless[surface], text) in self._clean

    def unknown_texts(
        self, surface: Surface, attributes: Mapping[str, Any], outbound: bool
    ) -> list[tuple[Surface, str, str, bool]]:
        """Return the texts in a mapping that were not found clean before, as `learn` takes them."""
        plans = self._plans[surface._value_, outbound]
        young, clean = self._clean.young, self._clean
        unknown = []
        for key, value in attributes.items():
            if type(value) is str and value and type(key) is str:
                plan = plans.get(key)
                if plan is None or (
                    (plan[0], value) not in young and (plan[0], value) not in clean
                ):
                    unknown.append((surface, key, value, outbound))
        return unknown

    def _plan(self, key: str, surface: Surface, outbound: bool) -> _Plan:
        """Decide about a key once: what becomes of its values, and of itself."""
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
            new_key = self._text.scrub(self._keyless[Surface.KEY], new_key, found)
        plan = (decision, new_key, tuple(found.entries))
        if len(key) <= _LONGEST_REMEMBERED_KEY:
            if len(plans) >= _MOST_PLANS:
                plans.clear()
            plans[key] = plan
        return plan

    @staticmethod
    def _report(found: Findings, surface: Surface, key: str, findings: list[Finding]) -> None:
        findings.extend(
            Finding(entry.category, surface, key, entry.action) for entry in found.entries
        )


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
