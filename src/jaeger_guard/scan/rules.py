"""Rules to paste: for each thing that was found, the rule that would have stopped it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from jaeger_guard.policy.words import LONGEST_KEY
from jaeger_guard.scan.tally import OTHERS, Place
from jaeger_guard.types import Surface

_KEYED = (
    Surface.ATTRIBUTE.value,
    Surface.EVENT.value,
    Surface.LINK.value,
    Surface.RESOURCE.value,
    Surface.SCOPE.value,
)


def rules_for(places: Iterable[Place], extends: Sequence[str]) -> str:
    """Write a policy, in TOML, that stops what was found in these places.

    Args:
        places: Where something was found.
        extends: The policies that it was found by, which these rules stand on.
    """
    lines = [f"extends = {json.dumps(list(extends))}"]
    for category, condition, action in sorted({_rule(place) for place in places}):
        lines += [
            "",
            "[[rules]]",
            condition,
            f"category = {json.dumps(category)}",
            f"action = {json.dumps(action)}",
        ]
    return "\n".join(lines) + "\n"


def _rule(place: Place) -> tuple[str, str, str]:
    # A key that was itself scrubbed doesn't stand in spans as it stands here.
    named = (
        place.surface in _KEYED
        and 0 < len(place.key) <= LONGEST_KEY
        and place.key != OTHERS
        and "REDACTED" not in place.key
    )
    condition = f"key = {_quoted(place.key)}" if named else f'surface = "{place.surface}"'
    return place.category, condition, place.action


def _quoted(text: str) -> str:
    """Write a TOML basic string, in which a terminal finds nothing to obey.

    JSON's escapes are all TOML's, but for pairs of surrogates.
    """
    return "".join(
        letter if letter.isprintable() else _escaped(ord(letter))
        for letter in json.dumps(text, ensure_ascii=False)
    )


def _escaped(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
