"""Starlette, and FastAPI on top of it: behind a `Host` route, their instrumentors take the path that
the client wrote for the route, in the name, in `http.route`, and in the names of the spans below.
Starlette's names spans by whatever word a client sends as the method, too."""

from __future__ import annotations

from typing import Any, Final

from jaeger_guard.instrumentation.framework import Framework, Hook
from jaeger_guard.instrumentation.http import METHODS, UNKNOWN, span_name

_ROUTE: Final = "http.route"
_FOUND: Final = "jaeger_guard.route"
_ANY_PATH: Final = "/*"  # of a host whose application has no such route
_DEEPEST: Final = 8  # applications mounted in each other


def _name_server(span: Any, scope: Any) -> None:
    if (route := _route_behind_host(scope)) is not None:
        span.update_name(_name(scope, route))
        span.set_attribute(_ROUTE, route)
        scope[_FOUND] = route  # for the spans below: routing changes the paths in the scope
    else:
        _name_method(span, scope)


def _name_receive(span: Any, scope: Any, message: Any) -> None:
    _name_below(span, scope, "receive")


def _name_send(span: Any, scope: Any, message: Any) -> None:
    _name_below(span, scope, "send")


def _name_below(span: Any, scope: Any, what: str) -> None:
    if (route := scope.get(_FOUND)) is not None:
        span.update_name(f"{_name(scope, route)} {scope['type']} {what}")
    else:
        _name_method(span, scope)


def _name_method(span: Any, scope: Any) -> None:
    """Take a method that isn't known out of a span's name."""
    method, name = scope.get("method", ""), getattr(span, "name", "")
    if method and method not in METHODS and name.startswith(method):
        span.update_name(UNKNOWN + name[len(method) :])


def _name(scope: Any, route: str) -> str:
    method = scope.get("method")  # a WebSocket has none
    return span_name(method, route) if method else route


def _route_behind_host(scope: Any) -> str | None:
    """Return the route of a request that a `Host` route takes; None where none does."""
    from starlette.routing import Host, Match

    routes = getattr(scope.get("app"), "routes", None) or ()
    if not any(isinstance(route, Host) for route in routes):
        return None
    for route in routes:
        match, below = route.matches(scope)
        if match is Match.FULL:
            if not isinstance(route, Host):
                return None
            return _route_in(route.app, {**scope, **below}) or _ANY_PATH
    return None


def _route_in(application: Any, scope: Any, depth: int = 0) -> str | None:
    """Return the route of an application or router, joined over those mounted in it."""
    from starlette.routing import Match

    for route in getattr(application, "routes", None) or ():
        match, below = route.matches(scope)
        path = getattr(route, "path", None)
        if match is Match.NONE or path is None:
            continue
        inner = getattr(route, "app", None)
        if depth < _DEEPEST and getattr(inner, "routes", None) is not None:
            return str(path) + (_route_in(inner, {**scope, **below}, depth + 1) or "")
        return str(path)
    return None


_HOOKS: Final[dict[str, Hook]] = {
    "server_request_hook": _name_server,
    "client_request_hook": _name_receive,
    "client_response_hook": _name_send,
}
STARLETTE: Final = Framework(
    name="starlette",
    extra="starlette",
    hooks=_HOOKS,
    application="starlette.applications:Starlette",
)
FASTAPI: Final = Framework(
    name="fastapi", extra="fastapi", hooks=_HOOKS, application="fastapi:FastAPI"
)
