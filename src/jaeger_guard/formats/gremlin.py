"""Gremlin traversals (`g.V().has('nick', 'bob')`): labels and keys stay, values are literals.

Apache TinkerPop reference, "The traversal".
"""

# ruff: noqa: SIM905  (words in a string read better than a list of quotes)

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.sql_position import LITERAL
from jaeger_guard.long_texts import read_all
from jaeger_guard.types import Judge, Notation

# Steps all of whose arguments are labels or keys, ...
_NAMING: Final = frozenset(
    "hasLabel hasKey out in both outE inE bothE outV inV values valueMap properties propertyMap addV"
    " addE as select by project label key from to dedup group groupCount cap store aggregate order"
    " hasNot elementMap".split()
)
# ... whose first argument is one, ...
_KEYED: Final = frozenset("has property".split())
# ... and whose numbers count.
_COUNTING: Final = frozenset("limit range tail times skip sample".split())


@lru_cache(maxsize=1)
def _token() -> re.Pattern[str]:
    return re.compile(
        r"""(?P<string>"(?:[^"\\]++|\\.)*+(?:"|\Z)|'(?:[^'\\]++|\\.)*+(?:'|\Z))
        |(?P<step>[A-Za-z_]\w{0,63}(?=\())
        |(?P<word>[A-Za-z_]\w*+)
        |(?P<number>-?[0-9][\w.]*+)
        |(?P<other>.)""",
        re.VERBOSE | re.DOTALL,
    )


@lru_cache(maxsize=1)
def _identifier() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z_~][\w.\-]{0,63}")


def is_traversal(text: str) -> bool:
    """Say whether `text` begins with a traversal."""
    return re.match(r"\s{0,64}g\.(?:V|E|addV|addE|with|inject|tx|mergeV)\(", text) is not None


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite a traversal; a string that isn't closed goes to the end."""
    if not is_traversal(text):
        raise NotThisFormatError
    written: list[str] = []
    stack: list[tuple[str, int]] = []  # the open steps, and how many commas were in each
    step = ""
    for found in read_all(_token(), text):
        kind, piece = found.lastgroup, found.group()
        current, commas = stack[-1] if stack else ("", 0)
        if kind == "step":
            step = piece
        elif piece == "(" and len(stack) < 256:
            stack.append((step, 0))
            step = ""
        elif piece == ")" and stack:
            stack.pop()
        elif piece == "," and stack:
            stack[-1] = (current, commas + 1)
        if kind == "string":
            goes_on = text[found.end() : found.end() + 8].lstrip().startswith(",")
            piece = _string(piece, current, commas, judge, goes_on=goes_on)
        elif kind == "number" and not (current in _COUNTING and len(piece) <= 9):
            answer = judge.value(LITERAL, piece, Notation.SQL)
            piece = piece if answer is piece else f"'{answer}'"
        written.append(piece)
    return "".join(written)


def _string(piece: str, step: str, commas: int, judge: Judge, *, goes_on: bool) -> str:
    quote = piece[0]
    closing = quote if len(piece) > 1 and piece[-1] == quote else ""
    body = piece[1 : len(piece) - len(closing)]
    # Of three arguments the second is a key too: `has(label, key, value)`.
    is_key = step in _KEYED and (commas == 0 or (commas == 1 and goes_on))
    is_name = step in _NAMING or is_key
    if not body or (is_name and _identifier().fullmatch(body) is not None):
        return piece
    answer = judge.value(LITERAL, body, Notation.SQL)
    return piece if answer is body else f"{quote}{answer}{closing}"


GREMLIN: Final = Format(
    name="gremlin",
    rewrite=rewrite,
    source="Apache TinkerPop reference, The traversal",
    examples=(
        FormatExample(
            "g.V(17).hasLabel('person').has('nick', 'bob').has('age', P.gt(30)).out(\"knows\").limit(10)",
            ((LITERAL, "17"), (LITERAL, "bob"), (LITERAL, "30")),
        ),
        FormatExample("g.V().has('person', 'nick', 'bob')", ((LITERAL, "bob"),)),
        FormatExample("g.addV('person').property('nick', \"bob", ((LITERAL, "bob"),)),
    ),
)
