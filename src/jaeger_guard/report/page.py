"""A report as one HTML page: self-contained, readable without a network, made to be printed.

No script, no font, no picture: whoever archives it has all of it. Colour is never the only sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib import resources
from typing import Final

from jaeger_guard.report.model import Report, Row, Section, Table

_LONGEST_WORD: Final = 40  # characters
_PIECE: Final = 16


def to_html(report: Report) -> str:
    """Write a report as a page."""
    style = resources.files("jaeger_guard.report").joinpath("page.css").read_text(encoding="utf-8")
    return "\n".join(_page(report, style)) + "\n"


def _page(report: Report, style: str) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>Evidence of jaeger-guard, {escape(report.period)}</title>"
    yield f"<style>\n{style}</style>\n</head>\n<body>"
    yield "<header><h1>Evidence of jaeger-guard</h1>"
    yield f'<p class="period">{escape(report.period)}</p>'
    yield (
        f"<p>Made {escape(report.made)} by version {escape(report.version)}. Observed facts; whether they are"
        " enough is for people to judge.</p></header>"
    )
    yield from _summary(report)
    for section in report.sections:
        yield from _section(section)
    yield "</body>\n</html>"


def _summary(report: Report) -> Iterator[str]:
    count = len(report.attention)
    kind = "attention" if count else "calm"
    yield f'<section class="summary {kind}"><h2>What needs attention</h2>'
    if count:
        yield "<ul>"
        for section, row in report.attention:
            yield (
                f'<li><a href="#{escape(section.id)}">{escape(row.label)}</a>: {escape(row.value)}</li>'
            )
        yield "</ul>"
    else:
        yield "<p>Nothing that was looked at.</p>"
    if report.unseen:
        yield f"<h3>What could not be seen ({len(report.unseen)})</h3><ul>"
        for section, text in report.unseen:
            yield f'<li><a href="#{escape(section.id)}">{escape(section.title)}</a>: {escape(text)}</li>'
        yield "</ul>"
    yield "</section>"
    links = " ".join(
        f'<a href="#{escape(section.id)}">{escape(section.title)}</a>'
        for section in report.sections
    )
    yield f"<nav>{links}</nav>"


def _section(section: Section) -> Iterator[str]:
    yield f'<section id="{escape(section.id)}"><h2>{escape(section.title)}</h2>'
    if section.rows:
        yield "<dl>"
        for row in section.rows:
            yield _row(row)
        yield "</dl>"
    for table in section.tables:
        yield from _table(table)
    for text in section.unseen:
        yield f'<p class="unseen"><strong>Not seen:</strong> {escape(text)}</p>'
    yield "</section>"


def _row(row: Row) -> str:
    kind = ' class="attention"' if row.attention else ""
    sign = '<span class="sign">Look:</span> ' if row.attention else ""
    return f"<div{kind}><dt>{escape(row.label)}</dt><dd>{sign}{escape(row.value)}</dd></div>"


def _table(table: Table) -> Iterator[str]:
    yield f"<table><caption>{escape(table.title)}</caption>"
    yield f"<thead>{_cells(table.columns, 'th')}</thead><tbody>"
    for row in table.rows:
        yield _cells(row, "td")
    if not table.rows:
        yield f'<tr><td colspan="{len(table.columns)}">none</td></tr>'
    yield "</tbody></table>"


def _cells(cells: Sequence[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{_cell(cell)}</{tag}>' for cell in cells)}</tr>"


def _cell(text: str) -> str:
    """Escape a cell's text; a digest may be broken, and a shorter word may not."""
    return " ".join(
        "<wbr>".join(escape(word[at : at + _PIECE]) for at in range(0, len(word), _PIECE))
        if len(word) > _LONGEST_WORD
        else escape(word)
        for word in text.split(" ")
    )
