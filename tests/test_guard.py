"""The handle on a running guard: single values, counts, flushes, the end; and the whole path."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.util._once import Once

import jaeger_guard
from jaeger_guard import Export, Guard, Policy, Rule, configuration, configure, protect
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.guard import _Terminator
from jaeger_guard.wire import Encoded
from servers.certificates import Authority
from servers.otlp_sink import GrpcAnswer, GrpcSink, HttpAnswer, HttpSink, ServerTls
from servers.process import poll

EMAIL = "jo" + "@example.com"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
MARKER = "[REDACTED:contact.email]"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start and end without a global provider, and without any variable that matters."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "JAEGER_GUARD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_BSP_EXPORT_TIMEOUT", "3000")
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(configuration, "_installed", None)
    yield
    if configuration._installed is not None:
        configuration._installed.guard.shutdown()


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    """A receiver of OTLP over HTTP."""
    with HttpSink() as server:
        yield server


@pytest.fixture
def guard(sink: HttpSink) -> Guard:
    """A guard that exports to the sink."""
    return configure(export=Export(endpoint=sink.endpoint, protocol="http/protobuf"))


@pytest.fixture
def unexported() -> Iterator[Guard]:
    """A guard around a provider with nothing in it."""
    provider = TracerProvider()
    yield protect(provider)
    provider.shutdown()


# --- single values ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("user.note", f"call {EMAIL}", f"call {MARKER}"),
        ("http.route", "/orders/{id}", "/orders/{id}"),
        ("count", 3, 3),
        ("list", [EMAIL, "b"], (MARKER, "b")),
        ("nothing", None, None),
    ],
)
def test_scrub(key: str, value: Any, expected: Any, unexported: Guard) -> None:
    """One value comes back as a span's attribute would go on."""
    scrubbed = unexported.scrub(key, value)
    assert (tuple(scrubbed) if isinstance(scrubbed, list) else scrubbed) == expected


def test_scrub_of_what_is_dropped() -> None:
    """Where policy drops the value there is nothing to answer."""
    policy = Policy(rules=(Rule(key="note", action="drop"),))
    provider = TracerProvider()
    assert protect(provider, policy).scrub("note", "anything") is None
    provider.shutdown()


def test_scrub_never_raises(unexported: Guard, caplog: pytest.LogCaptureFixture) -> None:
    """Where scrubbing fails a marker stands for the value, and the log holds nothing of it."""

    class Hostile(dict[str, str]):
        def items(self) -> Any:
            raise ValueError(TOKEN)

    assert unexported.scrub("note", Hostile()) == "[REDACTED:content.withheld]"
    assert "ValueError" in caplog.text
    assert TOKEN not in caplog.text


def test_explain_says_all_but_the_value(unexported: Guard) -> None:
    """Category, detector, rule, format and action are named; the value is nowhere."""
    explanation = unexported.explain("url.full", f"https://h/?q={EMAIL}")
    ((category, detector, rule, action),) = explanation.findings
    assert (category, action) == ("contact.email", "redact")
    assert detector
    assert rule.startswith("baseline")
    assert explanation.format == "url"
    for text in (str(explanation), repr(explanation)):
        assert EMAIL not in text
    assert "redact contact.email" in str(explanation)


def test_explain_what_stays(unexported: Guard) -> None:
    """A value without a finding is said to stay; a key with one isn't shown."""
    assert "nothing found" in str(unexported.explain("http.route", "/orders"))
    assert EMAIL not in str(unexported.explain(EMAIL, "x"))


# --- counts -------------------------------------------------------------------------------------


def test_statistics(guard: Guard, sink: HttpSink) -> None:
    """Findings, quarantined spans, processors that fail, and what was sent are counted."""

    class Failing(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            raise ValueError(EMAIL)

    guard.tracer_provider.add_span_processor(Failing())
    tracer = guard.tracer_provider.get_tracer("test")
    for _ in range(2):
        tracer.start_span("GET /", attributes={"note": EMAIL}).end()
    assert guard.force_flush()
    counts = guard.statistics()
    assert counts["scrubbed"] == counts["sent"] == counts["exported"] == 2
    assert counts["findings"] == {"contact.email/attribute/redact": 2}
    assert counts["quarantined"] == counts["queued_spans"] == counts["queued_raw_spans"] == 0
    assert counts["processor_failures"] == {"Failing.on_end": 2}


def test_statistics_without_export(unexported: Guard) -> None:
    """A guard that doesn't export counts what it scrubs."""
    memory = InMemorySpanExporter()
    unexported.tracer_provider.add_span_processor(SimpleSpanProcessor(memory))
    unexported.tracer_provider.get_tracer("x").start_span("x", attributes={"note": EMAIL}).end()
    assert memory.get_finished_spans()[0].attributes == {"note": MARKER}
    assert unexported.statistics()["scrubbed"] == 1
    assert "sent" not in unexported.statistics()
    assert not unexported.is_shut_down


def test_repr_holds_no_secret(sink: HttpSink) -> None:
    """Neither the guard nor its parts show a header."""
    export = Export(
        endpoint=sink.endpoint, protocol="http/protobuf", headers={"authorization": TOKEN}
    )
    guard = configure(export=export)
    assert repr(guard).startswith("Guard(policy=CompiledPolicy(baseline;")
    for shown in (guard, guard.policy, guard._pipeline, guard._processor, export):
        assert TOKEN not in repr(shown)


# --- the whole path, in one process -------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_spans_arrive_scrubbed_over_mutual_tls(
    protocol: Any, compression: Any, tmp_path: Path
) -> None:
    """Over both protocols with TLS and a client certificate: the span whole, the values gone."""
    authority = Authority(tmp_path, "ours")
    server, client = authority.issue("server"), authority.issue("client")
    tls = ServerTls(server.cert_file, server.key_file, authority.ca_file)
    kind: type[GrpcSink | HttpSink] = GrpcSink if protocol == "grpc" else HttpSink
    with kind(tls) as receiver:
        guard = configure(
            export=Export(
                endpoint=receiver.endpoint,
                protocol=protocol,
                compression=compression,
                ca_file=authority.ca_file,
                cert_file=client.cert_file,
                key_file=client.key_file,
                headers={"x-tenant": "shop"},
            ),
            resource={"service.name": "shop", "owner": EMAIL},
        )
        with trace.get_tracer("test").start_as_current_span("parent") as parent:
            parent.set_attribute("http.route", "/orders/{id}")
            parent.add_event("mail", {"to": EMAIL})
            with trace.get_tracer("test").start_as_current_span(f"child {EMAIL}"):
                pass
        assert guard.force_flush()
        child, arrived = receiver.spans
        assert arrived.span_id == child.parent_span_id
        assert arrived.attributes[0].value.string_value == "/orders/{id}"
        assert child.name.startswith("child ")
        assert receiver.metadata[0]["x-tenant"] == "shop"
        assert not [body for body in receiver.received if EMAIL.encode() in body]
        guard.shutdown()


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_backend_that_is_away_costs_no_span(protocol: Any) -> None:
    """Spans that end while nothing listens arrive once it does, each once."""
    kind: type[GrpcSink | HttpSink] = GrpcSink if protocol == "grpc" else HttpSink
    with kind() as reserved:
        endpoint, port = reserved.endpoint, reserved.port
    guard = configure(export=Export(endpoint=endpoint, protocol=protocol))
    tracer = trace.get_tracer("test")
    for number in range(1500):
        tracer.start_span(f"span {number}").end()
    assert guard.force_flush(300) is False
    with kind(port=port) as receiver:
        assert guard.force_flush(60_000)
        names = sorted(span.name for span in receiver.spans)
        assert names == sorted(f"span {number}" for number in range(1500))
        counts = guard.statistics()
        assert counts["sent"] == 1500
        assert not [reason for reason, spans in counts.items() if reason.startswith("dropped")]
        guard.shutdown()


def test_a_busy_backend_costs_no_span(sink: HttpSink, guard: Guard) -> None:
    """503 and 429 are tried again; the spans arrive once."""
    sink.answers.extend([HttpAnswer(503), HttpAnswer(429, {"Retry-After": "0"})])
    trace.get_tracer("test").start_span("x").end()
    assert guard.force_flush(60_000)
    assert [span.name for span in sink.spans] == ["x"]
    assert guard.statistics()["retries"] == 2


def test_a_busy_grpc_backend_costs_no_span() -> None:
    """UNAVAILABLE is tried again."""
    with GrpcSink(answers=(GrpcAnswer("UNAVAILABLE"),)) as receiver:
        guard = configure(export=Export(endpoint=receiver.endpoint))
        trace.get_tracer("test").start_span("x").end()
        assert guard.force_flush(60_000)
        assert [span.name for span in receiver.spans] == ["x"]
        guard.shutdown()


def test_only_the_oldest_are_lost_beyond_the_bound() -> None:
    """Beyond the bound in bytes the oldest go, and sent and dropped add up to all that ended."""
    with HttpSink() as reserved:
        endpoint, port = reserved.endpoint, reserved.port
    guard = configure(export=Export(endpoint=endpoint, protocol="http/protobuf"))
    assert guard._pipeline is not None
    guard._pipeline._sender._waiting._max_bytes = 200_000
    tracer = trace.get_tracer("test")

    def end_fifty(number: int) -> None:
        """As a payload of their own, however late the worker is."""
        for part in range(50):
            tracer.start_span(f"{number}.{part}", attributes={"filling": "word " * 30}).end()
        guard.force_flush(1)
        assert poll(lambda: guard.statistics()["exported"] == 50 * (number + 1), seconds=60)

    for number in range(40):
        end_fifty(number)
    with HttpSink(port=port) as receiver:
        assert guard.force_flush(60_000)
        guard.shutdown()
    counts, names = guard.statistics(), {span.name for span in receiver.spans}
    lost = counts["dropped_queue_full"]
    assert 0 < lost < 2000
    assert counts["sent"] == len(receiver.spans) == len(names) == 2000 - lost
    # All but the oldest, save one payload that may have been in flight when it was its turn.
    first = {f"{number}.{part}" for number in range(lost // 50 + 1) for part in range(50)}
    assert {f"{number}.{part}" for number in range(40) for part in range(50)} - names <= first


def test_many_threads(guard: Guard, sink: HttpSink) -> None:
    """Threads that record, flush and read counts at once lose nothing and raise nothing."""
    tracer, counts = trace.get_tracer("test"), guard.statistics

    def work(worker: int) -> None:
        for number in range(200):
            with tracer.start_as_current_span(f"{worker}.{number}") as span:
                span.set_attribute("note", f"{EMAIL} {number}")
            if number % 50 == 0:
                assert guard.force_flush(60_000)
                counts()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert guard.force_flush(60_000)
    assert len({span.name for span in sink.spans}) == len(sink.spans) == 1600
    assert not [body for body in sink.received if EMAIL.encode() in body]


def test_asyncio(guard: Guard, sink: HttpSink) -> None:
    """Tasks keep their own current span, and the loop is never held up."""
    tracer = trace.get_tracer("test")
    assert guard._pipeline is not None
    encoder, threads = guard._pipeline._encoder, set()
    encoded = encoder.encoded

    def note_thread(spans: Sequence[ReadableSpan]) -> list[Encoded]:
        threads.add(threading.current_thread().name)
        return encoded(spans)

    setattr(encoder, "encoded", note_thread)  # noqa: B010 - a method, to mypy

    async def work(number: int) -> None:
        with tracer.start_as_current_span(f"outer {number}"):
            await asyncio.sleep(0.001)
            with tracer.start_as_current_span(f"inner {number}"):
                await asyncio.sleep(0.001)

    async def main() -> None:
        for _ in range(4):
            await asyncio.gather(*(work(number) for number in range(50)))

    asyncio.run(main())
    assert guard.force_flush(60_000)
    parents = {span.span_id: span.name for span in sink.spans}
    inner = [span for span in sink.spans if span.name.startswith("inner")]
    assert len(inner) == 200
    assert all(
        parents[span.parent_span_id] == span.name.replace("inner", "outer") for span in inner
    )
    assert threads == {"jaeger-guard-scrub"}


def test_shutdown(guard: Guard, sink: HttpSink) -> None:
    """What ended before arrives, and no thread of ours stays."""
    before = set(threading.enumerate())  # the guard starts its threads with the first span
    trace.get_tracer("test").start_span("x").end()
    guard.shutdown()
    assert guard.is_shut_down
    assert len(sink.spans) == 1
    left = set(threading.enumerate()) - before
    assert not {thread.name for thread in left if thread.name.startswith("jaeger-guard")}


# --- SIGTERM ------------------------------------------------------------------------------------


def run_until_sigterm(sink: HttpSink, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script with a guard, terminate it once it says so, and wait for its end."""
    opening = """
import atexit, os, signal, sys, threading, time
from jaeger_guard import Export, configure
guard = configure(export=Export(endpoint=sys.argv[1], protocol="http/protobuf"))
def record(name):
    guard.tracer_provider.get_tracer("test").start_span(name).end()
"""
    closing = """
record("before")
print("ready", flush=True)
time.sleep(600)
"""
    home = Path(jaeger_guard.__file__).parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", opening + script + closing, sink.endpoint],
        env={**os.environ, "PYTHONPATH": str(home), "OTEL_BSP_SCHEDULE_DELAY": "60000"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()
        process.send_signal(signal.SIGTERM)
        try:
            out, errors = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            out, errors = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)


@pytest.mark.e2e
def test_sigterm_flushes(sink: HttpSink) -> None:
    """Without another handler: spans arrive, atexit runs, and the status tells of SIGTERM."""
    ended = run_until_sigterm(
        sink, "guard.flush_on_sigterm()\natexit.register(lambda: print('atexit'))"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "atexit\n", "")
    assert [span.name for span in sink.spans] == ["before"]


@pytest.mark.e2e
def test_without_the_hook_sigterm_loses(sink: HttpSink) -> None:
    """What the hook is for: by itself Python ends without flushing."""
    assert run_until_sigterm(sink, "").returncode == -signal.SIGTERM
    assert sink.spans == []


@pytest.mark.e2e
def test_sigterm_flushes_before_another_handler(sink: HttpSink) -> None:
    """A handler that was there runs afterwards, and decides how the process ends."""
    ended = run_until_sigterm(
        sink,
        """
def handle(*_):
    print("handled", flush=True)
    os._exit(7)
signal.signal(signal.SIGTERM, handle)
guard.flush_on_sigterm()
""",
    )
    assert (ended.returncode, ended.stdout) == (7, "handled\n")
    assert [span.name for span in sink.spans] == ["before"]


@pytest.mark.e2e
def test_sigterm_flushes_though_a_thread_stays(sink: HttpSink) -> None:
    """A thread that keeps the process from ending keeps no span back."""
    ended = run_until_sigterm(
        sink,
        """
guard.flush_on_sigterm()
def stay():
    deadline = time.monotonic() + 60
    while guard.statistics()["sent"] < 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    os._exit(9)
threading.Thread(target=stay).start()
""",
    )
    assert ended.returncode == 9
    assert [span.name for span in sink.spans] == ["before"]


@pytest.mark.e2e
def test_sigterm_while_the_main_thread_flushes(sink: HttpSink) -> None:
    """A signal in the middle of a flush hangs nobody, and loses nothing."""
    sink.answers.extend([HttpAnswer(delay=0.5)] * 3)
    ended = run_until_sigterm(
        sink,
        """
guard.flush_on_sigterm()
record("before")
print("ready", flush=True)
guard.force_flush()
time.sleep(600)
""",
    )
    assert (ended.returncode, ended.stderr) == (143, "")
    assert [span.name for span in sink.spans] == ["before"]


@pytest.fixture
def on_sigterm() -> Iterator[Callable[[Any], None]]:
    """Set a handler; the one from before comes back."""
    previous = signal.getsignal(signal.SIGTERM)

    def put(handler: Any) -> None:
        signal.signal(signal.SIGTERM, handler)

    yield put
    signal.signal(signal.SIGTERM, previous)


def test_the_hook_is_set_once(unexported: Guard, on_sigterm: Callable[[Any], None]) -> None:
    """A second call changes nothing."""
    on_sigterm(signal.SIG_DFL)
    unexported.flush_on_sigterm()
    handler = signal.getsignal(signal.SIGTERM)
    unexported.flush_on_sigterm()
    assert signal.getsignal(signal.SIGTERM) is handler
    with pytest.raises(SystemExit) as ended:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)
    assert ended.value.code == 143


def test_an_ignored_sigterm_stays_ignored(
    unexported: Guard, on_sigterm: Callable[[Any], None]
) -> None:
    """Who ignores SIGTERM isn't ended by us."""
    on_sigterm(signal.SIG_IGN)
    unexported.flush_on_sigterm()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_the_handler_follows_after_the_flush(
    guard: Guard, sink: HttpSink, on_sigterm: Callable[[Any], None]
) -> None:
    """When the handler that was there runs, the spans are at the backend."""
    arrived: list[int] = []
    on_sigterm(lambda *_: arrived.append(len(sink.spans)))
    guard.flush_on_sigterm()
    trace.get_tracer("test").start_span("x").end()
    os.kill(os.getpid(), signal.SIGTERM)
    deadline = time.monotonic() + 60
    while not arrived and time.monotonic() < deadline:
        time.sleep(0.01)
    assert arrived == [1]


def test_a_handler_from_outside_python_is_refused(
    unexported: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server's handler that Python can't call isn't overwritten."""
    monkeypatch.setattr(signal, "getsignal", lambda _: None)
    with pytest.raises(ConfigurationError, match="not set by Python"):
        unexported.flush_on_sigterm()


def test_the_hook_from_another_thread_is_refused(unexported: Guard) -> None:
    """Python sets handlers in the main thread only; the error says so."""
    errors: list[ConfigurationError] = []

    def call() -> None:
        try:
            unexported.flush_on_sigterm()
        except ConfigurationError as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])


def test_the_handler_where_no_thread_starts(
    unexported: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the interpreter ends no thread can flush; the handler still does its part."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert _Terminator(unexported, lambda number, _: number)(15, None) == 15
    with pytest.raises(SystemExit):
        _Terminator(unexported, None)(15, None)
