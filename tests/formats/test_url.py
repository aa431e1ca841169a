"""The URL format: leaves go, what an engineer reads stays."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.formats import NotThisFormatError
from jaeger_guard.formats.url import URL, URL_PATH, URL_QUERY
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.types import Notation

KEPT = {"", "page", "sort", "db", "databaseName", "replicaSet"}


class KeyJudge:
    """A judge that replaces every leaf but those under harmless names."""

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        assert notation is Notation.URL
        return text if name in KEPT or text == "REDACTED" else "REDACTED"

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return "REDACTED" if "@" in text else text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://u:p@h:8443/a/b?page=2&q=x#top", "https://REDACTED:REDACTED@h:8443/a/b?page=2&q=REDACTED#top"),
        ("https://h/verify/a1b2/next", "https://h/verify/REDACTED/next"),
        ("https://h/token/refresh", "https://h/token/refresh"),
        ("/session/{id}", "/session/{id}"),
        ("https://h/Magic_Link/a1b2", "https://h/Magic_Link/REDACTED"),
        ("//u:p@h/x", "//REDACTED:REDACTED@h/x"),
        ("u:p@h:5432/db", "REDACTED:REDACTED@h:5432/db"),
        ("https://u:p@w@h/x", "https://REDACTED:REDACTED@h/x"),
        ("postgres://u:12#34@h/db", "postgres://REDACTED:REDACTED@h/db"),
        ("https://medium.example/@bob/x", "https://medium.example/@bob/x"),
        ("https://h:8080/x?page=@b", "https://h:8080/x?page=@b"),
        ("http://[::1]:80/@x", "http://[::1]:80/@x"),
        ("?token=a", "?token=REDACTED"),
        ("/reset?token={token}&q={ab}c", "/reset?token={token}&q=REDACTED"),
        ("/a?x%40y={token}", "/a?REDACTED={token}"),
        ("/a?x%40y=1", "/a?REDACTED=REDACTED"),
        ("/a?password=b;c&page=1;token=d", "/a?password=REDACTED&page=1;token=REDACTED"),
        ("/#!/x?token=d", "/#!/x?token=REDACTED"),
        ("/x#id_token=d&page=1", "/x#id_token=REDACTED&page=1"),
        ("/x;jsessionid=9;v=1/y", "/x;jsessionid=REDACTED;v=REDACTED/y"),
        ("jdbc:postgresql://h/db?user=a&password=b", "jdbc:postgresql://h/db?user=REDACTED&password=REDACTED"),
        ("amqp://u@h", "amqp://REDACTED@h"),
        ("/x?password=tru", "/x?password=REDACTED"),
        ("https://u:pa", "https://u:REDACTED"),
        ("https://h:443", "https://h:443"),
        ("https://h:{port}", "https://h:{port}"),
        ("https://[::1]", "https://[::1]"),
    ],
)  # fmt: skip
def test_only_leaves_change(text: str, expected: str) -> None:
    """Credentials, secret segments and parameters are replaced; hosts, ports and routes stay."""
    assert URL.rewrite(text, KeyJudge()) == expected
    assert URL.rewrite(expected, KeyJudge()) == expected


@pytest.mark.parametrize("text", ["hello", "GET /x", "two words?a=b", ""])
def test_other_text_is_refused(text: str) -> None:
    """A text that is no URL is left to be judged as text."""
    with pytest.raises(NotThisFormatError):
        URL.rewrite(text, KeyJudge())


class Masking:
    """A judge that answers with characters that a URL must encode."""

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        return "b & c=#é"

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return text


def test_answers_are_encoded() -> None:
    """Whatever the judge answers, the URL has the same parts as before."""
    split = urlsplit(URL.rewrite("https://h/a?q=1+2&r=3", Masking()))
    assert parse_qsl(split.query) == [("q", "b & c=#é"), ("r", "b & c=#é")]
    assert split.fragment == ""


@settings(max_examples=150, deadline=None)
@given(
    scheme=st.sampled_from(["https", "redis", "postgresql+psycopg", "s3"]),
    secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=20),
    names=st.lists(st.text("abc[]._-", min_size=1, max_size=5), max_size=4),
)
def test_planted_secret_is_gone_and_the_url_parses(
    scheme: str, secret: str, names: list[str]
) -> None:
    """Scheme, host, port and the number of parameters survive; a planted value doesn't."""
    encoded = quote(secret, safe="")
    query = "&".join(f"x{name}={encoded}" for name in names)
    text = f"{scheme}://u:{encoded}@host.example:123/token/4x{encoded}?{query}"
    before, after = urlsplit(text), urlsplit(URL.rewrite(text, KeyJudge()))
    assert (after.scheme, after.hostname, after.port) == (before.scheme, before.hostname, 123)
    assert len(parse_qsl(after.query)) == len(parse_qsl(before.query))
    assert f"{after.username}{after.password}{after.path}" == "REDACTEDREDACTED/token/REDACTED"
    assert all(value == "REDACTED" for _, value in parse_qsl(after.query))


def test_paths_and_queries_stand_alone() -> None:
    """`url.path` and `url.query` hold parts of a URL, and `http.target` may hold a whole one."""
    assert URL_PATH.rewrite("//h/token/x1", KeyJudge()) == "//h/token/REDACTED"
    assert URL_PATH.rewrite("//u:p@h/x", KeyJudge()) == "//REDACTED:REDACTED@h/x"
    assert URL_PATH.rewrite("http://u:p@h/", KeyJudge()) == "http://REDACTED:REDACTED@h/"
    assert URL_QUERY.rewrite("?a=b&page=1", KeyJudge()) == "?a=REDACTED&page=1"
    assert URL_QUERY.rewrite('{"a":"b&c=d"}', KeyJudge()) == '{"a":"b&c=d"}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://h/x", True),
        ("/x?a=b", True),
        ("/x", False),
        ("https://h/x is down", False),
        ("either/or?", False),
    ],
)
def test_recognized_is_what_can_be_nothing_else(text: str, expected: bool) -> None:
    """Under an unknown key, only a text that is a URL as a whole is taken for one."""
    assert URL.recognize is not None
    assert URL.recognize(text) is expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("session=word&a=1", "session=word&a=1"),
        ("session=spring_sale", "session=spring_sale"),
        ("card=visa", "card=visa"),
        ("session=9f8e7d6c5b4a39281706", "session=REDACTED"),
        ("session=Zq7x", "session=REDACTED"),
        ("sid=word", "sid=REDACTED"),
        ("code=jrnYLxnGLpnwAAGWmcHlKVdL&state=ok", "code=REDACTED&state=ok"),
        ("code=not_found_in_the_catalogue", "code=not_found_in_the_catalogue"),
        ("code=404", "code=404"),
        ("password=word", "password=REDACTED"),
    ],
)
def test_a_parameter_that_names_a_kind_of_thing_keeps_a_word(query: str, expected: str) -> None:
    """`session=morning` is a part of the day; what looks like an id there is one."""
    policy = compile_policy(load_policy("baseline", "the test"))
    assert Scrubber(policy).value("url.query", query)[0] == expected
