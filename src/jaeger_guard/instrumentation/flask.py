"""Flask: where no route matches (404, 405), its instrumentor puts the path into the span's name."""

from __future__ import annotations

from typing import Any, Final

from jaeger_guard.instrumentation.framework import Framework
from jaeger_guard.instrumentation.http import span_name


def _name_by_route(span: Any, environ: Any) -> None:
    from flask import request

    if request.url_rule is None:
        span.update_name(span_name(environ.get("REQUEST_METHOD", ""), None))


FLASK: Final = Framework(
    name="flask",
    extra="flask",
    hooks={"request_hook": _name_by_route},
    application="flask:Flask",
)
