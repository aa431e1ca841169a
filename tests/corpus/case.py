"""What a case of the corpus is: a value under a key, what must be gone from it, and what must stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .draw import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One labelled value.

    Attributes:
        kind: What it is a case of, within its category: a provider, a dialect, a country.
        key: The attribute's key.
        value: The attribute's value, or a text for another surface.
        gone: Planted values, none of which may be read from what leaves.
        stays: Texts that stand in the value and must stand in what leaves. Where nothing is planted,
            the whole value must stay as it is.
        coarse: Whether the planted value is generalized, so that a part of it may stay.
    """

    kind: str
    key: str
    value: Any
    gone: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
    coarse: bool = False


Cases = Callable[[Draw], Iterator[Case]]
