"""The propagator `jaeger_guard`: reads refusals of consent from requests, and sends them on.

Flask and others sample before their request hooks run, so what a request says about consent has to be
read where its trace context is. It runs behind the propagators of W3C Trace Context and Baggage
(`OTEL_PROPAGATORS=tracecontext,baggage,jaeger_guard`), for `inject` completes what they wrote.

Where nothing was configured, no propagator stands behind the firewall when this one is called for the
first time. Then it puts them there, and writes again what the W3C's have written before it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context, get_current
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)

from jaeger_guard.consents import install, installed, refuse_in, says_no
from jaeger_guard.policy import Consent
from jaeger_guard.propagation.installed import load_propagate, watch
from jaeger_guard.propagation.propagator import (
    FirewallPropagator,
    GuardedSetter,
    behind_firewall,
    w3c,
)

_NAME: Final = "jaeger_guard"
_TRACESTATE: Final = "tracestate"
_LONGEST: Final = 16 * 1024  # characters of cookies that are looked at; servers take no more


class GuardPropagator(TextMapPropagator):
    """Reads refusals of consent from headers and cookies, where a policy names them.

    Args:
        consent: What is read; None: what the policy says that was configured last.
    """

    def __init__(self, consent: Consent | None = None) -> None:
        self._consent = consent
        self._is_global = False

    @classmethod
    def from_environment(cls) -> TextMapPropagator:
        """Make the propagator that OTEL_PROPAGATORS names; alone, it brings those of the W3C."""
        named = [name.strip() for name in os.environ.get("OTEL_PROPAGATORS", "").split(",")]
        made = cls()
        if [name for name in named if name] == [_NAME]:
            return FirewallPropagator([*w3c(), made])
        made._is_global = True
        return made

    def extract(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        getter: Getter[CarrierT] = default_getter,
    ) -> Context:
        """Answer a context that says so where the request refuses consent; it never raises."""
        context = Context() if context is None else context
        if self._is_global:
            _wall_in()
        settings = self._consent or installed()
        if settings is None or not settings.reads_headers:
            return context
        try:
            refused = _refuses(carrier, getter, settings)
        except Exception:  # noqa: BLE001 - a carrier that can't be read says nothing
            refused = False
        return refuse_in(context) if refused else context

    def inject(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        setter: Setter[CarrierT] = default_setter,
    ) -> None:
        """Say in tracestate what became known after the current span had begun; it never raises."""
        with contextlib.suppress(Exception):  # a foreign span or sampler raises anything
            context = get_current() if context is None else context
            if self._is_global and not isinstance(setter, GuardedSetter):
                _wall_in()
                _write_again(self, carrier, context, setter)
                return
            span = trace.get_current_span(context)
            current = span.get_span_context()
            if not current.is_valid:
                return
            state = _marked(span, context)
            if state is not None:
                setter.set(carrier, _TRACESTATE, state.to_header())

    @property
    def fields(self) -> set[str]:
        """The fields that `inject` sets."""
        return {_TRACESTATE}


def _write_again(
    mine: TextMapPropagator, carrier: CarrierT, context: Context, setter: Setter[CarrierT]
) -> None:
    """Write over what the W3C's propagators wrote: a header can't be taken back, but emptied."""
    judged: dict[str, str] = {}
    FirewallPropagator([*w3c(), mine]).inject(judged, context)
    written: dict[str, str] = {}
    for propagator in w3c():
        with contextlib.suppress(Exception):
            propagator.inject(written, context, default_setter)
    for name in judged.keys() | written.keys():
        if judged.get(name) != written.get(name):
            setter.set(carrier, name, judged.get(name, ""))


def _wall_in() -> None:
    """Put the global propagators behind the firewall, for the next time."""
    with contextlib.suppress(Exception):
        watch(load_propagate())


def _marked(span: Any, context: Context) -> Any:
    """Answer the tracestate with a mark, where the sampler of the span has one to add."""
    mark = getattr(getattr(span, "_sampler", None), "mark_refusal", None)
    return None if mark is None else mark(span.get_span_context(), context)


def _refuses(carrier: Any, getter: Getter[Any], settings: Consent) -> bool:
    for header in settings.headers:
        if any(says_no(text, settings) for text in _values(carrier, getter, header)):
            return True
    # https://w3c.github.io/gpc/#the-sec-gpc-header-field-for-http-requests: only "1" says so;
    # https://www.w3.org/TR/tracking-dnt/#dnt-header-field: it begins with "1".
    if settings.sec_gpc and "1" in _values(carrier, getter, "sec-gpc"):
        return True
    if settings.dnt and any(text[:1] == "1" for text in _values(carrier, getter, "dnt")):
        return True
    if not settings.cookies:
        return False
    wanted = frozenset(settings.cookies)
    return any(
        name in wanted and says_no(value, settings)
        for text in _values(carrier, getter, "cookie")
        for name, value in _cookies(text[:_LONGEST])
    )


def _values(carrier: Any, getter: Getter[Any], header: str) -> list[str]:
    given: Iterable[Any] | None = getter.get(carrier, header)
    if given is None and getter is default_getter:
        given = getter.get(carrier, header.title())  # a plain dict keeps the case of its sender
    if isinstance(given, str):
        given = [given]
    return [text.strip() for text in given or () if isinstance(text, str)]


def _cookies(text: str) -> Iterator[tuple[str, str]]:
    """Take a Cookie header apart (RFC 6265, section 4.2.1)."""
    for pair in text.split(";"):
        name, equals, value = pair.partition("=")
        if equals:
            yield name.strip(), value.strip()


def add_to_globals(settings: Consent) -> None:
    """Have requests read by every propagation of this process, by these settings.

    Raises:
        ConfigurationError: OTEL_PROPAGATORS names one that can't be loaded.
    """
    propagate = load_propagate()
    install(settings)
    current = behind_firewall(propagate.get_global_textmap())
    listed = current._propagators
    if not any(isinstance(propagator, GuardPropagator) for propagator in listed):
        propagate.set_global_textmap(FirewallPropagator([*listed, GuardPropagator()]))
