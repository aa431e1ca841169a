"""Truncation: what an attribute's length limit leaves of a secret is a secret too, in every format."""

from __future__ import annotations

import json

import pytest

from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "the test")))
SECRET = "Zx9Q" + "secretval7Kp"
SHORTEST = 4  # characters of it: below, they are no more than a word's beginning

# In each, # stands for the secret.
TEXTS = [
    ("http.request.body", '{"user":{"password":"#","n":5}}'),
    ("http.request.body", '{\\"password\\":\\"#\\"}'),
    ("http.request.body", json.dumps(json.dumps({"password": "#"}))),
    ("http.request.body", json.dumps({"a": json.dumps({"password": "#"})})),
    ("http.request.body", "<a><password>#</password></a>"),
    ("http.request.body", "<a><password><![CDATA[#]]></password></a>"),
    ("http.request.body", '<a password="#"/>'),
    ("http.request.body", "a=1&password=#&b=2"),
    (
        "http.request.body",
        '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n#\r\n--b--',
    ),
    ("note", "id,password\n1,#\n"),
    ("note", 'id,password\n1,"#"\n'),
    ("note", "password: #\nx: y"),
    ("note", "password: |\n  #\n"),
    ("note", "export DB_PASSWORD='#'"),
    ("note", "Authorization: Bearer #\r\nHost: x"),
    ("note", "Server=h;Password=#;X=y"),
    ("note", "User(name='x', password='#', n=5)"),
    ("note", "{'password': '#', 'n': 5}"),
    ("note", "map[password:# x:y]"),
    ("note", "[('password', '#'), ('a', 'b')]"),
    ("db.query.text", "SELECT * FROM t WHERE a = '#' AND b"),
    ("db.query.text", "SELECT * FROM t WHERE a = E'#' AND b"),
    ("db.query.text", "SELECT * FROM t WHERE a = $x$#$x$ AND b"),
    ("db.query.text", "SELECT * FROM t WHERE a = q'[#]' AND b"),
    ("db.query.text", 'SELECT * FROM t WHERE a = "#" AND b'),
    ("db.query.text", "SELECT a /* password=# */"),
    ("db.query.text", 'SET k "#"'),
    ("db.query.text", "HSET k f #"),
    ("db.query.text", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$16\r\n#\r\n"),
    ("db.query.text", "set k 0 60 12\r\n#\r\n"),
    ("db.query.text", '{"find":"u","filter":{"a":"#"}}'),
    ("db.query.text", "db.u.find({a: '#'})"),
    ("db.query.text", "g.V().has('a','#')"),
    ("db.query.text", "(&(a=b)(uid=#))"),
    ("graphql.document", 'query { a(b: "#") { id } }'),
    ("graphql.document", 'query { a(b: """#""") { id } }'),
    ("url.full", "https://h.example/?token=#&a=b"),
    ("url.full", "https://u:#@h.example/"),
    ("http.request.header.cookie", "a=b; sid=#; c=d"),
    ("http.request.header.authorization", 'Digest username="#", realm="x"'),
    ("process.command_line", "mysql -p# db"),
    ("process.command_line", "curl -u a:# x"),
    ("process.command_line", "sh -c 'mysql -p# db'"),
    ("exception.message", "Key (nick)=(#) already exists."),
    ("exception.message", "Duplicate entry '#' for key 'x'"),
    ("exception.message", "LINE 1: SELECT * FROM t WHERE a = '#'"),
    ("exception.message", "[SQL: INSERT INTO t VALUES ('#')]\n[parameters: ('#',)]"),
    ("exception.message", "[type=x, input_value='#', input_type=str]"),
    (
        "exception.stacktrace",
        'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    f(password="#")\nValueError: x',
    ),
]


@pytest.mark.parametrize(("key", "text"), TEXTS)
def test_nothing_of_a_secret_is_left_wherever_the_text_ends(key: str, text: str) -> None:
    """A text that ends within the secret, or anywhere behind it, shows nothing of it."""
    start = text.index("#")
    whole = text.replace("#", SECRET)
    for end in range(start + SHORTEST, len(whole) + 1):
        scrubbed = SCRUBBER.value(key, whole[:end])[0]
        assert SECRET[:SHORTEST] not in scrubbed, end
