"""Find what databases and their drivers quote in error messages: statements, parameters, values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from jaeger_guard.formats import sql
from jaeger_guard.formats.text_stretch import Stretch, judge_leaf
from jaeger_guard.types import Judge

PARAMETER: Final = "db.query.parameter"
STATEMENT: Final = "db.query.text"
REDIS_ARGUMENT: Final = "redis.argument"

# What opens a quoted value, what may close it (the first of these that is found on the line wins),
# and what it is. Sources: SQLAlchemy `StatementError`, PostgreSQL's ri_triggers.c, nbtinsert.c and
# execMain.c, MySQL's errmsg-utf8.txt, SQL Server's sys.messages 2601, MongoDB's error 11000,
# SQLite's parse.y.
_QUOTED: Final = (
    ("[SQL: ", ("]\n[parameters:", "]\n(Background", "]\n", "]"), STATEMENT),
    ("[parameters: ", ("]\n(Background", "]\n", "]"), PARAMETER),
    (
        ")=(",
        (") already exists", ") is not present", ") is still", ") conflicts", ").", ")\n", ")"),
        PARAMETER,
    ),
    ("Failing row contains (", (").\n", ")\n", ").", ")"), PARAMETER),
    ("Duplicate entry '", ("' for key", "'"), PARAMETER),
    ("duplicate key value is (", (").", ")"), PARAMETER),
    (" value: '", ("' for column", "'"), PARAMETER),
    ("invalid input syntax for type ", (), PARAMETER),
    ("invalid input value for enum ", (), PARAMETER),
    ("dup key: {", ("}\n", "}"), PARAMETER),
    ("near '", ("' at line", "'."), "fragment"),
    ('near "', ('": syntax', '"'), "fragment"),
)
# A statement has many lines; everything else is on one.
_WHOLE_TEXT: Final = frozenset({"[SQL: "})
# No real text quotes more values of one kind; from here on the rest is taken as one value, so that
# looking for ends stays linear.
_MOST: Final = 64


@lru_cache(maxsize=1)
def _line_fragment() -> re.Pattern[str]:
    return re.compile(r"^LINE [0-9]{1,9}: ([^\n]++)", re.MULTILINE)


@lru_cache(maxsize=1)
def _redis_item() -> re.Pattern[str]:
    return re.compile(r"\s{0,4}['\"`](?P<body>[^'\"`\n]{1,1024})['\"`]?,?")


def find_database_errors(text: str) -> Iterator[Stretch]:
    """Yield the values, parameters and statements that a database's error quotes."""
    for opening, closings, kind in _QUOTED:
        position = text.find(opening)
        count = 0
        while position >= 0:
            start = position + len(opening)
            if not closings:  # …type integer: "abc"
                colon = text.find(': "', start, start + 80)
                start = colon + 3 if colon >= 0 else -1
                closings_here: tuple[str, ...] = ('"',)
            else:
                closings_here = closings
            if start < 0 or (
                opening == ")=(" and "Key (" not in text[max(0, position - 260) : position]
            ):
                position = text.find(opening, position + len(opening))
                continue
            count += 1
            if count > _MOST:
                yield Stretch(start, len(text), PARAMETER, judge_leaf)
                break
            end = _end(text, start, closings_here, across_lines=opening in _WHOLE_TEXT)
            if end > start:
                rewrite = _rewrite_fragment if kind == "fragment" else judge_leaf
                yield Stretch(start, end, kind, rewrite)
            position = text.find(opening, max(end, start))
    if "LINE " in text:
        for found in _line_fragment().finditer(text):
            yield Stretch(*found.span(1), "fragment", _rewrite_fragment)
    position = text.find("with args beginning with: ")
    if position >= 0:
        item_start = position + len("with args beginning with: ")
        while (item := _redis_item().match(text, item_start)) is not None:
            yield Stretch(*item.span("body"), REDIS_ARGUMENT, judge_leaf)
            item_start = item.end()


def _end(text: str, start: int, closings: tuple[str, ...], *, across_lines: bool) -> int:
    """Find where a quoted value ends; one that was cut off goes to the end of its line."""
    line_end = text.find("\n", start)
    limit = len(text) if across_lines or line_end < 0 else line_end + 1
    for closing in closings[:-1]:
        # A closing may go on in the next line; it begins in this one.
        reach = len(text) if limit == len(text) else limit + len(closing)
        position = text.find(closing, start, reach)
        if 0 <= position < limit:
            return position
    # The shortest closing may occur in the value too: its last occurrence is the least to leave.
    position = text.rfind(closings[-1], start, limit)
    return position if position >= 0 else len(text[start:limit].rstrip("\n")) + start


def _rewrite_fragment(text: str, stretch: Stretch, judge: Judge) -> tuple[str, int]:
    return sql.rewrite_fragment(text[stretch.start : stretch.end], judge), stretch.end
