"""Our own output holds no value: neither a log, a warning, nor standard error, come what may."""

from __future__ import annotations

import io
import logging
import pickle
import traceback
import warnings
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

from jaeger_guard import Export, JaegerRemote, Sampling, Spool
from jaeger_guard.export import Basic, Bearer, OAuth2ClientCredentials
from jaeger_guard.processor import GuardSpanProcessor
from jaeger_guard.spans import GuardedSpan, GuardedState, SpanScrubber
from jaeger_guard.wire import Encoder

SECRETS = (
    "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8",
    "anna.lindqvist@mail.example.org",
    "4539578763621486",
    "Lindqvistowski",
)
TOKEN = SECRETS[0]
FINDABLE = SECRETS[:3]  # a surname in a sentence is found by nobody, and told by nobody either
EVERYTHING = " ".join(SECRETS)


class Output:
    """All that was logged at DEBUG, warned of, or written."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.warned: list[Any] = []
        self.records: list[logging.LogRecord] = []

    def text(self) -> str:
        """Everything, with tracebacks, arguments of log records and warnings."""
        logged = [
            record.getMessage() + repr(record.args) + str(record.exc_text) + str(record.exc_info)
            for record in self.records
        ]
        return self.stream.getvalue() + "".join(logged) + repr([str(w) for w in self.warned])


@pytest.fixture
def output() -> Iterator[Output]:
    """Capture everything while a test runs, at DEBUG on the root logger."""
    captured = Output()

    class Keeper(logging.StreamHandler[io.StringIO]):
        def emit(self, record: logging.LogRecord) -> None:
            captured.records.append(record)
            super().emit(record)

    handler = Keeper(captured.stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with (
            warnings.catch_warnings(record=True) as warned,
            redirect_stderr(captured.stream),
            redirect_stdout(captured.stream),
        ):
            warnings.simplefilter("always")
            captured.warned = warned
            yield captured
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def assert_silent(output: Output) -> None:
    text = output.text()
    for secret in SECRETS:
        assert secret not in text


class Raising(ReadableSpan):
    @property
    def name(self) -> str:
        raise RuntimeError(EVERYTHING)


class RaisingText(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError(EVERYTHING)

    __repr__ = __str__


class RaisingType:
    def __repr__(self) -> str:
        raise RuntimeError(EVERYTHING)

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(EVERYTHING)


def spans() -> list[Any]:
    """Planted, broken and hostile spans."""
    context = SpanContext(1, 2, True, TraceFlags(1), TraceState([("vendor", TOKEN)]))
    attributes: dict[str, Any] = {
        "note": EVERYTHING,
        EVERYTHING: 1,
        "bytes": EVERYTHING.encode() + b"\xff",
        "surrogate": f"{EVERYTHING}\ud800",
        "large": 2**70,
        "absurd": 10**5000,
        "list": list(SECRETS),
        "map": {secret: secret for secret in SECRETS},
        "json": '{"last_name": "Lindqvistowski", "broken": "' + EVERYTHING,
        "last_name": "Lindqvistowski",
        "odd": RaisingType(),
        "text": RaisingText(EVERYTHING),
        "db.query.text": f"SELECT '{EVERYTHING}' FROM (((",
        "url.full": f"https://{EVERYTHING}:[::1/%zz",
    }
    given: dict[str, Any] = {"context": context, "resource": Resource({"n": EVERYTHING})}
    return [
        ReadableSpan(EVERYTHING, attributes=attributes, status=Status(StatusCode.ERROR, EVERYTHING),
                     events=[Event(EVERYTHING, attributes, 1)], links=[Link(context, attributes)],
                     parent=context, instrumentation_scope=InstrumentationScope(EVERYTHING),
                     start_time=-1, end_time=2**70, **given),
        Raising(EVERYTHING, **given),
        ReadableSpan(EVERYTHING, kind=EVERYTHING, **given),  # type: ignore[arg-type]
        ReadableSpan(EVERYTHING, attributes={7: EVERYTHING}, **given),  # type: ignore[dict-item]
        ReadableSpan(EVERYTHING, start_time=EVERYTHING, **given),  # type: ignore[arg-type]
        ReadableSpan(EVERYTHING, events=[RaisingType()], **given),  # type: ignore[list-item]
        ReadableSpan(EVERYTHING, resource=RaisingType(), context=context),  # type: ignore[arg-type]
        ReadableSpan(EVERYTHING, context=RaisingType(), resource=Resource({})),  # type: ignore[arg-type]
        RaisingType(),
    ]  # fmt: skip


def test_export_path_is_silent(output: Output) -> None:
    """Nothing of planted, broken and hostile spans is told while they are scrubbed and encoded;
    that some were quarantined is."""
    guard = GuardSpanProcessor()
    scrubber: SpanScrubber = guard.scrubber
    encoder = Encoder(fallback=scrubber.quarantine_unencodable)
    payloads = encoder.encode(scrubber.scrub_batch(spans()))
    assert sum(payload.spans for payload in payloads) == len(spans())
    assert all(secret.encode() not in p.data for p in payloads for secret in FINDABLE)
    assert "quarantined" in output.text()
    assert_silent(output)
    assert_statistics_are_silent(guard)


def assert_statistics_are_silent(guard: GuardSpanProcessor) -> None:
    told = repr(guard.scrubber.statistics()) + repr(guard.isolation.counts()) + repr(guard)
    for secret in SECRETS:
        assert secret not in told


def test_views_are_silent(output: Output) -> None:
    """Nor while they are viewed, printed, pickled and written by the SDK's own exporters."""
    seen: list[str] = []

    class Reader(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            seen.append(repr(span) + span.to_json())
            pickle.dumps(span)
            raise RuntimeError(EVERYTHING)

    guard = GuardSpanProcessor(Reader())
    for span in spans():
        guard.on_end(span)
    assert len(seen) >= 7
    assert not any(secret in text for text in seen for secret in FINDABLE)
    assert guard.isolation.counts() == {"Reader.on_end": len(spans())}
    assert_silent(output)
    assert_statistics_are_silent(guard)


def test_application_is_told_nothing(output: Output) -> None:
    """Nor by a provider whose processors raise, at any moment of a span's life."""

    class Everywhere(SpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            raise RuntimeError(EVERYTHING)

        def _on_ending(self, span: Any) -> None:
            raise RuntimeError(EVERYTHING)

        def on_end(self, span: Any) -> None:
            raise RuntimeError(EVERYTHING)

        def shutdown(self) -> None:
            raise RuntimeError(EVERYTHING)

        def force_flush(self, timeout_millis: int = 30000) -> bool:
            raise RuntimeError(EVERYTHING)

    provider = TracerProvider(
        active_span_processor=GuardSpanProcessor(Everywhere()), shutdown_on_exit=False
    )
    with provider.get_tracer("shop").start_as_current_span(EVERYTHING) as span:
        span.set_attribute("note", EVERYTHING)
    provider.force_flush()
    provider.shutdown()
    assert len(output.records) >= 5
    assert_silent(output)


def test_exceptions_of_a_view_hold_no_value(output: Output) -> None:
    """What a view refuses, it refuses without a value in the exception or its context."""
    view = GuardedSpan(GuardedState.pending(spans()[0], GuardSpanProcessor().scrubber))
    foreign: Any = view
    for use in (
        lambda: foreign.attributes.__setitem__("a", 1),
        lambda: foreign.missing,
        lambda: foreign._attributes.__setitem__("a", 1),
    ):
        with pytest.raises((TypeError, AttributeError)) as caught:
            use()  # type: ignore[no-untyped-call]
        told = "".join(traceback.format_exception(caught.value))
        assert not any(secret in told for secret in SECRETS)
    assert_silent(output)


_PASTED = "c2VjcmV0IGtleSB0aGF0IHdhcyBwYXN0ZWQgaGVyZSE="
_ENDPOINT = f"https://shop:{_PASTED}@jaeger.example:4317"


@pytest.mark.parametrize(
    "settings",
    [
        Export(endpoint=_ENDPOINT, key_file=_PASTED, headers={"x-key": _PASTED}),
        Export(bearer_token_file=_PASTED, credentials=f"Bearer {_PASTED}"),
        Spool(directory=_PASTED, key_file=_PASTED, key=lambda: _PASTED.encode()),
        Sampling(remote=JaegerRemote(endpoint=_ENDPOINT), peer_key_file=_PASTED),
        Bearer(_PASTED),
        Basic("shop", _PASTED),
        OAuth2ClientCredentials(token_url=_ENDPOINT, client_id=_PASTED, client_secret=_PASTED),
        OAuth2ClientCredentials(token_url="https://h", client_id="a", client_secret_file=_PASTED),
    ],
    ids=lambda settings: type(settings).__name__,
)
def test_settings_show_no_credential(settings: object) -> None:
    """What was pasted where a file, an endpoint or a credential belongs is in no `repr`."""
    assert _PASTED not in repr(settings)
    assert type(settings).__name__ in repr(settings)
