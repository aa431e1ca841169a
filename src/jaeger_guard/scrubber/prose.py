"""Which texts a recognizer is asked about: prose under a key that says nothing better."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from jaeger_guard.policy.compiled import KeyDecision
from jaeger_guard.policy.recognition import PRESIDIO, Recognition
from jaeger_guard.recognizers import RecognizerProcess
from jaeger_guard.semconv import KeyKind
from jaeger_guard.types import Surface

# Names of spans, keys and scopes are written by programmers; a tracestate holds no prose.
_SURFACES: Final = frozenset({Surface.ATTRIBUTE, Surface.EVENT, Surface.LINK, Surface.STATUS})
_PRESIDIO_FACTORY: Final = "jaeger_guard.recognizers.presidio:make"


@cache
def _prose() -> re.Pattern[str]:
    # Two words, one of them with a capital, or of a script that knows none.
    return re.compile(r"[A-Z\u00c0-\u00de][a-z\u00df-\u00ff'\u2019\-]|[^\x00-\u02ff]")


def is_prose(text: str) -> bool:
    """Say whether a name may stand in `text` among other words."""
    found = _prose().search(text)
    return found is not None and (" " in text.strip() or not found.group().isascii())


def wanted_by_recognizer(decision: KeyDecision, text: str, format_name: str) -> bool:
    """Say whether `text`, found in a format or in none, is one to ask the recognizer about."""
    return (
        format_name in ("", "text")
        and decision.surface in _SURFACES
        and decision.key_class.kind is not KeyKind.SAFE
        and not decision.key_class.identifier
        and not decision.unsafe
        and is_prose(text)
    )


def withholds(recognition: Recognition | None) -> bool:
    """Say whether a text that got no answer is withheld."""
    return recognition is not None and recognition.unanswered == "withhold"


def start_recognizer(recognition: Recognition | None) -> RecognizerProcess | None:
    """Start the process that a policy asks for, and wait until it is ready; None where none does.

    Raises:
        ConfigurationError: It can't be started.
    """
    if recognition is None:
        return None
    by_presidio = recognition.recognizer == PRESIDIO
    options = {"model": recognition.model, "language": recognition.language} if by_presidio else {}
    process = RecognizerProcess(
        _PRESIDIO_FACTORY if by_presidio else recognition.recognizer,
        options,
        budget=recognition.budget,
        longest=recognition.longest,
    )
    process.start()
    return process
