"""How long a trace may be kept: the attribute `privacy.retention`, "short" or "long".

By service it stands on the resource; by route on every span of a local trace, as its local root was
judged by, so that a trace isn't torn apart. What is found later can only shorten: the span itself,
and what else of its trace is still to go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from jaeger_guard.categories import ALL, addresses
from jaeger_guard.policy import Retention
from jaeger_guard.sampling.globs import compile_glob
from jaeger_guard.sampling.rules import route_globs, routes_of, serves_paths
from jaeger_guard.types import Finding

RETENTION_KEY: Final = "privacy.retention"
SHORT: Final = "short"


class Retaining:
    """A `Retention` made ready."""

    def __init__(self, retention: Retention) -> None:
        services: Sequence[tuple[str, str]] = retention.services  # type: ignore[assignment]  # settled
        routes: Sequence[tuple[str, str]] = retention.routes  # type: ignore[assignment]
        self._default = retention.default
        self._services = [(compile_glob(glob), word) for glob, word in services]
        self._routes = [(route_globs(glob), word) for glob, word in routes]
        self.shortening: Final = frozenset(
            category
            for category in ALL
            if any(addresses(pattern, category) for pattern in retention.findings)
        )

    @property
    def has_routes(self) -> bool:
        """Whether a class is set on spans."""
        return bool(self._routes)

    def of_service(self, name: object) -> str | None:
        """Answer the class of a service; None where none is set."""
        if isinstance(name, str):
            for matches, word in self._services:
                if matches(name):
                    return word
        return self._default

    def of_route(self, attributes: Mapping[str, Any], kind: Any) -> str | None:
        """Answer the class of a request; None where its route names none."""
        texts = routes_of(attributes, serves=serves_paths(kind))
        for (of_route, of_path), word in self._routes:
            if any(of_route(text) or (is_path and of_path(text)) for text, is_path in texts):
                return word
        return None

    def shortens(self, findings: Sequence[Finding]) -> bool:
        """Say whether something was found that must not be kept long."""
        return any(finding.category in self.shortening for finding in findings)


def shorter(first: object, second: str | None) -> str | None:
    """Answer the shorter of two classes; of one and none, the one."""
    if SHORT in (first, second):
        return SHORT
    return second or (first if isinstance(first, str) else None)
