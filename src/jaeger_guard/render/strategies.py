"""Sampling strategies for the services that ask a Jaeger: the part of a policy that it can express.

A Jaeger knows a probability per service and per operation, by the operation's exact name; globs,
attributes, consent and minimal spans are decided in the process, by this package alone.
"""

from __future__ import annotations

import json
from typing import Any

from jaeger_guard.policy import Sampling, SamplingRule


def strategies(sampling: Sampling | None) -> tuple[str, tuple[str, ...]]:
    """Return the strategies file, and a note for each rule that it can't express."""
    operations: list[dict[str, Any]] = []
    notes: list[str] = []
    for number, rule in enumerate(() if sampling is None else sampling.rules, 1):
        rate = _rate(rule)
        if rate is None:
            notes.append(
                f"sampling rule {number} can't be expressed as a strategy of Jaeger's: services in"
                " other languages don't follow it"
            )
        elif all(operation["operation"] != rule.name for operation in operations):
            operations.append({"operation": rule.name, "type": "probabilistic", "param": rate})
    # Those of the default strategy are merged into every service's.
    default: dict[str, Any] = {"type": "probabilistic", "param": default_rate(sampling)}
    if operations:
        default["operation_strategies"] = operations
    if sampling is not None and sampling.without_consent != "record":
        notes.append(
            "what becomes of spans without consent is decided in the process: services in other"
            " languages record them"
        )
    return json.dumps({"default_strategy": default}, indent=2) + "\n", tuple(notes)


def default_rate(sampling: Sampling | None) -> float:
    """Return the probability where nothing else decides; 1 where the policy is silent."""
    given = None if sampling is None else sampling.probability
    return 1.0 if given is None else given


def _rate(rule: SamplingRule) -> float | None:
    """Return the probability that a rule on a name alone comes to; None where it says more."""
    exact = rule.name is not None and not any(letter in rule.name for letter in "*?")
    conditions = (rule.attributes, rule.kind, rule.parent, rule.scope, rule.per_second)
    if not exact or any(conditions) or rule.decision == "minimal":
        return None
    if rule.decision == "drop":
        return 0.0
    return 1.0 if rule.probability is None else rule.probability
