"""Scrub one attribute value of any type, and repair what could not be encoded.

A value that goes on is one that OTLP can carry: text without lone surrogates, integers of 64 bits,
nesting within a bound. bytes are read as UTF-8 and scrubbed as text; other bytes can't be judged
and are withheld, unless policy keeps `content.binary`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from jaeger_guard.categories import CONTENT_BINARY, CONTENT_WITHHELD
from jaeger_guard.encodings import repair_surrogates
from jaeger_guard.lexicon import category_of
from jaeger_guard.markers import marker
from jaeger_guard.policy import CompiledPolicy, KeyDecision
from jaeger_guard.scrubber.found import Findings, Found
from jaeger_guard.scrubber.text import TextScrubber
from jaeger_guard.semconv import KeyKind
from jaeger_guard.types import Action

MAX_NESTING: Final = 16
_FEWEST_TELLING_DIGITS: Final = 10**8  # a shorter number identifies nobody by itself
_INT64_MIN: Final = -(2**63)
_INT64_MAX: Final = 2**63 - 1
_LONGEST_INT: Final = 2**4096  # Python itself refuses to print much longer ones
_SCHEMES: Final = frozenset({"bearer", "basic", "token", "digest", "negotiate", "apikey"})


class ValueScrubber:
    """Scrubs values of attributes by one compiled policy; immutable, so threads may share it."""

    def __init__(self, policy: CompiledPolicy, text: TextScrubber) -> None:
        self._policy = policy
        self._text = text

    def scrub(self, decision: KeyDecision, value: Any, found: Findings, nesting: int = 0) -> Any:
        """Return `value` scrubbed; the same object where nothing was to be changed."""
        kind = type(value)
        if kind is str:
            return self._string(decision, value, found)
        if value is None or kind is bool:
            return self._truth(decision, value, found)
        if isinstance(value, int | float):
            return self._number(decision, value, found)
        if isinstance(value, str):
            return self._string(decision, str.__str__(value), found)
        if isinstance(value, bytes | bytearray | memoryview):
            return self._binary(decision, value, found)
        if nesting >= MAX_NESTING or not isinstance(value, Mapping | Sequence):
            if decision.unsafe and nesting < MAX_NESTING:
                return value
            found.add(Found(CONTENT_WITHHELD, Action.REDACT, "type", "bound", ""))
            return marker(CONTENT_WITHHELD)
        if isinstance(value, Mapping):
            return self._mapping(decision, value, found, nesting)
        return self._sequence(decision, value, found, nesting)

    def _string(self, decision: KeyDecision, value: str, found: Findings) -> str:
        if value.isascii():
            return self._text.scrub(decision, value, found)
        return self._text.scrub(decision, repair_surrogates(value), found)

    def _truth(self, decision: KeyDecision, value: bool | None, found: Findings) -> Any:
        """A truth value tells nothing that its key promises; only a rule by key takes it."""
        treatment = decision.whole
        if treatment is None or decision.key_class.kind is KeyKind.CATEGORY or value is None:
            if treatment is not None and treatment.action is Action.DROP:
                found.add(Found(self._category(decision), Action.DROP, "key", treatment.rule, ""))
            return value
        if treatment.action in (Action.KEEP, Action.UNSAFE_KEEP, Action.GENERALIZE):
            return value
        category = self._category(decision)
        found.add(Found(category, treatment.action, "key", treatment.rule, ""))
        return marker(category)

    def _number(self, decision: KeyDecision, value: int | float, found: Findings) -> Any:
        if isinstance(value, float):
            if not math.isfinite(value):
                return float(value)
            text = str(int(value)) if value.is_integer() else repr(float(value))
        elif -_LONGEST_INT < value < _LONGEST_INT:
            text = int.__repr__(value)
        else:
            found.add(Found(CONTENT_WITHHELD, Action.REDACT, "size", "bound", ""))
            return marker(CONTENT_WITHHELD)
        fits = isinstance(value, float) or _INT64_MIN <= value <= _INT64_MAX
        small = -_FEWEST_TELLING_DIGITS < value < _FEWEST_TELLING_DIGITS
        if decision.unsafe or (decision.whole is None and small):
            return value if fits else text
        scrubbed = self._text.scrub(decision, text, found)
        if scrubbed is text or scrubbed == text:
            return value if fits else text
        return _same_type(value, scrubbed)

    def _binary(
        self, decision: KeyDecision, value: bytes | bytearray | memoryview, found: Findings
    ) -> bytes:
        raw = value if type(value) is bytes else bytes(value)
        if decision.unsafe:
            return raw
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return self._opaque(decision, raw, found)
        scrubbed = self._text.scrub(decision, text, found)
        return raw if scrubbed is text else scrubbed.encode()

    def _opaque(self, decision: KeyDecision, raw: bytes, found: Findings) -> bytes:
        treatment = decision.whole or decision.treatments.get(CONTENT_BINARY)
        if treatment is None or treatment.action in (Action.KEEP, Action.UNSAFE_KEEP):
            # Kept on request: each byte a character, so that ASCII secrets in it are still found.
            text = raw.decode("latin-1")
            scrubbed = self._text.search(decision, text, found)
            return raw if scrubbed is text else scrubbed.encode("latin-1", "replace")
        category = self._category(decision) if decision.whole is not None else CONTENT_BINARY
        found.add(Found(category, treatment.action, "type", treatment.rule, ""))
        return marker(category).encode()

    def _mapping(
        self, decision: KeyDecision, value: Mapping[Any, Any], found: Findings, nesting: int
    ) -> Any:
        scrubbed: dict[str, Any] = {}
        changed = False
        for key, item in value.items():
            name = key if type(key) is str else str(key)
            leaf = self._policy.decide_leaf(name, decision)
            inner = Findings()
            new_item = self.scrub(leaf, item, inner, nesting + 1)
            found.entries.extend(inner.entries)
            new_name = name if decision.unsafe else self._name(decision, name, found)
            if inner.dropped:
                changed = True
                continue
            changed = changed or new_name is not key or new_item is not item
            scrubbed[unused(new_name, scrubbed)] = new_item
        return scrubbed if changed else value

    def _name(self, decision: KeyDecision, name: str, found: Findings) -> str:
        repaired = name if name.isascii() else repair_surrogates(name)
        return self._text.search(decision, repaired, found)

    def _sequence(
        self, decision: KeyDecision, value: Sequence[Any], found: Findings, nesting: int
    ) -> Any:
        items = []
        previous: Any = None
        for item in value:
            leaf = self._named_by_item(previous, item, decision)
            items.append(self.scrub(leaf, item, found, nesting + 1))
            previous = item
        if decision.whole is None and not decision.unsafe:
            self._across_items(decision, items, found)
        changed = any(new is not old for new, old in zip(items, value, strict=True))
        return tuple(items) if changed else value

    def _named_by_item(self, previous: Any, item: Any, decision: KeyDecision) -> KeyDecision:
        """Read `["--password", "hunter2"]` and `["Bearer", "eyJ…"]`: an item may name the next."""
        if type(previous) is not str or not 0 < len(previous) <= 64 or decision.whole is not None:
            return decision
        if type(item) is str and item.startswith("--"):
            return decision  # the next option, not this one's value
        name = previous.strip().lstrip("-").rstrip(":=").strip()
        if " " in name:
            return decision
        if name.lower() in _SCHEMES:
            return self._policy.decide_leaf("authorization.credentials", decision)
        if name and category_of(name) is not None:
            return self._policy.decide_leaf(name, decision)
        return decision

    def _across_items(self, decision: KeyDecision, items: list[Any], found: Findings) -> None:
        """Find what was split over several items, and treat each part that holds some of it."""
        if len(items) < 2 or not all(type(item) is str for item in items):
            return
        for joint in ("", " "):
            text = joint.join(items)
            borders = []
            position = 0
            for item in items:
                borders.append((position, position + len(item)))
                position += len(item) + len(joint)
            for match in self._text.matches_across(decision, text):
                touched = [
                    index
                    for index, (start, end) in enumerate(borders)
                    if start < match.end and match.start < end
                ]
                if len(touched) < 2 and joint == "":
                    continue  # searched within the item already
                self._treat_parts(decision, items, borders, touched, match, found)

    def _treat_parts(
        self,
        decision: KeyDecision,
        items: list[Any],
        borders: list[tuple[int, int]],
        touched: list[int],
        match: Any,
        found: Findings,
    ) -> None:
        treatment = decision.treatments[match.category]
        replacement = marker(match.category)
        for index in touched:
            start, end = borders[index]
            item = items[index]
            if len(item) != end - start:
                continue  # treated by an earlier match of this round
            inner_start = max(match.start - start, 0)
            inner_end = min(match.end, end) - start
            items[index] = item[:inner_start] + replacement + item[inner_end:]
        found.add(
            Found(match.category, treatment.action, match.detector, treatment.rule, "sequence")
        )

    @staticmethod
    def _category(decision: KeyDecision) -> str:
        return decision.category or CONTENT_WITHHELD


def unused(name: str, taken: Mapping[str, Any]) -> str:
    """Return `name`, or with a number behind it where two names scrubbed to one marker."""
    if name not in taken:
        return name
    number = 2
    while f"{name}#{number}" in taken:
        number += 1
    return f"{name}#{number}"


def _same_type(value: int | float, text: str) -> int | float | str:
    """Give a generalized number its old type back; anything else is text now."""
    try:
        number = type(value)(text)
    except ValueError:
        return text
    return number
