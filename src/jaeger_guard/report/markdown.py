"""A report as Markdown, for tickets and repositories."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from jaeger_guard.report.model import Report, Section, Table


def to_markdown(report: Report) -> str:
    """Write a report as Markdown."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield "# Evidence of jaeger-guard"
    yield ""
    yield f"Made {report.made} by version {report.version}, for {report.period}."
    yield "Observed facts; whether they are enough is for people to judge."
    yield ""
    yield "## What needs attention"
    yield ""
    for section, row in report.attention:
        yield f"- **{_text(row.label)}** ({_text(section.title)}): {_text(row.value)}"
    if not report.attention:
        yield "Nothing that was looked at."
    yield ""
    for section in report.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    yield f"## {_text(section.title)}"
    yield ""
    if section.rows:
        yield from _table(
            ("", ""),
            [(f"⚠ {row.label}" if row.attention else row.label, row.value) for row in section.rows],
        )
    for table in section.tables:
        yield f"### {_text(table.title)}"
        yield ""
        yield from _table(table.columns, table.rows) if table.rows else _none(table)
    for text in section.unseen:
        yield f"*Not seen:* {_text(text)}"
        yield ""


def _none(_: Table) -> Iterator[str]:
    yield "None."
    yield ""


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(_text(column) for column in columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_text(cell) for cell in row)} |"
    yield ""


def _text(text: str) -> str:
    """Escape what Markdown or its HTML would take for more than text; one line."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", plain)
