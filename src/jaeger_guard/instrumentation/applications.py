"""Applications whose class was imported by name before its instrumentor replaced it.

`FlaskInstrumentor().instrument()` puts another class in the place of `flask.Flask`. What did
`from flask import Flask` before makes applications of the first class, and their spans would be missing
without a word. So that class instruments its applications, too, each by `instrument_app`.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from jaeger_guard.instrumentation.framework import Framework
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard")
_REACHED: Final = "_jaeger_guard_reached"
_INSTRUMENTED: Final = "_is_instrumented_by_opentelemetry"
_STACK: Final = "middleware_stack"  # Starlette's, which is None until the first request


def reach(framework: Framework, kind: Any, settings: Mapping[str, Any]) -> Callable[[], None]:
    """Have applications of the original class instrumented as well, as they are made.

    Args:
        framework: The entry that names the class.
        kind: The class of its instrumentor.
        settings: The keywords of its `instrument`.

    Returns:
        What ends it.
    """
    if not framework.application:
        return _nothing
    home, _, name = framework.application.partition(":")
    module = import_module(home)
    original = getattr(module, name)
    initialize = original.__init__
    accepted = parameters(kind.instrument_app)
    keywords = {key: value for key, value in settings.items() if key in accepted}

    @functools.wraps(initialize)
    def initializing(self: Any, *arguments: Any, **given: Any) -> None:
        initialize(self, *arguments, **given)
        replacing = getattr(module, name)
        try:
            # One of the class that took its place instruments itself, right after this.
            if not (replacing is not original and isinstance(self, replacing)):
                if getattr(self, _INSTRUMENTED, False):
                    return
                kind.instrument_app(self, **keywords)
            self.__dict__[_REACHED] = True
        except Exception as error:  # noqa: BLE001 - an application starts without spans, too
            what = type(error).__name__
            tell(_LOGGER, logging.WARNING, "an application of %s: %s", framework.name, what)

    original.__init__ = initializing

    def end() -> None:
        if original.__init__ is initializing:
            original.__init__ = initialize

    return end


def is_reached(app: Any) -> bool:
    """Say whether an application is instrumented, and by us."""
    return bool(getattr(app, _REACHED, False) and getattr(app, _INSTRUMENTED, False))


def release(kind: Any, app: Any) -> None:
    """Take an application's instrumentation back, so that it can be given anew."""
    is_new = getattr(app, _STACK, app) is None
    try:
        kind.uninstrument_app(app)
    except AttributeError:  # Flask's misses what it stores on applications of one class alone
        setattr(app, _INSTRUMENTED, False)
    if is_new:  # it would count as started, with what was built without an instrumentation
        setattr(app, _STACK, None)
    app.__dict__[_REACHED] = False


def parameters(function: Callable[..., Any]) -> list[str]:
    """List the names of a function's parameters."""
    return list(inspect.signature(function).parameters)


def _nothing() -> None:
    """End nothing."""
