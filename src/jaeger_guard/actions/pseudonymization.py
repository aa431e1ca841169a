"""Pseudonymize: the same value becomes the same text, which can't be turned back (docs/pseudonyms.md).

Where there is no key, and where what is scrubbed is kept for longer than an epoch, the value is redacted.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.actions.action import ActionEntry, ActionExample, Parameters, Protected
from jaeger_guard.actions.redaction import redact
from jaeger_guard.categories import CONTACT_EMAIL, IDENTITY_USER
from jaeger_guard.keys.service import FieldKeys
from jaeger_guard.keys.token import Place
from jaeger_guard.types import Action, Notation


def _apply(text: str, category: str, notation: Notation, _parameters: Parameters) -> str:
    return redact(text, category, notation)


def _pseudonym(
    keys: FieldKeys, text: str, category: str, parameters: Parameters, _place: Place | None
) -> Protected | None:
    if keys.pseudonyms is None:
        return None
    return Protected(keys.pseudonyms.pseudonym(text, category, parameters.purpose))


PSEUDONYMIZATION: Final = ActionEntry(
    action=Action.PSEUDONYMIZE,
    meaning="Replace the value by a keyed pseudonym: equal values stay equal, for one epoch",
    apply=_apply,
    keyed=_pseudonym,
    parameters=("purpose",),
    examples=(
        ActionExample(
            text="ana@example.com", category=CONTACT_EMAIL, becomes="[REDACTED:contact.email]"
        ),
        ActionExample(text="u-4711", category=IDENTITY_USER, notation=Notation.SQL, becomes="?"),
    ),
)
