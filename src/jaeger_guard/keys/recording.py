"""Whom key operations are told to: the audit stands above this room, so it is passed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

KeyRecord: TypeAlias = Callable[[str, Mapping[str, object]], None]
"""Takes an operation (init, rotate, publish, destroy) and what it was done to; never a key."""
