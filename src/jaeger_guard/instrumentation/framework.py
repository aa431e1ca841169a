"""What the guard knows of one instrumentor, and how its hooks stand beside a user's own."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard")

Hook = Callable[..., Any]
_OURS: Final = "jaeger_guard_hook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """One entry of the registry.

    Attributes:
        name: The name of the entry point in the group `opentelemetry_instrumentor`.
        extra: The extra of this distribution that brings the instrumentor.
        hooks: What we do where the instrumentor calls back, by the keyword that it takes the hook
            under. They only change spans, and run before a user's own.
        application: The class of the framework's applications, `module:Class`, where the
            instrumentor reaches those alone that are made of it after it was replaced: by
            `instrument_app`, it then reaches those too whose code had imported the class before.
        settings: Answers keywords for it where it is loaded for a guard; a user's own win.
        mend: Is called each time after it was instrumented.
        obstacle: Says why it can't be instrumented right now; "" where it can.
    """

    name: str
    extra: str
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    application: str = ""
    settings: Callable[[], Mapping[str, Any]] | None = None
    mend: Callable[[], None] | None = None
    obstacle: Callable[[], str] | None = None


@contextlib.contextmanager
def foreign_code() -> Iterator[None]:
    """Run what instrumentors and frameworks do to each other without their deprecations, which the
    service can't mend, and which are errors where a suite makes them some."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        yield


def compose(framework: Framework, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of an instrumentor with our hooks in them, each before the user's own."""
    composed = dict(given)
    for keyword, ours in framework.hooks.items():
        theirs = composed.get(keyword)
        if not getattr(theirs, _OURS, False):
            composed[keyword] = _both(framework.name, ours, theirs)
    return composed


def _both(name: str, ours: Hook, theirs: Hook | None) -> Hook:
    def hook(*arguments: Any, **keywords: Any) -> Any:
        try:
            ours(*arguments, **keywords)
        except Exception as error:  # noqa: BLE001 - its text may hold a value
            tell(_LOGGER, logging.DEBUG, "the hook of %s (%s)", name, type(error).__name__)
        return theirs(*arguments, **keywords) if callable(theirs) else None

    setattr(hook, _OURS, True)
    return hook
