"""Answer a format's questions: each leaf of a value is scrubbed under its own decision.

A leaf that is one word and only searched may wait, where its value has the gates asked about all of
them at once (`TextScrubber`); what waits is answered as clean, for the time being.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from jaeger_guard.long_texts import check_time
from jaeger_guard.markers import SQL_MARKER, is_marker, marker_spans
from jaeger_guard.policy import KeyDecision
from jaeger_guard.scrubber.cache import InertTexts
from jaeger_guard.scrubber.found import Findings
from jaeger_guard.scrubber.trust import READ_BY_FORMATS, is_identifier
from jaeger_guard.types import Match, Notation

_MOST_KEPT: Final = 64  # leaves of one value, kept or ids; the key around judges those beyond
_CHUNK: Final = "text.chunk"  # what the text format calls what is left between its leaves


class LeafScrubber(Protocol):
    """What a judge hands its leaves to; `text.TextScrubber` is."""

    inert: InertTexts
    decide_leaf: Callable[[str, KeyDecision], KeyDecision]

    def scrub_once(
        self, decision: KeyDecision, text: str, found: Findings, notation: Notation, depth: int
    ) -> str:
        """Return a leaf scrubbed at a depth, without looking again at what was changed."""
        ...

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
        """Replace what the detectors find in a text, whatever its format."""
        ...

    def matches_in_part(self, text: str) -> list[Match] | None:
        """Return what is found in a part that comes often; None where the search has to ask."""
        ...

    def may_wait(self, text: str, found: Findings) -> bool:
        """Say whether a leaf is clean where no detector and no format finds anything in it."""
        ...


class LeafJudge:
    """Answers a format's questions by scrubbing each leaf under its own decision.

    Attributes:
        waiting: Leaves that were answered as clean, and have still to be searched.
        altered: Whether a part was changed that didn't become one marker: what came out has other
            leaves than those that were left as they are.
    """

    __slots__ = (
        "_decision",
        "_depth",
        "_format",
        "_found",
        "_kept",
        "_leaf",
        "_lenient",
        "_name",
        "_scrubber",
        "_unchanged",
        "_unseen",
        "_waits",
        "altered",
        "waiting",
    )

    def __init__(
        self,
        scrubber: LeafScrubber,
        decision: KeyDecision,
        found: Findings,
        depth: int,
        format_name: str,
        *,
        waits: bool = False,
    ) -> None:
        self._scrubber = scrubber
        self._decision = decision
        self._found = found
        self._depth = depth
        self._format = format_name
        self._unchanged: set[str] = set()
        self._unseen: set[str] = set()
        self._kept: list[str] = []
        self._waits = waits
        self._name: str | None = None
        self._leaf = decision
        self._lenient = False
        self.waiting: list[str] = []
        self.altered = False

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        """Scrub the leaf under the decision that its name gets below the key's."""
        if name == _CHUNK:
            return self._part(text, notation, _not_read_by_formats)
        check_time()
        scrubber = self._scrubber
        if name != self._name:  # a path's segments, a list's values have one after another
            self._name = name
            decision = self._leaf = scrubber.decide_leaf(spoken(name), self._decision)
            self._lenient = decision.unsafe or decision.kept or is_identifier(decision)
        decision = self._leaf
        if decision.searched and text in scrubber.inert.young:
            answer = text  # as most leaves are
        elif self._waits and decision.searched and scrubber.may_wait(text, self._found):
            self.waiting.append(text)
            answer = text
        else:
            answer = scrubber.scrub_once(decision, text, self._found, notation, self._depth)
        if answer == text:
            self._unchanged.add(text)
            if decision.unsafe:
                self._unseen.add(text)
            if self._lenient and len(self._kept) < _MOST_KEPT:
                self._kept.append(text)
            return text
        self.altered = self.altered or not (is_marker(answer) or answer == SQL_MARKER)
        return answer

    def left(self, match: Match, value: str) -> bool:
        """Say whether a leaf was let be that is `value`, or that is kept or an id and holds it.

        A credential may be known by what stands around its leaf alone: that one is only left where
        policy leaves it unseen.
        """
        if match.category.startswith("credential."):
            return value in self._unseen
        return value in self._unchanged or any(value in kept for kept in self._kept)

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        """Search a leaf's name: it says what a value is, unless it is a value itself."""
        check_time()
        return self._part(text, notation, None)

    def _part(
        self, text: str, notation: Notation, wanted: Callable[[Match, str], bool] | None
    ) -> str:
        """Search what is no leaf, under the decision of the whole value."""
        matches = self._scrubber.matches_in_part(text)
        if matches is not None and not matches:
            return text
        self.altered = True
        return self._scrubber.search(
            self._decision,
            text,
            self._found,
            notation,
            wanted=wanted,
            format_name=self._format,
            matches=matches,
        )


def _not_read_by_formats(match: Match, _: str) -> bool:
    return match.detector not in READ_BY_FORMATS


def spoken(name: str) -> str:
    """Return what a name says by itself, without our markers: they name what stood there."""
    if "]" not in name:
        return name
    if "[" not in name:
        return name.rpartition("]")[2].lstrip(".-_")  # it began inside a marker
    for start, end in reversed(marker_spans(name)):
        name = name[:start] + name[end:]
    return name
