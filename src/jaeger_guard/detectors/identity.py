"""Detect what states issue to people (`identity.*`); bare digits are left to the key's words."""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import IDENTITY_NATIONAL_ID
from jaeger_guard.detectors.detector import Detector, DigitRun, Example, NearMiss

# Printed on sample cards and in advertisements; the administration voided both.
_ADVERTISED: Final = frozenset({"078-05-1120", "219-09-9999"})


def _settle(text: str, start: int, end: int) -> tuple[int, int] | None:
    before = text[max(0, start - 2) : start]
    if before[-1:] in ("_", "+", "/") and before[:1].isdigit():
        return None
    return None if before[-1:] in ("-", ".") and before[:1].isalnum() else (start, end)


US_SSN: Final = Detector(
    name="identity.us_ssn",
    category=IDENTITY_NATIONAL_ID,
    gate=DigitRun(shortest=9),
    pattern=(
        r"[0-8](?<![0-9A-Za-z].)[0-9]{2}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}"
        r"(?![0-9A-Za-z_]|[.\-/:][0-9A-Za-z])"
    ),
    settle=_settle,
    validate=lambda value: value[:3] not in ("000", "666") and value not in _ADVERTISED,
    source="US Social Security Administration, POMS RM 10201.035 (invalid numbers)",
    examples=(
        Example("ssn 536-22-8726 on file", found="536-22-8726"),
        Example("SSN=001-01-0001;", found="001-01-0001"),
    ),
    near_misses=(
        NearMiss("000-12-3456", because="no area 000"),
        NearMiss("666-12-3456", because="no area 666"),
        NearMiss("912-34-5678", because="no area from 900 up"),
        NearMiss("536-00-8726", because="no group 00"),
        NearMiss("536-22-0000", because="no serial number 0000"),
        NearMiss("078-05-1120", because="the number of a sample card"),
        NearMiss("7/536-22-8726", because="a fraction of a longer row"),
        NearMiss("536228726", because="bare digits are an id"),
        NearMiss("a1-536-22-8726-77", because="part of a longer id"),
    ),
)

DETECTORS: Final = (US_SSN,)
