"""What OpenTelemetry's own loggers say, without what they quote: baggage, status texts, attributes.

Theory of operation. The API and SDK log what they can't use, with the text: a malformed member of a
caller's baggage, a status description, an attribute's key, an exception with its whole message. So each
record of a logger named `opentelemetry…` is rewritten as it is made, before any handler or filter of the
application sees it, whatever its level. In loggers that are known to quote data, arguments that are text are
withheld; elsewhere the message is scrubbed like any text. Of exceptions the type and the frames stay.

It is done where records are made, for loggers of modules that are imported later; and by a filter on the
loggers that quote, for applications that set a factory of records of their own afterwards.
"""

from __future__ import annotations

import logging
import traceback
from types import TracebackType
from typing import Any, Final

from jaeger_guard.scrubber import Scrubber

_NAMES: Final = "opentelemetry"
# Their arguments are keys, values, headers and texts of exceptions.
_QUOTING: Final = (
    "opentelemetry.attributes",
    "opentelemetry.baggage",
    "opentelemetry.context",
    "opentelemetry.exporter",
    "opentelemetry.propagators",
    "opentelemetry.sdk._logs",
    "opentelemetry.sdk.resources",
    "opentelemetry.sdk.trace",
    "opentelemetry.trace",
)
# Created now, so that modules which are imported later find them with the filter on.
_FILTERED: Final = (
    "opentelemetry.attributes",
    "opentelemetry.baggage",
    "opentelemetry.baggage.propagation",
    "opentelemetry.exporter.otlp.proto.common._internal",
    "opentelemetry.sdk._logs._internal",
    "opentelemetry.sdk.resources",
    "opentelemetry.sdk.trace",
    "opentelemetry.trace.propagation.tracecontext",
    "opentelemetry.trace.span",
    "opentelemetry.trace.status",
)
_WITHHELD: Final = "[withheld]"
# What these loggers name that is no data: types, methods of a span, signals.
_LISTED: Final = """
    bool str bytes int float complex dict list tuple set frozenset object function method type
    NoneType Decimal UUID datetime date Enum Mapping Sequence Span LogRecord Log
    set_attribute set_attributes add_event add_link update_name set_status record_exception end
"""
_WORDS: Final = frozenset(_LISTED.split())
_SCRUBBED: Final = "jaeger_guard_scrubbed"


class _Rewriter:
    """Rewrites records, by what was configured last."""

    def __init__(self) -> None:
        self.scrubber: Scrubber | None = None
        self.filter = _Filter()

    def rewrite(self, record: logging.LogRecord) -> None:
        """Take out of a record what it quotes; it never raises."""
        if self.scrubber is None or getattr(record, _SCRUBBED, False):
            return
        setattr(record, _SCRUBBED, True)
        try:
            record.msg = _message(record, self.scrubber)
        except Exception:  # noqa: BLE001 - its text may hold what is quoted
            record.msg = _WITHHELD
        record.args = None
        if record.exc_info:
            record.exc_text = _frames(record.exc_info)
            record.exc_info = None


class _Filter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite, and let through."""
        _REWRITER.rewrite(record)
        return True


_REWRITER: Final = _Rewriter()


def quieten_sdk(scrubber: Scrubber) -> None:
    """Take what they quote out of the records of OpenTelemetry's loggers, from now on."""
    _REWRITER.scrubber = scrubber
    for name in _FILTERED:
        logging.getLogger(name).addFilter(_REWRITER.filter)  # once: it compares
    made = logging.getLogRecordFactory()
    if getattr(made, _SCRUBBED, False):
        return

    def make(*arguments: Any, **keywords: Any) -> logging.LogRecord:
        record: logging.LogRecord = made(*arguments, **keywords)
        if record.name.startswith(_NAMES):
            _REWRITER.rewrite(record)
        return record

    setattr(make, _SCRUBBED, True)
    logging.setLogRecordFactory(make)


def _message(record: logging.LogRecord, scrubber: Scrubber) -> str:
    if record.args and record.name.startswith(_QUOTING):
        arguments: Any = record.args
        if isinstance(arguments, dict):
            return str(record.msg) % {key: _plain(value) for key, value in arguments.items()}
        return str(record.msg) % tuple(_plain(value) for value in arguments)
    message = record.getMessage()
    scrubbed, found = scrubber.value("", message)
    return _WITHHELD if found.dropped else str(scrubbed)


def _plain(value: object) -> object:
    """Return an argument that is no data as it is."""
    if value is None or type(value) in (bool, int, float):
        return value
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value[:16]]
    return value if isinstance(value, str) and value in _WORDS else _WITHHELD


def _frames(given: Any) -> str:
    """Return where an exception was raised, and its type: its message may quote anything."""
    kind, _, trace = given
    frames = traceback.format_tb(trace) if isinstance(trace, TracebackType) else []
    return "".join([*frames, getattr(kind, "__name__", "Exception")])
