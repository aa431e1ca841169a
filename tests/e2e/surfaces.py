"""Spans with something planted on each surface, beside benign values that must come through."""

from __future__ import annotations

import secrets
from typing import Final

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags, TraceState

from e2e.planted import BEARER, CARD, CARD_AS_NUMBER, EMAIL, JWT, PASSWORD, TOKEN

BENIGN: Final = (
    "/api/v1/orders/{order_id}",
    "Mozilla/5.0 (X11; Linux x86_64)",
    "3f2b8c1e-9d4a-4f6b-8e7c-1a2b3c4d5e6f",
    "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567",
    "order_items",
    "cache.miss",
    "checkout-worker",
    "10.4.7",
    "8443",
)
RESOURCE: Final = {"deployment.note": f"deployed by {EMAIL}", "service.version": "10.4.7"}


def record_planted(provider: TracerProvider) -> int:
    """Record a trace of two spans, planted on every surface, and answer its id."""
    tracer = provider.get_tracer(
        "checkout-worker", "10.4.7", attributes={"scope.owner": f"owner {EMAIL}"}
    )
    state = TraceState([("vendor", f"u:{CARD}")])
    elsewhere = SpanContext(
        0x0AF7651916CD43DD8448EB211C80319C, 0x00F067AA0BA902B7, True, TraceFlags(1), state
    )
    parent = SpanContext(
        secrets.randbits(127) + 1, secrets.randbits(63) + 1, True, TraceFlags(1), state
    )
    within = trace.set_span_in_context(trace.NonRecordingSpan(parent))
    with tracer.start_as_current_span(
        f"GET /users/{EMAIL}",
        context=within,
        links=[Link(elsewhere, {"link.user": EMAIL, "link.kind": "order_items"})],
    ) as span:
        span.set_attribute("http.route", BENIGN[0])
        span.set_attribute("user_agent.original", BENIGN[1])
        span.set_attribute("order.id", BENIGN[2])
        span.set_attribute("vcs.ref.head.revision", BENIGN[3])
        span.set_attribute("server.port", 8443)
        span.set_attribute("note", f"call {EMAIL} back, card {CARD}")
        span.set_attribute("body", f"mail={EMAIL}".encode())
        span.set_attribute("payment.reference", CARD_AS_NUMBER)
        span.set_attribute("recipients", [EMAIL, "order_items"])
        span.set_attribute("http.request.header.authorization", ["Bearer", BEARER])
        span.set_attribute("payload", {"user": {"mail": EMAIL, "token": TOKEN}, "n": [CARD]})
        span.set_attribute(f"seen.{EMAIL}", True)
        span.set_attribute("url.full", f"https://shop.example/login?password={PASSWORD}&page=2")
        span.set_attribute("session", JWT)
        span.add_event(f"mail to {EMAIL}", {"to": EMAIL})
        span.add_event("cache.miss", {"key.size": 12})
        try:
            raise ValueError(f"no account for {EMAIL} with {TOKEN}")
        except ValueError as error:
            span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, f"ValueError: no account for {EMAIL}"))
        with tracer.start_as_current_span("benign"):
            pass
    return span.get_span_context().trace_id
