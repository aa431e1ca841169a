"""Jaeger's sampling strategies: what they say, and what Jaeger makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.check.tree import Node
from jaeger_guard.weaknesses import Severity

_MEASURED: Final = "measured on Jaeger v1.76.0"


def looks_like_strategies(root: Node) -> bool:
    """Say whether a document is a strategies file."""
    return root.is_mapping and bool({"default_strategy", "service_strategies"} & set(root.members))


def _strategies(root: Node) -> Iterator[Node]:
    """Yield the strategies of services, and the default one."""
    yield from root.listed("service_strategies")
    default = root.get("default_strategy")
    if default is not None:
        yield default


def _all(root: Node) -> Iterator[Node]:
    for strategy in _strategies(root):
        yield strategy
        yield from strategy.listed("operation_strategies")


def _number(node: Node | None) -> float | None:
    value = None if node is None else node.value
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _probability(root: Node) -> Iterator[Hit]:
    for strategy in _all(root):
        param = strategy.get("param")
        number = _number(param)
        if (
            strategy.text("type") == "probabilistic"
            and param is not None
            and (number is None or not 0 <= number <= 1)
        ):
            yield Hit(param.place, "this is no probability, and is served as it stands")


def _rate(root: Node) -> Iterator[Hit]:
    for strategy in _all(root):
        param = strategy.get("param")
        number = _number(param)
        if strategy.text("type") != "ratelimiting" or param is None or number is None:
            continue
        if 0 < number < 1:
            yield Hit(param.place, "a rate below one a second is served as none")


def _type(root: Node) -> Iterator[Hit]:
    for strategy in _all(root):
        type_ = strategy.get("type")
        if type_ is not None and type_.text() not in ("probabilistic", "ratelimiting"):
            yield Hit(type_.place, "a strategy that isn't known counts as the default probability")


def _operation_rate(root: Node) -> Iterator[Hit]:
    for strategy in _strategies(root):
        for operation in strategy.listed("operation_strategies"):
            if operation.text("type") == "ratelimiting":
                what = "the rate of an operation is ignored: its service's probability holds"
                yield Hit(operation.place, what)


def _merged(root: Node) -> Iterator[Hit]:
    default = root.get("default_strategy", "operation_strategies")
    if default is None or not default.items:
        return
    for strategy in root.listed("service_strategies"):
        if strategy.text("type") == "ratelimiting":
            what = (
                "the default's operations are merged into this service, whose limit is then ignored"
            )
            yield Hit(strategy.place, what)


_GOOD: Final = '{"default_strategy": {"type": "probabilistic", "param": 0.25}}'
_LIMITED: Final = '{"service_strategies": [{"service": "a", "type": "ratelimiting", "param": 5}]'

RULES: Final = (
    Rule(
        id="strategies.probability",
        severity=Severity.MEDIUM,
        title="A probability that isn't between 0 and 1",
        remedy="Set a number from 0 to 1",
        source=f"{_MEASURED}: 7 is served as 7",
        subject=Subject.STRATEGIES,
        look=_probability,
        bad=_GOOD.replace("0.25", "25"),
        good=_GOOD,
    ),
    Rule(
        id="strategies.rate-below-one",
        severity=Severity.MEDIUM,
        title="A rate below one span a second",
        remedy="Set 1 or more, or a small probability",
        source=f"{_MEASURED}: 0.9 is served as 0",
        subject=Subject.STRATEGIES,
        look=_rate,
        bad=_LIMITED.replace("5", "0.9") + "}",
        good=_LIMITED + "}",
    ),
    Rule(
        id="strategies.unknown-type",
        severity=Severity.MEDIUM,
        title="A type of strategy that Jaeger doesn't know",
        remedy="Set probabilistic or ratelimiting",
        source=f"{_MEASURED}: the default probability is served",
        subject=Subject.STRATEGIES,
        look=_type,
        bad=_GOOD.replace("probabilistic", "never"),
        good=_GOOD,
    ),
    Rule(
        id="strategies.operation-rate",
        severity=Severity.LOW,
        title="A rate limit for an operation",
        remedy="Give the operation a probability",
        source=f"{_MEASURED}: it is replaced by the service's probability",
        subject=Subject.STRATEGIES,
        look=_operation_rate,
        bad='{"default_strategy": {"type": "probabilistic", "param": 0.5, "operation_strategies":'
        ' [{"operation": "a", "type": "ratelimiting", "param": 5}]}}',
        good='{"default_strategy": {"type": "probabilistic", "param": 0.5, "operation_strategies":'
        ' [{"operation": "a", "type": "probabilistic", "param": 0.1}]}}',
    ),
    Rule(
        id="strategies.limit-ignored",
        severity=Severity.MEDIUM,
        title="Operations in the default strategy beside a service with a rate limit",
        remedy="Move the operations to the services that they belong to",
        source=f"{_MEASURED}: they are merged into every service, and clients prefer them",
        subject=Subject.STRATEGIES,
        look=_merged,
        bad=_LIMITED + ', "default_strategy": {"type": "probabilistic", "param": 0.5,'
        ' "operation_strategies": [{"operation": "a", "type": "probabilistic", "param": 0.1}]}}',
        good=_LIMITED + ', "default_strategy": {"type": "probabilistic", "param": 0.5}}',
    ),
)
