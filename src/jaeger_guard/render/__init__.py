"""Configuration of other programs from the same policy: one file per target, and their registry."""

from __future__ import annotations

import importlib
from typing import Final

from jaeger_guard.render.target import RenderedFile, Rendering, Source, Target

__all__ = ["RenderedFile", "Rendering", "Source", "Target", "targets"]

# One module of this package each, with its `TARGET`.
_TARGETS: Final = ("jaeger", "collector", "kubernetes", "prometheus")


def targets() -> tuple[Target, ...]:
    """List what can be rendered."""
    return tuple(importlib.import_module(f"jaeger_guard.render.{name}").TARGET for name in _TARGETS)
