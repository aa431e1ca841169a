"""Say which of the detectors' matches count: by the key, by what a text is, by where they stand."""

from __future__ import annotations

import sys
from bisect import bisect_right
from functools import lru_cache
from typing import Final

from jaeger_guard.categories import addresses
from jaeger_guard.detectors import is_labelled
from jaeger_guard.detectors.network import IPV4, is_version_sooner
from jaeger_guard.policy import KeyDecision
from jaeger_guard.scanner import Scanner
from jaeger_guard.semconv import KeyKind, exempts, is_bare
from jaeger_guard.types import Match

# Detectors that are too vague for a second search, across the borders of a format's leaves.
_VAGUE: Final = ("network.*", "contact.phone", "location.*", "device.*")

# What stands behind a name: formats read it with more care, and leave code and messages alone.
READ_BY_FORMATS: Final = frozenset({"credential.password_assigned", "credential.secret_assigned"})


def is_vague(category: str) -> bool:
    """Say whether a category's detectors need a text's own borders to be trusted."""
    return any(addresses(pattern, category) for pattern in _VAGUE)


def is_trusted(decision: KeyDecision, match: Match, text: str) -> bool:
    """Say whether a match counts under its key: an id's digits are no card, a version no address."""
    value = text[match.start : match.end]
    labelled = is_labelled(match.detector)
    if exempts(decision.key_class, match.category, value, text, labelled=labelled):
        return False
    if (
        match.detector == IPV4.name
        and not decision.key_class.address
        and is_version_sooner(value)
        and is_bare(text)
    ):
        return ":" in text  # with its port it is an address
    if not is_identifier(decision) or not is_bare(text):
        return True  # prose or a path, whatever the key says
    return not value.isdecimal()


def is_identifier(decision: KeyDecision) -> bool:
    """Say whether a key names an id, or something technical by the semantic conventions."""
    return decision.key_class.identifier or decision.key_class.kind is KeyKind.SAFE


def lies_within(match: Match, exempt: list[tuple[int, int]]) -> bool:
    """Say whether a match lies within one of the spans that are left alone, which are in order."""
    place = bisect_right(exempt, (match.start, sys.maxsize)) - 1
    return place >= 0 and match.end <= exempt[place][1]


@lru_cache(maxsize=4)
def not_across(scanner: Scanner) -> frozenset[int]:
    """Answer which detectors find nothing across a format's leaves that counts."""
    return frozenset(
        number
        for number, detector in enumerate(scanner.detectors)
        if is_vague(detector.category) or detector.name in READ_BY_FORMATS
    )
