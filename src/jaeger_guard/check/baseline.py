"""Findings that somebody has accepted, for a reason and until a day: a baseline file.

    [[accepted]]
    id = "storage.unencrypted"
    where = "jaeger.yaml*"            # a glob over the finding's where; default: everywhere
    owner = "ops@example.com"
    reason = "the volume is encrypted by LUKS"
    expires = 2027-06-30

When the day has passed the finding is back, and the entry is one itself.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.weaknesses import Finding, Place, Severity

_WORDS: Final = ("id", "where", "owner", "reason", "expires")
_LARGEST: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One entry.

    Attributes:
        id: The rule's.
        where: A glob over the finding's `where`: `*` stands for any characters.
        owner: Who accepted it.
        reason: Why.
        expires: The last day on which that holds; None: it has none.
        number: Its place in the file, from 1.
    """

    id: str
    where: str
    owner: str
    reason: str
    expires: datetime.date | None
    number: int

    def covers(self, finding: Finding) -> bool:
        """Say whether a finding is meant."""
        glob = ".*".join(map(re.escape, re.split(r"\*+", self.where)))
        return self.id == finding.id and re.fullmatch(glob, finding.where, re.DOTALL) is not None


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries of a file."""

    path: str
    entries: tuple[Accepted, ...]

    @classmethod
    def load(cls, path: Path, rule_ids: Iterable[str]) -> Baseline:
        """Read a file.

        Args:
            path: The file.
            rule_ids: The ids that there are.

        Raises:
            ConfigurationError: It can't be read, or an entry lacks what it needs.
        """
        content: dict[str, Any] | None = None
        try:
            with open(path, "rb") as file:
                content = tomllib.loads(file.read(_LARGEST).decode("utf-8"))
        except (OSError, ValueError):  # a TOML error quotes the file
            pass
        if content is None:
            raise ConfigurationError(
                "the baseline can't be read as TOML", str(path), "Correct it, or name another file"
            )
        given = content.get("accepted", [])
        if set(content) - {"accepted"} or not isinstance(given, list) or not given:
            raise ConfigurationError(
                "the baseline holds something else than [[accepted]]", str(path), "Correct it"
            )
        known = frozenset(rule_ids)
        return cls(
            str(path),
            tuple(_entry(entry, number, str(path), known) for number, entry in enumerate(given, 1)),
        )

    def apply(self, findings: Iterable[Finding], today: datetime.date) -> list[Finding]:
        """Leave out what was accepted, and report the entries whose day has passed."""
        over = [entry for entry in self.entries if entry.expires and entry.expires < today]
        valid = [entry for entry in self.entries if entry not in over]
        left = [finding for finding in findings if not any(e.covers(finding) for e in valid)]
        return left + [_expired(entry, self.path) for entry in over]


def _entry(given: object, number: int, path: str, known: frozenset[str]) -> Accepted:
    where = f"{path} accepted[{number}]"

    def refuse(what: str, remedy: str) -> ConfigurationError:
        return ConfigurationError(what, where, remedy)

    if not isinstance(given, dict) or set(given) - set(_WORDS):
        raise refuse("an unknown word", f"Use {', '.join(_WORDS)}")
    texts = {word: given.get(word, "*" if word == "where" else "") for word in _WORDS[:-1]}
    for word, text in texts.items():
        if not isinstance(text, str) or not text.strip() or len(text) > 1024:
            raise refuse(f"the entry has no {word}", "Say what is accepted, by whom, and why")
    if texts["id"] not in known:
        raise refuse("there is no such rule", "See docs/check.md for the ids")
    expires = given.get("expires")
    if isinstance(expires, str):
        try:
            expires = datetime.date.fromisoformat(expires)
        except ValueError:
            raise refuse("expires is no date", "Write one such as 2027-06-30") from None
    if isinstance(expires, datetime.datetime):
        expires = expires.date()
    if expires is not None and not isinstance(expires, datetime.date):
        raise refuse("expires is no date", "Write one such as 2027-06-30")
    return Accepted(**texts, expires=expires, number=number)


def _expired(entry: Accepted, path: str) -> Finding:
    place = Place(path, f"accepted[{entry.number}]")
    return Finding(
        id="baseline.expired",
        severity=Severity.MEDIUM,
        where=str(place),
        message=f"the acceptance of {entry.id} has expired",
        remedy="Mend it, or decide anew until when it is accepted",
        source="the entry's own date",
        place=place,
    )
