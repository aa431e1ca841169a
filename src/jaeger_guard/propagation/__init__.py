"""What crosses the process boundary beside a request: baggage, tracestate, refusals of consent.

Nothing here imports `opentelemetry.instrumentation`, which imports this while it is being imported.
"""

from __future__ import annotations

from jaeger_guard.propagation.destinations import toward
from jaeger_guard.propagation.firewall import Firewall
from jaeger_guard.propagation.installed import install_firewall, not_for
from jaeger_guard.propagation.propagator import FirewallPropagator
from jaeger_guard.propagation.refusals import GuardPropagator, add_to_globals

__all__ = [
    "Firewall",
    "FirewallPropagator",
    "GuardPropagator",
    "add_to_globals",
    "install_firewall",
    "not_for",
    "toward",
]
