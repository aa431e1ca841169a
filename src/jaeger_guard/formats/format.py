"""What a format is: it takes a text apart into named leaves and puts it back.

A format never decides what is sensitive. It hands every leaf to a judge under the leaf's name, and
writes back what the judge answers, encoded as the format needs it; a leaf whose answer is the same
object stays byte for byte. Names go through the judge as well, since a JSON object may be keyed by
e-mail addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jaeger_guard.types import Rewrite


class NotThisFormatError(Exception):
    """The text is not of this format; the caller judges it as plain text instead."""


@dataclass(frozen=True, slots=True)
class FormatExample:
    """A text and the leaves that a format finds in it, as (name, value) in order."""

    text: str
    leaves: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One entry of the registry.

    Attributes:
        name: Unique; what a rule, a key table and `explain` call it, such as `url`.
        rewrite: Returns the text with each leaf replaced by the judge's answer; raises
            NotThisFormatError where the text is something else. Tolerates truncated text.
        recognize: Says cheaply whether a text under an unknown key may be of this format; None
            where only a key can tell.
        signs: Characters, as a class of `re` lists them, of which each text that `recognize`
            accepts holds one, or one of `hints`; it isn't asked about others. Where both are empty, it
            is asked about all.
        hints: Texts in lower case, each of three ASCII letters or more, whatever the case in a text.
        source: The document that defines the format.
        examples: At least one, with its leaves.
    """

    name: str
    rewrite: Rewrite
    recognize: Callable[[str], bool] | None = None
    signs: str = ""
    hints: tuple[str, ...] = ()
    source: str
    examples: tuple[FormatExample, ...]
