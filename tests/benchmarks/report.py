"""Show what was measured: a table for people, JSON for machines, a plot for the docs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.measuring import Row

# --- The plot: bars of what has a goal, each on a scale of its own goal --------------------------

_ROW: Final = 22  # pixels
_LABEL: Final = 470
_SCALE: Final = 150  # pixels from nothing to the goal
_FAR: Final = 3.0  # times the goal; longer bars are cut, and say so
_WIDTH: Final = _LABEL + int(_SCALE * _FAR) + 130


def machine() -> dict[str, str]:
    """Say what it was measured on; no names of hosts or users."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": str(os.cpu_count()),
        "opentelemetry-sdk": version("opentelemetry-sdk"),
        "jaeger-guard": version("jaeger-guard"),
    }


def figure(row: Row) -> str:
    """Write a figure with three digits that count."""
    digits = 0 if abs(row.value) >= 100 or row.value == int(row.value) else 2
    return f"{row.value:,.{digits}f} {row.unit}".rstrip()


def goal(row: Row) -> str:
    """Write the goal beside it."""
    if row.goal is None:
        return ""
    return f"{'>=' if row.at_least else '<='} {row.goal:g}"


def groups(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return rows by their group, in the order in which groups were met."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.group, []).append(row)
    return found


def table(rows: Sequence[Row]) -> str:
    """Return the table as text, which is Markdown as well."""
    lines = []
    for name, group in groups(rows).items():
        lines += ["", f"| {name} | | goal | |", "|---|---:|---:|---|"]
        lines += [f"| {row.name} | {figure(row)} | {goal(row)} | {row.verdict} |" for row in group]
    return "\n".join(lines[1:]) + "\n"


def plot(rows: Sequence[Row]) -> str:
    """Draw each figure that has a goal against it: the line is the goal, left of it is better."""
    shown = [row for group in groups(rows).values() for row in group if row.goal]
    height = _ROW * (len(shown) + 3)
    line = _LABEL + _SCALE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="12">',
        "<title>Measured against the goals; left of the line is better</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{line}" y="{_ROW - 6}" text-anchor="middle">the goal</text>',
    ]
    for place, row in enumerate(shown, start=1):
        assert row.goal
        share = row.goal / row.value if row.at_least else row.value / row.goal
        length = _SCALE * min(share, _FAR)
        y = _ROW * place
        colour = "#2a7f62" if row.verdict == "met" else "#c0562f"
        label = f"{row.group}: {row.name}"
        label = label if len(label) <= 78 else label[:77] + "…"
        text = f"{figure(row)} (goal {goal(row)})" + (" →" if share > _FAR else "")
        parts += [
            f'<text x="{_LABEL - 8}" y="{y + 15}" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{_LABEL}" y="{y + 4}" width="{length:.1f}" height="{_ROW - 8}" fill="{colour}"/>',
            f'<text x="{_LABEL + length + 6:.1f}" y="{y + 15}">{escape(text)}</text>',
        ]
    parts += [
        f'<line x1="{line}" y1="{_ROW}" x2="{line}" y2="{height - 2 * _ROW}" stroke="#333"/>',
        f'<text x="{_LABEL}" y="{height - _ROW}">Each bar is on the scale of its own goal; '
        f"shorter is better, also where more is asked for.</text>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def write(rows: Sequence[Row], folder: Path) -> None:
    """Write `benchmarks.json`, `benchmarks.svg` and `benchmarks-table.md` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    measured = {"machine": machine(), "rows": [row.as_dict() for row in rows]}
    (folder / "benchmarks.json").write_text(json.dumps(measured, indent=1) + "\n")
    (folder / "benchmarks.svg").write_text(plot(rows))
    (folder / "benchmarks-table.md").write_text(table(rows))
