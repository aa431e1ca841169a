"""Detect where somebody is (`location.*`): a latitude and a longitude in one text."""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import LOCATION_COORDINATES
from jaeger_guard.detectors.detector import (
    Detector,
    Example,
    NearMiss,
    Needles,
    Shape,
    compile_pattern,
)
from jaeger_guard.detectors.labels import labelled

# Four decimals of a degree are eleven metres; with fewer it is a town, or a pair of measures.
_DEGREES: Final = r"[0-9]{{1,{whole}}}\.[0-9]{{4,15}}"
_LONGER_ROW: Final = r"[,;] {0,2}-?[0-9](?![0-9.]{0,6}z)"  # maps append a zoom: `,15z`


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
    gate=Shape(pattern=r"[0-9]\.[0-9]{4,15}(?:[,;]|%2[Cc])", digits=5, sign="."),
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
        Example("/@40.712776,-74.005974,15z", found="40.712776,-74.005974"),
    ),
    near_misses=(
        NearMiss("12,34 and 52.5,13.4", because="too coarse to name a place"),
        NearMiss("[0.12345,0.98765]", because="probabilities"),
        NearMiss("12.34567,5.43210,7.65432", because="a row of numbers"),
        NearMiss("95.12345,13.40495", because="no latitude"),
        NearMiss("v1.12345,13.40495", because="a version"),
    ),
)

# Behind a word that speaks of a place, fewer decimals and the other order tell as much.
_NUMBER: Final = r"[+\-]?[0-9]{1,3}\.[0-9]{2,15}"
_PAIR_GATE, _PAIR_PATTERN = labelled(
    "coordinates|coords|coordinate|location|position|gps|geo|latlng|lat lng|latlon|lnglat|geopoint|lat long"
    "|koordinaten|coordonn\u00e9es|coordenadas|coordinate gps|lat lon",
    _NUMBER
    + r"(?:,|;|%2C|%2c|\s) {0,2}"
    + _NUMBER
    + r"(?![0-9A-Za-z_]|\.[0-9]|, {0,2}-?[0-9]{4,}\.)",
)


def _are_a_place(value: str) -> bool:
    first, second = (
        abs(float(number)) for number in compile_pattern(r"[0-9]{1,3}\.[0-9]{2,15}").findall(value)
    )
    return min(first, second) <= 90 and max(first, second) <= 180


# Behind these, a pair with two decimals is a place; pixels and metres have positions too.
_CERTAIN: Final = r"(?i:geo|gps|lat|lng|lon|koordinaten|coordonn|coordenadas)"


def _settle_labelled(text: str, start: int, end: int) -> tuple[int, int] | None:
    if compile_pattern(r"\.[0-9]{4}").search(text, start, end):
        return start, end
    certain = compile_pattern(_CERTAIN).search(text, max(0, start - 24), start)
    return (start, end) if certain else None


COORDINATES_LABELLED: Final = Detector(
    name="location.coordinates_labelled",
    category=LOCATION_COORDINATES,
    gate=_PAIR_GATE,
    pattern=_PAIR_PATTERN,
    labelled=True,
    settle=_settle_labelled,
    validate=_are_a_place,
    source="RFC 5870 (geo URIs); RFC 7946 section 3.1.1 (GeoJSON: longitude first)",
    examples=(
        Example("geo:52.52,13.40", found="52.52,13.40"),
        Example('"coordinates": [-122.4194, 37.7749]', found="122.4194, 37.7749"),
        Example("gps position: 37.77 -122.41 fixed", found="37.77 -122.41"),
    ),
    near_misses=(
        NearMiss("position: 12.34, 56.78 px", because="of something on a screen"),
        NearMiss("gps: 1.5, 2.5", because="too coarse to name a place"),
        NearMiss("location 312.52, 400.10", because="no degrees"),
        NearMiss("geo:v1.2", because="a version"),
    ),
)

_HALF_GATE, _HALF_PATTERN = labelled(
    "lat|latitude|lon|lng|longitude|breitengrad|l\u00e4ngengrad|latitud|longitud|latitudine|longitudine",
    r"[0-9]{1,3}\.[0-9]{4,15}(?![0-9A-Za-z_]|\.[0-9])",
)

DEGREES_LABELLED: Final = Detector(
    name="location.degrees_labelled",
    category=LOCATION_COORDINATES,
    gate=_HALF_GATE,
    pattern=_HALF_PATTERN,
    labelled=True,
    validate=lambda value: float(value) <= 180,
    source="ISO 6709:2022, Annex H (decimal degrees)",
    examples=(
        Example("at lat 52.520008 now", found="52.520008"),
        Example("longitude: -13.404954.", found="13.404954"),
    ),
    near_misses=(
        NearMiss("lat 12.345 of 20", because="a latency"),
        NearMiss("flat 52.520008", because="part of a word"),
        NearMiss("lat 52.5", because="too coarse to name a place"),
    ),
)

_DECIMAL: Final = r"[+\-]?[0-9]{1,3}(?:\.[0-9]{1,15})?"

WELL_KNOWN_TEXT: Final = Detector(
    name="location.well_known_text",
    category=LOCATION_COORDINATES,
    gate=Needles(
        texts=("point", "linestring", "polygon"),
        ignore_case=True,
        anchor=r"(?i:point|linestring|polygon)\s?(?:[ZzMm]{1,2}\s?)?\({1,3}\s?[+\-]?[0-9]",
    ),
    pattern=(
        r"(?i:multi)?(?i:point|linestring|polygon)\s?(?:[ZzMm]{1,2}\s?)?\({1,3}\s?"
        rf"(?P<value>{_DECIMAL} {_DECIMAL}(?: {_DECIMAL}){{0,2}}(?:[(),\s]{{1,4}}{_DECIMAL} {_DECIMAL}){{0,500}})"
    ),
    validate=lambda value: "." in value,
    source="ISO 19125-1:2004, OGC 06-103r4 (well-known text)",
    examples=(
        Example("POINT(-122.4194 37.7749) stored", found="-122.4194 37.7749"),
        Example("SRID=4326;POINT (13.404954 52.520008)", found="13.404954 52.520008"),
        Example(
            "LINESTRING(13.40 52.52, 13.41 52.53)",
            found="13.40 52.52, 13.41 52.53",
        ),
    ),
    near_misses=(
        NearMiss("Point(3 4)", because="whole numbers are pixels"),
        NearMiss("breakpoint(12)", because="a call"),
    ),
)

_DEGREE: Final = r"(?:\u00b0|\u00ba|d|deg)"
_MINUTE: Final = r"(?:'|\u2032|\u2019|m)"
_SECOND: Final = r"(?:\"|\u2033|\u201d|''|s)"


def _angle(letters: str) -> str:
    return (
        rf"[0-9]{{1,3}}{_DEGREE} ?(?:[0-9]{{1,2}}(?:\.[0-9]{{1,8}})? ?{_MINUTE} ?"
        rf"(?:[0-9]{{1,2}}(?:\.[0-9]{{1,8}})? ?\\?{_SECOND} ?)?)?[{letters}]"
    )


DEGREES_AND_MINUTES: Final = Detector(
    name="location.degrees_and_minutes",
    category=LOCATION_COORDINATES,
    gate=Needles(texts=("\u00b0", "\u00ba"), before="[0-9]", reach=3),
    pattern=rf"{_angle('NSns')},? {{0,2}}{_angle('EWOewo')}(?![A-Za-z])",
    source="ISO 6709:2022, Annex D (degrees, minutes and seconds)",
    examples=(
        Example(
            "at 40\u00b026'46\"N 79\u00b058'56\"W now", found="40\u00b026'46\"N 79\u00b058'56\"W"
        ),
        Example(
            "40\u00b0 26.767' N, 79\u00b0 58.933' W", found="40\u00b0 26.767' N, 79\u00b0 58.933' W"
        ),
    ),
    near_misses=(
        NearMiss("21\u00b0C and 40\u00b0 North wind", because="a temperature"),
        NearMiss("rotated 90\u00b0 E", because="one angle"),
    ),
)

DETECTORS: Final = (
    COORDINATES,
    COORDINATES_LABELLED,
    DEGREES_LABELLED,
    WELL_KNOWN_TEXT,
    DEGREES_AND_MINUTES,
)
