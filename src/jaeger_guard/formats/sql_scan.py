"""Find the literals and comments of a SQL statement, whatever its dialect.

Theory of operation. One linear scan goes from token to token; what is neither a literal nor a comment
is never touched. Tokens of which none can be either are taken many at once, as a *run* (`sql_tokens`);
where they leave the scan is worked out when a literal asks for it, and most never do. The dialect is
unknown, so where dialects disagree the reading that hides more wins:

1. A backslash before a quote continues the string in MySQL and ends it in ISO SQL. A text where
   that matters is scanned both ways. Where just one reading is plausible (every string is closed,
   and none touches a word) it is taken; else the union of both is hidden.
2. `"x"` is an identifier in ISO SQL and a string in MySQL. It is kept where it looks like an
   identifier and stands where one may (see `sql_position`).
3. Numbers stay only where they are no data: LIMIT, TOP, ORDER BY 2, varchar(255), placeholders.
4. What follows `COPY … FROM STDIN;` and ClickHouse's `INSERT … FORMAT CSV` is data.

ISO/IEC 9075-2, section 5.3 (literals) and 5.2 (tokens, comments); PostgreSQL manual 4.1; MySQL
manual 9.1 and 9.7; T-SQL reference, "Constants" and "Database identifiers"; Oracle SQL reference,
"Literals"; ClickHouse, "Formats for input and output data".
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from jaeger_guard.formats.sql_position import LITERAL, Position
from jaeger_guard.formats.sql_tokens import has_unquoted_data, token, token_or_run
from jaeger_guard.long_texts import BETWEEN_CHECKS, LONG, check_time

COMMENT: Final = "sql.comment"


class Literal(NamedTuple):
    """A literal or a comment: where it stands, and the part of it that is judged."""

    start: int
    end: int
    body: str
    name: str


@lru_cache(maxsize=4)
def _string_end(quote: str, *, backslash: bool) -> re.Pattern[str]:
    # A doubled quote is one quote (ISO/IEC 9075-2, 5.3). A string that isn't closed takes the rest.
    inside = rf"[^{quote}\\]++|\\.|{quote}{quote}" if backslash else rf"[^{quote}]++|{quote}{quote}"
    return re.compile(rf"(?P<body>(?:{inside})*+)(?:(?P<closed>{quote})|\\?\Z)", re.DOTALL)


@lru_cache(maxsize=1)
def _closing_line() -> re.Pattern[str]:
    return re.compile(r"^\\\.[ \t]{0,8}\r?$", re.MULTILINE)


# Oracle's manual, "Text literals": these close with their counterpart, all others with themselves.
_COUNTERPARTS: Final = {"[": "]", "{": "}", "(": ")", "<": ">"}
_TYPOGRAPHIC: Final = {"\u2018": "\u2019", "\u201c": "\u201d", "\u201e": "\u201c\u201d"}


def find_literals(text: str) -> Iterable[Literal]:
    """Return the literals and comments of a statement, in order; none overlaps another."""
    tokens = token() if has_unquoted_data(text) else token_or_run()
    plain = Reading(text, tokens, backslash=False)
    if "\\'" not in text and '\\"' not in text:
        return plain.in_parts()
    plain.read()
    escaped = Reading(text, tokens, backslash=True)
    escaped.read()
    if plain.plausible != escaped.plausible:
        return (plain if plain.plausible else escaped).literals
    return _union(text, plain.literals, escaped.literals)


def _union(text: str, *readings: list[Literal]) -> list[Literal]:
    """Hide whatever is a literal in any reading, and take comments that no literal overlaps."""
    merged: list[Literal] = []
    for each in sorted((s for r in readings for s in r), key=lambda s: (s.start, -s.end)):
        if merged and each.start < merged[-1].end:
            last = merged[-1]
            if last == each:
                continue
            end = max(last.end, each.end)
            merged[-1] = Literal(last.start, end, text[last.start : end], LITERAL)
        else:
            merged.append(each)
    return merged


class Reading:
    """One scan of a statement in one dialect.

    Attributes:
        literals: What it found.
        plausible: Whether it looks as if it had taken the right dialect.
    """

    def __init__(self, text: str, tokens: re.Pattern[str], *, backslash: bool) -> None:
        self.literals: list[Literal] = []
        self.plausible = True
        self._text = text
        self._tokens = tokens
        self._backslash = backslash
        self._place = Position(text)
        self._position = 0
        self._most = sys.maxsize

    def in_parts(self) -> Iterable[Literal]:
        """Return all literals; those of a long text while it is read, as they would be many to hold."""
        if len(self._text) <= LONG:
            self.read()
            return self.literals
        self._most = BETWEEN_CHECKS
        return self._in_parts()

    def _in_parts(self) -> Iterator[Literal]:
        while self._position < len(self._text):
            self.read()
            yield from self.literals
            self.literals.clear()

    def read(self) -> None:
        """Read to the end, or until there are more literals than are to be held."""
        text, position, length = self._text, self._position, len(self._text)
        tokens, place = self._tokens, self._place
        next_check = position + (LONG if position == 0 else BETWEEN_CHECKS)
        while position < length:
            if position >= next_check:
                check_time()
                if len(self.literals) > self._most:
                    break
                next_check = position + BETWEEN_CHECKS
            found = tokens.match(text, position)
            assert found is not None  # its last alternative takes any character
            kind, end = found.lastgroup, found.end()
            if kind == "run":
                place.run(position, end)
                position = end
                continue
            piece = found.group()
            if kind == "string":
                end = self._string(position, piece, end)
            elif kind in ("space", "executed"):
                pass
            elif kind == "word":
                end = self._word(piece, position, end)
            elif kind == "other":
                place.punctuation(piece)
                if piece == ";" and place.copies_input:  # what follows COPY … FROM STDIN; is data
                    end = self._input(end)
            elif kind == "number":
                if not place.keeps_number(piece):
                    self._take(position, end, piece)
                place.operand()
            elif kind in ("placeholder", "bracket", "hops"):
                place.operand()
            elif kind in ("uuid", "address"):
                if kind == "address" and place.expects_table():
                    place.word(piece)
                else:
                    self._take(position, end, piece)
                    place.operand()
            elif kind in ("block", "line", "hash"):
                end = self._comment(position, piece, end)
            else:
                end = self._quoted(str(kind), position, piece, end)
            position = end
        self._position = position

    def _take(self, start: int, end: int, body: str, name: str = LITERAL) -> None:
        self.literals.append(Literal(start, end, body, name))

    def _word(self, piece: str, position: int, end: int) -> int:
        place = self._place
        if place.is_data(piece):
            self._take(position, end, piece)
        place.word(piece)
        return self._input(end) if place.streams_input else end

    def _quoted(self, kind: str, position: int, piece: str, end: int) -> int:
        """Take what begins with a quote of some kind; answer where it ends."""
        if kind == "quoted":
            return self._double_quoted(position, end)
        if kind == "backtick":
            return self._backticked(position, end)
        text = self._text
        if kind == "alternative":
            closing = _COUNTERPARTS.get(text[end], text[end]) + "'"
            start = end + 1
        elif kind == "typographic":
            start = end
            places = [text.find(each, end, end + 4096) for each in _TYPOGRAPHIC[piece]]
            if not any(place >= 0 for place in places):
                return end  # only a sign
            closing = text[min(place for place in places if place >= 0)]
        else:
            start, closing = end, piece  # $tag$ … $tag$
        closed = text.find(closing, start)
        end = len(text) if closed < 0 else closed + len(closing)
        self._take(position, end, text[start:] if closed < 0 else text[start:closed])
        self._place.operand()
        return end

    def _string(self, position: int, piece: str, end: int) -> int:
        backslash = self._backslash or piece[0] in "eE"
        string = _string_end("'", backslash=backslash).match(self._text, end)
        assert string is not None  # it takes the rest where nothing closes the string
        self._doubt(position, string)
        self._take(position, string.end(), string["body"].replace("''", "'"))
        self._place.operand()
        return string.end()

    def _double_quoted(self, position: int, end: int) -> int:
        string = _string_end('"', backslash=self._backslash).match(self._text, end)
        assert string is not None  # as above
        end = string.end()
        following = self._text[end : end + 1]
        if string["closed"] is not None and self._place.keeps_quoted(string["body"], following):
            self._place.identifier()
        else:
            self._doubt(position, string)
            self._take(position, end, string["body"].replace('""', '"'))
            self._place.operand()
        return end

    def _backticked(self, position: int, end: int) -> int:
        text = self._text
        closing = text.find("`", end)
        end = len(text) if closing < 0 else closing + 1
        if 0 <= closing - position <= 260 and "@" not in text[position:closing]:
            self._place.identifier()
        else:
            self._take(position, end, text[position + 1 : end])
        return end

    def _comment(self, position: int, opening: str, end: int) -> int:
        if opening.startswith("#") and opening != "#" and self._place.expects_table():
            self._place.identifier()  # T-SQL: FROM #temporary
            return end
        end, body = _comment(self._text, position, opening)
        if body.strip():
            self._take(position, end, body, COMMENT)
        return end

    def _input(self, start: int) -> int:
        """Take the data that follows a statement, up to the line `\\.` or the end."""
        self._place.begin_statement()
        closing = _closing_line().search(self._text, start)
        end = len(self._text) if closing is None else closing.start()
        data = self._text[start:end].strip()
        if data:
            first = self._text.index(data, start)
            self._take(first, first + len(data), data)
        return end if closing is None else closing.end()

    def _doubt(self, position: int, string: re.Match[str]) -> None:
        """Note that a string isn't closed, or touches a word: so does one of another dialect."""
        text = self._text
        before, after = text[position - 1 : position], text[string.end() : string.end() + 1]
        if string["closed"] is None or before.isalnum() or after.isalnum():
            self.plausible = False


def _comment(text: str, position: int, opening: str) -> tuple[int, str]:
    """Answer where the comment at `position` ends, and what it says."""
    if opening == "/*":
        # PostgreSQL nests these. Ending at the first `*/` leaves less unread, so it hides more.
        closing = text.find("*/", position + 2)
        body = position + (3 if text.startswith("+", position + 2) else 2)  # /*+ a hint */
        return (len(text), text[body:]) if closing < 0 else (closing + 2, text[body:closing])
    closing = text.find("\n", position)
    end = len(text) if closing < 0 else closing
    return end, text[position + len(opening) : end]
