"""Writes the comparison as a page that needs nothing beside itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import Final

from jaeger_guard._version import __version__
from jaeger_guard.cli.demo.comparison import Comparison, Pair, Row, Story
from jaeger_guard.cli.demo.highlighting import (
    Piece,
    Role,
    abridged,
    differences,
    plain_pieces,
)
from jaeger_guard.cli.demo.planted import PLANTED

_MARKS: Final = {
    Role.PLANTED: "planted-value",
    Role.REMOVED: "removed",
    Role.PUT_THERE: "marker",
}
_AROUND: Final = 240  # characters of no interest that are shown beside those of interest


def render(comparison: Comparison) -> str:
    """Write the page."""
    style = resources.files("jaeger_guard.cli.demo").joinpath("page.css").read_text("utf-8")
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<title>jaeger_guard: what would have left, and what left</title>",
            f"<style>\n{style}</style>\n</head>\n<body>\n<main>",
            _opening(comparison),
            _resource(comparison.resource),
            *(_story(number, story) for number, story in enumerate(comparison.stories, 1)),
            "<footer>Nothing here is real: the values are made up, or published for tests.",
            f"Written by jaeger-guard demo, version {escape(__version__)}.</footer>",
            "</main>\n</body>\n</html>\n",
        )
    )


def _opening(comparison: Comparison) -> str:
    rows = list(comparison.rows)
    unchanged = sum(not row.changed for row in rows)
    arrived = comparison.spans - comparison.missing
    tiles = (
        ("Planted values left unguarded", *_of(_proven(comparison)), ""),
        (
            "Planted values left guarded",
            *_of(len(comparison.leaked)),
            "bad" if comparison.leaked else "good",
        ),
        (
            "Spans arrived guarded",
            str(arrived),
            f" of {comparison.spans}",
            "bad" if comparison.missing else "",
        ),
        ("Values left as they were", str(unchanged), f" of {len(rows)}", ""),
    )
    verdict = "\n".join(
        f'<div class="{style}"><dt>{escape(label)}</dt>'
        f"<dd>{number}<small>{escape(rest)}</small></dd></div>"
        for label, number, rest, style in tiles
    )
    labels = "\n".join(
        f'<li class="leak">{escape(planted.label)}: leaked</li>'
        if planted in comparison.leaked
        else f"<li>{escape(planted.label)}</li>"
        for planted in PLANTED
    )
    return (
        "<h1>What would have left, and what left</h1>\n"
        '<p class="lead">A small shop was run twice under the real OpenTelemetry instrumentors: '
        "once with the plain SDK, once with <code>jaeger_guard.configure()</code>. Its customers "
        "did the same both times. This is what arrived at the receiver, span by span.</p>\n"
        f'<dl class="verdict">\n{verdict}\n</dl>\n{_notes(comparison)}'
        f'<ul class="planted" aria-label="What was planted">\n{labels}\n</ul>\n'
        '<p class="legend"><mark class="planted-value">planted</mark> would have left; '
        '<mark class="removed">removed with it</mark>, for where it stood; '
        '<mark class="marker">put there</mark> by the guard.</p>'
    )


def _of(number: int) -> tuple[str, str]:
    return str(number), f" of {len(PLANTED)}"


def _proven(comparison: Comparison) -> int:
    return len(PLANTED) - len(comparison.unproven)


def _notes(comparison: Comparison) -> str:
    notes = []
    if comparison.unproven:
        labels = ", ".join(planted.label for planted in comparison.unproven)
        notes.append(f"Not proven, for it did not leave even without the guard: {labels}.")
    if comparison.added:
        notes.append(f"Spans that left with the guard alone: {comparison.added}.")
    return "".join(f'<p class="note">{escape(note)}</p>\n' for note in notes)


def _resource(rows: tuple[Row, ...]) -> str:
    if not rows:
        return ""
    return (
        "<section>\n<header><h2>The resource of all spans</h2></header>\n"
        f"<article>\n{_rows(rows)}\n</article>\n</section>"
    )


def _story(number: int, story: Story) -> str:
    spans = "\n".join(_span(pair) for pair in story.pairs)
    return (
        f'<section>\n<header><span class="number">{number}</span>'
        f"<h2>{escape(story.title)}</h2></header>\n{spans}\n</section>"
    )


def _span(pair: Pair) -> str:
    span, name = pair.span, pair.rows[0]
    title = name.left if name.left is not None else "(nothing)"
    return (
        f'<article style="--depth: {pair.depth}">\n<header>'
        f'<span class="kind">{escape(span.kind)} · {escape(span.scope)}</span>'
        f"<h3>{escape(title)}</h3>"
        + ('<span class="error">error</span>' if span.failed else "")
        + ('<span class="missing">missing with the guard</span>' if pair.missing else "")
        + f'<span class="time">{span.milliseconds:.1f} ms</span></header>\n'
        # A name that stayed stands in the heading already.
        f"{_rows(pair.rows if name.changed else pair.rows[1:])}\n</article>"
    )


def _rows(rows: Sequence[Row]) -> str:
    shown = [row for row in rows if row.shown]
    same = [row for row in rows if not row.shown]
    parts = []
    if shown:
        body = "\n".join(_row(row) for row in shown)
        parts.append(
            '<table>\n<thead><tr><td class="place"></td><th scope="col">would have left</th>'
            f'<th scope="col">left</th></tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>'
        )
    if same:
        listed = "\n".join(
            f'<dt class="key">{_place(row)}{_foldable(escape(row.key))}</dt>'
            f'<dd class="value">{escape(row.left or "")}</dd>'
            for row in same
        )
        parts.append(
            f"<details><summary>{len(same)} unchanged</summary>\n<dl>\n{listed}\n</dl></details>"
        )
    return "\n".join(parts)


def _row(row: Row) -> str:
    key, key_left = differences(row.key, row.key_left)
    if row.without is not None and row.left is not None:
        without, left = differences(row.without, row.left)
    else:
        without = plain_pieces(row.without or "")
        left = plain_pieces(row.left or "")
    if row.key != row.key_left:
        left = [*key_left, Piece(" = ", Role.SAME), *left]
    return (
        f'<tr><th scope="row" class="key">{_place(row)}{_foldable(_pieces(key))}</th>'
        f'<td class="value without">{_cell(row.without, without)}</td>'
        f'<td class="value left">{_cell(row.left, left)}</td></tr>'
    )


def _cell(text: str | None, pieces: list[Piece]) -> str:
    if text is None:
        return '<span class="nothing">nothing</span>'
    return _pieces(abridged(pieces, _AROUND))


def _place(row: Row) -> str:
    return f'<span class="surface">{escape(row.surface)}</span>' if row.surface else ""


def _foldable(key: str) -> str:
    """Let a line end between the words of a key, not within one."""
    return re.sub(r"([._])(?=[a-z])", r"\1<wbr>", key)


def _pieces(pieces: list[Piece]) -> str:
    return "".join(
        f'<mark class="{_MARKS[piece.role]}">{escape(piece.text)}</mark>'
        if piece.role in _MARKS
        else escape(piece.text)
        for piece in pieces
    )
