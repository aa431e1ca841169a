"""Jaeger's sampling strategies: read from its answer, checked, and asked.

What the answer of `/api/sampling?service=` can hold, and what of it must not fool us (measured with
Jaeger 2, module v1.76.0):

1. `strategyType` is the number 0 or 1 there, and a name in its protobuf JSON.
2. A rate in the strategies file is served as it stands, 7 or -1: no probability, so a bad answer.
3. A limit of 0.9 is served as 0. Nobody who wants silence writes a limit for it: a bad answer.
4. Operations of the default strategy are merged into every service. Beside a limit they come with a
   default probability, which would lift the limit; so the limit holds for all, and operations have
   their probability besides.
5. `defaultLowerBoundTracesPerSecond` keeps that many a second of each operation, whatever its
   probability.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from jaeger_guard.sampling.limiter import Limiter
from jaeger_guard.sampling.threshold import NEVER, threshold_of

MOST_OPERATIONS: Final = 2000  # as Jaeger's own clients remember
_HIGHEST_LIMIT: Final = 1e9
_PROBABILISTIC: Final = (0, "PROBABILISTIC")
_RATE_LIMITING: Final = (1, "RATE_LIMITING")


class BadStrategy(ValueError):
    """An answer that says nothing we could follow; its text is not repeated."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """What a Jaeger says about one service.

    Attributes:
        probability: Of what no operation names.
        operations: Probabilities by the name of the span.
        limit: Traces a second of all of them at the most; None: no limit.
        lower_bound: Traces a second of each operation that are kept in any case.
    """

    probability: float
    operations: Mapping[str, float]
    limit: float | None = None
    lower_bound: float = 0.0


def parse_strategy(answer: bytes) -> Strategy:
    """Read an answer.

    Raises:
        BadStrategy: It is anything else than a strategy.
    """
    try:
        given = json.loads(answer)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise BadStrategy("no JSON object")
    kind = given.get("strategyType", 0)  # protobuf JSON leaves out what is zero
    by_operation = given.get("operationSampling")
    operations, default, lower_bound = _operations(by_operation)
    if kind in _RATE_LIMITING and not isinstance(kind, bool):
        limit = _number(_table(given, "rateLimitingSampling"), "maxTracesPerSecond", _HIGHEST_LIMIT)
        if limit <= 0:
            raise BadStrategy("no limit")
        return Strategy(1.0, operations, limit)
    if kind not in _PROBABILISTIC or isinstance(kind, bool):
        raise BadStrategy("an unknown type")
    # The service's own rate where it stands; the default beside operations may be another's.
    if default is None or "probabilisticSampling" in given:
        default = _number(_table(given, "probabilisticSampling"), "samplingRate", 1.0)
    return Strategy(default, operations, None, lower_bound)


def _operations(given: object) -> tuple[dict[str, float], float | None, float]:
    if given is None:
        return {}, None, 0.0
    if not isinstance(given, dict):
        raise BadStrategy("no operations")
    listed = given.get("perOperationStrategies") or []
    if not isinstance(listed, list) or len(listed) > MOST_OPERATIONS:
        raise BadStrategy("no list of operations")
    operations: dict[str, float] = {}
    for entry in listed:
        name = entry.get("operation") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            raise BadStrategy("an operation without a name")
        operations[name] = _number(_table(entry, "probabilisticSampling"), "samplingRate", 1.0)
    default = _number(given, "defaultSamplingProbability", 1.0)
    lower_bound = _number(given, "defaultLowerBoundTracesPerSecond", _HIGHEST_LIMIT)
    return operations, default, lower_bound


def _table(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = given.get(name)
    if not isinstance(table, dict):
        raise BadStrategy("a part is missing")
    return table


def _number(given: Mapping[str, Any], name: str, highest: float) -> float:
    number = given.get(name, 0)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise BadStrategy("not a number")
    if not (0 <= number <= highest and math.isfinite(number)):
        raise BadStrategy("out of range")
    return float(number)


class LiveStrategy:
    """A strategy with the state of its limits.

    Args:
        strategy: What Jaeger said.
        ceiling: The rejection threshold that it can't go below: the local probability.
    """

    def __init__(self, strategy: Strategy, ceiling: int) -> None:
        self.strategy = strategy
        self._ceiling = ceiling
        self._default = max(ceiling, threshold_of(strategy.probability))
        self._operations = {
            name: max(ceiling, threshold_of(probability))
            for name, probability in strategy.operations.items()
        }
        self._limiter = None if strategy.limit is None else Limiter(strategy.limit)
        self._lower_bounds: dict[str, Limiter] = {}

    @property
    def limits(self) -> bool:
        """Whether what is kept has no known probability."""
        return self._limiter is not None

    def threshold(self, name: str) -> int:
        """Answer the rejection threshold for spans of that name."""
        return self._operations.get(name, self._default)

    def allow(self) -> bool:
        """Take one from the limit; True where there is none."""
        return self._limiter is None or self._limiter.allow()

    def keep_all_the_same(self, name: str) -> bool:
        """Say whether a span that probability refused is kept for the lower bound.

        Not where a local probability is a ceiling: the bound would lift it.
        """
        bound = self.strategy.lower_bound
        if bound <= 0 or self._ceiling > 0 or self._default == NEVER == self.threshold(name):
            return False
        limiter = self._lower_bounds.get(name)
        if limiter is None:
            if len(self._lower_bounds) >= MOST_OPERATIONS:
                return False
            limiter = self._lower_bounds.setdefault(name, Limiter(bound))
        return limiter.allow()
