"""Apply an action that needs keys; where nothing can be made, redact, and say so.

A token or a pseudonym has to stand apart in its text, or it would not be known where it ends. One that
would be kept for the life of the process, in a key or a resource, would outlive its epoch. And what must
not be kept after a payment is redacted, whatever a rule with a wildcard says.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.actions import ACTIONS
from jaeger_guard.actions.redaction import redact
from jaeger_guard.categories import NEVER_STORED
from jaeger_guard.keys.service import FieldKeys
from jaeger_guard.policy import Treatment
from jaeger_guard.scrubber.found import Findings
from jaeger_guard.types import Action, Notation, Surface

# Scrubbed once, and kept for all spans that share them.
_LASTING: Final = frozenset(
    surface._value_ for surface in (Surface.KEY, Surface.RESOURCE, Surface.SCOPE)
)


def needs_keys(treatment: Treatment) -> bool:
    """Say whether a treatment is done with keys."""
    action = treatment.action
    return action is Action.ENCRYPT or action is Action.PSEUDONYMIZE


def protect(
    keys: FieldKeys | None,
    treatment: Treatment,
    text: str,
    category: str,
    surface: Surface,
    notation: Notation,
    found: Findings,
    *,
    stands_apart: bool,
) -> tuple[str, Action]:
    """Return what stands for a text, and what was done: the treatment's action, or redact."""
    pseudonyms = None if keys is None else keys.pseudonyms
    if (
        keys is not None
        and notation is not Notation.SQL  # it would have to be a literal
        and stands_apart
        and category not in NEVER_STORED
        and not (
            treatment.action is Action.PSEUDONYMIZE
            and surface._value_ in _LASTING
            and not (pseudonyms is not None and pseudonyms.as_collector)
        )
    ):
        keyed = ACTIONS[treatment.action].keyed
        assert keyed is not None  # asked for actions that need keys alone
        made = keyed(keys, text, category, treatment.parameters, found.place)
        if made is not None:
            found.note_own(made.text, made.key, made.beside)
            return made.text, treatment.action
        found.unsure = True  # it may be possible a moment later, and each is counted
    return redact(text, category, notation), Action.REDACT


def stands_apart(text: str, start: int, end: int) -> bool:
    """Say whether a part of a text is followed and preceded by what is in no token."""
    return not (_is_of_token(text[start - 1 : start]) or _is_of_token(text[end : end + 1]))


def _is_of_token(character: str) -> bool:
    return character.isalnum() or character in ("_", "-")
