"""Real apps under the real instrumentors, with the old and the new semantic conventions.

Each app runs twice with the same requests, plain and guarded. The plain run is the control: it
shows that the instrumentor does leak, and what the trace looks like that must survive.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from e2e.children import Run, run_app
from e2e.planted import EVERYWHERE
from servers.collector import Collector, Received
from servers.reading import planted_found

pytestmark = pytest.mark.e2e

# What an engineer debugs with; its values must be those of the plain run, one for one. Ports and
# times differ from run to run.
FACTS: Final = (
    "http.route",
    "http.method",
    "http.request.method",
    "http.status_code",
    "http.response.status_code",
    "http.scheme",
    "url.scheme",
    "http.flavor",
    "network.protocol.version",
    "user_agent.original",
    "http.user_agent",
    "error.type",
    "db.system",
    "db.system.name",
    "db.operation.name",
    "db.collection.name",
    "db.redis.pipeline_length",
    "exception.type",
    "log.logger",
    "log.trace_matches",
)
# Each app: texts that must still stand somewhere in its trace.
APPS: Final = {
    "flask": ("/customers/<mail>/orders", "/checkout", "ValueError", "flask/app.py"),
    "fastapi": ("/customers/{mail}/orders", "/checkout", "ValueError"),
    "django": ("customers/<str:mail>/orders", "checkout", "ValueError"),
    "requests": ("127.0.0.1", "page=2", "/ok", "/customers/", "ConnectionError"),
    "httpx": ("127.0.0.1", "page=2", "/ok", "/customers/", "ConnectError"),
    "urllib3": ("127.0.0.1", "page=2", "/ok", "/customers/"),
    "sqlalchemy": ("INSERT INTO customers", "FROM customers WHERE mail", "sqlite"),
    "sqlite3": ("INSERT INTO customers", "FROM customers WHERE mail", "sqlite"),
    "redis": ("SET", "GET", "NOSUCHCOMMAND"),
    "logging": ("bounced", "shop.checkout"),
}


@pytest.mark.parametrize("conventions", ["", "http,database"], ids=["old", "new"])
@pytest.mark.parametrize("name", APPS)
def test_app_leaks_nothing_and_stays_useful(
    name: str, conventions: str, collector: Collector, redis_port: int, tmp_path: Path
) -> None:
    """Nothing planted arrives from the guarded app; the trace's shape and facts are the plain's."""

    def run(mode: str) -> Run:
        return run_app(
            name, collector, tmp_path, mode=mode, conventions=conventions, redis_port=redis_port
        )

    plain, guarded = run("plain"), run("guarded")
    assert planted_found(EVERYWHERE, plain.received.strings) != []  # the instrumentor does leak
    assert planted_found(EVERYWHERE, guarded.received.strings) == []
    assert planted_found(EVERYWHERE, [guarded.log]) == []
    assert shape(guarded.received) == shape(plain.received)
    assert facts(guarded.received) == facts(plain.received)
    assert planted_found(APPS[name], guarded.received.strings) == list(APPS[name])


@pytest.mark.parametrize("name", ["requests", "urllib3"])
def test_guard_does_not_trace_itself(name: str, collector: Collector, tmp_path: Path) -> None:
    """Exporting over HTTP with an instrumented HTTP library makes no spans of its own."""
    plain = run_app(name, collector, tmp_path, mode="plain")
    guarded = run_app(name, collector, tmp_path, mode="guarded", protocol="http/protobuf")
    assert shape(guarded.received) == shape(plain.received)


def shape(received: Received) -> Counter[tuple[object, ...]]:
    """Count the spans by kind, status, depth in the trace, and number of events and attributes."""
    by_id = {span.span_id: span for span in received.spans}

    def depth(span: Span) -> int:
        parent = by_id.get(span.parent_span_id)
        return 0 if parent is None else 1 + depth(parent)

    return Counter(
        (span.kind, span.status.code, depth(span), len(span.events), len(span.attributes))
        for span in received.spans
    )


def facts(received: Received) -> Counter[str]:
    """Count the values of the keys in FACTS, on spans and events."""
    found: Counter[str] = Counter()
    for span in received.spans:
        attributes = list(span.attributes)
        for event in span.events:
            attributes += event.attributes
        for attribute in attributes:
            if attribute.key in FACTS:
                found[f"{attribute.key}={attribute.value}"] += 1
    return found
