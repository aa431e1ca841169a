"""Sampling rules made ready: which rule decides about a span, at its start and again at its end.

1. The first rule that matches decides. The user's come first, then the policy's sensitive routes, then
   the defaults. A rule that records, though, says only at which rate: a sensitive route stays minimal
   under it, for a rate that an application sets must not undo what its privacy team asked for.
2. `http.route` isn't known at the start for ASGI and Django. Until it is, a rule on it looks at the
   path, where a parameter of the route, such as `{id}`, stands for one segment.
3. At the end the rules are asked again, by the final name and attributes; what they say then can only
   tighten.
4. Rules on the instrumentation scope are asked in on_start alone: samplers aren't told of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from opentelemetry.trace import SpanKind

from jaeger_guard.policy import Sampling, SamplingRule
from jaeger_guard.sampling.globs import Matcher, compile_glob
from jaeger_guard.sampling.limiter import Limiter
from jaeger_guard.sampling.threshold import threshold_of

ROOT: Final = "root"
REMOTE: Final = "remote"
LOCAL: Final = "local"
ROUTE: Final = "http.route"
_PATHS: Final = ("url.path", "http.target", "http.url", "url.full")
_INTERNAL: Final = SpanKind.INTERNAL.value
_CALLING: Final = (SpanKind.CLIENT.value, SpanKind.PRODUCER.value)  # their paths are others'
_SCHEME: Final = 16  # characters in which the scheme of an absolute target ends
_LONGEST: Final = 4096  # characters of a value that are compared; globs have 256

# What orchestrators, load balancers and Prometheus ask every few seconds, as their documentation and
# those of Kubernetes, Spring Boot, Prometheus and Dockerflow call it. Exact paths, so that nobody
# hides a request by beginning it so.
HEALTH_PATHS: Final = frozenset(
    {
        "/health",
        "/healthz",
        "/health/live",
        "/health/liveness",
        "/health/ready",
        "/health/readiness",
        "/health/startup",
        "/health-check",
        "/healthcheck",
        "/_health",
        "/__health",
        "/live",
        "/livez",
        "/liveness",
        "/ready",
        "/readyz",
        "/readiness",
        "/startupz",
        "/-/healthy",
        "/-/ready",
        "/__heartbeat__",
        "/__lbheartbeat__",
        "/actuator/health",
        "/actuator/health/liveness",
        "/actuator/health/readiness",
        "/actuator/prometheus",
        "/metrics",
    }
)
_GRPC_HEALTH: Final = ("grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch")


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a rule says.

    Attributes:
        decision: "drop", "minimal" or "record".
        reason: The rule as people find it, such as `sampling rule 2`.
        threshold: Rejection threshold of its probability; None: it has none.
        limiter: Its limit; None: it has none.
    """

    decision: str
    reason: str
    threshold: int | None = None
    limiter: Limiter | None = None


class Rule:
    """One rule, ready to be asked."""

    def __init__(self, rule: SamplingRule, reason: str) -> None:
        limit = rule.per_second
        self.outcome = Outcome(
            rule.decision,
            reason,
            None if rule.probability is None else threshold_of(rule.probability),
            None if limit is None else Limiter(limit),
        )
        self.kind = rule.kind
        self.parent = rule.parent
        self.scope = None if rule.scope is None else compile_glob(rule.scope)
        self.name = None if rule.name is None else compile_glob(rule.name)
        pairs: Sequence[tuple[str, str]] = rule.attributes  # type: ignore[assignment]  # settled
        self.route: tuple[Matcher, Matcher] | None = None
        self.attributes = []
        for key, value in pairs:
            if key == ROUTE and self.route is None:
                self.route = route_globs(value)
            else:
                self.attributes.append((key, _key_glob(key), compile_glob(value)))

    def matches(
        self,
        name: str,
        attributes: Mapping[str, Any],
        scope: str | None = None,
        *,
        serves: bool = True,
    ) -> bool:
        """Say whether name and attributes are what it names, and the scope where it is known.

        Args:
            name: The span's name.
            attributes: Its attributes.
            scope: The name of its instrumentation scope.
            serves: Whether a path is one of ours, and may stand for a route that isn't known.
        """
        if self.scope is not None and (scope is None or not self.scope(scope)):
            return False
        if self.name is not None and not self.name(name[:_LONGEST]):
            return False
        if self.route is not None and not _is_route(self.route, attributes, serves=serves):
            return False
        return all(_has(attributes, *wanted) for wanted in self.attributes)


class _HealthRule(Rule):
    """The default: servers' spans of health checks and metrics endpoints are dropped."""

    def __init__(self) -> None:
        super().__init__(
            SamplingRule(kind="server", decision="drop"), "default: health checks and metrics"
        )

    def matches(
        self,
        name: str,
        attributes: Mapping[str, Any],
        scope: str | None = None,
        *,
        serves: bool = True,
    ) -> bool:
        """Say whether a server's span is of a health check or a metrics endpoint."""
        path = attributes.get(ROUTE) or path_of(attributes)
        if type(path) is not str:
            return path is None and name.lstrip("/") in _GRPC_HEALTH
        return path in HEALTH_PATHS or (path[-1:] == "/" and path[:-1] in HEALTH_PATHS)


class Rules:
    """All rules of a `Sampling`, in order, sorted by what a span is before it is looked at."""

    def __init__(self, sampling: Sampling) -> None:
        rules = [
            Rule(rule, f"sampling rule {number}") for number, rule in enumerate(sampling.rules, 1)
        ]
        self._sensitive = [
            Rule(
                SamplingRule(attributes={ROUTE: route}, decision="minimal"),
                f"sensitive route {number}",
            )
            for number, route in enumerate(sampling.sensitive_routes, 1)
        ]
        rules += self._sensitive
        if sampling.default_rules:
            rules.append(_HealthRule())
        self._rules = rules
        self.of_scope = tuple(rule for rule in rules if rule.scope is not None)
        # By the number of the kind: hashing a member of an enumeration calls Python code.
        self._started = {
            place: {
                kind.value: tuple(
                    rule for rule in rules if rule.scope is None and _is_for(rule, place, kind)
                )
                for kind in SpanKind
            }
            for place in (ROOT, REMOTE, LOCAL)
        }

    def first(
        self, place: str, kind: Any, name: str, attributes: Mapping[str, Any]
    ) -> Outcome | None:
        """Answer what the first rule says that matches, at the start; None where none does."""
        number = _INTERNAL if kind is None else kind._value_
        serves = number not in _CALLING
        for rule in self._started[place][number]:
            if rule.matches(name, attributes, serves=serves):
                outcome = rule.outcome
                if self._sensitive and outcome.decision == "record":
                    return self._at_its_rate(outcome, name, attributes, serves=serves)
                return outcome
        return None

    def _at_its_rate(
        self, outcome: Outcome, name: str, attributes: Mapping[str, Any], *, serves: bool
    ) -> Outcome:
        """Answer what a rule that records says about a sensitive route: its rate alone."""
        for rule in self._sensitive:
            if rule.matches(name, attributes, serves=serves):
                return replace(outcome, decision="minimal", reason=rule.outcome.reason)
        return outcome

    def of_that_scope(
        self, place: str, kind: Any, name: str, attributes: Mapping[str, Any], scope: str
    ) -> Outcome | None:
        """Answer what the first rule says that names the scope, of those that name one."""
        for rule in self.of_scope:
            if _is_for(rule, place, kind) and rule.matches(name, attributes, scope):
                return rule.outcome
        return None


def _is_for(rule: Rule, place: str, kind: Any) -> bool:
    if rule.parent is not None and rule.parent != place:
        return False
    return (
        rule.kind is None or rule.kind == (SpanKind.INTERNAL if kind is None else kind).name.lower()
    )


def path_of(attributes: Mapping[str, Any]) -> str | None:
    """Answer the path that a request asked for; None where the attributes don't say."""
    for key in _PATHS:
        text = attributes.get(key)
        if type(text) is str and text:
            # A client may write a whole URL as its target, too (RFC 9112, section 3.2.2).
            if key in ("http.url", "url.full") or (text[0] != "/" and "://" in text[:_SCHEME]):
                try:
                    return urlsplit(text[:_LONGEST]).path or "/"
                except ValueError:
                    return None
            return text[:_LONGEST].partition("?")[0]
    return None


def route_globs(glob: str) -> tuple[Matcher, Matcher]:
    """Make a glob over routes ready, for routes and for paths."""
    return compile_glob(glob), compile_glob(glob, placeholders=True)


def _is_route(
    globs: tuple[Matcher, Matcher], attributes: Mapping[str, Any], *, serves: bool
) -> bool:
    return any(
        globs[0](text) or (is_path and globs[1](text))
        for text, is_path in routes_of(attributes, serves=serves)
    )


def routes_of(attributes: Mapping[str, Any], *, serves: bool) -> list[tuple[str, bool]]:
    """Answer the route of a span, or the path that stands for it, also as frameworks decode it.

    Each comes with whether it is a path. Whoever writes `/%70atients/5` is served as `/patients/5`.
    """
    route = attributes.get(ROUTE)
    if type(route) is str:
        route = route[:_LONGEST]
        # Django writes routes without the slash that they begin with.
        return [(route, False)] if route[:1] == "/" else [(route, False), (f"/{route}", False)]
    path = path_of(attributes) if serves else None
    if path is None:
        return []
    return [(path, True), (unquote(path), True)] if "%" in path else [(path, True)]


def serves_paths(kind: Any) -> bool:
    """Say whether a span of that kind serves the path that it names, and doesn't call it."""
    return kind is not SpanKind.CLIENT and kind is not SpanKind.PRODUCER


def _key_glob(key: str) -> Matcher | None:
    return compile_glob(key) if re.search(r"[*?]", key) else None


def _has(attributes: Mapping[str, Any], key: str, glob: Matcher | None, wanted: Matcher) -> bool:
    if glob is None:
        return key in attributes and any(map(wanted, _texts(attributes[key])))
    return any(glob(name) and any(map(wanted, _texts(value))) for name, value in attributes.items())


def _texts(value: Any) -> Iterator[str]:
    """Write a value as it is compared; of a list, each item."""
    if isinstance(value, str):
        yield value[:_LONGEST]
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, int | float):
        # CPython refuses to write an integer of more than 4,300 digits.
        yield str(value) if abs(value) < 1e308 else ""
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for item in value[:64]:
            if isinstance(item, str | bool | int | float):
                yield from _texts(item)
