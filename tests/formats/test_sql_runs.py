"""A statement read in runs of tokens gives what it gives token by token."""

# ruff: noqa: SIM905  (words in a string read better than a list of quotes)

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.formats.sql_scan import Literal, Reading, find_literals
from jaeger_guard.formats.sql_tokens import has_unquoted_data, token, token_or_run

# What statements are made of, whole and in parts, in several dialects; joined in any order.
_WORDS = (
    "SELECT FROM WHERE INSERT INTO VALUES UPDATE SET DELETE ORDER BY GROUP LIMIT OFFSET TOP FETCH FIRST"
    " IN AND OR AS LIKE BETWEEN JOIN ON IDENTIFIED REPLACE ALTER USER EXEC COPY STDIN FORMAT CSV JSON"
    " PASSWORD INTERVAL DECIMAL VARCHAR CONCAT UNION u id t1 users name N n E x q U _utf8 _latin1 deadbeef"
    " ıdentıfıed identiﬁed ſet größe ⅷ $1x a$b tiger"
).split()
_SIGNS = [
    *("'", "''", '"', '""', "`", "[", "]", "[a b]", "(", ")", ",", ";", ".", "..", "*", "*/"),
    *("/*", "/*!40101 "),
    *("*1..3", "--", "-- ", "-", "->", "->>", "#", "##", "#t", "=", "<", ">", "!", "|", "||", "&"),
    *("^", "~", "+"),
    *("?", "?1", "?123456", "%s", "%(a)s", "%", ":a", ":1", "::", ":::", ":", "@p", "@@v", "@"),
    *("$1", "$12a", "$$"),
    *("$q$", "$", "\\", "\\'", "{", "}", "\u2018", "\u2019", "\u201c", "\u201d", "\n", "\t"),
    *("\u00a0", "0x1F"),
    *("1", "12", "1.5e3", ".5", "123456789012", "٣", "a@b.example", "+a.b@c.example", "x@y"),
    *("q'[", "]'"),
    *("deadbeef-1234-1234-1234-123456789012", '"a"."b"', '"a".', '."a"', '"a b"'),
    *('"a""b".c', "`a`.`b`"),
    *("`a@b`", "N'x'", "U&'x'", "_utf8 'x'", "e'x'", "'x'", "'it''s'", "\\.\n", "IDENTIFIED BY"),
]
_PIECES = st.sampled_from([*_WORDS, *_SIGNS])
_STATEMENTS = st.lists(
    st.tuples(_PIECES, st.sampled_from(["", " ", " ", "\n", ","])), max_size=40
).map(lambda pieces: "".join(piece + joint for piece, joint in pieces))


def _read(text: str, *, runs: bool, backslash: bool) -> tuple[list[Literal], bool]:
    reading = Reading(text, token_or_run() if runs else token(), backslash=backslash)
    reading.read()
    return reading.literals, reading.plausible


@settings(max_examples=1500)
@given(_STATEMENTS)
def test_runs_change_nothing(text: str) -> None:
    """Literals, comments and what counts as plausible are those that single tokens give."""
    if has_unquoted_data(text):
        return
    for backslash in (False, True):
        by_token = _read(text, runs=False, backslash=backslash)
        assert _read(text, runs=True, backslash=backslash) == by_token


def test_what_statements_mostly_are_is_read_in_runs() -> None:
    """A statement without literals is one run, so that nothing of it is looked at by itself."""
    for text in (
        "SELECT a.id, count(*) FROM a AS t1 JOIN b ON b.id = a.b_id\n WHERE a.id IN (%s, %s) LIMIT ?",
        'SELECT "a"."id", "a"."name" FROM a WHERE "a"."id" = $1 AND x::text <> :name',
        "select `a`.`id` from [my table] where b >= @p1 and not (c)",
    ):
        found = token_or_run().match(text)
        assert found is not None
        assert (found.lastgroup, found.end()) == ("run", len(text))
        assert list(find_literals(text)) == []


def test_literals_of_a_long_statement_come_in_parts() -> None:
    """Whoever reads a long statement's literals one by one gets those that reading at once finds."""
    text = "SELECT a FROM t WHERE b IN (" + ", ".join(f"'{n}', {n}" for n in range(4000)) + ") -- c"
    at_once = Reading(text, token_or_run(), backslash=False)
    at_once.read()
    assert len(at_once.literals) == 8001
    found = find_literals(text)
    assert not isinstance(found, list)
    assert list(found) == at_once.literals
