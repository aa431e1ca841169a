"""Mask: all but a few characters become `*`, so that a support case can still tell two values apart.

The answer has the value's length and its separators. Anything else becomes `*`, punctuation too,
since a password may consist of it.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.actions.action import ActionEntry, ActionExample, Parameters
from jaeger_guard.categories import CONTACT_EMAIL, CONTACT_PHONE, FINANCIAL_CARD, IDENTITY_USER
from jaeger_guard.markers import is_marker, marker
from jaeger_guard.types import Action, Notation

_SEPARATORS: Final = frozenset(" -.@/:")
_STAR: Final = "*"


def mask(text: str, leave_first: int = 0, leave_last: int = 0) -> str:
    """Return `text` with each character but separators and those left replaced by `*`.

    Where `leave_first` and `leave_last` together would leave more than half of the characters
    (separators don't count), the value is too short to be left in part, and none is left.
    """
    total = sum(character not in _SEPARATORS for character in text)
    if 2 * (leave_first + leave_last) > total:
        leave_first = leave_last = 0
    masked = []
    position = 0
    # A `*` counts as any other character, so masking what is masked finds the same positions.
    for character in text:
        if character in _SEPARATORS:
            masked.append(character)
            continue
        left = position < leave_first or position >= total - leave_last
        masked.append(character if left else _STAR)
        position += 1
    return "".join(masked)


def _apply(text: str, category: str, notation: Notation, parameters: Parameters) -> str:
    if notation is Notation.SQL:  # masked text is no literal of SQL
        return marker(category, notation)
    if is_marker(text):
        return text
    return mask(text, parameters.leave_first, parameters.leave_last)


MASKING: Final = ActionEntry(
    action=Action.MASK,
    meaning="Replace all but the first and last few characters by asterisks",
    apply=_apply,
    parameters=("leave_first", "leave_last"),
    examples=(
        ActionExample(
            text="4111 1111 1111 1111",
            category=FINANCIAL_CARD,
            parameters=Parameters(leave_last=4),
            becomes="**** **** **** 1111",
        ),
        ActionExample(
            text="4111-1111-1111-1111",
            category=FINANCIAL_CARD,
            parameters=Parameters(leave_first=4, leave_last=4),
            becomes="4111-****-****-1111",
        ),
        ActionExample(
            text="ana@example.com",
            category=CONTACT_EMAIL,
            parameters=Parameters(leave_first=1),
            becomes="a**@*******.***",
        ),
        ActionExample(text="+49 30 901820", category=CONTACT_PHONE, becomes="*** ** ******"),
        ActionExample(
            text="ana7",
            category=IDENTITY_USER,
            parameters=Parameters(leave_last=4),
            becomes="****",
        ),
        ActionExample(
            text="4111111111111111",
            category=FINANCIAL_CARD,
            parameters=Parameters(leave_last=4),
            notation=Notation.SQL,
            becomes="?",
        ),
        ActionExample(
            text="4111111111111111",
            category=FINANCIAL_CARD,
            parameters=Parameters(leave_last=4),
            notation=Notation.URL,
            becomes="************1111",
        ),
    ),
)
