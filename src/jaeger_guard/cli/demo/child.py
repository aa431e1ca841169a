"""One run of the shop in a process of its own, guarded or not: `python -m …child < assignment`.

Tracing is set up once per process, and the two runs shall differ in nothing but the guard: hence
two processes. Both draw the same ids, by which their spans are compared.
"""

from __future__ import annotations

import json
import logging
import random
import sys
from collections.abc import Callable

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.logging import LoggingInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from jaeger_guard.cli.demo import shop, visits
from jaeger_guard.cli.demo.assignment import REFUSED, Assignment
from jaeger_guard.configuration import configure
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import Export


class _SeededIds(RandomIdGenerator):
    """The same ids in both runs, in the order in which spans start."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def generate_span_id(self) -> int:
        return self._random.getrandbits(64) or 1

    def generate_trace_id(self) -> int:
        return self._random.getrandbits(128) or 1


def run(assignment: Assignment) -> None:
    """Set tracing up, serve the shop, make all visits, and see every span off."""
    _log_to(assignment.log_file)
    provider, finish = _guarded(assignment) if assignment.guarded else _plain(assignment)
    provider.id_generator = _SeededIds(assignment.seed)  # before the first tracer takes it over

    engine = shop.open_database()
    application = shop.build(engine, provider, f"127.0.0.1:{assignment.courier_port}")
    FlaskInstrumentor().instrument_app(application, tracer_provider=provider)  # type: ignore[no-untyped-call]
    RequestsInstrumentor().instrument(tracer_provider=provider)
    SQLAlchemyInstrumentor().instrument(engine=engine, tracer_provider=provider)
    LoggingInstrumentor().instrument(tracer_provider=provider, log_hook=_log_to_span)

    with shop.serving(application, assignment.shop_socket):
        visits.drive(f"http://127.0.0.1:{assignment.shop_port}")
    finish()


def _guarded(assignment: Assignment) -> tuple[TracerProvider, Callable[[], None]]:
    guard = configure(
        export=Export(
            endpoint=assignment.endpoint, protocol="http/protobuf", ca_file=assignment.ca_file
        ),
        resource=shop.RESOURCE,
    )
    return guard.tracer_provider, guard.shutdown


def _plain(assignment: Assignment) -> tuple[TracerProvider, Callable[[], None]]:
    provider = TracerProvider(resource=Resource.create(shop.RESOURCE))
    exporter = OTLPSpanExporter(
        endpoint=f"{assignment.endpoint}/v1/traces", certificate_file=assignment.ca_file
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider, provider.shutdown


def _log_to_span(span: trace.Span, record: logging.LogRecord) -> None:
    """Make a line of the shop's log an event of the current span, as a log hook may."""
    if record.name == "shop" and span.is_recording():
        span.add_event(record.getMessage(), {"log.severity": record.levelname})


def _log_to(path: str) -> None:
    handler = logging.FileHandler(path)
    for name in ("jaeger_guard", "opentelemetry"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)
        logger.addHandler(handler)
        logger.propagate = False


def main() -> int:
    """Read the assignment, and carry it out."""
    try:
        run(Assignment(**json.load(sys.stdin)))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
