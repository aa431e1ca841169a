"""Know a text by its form: what differs from a clean one in the digits of its numbers alone.

Theory of operation. Values that never repeat mostly repeat in all but their numbers: `/orders/4711`,
`order 4711 was declined`, an offset. Their form (`detectors.any_digits`) has zeros in place of these.
A form that is met for the second time is judged once, for all texts that have it: it is scrubbed as
a text is, by detectors that find something in a form wherever they find something in one of its
texts. Where nothing is found, and nothing on the way depended on which digits stood there, all of them
are clean under that decision, and cost a look-up.

In a form of few texts with a finding, as an address has it that may be public or private, one or two
loosened detectors find something in plain text. These *suspects* are then asked about each text of it,
and no other detector.

What may depend on the digits, apart from detectors, is refused and never remembered:

1. Encodings: two digits of `%41`, of an entity, an escape, quoted-printable, or base64 are a letter.
2. JSON, in which a number has no leading zeros, and formats that read a number, as Redis' `EVAL` does.
3. A leaf's name with a digit in it, by which a rule may decide, and a leaf that its name decides about.

Everything else in this package asks whether a character is a digit, and never which; a property test
holds that over the corpus.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from hashlib import blake2b
from typing import Final, Literal

from jaeger_guard.detectors.any_digits import form_of, numbers_in
from jaeger_guard.detectors.detector import Detector
from jaeger_guard.formats import FORMATS
from jaeger_guard.generations import Generations
from jaeger_guard.policy import CompiledPolicy, KeyDecision, Treatment
from jaeger_guard.scanner import Scanner
from jaeger_guard.scrubber.cache import InertTexts
from jaeger_guard.scrubber.decoding import BASE64_WORD
from jaeger_guard.scrubber.found import Findings, Found
from jaeger_guard.scrubber.glance import Glance
from jaeger_guard.scrubber.names import scrub_name_once
from jaeger_guard.scrubber.text import TextScrubber
from jaeger_guard.types import Action, Match, Notation

KNOWN_BYTES: Final = 512 * 1024
MET_BYTES: Final = 128 * 1024
_PART_BYTES: Final = 64 * 1024
_LONGEST: Final = 8192  # characters; stack traces are long
_PATIENCE: Final = (
    32  # forms met again, before loosened detectors are made: many processes are short
)
_LONGEST_KEPT: Final = 256  # a longer form is known by its digest
_ENTRY_BYTES: Final = 200  # in CPython, as in `cache`
_DIGIT: Final = re.compile("[0-9]")
_DEPENDENT: Final = re.compile(r"[%\\]|=\?|&[^;]{0,16};|\{\s{0,64}[\"']")
_JSON: Final = ("{", "[")
_QUOTED_AT: Final = "=40"
_FORMATS: Final = frozenset({"url", "url_path", "url_query", "stacktrace", "text"})
_NO_LEAF: Final = "\0"  # a value that no leaf is, and none holds
_MOST_SUSPECTS: Final = 2  # detectors; to ask more is no cheaper than to ask all gates

_Key = tuple[KeyDecision, str | bytes]
# A text of a form is clean where none of these finds anything in it, and whether the form is plain text,
# so that what they find is all there is; False where that isn't known.
_Suspects = tuple[tuple[Detector, ...], bool] | Literal[False]


class _DependsError(Exception):
    """What is found may depend on which digits stand in the text; never leaves this module."""


def _bytes(key: _Key, value: object) -> int:
    return _ENTRY_BYTES + len(key[1])


class Forms:
    """Remembers the forms of clean texts by decision; threads may share it.

    Args:
        policy: The policy that is scrubbed by.
        scanner: Its detectors.
        is_name: Whether the texts are names of spans, which have no key.
    """

    def __init__(self, policy: CompiledPolicy, scanner: Scanner, *, is_name: bool = False) -> None:
        self._policy = policy
        self._scanner = scanner
        self._asked = 0
        self._scrub: Callable[[TextScrubber, KeyDecision, str, Findings], str] = (
            scrub_name_once if is_name else _scrub_once
        )
        self._known: Generations[_Key, _Suspects] = Generations(KNOWN_BYTES, _bytes)
        self._met: Generations[_Key, bool] = Generations(MET_BYTES, _bytes)

    def form(self, text: str) -> str | None:
        """Return the form of a text that may be known by it; None for any other."""
        if len(text) > _LONGEST or not text.isascii() or _QUOTED_AT in text:
            return None
        form = form_of(text)
        return None if form is text else form

    def is_clean(self, decision: KeyDecision, form: str, text: str) -> bool:
        """Say whether a text is known to be clean by its form."""
        return self.found_in(decision, form, text) == []

    def found_in(self, decision: KeyDecision, form: str, text: str) -> list[Match] | None:
        """Return what is found in a text, where that is known by its form.

        None where it isn't known; where something is found in a text that isn't plain, neither.
        """
        known = self._known.get(_key(decision, form))
        if not known:
            return None
        suspects, is_plain = known
        matches: list[Match] = []
        for suspect in suspects:
            matches += suspect.find(text)
            if matches and not is_plain:
                return None
        return matches

    def meet(self, decision: KeyDecision, form: str) -> None:
        """Take note that a text of this form was clean."""
        key = _key(decision, form)
        if self._known.get(key) is not None:
            return
        if self._met.get(key) is None:
            self._met.put(key, True)
            return
        self._asked += 1
        if self._asked > _PATIENCE:
            self._known.put(key, self._judge(decision, form))

    def _judge(self, decision: KeyDecision, form: str) -> _Suspects:
        """Answer which detectors may find something in a text of a form."""
        if decision.whole is not None or _DEPENDENT.search(form) is not None:
            return False
        found = Findings()
        try:
            scrubbed = self._scrub(self._any_digits, decision, form, found)
            is_plain = decision.searched and self._any_digits.glances_at_plain(form)
        except _DependsError:
            return False
        names = {entry.detector for entry in found.entries}
        if scrubbed != form or len(names) > _MOST_SUSPECTS:
            return False
        return tuple(each for each in self._scanner.detectors if each.name in names), is_plain

    @cached_property
    def _any_digits(self) -> _AnyDigits:
        return _AnyDigits(self._policy, self._scanner.loosened)


def _key(decision: KeyDecision, form: str) -> _Key:
    if len(form) <= _LONGEST_KEPT:
        return decision, form
    return decision, blake2b(form.encode(), digest_size=20).digest()


def _scrub_once(scrubber: TextScrubber, decision: KeyDecision, text: str, found: Findings) -> str:
    return scrubber.scrub(decision, text, found)


class _AnyDigits(TextScrubber):
    """Scrubs forms; raises `_DependsError` where another text of the form might be scrubbed otherwise."""

    def __init__(self, policy: CompiledPolicy, scanner: Scanner) -> None:
        super().__init__(policy, scanner)
        self.inert = self._nothing_in = InertTexts(_PART_BYTES)  # each form is judged once
        self.leaves_wait = False

        def decide_leaf(name: str, parent: KeyDecision) -> KeyDecision:
            if _DIGIT.search(name) is not None:
                raise _DependsError
            return policy.decide_leaf(name, parent)

        self.decide_leaf = decide_leaf

    def glances_at_plain(self, form: str) -> bool:
        """Say whether a form is plain text, in which detectors are all that finds anything."""
        return self._glance(form)[0] is None

    def scrub(
        self,
        decision: KeyDecision,
        text: str,
        found: Findings,
        notation: Notation = Notation.TEXT,
        glance: Glance | None = None,
    ) -> str:
        return self.scrub_once(decision, text, found, notation, 0, glance)

    def scrub_once(
        self,
        decision: KeyDecision,
        text: str,
        found: Findings,
        notation: Notation,
        depth: int,
        glance: Glance | None = None,
    ) -> str:
        if text.lstrip()[:1] in _JSON:
            raise _DependsError
        scrubbed = super().scrub_once(decision, text, found, notation, depth, glance)
        if depth > 0 and found.entries:  # a suspect of a part may find nothing in the whole
            raise _DependsError
        return scrubbed

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
        for match in self._scanner.find(text) if matches is None else matches:
            treatment = decision.treatments.get(match.category)
            if treatment is None or treatment.action in (Action.KEEP, Action.UNSAFE_KEEP):
                continue
            if wanted is None or wanted(match, _NO_LEAF):
                found.add(Found(match.category, treatment.action, match.detector, "", format_name))
        return text

    def _glance(self, text: str) -> Glance:
        _refuse_base64(text)
        return super()._glance(text)

    def _base64_words(
        self, decision: KeyDecision, text: str, found: Findings, notation: Notation, depth: int
    ) -> str:
        _refuse_base64(text)
        return super()._base64_words(decision, text, found, notation, depth)

    def _whole(
        self,
        decision: KeyDecision,
        treatment: Treatment,
        text: str,
        found: Findings,
        notation: Notation,
    ) -> str:
        if _DIGIT.search(text) is not None:
            raise _DependsError
        return super()._whole(decision, treatment, text, found, notation)

    def _rewrite(
        self,
        format_name: str,
        decision: KeyDecision,
        text: str,
        found: Findings,
        notation: Notation,
        depth: int,
    ) -> str:
        recognizes = FORMATS["redis"].recognize
        if format_name not in _FORMATS or (recognizes is not None and recognizes(text)):
            raise _DependsError
        scrubbed = super()._rewrite(format_name, decision, text, found, notation, depth)
        if found.entries:  # of a leaf, or of what was kept because of one
            raise _DependsError
        return scrubbed


def _refuse_base64(text: str) -> None:
    for word in BASE64_WORD.finditer(text):
        if next(numbers_in(text, word.start(), word.end()), None) is not None:
            raise _DependsError
