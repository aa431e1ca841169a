"""Decisions pinned to spans while they run: by span id, and gone with the span.

All guards of a process share them: the first to see a span start takes the decision off its
attributes, and every one must know it at the end.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection
from typing import Any, Final

ATTRIBUTE: Final = "_jaeger_guard_pin"


class Pin:
    """What was decided about one span.

    Attributes:
        minimal: Whether none of its content goes on.
        dropped: Whether the whole span doesn't.
        retention: How long it may be kept; None: nothing says so.
        kept: Attributes that it has even where it is minimal.
    """

    __slots__ = ("__weakref__", "dropped", "kept", "minimal", "retention")

    def __init__(self) -> None:
        self.minimal = False
        self.dropped = False
        self.retention: str | None = None
        self.kept: dict[str, Any] = {}


# The span holds its pin, so an entry lasts as long as its span, ended or not.
PINS: Final[weakref.WeakValueDictionary[int, Pin]] = weakref.WeakValueDictionary()
# What the weak dictionary keeps its entries in: to ask this costs a tenth, and most spans have none.
PINNED_IDS: Final[Collection[int]] = vars(PINS)["data"]


def pin_of(span: Any) -> Pin:
    """Answer the pin of a live span; makes one where it has none."""
    pin = getattr(span, ATTRIBUTE, None)
    if pin is None:
        pin = Pin()
        setattr(span, ATTRIBUTE, pin)
        PINS[span.context.span_id] = pin
    return pin
