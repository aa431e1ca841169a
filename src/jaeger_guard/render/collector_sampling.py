"""Sampling of a policy as a Collector knows it: spans that are dropped, and rates of whole traces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jaeger_guard.policy import Sampling, SamplingRule
from jaeger_guard.render.collector_statements import quoted
from jaeger_guard.render.collector_values import Note

_WAIT: Final = "10s"
_KINDS: Final = {
    "internal": "SPAN_KIND_INTERNAL",
    "server": "SPAN_KIND_SERVER",
    "client": "SPAN_KIND_CLIENT",
    "producer": "SPAN_KIND_PRODUCER",
    "consumer": "SPAN_KIND_CONSUMER",
}


def filters(sampling: Sampling | None, note: Note) -> dict[str, Any] | None:
    """Write what drops spans; None where no rule does."""
    conditions = [
        condition
        for number, rule in _rules(sampling)
        if rule.decision == "drop"
        for condition in [_condition(rule, number, note)]
        if condition is not None
    ]
    return {"error_mode": "ignore", "traces": {"span": conditions}} if conditions else None


def tail_sampling(sampling: Sampling | None, note: Note) -> dict[str, Any] | None:
    """Write the rates; None where the policy has none."""
    if sampling is None:
        return None
    policies: list[dict[str, Any]] = []
    for number, rule in _rules(sampling):
        if rule.decision == "minimal":
            note(
                f"sampling rule {number}",
                "a span without its content is made in the process",
                "its spans pass with their content, scrubbed",
            )
            continue
        if rule.decision == "drop":
            continue
        if rule.per_second is not None:
            note(f"per_second of sampling rule {number}", "it counts traces", "it is left out")
        condition = _condition(rule, number, note)
        if condition is None:
            continue
        policies.append(_rated(f"rule-{number}", condition, rule.probability))
    rest = 1.0 if sampling.probability is None else sampling.probability
    policies.append(
        {
            "name": "rest",
            "type": "probabilistic",
            "probabilistic": {"sampling_percentage": round(100 * rest, 6)},
        }
    )
    if len(policies) > 1:
        note(
            "the order of sampling rules",
            "a trace is kept where any of them keeps it",
            "a rule with a low rate doesn't hold back what a later one keeps",
        )
    for word in ("findings", "remote"):
        if getattr(sampling, word, None):
            note(f"sampling's {word}", "it is decided in the process", "it is left out")
    if sampling.without_consent != "record":
        note("without_consent", "consent is read in the process", "spans without it pass")
    return {"decision_wait": _WAIT, "policies": policies}


def _rated(name: str, condition: str, probability: float | None) -> dict[str, Any]:
    matched = {
        "name": f"{name}-spans",
        "type": "ottl_condition",
        "ottl_condition": {"error_mode": "ignore", "span": [condition]},
    }
    if probability is None or probability >= 1:
        return {**matched, "name": name}
    rate = {
        "name": f"{name}-rate",
        "type": "probabilistic",
        "probabilistic": {"sampling_percentage": round(100 * probability, 6)},
    }
    return {"name": name, "type": "and", "and": {"and_sub_policy": [matched, rate]}}


def _rules(sampling: Sampling | None) -> Iterator[tuple[int, SamplingRule]]:
    yield from enumerate(() if sampling is None else sampling.rules, 1)


def _condition(rule: SamplingRule, number: int, note: Note) -> str | None:
    """Write where a rule holds; None where that can't be said."""
    parts = []
    if rule.name is not None:
        parts.append(f"IsMatch(span.name, {quoted(_glob(rule.name))})")
    given = rule.attributes
    pairs = given.items() if isinstance(given, Mapping) else given
    for key, value in pairs:
        if "*" in key or "?" in key:
            note(f"sampling rule {number}", "a glob over keys has no form", "it is left out")
            return None
        parts.append(f"IsMatch(span.attributes[{quoted(key)}], {quoted(_glob(value))})")
    if rule.kind is not None:
        parts.append(f"span.kind == {_KINDS[str(rule.kind)]}")
    if rule.parent == "root":
        parts.append("IsRootSpan()")
    elif rule.parent is not None or rule.scope is not None:
        note(f"sampling rule {number}", "parent and scope have no form", "it is left out")
        return None
    return " and ".join(parts) or "true"


def _glob(glob: str) -> str:
    body = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in glob)
    return f"^{body}$"
