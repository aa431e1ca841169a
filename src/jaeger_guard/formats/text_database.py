"""Find what databases and their drivers quote in error messages: statements, parameters, values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from jaeger_guard.formats import json_text, redis, sql
from jaeger_guard.formats.format import NotThisFormatError
from jaeger_guard.formats.sql_position import LITERAL
from jaeger_guard.formats.text_stretch import Stretch, judge_leaf
from jaeger_guard.long_texts import find_all
from jaeger_guard.types import Judge, Notation

PARAMETER: Final = "db.query.parameter"
STATEMENT: Final = "db.query.text"
REDIS_ARGUMENT: Final = "redis.argument"

# What opens a quoted value, what may close it (the first of these that is found on the line wins),
# and what it is. Sources: SQLAlchemy `StatementError`, PostgreSQL's ri_triggers.c, nbtinsert.c and
# execMain.c, MySQL's errmsg-utf8.txt, SQL Server's sys.messages 245 and 2601, MongoDB's error 11000,
# SQLite's parse.y, Oracle's ORA-03301, Spring's and Hibernate's exceptions, Cassandra's
# InvalidRequest; pydantic's ValidationError; int(), float() and strptime() of Python, and their kin of
# Java and Go.
_QUOTED: Final = (
    ("[SQL: ", ("]\n[parameters:", "]\n(Background", "]\n", "]"), STATEMENT),
    ("SQL [", ("]; ", "]\n", "]"), STATEMENT),
    ("SQL grammar [", ("]; ", "]\n", "]"), STATEMENT),
    ('SQL statement "', ('"\n', '"'), STATEMENT),
    ("[parameters: ", ("]\n(Background", "]\n", "]"), PARAMETER),
    (
        ")=(",
        (") already exists", ") is not present", ") is still", ") conflicts", ").", ")\n", ")"),
        PARAMETER,
    ),
    ("Failing row contains (", (").\n", ")\n", ").", ")"), PARAMETER),
    ("Duplicate entry '", ("' for key", "'"), PARAMETER),
    ("duplicate key value is (", (").", ")"), PARAMETER),
    ("for user '", ("'@", "'"), "user"),
    ('for user "', ('"',), "user"),
    ("char value '", ("' to data type", "'"), PARAMETER),
    (" constant (", (") for ", ")"), PARAMETER),
    (" value: '", ("' for column", "'"), PARAMETER),
    ("invalid input syntax for type ", (), PARAMETER),
    ("invalid input value for enum ", (), PARAMETER),
    ("dup key: ", ("}\n", "}"), "document"),
    ("near '", ("' at line", "'."), "fragment"),
    ('near "', ('": syntax', '"'), "fragment"),
    ("column values (", (") already exists", ")"), PARAMETER),
    ("input_value=", (", input_type=", "]"), "input"),
    ("with base 10: '", ("'",), "number"),
    ("with base 16: '", ("'",), "number"),
    ("could not convert string to float: '", ("'",), "number"),
    ("Invalid isoformat string: '", ("'",), "number"),
    ("time data '", ("' does not match", "'"), "number"),
    ('For input string: "', ('"',), "number"),
    (': parsing "', ('": invalid', '": value out', '"'), "number"),
)
# A statement has many lines; everything else is on one.
_WHOLE_TEXT: Final = frozenset({"[SQL: ", "SQL [", "SQL grammar ["})
# No real text quotes more values of one kind; from here on the rest is taken as one value, so that
# looking for ends stays linear.
_MOST: Final = 64


# One of these is in each opening, and most texts have few of them.
_SIGNS: Final = ("[", "(", "'", '"', "invalid input ", "dup key: ", "input_value=")


@lru_cache(maxsize=128)  # as many as there are sets of signs
def _openings(signs: tuple[bool, ...]) -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """Answer what may be quoted in a text that has these signs, and no others."""
    held = [sign for sign, is_held in zip(_SIGNS, signs, strict=True) if is_held]
    return tuple(entry for entry in _QUOTED if any(sign in entry[0] for sign in held))


@lru_cache(maxsize=1)
def _line_fragment() -> re.Pattern[str]:
    # PostgreSQL's libpq shows about 60 characters around an error, with "..." for what is cut off.
    return re.compile(r"^LINE [0-9]{1,9}: (?:\.{3})?(?P<fragment>[^\n]++)", re.MULTILINE)


@lru_cache(maxsize=1)
def _copied_line() -> re.Pattern[str]:
    # PostgreSQL's copyfrom.c: COPY users, line 1, column age: "x"
    return re.compile(
        r"""\bCOPY [^\s,]{1,128}, line [0-9]{1,18}(?:, column [^\s:]{1,128})?: "(?P<value>[^\n]*[^\n"])"?$""",
        re.MULTILINE,
    )


@lru_cache(maxsize=1)
def _bound_parameters() -> re.Pattern[str]:
    # PostgreSQL's log: DETAIL:  parameters: $1 = 'x', $2 = '5'
    return re.compile(r"\b[pP]arameters: (?P<list>\$1 = [^\n]++)")


@lru_cache(maxsize=1)
def _redis_item() -> re.Pattern[str]:
    return re.compile(r"\s{0,4}['\"`](?P<body>[^'\"`\n]{1,1024})['\"`]?,?")


def find_database_errors(text: str) -> Iterator[Stretch]:
    """Yield the values, parameters and statements that a database's error quotes."""
    for opening, closings, kind in _openings(tuple([sign in text for sign in _SIGNS])):
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
                yield Stretch(start, end, kind, _REWRITES.get(kind, judge_leaf))
                if kind == "fragment" and count == 1:
                    yield from _quoted_again(text, start, end)
            position = text.find(opening, max(end, start))
    for found in find_all(_pipeline(), text) if "of pipeline caused" in text else ():
        yield Stretch(*found.span("command"), "", _rewrite_command)
    if "LINE " in text:
        for found in find_all(_line_fragment(), text):
            yield Stretch(*found.span("fragment"), "fragment", _rewrite_fragment)
    if "COPY " in text:
        for found in find_all(_copied_line(), text):
            yield Stretch(*found.span("value"), PARAMETER, judge_leaf)
    if "arameters: $1" in text:
        for found in find_all(_bound_parameters(), text):
            yield Stretch(*found.span("list"), "fragment", _rewrite_fragment)
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


def _rewrite_input(text: str, stretch: Stretch, judge: Judge) -> tuple[str, int]:
    """Judge what a validator was given: each value of a document, or the only one."""
    given = text[stretch.start : stretch.end]
    if given[:1] in ("{", "["):
        return json_text.rewrite_quoted(given, judge), stretch.end
    if given in ("None", "True", "False") or len(given) <= 2:
        return given, stretch.end
    return judge.value(PARAMETER, given), stretch.end


def _rewrite_number(text: str, stretch: Stretch, judge: Judge) -> tuple[str, int]:
    """Judge what is no number; a plain word is some constant, wanted by whoever debugs."""
    given = text[stretch.start : stretch.end]
    if len(given) <= 12 and given.isalpha():
        return given, stretch.end
    return judge.value(PARAMETER, given), stretch.end


@lru_cache(maxsize=1)
def _pipeline() -> re.Pattern[str]:
    # redis-py's ResponseError: Command # 1 (SET k v) of pipeline caused error: …
    return re.compile(r"\bCommand # [0-9]{1,9} \((?P<command>[^\n]{1,4096}?)\) of pipeline caused")


def _rewrite_command(text: str, stretch: Stretch, judge: Judge) -> tuple[str, int]:
    command = text[stretch.start : stretch.end]
    try:
        return redis.rewrite(command, judge), stretch.end
    except NotThisFormatError:
        return judge.value(REDIS_ARGUMENT, command), stretch.end


def _rewrite_fragment(text: str, stretch: Stretch, judge: Judge) -> tuple[str, int]:
    """Judge the literals of a piece of a statement, which may begin within one."""
    fragment = text[stretch.start : stretch.end]
    inside = _inside_literal(fragment)
    if inside == 0:
        if not _is_literal(fragment):
            return sql.rewrite_fragment(fragment, judge), stretch.end
        inside = len(fragment)
    head, quote = fragment[:inside], fragment[inside : inside + 1]
    answer = judge.value(LITERAL, head, Notation.SQL) if head.strip() else head
    rest = fragment[inside + 1 :]
    return answer + quote + (sql.rewrite_fragment(rest, judge) if rest else ""), stretch.end


def _inside_literal(fragment: str) -> int:
    """Answer how much of a fragment belongs to a literal that began before it.

    Where its first quote may be one's end as well as another's beginning, all up to it is a literal.
    """
    first = min((at for at in map(fragment.find, "'\"") if at >= 0), default=-1)
    if first < 0 or fragment.count(fragment[first]) % 2 == 0:
        return 0
    before, behind = fragment[max(0, first - 1) : first], fragment[first + 1 : first + 2]
    opens = before in _BEFORE_LITERALS and not (behind in ",);" and behind)
    return 0 if opens else first


_BEFORE_LITERALS: Final = frozenset(("", *" \t(=,<>|!~+-*[:"))


def _quoted_again(text: str, start: int, end: int) -> Iterator[Stretch]:
    """Yield a token that the server complains of where the statement below shows it once more."""
    token = text[start:end]
    if len(token) < 6 or not _is_literal(token):
        return
    position = text.find(token, end)
    for _ in range(8):
        if position < 0:
            return
        yield Stretch(position, position + len(token), LITERAL, _rewrite_fragment)
        position = text.find(token, position + len(token))


def _is_literal(text: str) -> bool:
    """Say whether a single token is data sooner than a misspelt keyword or an identifier."""
    return not _keyword().fullmatch(text) and not any(map(str.isspace, text)) and bool(text)


@lru_cache(maxsize=1)
def _keyword() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z_.]{1,64}|\W{1,16}|[?$:@%][\w()]{0,64}|[A-Z_]{1,64}[0-9]{0,4}")


def _rewrite_user(text: str, stretch: Stretch, judge: Judge) -> tuple[str, int]:
    """Judge whose login a server refused; accounts that every installation has are nobody's."""
    given = text[stretch.start : stretch.end]
    if given.lower() in _SERVICE_ACCOUNTS:
        return given, stretch.end
    return judge.value("username", given), stretch.end


_SERVICE_ACCOUNTS: Final = frozenset(
    (
        *("root", "admin", "postgres", "mysql", "sa", "sys", "system", "app", "guest", "default"),
        *("oracle", "mariadb", "redis", "rabbitmq", "elastic", "nobody", "anonymous", "www-data"),
    )
)

_REWRITES: Final = {
    "user": _rewrite_user,
    "document": _rewrite_input,
    "fragment": _rewrite_fragment,
    "input": _rewrite_input,
    "number": _rewrite_number,
}
