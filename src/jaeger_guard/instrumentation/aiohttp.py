"""aiohttp's server: its instrumentor takes middlewares as a list alone, so that a service which gives a
tuple doesn't start, and writes into that list, so that two applications with one list count twice."""

from __future__ import annotations

import functools
from typing import Any, Final

from jaeger_guard.instrumentation.framework import Framework

_GIVEN: Final = "middlewares"


def _copy_middlewares() -> None:
    """Hand each application's middlewares to the instrumented class as a list of its own."""
    from aiohttp import web

    instrumented: Any = (
        web.Application
    )  # made anew by each `instrument`, so nothing is to be undone
    initialize = instrumented.__init__

    @functools.wraps(initialize)
    def initializing(self: Any, *arguments: Any, **keywords: Any) -> None:
        keywords[_GIVEN] = list(keywords.get(_GIVEN) or ())
        initialize(self, *arguments, **keywords)

    instrumented.__init__ = initializing


AIOHTTP_SERVER: Final = Framework(
    name="aiohttp-server", extra="aiohttp-server", mend=_copy_middlewares
)
