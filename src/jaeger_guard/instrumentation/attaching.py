"""Our hooks in the classes of instrumentors; instrumenting, and taking it back."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.instrumentation.applications import is_reached, parameters, reach, release
from jaeger_guard.instrumentation.framework import Framework, compose, foreign_code
from jaeger_guard.telling import tell

if TYPE_CHECKING:
    from jaeger_guard.instrumentation.selection import Selected

_LOGGER: Final = logging.getLogger("jaeger_guard")
_LOCK: Final = threading.RLock()  # guards `_ours`, and that a class is prepared once
_PREPARED: Final = "jaeger_guard_prepared"
_ALREADY: Final = "already"
_CHECKS: Final = ("skip_dep_check", "raise_exception_on_conflict")  # change nothing in its spans


@dataclass(frozen=True, slots=True)
class _Ours:
    """That a class is instrumented by us: for which provider, None for the global one, and what
    gives its applications free."""

    provider: Any
    release: Callable[[], None]


_ours: dict[type[Any], _Ours] = {}


class Instrumented:
    """What was instrumented for one guard; `undo` takes it back."""

    def __init__(self) -> None:
        self._kinds: list[type[Any]] = []

    def add(self, kind: type[Any]) -> None:
        """Note an instrumentor."""
        self._kinds.append(kind)

    def undo(self) -> None:
        """Take back what is still ours; it never raises."""
        for kind in reversed(self._kinds):
            _take_back(kind)
        self._kinds.clear()


def instrument(selected: Iterable[Selected], provider: Any, *, strict: bool) -> Instrumented:
    """Instrument what isn't yet, for one provider.

    Args:
        selected: What to instrument.
        provider: The TracerProvider that its spans are of.
        strict: Whether one that fails is an error; else it is told of, and left out.

    Raises:
        ConfigurationError: One failed, and `strict`; what was instrumented before is taken back.
    """
    done = Instrumented()
    for each in selected:
        name = each.framework.name
        outcome = _try(each, provider)
        if outcome == _ALREADY:
            tell(_LOGGER, logging.INFO, "%s is instrumented already", name)
        elif not outcome:
            done.add(each.kind)
        elif strict:
            done.undo()
            raise ConfigurationError(
                f"the instrumentor {name} failed ({outcome})",
                "configure(instrument=)",
                f"Take {name} out",
            )
        else:
            tell(_LOGGER, logging.WARNING, "the instrumentor %s failed (%s)", name, outcome)
    return done


def _try(selected: Selected, provider: Any) -> str:
    """Instrument one; return the type of what it raised, whose text may quote anything."""
    try:
        if selected.kind().is_instrumented_by_opentelemetry:
            prepare(selected.framework, selected.kind)
            return _ALREADY
        load(selected.framework, selected.kind, tracer_provider=provider, skip_dep_check=True)
    except Exception as error:  # noqa: BLE001 - of foreign code
        return type(error).__name__
    return ""


def load(framework: Framework, kind: Any, **keywords: Any) -> None:
    """Instrument with our hooks, as `kind().instrument(**keywords)` does without.

    Raises:
        Exception: Whatever the instrumentor raises.
    """
    with _LOCK:
        prepare(framework, kind)
        instrumentor = kind()
        if not instrumentor.is_instrumented_by_opentelemetry:
            if framework.settings is not None:
                keywords = {**framework.settings(), **keywords}
            _instrument(framework, kind, instrumentor.instrument, keywords)


def prepare(framework: Framework, kind: Any) -> None:
    """Have every later `instrument` and `instrument_app` of a class carry our hooks."""
    with _LOCK:
        if kind.__dict__.get(_PREPARED, False):
            return
        setattr(kind, _PREPARED, True)
        kind.instrument = _composing(framework, kind)
        kind.uninstrument = _releasing(kind)
        if callable(getattr(kind, "instrument_app", None)):
            kind.instrument_app = staticmethod(_composing_app(framework, kind))


def _instrument(
    framework: Framework, kind: Any, step: Callable[..., Any], keywords: Mapping[str, Any]
) -> Any:
    """Instrument by `step`, and note that it is ours."""
    settings = {name: value for name, value in keywords.items() if name not in _CHECKS}
    free = reach(framework, kind, settings)
    try:
        with foreign_code():
            result = step(**keywords)
    except BaseException:
        free()
        raise
    if not kind().is_instrumented_by_opentelemetry:  # it refuses a version by a log line
        free()
        return result
    if framework.mend is not None:
        framework.mend()
    _ours[kind] = _Ours(keywords.get("tracer_provider"), free)
    return result


def _composing(framework: Framework, kind: Any) -> Callable[..., Any]:
    instrument = kind.instrument

    @functools.wraps(instrument)
    def composing(self: Any, **keywords: Any) -> Any:
        composed = compose(framework, keywords)
        with _LOCK:
            ours = _ours.get(kind)
            if type(self) is not kind or ours is None or not keywords.keys() - set(_CHECKS):
                return instrument(self, **composed)
            # The user's own call, after ours: it would be ignored, and the hooks in it.
            _take_back(kind)
            if keywords.get("tracer_provider") is not None:
                return instrument(self, **composed)
            if framework.settings is not None:
                composed = {**framework.settings(), **composed}
            composed["tracer_provider"] = ours.provider
            return _instrument(framework, kind, functools.partial(instrument, self), composed)

    return composing


def _releasing(kind: Any) -> Callable[..., Any]:
    uninstrument = kind.uninstrument

    @functools.wraps(uninstrument)
    def releasing(self: Any, **keywords: Any) -> Any:
        with _LOCK:
            ours = _ours.pop(kind, None) if type(self) is kind else None
            if ours is not None:
                ours.release()
            return uninstrument(self, **keywords)

    return releasing


def _composing_app(framework: Framework, kind: Any) -> Callable[..., Any]:
    instrument_app = kind.instrument_app
    names = parameters(instrument_app)[1:]  # the first is the application

    @functools.wraps(instrument_app)
    def composing(app: Any, *arguments: Any, **keywords: Any) -> Any:
        keywords |= zip(names, arguments, strict=False)
        if keywords and is_reached(app):
            ours = _ours.get(kind)
            release(kind, app)
            if ours is not None:
                keywords.setdefault("tracer_provider", ours.provider)
        return instrument_app(app, **compose(framework, keywords))

    return composing


def _take_back(kind: Any) -> None:
    with _LOCK:
        if kind not in _ours:
            return
        try:
            kind().uninstrument()
        except Exception as error:  # noqa: BLE001 - of foreign code
            tell(
                _LOGGER,
                logging.WARNING,
                "the instrumentor %s could not be taken back (%s)",
                kind.__name__,
                type(error).__name__,
            )
