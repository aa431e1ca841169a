"""GraphQL documents: literals are judged; operations, fields, arguments and variables stay.

An enumeration's value, `true` and `null` are shape, and so is a number under an argument that counts
(`first: 10`). A literal that goes becomes a string, which parses wherever a value may stand.

GraphQL specification (October 2021), sections 2.1 (source text) and 2.9 (input values).
"""

# ruff: noqa: SIM905  (words in a string read better than a list of quotes)

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.sql_position import LITERAL
from jaeger_guard.formats.sql_scan import COMMENT
from jaeger_guard.long_texts import read_all
from jaeger_guard.types import Judge, Notation

_COUNTS: Final = frozenset(
    "first last limit offset skip take top page pagesize size perpage per_page page_size count depth".split()
)


@lru_cache(maxsize=1)
def _token() -> re.Pattern[str]:
    return re.compile(
        r'''(?P<comment>\#[^\r\n]*+)
        |(?P<block>"""(?:[^"\\]++|\\.|"(?!""))*+(?:"""|\Z))
        |(?P<string>"(?:[^"\\\n]++|\\.)*+(?:"|\\?\Z|(?=\n)))
        |(?P<variable>\$\w*+)
        |(?P<name>[A-Za-z_]\w*+)(?P<colon>\s*+:)?
        |(?P<number>-?[0-9]++(?:\.[0-9]++)?(?:[eE][+\-]?[0-9]++)?)
        |(?P<other>.)''',
        re.VERBOSE | re.DOTALL,
    )


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite a document; one that was cut off is read as far as it goes."""
    if not _beginning().match(text):
        raise NotThisFormatError
    written: list[str] = []
    argument = ""
    for found in read_all(_token(), text):
        kind, piece = found.lastgroup, found.group()
        if kind == "colon":
            argument = found["name"]
        elif kind in ("string", "block"):
            piece = _string(piece, kind, judge)
        elif kind == "number" and not (argument.lower() in _COUNTS and len(piece) <= 6):
            answer = judge.value(LITERAL, piece, Notation.SQL)
            piece = piece if answer is piece else f'"{answer}"'
        elif kind == "comment" and piece[1:].strip():
            answer = judge.value(COMMENT, piece[1:])
            piece = piece if answer == piece[1:] else "#" + answer.replace("\n", " ")
        elif piece in "(){},":
            argument = ""
        written.append(piece)
    return "".join(written)


def _string(piece: str, kind: str, judge: Judge) -> str:
    quote = '"""' if kind == "block" else '"'
    is_closed = len(piece) >= 2 * len(quote) and piece.endswith(quote)
    body = piece[len(quote) : -len(quote)] if is_closed else piece[len(quote) :]
    if not body.strip():
        return piece
    answer = judge.value(LITERAL, body, Notation.SQL)
    if answer is body:
        return piece
    escaped = answer.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return quote + escaped + (quote if is_closed else "")


@lru_cache(maxsize=1)
def _beginning() -> re.Pattern[str]:
    return re.compile(
        rf"{_LEAD}(?:\{{\s{{0,64}}[A-Za-z_.]|(?:query|mutation|subscription|fragment)\b)", re.DOTALL
    )


@lru_cache(maxsize=1)
def _operation() -> re.Pattern[str]:
    # "mutation testing is fun { … }" is prose: but for a name, only variables, directives and
    # fields follow.
    return re.compile(
        rf"""{_LEAD}(?:query|mutation|subscription)(?:\s{{1,16}}[A-Za-z_]\w{{0,127}})?\s{{0,16}}
        (?:\((?=\s{{0,64}}\$)|@\w{{1,64}}|\{{\s{{0,256}}(?:\#[^\n]{{0,512}}\n\s{{0,256}})?[A-Za-z_.]\w{{0,127}}\s{{0,64}}[({{:@}}\n]
        |\{{\s{{0,256}}[A-Za-z_]\w{{0,127}}\Z)""",
        re.VERBOSE | re.DOTALL,
    )


_LEAD: Final = r"[\s\ufeff]{0,64}(?:\#[^\n]{0,512}\n[\s,]{0,64}){0,8}"


def recognize(text: str) -> bool:
    """Say whether a text under an unknown key is an operation."""
    if "{" not in text:
        return False
    head = text[:80].lstrip("\ufeff \t\r\n")[:1]
    return head in ("q", "m", "s", "#") and _operation().match(text) is not None


GRAPHQL: Final = Format(
    name="graphql",
    rewrite=rewrite,
    recognize=recognize,
    signs=r"{(@",
    source="GraphQL specification, October 2021, section 2",
    examples=(
        FormatExample(
            'query Q($id: ID! = "7") { user(id: $id, nick: "bob", age: 33, first: 10, role: ADMIN) { id } # by\n}',
            ((LITERAL, "7"), (LITERAL, "bob"), (LITERAL, "33"), (COMMENT, " by")),
        ),
        FormatExample(
            'mutation { add(input: {text: """a "b" c""", tags: ["x", "y"]}) { id } }',
            ((LITERAL, 'a "b" c'), (LITERAL, "x"), (LITERAL, "y")),
        ),
        FormatExample('query Q { user(nick: "cut', ((LITERAL, "cut"),)),
    ),
)
