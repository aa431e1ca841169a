"""Which firewall propagators of this process ask, and that no propagator stands outside of it."""

from __future__ import annotations

import contextlib
import functools
from typing import Any, Final

from opentelemetry.propagators.textmap import TextMapPropagator

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.propagation.firewall import Firewall
from jaeger_guard.scrubber import Scrubber


class _Installed:
    """What was configured last: propagators are made by entry points, before anything is."""

    def __init__(self) -> None:
        self.firewall: Firewall | None = None


_INSTALLED: Final = _Installed()


def firewall() -> Firewall:
    """Return what was configured last, else what `baseline` permits."""
    return _INSTALLED.firewall or _by_default()


@functools.lru_cache(maxsize=1)
def _by_default() -> Firewall:
    return Firewall(Scrubber(compile_policy(load_policy("baseline", "propagation"))))


def install_firewall(judge: Firewall) -> None:
    """Put every propagation of this process behind a firewall, from now on.

    Raises:
        ConfigurationError: OTEL_PROPAGATORS names one that can't be loaded.
    """
    propagate = load_propagate()
    _INSTALLED.firewall = judge
    watch(propagate)


def not_for(url: str) -> list[str]:
    """List the headers that propagators write which may not go where a URL points."""
    lets_trace, lets_baggage = firewall().lets(url)
    if not lets_trace:
        firewall().count("trace")
        return sorted({"baggage", *load_propagate().get_global_textmap().fields})
    if not lets_baggage:
        firewall().count("host")
        return ["baggage"]
    return []


def load_propagate() -> Any:
    """Return the API's module of propagation, which loads what OTEL_PROPAGATORS names.

    Raises:
        ConfigurationError: OTEL_PROPAGATORS names one that can't be loaded.
    """
    with contextlib.suppress(Exception):
        from opentelemetry import propagate

        return propagate
    raise ConfigurationError(
        "a propagator that can't be loaded",
        "OTEL_PROPAGATORS",
        "Set tracecontext,baggage,jaeger_guard",
    )


def watch(propagate: Any) -> None:
    """Have the global propagator asked for behind the firewall, whoever sets another one."""
    from jaeger_guard.propagation.propagator import behind_firewall  # it asks this module

    propagate.set_global_textmap(behind_firewall(propagate.get_global_textmap()))
    given = propagate.get_global_textmap
    if getattr(given, "jaeger_guard_watches", False):
        return

    @functools.wraps(given)
    def get_global_textmap() -> TextMapPropagator:
        current: TextMapPropagator = given()
        walled = behind_firewall(current)
        if walled is not current:
            propagate.set_global_textmap(walled)
        return walled

    get_global_textmap.jaeger_guard_watches = True  # type: ignore[attr-defined]
    propagate.get_global_textmap = get_global_textmap
