"""The words of a rule: what each takes, how it is read, and what an editor is told about it.

This is the one list from which `Rule` checks its fields, the loader checks files, and the JSON
Schema is made.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from jaeger_guard.categories import ALL, is_pattern
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.keys.wraps import ROLE
from jaeger_guard.types import Action, Surface

LONGEST_KEY: Final = 256
MOST_LEFT: Final = 32
LONGEST_CITATION: Final = 512  # characters
MOST_ROLES: Final = 32
LONGEST_PURPOSE: Final = 64

# A policy holds no secrets, but what was pasted into the wrong setting may be one; so a word is
# only quoted where it looks like a word.
_QUOTABLE: Final = r"[A-Za-z][A-Za-z_.*-]{0,31}[0-9]{0,2}"

_Member = TypeVar("_Member", Action, Surface)


class Fault(NamedTuple):
    """One thing that is wrong: in which field, what, and the remedy."""

    field: str
    what: str
    remedy: str


def raise_faults(faults: list[Fault], where: str) -> None:
    """Raise one ConfigurationError that tells all `faults` of what stands at `where`, if any."""
    if not faults:
        return
    if len(faults) == 1:
        [(field, what, remedy)] = faults
        raise ConfigurationError(what, f"{where}, {field}" if field else where, remedy)
    raise ConfigurationError(
        "; ".join(f"{fault.field}: {fault.what}" for fault in faults),
        where,
        "; ".join(dict.fromkeys(fault.remedy for fault in faults)),
    )


def unknown_words(given: Iterable[object], known: Sequence[str]) -> list[Fault]:
    """Say which words of a table aren't known, each with the closest that is."""
    return [
        Fault(
            word if isinstance(word, str) and quoted(word) == f"'{word}'" else "",
            f"the word {quoted(word)} isn't known to this version",
            suggest(word, known),
        )
        for word in given
        if word not in known
    ]


def empty_words(given: Mapping[object, object], known: Sequence[str]) -> list[Fault]:
    """Say which known words of a table have no value, as YAML permits."""
    return [
        Fault(str(word), f"{word} has no value", f"Remove {word}, or give it a value")
        for word, value in given.items()
        if value is None and word in known
    ]


def quoted(text: object) -> str:
    """Quote a word of a policy; what doesn't look like a word is described instead."""
    if isinstance(text, str) and re.fullmatch(_QUOTABLE, text):
        return f"'{text}'"
    return "the text there" if isinstance(text, str) else f"a {kind(text)}"


def kind(value: object) -> str:
    """Name the kind of a value as people who write TOML or YAML call it."""
    names: dict[type, str] = {
        bool: "boolean",
        str: "text",
        int: "whole number",
        float: "number",
        list: "list",
        tuple: "list",
        dict: "table",
        type(None): "null",
    }
    return names.get(type(value), type(value).__name__)


def suggest(word: object, known: Iterable[str]) -> str:
    """Write a remedy that names the closest of the known words, or all where none is close."""
    choices = sorted(known)
    if isinstance(word, str):
        close = difflib.get_close_matches(word[:64].lower(), choices, n=1, cutoff=0.6)
        if close:
            return f"Did you mean '{close[0]}'? Known are {', '.join(choices)}"
    return f"Use one of {', '.join(choices)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One field of a rule.

    Attributes:
        name: The field, and the word in a file.
        meaning: One sentence for editors.
        schema: What a file may hold, as JSON Schema (draft 2020-12).
        read: Answers the value to keep, or a Fault.
        action: The action that the field belongs to; several, or None where any.
        spelled: The word in a file, where it is no name in Python; None where it is the field's.
    """

    name: str
    meaning: str
    schema: Mapping[str, Any]
    read: Callable[[object], object]
    action: Action | tuple[Action, ...] | None = None
    spelled: str | None = None

    @property
    def in_file(self) -> str:
        """The word as files have it."""
        return self.spelled or self.name

    @property
    def actions(self) -> tuple[Action, ...]:
        """The actions that it belongs to; none where it belongs to any."""
        if self.action is None:
            return ()
        return (self.action,) if isinstance(self.action, Action) else self.action


def _member(members: type[_Member], name: str, value: object) -> object:
    if isinstance(value, members):
        return value
    known = [member.value for member in members]
    if isinstance(value, str) and value in known:
        return members(value)
    what = (
        f"the {name} {quoted(value)} isn't known to this version"
        if isinstance(value, str)
        else f"the {name} is {quoted(value)}, not text"
    )
    return Fault(name, what, suggest(value, known))


def _read_key(value: object) -> object:
    if not isinstance(value, str):
        return Fault("key", f"the key is a {kind(value)}, not text", 'Write key = "user.*"')
    if not 0 < len(value) <= LONGEST_KEY:
        return Fault(
            "key",
            f"the key has {len(value)} characters",
            f"Give 1 to {LONGEST_KEY} characters; '*' stands for any",
        )
    return value


def _read_category(value: object) -> object:
    if isinstance(value, str) and is_pattern(value):
        return value
    if not isinstance(value, str):
        what = f"the category is a {kind(value)}, not text"
    else:
        what = f"the category {quoted(value)} isn't known"
    return Fault("category", what, suggest(value, category_patterns()))


def category_patterns() -> tuple[str, ...]:
    """List every category, and every branch as `branch.*`."""
    branches = {f"{category.partition('.')[0]}.*" for category in ALL}
    return ("*", *sorted({*ALL, *branches}))


def _read_count(name: str, lowest: int, highest: int, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        return Fault(
            name, f"{name} is a {kind(value)}, not a whole number", f"Write {name} = {lowest}"
        )
    if not lowest <= value <= highest:
        return Fault(name, f"{name} is out of range", f"Give {lowest} to {highest}")
    return value


def _read_step(value: object) -> object:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Fault("round_to", f"round_to is a {kind(value)}, not a number", "Write 0.1 or 10")
    # The bounds keep every answer a plain decimal number of a length that attributes may have.
    if not math.isfinite(value) or not 1e-9 <= value <= 1e12:
        return Fault("round_to", "round_to is out of range", "Give 0.000000001 to 1000000000000")
    return float(value)


def _read_flag(name: str, value: object) -> object:
    if isinstance(value, bool):
        return value
    return Fault(name, f"{name} is a {kind(value)}, not true or false", "Write true or false")


def read_citation(name: str, value: object) -> object:
    """Read a text that people read: a clause, a source, a reason, an owner."""
    if not isinstance(value, str):
        return Fault(name, f"{name} is a {kind(value)}, not text", f'Write {name} = "…"')
    if not (value.strip() and len(value) <= LONGEST_CITATION and value.isprintable()):
        remedy = f"Give 1 to {LONGEST_CITATION} characters on one line"
        return Fault(name, f"{name} is empty, too long, or of several lines", remedy)
    return value.strip()


def _read_roles(value: object) -> object:
    remedy = 'Write for = ["support"]'
    if not isinstance(value, list | tuple):
        return Fault("for", f"for is a {kind(value)}, not a list", remedy)
    if len(value) > MOST_ROLES or not all(
        isinstance(role, str) and ROLE.fullmatch(role) for role in value
    ):
        return Fault("for", "it holds something else than names of roles", remedy)
    return tuple(value)


def _read_search(value: object) -> object:
    if isinstance(value, bool):
        return value
    return Fault("search", f"search is a {kind(value)}, not true or false", "Write search = true")


def _read_purpose(value: object) -> object:
    if value is None or (isinstance(value, str) and len(value) <= LONGEST_PURPOSE):
        return value
    what = f"the purpose is a {kind(value)}" if not isinstance(value, str) else "it is too long"
    return Fault("purpose", what, 'Write purpose = "support"')


def _optional(read: Callable[[object], object], value: object) -> object:
    return None if value is None else read(value)


def _count(name: str, meaning: str, action: Action, lowest: int, highest: int) -> Word:
    return Word(
        name=name,
        meaning=meaning,
        schema={"type": "integer", "minimum": lowest, "maximum": highest},
        read=partial(_read_count, name, lowest, highest),
        action=action,
    )


WORDS: Final[tuple[Word, ...]] = (
    Word(
        name="key",
        meaning="Attribute keys that the rule is for; '*' stands for any characters, dots too, "
        "'?' for one, and case is ignored.",
        schema={"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
        read=partial(_optional, _read_key),
    ),
    Word(
        name="category",
        meaning="The data category that the rule is for, such as contact.email or contact.*.",
        schema={"enum": list(category_patterns())},
        read=partial(_optional, _read_category),
    ),
    Word(
        name="surface",
        meaning="The part of a span that the rule is for.",
        schema={"enum": [surface.value for surface in Surface]},
        read=partial(_optional, partial(_member, Surface, "surface")),
    ),
    Word(
        name="action",
        meaning="What is done, from the most to the least protective.",
        schema={"enum": [action.value for action in Action]},
        read=partial(_member, Action, "action"),
    ),
    _count(
        "leave_first",
        "How many characters at the beginning masking leaves.",
        Action.MASK,
        0,
        MOST_LEFT,
    ),
    _count(
        "leave_last", "How many characters at the end masking leaves.", Action.MASK, 0, MOST_LEFT
    ),
    # 32 and 128 would leave the whole address, and that is spelled keep.
    _count(
        "ipv4_prefix", "Bits of an IPv4 address that generalizing leaves.", Action.GENERALIZE, 0, 31
    ),
    _count(
        "ipv6_prefix",
        "Bits of an IPv6 address that generalizing leaves.",
        Action.GENERALIZE,
        0,
        127,
    ),
    Word(
        name="round_to",
        meaning="The step that generalizing rounds numbers to; without it numbers are redacted.",
        schema={"type": "number", "minimum": 1e-9, "maximum": 1e12},
        read=_read_step,
        action=Action.GENERALIZE,
    ),
    Word(
        name="age_cap",
        meaning="The age from which generalizing leaves '90+' alone, in years of birth too; "
        "younger ages stay.",
        schema={"type": "integer", "minimum": 1, "maximum": 150},
        read=partial(_optional, partial(_read_count, "age_cap", 1, 150)),
        action=Action.GENERALIZE,
    ),
    Word(
        name="zip3",
        meaning="Generalizing leaves three digits of a US ZIP code, 000 where few people live.",
        schema={"type": "boolean"},
        read=partial(_read_flag, "zip3"),
        action=Action.GENERALIZE,
    ),
    Word(
        name="clause",
        meaning="The clauses of a law or standard that the rule is for, separated by semicolons.",
        schema={"type": "string", "minLength": 1, "maxLength": LONGEST_CITATION},
        read=partial(_optional, partial(read_citation, "clause")),
    ),
    Word(
        name="source",
        meaning="Where the clause can be read: a URL or a citation.",
        schema={"type": "string", "minLength": 1, "maxLength": LONGEST_CITATION},
        read=partial(_optional, partial(read_citation, "source")),
    ),
    Word(
        name="refines",
        meaning="In a preset: the rule stands in place of what the presets that it extends say.",
        schema={"type": "boolean"},
        read=partial(_read_flag, "refines"),
    ),
    Word(
        name="roles",
        spelled="for",
        meaning="The roles that may read what is encrypted; without it, all that may read the category.",
        schema={
            "type": "array",
            "items": {"type": "string", "pattern": f"^{ROLE.pattern}$"},
            "maxItems": MOST_ROLES,
        },
        read=_read_roles,
        action=Action.ENCRYPT,
    ),
    Word(
        name="search",
        meaning="Whether a pseudonym stands next to what is encrypted, for finding equal values.",
        schema={"type": "boolean", "default": False},
        read=_read_search,
        action=Action.ENCRYPT,
    ),
    Word(
        name="purpose",
        meaning="What pseudonyms are for: those of two purposes can't be joined.",
        schema={"type": "string", "maxLength": LONGEST_PURPOSE},
        read=_read_purpose,
        action=(Action.PSEUDONYMIZE, Action.ENCRYPT),
    ),
)


CONDITIONS: Final = ("key", "category", "surface")
