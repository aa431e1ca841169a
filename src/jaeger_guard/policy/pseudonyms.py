"""What pseudonyms are made with: the table `[pseudonyms]` of a policy."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from jaeger_guard.categories import is_pattern
from jaeger_guard.policy.tables import choice, path, read_table, settle
from jaeger_guard.policy.words import (
    LONGEST_PURPOSE,
    Fault,
    Word,
    category_patterns,
    kind,
    quoted,
    suggest,
)

GUARD: Final = "guard"
COLLECTOR: Final = "collector"
_MODES: Final = (GUARD, COLLECTOR)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_GROUP: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
MOST_EPOCH_DAYS: Final = 3660

KeySource: TypeAlias = bytes | str | Callable[[], bytes | str]


def _purpose(value: object) -> object:
    if isinstance(value, str) and len(value) <= LONGEST_PURPOSE:
        return value
    what = f"the purpose is a {kind(value)}" if not isinstance(value, str) else "it is too long"
    return Fault("purpose", what, 'Write purpose = "support"')


def _variable(value: object) -> object:
    if value is None or (isinstance(value, str) and _VARIABLE.fullmatch(value)):
        return value
    what = "key_variable is no name of a variable"
    return Fault("key_variable", what, 'Write key_variable = "SHOP_PSEUDONYM_KEY"')


def _days(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        what = f"epoch_days is a {kind(value)}, not a whole number"
        return Fault("epoch_days", what, "Write epoch_days = 7")
    if not 1 <= value <= MOST_EPOCH_DAYS:
        return Fault("epoch_days", "epoch_days is out of range", f"Give 1 to {MOST_EPOCH_DAYS}")
    return value


def _join(value: object) -> object:
    remedy = 'Write join = {customer = ["contact.email", "identity.user"]}'
    entries: Any = value.items() if isinstance(value, Mapping) else value
    if value is None or value == ():
        return ()
    if not isinstance(value, Mapping | tuple):
        return Fault("join", f"join is a {kind(value)}, not a table", remedy)
    groups: list[tuple[str, tuple[str, ...]]] = []
    for name, patterns in entries:
        if not isinstance(name, str) or _GROUP.fullmatch(name) is None:
            return Fault("join", "a group's name is no word", remedy)
        if not isinstance(patterns, list | tuple) or not patterns:
            return Fault("join", f"the group {quoted(name)} lists no categories", remedy)
        for pattern in patterns:
            if not isinstance(pattern, str) or not is_pattern(pattern):
                what = f"the category {quoted(pattern)} isn't known"
                return Fault("join", what, suggest(pattern, category_patterns()))
        groups.append((name, tuple(patterns)))
    return tuple(groups)


PSEUDONYM_WORDS: Final = (
    Word(
        name="mode",
        meaning="guard: by category, purpose and epoch; collector: as the Collector's redaction "
        "processor writes them with hash_function hmac-sha256.",
        schema={"enum": list(_MODES), "default": GUARD},
        read=choice("mode", _MODES),
    ),
    Word(
        name="key_file",
        meaning="The file that holds the key, relative to the policy's own: 32 bytes as base64 text; "
        "in the Collector's mode the text itself, of 32 bytes or more.",
        schema={"type": "string", "minLength": 1},
        read=path("key_file"),
    ),
    Word(
        name="key_variable",
        meaning="The environment variable that holds the key, in place of a file.",
        schema={"type": "string", "pattern": f"^{_VARIABLE.pattern}$"},
        read=_variable,
    ),
    Word(
        name="purpose",
        meaning="What pseudonyms are for, where a rule doesn't say: those of two purposes can't be joined.",
        schema={"type": "string", "maxLength": LONGEST_PURPOSE, "default": ""},
        read=_purpose,
    ),
    Word(
        name="epoch_days",
        meaning="For how many days a value keeps its pseudonym.",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_EPOCH_DAYS, "default": 7},
        read=_days,
    ),
    Word(
        name="join",
        meaning="Groups of categories, by name, within which equal values get equal pseudonyms.",
        schema={
            "type": "object",
            "patternProperties": {
                f"^{_GROUP.pattern}$": {
                    "type": "array",
                    "items": {"enum": list(category_patterns())},
                    "minItems": 1,
                }
            },
            "additionalProperties": False,
        },
        read=_join,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """What pseudonyms are made with. One of `key_file`, `key_variable` and `key` is needed.

    Attributes:
        mode: `"guard"`: by category, purpose and epoch. `"collector"`: byte for byte what the
            Collector's redaction processor writes with `hash_function: hmac-sha256`.
        key_file: The file that holds the key: 32 bytes as base64 text, mode 0600; in the Collector's
            mode its text, of 32 bytes or more, is the key.
        key_variable: The environment variable that holds it instead.
        key: The key itself, or a callable that answers it once.
        purpose: What pseudonyms are for, where a rule doesn't say.
        epoch_days: For how many days a value keeps its pseudonym.
        join: Groups of categories, by name, within which equal values get equal pseudonyms.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    mode: str = GUARD
    key_file: str | os.PathLike[str] | None = None
    key_variable: str | None = None
    key: KeySource | None = field(default=None, repr=False)
    purpose: str = ""
    epoch_days: int = 7
    join: Mapping[str, Sequence[str]] | Sequence[tuple[str, Sequence[str]]] = ()

    def __post_init__(self) -> None:
        settle(self, PSEUDONYM_WORDS, "Pseudonyms", self._more)

    def _more(self) -> list[Fault]:
        given = [each for each in (self.key_file, self.key_variable, self.key) if each is not None]
        if len(given) == 1:
            return []
        what = "there is no key" if not given else "there is more than one key"
        return [Fault("key_file", what, "Name a key_file or a key_variable")]

    def over(self, other: Pseudonyms) -> Pseudonyms:
        """Return this: one policy decides about the key, the one that comes first."""
        return self

    def beside(self, directory: os.PathLike[str]) -> Pseudonyms:
        """Return this with the file's name relative to a directory resolved."""
        if self.key_file is None:
            return self
        return replace(self, key_file=os.path.join(directory, os.path.expanduser(self.key_file)))

    def told(self) -> Any:
        """Return what a policy's digest covers; nothing of the key."""
        return [self.mode, self.purpose, self.epoch_days, self.join]


def read_pseudonyms(given: object, where: str) -> Pseudonyms:
    """Read the table `[pseudonyms]` of a policy file.

    Raises:
        ConfigurationError: Names the place, what is wrong, and the remedy.
    """
    pseudonyms: Pseudonyms = read_table(given, Pseudonyms, PSEUDONYM_WORDS, where)
    return pseudonyms
