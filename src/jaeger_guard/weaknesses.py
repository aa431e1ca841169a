"""What a weakness of a configuration is: where it is, how bad, and what to do; never a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Severity(Enum):
    """How bad a weakness is, by what it takes to use it."""

    INFO = "info"
    """Nothing to mend here, but something to know, or to mend elsewhere."""
    LOW = "low"
    """A habit that makes other mistakes worse."""
    MEDIUM = "medium"
    """One layer of protection is missing."""
    HIGH = "high"
    """Traces can be read, forged or lost by who can reach the place."""
    CRITICAL = "critical"
    """As high, and nothing stands in between."""

    @property
    def rank(self) -> int:
        """0 for info, and up."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands.

    Attributes:
        artifact: The file's path as it was given, an endpoint, or what else was looked at.
        path: The way to it within: `receivers.otlp.protocols.grpc`, or a variable's name.
        line: Its line in the file, from 1; None where there is no file.
    """

    artifact: str
    path: str = ""
    line: int | None = None

    def __str__(self) -> str:
        start = self.artifact if self.line is None else f"{self.artifact}:{self.line}"
        return f"{start} {self.path}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One weakness at one place.

    Attributes:
        id: The rule's.
        severity: How bad it is here.
        where: File and line, endpoint or variable, as text.
        message: What is the matter, as a sentence without a full stop; never a value.
        remedy: What to do.
        source: Why it is one: what was measured, or which document says so.
        place: `where` in its parts.
    """

    id: str
    severity: Severity
    where: str
    message: str
    remedy: str
    source: str
    place: Place = field(compare=False, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON shows of it."""
        return {
            "id": self.id,
            "severity": self.severity.value,
            "where": self.where,
            "message": self.message,
            "remedy": self.remedy,
            "source": self.source,
        }
