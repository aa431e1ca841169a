"""How spans of HTTP servers are named: by method and route, never by a path that a client wrote.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/#name: "{method} {target}" if there is a
target of low cardinality (`http.route`), else "{method}"; "HTTP" for a method that isn't known.
"""

from __future__ import annotations

from typing import Final

# RFC 9110, section 9, and RFC 5789 (PATCH), as the semantic conventions list them; RFC 10008 (QUERY).
METHODS: Final = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
)
UNKNOWN: Final = "HTTP"


def span_name(method: str, route: str | None) -> str:
    """Return the name of a server's span."""
    known = method if method in METHODS else UNKNOWN
    return f"{known} {route}" if route else known
