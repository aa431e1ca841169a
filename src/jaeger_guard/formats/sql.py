"""SQL statements of any dialect: each literal is judged, and becomes `?`; identifiers stay.

Theory of operation. One linear scan yields the stretches that are literals or comments; all else is
never touched. The dialect is unknown, so where dialects disagree the reading that hides more wins:

1. A backslash before a quote continues the string in MySQL and ends it in ISO SQL. A text where
   that matters is scanned both ways. Where just one reading is plausible (every string is closed,
   and none touches a word) it is taken; else the union of both is hidden.
2. `"x"` is an identifier in ISO SQL and a string in MySQL. It is kept where it looks like an
   identifier and stands where one may (see `sql_position`).
3. Numbers stay only where they are no data: LIMIT, TOP, ORDER BY 2, varchar(255), placeholders.

ISO/IEC 9075-2, section 5.3 (literals) and 5.2 (tokens, comments); PostgreSQL manual 4.1; MySQL
manual 9.1 and 9.7; T-SQL reference, "Constants" and "Database identifiers".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from jaeger_guard.formats import gremlin, memcached, mongo
from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.sql_position import LITERAL, STATEMENT_WORDS, Position
from jaeger_guard.long_texts import BETWEEN_CHECKS, LONG, check_time
from jaeger_guard.types import Judge, Notation

COMMENT: Final = "sql.comment"


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A literal or a comment: where it stands, and the part of it that is judged."""

    start: int
    end: int
    body: str
    name: str


@dataclass(slots=True)
class _Reading:
    """What one scan found, and whether it looks as if it had taken the right dialect."""

    stretches: list[_Stretch]
    plausible: bool = True


@lru_cache(maxsize=1)
def _token() -> re.Pattern[str]:
    # Possessive repeats, and alternatives that differ in their first characters: linear time.
    return re.compile(
        r"""(?P<space>\s++)
        |(?P<executed>/\*![0-9]{0,6}|\*/)                    # MySQL 9.7: /*!40101 SET … */ is run
        |(?P<block>/\*)
        |(?P<line>--(?![0-9'"@(])|\#(?!>|-|\#?[A-Za-z_]))
        |(?P<hash>\#{1,2}(?=[A-Za-z_]))                      # MySQL's comment, or T-SQL's #table
        |(?P<string>(?:[uU]&|_[A-Za-z0-9]{1,20}\s?|[nNeEbBxXrR])?')
        |(?P<dollar>\$(?:[A-Za-z_\x80-\uffff][\w]{0,62})?\$)
        |(?P<quoted>")
        |(?P<backtick>`)
        |(?P<bracket>\[[A-Za-z_][\w $.\-]{0,127}\])
        |(?P<placeholder>\?[0-9]{0,5}|\$[0-9]{1,5}(?![\w$])|%s|%\(\w{1,64}\)s
            |(?<![\w\]?:]):(?:[0-9]{1,5}(?!\w)|[A-Za-z_]\w{0,63})|@{1,2}[A-Za-z_][\w$]{0,127})
        |(?P<uuid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?!\w))
        |(?P<address>[\w.+%\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,5})
        |(?P<number>(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+\-]?[0-9]++)?\w*+|\d++\w*+)
        |(?P<word>[^\W\d][\w$]*+)
        |(?P<other>.)""",
        re.VERBOSE | re.DOTALL,
    )


@lru_cache(maxsize=4)
def _string_end(quote: str, *, backslash: bool) -> re.Pattern[str]:
    # A doubled quote is one quote (ISO/IEC 9075-2, 5.3). A string that isn't closed takes the rest.
    inside = rf"[^{quote}\\]++|\\.|{quote}{quote}" if backslash else rf"[^{quote}]++|{quote}{quote}"
    return re.compile(rf"(?P<body>(?:{inside})*+)(?:(?P<closed>{quote})|\\?\Z)", re.DOTALL)


@lru_cache(maxsize=1)
def _first_word() -> re.Pattern[str]:
    # Behind comments; MySQL runs what stands in /*! … */.
    return re.compile(
        r"""(?:[\s(;\ufeff]++|--[^\n]*+(?:\n|\Z)|\#[^\n]*+(?:\n|\Z)|/\*![0-9]{0,6}
        |/\*(?!!)[^*]*+(?:\*(?!/)[^*]*+)*+\*/)*+([A-Za-z]{1,16})""",
        re.VERBOSE,
    )


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite a statement, or several; raise NotThisFormatError where none begins `text`.

    Statements of other databases come under the same keys as SQL, and are known by how they begin.
    """
    if mongo.is_command(text):
        return mongo.rewrite(text, judge)
    if gremlin.is_traversal(text):
        return gremlin.rewrite(text, judge)
    if memcached.is_storage_command(text):
        return memcached.rewrite(text, judge)
    if not _begins_statement(text):
        raise NotThisFormatError
    return rewrite_fragment(text, judge)


def rewrite_fragment(text: str, judge: Judge, *, only_quoted: bool = False) -> str:
    """Rewrite part of a statement, such as database servers quote in their errors.

    Args:
        only_quoted: Leaves alone what isn't quoted, where the statement's end is not known.
    """
    written: list[str] = []
    end = 0
    for stretch in _stretches(text):
        if only_quoted and not _is_quoted(text, stretch):
            continue
        answer = judge.value(
            stretch.name, stretch.body, Notation.SQL if stretch.name == LITERAL else Notation.TEXT
        )
        if answer is stretch.body:
            continue
        written.append(text[end : stretch.start])
        if stretch.name == COMMENT:
            opening = text.index(stretch.body, stretch.start) - stretch.start
            before = text[stretch.start : stretch.start + opening]
            after = text[stretch.start + opening + len(stretch.body) : stretch.end]
            # What stands in a comment mustn't end it.
            answer = before + answer.replace("*/", "* /").replace("\n", " ") + after
        written.append(answer)
        end = stretch.end
    return "".join(written) + text[end:] if written else text


def _is_quoted(text: str, stretch: _Stretch) -> bool:
    before = text[max(0, stretch.start - 16) : stretch.start]
    if before.upper().rstrip().endswith("IDENTIFIED BY"):
        return True
    return text[stretch.end - 1] in "'\"$" and not before[-1:].isalnum()


def _begins_statement(text: str) -> bool:
    found = _first_word().match(text)
    if found is None:
        return False
    word = found.group(1).upper()
    if word == "SET":  # Redis has SET too; what follows tells them apart
        return _set_of_sql().search(text, found.start(1), found.start(1) + 512) is not None
    return word in STATEMENT_WORDS


@lru_cache(maxsize=1)
def _set_of_sql() -> re.Pattern[str]:
    words = "TO|NAMES|ROLE|TRANSACTION|ZONE|SESSION|LOCAL|GLOBAL|CHARACTER|CONSTRAINTS|ON|OFF"
    return re.compile(rf"=|\b(?:{words})\b", re.IGNORECASE)


def _stretches(text: str) -> list[_Stretch]:
    plain = _read(text, backslash=False)
    if "\\'" not in text and '\\"' not in text:
        return plain.stretches
    escaped = _read(text, backslash=True)
    if plain.plausible != escaped.plausible:
        return (plain if plain.plausible else escaped).stretches
    return _union(text, plain.stretches, escaped.stretches)


def _union(text: str, *readings: list[_Stretch]) -> list[_Stretch]:
    """Hide whatever is a literal in any reading, and take comments that no literal overlaps."""
    merged: list[_Stretch] = []
    for each in sorted((s for r in readings for s in r), key=lambda s: (s.start, -s.end)):
        if merged and each.start < merged[-1].end:
            last = merged[-1]
            if last == each:
                continue
            end = max(last.end, each.end)
            merged[-1] = _Stretch(last.start, end, text[last.start : end], LITERAL)
        else:
            merged.append(each)
    return merged


def _read(text: str, *, backslash: bool) -> _Reading:
    reading = _Reading([])
    reading.stretches.extend(_scan(text, reading, backslash=backslash))
    return reading


def _scan(text: str, reading: _Reading, *, backslash: bool) -> Iterator[_Stretch]:
    position, length = 0, len(text)
    place = Position(mysql="`" in text)
    token = _token()
    next_check = LONG
    while position < length:
        if position >= next_check:
            check_time()
            next_check = position + BETWEEN_CHECKS
        found = token.match(text, position)
        assert found is not None  # its last alternative takes any character
        kind, piece, end = found.lastgroup, found.group(), found.end()
        if kind in ("space", "executed"):
            pass
        elif kind in ("block", "line", "hash"):
            if kind == "hash" and place.expects_table():
                place.identifier()
            else:
                end, body = _comment(text, position, piece)
                if body.strip():
                    yield _Stretch(position, end, body, COMMENT)
        elif kind == "string":
            prefix = piece[0]
            string = _string_end("'", backslash=backslash or prefix in "eE").match(text, end)
            assert string is not None  # it takes the rest where nothing closes the string
            end = string.end()
            _doubt(text, position, string, reading)
            yield _Stretch(position, end, string["body"].replace("''", "'"), LITERAL)
            place.operand()
        elif kind == "dollar":
            closing = text.find(piece, end)
            body = text[end:] if closing < 0 else text[end:closing]
            end = length if closing < 0 else closing + len(piece)
            yield _Stretch(position, end, body, LITERAL)
            place.operand()
        elif kind == "quoted":
            string = _string_end('"', backslash=backslash).match(text, end)
            assert string is not None  # as above
            end = string.end()
            is_closed = string["closed"] is not None
            if is_closed and place.keeps_quoted(string["body"], text[end : end + 1]):
                place.identifier()
            else:
                _doubt(text, position, string, reading)
                yield _Stretch(position, end, string["body"].replace('""', '"'), LITERAL)
                place.operand()
        elif kind == "backtick":
            closing = text.find("`", end)
            end = length if closing < 0 else closing + 1
            if 0 <= closing - position <= 260 and "@" not in text[position:closing]:
                place.identifier()
            else:
                yield _Stretch(position, end, text[position + 1 : end], LITERAL)
        elif kind == "number":
            if not place.keeps_number(piece):
                yield _Stretch(position, end, piece, LITERAL)
            place.operand()
        elif kind == "uuid" or (kind == "address" and not place.expects_table()):
            yield _Stretch(position, end, piece, LITERAL)
            place.operand()
        elif kind in ("word", "address"):
            if place.is_password(piece):
                yield _Stretch(position, end, piece, LITERAL)
            place.word(piece)
        elif kind in ("placeholder", "bracket"):
            place.operand()
        else:
            place.punctuation(piece)
            if piece == ";" and place.copies_input:  # what follows COPY … FROM STDIN; is data
                if text[end:].strip():
                    yield _Stretch(end, length, text[end:], LITERAL)
                return
        position = end


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


def _doubt(text: str, position: int, string: re.Match[str], reading: _Reading) -> None:
    """Note that a string isn't closed, or touches a word: the wrong dialect makes such strings."""
    before, after = text[position - 1 : position], text[string.end() : string.end() + 1]
    if string["closed"] is None or before.isalnum() or after.isalnum():
        reading.plausible = False


@lru_cache(maxsize=1)
def _statement_shape() -> re.Pattern[str]:
    # Prose says "Select one from …" and "Update user": keywords are in one case, and in company.
    name = r"[\w.$`\"\[\]@#:]{1,200}"
    shapes = (
        r"<SELECT>\s.{1,2000}?\s<FROM>\s",
        r"<SELECT>\s{1,9}(?:[A-Za-z0-9&_]{0,12}'|\$\w{0,62}\$|0x)",
        r"(?:<INSERT>|<UPSERT>|<REPLACE>|<MERGE>)\s{1,9}(?:(?:<IGNORE>|<OVERWRITE>)\s{1,9})?<INTO>\s",
        r"<UPDATE>\s{1,9}\S{1,200}\s{1,9}(?:\w{1,64}\s{1,9})?<SET>\s",
        r"<DELETE>\s{1,9}<FROM>\s{1,9}\S{1,200}\s{0,9}(?:<WHERE>\s|;|\Z)",
        r"<WITH>\s{1,9}(?:<RECURSIVE>\s{1,9})?\S{1,100}\s{0,9}(?:\([^()]{1,400}\)\s{0,9})?<AS>\s{0,9}(?:\w{1,16}\s{1,9}){0,2}\(",
        r"(?:<CREATE>|<ALTER>|<DROP>)\s{1,9}(?:<OR>\s{1,9}<REPLACE>\s{1,9})?(?:<TEMPORARY>\s|<UNIQUE>\s)?"
        r"(?:<TABLE>|<INDEX>|<VIEW>|<USER>|<ROLE>|<LOGIN>|<DATABASE>|<FUNCTION>|<PROCEDURE>|<SERVER>|<SECRET>)\s",
        rf"(?:<EXEC>|<EXECUTE>)\s{{1,9}}(?:@\w{{1,64}}\s{{0,9}}=\s{{0,9}})?{name}\s{{0,9}}(?:\(|@\w|[nN]?'|[0-9]|<USING>\s)",
        rf"<CALL>\s{{1,9}}{name}\s{{0,9}}\(",
        r"<VALUES>\s{0,9}\(",
        rf"<SET>\s{{1,9}}(?:(?:<SESSION>|<GLOBAL>|<LOCAL>)\s{{1,9}})?{name}\s{{0,9}}(?::?=|<TO>\s)\s{{0,9}}",
        r"<SET>\s{1,9}<PASSWORD>(?:\s{1,9}<FOR>\s|\s{0,9}=)",
        r"<DECLARE>\s{1,9}@\w",
        r"<BEGIN>(?:\s{1,9}(?:<TRANSACTION>|<WORK>|<TRAN>))?\s{0,9};",
        r"<EXPLAIN>\s{1,9}(?:\w{1,16}\s{1,9}|\([^()]{1,100}\)\s{0,9}){0,3}(?:<SELECT>|<INSERT>|<UPDATE>|<DELETE>|<WITH>)\s",
        rf"<COPY>\s{{1,9}}{name}\s{{0,9}}(?:\([^()]{{1,2000}}\)\s{{0,9}})?(?:<FROM>|<TO>)\s",
        r"<PRAGMA>\s{1,9}[\w.]{1,64}\s{0,9}[=(]",
        r"<ATTACH>\s{1,9}(?:<DATABASE>\s{1,9})?[\w'\"?:@]",
        r"<LOAD>\s{1,9}<DATA>\s",
        r"<DO>\s{1,9}(?:<LANGUAGE>\s{1,9}\w{1,32}\s{1,9})?\$\w{0,62}\$",
        r"<SHOW>\s{1,9}<GRANTS>\s",
        r"<GRANT>\s.{1,500}?\s<TO>\s",
        rf"<PREPARE>\s{{1,9}}{name}\s{{0,9}}(?:\([^()]{{0,400}}\)\s{{0,9}})?(?:<FROM>|<AS>)\s",
    )
    upper = "|".join(shapes)
    lower = re.sub(r"<[A-Z]+>", lambda found: found.group().lower(), upper)
    return re.compile(rf"[\s(]{{0,64}}(?:{re.sub('[<>]', '', f'{upper}|{lower}')})", re.DOTALL)


@lru_cache(maxsize=1)
def _keyword() -> re.Pattern[str]:
    return re.compile(r"[\s(\ufeff]{0,64}(?:/\*|--|[A-Za-z]{2,16}[\s(;])")


def recognize(text: str) -> bool:
    """Say whether a text under an unknown key is a statement."""
    if _keyword().match(text) is None:
        return False
    head = text[:8192]
    for _ in range(16):  # comments before the statement
        head = head.lstrip(" \t\r\n(\ufeff")
        if head.startswith("/*"):
            _, closed, head = head.partition("*/")
        elif head.startswith("--"):
            _, closed, head = head.partition("\n")
        else:
            break
        if not closed:
            return False
    return _statement_shape().match(head) is not None


SQL: Final = Format(
    name="sql",
    rewrite=rewrite,
    recognize=recognize,
    source="ISO/IEC 9075-2, section 5",
    examples=(
        FormatExample(
            'SELECT "u"."id", t1.x FROM users AS "u" WHERE email = \'o\'\'x@b.example\' AND n > -1.5e3'
            " ORDER BY 1 LIMIT 10 OFFSET 20",
            ((LITERAL, "o'x@b.example"), (LITERAL, "1.5e3")),
        ),
        FormatExample(
            "INSERT INTO `t` (a, b) VALUES (N'x', \"y z 1\"), ($1, :b), (0xFF, NULL) /* by job 7 */",
            ((LITERAL, "x"), (LITERAL, "y z 1"), (LITERAL, "0xFF"), (COMMENT, " by job 7 ")),
        ),
        FormatExample(
            "SELECT 'it\\'s', b FROM t -- done", ((LITERAL, "it\\'s"), (COMMENT, " done"))
        ),
        FormatExample(
            "CREATE TABLE t (a varchar(255), b decimal(10, 2) DEFAULT 5)", ((LITERAL, "5"),)
        ),
        FormatExample(
            "UPDATE t SET a = $q$it's$q$ WHERE b IN (1, ?, 'cut",
            ((LITERAL, "it's"), (LITERAL, "1"), (LITERAL, "cut")),
        ),
        FormatExample("ALTER USER bob IDENTIFIED BY tiger", ((LITERAL, "tiger"),)),
        FormatExample("COPY t (a) FROM STDIN;\n1\tbob\n", ((LITERAL, "\n1\tbob\n"),)),
    ),
)
