"""SQL statements of any dialect: each literal is judged, and becomes `?`; identifiers stay.

`sql_scan` finds literals and comments, `sql_position` says which of them are part of the statement's
shape, and `sql_shape` whether a text is a statement at all.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from jaeger_guard.formats import gremlin, ldap, memcached, mongo
from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.sql_position import LITERAL, STATEMENT_WORDS
from jaeger_guard.formats.sql_scan import COMMENT, Literal, find_literals
from jaeger_guard.formats.sql_shape import recognize
from jaeger_guard.types import Judge, Notation


@lru_cache(maxsize=1)
def _first_word() -> re.Pattern[str]:
    # Behind comments; MySQL runs what stands in /*! … */.
    return re.compile(
        r"""(?:[\s(;\ufeff]++|--[^\n]*+(?:\n|\Z)|\#[^\n]*+(?:\n|\Z)|/\*![0-9]{0,6}
        |/\*(?!!)[^*]*+(?:\*(?!/)[^*]*+)*+\*/|\{\s{0,9}(?:\?\s{0,9}=\s{0,9})?(?=[cC][aA]))*+([A-Za-z]{1,16})""",
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
    if ldap.is_filter(text):
        return ldap.rewrite(text, judge)
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
    for stretch in find_literals(text):
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


def _is_quoted(text: str, stretch: Literal) -> bool:
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
        if _redis_key().match(text, found.end(1)) is not None:
            return False
        return _set_of_sql().search(text, found.start(1), found.start(1) + 512) is not None
    return word in STATEMENT_WORDS


@lru_cache(maxsize=1)
def _redis_key() -> re.Pattern[str]:
    # `SET session:7 …`: SQL has a colon only before a parameter's name and in `:=`.
    return re.compile(r"\s{1,64}[^\s=:@'\"`]{1,256}:(?!=)\S")


@lru_cache(maxsize=1)
def _set_of_sql() -> re.Pattern[str]:
    words = "TO|NAMES|ROLE|TRANSACTION|ZONE|SESSION|LOCAL|GLOBAL|CHARACTER|CONSTRAINTS|ON|OFF"
    return re.compile(rf"=|\b(?:{words})\b", re.IGNORECASE)


SQL: Final = Format(
    name="sql",
    rewrite=rewrite,
    recognize=recognize,
    signs=r"\s(;",
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
        FormatExample("COPY t (a) FROM STDIN;\n1\tbob\n", ((LITERAL, "1\tbob"),)),
    ),
)
