"""Scrub a name: of a span, an event, a scope; most are a route, a statement, or a few words.

A name has no key that says what it is, so its shape has to: `GET /users/…` is a path behind a
method, `SELECT …` with literals a statement; everything else is text.
"""

from __future__ import annotations

import re
from typing import Final

from jaeger_guard.policy import KeyDecision
from jaeger_guard.scrubber.found import Findings
from jaeger_guard.scrubber.settling import until_clean
from jaeger_guard.scrubber.text import TextScrubber
from jaeger_guard.types import Notation

_REQUEST: Final = re.compile(r"((?:[A-Za-z]{3,16}(?: HTTP)? )?)(/[^\s]{0,65536})")


def scrub_name(scrubber: TextScrubber, decision: KeyDecision, name: str, found: Findings) -> str:
    """Return `name` scrubbed; the same object where nothing was to be changed."""
    return until_clean(
        name, found, Notation.TEXT, lambda dirty: scrub_name_once(scrubber, decision, dirty, found)
    )


def scrub_name_once(
    scrubber: TextScrubber, decision: KeyDecision, name: str, found: Findings
) -> str:
    """Do what `scrub_name` does, without looking again at what was changed."""
    if decision.whole is None and not decision.unsafe:
        request = _REQUEST.fullmatch(name)
        if request is not None:
            path = request.group(2)
            scrubbed = scrubber.scrub_as("url_path", decision, path, found)
            return name if scrubbed == path else request.group(1) + scrubbed
    return scrubber.scrub(decision, name, found)
