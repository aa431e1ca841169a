"""Tornado: its instrumentor names spans by their routes, but doesn't say `http.route`, which rules of
sampling and retention go by."""

from __future__ import annotations

from typing import Any, Final

from jaeger_guard.instrumentation.framework import Framework

_ROUTE: Final = "http.route"


def _say_route(span: Any, handler: Any) -> None:
    route = getattr(span, "name", "").partition(" ")[2]  # one that records nothing has no name
    if route and _ROUTE not in (span.attributes or {}):
        span.set_attribute(_ROUTE, route)


TORNADO: Final = Framework(
    name="tornado", extra="tornado", hooks={"server_request_hook": _say_route}
)
