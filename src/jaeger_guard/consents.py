"""Consent in the Context: what an application, a request's headers, or baggage say about it.

What the application says last counts. What a request says can only refuse, and only where a policy
names the header, cookie or baggage key that it says it by; nothing remote grants anything.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.baggage import _BAGGAGE_KEY
from opentelemetry.context import Context, attach, create_key, detach, set_value

from jaeger_guard.policy import Consent

STATEMENT_KEY: Final = create_key("jaeger-guard-consent")
_REFUSED_KEY: Final = create_key("jaeger-guard-consent-refused")
# What this thread or task has entered: one object may be entered by many at once, and again in itself.
_ENTERED: Final[ContextVar[tuple[tuple[Any, Any], ...]]] = ContextVar(
    "jaeger-guard-consent", default=()
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What the application said.

    Attributes:
        granted: Whether there is consent.
        purposes: For what; empty: for whatever spans are recorded for.
    """

    granted: bool
    purposes: frozenset[str]


class consent:
    """Say, for what happens inside, whether the person it is about has consented.

    A refusal also holds for the span that is current, and those around it in this process: they
    describe the same. What becomes of such spans, `Sampling.without_consent` says. A grant ends what
    a surrounding refusal, or a request's header, said; it can't bring back what a span's parent
    left out.

    Args:
        granted: Whether there is consent.
        purposes: What it was given for; empty: for whatever spans are recorded for.
    """

    def __init__(self, granted: bool, purposes: Iterable[str] = ()) -> None:
        if isinstance(purposes, str):
            purposes = (purposes,)
        self._statement = Statement(bool(granted), frozenset(purposes))

    def __enter__(self) -> None:
        context = set_value(STATEMENT_KEY, self._statement)
        _ENTERED.set((*_ENTERED.get(), (self, attach(context))))
        with contextlib.suppress(Exception):  # a foreign span may raise anything
            _tell_guards(context)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        entered = _ENTERED.get()
        for position in reversed(range(len(entered))):
            owner, token = entered[position]
            if owner is self:
                _ENTERED.set(entered[:position])
                detach(token)
                return


def _tell_guards(context: Context) -> None:
    """Tell the guards of the current span that consent was said or refused while it runs."""
    span = trace.get_current_span(context)
    processor = getattr(span, "_span_processor", None)
    for candidate in (processor, *getattr(processor, "_span_processors", ())):
        tell = getattr(candidate, "_consent_stated", None)
        if tell is not None:
            tell(span, context)


def refuse_in(context: Context) -> Context:
    """Answer a context in which a request has refused consent."""
    return set_value(_REFUSED_KEY, True, context)


def is_refused(context: Mapping[str, Any], settings: Consent, *, trust_baggage: bool) -> bool:
    """Say whether consent is refused in a context."""
    statement = context.get(STATEMENT_KEY)
    if isinstance(statement, Statement):
        return not statement.granted or (
            settings.purpose is not None
            and bool(statement.purposes)
            and settings.purpose not in statement.purposes
        )
    if context.get(_REFUSED_KEY):
        return True
    if not settings.baggage or not trust_baggage:
        return False
    baggage = context.get(_BAGGAGE_KEY)
    return isinstance(baggage, Mapping) and any(
        says_no(baggage.get(key), settings) for key in settings.baggage
    )


def says_no(text: object, settings: Consent) -> bool:
    """Say whether a header, a cookie or a member of baggage refuses."""
    return isinstance(text, str) and text.strip().strip('"').lower() in settings.refusals


class _Installed:
    """What the propagator reads by: it is made by its entry point, before anything is configured."""

    def __init__(self) -> None:
        self.settings: Consent | None = None


_INSTALLED: Final = _Installed()


def install(settings: Consent | None) -> None:
    """Let propagators that were given no settings read by these."""
    _INSTALLED.settings = settings


def installed() -> Consent | None:
    """Answer what was installed last."""
    return _INSTALLED.settings
