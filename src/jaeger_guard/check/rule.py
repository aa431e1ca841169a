"""What a rule of `check` is: an entry with its severity, remedy, source and examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from jaeger_guard.weaknesses import Finding, Place, Severity

Model = TypeVar("Model")


class Subject(Enum):
    """What a rule looks at."""

    CONFIGURATION = "a configuration of Jaeger or the Collector"
    STRATEGIES = "a strategies file of Jaeger's"
    CONTAINER = "a container of Kubernetes or Compose"
    MANIFESTS = "manifests of Kubernetes"
    SERVICE = "this service's own configuration"
    GUARD = "a running guard"
    ENDPOINT = "an endpoint"


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a rule's weakness is.

    Attributes:
        place: Where.
        message: What is the matter there.
        severity: How bad it is there, where that isn't the rule's.
        remedy: What to do there, where that isn't the rule's.
    """

    place: Place
    message: str
    severity: Severity | None = None
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[Model]):
    """One kind of weakness.

    Attributes:
        id: Its name, `family.weakness`; it never changes.
        severity: How bad it usually is.
        title: What it is, as a line of the docs.
        remedy: What to do.
        source: Why it is a weakness.
        subject: What it looks at.
        look: Finds its places.
        bad: An example that it reports.
        good: The same, mended.
    """

    id: str
    severity: Severity
    title: str
    remedy: str
    source: str
    subject: Subject
    look: Callable[[Model], Iterable[Hit]]
    bad: str
    good: str

    def check(self, model: Model) -> Iterator[Finding]:
        """Yield what is found; two hits at one place are one."""
        seen: set[Place] = set()
        for hit in self.look(model):
            if hit.place in seen:
                continue
            seen.add(hit.place)
            yield Finding(
                id=self.id,
                severity=hit.severity or self.severity,
                where=str(hit.place),
                message=hit.message,
                remedy=hit.remedy or self.remedy,
                source=self.source,
                place=hit.place,
            )
