"""Read the tables of a policy file that become frozen values: each word is listed once.

A value's fields and a table's words are the same list, as with `Rule`: the value checks itself by it,
the loader reads a file by it, and the JSON Schema is made of it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy.words import (
    Fault,
    Word,
    empty_words,
    kind,
    quoted,
    raise_faults,
    suggest,
    unknown_words,
)

LONGEST_GLOB: Final = 256
MOST_ENTRIES: Final = 1024


def settle(value: Any, words: Sequence[Word], where: str, more: Callable[[], list[Fault]]) -> None:
    """Check a frozen value's fields by their words, and put what was read into it.

    Args:
        value: The value under construction.
        words: One for each field.
        where: What errors call it.
        more: Says what is wrong with fields that are right by themselves.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """
    faults: list[Fault] = []
    for word in words:
        read = word.read(getattr(value, word.name))
        if isinstance(read, Fault):
            faults.append(read)
        else:
            object.__setattr__(value, word.name, read)
    raise_faults(faults or more(), where)


def read_table(given: object, make: type, words: Sequence[Word], where: str) -> Any:
    """Build a value from a table of a file.

    Raises:
        ConfigurationError: Names the place, the words that are wrong, and the remedy.
    """
    if not isinstance(given, dict):
        what = f"it is a {kind(given)}, not a table"
        raise ConfigurationError(what, where, "Write a table of words")
    known = [word.name for word in words]
    faults = [*unknown_words(given, known), *empty_words(given, known)]
    values: dict[str, object] = {}
    for word in words:
        if word.name in given:
            read = word.read(given[word.name])
            if isinstance(read, Fault):
                faults.append(read)
            else:
                values[word.name] = read
    required = [field.name for field in fields(make) if _is_required(field)]
    faults += [
        Fault(name, f"{name} is missing", f"Add {name}") for name in required if name not in given
    ]
    raise_faults(faults, where)
    fault: ConfigurationError
    try:
        return make(**values)
    except ConfigurationError as error:
        fault = error
    _, comma, field = fault.where.partition(", ")
    raise ConfigurationError(fault.what, where + comma + field, fault.remedy)


def _is_required(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def schema_of(words: Sequence[Word], required: Sequence[str] = ()) -> dict[str, Any]:
    """Describe a table for editors."""
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {word.name: {"description": word.meaning, **word.schema} for word in words},
    }
    if required:
        schema["required"] = list(required)
    return schema


# --- readers of single words -----------------------------------------------------------------------


def glob(name: str) -> Callable[[object], object]:
    """Read a glob, or None."""

    def read(value: object) -> object:
        if value is None:
            return None
        if not isinstance(value, str):
            return Fault(name, f"{name} is a {kind(value)}, not text", f'Write {name} = "…*"')
        if not 0 < len(value) <= LONGEST_GLOB:
            return Fault(
                name,
                f"{name} has {len(value)} characters",
                f"Give 1 to {LONGEST_GLOB} characters; '*' stands for any",
            )
        return value

    return read


def texts(name: str) -> Callable[[object], object]:
    """Read a list of texts, none empty."""

    def read(value: object) -> object:
        if not isinstance(value, list | tuple):
            return Fault(name, f"{name} is a {kind(value)}, not a list", f'Write {name} = ["…"]')
        if len(value) > MOST_ENTRIES:
            return Fault(name, f"{name} has too many entries", f"Give {MOST_ENTRIES} at the most")
        if not all(isinstance(text, str) and 0 < len(text) <= LONGEST_GLOB for text in value):
            return Fault(
                name,
                f"{name} holds something else than texts of 1 to {LONGEST_GLOB} characters",
                f'Write {name} = ["…"]',
            )
        return tuple(value)

    return read


def mapping(name: str, values: tuple[str, ...] = ()) -> Callable[[object], object]:
    """Read a table of texts by text; `values` are the texts that are allowed, where not all are."""

    def read(value: object) -> object:
        if value is None:
            return ()
        what = f"{name} is no table of texts"
        remedy = f'Write {name} = {{"…" = "{values[0] if values else "…"}"}}'
        if not isinstance(value, Mapping | list | tuple):
            return Fault(name, what, remedy)
        entries: Sequence[object] = (
            tuple(value.items()) if isinstance(value, Mapping) else tuple(value)
        )
        pairs: list[tuple[str, str]] = []
        for pair in entries:
            if not (isinstance(pair, tuple | list) and len(pair) == 2):
                return Fault(name, what, remedy)
            key, text = pair
            text = _plain(text)
            if not (
                isinstance(key, str) and isinstance(text, str) and 0 < len(key) <= LONGEST_GLOB
            ):
                return Fault(name, what, remedy)
            if len(text) > LONGEST_GLOB or (values and text not in values):
                return Fault(name, f"{name} holds {quoted(text)}", remedy)
            pairs.append((key, text))
        if len(pairs) > MOST_ENTRIES:
            return Fault(name, f"{name} has too many entries", f"Give {MOST_ENTRIES} at the most")
        return tuple(pairs)

    return read


def _plain(value: object) -> object:
    """Write a boolean or a number as attributes are compared with."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def choice(
    name: str, known: Sequence[str], *, optional: bool = False
) -> Callable[[object], object]:
    """Read one of some words; a member of an enumeration stands for its name."""

    def read(value: object) -> object:
        if value is None and optional:
            return None
        text = getattr(value, "name", value)  # SpanKind.SERVER is "server"
        if isinstance(text, str) and text.lower() in known:
            return text.lower()
        what = (
            f"the {name} {quoted(text)} isn't known to this version"
            if isinstance(text, str)
            else f"the {name} is a {kind(value)}, not text"
        )
        return Fault(name, what, suggest(text, known))

    return read


def flag(name: str) -> Callable[[object], object]:
    """Read true or false."""

    def read(value: object) -> object:
        if isinstance(value, bool):
            return value
        return Fault(name, f"{name} is a {kind(value)}, not true or false", "Write true or false")

    return read


def number(
    name: str, lowest: float, highest: float, *, optional: bool = True, above: bool = False
) -> Callable[[object], object]:
    """Read a finite number; `above` where the lowest itself isn't allowed."""

    def read(value: object) -> object:
        if value is None and optional:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return Fault(
                name, f"{name} is a {kind(value)}, not a number", f"Write {name} = {highest}"
            )
        if (
            not math.isfinite(value)
            or not lowest <= value <= highest
            or (above and value == lowest)
        ):
            bound = f"more than {lowest:g}" if above else f"{lowest:g}"
            return Fault(name, f"{name} is out of range", f"Give {bound} to {highest:g}")
        return float(value)

    return read


def path(name: str) -> Callable[[object], object]:
    """Read a path, or None."""

    def read(value: object) -> object:
        if value is None or isinstance(value, os.PathLike):
            return None if value is None else os.fspath(value)
        if isinstance(value, str) and value:
            return value
        return Fault(name, f"{name} is a {kind(value)}, not a path", "Name a file")

    return read
