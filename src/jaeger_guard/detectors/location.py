"""Detect where somebody is (`location.*`): a latitude and a longitude in one text."""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import LOCATION_COORDINATES
from jaeger_guard.detectors.detector import (
    Detector,
    Example,
    NearMiss,
    Shape,
    compile_pattern,
)

# Four decimals of a degree are eleven metres; with fewer it is a town, or a pair of measures.
_DEGREES: Final = r"[0-9]{{1,{whole}}}\.[0-9]{{4,15}}"
_LONGER_ROW: Final = r"[,;] {0,2}-?[0-9]"


def _settle(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Leave out what is a stretch of a longer row of numbers, as embeddings are."""
    if start and text[start - 1] in "+-" and (start == 1 or not text[start - 2].isalnum()):
        start -= 1
    before = text[max(0, start - 4) : start].rstrip(" ")
    if before[-1:] in (",", ";") and before[-2:-1].isdigit():
        return None
    if before[-1:] == "." or compile_pattern(_LONGER_ROW).match(text, end):
        return None
    return start, end


def _are_degrees(value: str) -> bool:
    latitude, longitude = (
        abs(float(number)) for number in compile_pattern(r"[0-9]{1,3}\.[0-9]{4,15}").findall(value)
    )
    # Two numbers below one are rather probabilities than a place in the Gulf of Guinea.
    return latitude <= 90 and longitude <= 180 and max(latitude, longitude) > 1


COORDINATES: Final = Detector(
    name="location.coordinates",
    category=LOCATION_COORDINATES,
    gate=Shape(pattern=r"[0-9]\.[0-9]{4,15}(?:[,;]|%2[Cc])"),
    pattern=(
        _DEGREES.format(whole=2)
        + r"(?:,|;|%2C|%2c) {0,1}[+\-]?"
        + _DEGREES.format(whole=3)
        + r"(?![0-9A-Za-z_]|\.[0-9])"
    ),
    settle=_settle,
    validate=_are_degrees,
    word_start=True,
    source="ISO 6709:2022, Annex H (decimal degrees); WGS 84",
    examples=(
        Example("at 52.520008,13.404954 since", found="52.520008,13.404954"),
        Example("from -33.8688, 151.2093.", found="-33.8688, 151.2093"),
        Example("?ll=40.712776,-74.005974&z=3", found="40.712776,-74.005974"),
    ),
    near_misses=(
        NearMiss("12,34 and 52.5,13.4", because="too coarse to name a place"),
        NearMiss("[0.12345,0.98765]", because="probabilities"),
        NearMiss("12.34567,5.43210,7.65432", because="a row of numbers"),
        NearMiss("95.12345,13.40495", because="no latitude"),
        NearMiss("v1.12345,13.40495", because="a version"),
    ),
)

DETECTORS: Final = (COORDINATES,)
