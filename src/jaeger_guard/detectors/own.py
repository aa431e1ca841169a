"""Find what has the shape of this guard's own tokens and was not written by it.

The scrubber knows its own by their keys, and leaves those alone. Whatever else looks like one is opaque:
it may be a token of another process, whose wraps this span doesn't have, or anything that somebody dressed
up as one.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import CONTENT_WITHHELD
from jaeger_guard.detectors.detector import Detector, Example, NearMiss, Needles
from jaeger_guard.keys.token import PREFIX, SHORTEST, TOKEN

OWN_LOOK_ALIKE: Final = Detector(
    name="content.token_look_alike",
    category=CONTENT_WITHHELD,
    gate=Needles(texts=(PREFIX,)),
    pattern=TOKEN,
    source="docs/encryption.md",
    examples=(
        Example("jg1." + "Ab3_" * 23 + "x-", found="jg1." + "Ab3_" * 23 + "x-"),
        Example("user=jg1." + "Ab3_" * 35 + ";", found="jg1." + "Ab3_" * 35),
    ),
    near_misses=(
        NearMiss("jg1.example.com", because="a host's name"),
        NearMiss("jg1." + "a" * (SHORTEST - 6), because="shorter than any token"),
    ),
)
DETECTORS: Final = (OWN_LOOK_ALIKE,)
