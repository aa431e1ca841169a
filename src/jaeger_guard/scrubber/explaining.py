"""Explain what becomes of one value: which rule, format, detector and validator act, and which don't.

Theory of operation. The value goes the same way as a span's, through a `TextScrubber` that notes each
text it searches and each format it takes apart. Afterwards the detectors whose gate opened in one of
these texts are asked once more what refused their candidates. Values are never noted beyond that, and
none is in the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from jaeger_guard.categories import CONTENT_WITHHELD
from jaeger_guard.detectors import detector_named
from jaeger_guard.detectors.examination import examine, validators
from jaeger_guard.policy import CompiledPolicy, KeyDecision, Treatment
from jaeger_guard.recognizers import RecognizerProcess
from jaeger_guard.scanner import Scanner
from jaeger_guard.scrubber.cache import CleanTexts
from jaeger_guard.scrubber.found import MOST_FINDINGS, Findings
from jaeger_guard.scrubber.glance import Glance
from jaeger_guard.scrubber.recognition import recognize
from jaeger_guard.scrubber.text import TextScrubber
from jaeger_guard.scrubber.trust import is_trusted
from jaeger_guard.scrubber.values import ValueScrubber
from jaeger_guard.semconv import KeyClass, KeyKind
from jaeger_guard.types import Action, Match, Notation

_MOST_TEXTS: Final = 512  # leaves of one value whose refusals are told
_LONGEST: Final = 65_536  # characters in all of them
_MOST_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class ExplainedFinding:
    """What was found and done. It unpacks as category, detector, rule and action.

    Attributes:
        category: The data category.
        detector: The detector; "key" where the key, or a name inside the value, decided.
        rule: The rule that chose the action.
        action: What is done.
        format: The format in whose part it stood; empty in plain text.
        validators: What decided about it, in order, such as `is card`.
    """

    category: str
    detector: str
    rule: str
    action: str
    format: str
    validators: tuple[str, ...]

    def __iter__(self) -> Iterator[str]:
        return iter((self.category, self.detector, self.rule, self.action))


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a detector looked at and left.

    Attributes:
        detector: The detector.
        category: The category that it finds.
        because: Why it was left; never the value.
        count: How often.
    """

    detector: str
    category: str
    because: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What becomes of one value, and why; never the value.

    Attributes:
        key: The key as it goes on.
        key_says: What the key tells: `category`, `format`, `safe` or `unknown`.
        category: The category that the key names; None where it names none.
        format: The format that the value is taken apart with; empty for plain text.
        formats: All formats that took part, nested ones too.
        rule: The rule that decides about the key.
        action: What is done with the whole value by its key; empty where its parts are looked at.
        outcome: `stays`, `changed` or `left out`.
        findings: What was found and done.
        refusals: What detectors looked at and left, and why.
        opened: Detectors whose gate opened and whose pattern matched nowhere.
        notes: What the key means for the search.
    """

    key: str
    key_says: str
    category: str | None
    format: str
    formats: tuple[str, ...]
    rule: str
    action: str
    outcome: str
    findings: tuple[ExplainedFinding, ...]
    refusals: tuple[Refusal, ...]
    opened: tuple[str, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "key": self.key,
            "key_says": self.key_says,
            "category": self.category,
            "format": self.format or "text",
            "formats": list(self.formats),
            "rule": self.rule,
            "action": self.action or None,
            "outcome": self.outcome,
            "findings": [
                {
                    "category": finding.category,
                    "detector": finding.detector,
                    "rule": finding.rule,
                    "action": finding.action,
                    "format": finding.format or "text",
                    "validators": list(finding.validators),
                }
                for finding in self.findings
            ],
            "refusals": [
                {
                    "detector": refusal.detector,
                    "category": refusal.category,
                    "because": refusal.because,
                    "count": refusal.count,
                }
                for refusal in self.refusals
            ],
            "opened": list(self.opened),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        lines = [f"{self.key}: {self.format or 'text'}, decided by {self.rule}"]
        lines += [f"  {note}" for note in self.notes]
        counted = Counter(self.findings)
        for finding, count in list(counted.items())[:_MOST_SHOWN]:
            category, detector, rule, action = finding
            checks = f" ({', '.join(finding.validators)})" if finding.validators else ""
            place = f" in {finding.format}" if finding.format else ""
            times = f" {count} times" if count > 1 else ""
            lines.append(
                f"  {action} {category}, found by {detector}{checks}{place}{times}, because of {rule}"
            )
        lines += _beyond(len(counted), "findings")
        for refusal in self.refusals[:_MOST_SHOWN]:
            times = f" ({refusal.count} times)" if refusal.count > 1 else ""
            lines.append(f"  not {refusal.detector}: {refusal.because}{times}")
        lines += _beyond(len(self.refusals), "refusals")
        if self.opened:
            shown = ", ".join(self.opened[:_MOST_SHOWN])
            more = len(self.opened) - _MOST_SHOWN
            lines.append(f"  looked for, and not there: {shown}{f' and {more} more' * (more > 0)}")
        if not self.findings:
            lines.append("  nothing found, it stays")
        elif self.outcome != "changed":
            lines.append(f"  it {'is left out' if self.outcome == 'left out' else 'stays'}")
        return "\n".join(lines)


def unexplained(shown_key: str) -> Explanation:
    """Return what is said of a value that could not be looked at: it is withheld."""
    finding = ExplainedFinding(CONTENT_WITHHELD, "failure", "bound", "redact", "", ())
    return Explanation(
        key=shown_key,
        key_says="unknown",
        category=None,
        format="",
        formats=(),
        rule="no rule",
        action="redact",
        outcome="changed",
        findings=(finding,),
        refusals=(),
        opened=(),
        notes=(),
    )


def _beyond(count: int, what: str) -> list[str]:
    more = count - _MOST_SHOWN
    return [f"  and {more} more {what}"] if more > 0 else []


class Explainer:
    """Explains by one compiled policy; threads may share it."""

    def __init__(
        self, policy: CompiledPolicy, scanner: Scanner, recognizer: RecognizerProcess | None = None
    ) -> None:
        self._policy = policy
        self._scanner = scanner
        self._recognizer = recognizer

    def explain(self, shown_key: str, decision: KeyDecision, value: Any) -> Explanation:
        """Say what becomes of `value`, and why.

        Args:
            shown_key: The key as it goes on.
            decision: What the policy decides about values under the key.
            value: The value; it is not kept.
        """
        watch = _Watch(self._policy, self._scanner, self._recognizer)
        found = Findings(MOST_FINDINGS, shown_key)
        scrubbed = ValueScrubber(self._policy, watch, CleanTexts(0)).scrub(decision, value, found)
        findings = tuple(
            ExplainedFinding(
                entry.category,
                entry.detector,
                entry.rule,
                entry.action.value,
                entry.format,
                _validators_of(entry.detector),
            )
            for entry in found.entries
        )
        refusals, opened = watch.refusals({finding.detector for finding in findings})
        changed = "stays" if _same(scrubbed, value) else "changed"
        return Explanation(
            key=shown_key,
            key_says=decision.key_class.kind.name.lower(),
            category=decision.key_class.category,
            format=decision.format or next(iter(watch.formats), ""),
            formats=tuple(watch.formats),
            rule=decision.rule,
            action="" if decision.whole is None else decision.whole.action.value,
            outcome="left out" if found.dropped else changed,
            findings=findings,
            refusals=refusals,
            opened=opened,
            notes=tuple(_notes(decision, decision.key_class)),
        )


def _same(scrubbed: Any, value: Any) -> bool:
    try:
        return scrubbed is value or bool(scrubbed == value)
    except Exception:  # noqa: BLE001 - a foreign value may answer anything
        return False


def _validators_of(name: str) -> tuple[str, ...]:
    try:
        return validators(detector_named(name))
    except KeyError:
        return ()  # a key, or a bound, and no detector


def _notes(decision: KeyDecision, key_class: KeyClass) -> Iterator[str]:
    if decision.unsafe:
        yield "unsafe_keep: nothing is looked at"
    elif decision.kept:
        yield "a rule keeps it: only what is mandatory is looked for"
    if key_class.kind is KeyKind.SAFE:
        yield "the key is known to be safe: vague detectors (addresses, phones, places) don't count"
    elif key_class.kind is KeyKind.CATEGORY:
        yield f"the key names {key_class.category}"
    elif key_class.category is not None:
        yield f"the key names {key_class.category} where the value looks drawn at random"
    if key_class.identifier:
        yield "the key names an id, a time or a size: bare digits are no card"
    if key_class.peer:
        yield "a peer's address: on a client's span it is a server's, and stays"
    if key_class.exempt:
        yield f"not looked for under this key: {', '.join(key_class.exempt)}"


def _is_done(treatment: Treatment, match: Match, text: str, notation: Notation) -> bool:
    value = text[match.start : match.end]
    return treatment.apply(value, match.category, notation) == value


class _Watch(TextScrubber):
    """A `TextScrubber` that notes what it searches, and what of it was found and let be."""

    def __init__(
        self, policy: CompiledPolicy, scanner: Scanner, recognizer: RecognizerProcess | None
    ) -> None:
        super().__init__(policy, scanner, recognizer)
        self.formats: dict[str, None] = {}
        self._left: Counter[tuple[str, str, str]] = Counter()
        self._texts: dict[str, None] = {}
        self._characters = 0

    def search(
        self,
        decision: KeyDecision,
        text: str,
        found: Findings,
        notation: Notation = Notation.TEXT,
        *,
        wanted: Callable[[Match, str], bool] | None = None,
        format_name: str = "",
        matches: list[Match] | None = None,
    ) -> str:
        """Search as ever, and note what for."""
        before = len(found.entries)
        answer = super().search(
            decision,
            text,
            found,
            notation,
            wanted=wanted,
            format_name=format_name,
            matches=matches,
        )
        fits = len(self._texts) < _MOST_TEXTS and self._characters + len(text) <= _LONGEST
        if fits and text not in self._texts:
            self._characters += len(text)
            self._texts[text] = None
            acted = {entry.detector for entry in found.entries[before:]}
            self._note(decision, text, acted, notation)
        return answer

    def _glance(self, text: str) -> Glance:
        return recognize(text), None  # what is known to be inert is searched all the same

    def matches_in_part(self, text: str) -> list[Match] | None:
        """Let everything be searched."""
        return None

    def _rewrite(
        self,
        format_name: str,
        decision: KeyDecision,
        text: str,
        found: Findings,
        notation: Notation,
        depth: int,
    ) -> str:
        self.formats[format_name] = None
        return super()._rewrite(format_name, decision, text, found, notation, depth)

    def _note(self, decision: KeyDecision, text: str, acted: set[str], notation: Notation) -> None:
        """Note the matches in a text that nothing was done about."""
        for match in self._scanner.find(text):
            if match.detector in acted:
                continue
            treatment = decision.treatments.get(match.category)
            if treatment is None:
                reason = "it isn't looked for here"
            elif treatment.action in (Action.KEEP, Action.UNSAFE_KEEP):
                reason = f"{treatment.rule} keeps {match.category}"
            elif not is_trusted(decision, match, text):
                reason = "under this key it is taken for an id, a version or a number"
            elif _is_done(treatment, match, text, notation):
                continue  # a second look at what was generalized or masked in the first
            else:
                reason = "another finding covers it, or a format reads it"
            self._left[match.detector, match.category, reason] += 1

    def refusals(self, acted: set[str]) -> tuple[tuple[Refusal, ...], tuple[str, ...]]:
        """Return what detectors refused, and those whose gate opened for nothing."""
        refused = Counter(self._left)
        silent: dict[str, None] = {}
        matched = {detector for detector, _, _ in self._left} | acted
        for text in self._texts:
            for number in sorted(self._scanner.opened(text)):
                detector = self._scanner.detectors[number]
                seen = examine(detector, text)
                for reason, count in seen.refused:
                    refused[detector.name, detector.category, reason] += count
                    matched.add(detector.name)
                if not seen.found:
                    silent[detector.name] = None
        return (
            tuple(
                Refusal(detector, category, because, count)
                for (detector, category, because), count in refused.items()
            ),
            tuple(name for name in silent if name not in matched),
        )
