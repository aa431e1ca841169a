"""Redact: a marker that says the category stands where the value stood."""

from __future__ import annotations

from typing import Final

from jaeger_guard.actions.action import ActionEntry, ActionExample, Parameters
from jaeger_guard.categories import CONTACT_EMAIL, CREDENTIAL_TOKEN, FINANCIAL_CARD
from jaeger_guard.markers import is_marker, marker
from jaeger_guard.types import Action, Notation


def redact(text: str, category: str, notation: Notation) -> str:
    """Return the marker for `category`; a marker that stands there already stays as it is."""
    if notation is not Notation.SQL and is_marker(text):
        return text
    return marker(category, notation)


def _apply(text: str, category: str, notation: Notation, _parameters: Parameters) -> str:
    return redact(text, category, notation)


REDACTION: Final = ActionEntry(
    action=Action.REDACT,
    meaning="Replace the value by a marker that names its category",
    apply=_apply,
    examples=(
        ActionExample(
            text="ana@example.com", category=CONTACT_EMAIL, becomes="[REDACTED:contact.email]"
        ),
        ActionExample(
            text="s3cr3t", category=CREDENTIAL_TOKEN, notation=Notation.URL, becomes="REDACTED"
        ),
        ActionExample(
            text="4111111111111111", category=FINANCIAL_CARD, notation=Notation.SQL, becomes="?"
        ),
        ActionExample(
            text="[REDACTED:contact.email]",
            category=CREDENTIAL_TOKEN,
            becomes="[REDACTED:contact.email]",
        ),
    ),
)

# On a span's name, a status text or a key nothing can be dropped, and drop means redact
# (docs/architecture.md); an attribute is dropped by whoever walks the span.
DROPPING: Final = ActionEntry(
    action=Action.DROP,
    meaning="Remove the attribute; where nothing can be removed, redact",
    apply=_apply,
    examples=(
        ActionExample(
            text="ana@example.com", category=CONTACT_EMAIL, becomes="[REDACTED:contact.email]"
        ),
    ),
)
