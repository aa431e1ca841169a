"""FirewallPropagator: the configured propagators, of whatever format, behind the firewall."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from opentelemetry.baggage import _BAGGAGE_KEY
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context, get_current, set_value
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from jaeger_guard.propagation.firewall import Firewall
from jaeger_guard.propagation.installed import firewall

_EMPTY: Final[Mapping[str, object]] = MappingProxyType({})


class FirewallPropagator(CompositePropagator):
    """Lets propagators write and read only what a policy permits; it never raises.

    Args:
        propagators: Those behind it, in order.
        firewall: What judges; None: what was configured last, else by `baseline`.
    """

    def __init__(
        self, propagators: Sequence[TextMapPropagator], firewall: Firewall | None = None
    ) -> None:
        super().__init__(propagators)
        self._firewall = firewall

    @property
    def firewall(self) -> Firewall:
        """What judges."""
        return self._firewall or firewall()

    def extract(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        getter: Getter[CarrierT] = default_getter,
    ) -> Context:
        """Read what propagators find, without the baggage that isn't taken from callers."""
        judge = self.firewall
        before = _baggage(get_current() if context is None else context)
        result = context
        for propagator in self._propagators:
            try:
                result = propagator.extract(carrier, result, getter=getter)
            except Exception:  # noqa: BLE001 - a foreign propagator raises anything
                judge.count("failure")
        if result is None:
            return Context()
        after = _baggage(result)
        if after is before or not after:
            return result
        try:
            kept: Mapping[str, object] = judge.incoming(before, after)
        except Exception:  # noqa: BLE001 - what can't be judged isn't taken
            judge.count("failure")
            kept = before
        return result if kept == after else _with_baggage(kept, result)

    def inject(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        setter: Setter[CarrierT] = default_setter,
    ) -> None:
        """Let propagators write what may leave to where the request goes."""
        judge = self.firewall
        context = get_current() if context is None else context
        if not judge.lets_trace(context):
            if get_current_span(context).get_span_context().is_valid or _baggage(context):
                judge.count("trace")
            _take_off(carrier, self.fields)
            return
        baggage = _baggage(context)
        lets_baggage = judge.lets_baggage(context)
        if not lets_baggage:
            _take_off(carrier, {"baggage"})
        if baggage:
            context = _with_baggage(_outgoing(judge, baggage, allowed=lets_baggage), context)
        guarded = GuardedSetter(judge, setter, baggage=lets_baggage)
        for propagator in self._propagators:
            # What the SDK's own writes of baggage stands in the Context, which was judged.
            chosen = setter if type(propagator) is W3CBaggagePropagator else guarded
            try:
                propagator.inject(carrier, context, setter=chosen)
            except Exception:  # noqa: BLE001 - a foreign propagator raises anything
                judge.count("failure")


class GuardedSetter(Setter[Any]):
    """Sets what a firewall lets out."""

    def __init__(self, judge: Firewall, setter: Setter[Any], *, baggage: bool) -> None:
        self._judge = judge
        self._setter = setter
        self._baggage = baggage

    def set(self, carrier: Any, key: str, value: str) -> None:
        """Set a header as it may leave, or not at all."""
        try:
            allowed = self._judge.header(key, value, baggage=self._baggage)
        except Exception:  # noqa: BLE001 - one border per header; its text may hold the value
            self._judge.count("failure")
            return
        if allowed is not None:
            self._setter.set(carrier, key, allowed)


def behind_firewall(current: TextMapPropagator) -> FirewallPropagator:
    """Put a propagator, or those of a composite, behind the firewall."""
    if isinstance(current, FirewallPropagator):
        return current
    composite = isinstance(current, CompositePropagator)
    listed: list[TextMapPropagator] = list(current._propagators) if composite else [current]  # type: ignore[attr-defined]
    return FirewallPropagator(listed)


def w3c() -> list[TextMapPropagator]:
    """Return what the SDK propagates by without OTEL_PROPAGATORS."""
    return [TraceContextTextMapPropagator(), W3CBaggagePropagator()]


def _take_off(carrier: Any, names: Iterable[str]) -> None:
    """Take off what stands there: a client that follows a redirect keeps the headers it had."""
    if isinstance(carrier, MutableMapping):
        for name in names:
            with contextlib.suppress(Exception):
                carrier.pop(name, None)


def _outgoing(
    judge: Firewall, baggage: Mapping[str, object], *, allowed: bool
) -> Mapping[str, object]:
    if not allowed:
        judge.count("host")
        return _EMPTY
    with contextlib.suppress(Exception):
        return judge.outgoing(baggage)
    judge.count("failure")
    return _EMPTY


def _baggage(context: Context) -> Mapping[str, object]:
    baggage = context.get(_BAGGAGE_KEY)
    return baggage if isinstance(baggage, Mapping) else _EMPTY


def _with_baggage(baggage: Mapping[str, object], context: Context) -> Context:
    return set_value(_BAGGAGE_KEY, dict(baggage), context)  # the API takes nothing else
