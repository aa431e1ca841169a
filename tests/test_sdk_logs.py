"""What OpenTelemetry logs about itself holds none of the values that it was given, at any level."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import Status, StatusCode
from opentelemetry.trace.span import TraceState

from jaeger_guard.configuration import sdk_logs
from jaeger_guard.configuration.sdk_logs import quieten_sdk
from jaeger_guard.policy import Policy, compile_policy
from jaeger_guard.scrubber import Scrubber

SURNAME = "Lindqvistowski"  # no detector knows it
SCRUBBER = Scrubber(compile_policy(Policy(rules=())))


class Kept(logging.Handler):
    """Keeps what a handler of an application writes."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """What comes of it at DEBUG."""
    monkeypatch.setattr(sdk_logs._REWRITER, "scrubber", None)
    handler = Kept()
    logger = logging.getLogger("opentelemetry")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


class Hostile:
    def __str__(self) -> str:
        return SURNAME


class Failing(SpanExporter):
    def export(self, spans: Any) -> Any:
        raise RuntimeError(f"no {SURNAME}")


def provoke() -> None:
    """Have the API and the SDK complain of everything that they complain of."""
    propagator = W3CBaggagePropagator()
    for header in (
        SURNAME,
        f"{SURNAME}=é",
        f"a b={SURNAME}",
        f"{SURNAME}={'x' * 5000}",
        SURNAME * 700,
    ):
        propagator.extract({"baggage": header}, Context())
    propagator.inject({}, baggage.set_baggage(SURNAME, "x" * 5000, Context()))
    TraceState([(SURNAME, "a"), ("a", f"{SURNAME}=,")])
    TraceState().add(SURNAME, "v").update(SURNAME, "v").delete(SURNAME)
    TraceState([("a", "b")]).add("a", SURNAME)
    TraceState.from_header([f"{SURNAME}"])
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Failing()))
    span = provider.get_tracer("t").start_span("s")
    span.set_attribute("k", Hostile())  # type: ignore[arg-type]
    span.set_attribute(Hostile(), SURNAME)  # type: ignore[arg-type]
    span.set_attribute((SURNAME,), SURNAME)  # type: ignore[arg-type]
    span.set_attribute("", SURNAME)
    span.set_status(Status(StatusCode.OK, SURNAME))
    span.set_status(Status(StatusCode.ERROR), SURNAME)
    span.set_status(StatusCode.ERROR, (SURNAME,))  # type: ignore[arg-type]
    span.end()
    span.set_attribute("k", SURNAME)
    span.update_name(SURNAME)
    Resource({"k": Hostile()})  # type: ignore[dict-item]
    meter = MeterProvider(shutdown_on_exit=False).get_meter("m")
    meter.create_counter("c").add(1, SURNAME)  # type: ignore[arg-type]


def test_nothing_is_quoted(kept: Kept) -> None:
    """Each complaint is still made, and none holds what it complains of."""
    provoke()
    raw = len(kept.lines)
    assert any(SURNAME in line for line in kept.lines)  # or there would be nothing to test
    kept.lines.clear()
    quieten_sdk(SCRUBBER)
    provoke()
    assert len(kept.lines) >= raw - 2  # some are made once only
    assert [line for line in kept.lines if SURNAME in line] == []
    text = "\n".join(kept.lines)
    assert "Invalid baggage entry: `[withheld]`" in text
    assert "RuntimeError" in text  # of an exception the type and the frames
    assert "test_sdk_logs.py" in text
    assert "Tried calling update_name on an ended span." in text


def test_other_loggers_of_opentelemetry_are_scrubbed(kept: Kept) -> None:
    """What isn't known to quote is scrubbed as a text, and what is benign stays."""
    quieten_sdk(SCRUBBER)
    logger = logging.getLogger("opentelemetry.instrumentation.shop")
    logger.debug("asked %s of %s", "https://u:hunter2@shop.example/?a=1", "ada@example.org")
    logger.info("version %s, %d routes", "1.4.2", 7)
    assert "hunter2" not in kept.lines[0]
    assert "ada@" not in kept.lines[0]
    assert kept.lines[1] == "opentelemetry.instrumentation.shop INFO version 1.4.2, 7 routes"


def test_other_peoples_loggers_are_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """What the application logs is its own."""
    quieten_sdk(SCRUBBER)
    logging.getLogger("shop").warning("hello %s", SURNAME)
    assert caplog.messages == [f"hello {SURNAME}"]


def test_a_factory_that_is_set_later(kept: Kept) -> None:
    """The loggers that are known to quote are filtered, too."""
    quieten_sdk(SCRUBBER)
    logging.setLogRecordFactory(logging.LogRecord)
    W3CBaggagePropagator().extract({"baggage": SURNAME}, Context())
    assert kept.lines and SURNAME not in "\n".join(kept.lines)
    logging.getLogger("opentelemetry.trace.span").warning("broken %s %s", SURNAME)
    assert kept.lines[-1].endswith("[withheld]")
