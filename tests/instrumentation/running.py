"""The child process of the contract test: runs the drivers of one module, plain and guarded.

    python -m instrumentation.running web_servers < servers.json > results.json

Semantic conventions are chosen once per process, by the environment.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import entry_points, version
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.util._once import Once

from instrumentation.driver import Driver, World
from instrumentation.spans import encoded, spans_in
from jaeger_guard import Export, configure
from servers.otlp_sink import HttpSink


class Lines(logging.Handler):
    """Keeps what is logged, with its stack traces."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record as it would be printed."""
        self.lines.append(self.format(record))


@contextmanager
def listening() -> Iterator[list[str]]:
    """Listen to what jaeger_guard and OpenTelemetry log."""
    handler = Lines()
    for name in ("jaeger_guard", "opentelemetry"):
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield handler.lines
    for name in ("jaeger_guard", "opentelemetry"):
        logging.getLogger(name).removeHandler(handler)


def install(provider: TracerProvider | None) -> None:
    """Make a provider the global one; None: none."""
    trace._TRACER_PROVIDER = provider
    trace._TRACER_PROVIDER_SET_ONCE = Once()
    if provider is not None:
        trace._TRACER_PROVIDER_SET_ONCE._done = True


def plain(driver: Driver, servers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Drive the instrumentors alone; return what they would send."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    install(provider)
    instrumentors = []
    for name in driver.instrumentors:
        for point in entry_points(group="opentelemetry_instrumentor", name=name):
            instrumentors.append(point.load()())
    for instrumentor in instrumentors:
        instrumentor.instrument(tracer_provider=provider)
    try:
        driver.drive(World(servers, provider.get_tracer("driver")))
    finally:
        for instrumentor in reversed(instrumentors):
            instrumentor.uninstrument()
        install(None)
    return encoded(exporter.get_finished_spans())


def guarded(driver: Driver, servers: Mapping[str, Any]) -> dict[str, Any]:
    """Drive them through a guard; return what reached it, what it sent, and what was logged."""
    reached: list[ReadableSpan] = []
    with HttpSink() as sink, listening() as log:
        guard = configure(
            export=Export(endpoint=sink.endpoint, protocol="http/protobuf"),
            instrument=driver.instrumentors,
        )
        processor: Any = guard.tracer_provider._active_span_processor
        on_end = processor.on_end

        def watched(span: ReadableSpan) -> None:
            reached.append(span)
            on_end(span)

        processor.on_end = watched
        try:
            driver.drive(World(servers, guard.tracer_provider.get_tracer("driver")))
            raw = encoded(reached)
            flushed = guard.force_flush(60_000)
        finally:
            guard.shutdown()
            install(None)
        return {"raw": raw, "sent": spans_in(sink.payloads), "log": log, "flushed": flushed}


def run(driver: Driver, servers: Mapping[str, Any]) -> dict[str, Any]:
    """Run one driver; an exception of it is its result."""
    versions = {package: version(package) for package in driver.packages}
    try:
        driver.prepare()
        return {
            "versions": versions,
            "plain": plain(driver, servers),
            **guarded(driver, servers),
        }
    except Exception:
        return {"versions": versions, "error": traceback.format_exc()}


def main() -> None:
    """Run the drivers of a module."""
    servers = json.load(sys.stdin)
    output, sys.stdout = sys.stdout, sys.stderr  # a driver may print
    module = import_module(f"instrumentation.drivers.{sys.argv[1]}")
    results = {driver.name: run(driver, servers) for driver in module.DRIVERS}
    json.dump(results, output)


if __name__ == "__main__":
    main()
