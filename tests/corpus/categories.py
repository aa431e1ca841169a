"""The corpus' categories in order: how each is drawn, and what it has to reach.

The floors stand a little below what is reached on the held-out seed, so that a change that costs more
than a case or two is seen; precision is never below 98 %. They go up as detectors get better.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .bare import bare_formats, encodings
from .benign import benign
from .case import Case, Cases
from .configuration import configuration, messages
from .convention_examples import convention_examples
from .databases import commands, sql
from .documents import documents
from .draw import Draw
from .identities import identities
from .keywords import keywords, pasted
from .measure import Scrub
from .money import accounts, cards
from .sentences import sentences
from .surfaces import surfaces
from .tokens import tokens
from .truncated import truncated
from .web import bodies, urls

# Detectors are developed with the one, and reported with the other, which nobody tunes on.
DEVELOPMENT_SEED: Final = 2026
HELD_OUT_SEED: Final = 40711


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One category.

    Attributes:
        name: What the report calls it.
        cases: Draws its cases.
        recall: The floor, in percent.
        precision: The floor, in percent.
        on_spans: Whether its cases are planted on a span's surfaces, and not a value under a key.
    """

    name: str
    cases: Cases
    recall: float
    precision: float
    on_spans: bool = False

    def drawn(self, seed: int) -> Iterator[Case]:
        """Draw its cases; those of one category don't depend on the others."""
        return self.cases(Draw(seed))


CATEGORIES: Final = (
    Category(name="planted surfaces", cases=surfaces, recall=100, precision=100, on_spans=True),
    Category(name="sentences", cases=sentences, recall=99, precision=99.5),
    Category(name="identities", cases=identities, recall=99, precision=99.5),
    Category(name="accounts", cases=accounts, recall=99, precision=99.5),
    Category(name="provider tokens", cases=tokens, recall=99, precision=99.5),
    Category(name="convention examples", cases=convention_examples, recall=99, precision=99),
    Category(name="SQL", cases=sql, recall=99.5, precision=99.5),
    Category(name="commands", cases=commands, recall=99.5, precision=99.5),
    Category(name="URLs", cases=urls, recall=99.5, precision=99.5),
    Category(name="bodies", cases=bodies, recall=99.5, precision=99.5),
    Category(name="cards", cases=cards, recall=100, precision=100),
    Category(name="keys", cases=keywords, recall=99.5, precision=99.5),
    Category(name="bare formats", cases=bare_formats, recall=99, precision=99.5),
    Category(name="encodings", cases=encodings, recall=99, precision=99.5),
    Category(name="configuration", cases=configuration, recall=99, precision=99.5),
    Category(name="messages", cases=messages, recall=95, precision=99),
    Category(name="documents", cases=documents, recall=99, precision=99.5),
    Category(name="truncated", cases=truncated, recall=99, precision=99),
    Category(name="pasted names", cases=pasted, recall=99, precision=99.5),
    Category(name="benign", cases=benign, recall=100, precision=99.5),
)  # fmt: skip


def scrubs(policy_name: str = "baseline") -> tuple[Scrub, Scrub]:
    """Return what scrubs a value under a key, and what scrubs a text on a span's surface."""
    from jaeger_guard.policy import compile_policy, load_policy
    from jaeger_guard.scrubber import Scrubber

    from .surfaces import SurfaceScrubber

    policy = compile_policy(load_policy(policy_name, "the corpus"))
    scrubber = Scrubber(policy)

    def scrub(key: str, value: object) -> object:
        scrubbed, found = scrubber.value(key, value)
        return None if found.dropped else scrubbed

    return scrub, SurfaceScrubber(policy)
