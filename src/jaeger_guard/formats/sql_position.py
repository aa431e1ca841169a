"""Where in a SQL statement a token stands: whether a number or a quoted name there is data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.sql_tokens import KINDS, read_run

# The name of a leaf that is a literal of a statement, in SQL or in any other database's language.
LITERAL: Final = "sql.literal"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STATEMENT_WORDS: Final = _words(
    "ABORT ALTER ANALYZE ASSERT ATTACH BACKUP BATCH BEGIN BULK CALL CHANGE CHECKPOINT CLOSE CLUSTER COMMENT"
    " COMMIT COPY CREATE DEALLOCATE DECLARE DELETE DENY DESC DESCRIBE DETACH DISCARD DO DROP END EXEC"
    " EXECUTE EXPLAIN FETCH FLUSH FOR FROM GRANT HANDLER IF IMPORT INSERT KILL LET LISTEN LOAD LOCK MATCH"
    " MERGE MOVE NOTIFY OPEN OPTIMIZE OPTIONAL PRAGMA PREPARE PRINT REFRESH REINDEX RELEASE RENAME"
    " RELATE REPAIR REPLACE RESET RESTORE RESTRICT RETURN REVOKE ROLLBACK SAVEPOINT SELECT SET SHOW START TABLE"
    " TRUNCATE UNLISTEN UNLOAD UNLOCK UNWIND UPDATE UPSERT USE VACUUM VALUES WAITFOR WITH"
)

_ROW_COUNTS: Final = _words(
    "LIMIT OFFSET FETCH FIRST NEXT TOP SKIP FORWARD BACKWARD TTL MAXDOP DEGREE SAMPLE MAXRECURSION"
)
_CLAUSES: Final = _words(
    "SELECT FROM WHERE GROUP ORDER HAVING LIMIT OFFSET FETCH SET VALUES UNION RETURNING ON TOP"
)
_TABLES_FOLLOW: Final = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "EXISTS", "."})
_SIZED_TYPES: Final = _words(
    "BINARY BIT CHAR CHARACTER DATETIME DATETIME2 DEC DECIMAL DOUBLE FLOAT INT INTEGER BIGINT SMALLINT"
    " TINYINT MEDIUMINT NCHAR NUMBER NUMERIC NVARCHAR NVARCHAR2 TIME TIMESTAMP TIMESTAMPTZ VARBINARY"
    " VARBIT VARCHAR VARCHAR2 VARYING VECTOR"
)
_SCALED_TYPES: Final = _words("DEC DECIMAL DOUBLE FLOAT NUMBER NUMERIC")
# Inside these parentheses a text in double quotes is a value, not a column.
_VALUE_LISTS: Final = _words(
    "VALUES VALUE IN CONCAT CONCAT_WS PASSWORD MD5 SHA SHA1 SHA2 ENCRYPT AES_ENCRYPT AES_DECRYPT"
    " CRYPT DIGEST HMAC PGP_SYM_ENCRYPT PGP_SYM_DECRYPT"
)
_VALUES_FOLLOW: Final = frozenset(
    {"=", "<", ">", "!", "~", "+", "|", "LIKE", "ILIKE", "RLIKE", "REGEXP", "SIMILAR", "GLOB"}
    | {"MATCH", "BETWEEN", "PASSWORD", "ESCAPE", "AGAINST", "DEFAULT", "THEN", "ELSE", "INTERVAL"}
)


# ClickHouse, "Formats for input and output data"; what its format VALUES has is read as SQL.
_INPUT_FORMATS: Final = tuple(
    _words(
        "JSON CSV TSV TABSEPARATED CUSTOMSEPARATED TEMPLATE ROWBINARY NATIVE LINEASSTRING RAWBLOB REGEXP"
        " MSGPACK PROTOBUF AVRO BSON"
    )
)


# What is put off, so that there is no more to be done or freed at once, however long the text is.
_LONGEST_RUN: Final = 4096  # characters
_MOST_RUNS: Final = 2048


@dataclass(slots=True)
class _Parenthesis:
    """An open parenthesis: the word before it, the clause inside, and commas so far."""

    opener: str = ""
    clause: str = ""
    commas: int = 0


class Position:
    """What a scan remembers of the tokens behind it.

    Args:
        text: The statement.

    Attributes:
        copies_input: Whether the statement is COPY … FROM STDIN, whose data is behind the `;`.
        streams_input: Whether data follows at once, as behind ClickHouse's INSERT … FORMAT CSV.
    """

    __slots__ = (
        "_before",
        "_mysql",
        "_previous",
        "_runs",
        "_stack",
        "_statement",
        "_text",
        "copies_input",
        "streams_input",
    )

    def __init__(self, text: str) -> None:
        self.copies_input = self.streams_input = False
        self._text = text
        self._mysql = "`" in text  # where `"` quotes strings
        self._statement = self._previous = self._before = ""
        self._stack = [_Parenthesis()]
        self._runs: list[tuple[int, int]] = []  # not looked into yet; an empty one is an operand

    def run(self, start: int, end: int) -> None:
        """Take a run of tokens; it is looked into when somebody asks where the scan stands."""
        runs = self._runs
        if runs and runs[-1][1] == start and end - runs[-1][0] <= _LONGEST_RUN:
            start = runs.pop()[0]
        elif len(runs) >= _MOST_RUNS:
            self._catch_up()
            runs = self._runs
        runs.append((start, end))

    def word(self, text: str) -> None:
        """Take a keyword or an identifier."""
        if self._runs:
            self._catch_up()
        self._take_word(text)

    def identifier(self) -> None:
        """Take a quoted identifier."""
        if self._runs:
            self._catch_up()
        self._take("identifier")

    def operand(self) -> None:
        """Take a literal or a placeholder."""
        if self._runs:
            self._runs.append((0, 0))
        else:
            self._take("operand")

    def punctuation(self, character: str) -> None:
        """Take one character that is no word, number or quoted text."""
        if self._runs:
            self._catch_up()
        self._take_punctuation(character)

    def begin_statement(self) -> None:
        """Forget the statement before."""
        self.copies_input = self.streams_input = False
        self.punctuation(";")

    def _catch_up(self) -> None:
        """Look into the runs that were taken since."""
        runs, self._runs = self._runs, []
        for start, end in runs:
            if end == 0:
                self._take("operand")
                continue
            for piece in read_run(self._text, start, end):
                kind = KINDS.get(piece[0], "word")
                if kind == "word":
                    self._take_word(piece)
                elif kind == "punctuation":
                    self._take_punctuation(piece)
                else:
                    self._take(kind)

    def _take_word(self, text: str) -> None:
        upper = text.upper()
        if not self._statement:
            self._statement = upper
        if upper in _CLAUSES and self._previous != ".":
            frame = self._stack[-1]
            frame.clause = upper
            if upper == "SELECT" and frame.opener in _VALUE_LISTS:
                frame.opener = ""  # IN (SELECT …) is no list of values
        elif upper == "STDIN" and self._previous == "FROM":
            self.copies_input = True
        elif self._previous == "FORMAT" and self._statement == "INSERT":
            self.streams_input = upper.startswith(_INPUT_FORMATS)
        self._before, self._previous = self._previous, upper

    def _take_punctuation(self, character: str) -> None:
        if character == ",":
            self._stack[-1].commas += 1
        elif character == "(":
            # Some 60 levels are beyond any real statement; further ones share the last frame.
            if len(self._stack) < 256:
                self._stack.append(_Parenthesis(self._previous))
        elif character == ")":
            if len(self._stack) > 1:
                self._stack.pop()
        elif character == ";":
            self._stack = [_Parenthesis()]
            self._statement = ""
        self._before, self._previous = self._previous, character

    def _take(self, token: str) -> None:
        self._before, self._previous = self._previous, token

    def expects_table(self) -> bool:
        """Say whether a table's name may stand here, `#temporary` or `name@link` among them."""
        if self._runs:
            self._catch_up()
        return self._previous in _TABLES_FOLLOW

    def is_data(self, word: str) -> bool:
        """Say whether `word` is data without quotes: a password of Oracle's, T-SQL's argument."""
        if self._runs:
            self._catch_up()
        if self._follows_password():
            return word.upper() not in ("VALUES", "PASSWORD", "RANDOM")
        if self._statement in ("EXEC", "EXECUTE") and self._previous == "=":
            return self._before == "operand" and word.upper() not in ("NULL", "DEFAULT", "OUTPUT")
        return False

    def _follows_password(self) -> bool:
        """Say whether a password is next: IDENTIFIED BY tiger REPLACE scott."""
        if self._previous == "BY":
            return self._before == "IDENTIFIED"
        return self._previous == "REPLACE" and self._statement == "ALTER"

    def keeps_number(self, text: str) -> bool:
        """Say whether a number here is part of the statement's shape."""
        if not text.isdigit():
            return False
        if self._runs:
            self._catch_up()
        frame, previous, size = self._stack[-1], self._previous, len(text)
        if size <= 9 and (previous in _ROW_COUNTS or (previous == "(" and frame.opener == "TOP")):
            return True
        if size <= 9 and previous == "," and frame.clause == "LIMIT":
            return True  # MySQL: LIMIT 20, 10
        if size <= 3 and frame.clause in ("ORDER", "GROUP") and previous in ("BY", ","):
            return True
        if size <= 5 and previous == "(" and frame.opener in _SIZED_TYPES:
            return True
        return size <= 3 and previous == "," and frame.commas == 1 and frame.opener in _SCALED_TYPES

    def keeps_quoted(self, body: str, following: str) -> bool:
        """Say whether a text in double quotes is an identifier; `following` is what is behind it."""
        if self._runs:
            self._catch_up()
        if self._previous == "AS":
            return _alias().fullmatch(body) is not None
        if _identifier().fullmatch(body) is None or (" " in body and _digit().search(body)):
            return False
        if self._previous == "." or following == ".":
            return True
        if self._mysql or self._previous in _VALUES_FOLLOW:
            return False
        if self._follows_password():
            return False
        return not (self._stack[-1].opener in _VALUE_LISTS and self._previous in ("(", ","))


@lru_cache(maxsize=1)
def _identifier() -> re.Pattern[str]:
    return re.compile(r"[^\W\d][\w $.\-]{0,63}")


@lru_cache(maxsize=1)
def _alias() -> re.Pattern[str]:
    return re.compile(r"[^\W\d][\w $.()%\-]{0,63}")


@lru_cache(maxsize=1)
def _digit() -> re.Pattern[str]:
    return re.compile("[0-9]")
