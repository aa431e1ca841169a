"""What an action is: it says what stands where a finding stood, with its own examples.

An action is pure, tells nothing about the value but what its parameters allow, and applied to its
own answer gives that answer again, so that scrubbing twice equals scrubbing once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

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
    """

    leave_first: int = 0
    leave_last: int = 0
    ipv4_prefix: int = 24
    ipv6_prefix: int = 48
    round_to: float | None = None
    age_cap: int | None = None
    zip3: bool = False


Apply = Callable[[str, str, Notation, Parameters], str]
"""Answers what stands for (text, category), written in a notation, under parameters."""


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
        examples: At least one.
    """

    action: Action
    meaning: str
    apply: Apply
    parameters: tuple[str, ...] = ()
    examples: tuple[ActionExample, ...]
