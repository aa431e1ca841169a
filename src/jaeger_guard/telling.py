"""Log at run time: an application's handlers and filters may raise, and must not cost it a span."""

from __future__ import annotations

import contextlib
import logging


def tell(logger: logging.Logger, level: int, message: str, *arguments: object) -> None:
    """Log one line, whatever a handler or a filter does with it. No argument may hold a value."""
    with contextlib.suppress(Exception):
        logger.log(level, message, *arguments)
