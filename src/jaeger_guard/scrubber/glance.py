"""Say what is seen of a text at a glance: that it is inert, or what it is of."""

from __future__ import annotations

import re
from typing import Final

from jaeger_guard.types import Match

# RFC 9562: an id by its form alone, whatever its digits look like, and the commonest of all.
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UUID_LENGTH: Final = 36

# What a glance at a text under a key that says no format tells: the format's name, None for plain text;
# and what the detectors find in it, where they were asked.
Glance = tuple[str | None, list[Match] | None]
INERT: Final[Glance] = ("inert", None)


def is_uuid(text: str) -> bool:
    """Say whether a text is an id by its form alone: it is inert, and seldom met again."""
    return len(text) == _UUID_LENGTH and _UUID.fullmatch(text) is not None
