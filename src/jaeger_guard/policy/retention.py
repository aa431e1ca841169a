"""How long traces may be kept: the table `[retention]` of a policy.

A class is a word, "short" or "long", by which a Collector or a Jaeger chooses a storage. It is meant
for whole traces: no single query reads two storages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from jaeger_guard.categories import is_pattern
from jaeger_guard.policy.tables import choice, mapping, read_table, settle, texts
from jaeger_guard.policy.words import Fault, Word, category_patterns, quoted, suggest

CLASSES: Final = ("short", "long")
_BY_NAME: Final = {"type": "object", "additionalProperties": {"enum": list(CLASSES)}}


def _categories(value: object) -> object:
    answer = texts("findings")(value)
    if isinstance(answer, Fault):
        return answer
    for pattern in answer:  # type: ignore[attr-defined]
        if not is_pattern(pattern):
            what = f"the category {quoted(pattern)} isn't known"
            return Fault("findings", what, suggest(pattern, category_patterns()))
    return answer


RETENTION_WORDS: Final = (
    Word(
        name="default",
        meaning="The class of what nothing else names; without it, none is set.",
        schema={"enum": list(CLASSES)},
        read=choice("default", CLASSES, optional=True),
    ),
    Word(
        name="services",
        meaning="Classes by globs over service.name; they are set on the resource.",
        schema=_BY_NAME,
        read=mapping("services", CLASSES),
    ),
    Word(
        name="routes",
        meaning="Classes by globs over http.route; they are set at the local root, and inherited.",
        schema=_BY_NAME,
        read=mapping("routes", CLASSES),
    ),
    Word(
        name="findings",
        meaning="Categories that make what is left of a trace short.",
        schema={"type": "array", "items": {"enum": list(category_patterns())}},
        read=_categories,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Which traces are kept short, and which long.

    Attributes:
        default: The class of what nothing else names; None: no class is set there.
        services: Classes by globs over `service.name`.
        routes: Classes by globs over `http.route`, or the path until a route is known.
        findings: Categories that make what is left of a trace short.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    default: Literal["short", "long"] | None = None
    services: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    routes: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    findings: Sequence[str] = ()

    def __post_init__(self) -> None:
        settle(self, RETENTION_WORDS, "Retention", list)

    def over(self, other: Retention) -> Retention:
        """Return this with what `other` says besides; this comes first."""
        return Retention(
            default=self.default or other.default,
            services=(*_pairs(self.services), *_pairs(other.services)),
            routes=(*_pairs(self.routes), *_pairs(other.routes)),
            findings=tuple(dict.fromkeys((*self.findings, *other.findings))),
        )


def _pairs(
    given: Mapping[str, str] | Sequence[tuple[str, str]],
) -> Sequence[tuple[str, str]]:
    return tuple(given.items()) if isinstance(given, Mapping) else given


def read_retention(given: object, where: str) -> Retention:
    """Read the table `[retention]` of a policy file.

    Raises:
        ConfigurationError: Names the place, what is wrong, and the remedy.
    """
    retention: Retention = read_table(given, Retention, RETENTION_WORDS, where)
    return retention
