"""The logging module, whose records get the trace's id, and whose text a span may repeat."""

from __future__ import annotations

import logging

from opentelemetry import trace
from opentelemetry.instrumentation.logging import LoggingInstrumentor

from e2e.apps.telemetry import tracing
from e2e.planted import CARD, EMAIL


class SpanEvents(logging.Handler):
    """Write each record as an event of the current span, as several libraries do."""

    def emit(self, record: logging.LogRecord) -> None:
        """Add the event, with the ids that the instrumentor has put into the record."""
        span = trace.get_current_span()
        span.add_event(
            record.getMessage(),
            {
                "log.logger": record.name,
                "log.trace_matches": getattr(record, "otelTraceID", "")
                == f"{span.get_span_context().trace_id:032x}",
            },
        )


def main() -> None:
    """Log inside a span."""
    with tracing() as provider:
        LoggingInstrumentor().instrument()
        logger = logging.getLogger("shop.checkout")
        logger.addHandler(SpanEvents())
        logger.propagate = False
        with provider.get_tracer("shop").start_as_current_span("outer"):
            logger.warning("mail to %s about card %s bounced", EMAIL, CARD)


if __name__ == "__main__":
    main()
