"""Find planted values in what a backend received: in every string, number and byte of it.

Absence proves something only where presence would have been seen, so whatever hides a value from a
plain search is undone first: base64 (bytes in JSON), JSON inside strings, percent-encoding, and
numbers, which protobuf writes as varints.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

_DEEPEST: Final = 64


def strings_in(tree: object, depth: int = 0) -> list[str]:
    """List every key and value of a JSON `tree` as text, also as decoded from base64 and JSON."""
    if depth > _DEEPEST:
        return [str(tree)]
    if isinstance(tree, dict):
        found = [str(key) for key in tree]
        for value in tree.values():
            found += strings_in(value, depth + 1)
        return found
    if isinstance(tree, list):
        return [text for value in tree for text in strings_in(value, depth + 1)]
    if isinstance(tree, str):
        return [tree, *_decoded(tree, depth)]
    return [] if tree is None else [_number(tree)]


def _number(value: object) -> str:
    """Write a float that is whole as the integer it stands for, so that 4.1e15 is found too."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _decoded(text: str, depth: int) -> list[str]:
    found = []
    try:
        found.append(base64.b64decode(text, validate=True).decode("utf-8", "replace"))
    except ValueError:
        pass
    if text[:1] in ("[", "{", '"'):
        try:
            found += strings_in(json.loads(text), depth + 1)
        except ValueError:
            pass
    if "%" in text:
        found.append(unquote(text))
    return found


def planted_found(planted: Iterable[str], strings: Iterable[str]) -> list[str]:
    """Name the `planted` values that stand in one of `strings`, whatever their case."""
    haystack = "\n".join(strings).lower()
    return [value for value in planted if value.lower() in haystack]
