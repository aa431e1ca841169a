"""Logging: its instrumentor also hands every record to the global LoggerProvider, whose exporters would
send bodies as they are, unless a GuardLogRecordProcessor stands before them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from jaeger_guard.instrumentation.framework import Framework
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard")
_OFF: Final = {"enable_log_auto_instrumentation": False}


def _without_handler_unless_guarded() -> Mapping[str, Any]:
    from opentelemetry._logs import _internal

    provider = _internal._LOGGER_PROVIDER  # not get_logger_provider(): it would install one
    if _is_guarded(provider):
        return {}
    level = logging.INFO if provider is None else logging.WARNING
    tell(
        _LOGGER,
        level,
        "records of logging are not handed to the LoggerProvider, which is not guarded: add "
        "GuardLogRecordProcessor() to it, before any other, and before configure()",
    )
    return _OFF


def _is_guarded(provider: Any) -> bool:
    from jaeger_guard.logs import GuardLogRecordProcessor

    multi = getattr(provider, "_multi_log_record_processor", None)
    listed = getattr(multi, "_log_record_processors", None)
    if not listed:
        return False
    return isinstance(listed[0], GuardLogRecordProcessor)


LOGGING: Final = Framework(
    name="logging", extra="logging", settings=_without_handler_unless_guarded
)
