"""All rules of `check`: a rule is added as an entry in its family's file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from jaeger_guard.check import (
    containers,
    endpoints,
    extensions,
    jaeger_query,
    kubernetes,
    listeners,
    pipelines,
    running,
    scrubbing,
    secrets,
    service,
    storage,
    strategies,
)
from jaeger_guard.check.rule import Rule, Subject
from jaeger_guard.weaknesses import Finding


@lru_cache(maxsize=1)
def rules() -> tuple[Rule[Any], ...]:
    """List all rules, in the order of the docs."""
    return (
        *listeners.RULES,
        *jaeger_query.RULES,
        *storage.RULES,
        *secrets.RULES,
        *extensions.RULES,
        *pipelines.RULES,
        *scrubbing.RULES,
        *strategies.RULES,
        *containers.RULES,
        *kubernetes.RULES,
        *endpoints.RULES,
        *service.RULES,
        *running.RULES,
    )


def check_by(subject: Subject, model: Any) -> Iterator[Finding]:
    """Yield what the rules about a subject find in its model."""
    for rule in rules():
        if rule.subject is subject:
            yield from rule.check(model)
