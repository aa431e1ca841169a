"""Generalize US ZIP codes: three digits where more than 20,000 people share them, else 000.

45 CFR 164.514(b)(2)(i)(B). Which areas are restricted stands in `zip_areas.toml`, by census.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Final

RESTRICTED: Final = "000"


@cache
def restricted_areas() -> frozenset[str]:
    """List the first three digits of the areas that are too small to be named."""
    file = resources.files("jaeger_guard.actions").joinpath("zip_areas.toml")
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return frozenset(area for census in table["census"] for area in census["areas"])


@cache
def _zip() -> re.Pattern[str]:
    # What is generalized already, a ZIP code, and ZIP+4.
    return re.compile(r"(?P<area>[0-9]{3})(?:[0-9]{2}(?:[- ]?[0-9]{4})?)?")


def generalize_zip(text: str) -> str | None:
    """Return the three digits that stand for a ZIP code, 000 for a small area; else None."""
    found = _zip().fullmatch(text.strip(" "))
    if found is None:
        return None
    area = found["area"]
    return RESTRICTED if area in restricted_areas() else area
