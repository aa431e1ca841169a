"""The sender: nothing is lost while a backend is away, everything is bounded, nobody waits."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]  # no marker
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # no marker
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import jaeger_guard
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import Backoff, Outcome, Reason, Sender, State
from servers.otlp_sink import GrpcAnswer, GrpcSink, HttpAnswer, HttpSink, partially_refused, running

SINKS = {"grpc": GrpcSink, "http/protobuf": HttpSink}
OpenSender = Callable[..., Sender]
both = pytest.mark.parametrize("protocol", SINKS)
OK = Outcome(State.ACCEPTED, Reason.ACCEPTED)
AWAY = Outcome(State.RETRY, Reason.UNREACHABLE)
QUICK = Backoff(initial=0.01, longest=0.02, longest_in_flush=0.01)


def one_second() -> bytes:
    """Encode a status that asks to wait for a second."""
    information = RetryInfo()
    information.retry_delay.seconds = 1
    status = Status(code=14)
    status.details.add().Pack(information)
    return bytes(status.SerializeToString())


def wait_until(condition: Callable[[], bool], timeout: float = 60.0) -> None:
    """Wait until a condition holds, or fail."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Script:
    """A transport that answers from a list, then with success; what is callable is called."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[bytes] = []
        self.timeouts: list[float] = []
        self.closed = 0

    def send(self, payload: bytes, timeout: float) -> Outcome:
        """Answer the next."""
        self.sent.append(payload)
        self.timeouts.append(timeout)
        answer = self.answers.pop(0) if self.answers else OK
        outcome: Outcome = answer() if callable(answer) else answer
        return outcome

    def close(self) -> None:
        """Count, and fail: a sender must survive that."""
        self.closed += 1
        raise OSError("closing failed")


@pytest.fixture
def start() -> Iterator[Callable[..., Sender]]:
    """Start senders over a Script; all are stopped afterwards."""
    started: list[Sender] = []

    def build(transport: Any, **options: Any) -> Sender:
        factory = transport if callable(transport) else lambda: transport
        options.setdefault("backoff", QUICK)
        sender = Sender(factory, destination="jaeger.example:4317", **options)
        started.append(sender)
        return sender

    yield build
    for sender in started:
        sender.shutdown(0.0)


# --- with real servers -------------------------------------------------------------------------


@both
def test_backend_that_comes_back_gets_everything_in_order(
    protocol: str, open_sender: OpenSender
) -> None:
    """While nothing listens no span is lost; then all arrive, in order, each once."""
    with running(SINKS[protocol]) as gone:
        endpoint, port = gone.endpoint, gone.port
    sender = open_sender(endpoint=endpoint, protocol=protocol)
    bodies = [bytes([10, 0]) * (number + 1) for number in range(20)]
    for body in bodies:
        sender.submit(body, 3)
    assert not sender.flush(0.2)
    assert sender.statistics()["queued_spans"] == 60
    with running(SINKS[protocol], port=port) as sink:
        assert sender.flush(60)
    assert bodies == sink.payloads
    statistics = sender.statistics()
    assert tuple(statistics[name] for name in ("sent", "queued_spans", "queued_bytes")) == (
        60,
        0,
        0,
    )
    assert statistics["retries"] > 0


@both
def test_transient_answers_and_refused_credentials_are_repeated(
    protocol: str, open_sender: OpenSender, payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """After busy and unauthorized answers the same payload is sent again, and the log says why."""
    answers: tuple[Any, ...] = (HttpAnswer(503), HttpAnswer(401), HttpAnswer(401))
    if protocol == "grpc":
        answers = (GrpcAnswer("UNAVAILABLE"), *[GrpcAnswer("UNAUTHENTICATED")] * 2)
    with (
        caplog.at_level(logging.INFO, "jaeger_guard"),
        running(SINKS[protocol], answers=answers) as sink,
    ):
        sender = open_sender(
            endpoint=sink.endpoint, protocol=protocol, headers={"x-key": "hunter" + "2x"}
        )
        sender.submit(payload, 1)
        assert sender.flush(60)
        wait_until(lambda: len(caplog.records) == 3)
    assert [payload] * 4 == sink.received
    assert [payload] == sink.payloads
    messages = [record.getMessage() for record in caplog.records]
    assert "unavailable" in messages[0]
    assert "unauthorized" in messages[1]
    assert "again" in messages[2]
    assert all(str(sink.port) in message for message in messages)


def test_retry_after_is_honoured_even_in_flush(open_sender: OpenSender, payload: bytes) -> None:
    """A backend that asks for a second gets it, whoever waits."""
    with HttpSink(answers=(HttpAnswer(503, {"Retry-After": "1"}),)) as sink:
        sender = open_sender(endpoint=sink.endpoint, protocol="http/protobuf")
        started = time.monotonic()
        sender.submit(payload, 1)
        assert sender.flush(60)
        assert time.monotonic() - started >= 1


def test_rejections_are_counted_by_reason_and_logged_once(
    open_sender: OpenSender, payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Partial success, oversized and invalid payloads are counted; error texts never logged."""
    text = "span with card " + "4111" + "111111111111"
    partial = HttpAnswer(body=partially_refused(2, text))
    many = HttpAnswer(body=partially_refused(99, text))
    answers = (partial, many, HttpAnswer(413, {}, text.encode()), HttpAnswer(400), HttpAnswer(400))
    with caplog.at_level(logging.DEBUG), HttpSink(answers=answers) as sink:
        sender = open_sender(
            endpoint=sink.endpoint, protocol="http/protobuf", headers={"x-key": "hunter" + "2x"}
        )
        for _ in answers:
            sender.submit(payload, 5)
        assert sender.flush(60)
    statistics = sender.statistics()
    assert statistics["sent"] == 3
    assert statistics["rejected_partial_success"] == 7
    assert statistics["rejected_oversized"] == 5
    assert statistics["rejected_invalid"] == 10
    ours = [record for record in caplog.records if record.name == "jaeger_guard.export"]
    assert len(ours) == 3
    assert text not in caplog.text
    assert "hunter2x" not in caplog.text


@both
def test_too_large_requests_go_in_halves(protocol: str, open_sender: OpenSender) -> None:
    """Where a receiver's limit is below the usual one, its spans arrive all the same, in order."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    for resource in range(3):
        resource_spans = request.resource_spans.add(schema_url=f"https://schema.example/{resource}")
        resource_spans.resource.attributes.add(key="n").value.int_value = resource
        for scope in range(2):
            scope_spans = resource_spans.scope_spans.add(schema_url="https://schema.example/s")
            scope_spans.scope.name = f"scope-{scope}"
            for number in range(3):
                scope_spans.spans.add(name=f"{resource}-{scope}-{number}")
    large: tuple[Any, ...] = (HttpAnswer(413), HttpAnswer(), HttpAnswer(413))
    if protocol == "grpc":
        refusal = GrpcAnswer(
            "RESOURCE_EXHAUSTED", "grpc: received message larger than max (9 vs. 8)"
        )
        large = (refusal, GrpcAnswer(), refusal)
    with running(SINKS[protocol], answers=large) as sink:
        sender = open_sender(endpoint=sink.endpoint, protocol=protocol)
        sender.submit(request.SerializeToString(), 18)
        assert sender.flush(60)
        assert [span.name for span in sink.spans] == [
            f"{resource}-{scope}-{number}"
            for resource in range(3)
            for scope in range(2)
            for number in range(3)
        ]
        assert len(sink.payloads) == 3
        parts = [ExportTraceServiceRequest.FromString(body) for body in sink.payloads]
    assert {
        (part.schema_url, part.resource.attributes[0].value.int_value)
        for message in parts
        for part in message.resource_spans
    } == {(f"https://schema.example/{number}", number) for number in range(3)}
    assert sender.statistics()["sent"] == 18


@both
def test_renewed_client_certificate_is_read(
    protocol: str, open_sender: OpenSender, pki: Any, payload: bytes, tmp_path: Path
) -> None:
    """A certificate that is replaced after a refusal is used without a restart."""
    cert_file, key_file = tmp_path / "client.crt", tmp_path / "client.key"
    cert_file.write_bytes(pki.foreign_client.cert_file.read_bytes())
    key_file.write_bytes(pki.foreign_client.key_file.read_bytes())
    with running(SINKS[protocol], tls=pki.serving(mutual=True)) as sink:
        sender = open_sender(
            endpoint=sink.endpoint,
            protocol=protocol,
            ca_file=pki.ours.ca_file,
            cert_file=cert_file,
            key_file=key_file,
        )
        sender.submit(payload, 1)
        wait_until(lambda: sender.statistics()["retries"] > 0)
        assert sink.received == []
        cert_file.write_bytes(pki.client.cert_file.read_bytes())
        key_file.write_bytes(pki.client.key_file.read_bytes())
        assert sender.flush(60)
    assert [payload] == sink.payloads


def test_export_makes_no_spans_itself(open_sender: OpenSender, payload: bytes) -> None:
    """Where the application instruments `requests`, our own exports aren't traced."""
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    RequestsInstrumentor().instrument(tracer_provider=provider)
    try:
        with HttpSink() as sink:
            sender = open_sender(endpoint=sink.endpoint, protocol="http/protobuf")
            sender.submit(payload, 1)
            assert sender.flush(60)
            assert exporter.get_finished_spans() == ()
            requests.post(sink.endpoint, data=b"", timeout=60).close()
            assert len(exporter.get_finished_spans()) == 1  # or nothing was instrumented
    finally:
        RequestsInstrumentor().uninstrument()
        provider.shutdown()


FORK_DURING_CALL_SCRIPT = """
import os, sys, time
from jaeger_guard.export import Export, Sender, grpc
grpc._FORK_SECONDS = 60  # however busy the machine is
sender = Sender.to(Export(endpoint=sys.argv[1], protocol="grpc").resolve({}))
for _ in range(60):
    sender.submit(b"\\n\\0", 1)
sent = []
for _ in range(6):
    time.sleep(0.13)
    child = os.fork()
    if child == 0:
        sender.submit(b"\\n\\0", 1)
        os._exit(0 if sender.flush(60) else 1)
    sent.append(os.waitpid(child, 0)[1] == 0)
print(sum(sent), sender.flush(60), sender.statistics()["retries"])
"""


def test_child_born_while_a_call_is_under_way_can_send() -> None:
    """A fork waits for the end of a call over gRPC, or grpcio would leave the child unable to call."""
    with GrpcSink(answers=(GrpcAnswer(delay=0.05),) * 50) as sink:
        assert run_script(FORK_DURING_CALL_SCRIPT, sink.endpoint).split() == [b"6", b"True", b"0"]


IMPORTS_SCRIPT = """
import json, sys
from jaeger_guard.export import Export, Sender
export = Export(endpoint=sys.argv[1], protocol=sys.argv[2], ca_file=sys.argv[3])
sender = Sender.to(export.resolve({}))
before = set(sys.modules)
sender.submit(b"\\n\\0", 1)
assert sender.flush(60)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@both
def test_nothing_is_imported_while_a_payload_is_sent(protocol: str, pki: Any) -> None:
    """A child that is forked while the sending thread imports would have half a module, for good."""
    busy: Any = HttpAnswer(503) if protocol == "http/protobuf" else GrpcAnswer("UNAVAILABLE")
    with running(SINKS[protocol], tls=pki.serving(), answers=(busy,)) as sink:
        printed = run_script(IMPORTS_SCRIPT, sink.endpoint, protocol, str(pki.ours.ca_file))
    assert json.loads(printed) == []


FORK_SCRIPT = """
import os, sys, time, traceback
from jaeger_guard.export import Export, Sender
sender = Sender.to(Export(endpoint=sys.argv[1], protocol=sys.argv[2]).resolve({}))
sender.submit(b"\\n\\0" * 1, 1)
assert sender.flush(60)
sender.submit(b"\\n\\0" * 2, 1)  # refused once, so that it waits while the child is born
while not sender.statistics()["retries"]:
    time.sleep(0.01)
child = os.fork()
if child == 0:
    status = 1
    try:
        assert not any(sender.statistics().values())
        sender.submit(b"\\n\\0" * 3, 1)
        assert sender.flush(60) and sender.statistics()["sent"] == 1 and sender.shutdown(60)
        status = 0
    except BaseException:
        traceback.print_exc()
    os._exit(status)
assert os.waitpid(child, 0)[1] == 0
assert sender.shutdown(60)
print(sender.statistics()["sent"])
"""


def run_script(script: str, *arguments: str) -> bytes:
    """Run a script in a fresh interpreter, and answer what it printed."""
    source = str(Path(jaeger_guard.__path__[0]).parent)
    finished = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=os.environ | {"PYTHONPATH": source},
        stdout=subprocess.PIPE,
        timeout=300,
        check=True,
    )
    return finished.stdout


@both
def test_child_process_sends_its_own_spans_only(protocol: str) -> None:
    """A forked child sends what it submits; what its parent had queued stays the parent's."""
    answers: tuple[Any, ...] = (HttpAnswer(), HttpAnswer(503, {"Retry-After": "1"}))
    if protocol == "grpc":
        trailers = (("grpc-status-details-bin", one_second()),)
        answers = (GrpcAnswer(), GrpcAnswer("UNAVAILABLE", trailers=trailers))
    with running(SINKS[protocol], answers=answers) as sink:
        assert run_script(FORK_SCRIPT, sink.endpoint, protocol) == b"2\n"
    assert [len(payload) for payload in sink.payloads] == [2, 6, 4]


EXIT_SCRIPT = """
import atexit, sys
from jaeger_guard.export import Export, Sender
sender = Sender.to(Export(endpoint=sys.argv[1], protocol=sys.argv[2]).resolve({}))
def leave():
    sender.submit(b"\\n\\0", 1)
    print(sender.shutdown(5))
atexit.register(leave)
"""


@both
def test_spans_submitted_at_exit_arrive(protocol: str) -> None:
    """What atexit hands over is sent, also where CPython starts no thread any more."""
    with running(SINKS[protocol]) as sink:
        assert run_script(EXIT_SCRIPT, sink.endpoint, protocol) == b"True\n"
    assert sink.payloads == [b"\n\0"]


# --- the queue, with a scripted transport ------------------------------------------------------


def test_oldest_is_dropped_first_and_counted(
    start: Callable[..., Sender], caplog: pytest.LogCaptureFixture
) -> None:
    """At the bound in bytes the oldest payloads go, never the one in flight; all are counted."""
    gate, entered = threading.Event(), threading.Event()

    def hang() -> Outcome:
        entered.set()
        gate.wait(600)
        return OK

    script = Script(hang)
    sender = start(script, max_bytes=30)
    sender.submit(b"a" * 10, 1)
    assert entered.wait(60)
    for letter in (b"b", b"c", b"d", b"e"):
        sender.submit(letter * 10, 1)
    sender.submit(b"x" * 31, 7)  # fits never
    sender.submit(b"y" * 25, 7)  # beside the one in flight: the newest is not what is lost
    statistics = sender.statistics()
    assert statistics["dropped_queue_full"] == 11  # b, c, x, and then d and e for y's sake
    assert statistics["queued_bytes"] == 35
    gate.set()
    assert sender.flush(60)
    assert script.sent == [b"a" * 10, b"y" * 25]
    wait_until(lambda: "queue" in caplog.text)


def test_submit_returns_at_once_while_the_backend_hangs(start: Callable[..., Sender]) -> None:
    """Nobody who submits or asks for counts waits for the network."""
    gate = threading.Event()
    sender = start(Script(lambda: gate.wait(600) and OK))
    for _ in range(1000):
        sender.submit(b"x", 1)
        sender.statistics()
    assert not sender.flush(0.05)
    assert sender.statistics()["sent"] == 0  # the backend hangs still
    gate.set()
    assert sender.flush(60)


def test_flush_hurries_a_long_pause(start: Callable[..., Sender]) -> None:
    """While somebody waits in flush, a pause of half a minute isn't waited out."""
    slow = Backoff(initial=30, longest=30, longest_in_flush=0.01, uniform=max)
    sender = start(Script(AWAY, AWAY, AWAY), backoff=slow)
    sender.submit(b"x", 1)
    wait_until(lambda: sender.statistics()["retries"] == 1)
    assert sender.flush(60)
    assert sender.statistics()["sent"] == 1


def test_shutdown_drops_what_remains_and_counts_it(start: Callable[..., Sender]) -> None:
    """Shutdown keeps to its deadline; what is left, or comes later, is counted as dropped."""
    script = Script(*[AWAY] * 10_000)
    sender = start(script, timeout=60)
    sender.submit(b"x", 2)
    sender.submit(b"y", 3)
    assert not sender.shutdown(0.2)
    assert min(script.timeouts) <= 0.2  # one attempt might have taken 60 s
    assert not sender.shutdown(0.2)
    sender.submit(b"z", 4)
    assert sender.statistics()["dropped_shutdown"] == 9
    assert sender.flush(0.1)  # nothing is pending


def test_shutdown_during_a_send_counts_once(start: Callable[..., Sender]) -> None:
    """A payload that is accepted after the deadline stays counted as dropped, not twice."""
    gate, entered = threading.Event(), threading.Event()

    def hang() -> Outcome:
        entered.set()
        gate.wait(600)
        return OK

    script = Script(hang)
    sender = start(script)
    sender.submit(b"x", 2)
    assert entered.wait(60)
    assert not sender.shutdown(0.05)
    gate.set()
    wait_until(lambda: script.closed == 1)
    statistics = sender.statistics()
    assert (statistics["sent"], statistics["dropped_shutdown"]) == (0, 2)


def test_unused_sender_starts_and_stops(start: Callable[..., Sender]) -> None:
    """Without a payload there is no thread, no connection and nothing to wait for."""
    built: list[str] = []
    before = set(threading.enumerate())
    sender = start(lambda: built.append("transport"))
    assert set(threading.enumerate()) <= before
    assert sender.flush(0)
    assert sender.shutdown(0)
    assert built == []


def test_failing_libraries_and_files_cost_no_span(
    start: Callable[..., Sender], caplog: pytest.LogCaptureFixture
) -> None:
    """A transport that raises, or can't be built, is built again; its texts stay unlogged."""
    secret = "hunter" + "2raised"

    def explode() -> Outcome:
        raise ValueError(secret)

    script = Script(explode, explode)
    refusals = [ConfigurationError(secret, "x", "y"), OSError(secret)]

    def build() -> Script:
        if refusals:
            raise refusals.pop()
        return script

    sender = start(build)
    sender.submit(b"x", 1)
    assert sender.flush(60)
    assert sender.statistics()["sent"] == 1
    wait_until(lambda: "settings_unusable" in caplog.text)
    assert "unexpected_failure" in caplog.text
    assert secret not in caplog.text


def test_logging_handler_that_raises_does_not_stop_the_sender(
    start: Callable[..., Sender],
) -> None:
    """An application's broken logging handler costs nothing."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError(record.name)

    handler = Broken()
    logger = logging.getLogger("jaeger_guard.export")
    logger.addHandler(handler)
    try:
        sender = start(Script(AWAY))
        sender.submit(b"x", 1)
        assert sender.flush(60)
        sender.submit(b"y", 1)
        assert sender.flush(60)
    finally:
        logger.removeHandler(handler)
    assert sender.statistics()["sent"] == 2


def test_without_threads_flush_does_the_work(
    start: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no thread starts, flush sends on the caller's thread, within its deadline."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    script = Script(AWAY)
    sender = start(script)
    sender.submit(b"x", 1)
    sender.submit(b"y", 1)
    assert script.sent == []
    assert sender.flush(60)
    assert script.sent == [b"x", b"x", b"y"]
    script.answers = [AWAY] * 10_000
    sender.submit(b"z", 1)
    assert not sender.flush(0.1)
    assert not sender.shutdown(0.1)
    assert script.closed == 1


def test_after_fork_forgets_the_parent(
    start: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a fork counts start from nothing, and the parent's connection is left alone."""
    first, second = Script(), Script()
    transports = [second, first]
    sender = start(transports.pop)
    sender.after_fork()  # nothing was sent yet
    sender.submit(b"x", 1)
    assert sender.flush(60)
    pid = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: pid + 1)
    assert not any(sender.statistics().values())
    sender.submit(b"y", 1)
    assert sender.flush(60)
    assert (first.sent, second.sent, first.closed) == ([b"x"], [b"y"], 0)


def test_backoff_is_exponential_bounded_and_jittered() -> None:
    """Bounds are 1, 2, 4 … 30 seconds; the pause is chosen between zero and the bound."""
    bounds = Backoff(uniform=lambda _, most: most)
    assert [bounds.pause(failures) for failures in range(8)] == [0, 1, 2, 4, 8, 16, 30, 30]
    assert bounds.pause(10**6) == 30
    assert Backoff(uniform=lambda least, _: least).pause(3) == 0
    assert 0 <= Backoff().pause(3) <= 4
