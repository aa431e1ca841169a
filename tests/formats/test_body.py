"""Bodies: one whose structure is known keeps it, any other is content and goes."""

from __future__ import annotations

import json

import pytest

from jaeger_guard.formats import recognize_body
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "the test")))
WORD = "correct" + "horse"
DOCUMENT = json.dumps({"password": WORD, "n": 17})


def scrub(text: str) -> str:
    scrubbed = SCRUBBER.value("http.request.body", text)[0]
    assert isinstance(scrubbed, str)
    return scrubbed


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        (DOCUMENT, '"n": 17'),
        ("\ufeff" + DOCUMENT, '"n": 17'),
        (json.dumps(DOCUMENT), '\\"n\\": 17'),
        (json.dumps(json.dumps(DOCUMENT)), "n"),
        (json.dumps(DOCUMENT)[1:-1], '\\"n\\": 17'),
        (")]}',\n" + DOCUMENT, '"n": 17'),
        (f"show({DOCUMENT});", '"n": 17'),
        (DOCUMENT[: DOCUMENT.index(WORD) + 9], "password"),
        (f"password={WORD}", "password="),
        (f"n=17&password={WORD}", "n=17"),
        (f"<a><n>17</n><password>{WORD}</password></a>", "<n>17</n>"),
        (f"n: 17\npassword: {WORD}\n", "n: 17\npassword: "),
        (f"user:\n  n: 17\n  tags:\n    - a\n  password: '{WORD}'\n", "n: 17\n  tags:\n    - a"),
        (f"data: {DOCUMENT}\n\ndata: [DONE]\n\n", '"n": 17'),
        (f"n,password\n17,{WORD}\n", "n,password\n17,"),
        (f'mutation {{ login(password: "{WORD}", first: 17) {{ id }} }}', "first: 17) { id }"),
        (
            '--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n17\r\n--b\r\nContent-Disposition:'
            f' form-data; name="password"\r\n\r\n{WORD}\r\n--b--\r\n',
            '\r\n\r\n17\r\n--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n[',
        ),
    ],
)
def test_structure_of_a_body_stays(text: str, stays: str) -> None:
    """What a body's names call a secret goes, and what they don't stays."""
    scrubbed = scrub(text)
    assert WORD[:9] not in scrubbed
    assert stays in scrubbed
    assert scrub(scrubbed) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "eyJwYXNzd29yZCI6ICJ4In0=",
        "QXV0aG9yaXphdGlvbjogeA==",
        *("Dear Ann, see you", '"said Ann"', "a = b", "f(x)", "<3 Ann", "--Ann", "[sic] Ann"),
        "to: Ann\ntext: I shall come and see you soon\n",
        "Hi Ann,\nsee you",
        "Dear Ann, your email\nwas received, thanks",
    ],
)
def test_prose_is_content(text: str) -> None:
    """A body without a structure that we know is content, and goes whole."""
    assert recognize_body(text) is None
    assert scrub(text) == "[REDACTED:content.body]"
