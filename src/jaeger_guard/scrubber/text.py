"""Scrub one text under one decision: its format's leaves, or what detectors find in it.

Theory of operation. `TextScrubber.scrub` is the only way in; formats call back into it through a
judge for each leaf, under the leaf's own decision.

1. A key that says what its value is decides alone: the whole value is treated.
2. An *inert* text is done with: one of no format, not encoded, in which no detector finds anything.
   It is so under every key, so it is remembered alone. Most leaves are known by that.
3. A text of a known format is taken apart; its leaves come back here one level deeper. Nesting has
   a bound, behind which a text that still has a format is withheld.
4. Everything else is searched by the detectors. So is the outcome of a format once more, for
   what stood between its leaves, unless the same was left before.
   Leaves that are one word and only searched wait for that: the gates are asked about all of them and
   the outcome at once. Where one holds something after all, the value is taken apart again, and no
   leaf waits.
5. What is left, where it is encoded (percent, entities, escapes, base64), is decoded and looked at
   once more; behind the bound it is withheld.

Markers of ours are left alone, and only they: what stands around them is searched. A text that was
changed goes through all of this again, until nothing is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from jaeger_guard.categories import CONTENT_BODY, CONTENT_WITHHELD, LOCATION_COORDINATES
from jaeger_guard.detectors.own import OWN_LOOK_ALIKE
from jaeger_guard.encodings import base64_decode, repair_surrogates, unmask
from jaeger_guard.formats import FORMATS, recognize_body
from jaeger_guard.formats.format import NotThisFormatError
from jaeger_guard.long_texts import LONG, check_time, find_all
from jaeger_guard.markers import is_marker, marker, marker_spans
from jaeger_guard.policy import CompiledPolicy, KeyDecision, Treatment
from jaeger_guard.recognizers import RecognizerProcess
from jaeger_guard.scanner import Scanner, resolve_overlaps
from jaeger_guard.scrubber.cache import (
    PART_BYTES,
    SETTLED_BYTES,
    CleanTexts,
    InertTexts,
    KnownForms,
)
from jaeger_guard.scrubber.decoding import (
    BASE64_WORD,
    WORD,
    decode,
    holds_base64,
    is_encoded,
    may_hold_base64,
)
from jaeger_guard.scrubber.found import Findings, Found
from jaeger_guard.scrubber.glance import INERT, Glance, is_uuid
from jaeger_guard.scrubber.leaves import LeafJudge
from jaeger_guard.scrubber.own import is_done, is_own, own_spans
from jaeger_guard.scrubber.prose import is_prose, wanted_by_recognizer, withholds
from jaeger_guard.scrubber.protecting import needs_keys, protect, stands_apart
from jaeger_guard.scrubber.recognition import format_recognizer, is_command_line, recognize
from jaeger_guard.scrubber.settling import until_clean
from jaeger_guard.scrubber.silence import is_language, says_nothing
from jaeger_guard.scrubber.trust import (
    READ_BY_FORMATS,
    is_trusted,
    is_vague,
    lies_within,
    not_across,
)
from jaeger_guard.semconv import KeyKind, looks_secret
from jaeger_guard.types import Action, Match, Notation

MAX_DEPTH: Final = 8
_LONGEST_PART: Final = 256  # characters of a part that is remembered
_MOST_SUSPECTS: Final = 12  # that are asked about each of several leaves
_LONGEST_WAITING: Final = 8192  # characters of a value whose leaves are searched at once
_PERCENT_BY_LEAF: Final = frozenset({"form", "url", "url_path", "url_query"})


class TextScrubber:
    """Scrubs texts by one compiled policy; threads may share it.

    Attributes:
        inert: What is known to be inert, and so clean wherever a text is only searched.
        decide_leaf: Decides about a leaf by its name and the decision of the value around it.
        forms: What is known of texts that differ in their digits alone; None where that isn't used.
        leaves_wait: Whether the leaves of one value are searched at once; what comes out is the same
            without.
    """

    def __init__(
        self,
        policy: CompiledPolicy,
        scanner: Scanner,
        recognizer: RecognizerProcess | None = None,
    ) -> None:
        self._policy = policy
        self.decide_leaf: Callable[[str, KeyDecision], KeyDecision] = policy.decide_leaf
        self._scanner = scanner
        self._recognizer = recognizer
        self._formats = format_recognizer(scanner)
        self.inert = InertTexts()
        self._nothing_in = InertTexts(PART_BYTES)
        self._settled = CleanTexts(SETTLED_BYTES)
        self.forms: KnownForms | None = None
        self._bodies: dict[KeyDecision, KeyDecision] = {}  # as many as the policy has
        self._not_across = not_across(scanner)
        # What is made with keys isn't made twice, and a recognizer has to be asked about each leaf.
        self.leaves_wait = policy.keys is None and recognizer is None

    def scrub(
        self,
        decision: KeyDecision,
        text: str,
        found: Findings,
        notation: Notation = Notation.TEXT,
        glance: Glance | None = None,
    ) -> str:
        """Return `text` scrubbed; the same object where nothing was to be changed.

        Args:
            decision: What is decided about its key.
            text: The text.
            found: What is found is added here.
            notation: How a marker is written.
            glance: What `glance` tells of it, where that is known.
        """
        return until_clean(
            text,
            found,
            notation,
            lambda dirty: self.scrub_once(decision, dirty, found, notation, 0, glance),
            lambda dirty: self._scrub_again(decision, dirty, found, notation),
        )

    def _scrub_again(
        self, decision: KeyDecision, text: str, found: Findings, notation: Notation
    ) -> str:
        """Scrub what scrubbing left: values of which only what was found differs leave the same."""
        if notation is not Notation.TEXT:
            return self.scrub_once(decision, text, found, notation, 0)
        if found.knows(decision, text) or self._settled.get((decision, text)) is not None:
            return text
        form = None if self.forms is None else self.forms.form(text)
        glance: Glance | None = None
        if self.forms is not None and form is not None:
            matches = self.forms.found_in(decision, form, text)
            if matches == []:
                return text
            glance = None if matches is None else (None, matches)
        before = len(found.entries)
        scrubbed = self.scrub_once(decision, text, found, notation, 0, glance)
        if scrubbed == text and len(found.entries) == before and not found.unsure:
            self._settled.add(decision, text)
            if self.forms is not None and form is not None:
                self.forms.meet(decision, form)
        return scrubbed

    def _is_settled(self, decision: KeyDecision, text: str) -> bool:
        """Say whether a text that scrubbing left is known to be clean."""
        return self._settled.get((decision, text)) is not None or self._is_of_clean_form(
            decision, text
        )

    def _is_of_clean_form(self, decision: KeyDecision, text: str) -> bool:
        form = None if self.forms is None else self.forms.form(text)
        return (
            form is not None
            and self.forms is not None
            and self.forms.is_clean(decision, form, text)
        )

    def scrub_once(
        self,
        decision: KeyDecision,
        text: str,
        found: Findings,
        notation: Notation,
        depth: int,
        glance: Glance | None = None,
    ) -> str:
        """Return `text` scrubbed at a depth, without looking again at what was changed."""
        if not text or decision.unsafe or is_marker(text) or is_own(text, found):
            return text
        format_name = decision.format
        if decision.whole is not None:
            format_name = _format_of_body(decision, text)
            if format_name is None:
                return self._whole(decision, decision.whole, text, found, notation)
            decision = self._structured_body(decision)
        conditional = decision.key_class.category
        if conditional is not None and decision.key_class.kind is KeyKind.UNKNOWN:
            treatment = decision.treatments.get(conditional)
            if treatment is not None and looks_secret(text):
                return self._whole(decision, treatment, text, found, notation)
        matches: list[Match] | None = None
        if format_name is None:
            glance = glance or self._glance(text)
            if glance is INERT:
                return text
            format_name, matches = glance
        elif format_name == "text" and is_command_line(text):
            format_name = "command"  # which reads the rest as text
        if format_name is None:
            scrubbed = self.search(decision, text, found, notation, matches=matches)
        elif depth >= MAX_DEPTH:
            scrubbed = marker(CONTENT_WITHHELD, notation)
            found.add(Found(CONTENT_WITHHELD, Action.REDACT, "depth", "bound", format_name))
        else:
            scrubbed = self._rewrite(format_name, decision, text, found, notation, depth)
            if found.knows(decision, scrubbed):
                return scrubbed
        if scrubbed == text:
            scrubbed = text
        if format_name == "json":
            return scrubbed  # each leaf was decoded by itself; the whole would lose its structure
        percent = format_name not in _PERCENT_BY_LEAF
        return self._disguised(decision, scrubbed, found, notation, depth, percent=percent)

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
        """Replace what the detectors find in `text`, whatever its format.

        Args:
            wanted: Says whether a match counts, given its text; None where each does.
            matches: What the detectors find in it, where that is known.
        """
        if matches is None:
            matches = self._scanner.find(text)
        if self._recognizer is not None and wanted_by_recognizer(decision, text, format_name):
            recognized = self._recognizer.ask(text)
            found.unsure = found.unsure or recognized is None
            if recognized is not None:
                matches = matches + recognized
            elif withholds(self._policy.recognition):
                found.add(
                    Found(CONTENT_WITHHELD, Action.REDACT, "recognizer", "recognition", format_name)
                )
                return marker(CONTENT_WITHHELD, notation)
        if not matches or decision.unsafe:
            return text
        exempt = marker_spans(text)
        if ours := own_spans(text, found):
            exempt = sorted((*exempt, *ours))
        treatments = decision.treatments
        ranked = []
        for match in matches:
            treatment = treatments.get(match.category)
            if treatment is None or treatment.action in (Action.KEEP, Action.UNSAFE_KEEP):
                continue
            if not is_trusted(decision, match, text):
                continue
            if wanted is not None and not wanted(match, text[match.start : match.end]):
                continue
            if lies_within(match, exempt):
                continue
            ranked.append((match, treatment.action.protection))
        pieces = []
        end = 0
        for match in resolve_overlaps(ranked):
            value = text[match.start : match.end]
            treatment = treatments[match.category]
            action = treatment.action
            if needs_keys(treatment):
                answer, action = self._protect(
                    treatment,
                    value,
                    match.category,
                    decision,
                    notation,
                    found,
                    apart=stands_apart(text, match.start, match.end),
                )
            else:
                answer = self._apply(treatment, value, match.category, notation)
            if answer == value:
                continue  # already generalized or masked
            found.add(Found(match.category, action, match.detector, treatment.rule, format_name))
            pieces.append(text[end : match.start])
            pieces.append(answer)
            end = match.end
        if not pieces:
            return text
        pieces.append(text[end:])
        return "".join(pieces)

    def glance(self, text: str) -> Glance | None:
        """Return what is seen of a text at a glance; None where that failed: scrubbing meets it again."""
        try:
            check_time()
            return None if len(text) > LONG else self._glance(text)
        except Exception:  # noqa: BLE001 - whatever it was, its text may quote the value
            return None

    def _glance(self, text: str) -> Glance:
        if self.inert.get(text) is not None or is_uuid(text):
            return INERT
        look = self._scanner.look(text)
        format_name = self._formats.recognize(text, look)
        if format_name is not None or (self._recognizer is not None and is_prose(text)):
            return format_name, None
        matches = self._scanner.find(text, look)
        if (
            not matches
            and not (may_hold_base64(text, look) and holds_base64(text))
            and repair_surrogates(text) is text
        ):
            self.inert.add(text)
            return INERT
        return None, matches

    def matches_in_part(self, text: str) -> list[Match] | None:
        """Return what is found in a part that comes often: a parameter's name, a source line.

        None where that has to be asked when it is searched.
        """
        if len(text) > _LONGEST_PART or self._recognizer is not None:
            return None
        if self._nothing_in.get(text) is not None:
            return []
        matches = self._scanner.find(text)
        if not matches:
            self._nothing_in.add(text)
        return matches

    def matches_across(self, decision: KeyDecision, text: str) -> list[Match]:
        """Return what is to be treated in a text that was joined from the items of a list."""
        treatments = decision.treatments
        ranked = []
        for match in self._scanner.find(text):
            treatment = treatments.get(match.category)
            if (
                treatment is None
                or treatment.action in (Action.KEEP, Action.UNSAFE_KEEP)
                or is_vague(match.category)
                or is_marker(text[match.start : match.end])
                or match.detector == OWN_LOOK_ALIKE.name  # each item is searched by itself, too
                # A space is what the items were joined by.
                or not is_trusted(decision, match, text.replace(" ", "0"))
            ):
                continue
            ranked.append((match, treatment.action.protection))
        return resolve_overlaps(ranked)

    def scrub_as(self, format_name: str, decision: KeyDecision, text: str, found: Findings) -> str:
        """Scrub a text that is known to be of a format, whatever its key says."""
        return self._rewrite(format_name, decision, text, found, Notation.TEXT, 0)

    def _rewrite(
        self,
        format_name: str,
        decision: KeyDecision,
        text: str,
        found: Findings,
        notation: Notation,
        depth: int,
    ) -> str:
        rewrite = FORMATS[format_name].rewrite
        before, dropped = len(found.entries), found.dropped
        waits = self.leaves_wait and len(text) <= _LONGEST_WAITING and text.isascii()
        judge = LeafJudge(self, decision, found, depth + 1, format_name, waits=waits)
        try:
            scrubbed = rewrite(text, judge)
        except NotThisFormatError:
            return self._fall_back(format_name, decision, text, found, notation, depth)
        whole = "" if format_name == "text" else scrubbed  # which had everything searched
        matches: list[Match] | None = None
        if judge.waiting:
            matches = self._search_at_once(whole, judge.waiting)
            if matches is None:  # as it would be without: most that is dirty is known by its name
                del found.entries[before:]
                found.dropped = dropped
                judge = LeafJudge(self, decision, found, depth + 1, format_name)
                scrubbed = rewrite(text, judge)
        if format_name == "text":
            return scrubbed
        if (
            depth == 0
            and notation is Notation.TEXT
            and format_name == decision.format
            and scrubbed != text
            # A form is judged whatever its leaves became.
            and (self._is_of_clean_form if judge.altered else self._is_settled)(decision, scrubbed)
        ):
            found.known = decision, scrubbed
            return scrubbed  # searched before, with the same leaves
        if matches is None and scrubbed != text:
            # Values of which only what was found differs leave the same: `Bearer [REDACTED:…]`.
            matches = self.matches_in_part(scrubbed)
        if matches is None:
            matches = self._scanner.find(scrubbed, besides=self._not_across)
        inner = Notation.URL if format_name.startswith("url") else notation
        return self.search(
            decision,
            scrubbed,
            found,
            inner,
            wanted=lambda match, value: (
                not (
                    is_vague(match.category)
                    or match.detector in READ_BY_FORMATS
                    or judge.left(match, value)
                )
            ),
            format_name=format_name,
            matches=matches,
        )

    def may_wait(self, text: str, found: Findings) -> bool:
        """Say whether a leaf is a word, and clean where no detector and no format finds anything in it."""
        return (
            self._formats.is_word(text)
            and not text.isdecimal()  # which opens few gates, and is asked about at once
            and not is_uuid(text)
            and not is_marker(text)
            and not is_own(text, found)
            and not holds_base64(text)
        )

    def _search_at_once(self, whole: str, leaves: list[str]) -> list[Match] | None:
        """Search leaves that wait, and what their value became, asking the gates once.

        Answers what is found across the leaves; None where something may stand in one of them.
        """
        scanner = self._scanner
        at_once = "\n".join([whole, *leaves] if whole.isascii() else leaves)
        look = scanner.look(at_once)
        suspects = scanner.suspects(at_once, look)
        is_hinted = self._formats.is_hinted(look)
        clean = True
        # Where many are suspected, as of a long value, a leaf's own gates leave fewer.
        is_each_asked = len(suspects) > _MOST_SUSPECTS
        for leaf in dict.fromkeys(leaves):
            found = scanner.find(leaf) if is_each_asked else scanner.find_by(suspects, leaf)
            if found or (is_hinted and recognize(leaf) is not None):
                clean = False
            else:
                self.inert.add(leaf)
        if not clean:
            return None
        if not whole.isascii():
            return scanner.find(whole, besides=self._not_across)
        return scanner.find_by([each for each in suspects if each not in self._not_across], whole)

    def _structured_body(self, decision: KeyDecision) -> KeyDecision:
        """Decide about a body that is looked into: its leaves by their own names."""
        inner = self._bodies.get(decision)
        if inner is None:
            inner = self._bodies[decision] = replace(decision, whole=None, category=None)
        return inner

    def _fall_back(
        self,
        format_name: str,
        decision: KeyDecision,
        text: str,
        found: Findings,
        notation: Notation,
        depth: int,
    ) -> str:
        other = "redis" if format_name == "sql" else recognize(text)
        if other == format_name or (format_name == "redis" and other == "sql"):
            other = "text" if format_name != "text" else None
        if other is None:
            # Under a key that promises a URL, what stands in brackets would be read as its host.
            written = Notation.URL if format_name.startswith("url") else notation
            return self.search(decision, text, found, written)
        return self._rewrite(other, decision, text, found, notation, depth)

    def _whole(
        self,
        decision: KeyDecision,
        treatment: Treatment,
        text: str,
        found: Findings,
        notation: Notation,
    ) -> str:
        if treatment.action in (Action.KEEP, Action.UNSAFE_KEEP) or says_nothing(text):
            return text
        category = decision.category or decision.key_class.category or CONTENT_WITHHELD
        if category == LOCATION_COORDINATES and is_language(text):
            return text  # `lng=en`
        action: Action = treatment.action
        if needs_keys(treatment):
            if is_done(text, found):
                return text
            answer, action = self._protect(treatment, text, category, decision, notation, found)
        else:
            answer = self._apply(treatment, text, category, notation)
        if answer == text:
            return text
        found.add(Found(category, action, "key", treatment.rule, ""))
        return answer

    def _protect(
        self,
        treatment: Treatment,
        value: str,
        category: str,
        decision: KeyDecision,
        notation: Notation,
        found: Findings,
        *,
        apart: bool = True,
    ) -> tuple[str, Action]:
        return protect(
            self._policy.keys,
            treatment,
            value,
            category,
            decision.surface,
            notation,
            found,
            stands_apart=apart,
        )

    @staticmethod
    def _apply(treatment: Treatment, value: str, category: str, notation: Notation) -> str:
        if treatment.action is Action.DROP:  # the attribute goes; on a name this stands instead
            return marker(category, notation)
        return treatment.apply(value, category, notation)

    def _disguised(
        self,
        decision: KeyDecision,
        text: str,
        found: Findings,
        notation: Notation,
        depth: int,
        *,
        percent: bool,
    ) -> str:
        """Look once more at the words that are encoded; a dirty one is written decoded, scrubbed.

        Args:
            percent: Whether percent-encoding is undone; a URL's leaves were decoded by themselves.
        """
        pieces: list[str] = []
        end = 0
        for word in find_all(WORD, text) if is_encoded(text) else ():
            check_time()
            decoded = decode(word.group(), percent=percent)
            if decoded == word.group():
                continue
            # Not behind the bound: the sign of an encoding is one of the text format, withheld there.
            scrubbed = self.scrub_once(decision, decoded, found, notation, depth + 1)
            if scrubbed != decoded:
                pieces += (text[end : word.start()], scrubbed)
                end = word.end()
        if pieces:
            return "".join(pieces) + text[end:]
        shown = text if text.isascii() or depth >= MAX_DEPTH else unmask(text)
        if shown is not text:  # a key word may be disguised, which detectors don't look for
            scrubbed = self.scrub_once(decision, shown, found, notation, depth + 1)
            if scrubbed != shown:
                return scrubbed
        return self._base64_words(decision, text, found, notation, depth) if percent else text

    def _base64_words(
        self, decision: KeyDecision, text: str, found: Findings, notation: Notation, depth: int
    ) -> str:
        """Look into the words of base64 in a text; a dirty one is written decoded and scrubbed."""
        pieces: list[str] = []
        end = 0
        for word in find_all(BASE64_WORD, text):
            check_time()
            decoded = base64_decode(word.group())
            if decoded is None:
                continue
            if depth >= MAX_DEPTH:
                found.add(Found(CONTENT_WITHHELD, Action.REDACT, "depth", "bound", "encoded"))
                scrubbed = marker(CONTENT_WITHHELD, notation)
            else:
                scrubbed = self.scrub_once(decision, decoded, found, notation, depth + 1)
            if scrubbed is not decoded:
                pieces += (text[end : word.start()], scrubbed)
                end = word.end()
        return "".join(pieces) + text[end:] if pieces else text


def _format_of_body(decision: KeyDecision, text: str) -> str | None:
    """Name the format of a body that the key alone would redact: its structure says more than the key.

    None where it has none. A rule that means the whole body says `drop`, or names the key.
    """
    if (
        decision.key_class.category != CONTENT_BODY
        or decision.whole is None
        or decision.whole.action is not Action.REDACT
        or decision.matched
    ):
        return None
    return recognize_body(text)
