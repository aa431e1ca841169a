"""What an action is: it says what stands where a finding stood, with its own examples.

An action is pure, tells nothing about the value but what its parameters allow, and applied to its
own answer gives that answer again, so that scrubbing twice equals scrubbing once.

Some need keys. What such a one does without them is `apply`; with them it is `keyed`, whose answer is
known to the scrubber as ours when it comes by again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from jaeger_guard.keys.datakeys import DataKey
from jaeger_guard.keys.service import FieldKeys
from jaeger_guard.keys.token import Place
from jaeger_guard.types import Action, Notation


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How far an action goes; each action reads its own fields and ignores the rest.

    Attributes:
        leave_first: Characters at the beginning that masking leaves.
        leave_last: Characters at the end that masking leaves.
        ipv4_prefix: Bits of an IPv4 address that generalizing leaves.
        ipv6_prefix: Bits of an IPv6 address that generalizing leaves.
        round_to: The step that generalizing rounds numbers to; None where numbers are redacted.
        age_cap: The age from which generalizing says no more than that; None where ages are numbers.
        zip3: Whether generalizing leaves three digits of a US ZIP code; else it is redacted.
        roles: Who may read what is encrypted; empty: every role that may read the category.
        search: Whether a pseudonym stands next to what is encrypted.
        purpose: What pseudonyms are for; None: as policy says for all.
    """

    leave_first: int = 0
    leave_last: int = 0
    ipv4_prefix: int = 24
    ipv6_prefix: int = 48
    round_to: float | None = None
    age_cap: int | None = None
    zip3: bool = False
    roles: tuple[str, ...] = ()
    search: bool = False
    purpose: str | None = None


Apply = Callable[[str, str, Notation, Parameters], str]
"""Answers what stands for (text, category), written in a notation, under parameters."""


class Protected(NamedTuple):
    """What stands for a text, made with keys.

    Attributes:
        text: What stands there.
        key: The data key that it was sealed under; None where it is no token.
        beside: A pseudonym that is to stand next to it; None where none is.
    """

    text: str
    key: DataKey | None = None
    beside: str | None = None


Keyed = Callable[[FieldKeys, str, str, Parameters, Place | None], Protected | None]
"""Answers what stands for (keys, text, category, parameters, place); None where nothing can be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionExample:
    """A text of one category, and what an action makes of it."""

    text: str
    category: str
    becomes: str
    notation: Notation = Notation.TEXT
    parameters: Parameters = field(default_factory=Parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionEntry:
    """One entry of the registry.

    Attributes:
        action: What rules call it.
        meaning: One sentence for documentation and for `explain`.
        apply: What it does.
        parameters: Names of the fields of `Parameters` that it reads.
        keyed: What it does with keys; None for an action that needs none.
        examples: At least one.
    """

    action: Action
    meaning: str
    apply: Apply
    parameters: tuple[str, ...] = ()
    keyed: Keyed | None = None
    examples: tuple[ActionExample, ...]
