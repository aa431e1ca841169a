"""Shows the comparison in a terminal: span by span, both runs side by side."""

from __future__ import annotations

from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from jaeger_guard.cli.demo.comparison import Comparison, Pair, Row
from jaeger_guard.cli.demo.highlighting import (
    Piece,
    Role,
    abridged,
    differences,
    plain_pieces,
)

_STYLES: Final = {
    Role.SAME: "",
    Role.PLANTED: "bold white on red",
    Role.REMOVED: "red",
    Role.PUT_THERE: "bold green",
}
_AROUND: Final = 60  # characters of no interest that are shown beside those of interest
_LONGEST_UNCHANGED: Final = 60  # characters
_WIDTH_OF_FILES: Final = 130  # columns, where nobody says how wide the output is


def console() -> Console:
    """Open the terminal; a file or pipe gets lines of a width that can be read."""
    terminal = Console(highlight=False, emoji=False, markup=False)
    if not terminal.is_terminal:
        terminal = Console(highlight=False, emoji=False, markup=False, width=_WIDTH_OF_FILES)
    return terminal


def show(comparison: Comparison, terminal: Console) -> None:
    """Print everything but the verdict."""
    if comparison.resource:
        terminal.print(Rule("Resource of all spans", style="dim", align="left"))
        terminal.print(Padding(_rows(comparison.resource), (0, 0, 1, 2)))
    for number, story in enumerate(comparison.stories, 1):
        terminal.print(Rule(f"{number}. {story.title}", style="dim", align="left"))
        for pair in story.pairs:
            terminal.print(Padding(_pair(pair), (0, 0, 1, 2 + 2 * pair.depth)))


def _pair(pair: Pair) -> RenderableType:
    span, name = pair.span, pair.rows[0]
    heading = Text.assemble(
        (f"{span.kind} · {span.scope}  ", "cyan"),
        (name.left if name.left is not None else "(nothing)", "bold"),
        (f"  {span.milliseconds:.1f} ms", "dim"),
        ("  error" if span.failed else "", "yellow"),
        ("  MISSING with the guard" if pair.missing else "", "bold white on red"),
    )
    # A name that stayed stands in the heading already.
    return Group(heading, _rows(pair.rows if name.changed else pair.rows[1:]))


def _rows(rows: tuple[Row, ...]) -> RenderableType:
    shown = [row for row in rows if row.shown]
    same = [row for row in rows if not row.shown]
    parts: list[RenderableType] = []
    if shown:
        table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1), show_edge=False)
        table.add_column("", ratio=2, overflow="fold", style="cyan")
        table.add_column("without the guard", ratio=4, overflow="fold")
        table.add_column("with it", ratio=4, overflow="fold")
        for row in shown:
            table.add_row(*_cells(row))
        parts.append(table)
    if same:
        told = " · ".join(
            f"{_place(row)}={_shortened(row.left or '')}" for row in same if row.left is not None
        )
        parts.append(Text(f"unchanged: {told}", style="dim", overflow="fold"))
    return Group(*parts)


def _cells(row: Row) -> tuple[Text, Text, Text]:
    key, key_left = differences(row.key, row.key_left)
    place = _text([Piece(f"{row.surface} " if row.surface else "", Role.SAME), *key])
    if row.without is None or row.left is None:
        lone = "(nothing)" if row.without is None else "(dropped)"
        without = plain_pieces(row.without) if row.without is not None else []
        left = plain_pieces(row.left) if row.left is not None else []
        return (
            place,
            _text(abridged(without, _AROUND)) if without else Text(lone, style="dim"),
            _text(abridged(left, _AROUND)) if left else Text(lone, style="dim"),
        )
    without, left = differences(row.without, row.left)
    shown = _text(abridged(left, _AROUND))
    if row.key != row.key_left:
        shown = Text.assemble(_text(key_left), " = ", shown)
    return place, _text(abridged(without, _AROUND)), shown


def _text(pieces: list[Piece]) -> Text:
    return Text.assemble(*((piece.text, _STYLES[piece.role]) for piece in pieces))


def _place(row: Row) -> str:
    return " ".join(part for part in (row.surface, row.key) if part)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_UNCHANGED else line[: _LONGEST_UNCHANGED - 1] + "…"
