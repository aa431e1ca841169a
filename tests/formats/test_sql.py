"""The SQL format: no literal of any dialect survives, and every identifier does."""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.formats import NotThisFormatError
from jaeger_guard.formats.sql import SQL
from jaeger_guard.types import Notation


class Literals:
    """A judge that replaces literals, and what comments say where they say a name."""

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        if name == "sql.literal":
            assert notation is Notation.SQL
            return "?"
        return text.replace("bob", "[REDACTED:person.name]") if "bob" in text else text

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return text


def scrub(text: str) -> str:
    return SQL.rewrite(text, Literals())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * FROM table1 WHERE a = 'x' AND b IN (1, 2.5, 0xAF, 1e9)",
         "SELECT * FROM table1 WHERE a = ? AND b IN (?, ?, ?, ?)"),
        ("SELECT TOP 10 * FROM [dbo].[Users] WHERE [User Name] = N'x' -- bob",
         "SELECT TOP 10 * FROM [dbo].[Users] WHERE [User Name] = ? -- [REDACTED:person.name]"),
        ("SELECT TOP (5) a FROM #tmp WHERE b = @p1 AND c = @@rowcount",
         "SELECT TOP (5) a FROM #tmp WHERE b = @p1 AND c = @@rowcount"),
        ('SELECT "u"."id" FROM "users" "u" WHERE "u"."a" = "u"."b" AND c LIKE "x%"',
         'SELECT "u"."id" FROM "users" "u" WHERE "u"."a" = "u"."b" AND c LIKE ?'),
        ('SELECT `a` FROM `t` WHERE CONCAT("x", `a`) = "y" # bob\n AND b = 5',
         'SELECT `a` FROM `t` WHERE CONCAT(?, `a`) = ? # [REDACTED:person.name]\n AND b = ?'),
        ('INSERT INTO "t" ("a", "b") VALUES ("x", "y@z.example")',
         'INSERT INTO "t" ("a", "b") VALUES (?, ?)'),
        ('SELECT a AS "Total (EUR)" FROM t WHERE b IN (SELECT "c" FROM d)',
         'SELECT a AS "Total (EUR)" FROM t WHERE b IN (SELECT "c" FROM d)'),
        ("SELECT a::varchar(20), b->>'k', c #>> '{x}' FROM t WHERE d = E'it\\'s' AND e ?| f",
         "SELECT a::varchar(20), b->>?, c #>> ? FROM t WHERE d = ? AND e ?| f"),
        ("SELECT 'it\\'s bob', `x` FROM t", "SELECT ?, `x` FROM t"),
        ("SELECT * FROM t WHERE a = 'C:\\' AND b = 'x'", "SELECT * FROM t WHERE a = ? AND b = ?"),
        ("SELECT $1, ?, :name, %s, %(x)s, ?2 FROM t ORDER BY 1, 2 LIMIT 5, 10",
         "SELECT $1, ?, :name, %s, %(x)s, ?2 FROM t ORDER BY 1, 2 LIMIT 5, 10"),
        ("SELECT f(x, 4111) FROM t ORDER BY f(x, 4111)", "SELECT f(x, ?) FROM t ORDER BY f(x, ?)"),
        ("DO $body$ x 'y' $body$; SELECT 1", "DO ?; SELECT ?"),
        ("SELECT x'1F', U&'d\\0061', _utf8'x', TRUE, NULL FROM t",
         "SELECT ?, ?, ?, TRUE, NULL FROM t"),
        ("SELECT /*+ INDEX(t i) */ a FROM t /*traceparent='00-ab-cd-01'*/",
         "SELECT /*+ INDEX(t i) */ a FROM t /*traceparent='00-ab-cd-01'*/"),
        ("SELECT 5--3, 'x'", "SELECT ?--?, ?"),
        ("CREATE USER bob IDENTIFIED BY 'x'", "CREATE USER bob IDENTIFIED BY ?"),
        ("ALTER USER x PASSWORD \"y\"", "ALTER USER x PASSWORD ?"),
        ("SELECT a FROM t WHERE id = 123e4567-e89b-12d3-a456-426655440000 AND m = a@b.example",
         "SELECT a FROM t WHERE id = ? AND m = ?"),
        ("(SELECT 1) UNION (SELECT 2)", "(SELECT ?) UNION (SELECT ?)"),
        ("/* job */ SET app.user = 'x'", "/* job */ SET app.user = ?"),
        ("/*!40101 SET NAMES 'x' */", "/*!40101 SET NAMES ? */"),
        ("SELECT 'cut", "SELECT ?"),
        ("SELECT q'[it's]', nq'!x'y!' FROM t", "SELECT ?, ? FROM t"),
        ("SELECT q'<cut 'x", "SELECT ?"),
        ("SELECT a FROM t WHERE b = \u2018x\u2019 AND c = \u201cy\u201d",
         "SELECT a FROM t WHERE b = ? AND c = ?"),
        ("INSERT INTO t (format, a) FORMAT JSONEachRow {\"a\": \"x\"}",
         "INSERT INTO t (format, a) FORMAT JSONEachRow ?"),
        ("INSERT INTO t SELECT format AS f FROM u", "INSERT INTO t SELECT format AS f FROM u"),
        ("INSERT INTO t FORMAT Values (1, 'x')", "INSERT INTO t FORMAT Values (?, ?)"),
        ("COPY t FROM STDIN;\n1\tx\n\\.\nSELECT a FROM t", "COPY t FROM STDIN;\n?\n\\.\nSELECT a FROM t"),
        ("EXEC p @a = bob, @b = @c OUTPUT, @d = NULL", "EXEC p @a = ?, @b = @c OUTPUT, @d = NULL"),
        ('ALTER USER s IDENTIFIED BY "x" REPLACE tiger', "ALTER USER s IDENTIFIED BY ? REPLACE ?"),
        ("{? = call p('x', 5)}", "{? = call p(?, ?)}"),
        ("CHANGE MASTER TO MASTER_PASSWORD='x'", "CHANGE MASTER TO MASTER_PASSWORD=?"),
        ("MATCH (n {a: 'x'})-[:R*1..3]->(m) RETURN n SKIP 10 LIMIT 5",
         "MATCH (n {a: ?})-[:R*1..3]->(m) RETURN n SKIP 10 LIMIT 5"),
        ("INSERT INTO k.t (a) VALUES ('x') USING TTL 86400", "INSERT INTO k.t (a) VALUES (?) USING TTL 86400"),
        ("for u in t filter u.a == 'x' return u", "for u in t filter u.a == ? return u"),
        ("SELECT * FROM t FETCH FIRST 10 ROWS ONLY", "SELECT * FROM t FETCH FIRST 10 ROWS ONLY"),
        ("SELECT * FROM t WHERE d > INTERVAL '1' DAY AND n = -5",
         "SELECT * FROM t WHERE d > INTERVAL ? DAY AND n = -?"),
    ],
)  # fmt: skip
def test_literals_go_and_the_statement_stays(text: str, expected: str) -> None:
    """Literals become `?`; identifiers, placeholders, row counts and type sizes stay."""
    assert scrub(text) == expected
    assert scrub(expected) == expected


@pytest.mark.parametrize(
    "text",
    ["SET key value", "HGETALL users", '"users"', "", "hello world", "/* only", "(1)"],
)
def test_other_languages_are_refused(text: str) -> None:
    """What begins like no statement is left to another format."""
    with pytest.raises(NotThisFormatError):
        scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM t WHERE a = 'it\\'s x1', b = 'SECRET",
        "SELECT * FROM t WHERE a = 'C:\\' AND b='SECRET' AND c='cu",
        "SELECT * FROM t WHERE a = 'it\\'SECRET' AND b = 'x",
        'SELECT * FROM t WHERE a = "it\\"SECRET" AND b = "x',
    ],
)
def test_truncated_text_of_unknown_dialect_hides_what_either_reads_as_literal(text: str) -> None:
    """Where the text can't tell its dialect, a literal in any reading is hidden."""
    assert "SECRET" not in scrub(text)


@settings(max_examples=150, deadline=None)
@given(
    values=st.lists(st.text("ab1'\"\\ -/*;#$`?()@,=", max_size=12), min_size=1, max_size=4),
    mysql=st.booleans(),
)
def test_no_planted_literal_survives(values: list[str], mysql: bool) -> None:
    """A literal goes whatever it holds, quoted as ISO SQL does it or as MySQL's drivers do."""
    quoted = []
    for value in values:
        text = f"Q{value}Q"
        text = text.replace("\\", "\\\\").replace("'", "\\'") if mysql else text.replace("'", "''")
        quoted.append(f"'{text}'")
    scrubbed = scrub("SELECT a FROM t WHERE b IN (" + ", ".join(quoted) + ")")
    assert "Q" not in scrubbed
    assert scrub(scrubbed) == scrubbed


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("postgres", "INSERT INTO t (a, b) VALUES ('x', 1.5), (E'y', -2) RETURNING id"),
        ("postgres", "SELECT a::text FROM t WHERE b = 'x' AND c IN (1, 2) LIMIT 5"),
        ("mysql", 'SELECT `a` FROM `t` WHERE b = "x" AND c BETWEEN 1 AND 2 LIMIT 5, 10'),
        ("sqlite", "UPDATE t SET a = 'x', b = 2 WHERE \"c\" = 3"),
        ("tsql", "SELECT TOP 5 [a] FROM [dbo].[t] WHERE b = N'x' ORDER BY 1"),
        ("oracle", "SELECT a FROM t WHERE b = 'x' FETCH FIRST 5 ROWS ONLY"),
        ("bigquery", "SELECT a FROM `p.d.t` WHERE b = r'x' AND c IN ('y', 'z') LIMIT 5"),
        ("snowflake", "SELECT a:b::string FROM t WHERE c ILIKE 'x%' QUALIFY d = 1"),
        ("clickhouse", "SELECT a FROM t FINAL WHERE b = 'x' SETTINGS max_threads = 8"),
        ("spark", "SELECT a FROM t WHERE b RLIKE 'x' LIMIT 5"),
        ("duckdb", "SELECT a FROM t WHERE b = 'x' LIMIT 5"),
    ],
)
def test_result_still_parses(dialect: str, text: str) -> None:
    """A scrubbed statement is one that the dialect's grammar takes, of the same tables."""
    tables = [
        table.name for table in sqlglot.parse_one(text, dialect=dialect).find_all(sqlglot.exp.Table)
    ]
    parsed = sqlglot.parse_one(scrub(text), dialect=dialect)
    assert [table.name for table in parsed.find_all(sqlglot.exp.Table)] == tables


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT a FROM t", True),
        ("update t set a = 1", True),
        ("Select one item from the list", False),
        ("Update available", False),
        ("DELETE FROM t", True),
        ("DELETE FROM basket without asking", False),
    ],
)
def test_prose_is_not_recognized(text: str, expected: bool) -> None:
    """Under an unknown key, only what has a statement's shape is taken for one."""
    assert SQL.recognize is not None
    assert SQL.recognize(text) is expected
