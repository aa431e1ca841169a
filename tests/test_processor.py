"""The guard serves every processor behind it scrubbed views, and none can harm the others."""

from __future__ import annotations

import io
import logging
import threading
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import (
    ConcurrentMultiSpanProcessor,
    ReadableSpan,
    Span,
    SpanProcessor,
    SynchronousMultiSpanProcessor,
    TracerProvider,
)
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from jaeger_guard.batching import ExportPipeline
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import Policy, Rule
from jaeger_guard.processor import (
    ConcurrentGuard,
    GuardSpanProcessor,
    foreign_starters,
    guard_multi,
    span_scrubber,
)
from jaeger_guard.spans import GuardedSpan

SECRET = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
METHODS = ("on_start", "_on_ending", "on_end", "shutdown", "force_flush")


class Recorder(SpanProcessor):
    """Notes what it was called with."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.spans: list[ReadableSpan] = []
        self.endings: list[str] = []
        self.flushed = True

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.calls.append("on_start")

    def _on_ending(self, span: Span) -> None:
        self.calls.append("_on_ending")
        self.endings.append(span.name)

    def on_end(self, span: ReadableSpan) -> None:
        self.calls.append("on_end")
        self.spans.append(span)

    def shutdown(self) -> None:
        self.calls.append("shutdown")

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        self.calls.append("force_flush")
        return self.flushed


class Raiser(SpanProcessor):
    """Raises in one method, with a value in the exception's text."""

    def __init__(self, method: str) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError(SECRET)

        setattr(self, method, fail)

    def _on_ending(self, span: Span) -> None:  # so that it is called at all
        pass


class PrivateReader(SpanExporter):
    """Reads the private fields, as some exporters do."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def export(self, spans: Any) -> SpanExportResult:
        for span in spans:
            self.seen.append(repr(dict(span._attributes)))
            self.seen += [repr((event.name, dict(event.attributes))) for event in span._events]
            self.seen.append(repr(span._links) + repr(span._status.description) + span._name)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        pass


def provider_with(*processors: SpanProcessor, multi: Any = None) -> TracerProvider:
    provider = TracerProvider(
        active_span_processor=multi, resource=Resource({"note": SECRET}), shutdown_on_exit=False
    )
    for processor in processors:
        provider.add_span_processor(processor)
    return provider


def record(provider: TracerProvider) -> None:
    """Record one span with a secret on it, as an application does."""
    tracer = provider.get_tracer("shop")
    with tracer.start_as_current_span(f"name {SECRET}", attributes={"note": SECRET}) as span:
        span.add_event(f"event {SECRET}", {"note": SECRET})
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            span.record_exception(error)


def shown(spans: Any) -> str:
    return "".join(span.to_json() + repr(span) for span in spans)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("concurrent", [False, True])
def test_raising_processor_harms_nobody(
    method: str, concurrent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """What a processor raises reaches neither the application nor its siblings; it is counted, and
    told once without the exception's text."""
    before, after = Recorder(), Recorder()
    if concurrent:
        multi: Any = guard_multi(ConcurrentMultiSpanProcessor(3), span_scrubber("baseline", "here"))
    else:
        multi = GuardSpanProcessor()
    provider = provider_with(before, Raiser(method), after, multi=multi)
    record(provider)
    record(provider)
    assert provider.force_flush() is (method != "force_flush")
    provider.shutdown()
    for sibling in (before, after):
        assert sibling.calls == [
            *("on_start", "_on_ending", "on_end") * 2,
            *("force_flush", "shutdown"),
        ]
        assert SECRET not in shown(sibling.spans)
    times = 1 if method in ("shutdown", "force_flush") else 2
    assert multi.isolation.counts() == {f"Raiser.{method}": times}
    assert [entry.levelno for entry in caplog.records] == [logging.WARNING]
    assert SECRET not in caplog.text


@pytest.mark.parametrize("by_hand", [True, False])
def test_every_exporter_sees_scrubbed_spans(by_hand: bool) -> None:
    """Simple, batch, console and in-memory exporters, and one that reads private fields, see
    scrubbed data only, whether the guard is the provider's own or added to it."""
    console, memory, private = io.StringIO(), InMemorySpanExporter(), PrivateReader()
    behind = (
        SimpleSpanProcessor(ConsoleSpanExporter(out=console)),
        BatchSpanProcessor(memory),
        SimpleSpanProcessor(private),
    )
    if by_hand:
        provider = provider_with(GuardSpanProcessor(*behind))
    else:
        provider = provider_with(*behind, multi=GuardSpanProcessor())
    record(provider)
    assert provider.force_flush()
    provider.shutdown()
    for text in (console.getvalue(), shown(memory.get_finished_spans()), "".join(private.seen)):
        assert SECRET not in text
        assert "name [REDACTED:credential.token]" in text
        assert "exception.stacktrace" in text


def test_each_processor_has_a_view_of_its_own() -> None:
    """What one processor writes on its span, its sibling doesn't see."""

    class Writer(Recorder):
        def on_end(self, span: ReadableSpan) -> None:
            span._name = "scribbled"
            span._attributes = {"scribbled": True}
            super().on_end(span)

    writer, sibling = Writer(), Recorder()
    record(provider_with(writer, sibling, multi=GuardSpanProcessor()))
    assert writer.spans[0].name == "scribbled"
    assert "scribbled" not in shown(sibling.spans)
    assert writer.spans[0] is not sibling.spans[0]


def test_span_is_scrubbed_once_for_all_its_views() -> None:
    """However many processors read a span, it is scrubbed once; for none, never."""
    guard = GuardSpanProcessor(Recorder(), Recorder())
    provider = provider_with(guard)
    record(provider)
    assert guard.scrubber.statistics()["scrubbed"] == 2  # `_on_ending` has a view before the end
    for recorder in guard._span_processors:
        assert isinstance(recorder, Recorder)
        shown(recorder.spans)
    assert guard.scrubber.statistics()["scrubbed"] == 3


def test_ending_span_is_seen_scrubbed() -> None:
    """In `_on_ending` too a processor sees scrubbed data."""
    recorder = Recorder()
    record(provider_with(GuardSpanProcessor(recorder)))
    assert recorder.endings == ["name [REDACTED:credential.token]"]


def test_guard_inside_a_guard_passes_through(caplog: pytest.LogCaptureFixture) -> None:
    """A guard behind a guard hands on views of the same content, and nothing fails."""
    recorder = Recorder()
    inner = GuardSpanProcessor(recorder)
    outer = GuardSpanProcessor(inner)
    provider = provider_with(outer)
    record(provider)
    provider.shutdown()
    assert recorder.calls == ["on_start", "_on_ending", "on_end", "shutdown"]
    assert SECRET not in shown(recorder.spans)
    assert inner.scrubber.statistics()["scrubbed"] == 0
    assert (outer.isolation.counts(), inner.isolation.counts()) == ({}, {})
    assert caplog.records == []


def test_span_made_by_hand_is_guarded() -> None:
    """`on_end` takes any ended ReadableSpan, also one that no tracer made."""
    recorder = Recorder()
    GuardSpanProcessor(recorder).on_end(
        ReadableSpan(SECRET, attributes={"note": SECRET}, resource=Resource({}))
    )
    [span] = recorder.spans
    assert isinstance(span, GuardedSpan)
    assert SECRET not in span.to_json()


def test_policy_decides() -> None:
    """The guard's policy is the one that it was given."""
    recorder = Recorder()
    policy = Policy(rules=(Rule(key="note", action="drop"),))
    record(provider_with(GuardSpanProcessor(recorder, policy=policy)))
    assert dict(recorder.spans[0].attributes or {}) == {}


def test_wrong_argument_is_refused() -> None:
    """An exporter in the place of a processor is refused, and the remedy named."""
    with pytest.raises(ConfigurationError, match="BatchSpanProcessor"):
        GuardSpanProcessor(InMemorySpanExporter())  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        GuardSpanProcessor(policy="no-such-preset")


def test_guard_is_true() -> None:
    """The SDK writes `active_span_processor or ...`: a guard without processors is true."""
    assert GuardSpanProcessor()
    provider = TracerProvider(active_span_processor=(guard := GuardSpanProcessor()))
    assert provider._active_span_processor is guard
    provider.shutdown()


@pytest.mark.parametrize("kind", [SynchronousMultiSpanProcessor, ConcurrentMultiSpanProcessor])
def test_provider_is_guarded_in_place(kind: Any) -> None:
    """A provider's own multi-processor becomes a guard: for processors added before and after, and
    for tracers that were issued before."""
    before, after = Recorder(), Recorder()
    provider = provider_with(before, multi=kind())
    tracer = provider.get_tracer("issued before")
    scrubber = span_scrubber("baseline", "here")
    multi = guard_multi(provider._active_span_processor, scrubber)
    assert multi is provider._active_span_processor
    assert multi.scrubber is scrubber
    provider.add_span_processor(after)
    tracer.start_span(SECRET, attributes={"note": SECRET}).end()
    for recorder in (before, after):
        assert len(recorder.spans) == 1
        assert SECRET not in shown(recorder.spans)
    assert provider.force_flush()
    provider.shutdown()
    assert before.calls[-2:] == ["force_flush", "shutdown"]


def test_unknown_multi_processor_is_refused() -> None:
    """A multi-processor of an unknown kind can't be guarded in place, and the remedy is named."""

    class Own(SynchronousMultiSpanProcessor):
        pass

    own: Any = Own
    plain: Any = SynchronousMultiSpanProcessor
    with pytest.raises(ConfigurationError, match="active_span_processor=GuardSpanProcessor"):
        guard_multi(own(), span_scrubber("baseline", "here"))
    guarded = guard_multi(plain(), span_scrubber("baseline", "here"))
    with pytest.raises(ConfigurationError):
        guard_multi(guarded, span_scrubber("baseline", "here"))


def test_flush_tells_who_did_not() -> None:
    """A flush is false where one processor didn't, and where the time ran out."""
    first, second = Recorder(), Recorder()
    guard = GuardSpanProcessor(first, second)
    assert guard.force_flush()
    first.flushed = False
    assert not guard.force_flush()
    assert second.calls == ["force_flush"] * 2
    guard.force_flush(1)  # a part of a millisecond is one
    assert first.calls == ["force_flush"] * 3

    class Slow(Recorder):
        def force_flush(self, timeout_millis: int = 30000) -> bool:
            threading.Event().wait(0.02)
            return True

    late = Recorder()
    assert not GuardSpanProcessor(Slow(), late).force_flush(10)
    assert late.calls == []


def test_concurrent_flush_ends_in_time() -> None:
    """Under the concurrent guard a processor that hangs costs the flush its time and no more."""
    release = threading.Event()

    class Hanging(Recorder):
        def force_flush(self, timeout_millis: int = 30000) -> bool:
            release.wait(600)
            return True

    multi = guard_multi(ConcurrentMultiSpanProcessor(2), span_scrubber("baseline", "here"))
    multi.add_span_processor(Hanging())
    assert not multi.force_flush(20)
    release.set()
    multi.shutdown()


def test_concurrent_guard_works_when_its_pool_is_gone() -> None:
    """At exit, when no task can be submitted any more, the processors are called directly."""
    recorder = Recorder()
    multi = guard_multi(ConcurrentMultiSpanProcessor(2), span_scrubber("baseline", "here"))
    assert isinstance(multi, ConcurrentGuard)
    provider = provider_with(recorder, multi=multi)
    multi._executor.shutdown()
    record(provider)
    assert recorder.calls == ["on_start", "_on_ending", "on_end"]
    assert SECRET not in shown(recorder.spans)
    provider.shutdown()


def test_those_who_could_keep_the_live_span_are_named() -> None:
    """Processors that take part in starts are listed, save the SDK's own and guards."""
    processors = (
        *(Recorder(), Raiser("on_end"), GuardSpanProcessor()),
        SimpleSpanProcessor(InMemorySpanExporter()),
    )
    assert foreign_starters(processors) == ["Recorder"]


def test_threads_end_spans_at_once() -> None:
    """Spans that many threads end at once all arrive, scrubbed."""
    memory = InMemorySpanExporter()
    provider = provider_with(GuardSpanProcessor(SimpleSpanProcessor(memory)))

    def record_many() -> None:
        for _ in range(25):
            record(provider)

    threads = [threading.Thread(target=record_many) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spans = memory.get_finished_spans()
    assert len(spans) == 150
    assert SECRET not in shown(spans)


class Pipeline(ExportPipeline):
    """Stands for our own export, which scrubs what it is given; only keeps it."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


@pytest.mark.parametrize("concurrent", [False, True])
def test_own_export_takes_the_raw_span(concurrent: bool) -> None:
    """Our own export is given the raw span, which it scrubs on its worker; nobody else is."""
    own, other = Pipeline(), Recorder()
    kind: Any = ConcurrentMultiSpanProcessor if concurrent else SynchronousMultiSpanProcessor
    multi = guard_multi(kind(), span_scrubber("baseline", "here"))
    multi.add_span_processor(own)
    multi.add_span_processor(other)
    raw = ReadableSpan(SECRET, resource=Resource({}))
    multi.on_end(raw)
    assert own.spans[0] is raw
    assert isinstance(other.spans[0], GuardedSpan)


def test_guards_may_share_a_scrubber() -> None:
    """`around` builds a guard upon a scrubber that others use too, counts and all."""
    scrubber = span_scrubber("baseline", "here")
    recorders = [Recorder(), Recorder()]
    guards = [GuardSpanProcessor.around(scrubber, recorder) for recorder in recorders]
    for guard, recorder in zip(guards, recorders, strict=True):
        guard.on_end(ReadableSpan(SECRET, resource=Resource({})))
        assert SECRET not in shown(recorder.spans)
    assert scrubber.statistics()["scrubbed"] == 2
