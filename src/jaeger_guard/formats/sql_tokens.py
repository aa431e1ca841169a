"""The tokens of a SQL statement, one by one or in runs.

Theory of operation. `token` knows every token. `token_or_run` tries a *run* first: as many tokens as
stand in a row that are no literal and no comment, and whose kind is plain by themselves, such as
`SELECT a.id, a.title FROM a WHERE a.id =`. What stands in a run is what `token` would find there: a run
has the alternatives of `token` for these kinds, and refuses what an earlier alternative may begin with.
Whoever is in doubt leaves it out of runs: `token` takes it then. `read_run` takes a run apart.

A word can be data where it isn't quoted (`IDENTIFIED BY tiger`), or begin data (`COPY … FROM STDIN`).
Statements that might do so are read without runs: `has_unquoted_data` says which.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_PLACEHOLDER: Final = (
    r"\?[0-9]{0,5}|\$[0-9]{1,5}(?![\w$])|%s|%\(\w{1,64}\)s"
    r"|(?<![\w\]?:]):(?:[0-9]{1,5}(?!\w)|[A-Za-z_]\w{0,63})|@{1,2}[A-Za-z_][\w$]{0,127}"
)
_BRACKET: Final = r"\[[A-Za-z_][\w $.\-]{0,127}\]"
_WORD: Final = r"[^\W\d][\w$]*+"
# One that stands beside a full stop is an identifier in each dialect: `"users"."id"`.
_QUOTED: Final = r'"[^\W\d][\w$]{0,63}"(?!")'
# Possessive repeats, and alternatives that differ in their first characters: linear time.
_TOKEN: Final = rf"""(?P<space>\s++)
    |(?P<executed>/\*![0-9]{{0,6}}|\*/)                    # MySQL 9.7: /*!40101 SET … */ is run
    |(?P<block>/\*)
    |(?P<line>--(?![0-9'"@(])|\#(?!>|-|\#?[A-Za-z_]))
    |(?P<hash>\#{{1,2}}(?=[A-Za-z_]))                      # MySQL's comment, or T-SQL's #table
    |(?P<string>(?:[uU]&|_[A-Za-z0-9]{{1,20}}\s?|[nNeEbBxXrR])?')
    |(?P<alternative>[nN]?[qQ]'(?=[^\s']))                # Oracle's q'[it's]'
    |(?P<typographic>[\u2018\u201c\u201e])                # what word processors make of quotes
    |(?P<dollar>\$(?:[A-Za-z_\x80-\uffff][\w]{{0,62}})?\$)
    |(?P<quoted>")
    |(?P<backtick>`)
    |(?P<bracket>{_BRACKET})
    |(?P<placeholder>{_PLACEHOLDER})
    |(?P<uuid>[0-9a-fA-F]{{8}}-(?:[0-9a-fA-F]{{4}}-){{3}}[0-9a-fA-F]{{12}}(?!\w))
    |(?P<address>[\w.+%\-]{{1,64}}@[\w\-]{{1,63}}(?:\.[\w\-]{{1,63}}){{1,5}})
    |(?P<hops>\*[0-9]{{0,4}}\.\.[0-9]{{0,4}})                 # Cypher: -[:KNOWS*1..3]->
    |(?P<number>(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+\-]?[0-9]++)?\w*+|\d++\w*+)
    |(?P<word>{_WORD})
    |(?P<other>.)"""
# Where an address or a UUID may begin, or a string: `N'…'`, `U&'…'`, `_utf8 '…'`.
_NO_ADDRESS: Final = r"(?![\w.+%\-]{1,64}+@)"
_RUN: Final = rf"""(?P<run>(?:
    \s++
    |[(),=<>!|&^~{{}}]
    |(?![0-9a-fA-F]{{8}}-|_[A-Za-z0-9]{{1,20}}\s?'){_NO_ADDRESS}{_WORD}(?!&?')
    |{_NO_ADDRESS}\.(?:{_QUOTED}|(?![0-9]))
    |{_QUOTED}(?=\.)
    |\*(?![/0-9.])
    |::(?!:)
    |{_PLACEHOLDER}
    |{_BRACKET}
    |`[^`@]{{0,250}}`
    ){{1,128}}+)"""


# What a token of a run is, by its first character; all others are words. PostgreSQL's `::` may be
# called an operand, as nothing is a literal, or none, for standing behind it.
KINDS: Final = {
    **dict.fromkeys("(),=<>!|&^~{}.*", "punctuation"),
    **dict.fromkeys("?$%@[:", "operand"),
    **dict.fromkeys('`"', "identifier"),
}


@lru_cache(maxsize=1)
def token() -> re.Pattern[str]:
    """Return the pattern of any token; the group that matched is its kind."""
    return re.compile(_TOKEN, re.VERBOSE | re.DOTALL)


@lru_cache(maxsize=1)
def token_or_run() -> re.Pattern[str]:
    """Return the pattern of a run of tokens, or any token."""
    return re.compile(f"{_RUN}|{_TOKEN}", re.VERBOSE | re.DOTALL)


@lru_cache(maxsize=1)
def _of_run() -> re.Pattern[str]:
    return re.compile(rf"{_WORD}|`[^`]*+`|\"[^\"]*+\"|{_BRACKET}|{_PLACEHOLDER}|::|\S", re.VERBOSE)


def read_run(text: str, start: int, end: int) -> list[str]:
    """Return the tokens of a run, without the spaces between them."""
    return _of_run().findall(text, start, end)


def has_unquoted_data(text: str) -> bool:
    """Say whether words without quotes may be data, or what follows a word: `sql_position` asks.

    Whoever has such a word has it in capitals, too, whatever letters it is written with.
    """
    upper = text.upper()
    return (
        "IDENTIFIED" in upper
        or "ALTER" in upper
        or "EXEC" in upper
        or "STDIN" in upper
        or ("FORMAT" in upper and "INSERT" in upper)
    )
