"""Open the encrypted fields of stored spans with a role's keys.

A token is bound to where it was written: the attribute's key, and the path inside a map or a list. A
store may have made JSON text of a map, as Jaeger's older API does; so a token in such a text is tried at
the text's place, and at its own place in what the text says. Trying costs nothing in trust: a token opens
at the place that it was sealed for, or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from jaeger_guard.keys import (
    KEYS_ATTRIBUTE,
    DestroyedError,
    FieldError,
    OpenedField,
    Place,
    RoleKey,
    TamperedError,
    Wrap,
    WrongRoleError,
    find_tokens,
    open_field,
    read_wraps,
)
from jaeger_guard.keys.token import PREFIX, category_of_code, read_token
from jaeger_guard.stored.span import StoredSpan

_DEEPEST: Final = 64
_MOST_WITHIN: Final = 8  # tokens in what a token holds
_MOST_PLACES: Final = 8  # that one token is tried at; written once, it stands at one


class Outcome(Enum):
    """What came of one token, from the worst to the best."""

    TAMPERED = "tampered"
    DESTROYED = "destroyed"
    WRONG_ROLE = "wrong role"
    OPENED = "opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One token, and what came of it.

    Attributes:
        where: `attribute`, `event` or `link`.
        place: The attribute's key, and the path inside it.
        outcome: What came of it.
        category: Its data category; None where this version doesn't know it.
        role: The role whose key opened it; empty otherwise.
        epoch: The epoch of that key; 0 otherwise.
        key_id: The data key's id, in hexadecimal; empty for what is no token.
    """

    where: str
    place: tuple[str, ...]
    outcome: Outcome
    category: str | None
    role: str = ""
    epoch: int = 0
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute that holds tokens.

    Attributes:
        where: `attribute`, `event` or `link`.
        key: The attribute's key.
        shown: Its value with what was opened in the place of tokens; never in `repr`.
        openings: What came of its tokens.
    """

    where: str
    key: str
    shown: Any = field(repr=False)
    openings: tuple[Opening, ...]


def open_span(span: StoredSpan, role_keys: Sequence[RoleKey]) -> list[Field]:
    """Open what can be opened of a span's fields; none of those without a token.

    Args:
        span: The span.
        role_keys: The private keys that one holds.
    """
    written = span.attributes.get(KEYS_ATTRIBUTE)
    wraps = read_wraps(written) if isinstance(written, str) else ()
    groups = [("attribute", span.attributes)]
    groups += [("event", attributes) for _, attributes in span.events]
    groups += [("link", attributes) for attributes in span.links]
    return [
        found
        for where, attributes in groups
        for key, value in attributes.items()
        if key != KEYS_ATTRIBUTE and (found := _field(where, key, value, wraps, role_keys))
    ]


def _field(
    where: str, key: str, value: Any, wraps: Sequence[Wrap], role_keys: Sequence[RoleKey]
) -> Field | None:
    opener = _Opener(where, wraps, role_keys)
    shown = opener.value(value, (key,), 0)
    return Field(where, key, shown, tuple(opener.openings)) if opener.openings else None


class _Opener:
    """Opens the tokens of one attribute."""

    def __init__(self, where: str, wraps: Sequence[Wrap], role_keys: Sequence[RoleKey]) -> None:
        self._where = where
        self._wraps = wraps
        self._role_keys = role_keys
        self.openings: list[Opening] = []

    def value(self, value: Any, place: tuple[str, ...], depth: int) -> Any:
        if isinstance(value, str):
            return self._text(value, place) if PREFIX in value else value
        if depth < _DEEPEST and isinstance(value, list):
            return [
                self.value(item, (*place, str(index)), depth + 1)
                for index, item in enumerate(value)
            ]
        if depth < _DEEPEST and isinstance(value, Mapping):
            return {
                key: self.value(item, (*place, str(key)), depth + 1) for key, item in value.items()
            }
        return value

    def _text(self, text: str, place: tuple[str, ...], within: int = 0) -> str:
        others = _places_in_json(text) if within == 0 else {}
        pieces, at = [], 0
        for start, end in find_tokens(text):
            token = text[start:end]
            places = [place, *((*place, *path) for path in others.get(token, ()))]
            pieces += [text[at:start], self._token(token, places, within)]
            at = end
        return "".join(pieces) + text[at:]

    def _token(self, token: str, places: Sequence[tuple[str, ...]], within: int) -> str:
        parts = read_token(token)
        category = None if parts is None else category_of_code(parts.category)
        key_id = "" if parts is None else parts.key_id.hex()
        outcome = Outcome.TAMPERED
        for place in places:
            try:
                opened = open_field(token, self._wraps, _as_place(place), self._role_keys)
            except FieldError as error:
                outcome = _outcome_of(error)
                if outcome is not Outcome.TAMPERED:
                    break
            else:
                return self._opened(opened, place, within)
        self.openings.append(
            Opening(
                where=self._where,
                place=places[0],
                outcome=outcome,
                category=category,
                key_id=key_id,
            )
        )
        return f"[{outcome.value}: {category or 'unknown'}]"

    def _opened(self, opened: OpenedField, place: tuple[str, ...], within: int) -> str:
        self.openings.append(
            Opening(
                where=self._where,
                place=place,
                outcome=Outcome.OPENED,
                category=opened.category,
                role=opened.role,
                epoch=opened.epoch,
                key_id=opened.key_id,
            )
        )
        if PREFIX in opened.value and within < _MOST_WITHIN:
            return self._text(opened.value, place, within + 1)
        return opened.value


def _as_place(place: tuple[str, ...]) -> Place:
    return place[0] if len(place) == 1 else place


def _outcome_of(error: FieldError) -> Outcome:
    if isinstance(error, WrongRoleError):
        return Outcome.WRONG_ROLE
    if isinstance(error, DestroyedError):
        return Outcome.DESTROYED
    assert isinstance(error, TamperedError)
    return Outcome.TAMPERED


def _places_in_json(text: str) -> dict[str, list[tuple[str, ...]]]:
    """Find where tokens stand in what a text says as JSON: paths by token."""
    if text[:1] not in ("[", "{"):
        return {}
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    found: dict[str, list[tuple[str, ...]]] = {}
    for path, leaf in _leaves(tree, ()):
        for start, end in find_tokens(leaf):
            paths = found.setdefault(leaf[start:end], [])
            if len(paths) < _MOST_PLACES:
                paths.append(path)
    return found


def _leaves(tree: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(tree, str):
        if PREFIX in tree:
            yield path, tree
        return
    if len(path) >= _DEEPEST:
        return
    if isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _leaves(item, (*path, str(index)))
    elif isinstance(tree, dict):
        for key, item in tree.items():
            yield from _leaves(item, (*path, key))
