"""Scrub a name: of a span, an event, a scope; most are a route, a statement, or a few words.

A name has no key that says what it is, so its shape has to: `GET /users/…` is a path behind a
method, `SELECT …` with literals a statement; everything else is text.
"""

from __future__ import annotations

import re
from typing import Final

from jaeger_guard.encodings import repair_surrogates
from jaeger_guard.policy import KeyDecision
from jaeger_guard.scrubber.cache import CleanTexts, KnownForms
from jaeger_guard.scrubber.found import MOST_FINDINGS, Findings
from jaeger_guard.scrubber.glance import INERT
from jaeger_guard.scrubber.settling import until_clean
from jaeger_guard.scrubber.text import TextScrubber
from jaeger_guard.types import Notation

_REQUEST: Final = re.compile(r"((?:[A-Za-z]{3,16}(?: HTTP)? )?)(/[^\s]{0,65536})")


class NameScrubber:
    """Scrubs names, and remembers which are clean; threads may share it.

    Args:
        scrubber: Scrubs texts.
        clean: The names that are clean.
        forms: What is known of names by their form; None where that isn't used.
    """

    def __init__(self, scrubber: TextScrubber, clean: CleanTexts, forms: KnownForms | None) -> None:
        self._scrubber = scrubber
        self._clean = clean
        self._forms = forms

    def scrub(self, decision: KeyDecision, name: str) -> tuple[str, Findings | None]:
        """Return `name` scrubbed, and what was found; nothing where it is known to be clean.

        It is the same object where nothing was to be changed.
        """
        if self._clean.get((decision, name)) is not None:
            return name, None
        form = self._form(name)
        if self._is_clean(decision, name, form):
            return name, None
        found = Findings(MOST_FINDINGS)
        repaired = name if name.isascii() else repair_surrogates(name)
        scrubbed = until_clean(
            repaired,
            found,
            Notation.TEXT,
            lambda dirty: scrub_name_once(self._scrubber, decision, dirty, found),
            lambda left: self._scrub_again(decision, left, found),
        )
        if scrubbed is name and not found.unsure:
            self._meet(decision, name, form)
        return scrubbed, found

    def _scrub_again(self, decision: KeyDecision, name: str, found: Findings) -> str:
        """Scrub what scrubbing left: names of which only what was found differs leave the same."""
        form = self._form(name)
        if self._clean.get((decision, name)) is not None or self._is_clean(decision, name, form):
            return name
        before = len(found.entries)
        scrubbed = scrub_name_once(self._scrubber, decision, name, found)
        if scrubbed == name and len(found.entries) == before and not found.unsure:
            self._meet(decision, name, form)
        return scrubbed

    def _form(self, name: str) -> str | None:
        return None if self._forms is None else self._forms.form(name)

    def _is_clean(self, decision: KeyDecision, name: str, form: str | None) -> bool:
        """Say whether a name is known to be clean by its form, and remember it, then."""
        if self._forms is None or form is None or not self._forms.is_clean(decision, form, name):
            return False
        self._clean.add(decision, name)
        return True

    def _meet(self, decision: KeyDecision, name: str, form: str | None) -> None:
        """Take note that a name was clean."""
        self._clean.add(decision, name)
        if self._forms is not None and form is not None:
            self._forms.meet(decision, form)


def scrub_name_once(
    scrubber: TextScrubber, decision: KeyDecision, name: str, found: Findings
) -> str:
    """Return `name` scrubbed, without looking again at what was changed."""
    if decision.whole is None and not decision.unsafe:
        request = _REQUEST.fullmatch(name)
        if request is not None:
            path = request.group(2)
            scrubbed = scrubber.scrub_as("url_path", decision, path, found)
            return name if scrubbed == path else request.group(1) + scrubbed
    glance = scrubber.glance(name) if decision.searched and name.isascii() else None
    return name if glance is INERT else scrubber.scrub(decision, name, found, glance=glance)
