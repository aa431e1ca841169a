"""Helpers for tests of services: what they capture, what they assert, and that they never tell a value."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Status, StatusCode

from jaeger_guard import ConfigurationError, protect
from jaeger_guard.testing import CapturedSpans, assert_no_pii

EMAIL = "ada.lovelace@example.org"


@pytest.fixture
def spans() -> CapturedSpans:
    return CapturedSpans()


def provider(spans: CapturedSpans, **resource: Any) -> TracerProvider:
    made = TracerProvider(resource=Resource(resource), shutdown_on_exit=False)
    made.add_span_processor(spans.processor)
    return made


def test_clean_spans_pass(spans: CapturedSpans) -> None:
    """What an engineer debugs with is no finding."""
    attributes: dict[str, Any] = {"http.route": "/orders/{id}", "http.response.status_code": 200}
    provider(spans).get_tracer("shop").start_span("GET /orders/{id}", attributes=attributes).end()
    assert_no_pii(spans)
    assert spans.names == ["GET /orders/{id}"]
    assert spans.named("GET /orders/{id}") is spans[0]


def test_every_surface_is_named_and_no_value_is(spans: CapturedSpans) -> None:
    """The message has span, surface, key and category of each finding, and nothing that was found."""
    tracer = provider(spans, owner=EMAIL).get_tracer("shop", attributes={"by": EMAIL})
    span = tracer.start_span(f"GET /users/{EMAIL}", attributes={"note": EMAIL, f"k.{EMAIL}": 1})
    span.add_event("sent", {"to": EMAIL})
    span.set_status(Status(StatusCode.ERROR, f"no {EMAIL}"))
    span.end()
    with pytest.raises(AssertionError) as raised:
        assert_no_pii(spans)
    message = str(raised.value)
    assert "ada" not in message
    for part in ("in name", "in attribute 'note'", "in event 'to'", "in status", "in resource 'owner'",
                 "in scope 'by'", "in key", "contact.email", "'GET /users/REDACTED'"):  # fmt: skip
        assert part in message


def test_what_is_allowed_is_no_finding(spans: CapturedSpans) -> None:
    """Categories and globs can be allowed; another category is still found."""
    tracer = provider(spans).get_tracer("shop")
    tracer.start_span("x", attributes={"note": EMAIL}).end()
    assert_no_pii(spans, allow=["contact.email"])
    assert_no_pii(spans, allow=["contact.*"])
    assert_no_pii(spans, allow="contact.*")
    with pytest.raises(AssertionError, match=r"contact\.email"):
        assert_no_pii(spans, allow=["financial.*"])


def test_a_guarded_provider_passes(spans: CapturedSpans) -> None:
    """Captured behind a guard, the same spans are clean."""
    made = provider(spans, owner=EMAIL)
    protect(made)
    made.get_tracer("shop").start_span(f"GET /users/{EMAIL}", attributes={"note": EMAIL}).end()
    assert len(spans) == 1
    assert_no_pii(spans)
    spans.clear()
    assert list(spans) == []
    with pytest.raises(AssertionError, match="0 spans"):
        spans.named("x")


def test_a_policy_that_is_not_there(spans: CapturedSpans) -> None:
    """A policy that can't be used is an error, not a pass."""
    with pytest.raises(ConfigurationError):
        assert_no_pii([], policy="no-such-preset")


SUITE = """
from opentelemetry import trace
from jaeger_guard.testing import assert_no_pii

tracer = trace.get_tracer("shop")


def checkout():
    with tracer.start_as_current_span("checkout") as span:
        span.set_attribute("customer.email", "ada.lovelace@example.org")
        span.set_attribute("http.route", "/checkout")


def test_guarded(guarded_spans):
    checkout()
    assert_no_pii(guarded_spans)
    assert guarded_spans.named("checkout").attributes["http.route"] == "/checkout"
    assert "REDACTED" in guarded_spans[0].attributes["customer.email"]


def test_each_test_sees_its_own(guarded_spans):
    assert len(guarded_spans) == 0
    checkout()
    assert guarded_spans.names == ["checkout"]


def test_unguarded_is_found():
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("x").start_span("x", attributes={"mail": "ada.lovelace@example.org"}).end()
    assert_no_pii(exporter.get_finished_spans())
"""


OWN_POLICY = """
from jaeger_guard import Policy, Rule, configure

configure(policy=Policy(rules=(Rule(key="cart.items", action="drop"),)))
"""

OWN_POLICY_SUITE = """
from opentelemetry import trace


def test_own_policy(guarded_spans):
    attributes = {"cart.items": "sku-1", "customer.email": "ada.lovelace@example.org"}
    trace.get_tracer("shop").start_span("checkout", attributes=attributes).end()
    assert list(guarded_spans.named("checkout").attributes) == ["customer.email"]
    assert "ada" not in guarded_spans[0].attributes["customer.email"]
"""


def run_suite(directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a process of its own, without the environment's OTEL_* variables."""
    plain = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(directory)],
        cwd=directory,
        env=plain | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_plugin_keeps_the_policy_of_a_guard_that_is_there(tmp_path: Path) -> None:
    """A suite whose application calls configure() with a policy sees its spans by that policy."""
    (tmp_path / "conftest.py").write_text(OWN_POLICY)
    (tmp_path / "test_shop.py").write_text(OWN_POLICY_SUITE)
    child = run_suite(tmp_path, OTEL_TRACES_EXPORTER="none")
    assert "1 passed" in child.stdout, child.stdout[-2000:]


@pytest.mark.parametrize("installed", [False, True], ids=["no provider", "a provider"])
def test_the_plugin_works_in_a_users_suite(installed: bool, tmp_path: Path) -> None:
    """The fixture is there with no configuration, with a provider of the suite's own or without."""
    (tmp_path / "test_shop.py").write_text(SUITE)
    if installed:
        (tmp_path / "conftest.py").write_text(
            "from opentelemetry import trace\n"
            "from opentelemetry.sdk.trace import TracerProvider\n"
            "trace.set_tracer_provider(TracerProvider())\n"
        )
    child = run_suite(tmp_path)
    assert "1 failed, 2 passed" in child.stdout, child.stdout[-2000:]
    assert "contact.email in attribute 'mail'" in child.stdout
