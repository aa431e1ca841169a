"""Never bypassed: find providers and processors in this process that read raw spans, and say so.

Looked for at the start, and whenever a tracer is asked for: a library may build a TracerProvider of
its own, a distribution may win over ours, a processor that takes part in the starts of spans may keep
one. One clear warning for each; in strict mode, such a provider gives out tracers that record nothing.
"""

from __future__ import annotations

import functools
import logging
import threading
import weakref
from collections.abc import Sequence
from typing import Any, Final

from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import NoOpTracer, Tracer

from jaeger_guard.processor import ConcurrentGuard, GuardSpanProcessor, foreign_starters
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard")
_LOCK: Final = threading.RLock()

_told: weakref.WeakKeyDictionary[TracerProvider, str] = weakref.WeakKeyDictionary()
_strict = False


def is_guarded(provider: object) -> bool:
    """Say whether what a provider's processors see of ended spans is scrubbed."""
    if not isinstance(provider, TracerProvider):
        return False
    multi = provider._active_span_processor
    if isinstance(multi, GuardSpanProcessor | ConcurrentGuard):
        return True
    # One without processors shows its spans to nobody.
    return all(
        isinstance(processor, GuardSpanProcessor) for processor in processors_behind(provider)
    )


def watch_for_bypasses(*, strict: bool) -> None:
    """Look at each provider of the SDK when a tracer is asked for, from now on.

    Args:
        strict: Whether a provider with a bypass gives out tracers that record nothing.
    """
    global _strict
    with _LOCK:
        _strict = strict
        given_out = TracerProvider.get_tracer
        if getattr(given_out, "jaeger_guard_watches", False):
            return

        @functools.wraps(given_out)
        def get_tracer(self: TracerProvider, *arguments: Any, **keywords: Any) -> Tracer:
            bypass = _bypass_of(self)
            if bypass and _refuses(self, bypass):
                return NoOpTracer()
            return given_out(self, *arguments, **keywords)

        get_tracer.jaeger_guard_watches = True  # type: ignore[attr-defined]
        TracerProvider.get_tracer = get_tracer  # type: ignore[method-assign]


def processors_behind(provider: TracerProvider) -> Sequence[SpanProcessor]:
    """List the processors of a provider, those behind its multi-processor one by one."""
    multi = provider._active_span_processor
    return getattr(multi, "_span_processors", (multi,))


def told_of() -> tuple[TracerProvider, ...]:
    """List the providers with a bypass that gave out a tracer since somebody looks, and are alive."""
    with _LOCK:
        return tuple(_told)


def _bypass_of(provider: TracerProvider) -> str:
    """Say who reads raw spans of a provider, by the names of types; "" where nobody does."""
    if not is_guarded(provider):
        names = sorted({type(processor).__qualname__ for processor in processors_behind(provider)})
        return f"a TracerProvider that is not guarded is in use, with {', '.join(names)}"
    starters = sorted(set(foreign_starters(processors_behind(provider))))
    if starters:
        return f"processors see live spans at their start: {', '.join(starters)}"
    return ""


def _refuses(provider: TracerProvider, bypass: str) -> bool:
    """Tell of a bypass once; answer whether the provider is to give out nothing."""
    with _LOCK:
        first = _told.get(provider) != bypass
        _told[provider] = bypass
    if first and _strict:
        tell(_LOGGER, logging.ERROR, "%s: its tracers record nothing (JAEGER_GUARD_STRICT)", bypass)
    elif first:
        remedy = "call jaeger_guard.protect(provider) where it is made"
        if is_guarded(provider):
            remedy = "one that keeps a span reads it unscrubbed"
        tell(_LOGGER, logging.WARNING, "%s; %s", bypass, remedy)
    return _strict
