"""The client of Jaeger's query API: what it reads, and whom it doesn't believe."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from e2e.plain import plain_provider
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.stored import StoredError, StoredSpan, spans_in
from jaeger_guard.stored.jaeger_json import spans_of_trace
from jaeger_guard.stored.query import NotFoundError, QueryApi, QueryEndpoint, RefusedError
from servers.jaeger import Jaeger

pytestmark = pytest.mark.e2e  # by a real Jaeger, with maps and bytes, which SDK 1.43 doesn't send

ATTRIBUTES = {
    "text": "a",
    "flag": True,
    "whole": 3,
    "large": 2**60,
    "real": 0.5,
    "bytes": b"\x00abc",
    "list": ["a", "b"],
}


def test_both_forms_of_a_real_jaeger(jaeger: Jaeger) -> None:
    """Types, status, kind, scope, events, links and ids come back as they were sent."""
    certificates = jaeger.certificates
    provider = plain_provider(
        endpoint=jaeger.http_endpoint,
        protocol="http/protobuf",
        ca_file=str(certificates.ca_file),
        cert_file=str(certificates.client.cert_file),
        key_file=str(certificates.client.key_file),
        service="stored",
    )
    tracer = provider.get_tracer("scope", "1.0", attributes={"s": "x"})
    with tracer.start_as_current_span("parent", kind=SpanKind.SERVER) as parent:
        link = Link(parent.get_span_context(), {"l": 1})
        with tracer.start_as_current_span("child", kind=SpanKind.CLIENT, links=[link]) as span:
            span.set_attributes(ATTRIBUTES)  # type: ignore[arg-type]  # bytes are allowed
            span.add_event("happened", {"k": "v"})
            span.set_status(Status(StatusCode.ERROR, "why"))
    context = span.get_span_context()
    provider.shutdown()
    jaeger.await_trace(context.trace_id)
    trace_id = f"{context.trace_id:032x}"
    with QueryApi(QueryEndpoint(url=jaeger.query_url)) as api:
        assert "stored" in api.services()
        spans = [span for unit in api.trace(trace_id) for span in spans_in(unit)]
    [child] = [span for span in spans if span.name == "child"]
    assert child.attributes == ATTRIBUTES
    assert child.links == [{"l": 1}] and child.scope.attributes == {"s": "x"}
    [old] = [
        span for span in spans_of_trace(jaeger.trace(context.trace_id)) if span.name == "child"
    ]
    assert {**old.attributes, "list": ["a", "b"], "error": None} == {**ATTRIBUTES, "error": None}
    assert old.attributes["list"] == '["a","b"]'  # JSON text, as Jaeger has it
    for each in (child, old):
        check(each, trace_id)
        assert each.span_id == f"{context.span_id:016x}"
        assert each.parent_id == f"{parent.get_span_context().span_id:016x}"
    assert child.start // 1000 == old.start // 1000


def check(span: StoredSpan, trace_id: str) -> None:
    assert (span.trace_id, span.kind, span.service) == (trace_id, "client", "stored")
    assert (span.status, span.status_description) == ("error", "why")
    assert span.events == [("happened", {"k": "v"})]
    assert (span.scope.name, span.scope.version) == ("scope", "1.0")


def test_an_unknown_trace(jaeger: Jaeger) -> None:
    """A trace that isn't there is told apart from a server that doesn't answer."""
    with QueryApi(QueryEndpoint(url=jaeger.query_url)) as api:
        with pytest.raises(NotFoundError):
            list(api.trace("0" * 31 + "1"))
        assert list(api.search("nobody", 0, time.time_ns(), 10)) == []


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path: as Jaeger does where it knows none, and as others do."""

    def do_GET(self) -> None:
        kind, status = "text/html", 200
        first = self.path.split("/")[1]
        if first.isdigit():
            kind, status = "text/plain", int(first)
        if first in ("json", "five", "none", "deep") or self.path.startswith("/old/api/traces"):
            kind = "application/json"
        self.server.seen.append(dict(self.headers))  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("location", "/json/")
        self.send_header("connection", "close")
        self.end_headers()
        answer: object = None
        if self.path.startswith("/old/api/traces"):
            answer = {"data": [{"spans": [{"spanID": "1", "operationName": "kept"}]}], "total": 0}
        if first in ("five", "none"):
            answer = {"data": 5} if first == "five" else {}
        if first == "deep":
            self.wfile.write(b"[" * 200_000)
            return
        self.wfile.write(b"<!doctype html>" if answer is None else json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture(scope="module")
def odd() -> Iterator[http.server.ThreadingHTTPServer]:
    """A server that is no Jaeger."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(30)


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("", StoredError, "is it Jaeger's query API"),
        ("/json", StoredError, "is it Jaeger's query API"),
        ("/five", StoredError, "is it Jaeger's query API"),
        ("/none", StoredError, "is it Jaeger's query API"),
        ("/deep", StoredError, "is it Jaeger's query API"),
        ("/302", StoredError, "redirect"),
        ("/401", RefusedError, "credentials"),
        ("/500", StoredError, "HTTP 500"),
    ],
)
def test_what_is_no_answer(
    path: str, error: type[StoredError], message: str, odd: http.server.ThreadingHTTPServer
) -> None:
    """A page under 200, a redirect, a refusal: each is an error of its own, and none is followed."""
    url = f"http://127.0.0.1:{odd.server_port}{path}"
    with QueryApi(QueryEndpoint(url=url)) as api, pytest.raises(error, match=message):
        api.services()


def test_a_jaeger_that_has_the_older_api_alone(odd: http.server.ThreadingHTTPServer) -> None:
    """Where /api/v3 is answered by a page, /api/traces is asked, from then on without the detour."""
    url = f"http://127.0.0.1:{odd.server_port}/old"
    with QueryApi(QueryEndpoint(url=url)) as api:
        before = len(odd.seen)  # type: ignore[attr-defined]
        found = [span.name for unit in api.trace("a" * 32) for span in spans_in(unit)]
        found += [span.name for unit in api.search("s", 0, 1, 1) for span in spans_in(unit)]
    assert found == ["kept", "kept"]
    assert len(odd.seen) - before == 3  # type: ignore[attr-defined]


def test_credentials_and_environment(
    odd: http.server.ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Basic and bearer credentials are sent; proxies and ~/.netrc of the environment have no say."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other\n")
    (tmp_path / "token").write_text("abc.def\n")
    (tmp_path / "token").chmod(0o600)
    url = f"http://127.0.0.1:{odd.server_port}"
    for endpoint in (
        QueryEndpoint(url=url, basic=("reader", "pass")),
        QueryEndpoint(url=url, bearer_token_file=tmp_path / "token"),
    ):
        with QueryApi(endpoint) as api, pytest.raises(StoredError):
            api.services()
        assert "pass" not in repr(endpoint)
    seen = [headers.get("Authorization") for headers in odd.seen[-2:]]  # type: ignore[attr-defined]
    assert seen == ["Basic cmVhZGVyOnBhc3M=", "Bearer abc.def"]


def test_plaintext_to_others_is_refused() -> None:
    """Traces and credentials don't travel in the clear to another machine."""
    with pytest.raises(ConfigurationError, match="in the clear"):
        QueryApi(QueryEndpoint(url="http://jaeger.example:16686", basic=("reader", "pass")))
