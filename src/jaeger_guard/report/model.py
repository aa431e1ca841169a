"""What a report is made of: sections of facts and tables, what needs attention, what wasn't seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One fact.

    Attributes:
        label: What it is about.
        value: What was observed.
        attention: Whether somebody should look at it.
    """

    label: str
    value: str
    attention: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Facts of one kind.

    Attributes:
        title: What they are.
        columns: Their parts.
        rows: Each as long as `columns`.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of a report.

    Attributes:
        id: For programs, and links.
        title: For people.
        rows: Facts.
        tables: More of them.
        unseen: What could not be seen, and why, a sentence each.
    """

    id: str
    title: str
    rows: tuple[Row, ...] = ()
    tables: tuple[Table, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def attention(self) -> tuple[Row, ...]:
        """The facts that somebody should look at."""
        return tuple(row for row in self.rows if row.attention)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "id": self.id,
            "title": self.title,
            "facts": [
                {"label": row.label, "value": row.value, "attention": row.attention}
                for row in self.rows
            ],
            "tables": [
                {
                    "title": table.title,
                    "columns": list(table.columns),
                    "rows": [list(r) for r in table.rows],
                }
                for table in self.tables
            ],
            "unseen": list(self.unseen),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All sections, for one period.

    Attributes:
        made: When it was made, by RFC 3339.
        period: From when until when.
        version: This package's.
        sections: In the order of reading.
    """

    made: str
    period: str
    version: str
    sections: tuple[Section, ...]

    @property
    def attention(self) -> tuple[tuple[Section, Row], ...]:
        """What somebody should look at, with where it stands."""
        return tuple((section, row) for section in self.sections for row in section.attention)

    @property
    def unseen(self) -> tuple[tuple[Section, str], ...]:
        """What could not be seen, with where it would stand."""
        return tuple((section, text) for section in self.sections for text in section.unseen)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "made": self.made,
            "period": self.period,
            "version": self.version,
            "attention": [
                {"section": section.id, "label": row.label, "value": row.value}
                for section, row in self.attention
            ],
            "unseen": [{"section": section.id, "what": text} for section, text in self.unseen],
            "sections": [section.as_dict() for section in self.sections],
        }
