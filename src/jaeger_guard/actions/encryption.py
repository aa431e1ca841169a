"""Encrypt: a token that only holders of a role's private key can open (docs/encryption.md).

A token stands in an attribute's value, where its key is authenticated; anywhere else, and where it can't
be made, the value is redacted.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.actions.action import ActionEntry, ActionExample, Parameters, Protected
from jaeger_guard.actions.redaction import redact
from jaeger_guard.categories import CONTACT_EMAIL, FINANCIAL_IBAN
from jaeger_guard.keys.service import FieldKeys
from jaeger_guard.keys.token import Place
from jaeger_guard.types import Action, Notation


def _apply(text: str, category: str, notation: Notation, _parameters: Parameters) -> str:
    return redact(text, category, notation)


def _seal(
    keys: FieldKeys, text: str, category: str, parameters: Parameters, place: Place | None
) -> Protected | None:
    if place is None:
        return None
    sealed = keys.encrypt(text, category, place, parameters.roles)
    if sealed is None:
        return None
    beside = None
    if parameters.search and keys.pseudonyms is not None:
        beside = keys.pseudonyms.pseudonym(text, category, parameters.purpose)
    return Protected(sealed.token, sealed.key, beside)


ENCRYPTION: Final = ActionEntry(
    action=Action.ENCRYPT,
    meaning="Replace the value by a token that only some roles can open; where there can be none, redact",
    apply=_apply,
    keyed=_seal,
    parameters=("roles", "search", "purpose"),
    examples=(
        ActionExample(
            text="ana@example.com", category=CONTACT_EMAIL, becomes="[REDACTED:contact.email]"
        ),
        ActionExample(
            text="DE89370400440532013000",
            category=FINANCIAL_IBAN,
            notation=Notation.SQL,
            becomes="?",
        ),
    ),
)
