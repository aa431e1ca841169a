"""The text format: structure in messages is found, and what is prose stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.formats import text_assignments
from jaeger_guard.formats.form import FORM
from jaeger_guard.formats.stacktrace import STACKTRACE
from jaeger_guard.formats.text import TEXT
from jaeger_guard.formats.url import URL
from jaeger_guard.markers import is_marker, marker
from jaeger_guard.types import Notation

SECRET_NAMES = {
    "username",
    "password",
    "path.token",
    "token",
    "authorization",
    "cookie",
    "db.query.parameter",
    "user.token",
}
MARKER = marker("content.body")


class SecretJudge:
    """A judge that knows a few names, URLs and e-mail addresses in `@example.com`."""

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        if is_marker(text):
            return text
        lowered = name.lower()
        if lowered == "url":
            return URL.rewrite(text, self)
        if lowered in SECRET_NAMES or lowered in ("redis.argument", "sql.literal"):
            return marker("content.body", notation)
        if lowered == "exception.message":
            return TEXT.rewrite(text, self)
        found = text.find("bob@example.com")
        if found < 0:
            return text
        return text.replace("bob@example.com", marker("contact.email", notation))

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("login failed: password=hun,ter2, user=5", "login failed: password=#, user=5"),
        ("password=ab)cd&ef; next", "password=#; next"),
        ("f(password='it\\'s', b=1)", "f(password='#', b=1)"),
        ("{\\\"token\\\": \\\"x y\\\"}", "{\\\"token\\\": \\\"#\\\"}"),
        ("connect(password=b'x')", "connect(password=b'#')"),
        ("seen: https://h/?token=x.", "seen: https://h/?token=REDACTED."),
        ("token=x!", "token=#"),
        ("error: password=x", "error: password=#"),
        ("run --password hunter2 --verbose", "run --password # --verbose"),
        ("run --token=x", "run --token=#"),
        ("Authorization: Basic eHg= refused", "Authorization: # refused"),
        ("Cookie: a=b; c=d\nHost: h", "Cookie: #\nHost: h"),
        ("at https://h/x?token=y&page=1, then", "at https://h/x?token=REDACTED&page=1, then"),
        ("(https://h/x_(y))", "(https://h/x_(y))"),
        ("GET /a/token/b1 HTTP/1.1", "GET /a/token/REDACTED HTTP/1.1"),
        ("tail ?token=x of it", "tail ?token=REDACTED of it"),
        ("mail bob@example.com, password: x", "mail [REDACTED:contact.email], password: #"),
        ("a={'password': 'x', 'b': 'bob@example.com'}",
         "a={'password': '#', 'b': '[REDACTED:contact.email]'}"),
        ("Key (a, b)=(x(1), y) already exists.", "Key (a, b)=(#) already exists."),
        ("Key (a)=(x", "Key (a)=(#"),
        ("DETAIL: Failing row contains (1, x).", "DETAIL: Failing row contains (#)."),
        ('invalid input syntax for type uuid: "x"', 'invalid input syntax for type uuid: "#"'),
        ("Duplicate entry 'it's' for key 'u'", "Duplicate entry '#' for key 'u'"),
        ("ERROR at\nLINE 1: ...ERE a = 'x' AND", "ERROR at\nLINE 1: ...ERE a = ? AND"),
        ("near 'WHERE a = 5' at line 1", "near 'WHERE a = ?' at line 1"),
        ("dup key: { email: \"x\" }", "dup key: { email: \"#\" }"),
        ("ERROR at\nLINE 1: ...ERT INTO t (a) VALUES ('x', 'cut", "ERROR at\nLINE 1: ...ERT INTO t (a) VALUES (?, ?"),
        ("ERROR at\nLINE 1: ...cut', 'x') RETURNING id", "ERROR at\nLINE 1: ...?', ?) RETURNING id"),
        ("near 'bobby' AND a = 5' at line 1", "near '?' AND a = ?' at line 1"),
        ('COPY users, line 1, column age: "x"', 'COPY users, line 1, column age: "#"'),
        ("Login failed for user 'hood078'. (18456)", "Login failed for user '#'. (18456)"),
        ("Access denied for user 'root'@'db' (using password: YES)",
         "Access denied for user 'root'@'db' (using password: YES)"),
        ("parameters: $1 = 'x', $2 = '5'", "parameters: $1 = ?, $2 = ?"),
        ("could not execute; SQL [insert into u (n) values ('x')]; constraint [c]",
         "could not execute; SQL [insert into u (n) values (?)]; constraint [c]"),
        ("failed: select * from u where n = 'x'", "failed: select * from u where n = ?"),
        ("converting the nvarchar value 'x' to data type int.",
         "converting the nvarchar value '#' to data type int."),
        ('Invalid STRING constant (x) for "age"', 'Invalid STRING constant (#) for "age"'),
        ('For input string: "x1"', 'For input string: "#"'),
        ('strconv.Atoi: parsing "x1": invalid syntax', 'strconv.Atoi: parsing "#": invalid syntax'),
        ("time data 'x1' does not match format '%Y'", "time data '#' does not match format '%Y'"),
        ("[SQL: SELECT 1]\n[parameters: ('x',)]", "[SQL: SELECT 1]\n[parameters: #]"),
        ("with args beginning with: 'a' 'b' ", "with args beginning with: '#' '#' "),
    ],
)  # fmt: skip
def test_what_has_a_name_is_judged_under_it(text: str, expected: str) -> None:
    """Values in a message go under their names, the sentence around them stays."""
    expected = expected.replace("#", MARKER)
    scrubbed = TEXT.rewrite(text, SecretJudge())
    assert scrubbed == expected
    assert TEXT.rewrite(scrubbed, SecretJudge()) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "connection to db.example:5432 refused after 3 tries at 12:30:01",
        "std::string, Foo::bar, a -> b, x == y",
        "token is expired; password is required",
        "[INFO] 2024-01-01T10:00:00Z worker started {id} <module>",
        "GET /users/{id}",
        "invalid input syntax for type json",
        "pairs (a, b)=(1, 2)",
        "password=",
        "a:// b",
    ],
)
def test_prose_stays(text: str) -> None:
    """A message without anything secret comes back as the same object."""
    assert TEXT.rewrite(text, SecretJudge()) is text


def test_stack_trace_keeps_frames_and_loses_messages() -> None:
    """Frames and source lines stay, the literal and the message under them don't."""
    text = (
        "Traceback (most recent call last):\n"
        '  File "/app/token.py", line 12, in password\n'
        '    login(password="hunter2", token=request.token)\n'
        "    ~~~~~^^^^^^^\n"
        "  [Previous line repeated 9 more times]\n"
        "pkg.LoginError: token=abc\nfor bob@example.com\n"
    )
    assert STACKTRACE.rewrite(text, SecretJudge()) == text.replace("hunter2", MARKER).replace(
        "abc", MARKER
    ).replace("bob@example.com", "[REDACTED:contact.email]")


def test_more_quoted_values_than_any_server_writes_are_withheld_whole() -> None:
    """The bound that keeps looking for values linear withholds the rest, and leaves nothing out."""
    scrubbed = TEXT.rewrite("Duplicate entry 'planted' for key 'k'\n" * 100, SecretJudge())
    assert "planted" not in scrubbed


def test_javascript_frames_with_urls_are_judged() -> None:
    """A frame that names its file by URL may hold a parameter."""
    text = "Error: x\n    at f (https://h/a.js?u=bob@example.com:1:2)\n"
    assert "bob" not in STACKTRACE.rewrite(text, SecretJudge())


def test_multipart_keeps_its_boundaries() -> None:
    """A part's content goes under its name, with headers and boundaries as they were."""
    text = '--b\r\nContent-Disposition: form-data; name="token"\r\n\r\nx\r\ny\r\n--b--\r\n'
    assert FORM.rewrite(text, SecretJudge()) == text.replace("x\r\ny", MARKER)


UNITS = ["a", "b1", "z9 ", ",", ";", "&", ")", "]", "[", "$", "${A}", "$(a b)", "<", "'", ".", "a="]


@settings(max_examples=150, deadline=None)
@given(
    parts=st.lists(st.sampled_from([*UNITS, "[REDACTED:contact.email]", "x" * 150]), max_size=60),
    step=st.integers(300, 700),
)
def test_a_long_value_ends_where_it_would_at_once(parts: list[str], step: int) -> None:
    """A value without quotes that is read in steps ends where one match of all of it does."""
    text = "".join(parts)
    found = text_assignments._plain_value().match(text)
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(text_assignments, "SHORT_STEP", step)
        assert text_assignments._plain_value_end(text, 0) == (found.end() if found else 0)
