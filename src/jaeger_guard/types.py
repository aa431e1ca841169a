"""Frozen values and Protocols that the rooms share: actions, surfaces, matches, findings, judges."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, Protocol


class Action(Enum):
    """What is done with a finding, in order of protection: the earlier one protects more."""

    DROP = "drop"
    REDACT = "redact"
    ENCRYPT = "encrypt"
    PSEUDONYMIZE = "pseudonymize"
    MASK = "mask"
    GENERALIZE = "generalize"
    KEEP = "keep"
    UNSAFE_KEEP = "unsafe_keep"

    # Members are compared by identity; Enum's own hash is written in Python.
    __hash__ = object.__hash__

    @property
    def protection(self) -> int:
        """Rank for comparing actions; a larger number protects more."""
        return _PROTECTION[self]


_PROTECTION = {action: len(Action) - rank for rank, action in enumerate(Action)}


class Surface(Enum):
    """Where in a span a text stood."""

    NAME = "name"
    KEY = "key"
    ATTRIBUTE = "attribute"
    EVENT = "event"
    LINK = "link"
    STATUS = "status"
    RESOURCE = "resource"
    SCOPE = "scope"
    TRACESTATE = "tracestate"


class Notation(Enum):
    """The language a marker stands in, so that what holds it still parses."""

    TEXT = "text"
    URL = "url"
    SQL = "sql"


class Match(NamedTuple):
    """A stretch of a text that holds data of one category.

    Attributes:
        start: Index of the first character.
        end: Index behind the last character.
        category: The data category's dotted name.
        detector: Name of the detector, or of the key word, that found it.
    """

    start: int
    end: int
    category: str
    detector: str


class Finding(NamedTuple):
    """What was found and done, without the value: the unit of metrics and audit records.

    Attributes:
        category: The data category's dotted name.
        surface: Where in the span it stood.
        key: The attribute's key after scrubbing; empty where the surface has none.
        action: What was done.
    """

    category: str
    surface: Surface
    key: str
    action: Action


class Judge(Protocol):
    """What a format asks about each of its leaves; the scrubber implements it."""

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        """Answer what stands for leaf `text` under `name` ("" where it has none).

        The answer is `text` itself, the same object, where nothing is to be changed. Markers in it
        are written in `notation`.
        """
        ...

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        """Answer what stands for a leaf's name, such as a JSON member's; usually `text` itself."""
        ...


Rewrite = Callable[[str, Judge], str]
