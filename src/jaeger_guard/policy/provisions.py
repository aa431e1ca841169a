"""What a preset says of the law beside its rules: clauses that it undertakes, and what they refuse.

A rule cites the clauses that it is for. `[[provisions]]` lists every clause that the preset undertakes,
those too that no rule can meet, with what helps there instead. `[[refusals]]` are actions that a clause
forbids for a category, alone or together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from jaeger_guard.categories import addresses, is_pattern
from jaeger_guard.policy.tables import read_table, settle
from jaeger_guard.policy.words import (
    LONGEST_CITATION,
    Fault,
    Word,
    category_patterns,
    kind,
    quoted,
    read_citation,
    suggest,
)

# By name: a preset may refuse an action that a policy of this version can't ask for.
REFUSABLE: Final = ("redact", "encrypt", "pseudonymize", "mask", "generalize", "keep")
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": LONGEST_CITATION}
_ACTIONS: Final = {"type": "array", "items": {"enum": list(REFUSABLE)}}


def _citation(name: str, meaning: str) -> Word:
    return Word(
        name=name, meaning=meaning, schema=_TEXT, read=lambda value: read_citation(name, value)
    )


def _optional_citation(name: str, meaning: str) -> Word:
    return Word(
        name=name,
        meaning=meaning,
        schema=_TEXT,
        read=lambda value: None if value is None else read_citation(name, value),
    )


def _read_category(value: object) -> object:
    if isinstance(value, str) and is_pattern(value):
        return value
    return Fault(
        "category",
        f"the category {quoted(value)} isn't known",
        suggest(value, category_patterns()),
    )


def _actions(name: str, meaning: str) -> Word:
    def read(value: object) -> object:
        if not isinstance(value, list | tuple):
            return Fault(name, f"{name} is a {kind(value)}, not a list", f'Write {name} = ["…"]')
        for action in value:
            if action not in REFUSABLE:
                return Fault(
                    name, f"the action {quoted(action)} isn't known", suggest(action, REFUSABLE)
                )
        return tuple(value)

    return Word(name=name, meaning=meaning, schema=_ACTIONS, read=read)


PROVISION_WORDS: Final = (
    _citation("clause", "The clause, as the rules that are for it cite it."),
    _citation("asks", "What it asks for, in a few words."),
    _citation("source", "Where it can be read: a URL or a citation."),
    _optional_citation("beside", "What helps beside rules, or in their place."),
)

REFUSAL_WORDS: Final = (
    Word(
        name="category",
        meaning="The data category that the refusal is for.",
        schema={"enum": list(category_patterns())},
        read=_read_category,
    ),
    _actions("actions", "Actions that the clause forbids for it."),
    _actions("together", "Actions of which the clause allows one, but not several of them."),
    _citation("clause", "The clause that forbids it."),
    _citation("source", "Where it can be read: a URL or a citation."),
    _citation("because", "Why, in a sentence."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """A clause that a preset undertakes.

    Attributes:
        clause: As rules cite it, such as `GDPR Art. 5(1)(c)`.
        asks: What it asks for, in a few words.
        source: Where it can be read.
        beside: What helps beside rules, or in their place; None where rules are all.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    clause: str
    asks: str
    source: str
    beside: str | None = None

    def __post_init__(self) -> None:
        settle(self, PROVISION_WORDS, "Provision", list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Actions that a clause forbids for a category, alone or together.

    Attributes:
        category: A data category, or a branch.
        actions: Actions that are forbidden.
        together: Actions of which one may be used, but not several.
        clause: The clause that forbids it.
        source: Where it can be read.
        because: Why, in a sentence.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    category: str
    clause: str
    source: str
    because: str
    actions: tuple[str, ...] = ()
    together: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        settle(self, REFUSAL_WORDS, "Refusal", list)

    def holds_for(self, category: str | None) -> bool:
        """Say whether it is for `category`; None stands for whatever may be found."""
        if category is None:
            return self.category == "*"
        return addresses(self.category, category)


def read_provision(given: object, where: str) -> Provision:
    """Read one table of `[[provisions]]`."""
    provision: Provision = read_table(given, Provision, PROVISION_WORDS, where)
    return provision


def read_refusal(given: object, where: str) -> Refusal:
    """Read one table of `[[refusals]]`."""
    refusal: Refusal = read_table(given, Refusal, REFUSAL_WORDS, where)
    return refusal


def clauses_in(text: str | None) -> tuple[str, ...]:
    """List the clauses that a rule cites."""
    return tuple(part.strip() for part in (text or "").split(";") if part.strip())
