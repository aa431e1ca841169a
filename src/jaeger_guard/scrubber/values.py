"""Scrub one attribute value of any type, and repair what could not be encoded.

A value that goes on is one that OTLP can carry: text without lone surrogates, integers of 64 bits,
nesting and a number of items within a bound. bytes are read as UTF-8 and scrubbed as text; other
bytes can't be judged and are withheld, unless policy keeps `content.binary`.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from jaeger_guard.categories import CONTENT_BINARY, CONTENT_WITHHELD
from jaeger_guard.encodings import repair_surrogates
from jaeger_guard.formats.command import COMMAND, secrets_in
from jaeger_guard.lexicon import category_of
from jaeger_guard.long_texts import OutOfTimeError, within_time
from jaeger_guard.markers import marker, marker_spans
from jaeger_guard.policy import CompiledPolicy, KeyDecision, Treatment
from jaeger_guard.scrubber.cache import CleanTexts, Outcomes
from jaeger_guard.scrubber.forms import Forms
from jaeger_guard.scrubber.found import MOST_FINDINGS, Findings, Found
from jaeger_guard.scrubber.glance import INERT, Glance, is_uuid
from jaeger_guard.scrubber.leaves import spoken
from jaeger_guard.scrubber.protecting import needs_keys
from jaeger_guard.scrubber.text import TextScrubber
from jaeger_guard.semconv import KeyKind
from jaeger_guard.types import Action, Match, Surface

MAX_NESTING: Final = 16
MAX_ITEMS: Final = 16_384  # in all levels together: a list that holds itself twice doubles at each
FEWEST_TELLING: Final = 10**8  # a shorter number identifies nobody by itself
INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1
_LONGEST_INT: Final = 2**4096  # Python itself refuses to print much longer ones
_SCHEMES: Final = frozenset({"bearer", "basic", "token", "digest", "negotiate", "apikey"})

_STEADY: Final = (dict, list, tuple, MappingProxyType)
_SCALARS: Final = (str, bytes, bytearray, memoryview)  # though each is a Sequence

# `{"name": "password", "value": "x"}`, as headers and variables are often listed.
_PAIR_NAMES: Final = ("name", "key", "field", "header", "param", "parameter", "property")
_PAIR_VALUES: Final = frozenset({"value", "values", "val", "data", "content"})
# Members that say nothing about their value, which is then of its parent's kind.
_GENERIC: Final = frozenset({*_PAIR_VALUES, "text", "string", "raw"})
_PLAIN_WORD: Final = re.compile(r"[a-z]{1,32}(?:_[a-z]{1,32}){0,4}")
# What stands behind a name and is no value of it: `["token", "expired"]`, `["Basic", "Pro"]`.
_SHORT_WORD: Final = re.compile(r"[A-Za-z]{0,12}")
_DOTTED_WORDS: Final = re.compile(r"[a-z_]{2,40}(?:\.[a-z_]{2,40}){1,4}")
_NAMING: Final = re.compile(
    r"(?P<dashes>-{0,2})(?P<name>[A-Za-z][\w.\-\[\]]{0,63})\s{0,4}(?P<sign>[:=]?)"
)


def is_one_text(decision: KeyDecision, value: tuple[Any, ...]) -> bool:
    """Say whether a list is one text, mostly a header: nothing to join, or that names another."""
    whole = decision.whole
    return (
        len(value) == 1
        and type(value[0]) is str
        and decision.format != COMMAND.name
        and (whole is None or whole.action is not Action.DROP)
    )


class ValueScrubber:
    """Scrubs values of attributes by one compiled policy; threads may share it."""

    def __init__(
        self,
        policy: CompiledPolicy,
        text: TextScrubber,
        clean: CleanTexts,
        forms: Forms | None = None,
    ) -> None:
        self._policy = policy
        self._text = text
        self._clean = clean
        self._forms = forms
        self._outcomes = Outcomes()
        self._pseudonyms = None if policy.keys is None else policy.keys.pseudonyms
        self._epoch = 0 if self._pseudonyms is None else self._pseudonyms.epoch
        self._keys = policy.decide("", Surface.KEY)

    def scrub(self, decision: KeyDecision, value: Any, found: Findings, nesting: int = 0) -> Any:
        """Return `value` scrubbed; the same object where nothing was to be changed."""
        kind = type(value)
        if kind is str:
            return self._string(decision, value, found)
        if kind is tuple and nesting < MAX_NESTING and is_one_text(decision, value):
            place = found.place
            found.step(0)
            scrubbed = self._string(decision, value[0], found)
            found.place = place
            return value if scrubbed is value[0] else (scrubbed,)
        if value is None or kind is bool:
            return self._truth(decision, value, found)
        if isinstance(value, int | float):
            return self._number(decision, value, found)
        if isinstance(value, str):
            return self._string(decision, exact(value), found)
        if isinstance(value, bytes | bytearray | memoryview):
            return self._binary(decision, value, found)
        if not isinstance(value, Mapping | Sequence):
            return _withhold(found, "type")  # OTLP has no form for it, whatever policy says
        if decision.whole is not None and decision.whole.action is Action.DROP:
            found.add(Found(self._category(decision), Action.DROP, "key", decision.whole.rule, ""))
            return value
        if nesting >= MAX_NESTING or (nesting == 0 and _holds_too_much(value)):
            return _withhold(found, "size")
        if nesting > 0:
            return self._container(decision, value, found, nesting)
        before = len(found.entries)
        try:
            return within_time(lambda: self._container(decision, value, found, 0))
        except OutOfTimeError:
            del found.entries[before:]
            return _withhold(found, "time")

    def _container(
        self,
        decision: KeyDecision,
        value: Mapping[Any, Any] | Sequence[Any],
        found: Findings,
        nesting: int,
    ) -> Any:
        if isinstance(value, Mapping):
            return self._mapping(decision, value, found, nesting)
        return self._sequence(decision, value, found, nesting)

    def _string(self, decision: KeyDecision, value: str, found: Findings) -> str:
        if self._clean.get((decision, value)) is not None:
            return value
        if decision.searched and (self._text.inert.get(value) is not None or is_uuid(value)):
            return value
        # Values that their key decides about have none.
        form = None if self._forms is None or decision.whole else self._forms.form(value)
        glance: Glance | None = None
        if form is not None and self._forms is not None:
            matches = self._forms.found_in(decision, form, value)
            if matches == []:
                self._clean.add(decision, value)
                return value
            glance = None if matches is None else (None, matches)
        if self._pseudonyms is not None and self._pseudonyms.epoch != self._epoch:
            # What became of values was for the epoch that is over.
            self._epoch, self._outcomes = self._pseudonyms.epoch, Outcomes()
        digest = self._outcomes.digest(value) if self._outcomes.has_any(decision) else None
        known = None if digest is None else self._outcomes.get(decision, digest)
        if known is None and glance is None and decision.searched and value.isascii():
            glance = self._text.glance(value)
        if glance is INERT:
            if form is not None and self._forms is not None:
                self._forms.meet(decision, form)
            return value
        if known is None:
            inner = found.inner(MOST_FINDINGS)
            repaired = value if value.isascii() else repair_surrogates(value)
            known = self._text.scrub(decision, repaired, inner, glance=glance), tuple(inner.entries)
            found.take_keyed(inner)
            if inner.unsure:
                pass  # asked again next time; a token is for this place alone
            elif known[0] is value and not inner.entries:
                if not (decision.searched and value in self._text.inert.young):
                    self._clean.add(decision, value)
                if form is not None and self._forms is not None:
                    self._forms.meet(decision, form)
            else:
                digest = digest or self._outcomes.digest(value)
                if digest is not None:
                    self._outcomes.put(decision, digest, known)
        scrubbed, entries = known
        for entry in entries:
            found.add(entry)
        return value if scrubbed == value else scrubbed

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
        found.add(Found(category, done_by_marker(treatment), "key", treatment.rule, ""))
        return marker(category)

    def _number(self, decision: KeyDecision, number: Any, found: Findings) -> Any:
        # A subclass may answer anything to anybody.
        is_float = isinstance(number, float)
        value: Any = float.__float__(number) if is_float else int.__int__(number)
        if is_float:
            if not math.isfinite(value):
                return value
            text = str(int(value)) if value.is_integer() else repr(value)
        elif -_LONGEST_INT < value < _LONGEST_INT:
            text = repr(value)
        else:
            return _withhold(found, "size")
        fits = is_float or INT64_MIN <= value <= INT64_MAX
        small = -FEWEST_TELLING < value < FEWEST_TELLING
        if decision.unsafe or (decision.whole is None and small):
            return value if fits else text
        scrubbed = self._string(decision, text, found)
        if scrubbed is text:
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
        if "\0" in text:  # UTF-16 of ASCII, or no text at all
            return self._opaque(decision, raw, found)
        scrubbed = self._string(decision, text, found)
        return raw if scrubbed is text else scrubbed.encode()

    def _opaque(self, decision: KeyDecision, raw: bytes, found: Findings) -> bytes:
        treatment = decision.whole or decision.treatments.get(CONTENT_BINARY)
        if treatment is None or treatment.action in (Action.KEEP, Action.UNSAFE_KEEP):
            # Kept on request: each byte a character, so that ASCII secrets in it are still found.
            text = raw.decode("latin-1")
            scrubbed = self._text.search(decision, text, found)
            return raw if scrubbed is text else scrubbed.encode("latin-1", "replace")
        category = self._category(decision) if decision.whole is not None else CONTENT_BINARY
        found.add(Found(category, done_by_marker(treatment), "type", treatment.rule, ""))
        return marker(category).encode()

    def _mapping(
        self, decision: KeyDecision, value: Mapping[Any, Any], found: Findings, nesting: int
    ) -> Any:
        scrubbed: dict[str, Any] = {}
        names = UnusedNames(scrubbed)
        changed = False
        named = _name_of_pair(value)
        for key, item in value.items():
            name = key if type(key) is str else exact(key if isinstance(key, str) else str(key))
            leaf = self._leaf(decision, spoken(name), named, item)
            new_name = self._name(decision, name, found)
            emitted = names.unused(new_name)
            inner = found.inner()
            inner.step(emitted)
            new_item = self.scrub(leaf, item, inner, nesting + 1)
            found.entries.extend(inner.entries)
            found.take_keyed(inner)
            if inner.dropped:
                changed = True
                continue
            changed = changed or new_name is not key or new_item is not item
            scrubbed[emitted] = new_item
        # A foreign mapping may show something else to the next reader.
        return scrubbed if changed or type(value) not in _STEADY else value

    def _leaf(self, decision: KeyDecision, name: str, named: str, item: Any) -> KeyDecision:
        """Decide about a member; one whose name says nothing is what its mapping's key says."""
        generic = name.lower() in _GENERIC
        if named and generic:
            return self._policy.decide_leaf(named, decision)
        leaf = self._policy.decide_leaf(name, decision)
        if decision.whole is None or leaf.whole is not None or leaf.unsafe or leaf.kept:
            return leaf
        telling = isinstance(item, int | float) and not generic
        known = leaf.key_class.kind is not KeyKind.UNKNOWN or leaf.key_class.identifier
        return leaf if telling or known else decision

    def _name(self, decision: KeyDecision, name: str, found: Findings) -> str:
        repaired = name if name.isascii() else repair_surrogates(name)
        if decision.unsafe or decision.kept:
            return self._text.search(decision, repaired, found)
        return self._text.scrub(self._keys, repaired, found)

    def _sequence(
        self, decision: KeyDecision, value: Sequence[Any], found: Findings, nesting: int
    ) -> Any:
        given = list(value)
        items = list(given)
        readable = [readable_text(item) for item in given]
        if decision.whole is None and not decision.unsafe:
            # Before the items: a detector would take the half that stands in one of them.
            self._across_items(decision, items, readable, found)
            if decision.format == COMMAND.name:
                self._arguments(decision, items, found)
        only_names = _are_names(given)
        previous: Any = None
        place = found.place
        for index, text in enumerate(readable):
            leaf = self._named_by_item(
                previous, text, decision, only_names=only_names, pair=len(given) == 2
            )
            found.step(index)
            items[index] = self.scrub(leaf, items[index], found, nesting + 1)
            found.place = place
            if given[index] is not None:
                previous = text
        changed = any(new is not old for new, old in zip(items, given, strict=True))
        return tuple(items) if changed or type(value) not in _STEADY else value

    def _arguments(self, decision: KeyDecision, items: list[Any], found: Findings) -> None:
        """Scrub the arguments that a program takes a secret in, by whatever option."""
        if not all(type(item) is str for item in items):
            return
        place = found.place
        for secret in sorted(secrets_in(enumerate(items)), reverse=True):
            argument = items[secret.word]
            leaf = self._policy.decide_leaf(secret.name, decision)
            found.step(secret.word)
            inner = self._text.scrub(leaf, argument[secret.start : secret.end], found)
            found.place = place
            items[secret.word] = argument[: secret.start] + inner + argument[secret.end :]

    def _named_by_item(
        self, previous: Any, item: Any, decision: KeyDecision, *, only_names: bool, pair: bool
    ) -> KeyDecision:
        """Read `["--password", "hunter2"]` and `["Bearer", "eyJ…"]`: an item may name the next.

        A bare word does only in front of what can't be another one: `["auth", "login"]` are two.
        """
        if type(previous) is not str or decision.whole is not None or marker_spans(previous):
            return decision
        if not 0 < len(previous) <= 128 or (type(item) is str and item.startswith("--")):
            return decision  # too long for a name; the next option, not this one's value
        word = previous.rsplit(None, 1)[-1] if previous.strip() else ""
        if word.rstrip(":=").lower() in _SCHEMES:
            opaque = type(item) is str and _SHORT_WORD.fullmatch(item) is None
            return (
                self._policy.decide_leaf("authorization.credentials", decision)
                if opaque
                else decision
            )
        named = _NAMING.fullmatch(previous.strip())
        if named is None or named["name"].lower().startswith("no-"):
            return decision
        name = named["name"]
        category = category_of(name)
        if category is None or (type(item) is str and _names_too(item)):
            return decision
        if not (named["dashes"] or named["sign"]):
            if only_names and not category.startswith("credential."):
                return decision  # `["id", "email", "name"]`: columns, and no values
            if type(item) is str and _SHORT_WORD.fullmatch(item) is not None:
                return decision
            if type(item) is str and _DOTTED_WORDS.fullmatch(item) is not None:
                return decision  # `["user-emails", "session.events"]`: two topics
            if not pair and not category.startswith("credential."):
                return decision
        return self._policy.decide_leaf(name, decision)

    def _across_items(
        self,
        decision: KeyDecision,
        items: list[Any],
        readable: list[str | None],
        found: Findings,
    ) -> None:
        """Find what is split over several items, and replace each part that holds some of it."""
        texts = [index for index, text in enumerate(readable) if text]
        if len(texts) < 2:
            return
        parts = {index: readable[index] or "" for index in texts}
        for joint in ("", " "):
            text = joint.join(parts.values())
            starts = []
            position = 0
            for part in parts.values():
                starts.append(position)
                position += len(part) + len(joint)
            # From the right to the left, so that what is still to be replaced stays where it was.
            for match in reversed(self._text.matches_across(decision, text)):
                first = bisect_right(starts, match.start) - 1
                last = bisect_left(starts, match.end) - 1
                if first == last:
                    continue  # searched within the item
                inner = match.start - starts[first]
                if joint == "" and self._ends_within(
                    decision, match, parts[texts[first]], inner, parts[texts[first + 1]]
                ):
                    continue
                for place in range(first, last + 1):
                    part = parts[texts[place]]
                    start = max(match.start - starts[place], 0)
                    end = match.end - starts[place]
                    if start < len(part):  # and not the joint alone
                        parts[texts[place]] = part[:start] + marker(match.category) + part[end:]
                treatment = decision.treatments[match.category]
                # A part can neither be masked nor generalized by itself.
                action = Action.DROP if treatment.action is Action.DROP else Action.REDACT
                found.add(Found(match.category, action, match.detector, treatment.rule, "sequence"))
        for index, part in parts.items():
            if part != readable[index]:
                items[index] = part.encode() if type(items[index]) is bytes else part

    def _ends_within(
        self, decision: KeyDecision, match: Match, item: str, start: int, following: str
    ) -> bool:
        """Say whether a finding is whole in its item, and only grew by the item behind it.

        A credential may well be cut there: what stands behind belongs to it unless it is a word.
        """
        if match.category.startswith("credential.") and _SHORT_WORD.fullmatch(following) is None:
            return False
        return any(
            alone.start == start and alone.category == match.category
            for alone in self._text.matches_across(decision, item)
        )

    @staticmethod
    def _category(decision: KeyDecision) -> str:
        return decision.category or CONTENT_WITHHELD


class UnusedNames:
    """Names that a mapping doesn't have yet: with a number where two scrubbed to one marker."""

    __slots__ = ("_numbers", "_taken")

    def __init__(self, taken: Mapping[str, Any]) -> None:
        self._taken = taken
        self._numbers: dict[str, int] = {}  # where to go on, or many alike would take squares

    def unused(self, name: str) -> str:
        """Return `name`, or with a number behind it where it is taken."""
        if name not in self._taken:
            return name
        number = self._numbers.get(name, 2)
        while f"{name}#{number}" in self._taken:
            number += 1
        self._numbers[name] = number + 1
        return f"{name}#{number}"


def done_by_marker(treatment: Treatment) -> Action:
    """Say what was done where a marker stands for something that has no text to make another of."""
    return Action.REDACT if needs_keys(treatment) else treatment.action


def readable_text(item: Any) -> str | None:
    """Return what an item of a list says as text; None where it says nothing by itself."""
    if type(item) is str:
        return item
    if type(item) is bytes and item.isascii() and b"\0" not in item:
        return item.decode()
    return None


def _withhold(found: Findings, why: str) -> str:
    found.add(Found(CONTENT_WITHHELD, Action.REDACT, why, "bound", ""))
    return marker(CONTENT_WITHHELD)


def _holds_too_much(value: Mapping[Any, Any] | Sequence[Any]) -> bool:
    """Say whether a value holds more than `MAX_ITEMS`, down to the level that is withheld anyway."""
    level: list[Any] = [value]
    count = 0
    for _ in range(MAX_NESTING):
        below: list[Any] = []
        for container in level:
            for item in container.values() if isinstance(container, Mapping) else container:
                count += 1
                if count > MAX_ITEMS:
                    return True
                if isinstance(item, Mapping | Sequence) and not isinstance(item, _SCALARS):
                    below.append(item)
        if not below:
            return False
        level = below
    return False


def exact(text: str) -> str:
    """Return the plain text of a subclass of str, which may claim to be equal to anything."""
    return str.__str__(text)


def _name_of_pair(value: Mapping[Any, Any]) -> str:
    """Return what `{"name": N, "value": …}` calls its value; "" for any other mapping."""
    if 2 <= len(value) <= 8 and any(name in value for name in _PAIR_VALUES):
        for member in _PAIR_NAMES:
            name = value.get(member)
            if type(name) is str and 0 < len(name) <= 64:
                return name
    return ""


def _are_names(value: Sequence[Any]) -> bool:
    """Say whether a list of three or more has only plain words, as columns and fields have."""
    return len(value) > 2 and all(
        type(item) is str and _PLAIN_WORD.fullmatch(item) is not None for item in value
    )


def _names_too(item: str) -> bool:
    """Say whether an item behind a telling name is such a name itself: `["username", "password"]`."""
    return _PLAIN_WORD.fullmatch(item) is not None and category_of(item) is not None


def _same_type(value: float, text: str) -> int | float | str:
    """Give a generalized number its old type back; anything else is text now."""
    try:
        return type(value)(text)
    except ValueError:
        return text
