"""Exceptions from a policy: the table `[[exceptions]]`, each with an owner, a reason and an end.

An exception keeps what a policy would scrub, in the place that it names, until its date has passed; from
then on it is as if it weren't there, in a process that runs as well as in one that starts. It comes
before all rules. What a preset makes mandatory is left by `action = "unsafe_keep"` alone, as by a rule.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from jaeger_guard.policy.tables import read_table, settle
from jaeger_guard.policy.words import (
    CONDITIONS,
    LONGEST_CITATION,
    WORDS,
    Fault,
    Word,
    kind,
    quoted,
    read_citation,
    suggest,
)
from jaeger_guard.types import Action, Surface

_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": LONGEST_CITATION}
KEEPING: Final = (Action.KEEP, Action.UNSAFE_KEEP)
WARNED_AHEAD: Final = datetime.timedelta(days=30)


def _read_action(value: object) -> object:
    known = [action.value for action in KEEPING]
    text = value.value if isinstance(value, Action) else value
    if text in known:
        return Action(text)
    what = (
        f"an exception can't {quoted(text)}" if isinstance(text, str) else "the action is no text"
    )
    return Fault("action", what, suggest(text, known))


def _read_expires(value: object) -> object:
    """Read a date, which lasts to its end in UTC, or a time with its offset from UTC."""
    moment: object = value
    if isinstance(value, str):  # YAML and JSON write them so
        try:
            if len(value) == len("2027-01-31"):
                moment = datetime.date.fromisoformat(value)
            else:
                moment = datetime.datetime.fromisoformat(value)
        except ValueError:
            return Fault("expires", "expires is no date", "Write expires = 2027-01-31")
    if isinstance(moment, datetime.datetime):
        if moment.tzinfo is None:
            remedy = "Add Z, or the offset from UTC, or write the date alone"
            return Fault("expires", "expires is a time of no zone", remedy)
        return moment.astimezone(datetime.UTC)
    if isinstance(moment, datetime.date):
        if moment.year >= datetime.MAXYEAR:
            return Fault("expires", "expires is out of range", "Give a date that will come")
        end = moment + datetime.timedelta(days=1)
        return datetime.datetime(end.year, end.month, end.day, tzinfo=datetime.UTC)
    return Fault("expires", f"expires is a {kind(value)}, not a date", "Write expires = 2027-01-31")


EXCEPTION_WORDS: Final = (
    *(word for word in WORDS if word.name in CONDITIONS),
    Word(
        name="action",
        meaning="keep, which still looks for what is mandatory, or unsafe_keep.",
        schema={"enum": [action.value for action in KEEPING]},
        read=_read_action,
    ),
    Word(
        name="owner",
        meaning="Who answers for the exception.",
        schema=_TEXT,
        read=lambda value: read_citation("owner", value),
    ),
    Word(
        name="reason",
        meaning="Why it is needed.",
        schema=_TEXT,
        read=lambda value: read_citation("reason", value),
    ),
    Word(
        name="expires",
        meaning="The last day on which it holds, to its end in UTC; or a time with its offset.",
        schema={"type": "string"},
        read=_read_expires,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """One of a policy's exceptions: at least one of key, category and surface.

    Attributes:
        key: A glob over attribute keys and names of leaves, as in a rule.
        category: A data category, or a branch.
        surface: A part of the span.
        action: `keep`, or `unsafe_keep` where a preset makes the category mandatory.
        owner: Who answers for it.
        reason: Why it is needed.
        expires: When it ends. A date lasts to its own end, in UTC.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    owner: str
    reason: str
    expires: datetime.datetime | datetime.date | str
    key: str | None = None
    category: str | None = None
    surface: Surface | str | None = None
    action: Action | str = Action.KEEP

    def __post_init__(self) -> None:
        settle(self, EXCEPTION_WORDS, "Exemption", self._faults)

    def _faults(self) -> list[Fault]:
        if any(getattr(self, name) is not None for name in CONDITIONS):
            return []
        what = "the exception says nothing about where it holds"
        return [Fault("", what, "Give a key, a category or a surface")]

    @property
    def until(self) -> float:
        """When it ends, in seconds since 1970."""
        return self.end.timestamp()

    @property
    def end(self) -> datetime.datetime:
        """When it ends, in UTC."""
        assert isinstance(self.expires, datetime.datetime)  # __post_init__ has made it one
        return self.expires

    @property
    def last_day(self) -> str:
        """Its end as people write it: the last day, or the time."""
        end = self.end
        if end.time() == datetime.time():
            return (end - datetime.timedelta(days=1)).date().isoformat()
        return end.isoformat()

    @property
    def place(self) -> str:
        """Where it holds, in words."""
        surface = Surface(self.surface).value if self.surface is not None else None
        parts = (("key", self.key), ("category", self.category), ("surface", surface))
        return ", ".join(f"{name} {value}" for name, value in parts if value is not None)


def read_exemption(given: object, where: str) -> Exemption:
    """Read one table of `[[exceptions]]`.

    Raises:
        ConfigurationError: Names the place, what is wrong, and the remedy.
    """
    exemption: Exemption = read_table(given, Exemption, EXCEPTION_WORDS, where)
    return exemption
