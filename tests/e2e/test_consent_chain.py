"""Three services in processes of their own: consent withdrawn at the first holds in all of them."""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from servers.otlp_sink import HttpSink

pytestmark = pytest.mark.e2e

TESTS: Final = Path(__file__).parent.parent
SERVICES: Final = ("first", "second", "third")
WHOLE: Final = {"first": 3, "second": 3, "third": 2}  # server, work, and a call but in the last


@dataclass(frozen=True, slots=True)
class Arrived:
    """What arrived of one request.

    Attributes:
        spans: How many spans, by service.
        contents: In how many of them the request's content stands, by service.
        traces: How many traces they are of.
    """

    spans: dict[str, int]
    contents: dict[str, int]
    traces: int


class Chain:
    """The three services, and what they have sent."""

    def __init__(self, first: str, sink: HttpSink) -> None:
        self.first = first
        self.sink = sink
        self.sent: dict[str, str] = {}

    def ask(self, action: str, **headers: str) -> str:
        """Send a request with content that no other has; answer the content."""
        note = f"content-{uuid.uuid4().hex[:12]}"
        trace_id = uuid.uuid4().hex
        # A caller that names the trace makes its spans easy to find; the edge keeps the id.
        headers = {
            "traceparent": f"00-{trace_id}-{uuid.uuid4().hex[:16]}-01",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        request = urllib.request.Request(f"{self.first}/{action}?note={note}", headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            assert answer.read() == b"first"
        self.sent[note] = headers["traceparent"].split("-")[1]
        return note

    def arrived(self, note: str) -> Arrived:
        """Say what arrived of the request with that content."""
        spans: dict[str, int] = {}
        contents: dict[str, int] = {}
        trace_id = bytes.fromhex(self.sent[note])
        traces = set()
        for payload in self.sink.payloads:
            for resource in ExportTraceServiceRequest.FromString(payload).resource_spans:
                service = next(
                    attribute.value.string_value
                    for attribute in resource.resource.attributes
                    if attribute.key == "service.name"
                )
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        holds = note.encode() in span.SerializeToString()
                        if span.trace_id != trace_id and not holds:
                            continue
                        traces.add(span.trace_id)
                        spans[service] = spans.get(service, 0) + 1
                        contents[service] = contents.get(service, 0) + holds
        return Arrived(spans, contents, len(traces))


@contextlib.contextmanager
def running_chain(directory: Path, sink: HttpSink) -> Iterator[Chain]:
    """Run the three services; when the context ends, they have sent everything."""
    key = directory / "peer.key"
    key.write_text(base64.b64encode(os.urandom(32)).decode())
    key.chmod(0o600)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "JAEGER_GUARD_"))
    }
    with contextlib.ExitStack() as stack:
        following = ""
        for service in reversed(SERVICES):
            log = stack.enter_context((directory / f"{service}.log").open("wb"))
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", "e2e.apps.chain_app"],
                cwd=directory,
                env=kept
                | {
                    "PYTHONPATH": str(TESTS),
                    "CHAIN_SERVICE": service,
                    "CHAIN_NEXT": following,
                    "CHAIN_EDGE": "1" if service == "first" else "",
                    "CHAIN_KEY": str(key),
                    "CHAIN_SINK": sink.endpoint,
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
            stack.callback(_stop, child)
            assert child.stdout is not None
            port = child.stdout.readline().strip()
            assert port, (directory / f"{service}.log").read_text()[-3000:]
            following = f"http://127.0.0.1:{int(port)}"
        yield Chain(following, sink)


def _stop(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.close()
    try:
        child.wait(timeout=60)
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


# What a hostile client sends to blind us, or to make us record, or to set rates.
HOSTILE: Final[tuple[dict[str, str], ...]] = (
    {"tracestate": "jaeger_guard=m"},
    {"tracestate": "jaeger_guard=rm:AAAAAAAAAAAAAAAAAAAAAA,ot=th:ffffffffffffff"},
    {"tracestate": "ot=th:0;rv:00000000000000,vendor=x"},
    {"baggage": "consent=denied,jaeger_guard=m,x-consent=denied"},
    {"x_other_consent": "denied", "dnt": "1", "cookie": "other=denied"},
    {"x_consent": "granted", "cookie": "consent=granted", "sec_gpc": "0"},
)
REFUSING: Final[tuple[dict[str, str], ...]] = (
    {"x_consent": "denied"},
    {"cookie": "theme=dark; consent=false"},
    {"sec_gpc": "1"},
    {"x_consent": "denied", "tracestate": "jaeger_guard=granted", "cookie": "consent=granted"},
)


def test_consent_withdrawn_at_the_first(tmp_path: Path) -> None:
    """No content of such a request in any of the three; all others keep complete traces."""
    with HttpSink() as sink:
        with running_chain(tmp_path, sink) as chain:
            plain = [chain.ask("order") for _ in range(3)]
            refused = [chain.ask("order", **headers) for headers in REFUSING]
            withdrawn = [chain.ask("withdraw"), chain.ask("inside")]
            hostile = [chain.ask("order", **headers) for headers in HOSTILE]
            unsampled = chain.ask("order", traceparent=f"00-{uuid.uuid4().hex}-{'7' * 16}-00")
            plain.append(chain.ask("order"))
        arrived = {note: chain.arrived(note) for note in chain.sent}

    for note in (*plain, *hostile, unsampled):
        assert arrived[note].spans == WHOLE
        assert arrived[note].traces == 1
        # Each span of these holds it: in its URL, or where the work wrote it.
        assert arrived[note].contents == WHOLE
    for note in (*refused, *withdrawn):
        assert arrived[note].contents == dict.fromkeys(WHOLE, 0)
        assert arrived[note].traces == 1
        looked_up = note == withdrawn[1]
        assert arrived[note].spans == WHOLE | {"first": WHOLE["first"] + looked_up}


def test_requests_at_once_keep_their_own(tmp_path: Path) -> None:
    """Requests that are served at the same time don't hear each other's consent."""
    from concurrent.futures import ThreadPoolExecutor

    with HttpSink() as sink:
        with running_chain(tmp_path, sink) as chain, ThreadPoolExecutor(4) as pool:
            asked: list[tuple[str, Any]] = [
                ("order", {} if number % 2 else {"x_consent": "denied"}) for number in range(12)
            ]
            notes = list(pool.map(lambda pair: chain.ask(pair[0], **pair[1]), asked))
        arrived = [chain.arrived(note) for note in notes]
    for number, one in enumerate(arrived):
        assert one.spans == WHOLE
        assert one.contents == (WHOLE if number % 2 else dict.fromkeys(WHOLE, 0))
