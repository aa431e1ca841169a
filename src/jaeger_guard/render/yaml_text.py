"""Write plain values as YAML that people read: blocks, one quoting style, comments in front.

Texts stand in single quotes, in which YAML knows no escapes, so that a regular expression looks as it is.
PyYAML isn't needed, and the same values give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def to_yaml(value: Mapping[str, Any]) -> str:
    """Write a mapping as a document."""
    return "\n".join(_mapping(value, "")) + "\n"


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(f"{indent}{key}:", item, indent + "  ")


def _entry(head: str, item: Any, indent: str) -> Iterator[str]:
    if isinstance(item, Mapping) and item:
        yield head
        yield from _mapping(item, indent)
    elif isinstance(item, Sequence) and not isinstance(item, str) and item:
        yield head
        for element in item:
            yield from _element(element, indent)
    else:
        yield f"{head} {_scalar(item)}"


def _element(element: Any, indent: str) -> Iterator[str]:
    if isinstance(element, Mapping) and element:
        lines = list(_mapping(element, indent + "  "))
        yield f"{indent}- {lines[0].lstrip()}"
        yield from lines[1:]
    else:
        yield f"{indent}- {_scalar(element)}"


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        doubled = value.replace("'", "''")
        return f"'{doubled}'"
    return "{}" if isinstance(value, Mapping) else "[]"
