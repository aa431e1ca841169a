"""Which attributes metrics may have: the table `[metrics]` of a policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jaeger_guard.policy.tables import read_table, settle, texts
from jaeger_guard.policy.words import Word

METRICS_WORDS: Final = (
    Word(
        name="attributes",
        meaning="Keys that metrics may have besides those that the semantic conventions know as "
        "safe and of few values, as globs.",
        schema={"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 256}},
        read=texts("attributes"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Which attributes metrics may have besides those that are known to be safe.

    Attributes:
        attributes: Globs over keys.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    attributes: Sequence[str] = ()

    def __post_init__(self) -> None:
        settle(self, METRICS_WORDS, "Metrics", list)

    def over(self, other: Metrics) -> Metrics:
        """Return what both name: each of several policies has to permit a key."""
        return Metrics(attributes=tuple(key for key in self.attributes if key in other.attributes))


def read_metrics(given: object, where: str) -> Metrics:
    """Read the table `[metrics]` of a policy file.

    Raises:
        ConfigurationError: Names the place, what is wrong, and the remedy.
    """
    metrics: Metrics = read_table(given, Metrics, METRICS_WORDS, where)
    return metrics
