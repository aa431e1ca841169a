"""The registry of formats: every entry keeps what it isn't told to change."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from formats.judges import Recorder
from growth import assert_linear, repeated
from jaeger_guard.formats import FORMATS, Format, FormatExample, NotThisFormatError
from jaeger_guard.markers import is_marker, marker
from jaeger_guard.types import Notation

EXAMPLES = [
    pytest.param(entry, example, id=f"{entry.name}-{number}")
    for entry in FORMATS.values()
    for number, example in enumerate(entry.examples)
]
HOSTILE = (
    *("a", "@", '"', "%", "(", "[", "{", "1 ", "a=", "?a=", ")=(", "/(", "\\", "\\'", "a: ", "'"),
    *("-", "--", "/*", "$a$", "#", "://", "near '", '{"', "\n", " \n", " ", "a.", ";", ",", "="),
    *("Key (a)=(", "a\n at ", "&a", "[[SQL: ", "='", "near 'x'. ", "a='b\\", "GET /", "<"),
    *(
        "password: |\n ",
        "token: >\n",
        "'''",
        '"""',
        "name: a\nvalue: b\n",
        "ENV A b\n",
        "map[",
        "&{A:b ",
    ),
    *("<a ", "<a>", "</a>", "<!a[", "<a '", "<a b=''", "<a>b<c>"),
    *("a=1;", 'a="', ", Bearer a", "A: b\n"),
)
BEGINNINGS = {  # what leads into the parts of a format that hostile text alone never reaches
    "authorization": ("Digest ", "Bearer "),
    "cookie": ("a=b; ",),
    "csv": ("id,email\n", 'id,email\n1,"'),
    "form": ("a=b&",),
    "headers": ("A: b\nC: d\n",),
    "json": ('{"a": "', '{"a": [1, '),
    "graphql": ("query Q { a(b: ", 'query Q { a(b: "', 'query Q { a(b: """'),
    "ldap": ("(&(a=b)", "(a="),
    "redis": ("SET a ", "HSET a ", "XADD a ", "*3\r\n$3\r\n"),
    "set_cookie": ("a=b; ",),
    "sql": ("SELECT a FROM b WHERE c = ",),
    "text": ("kind: Secret\ndata:\n", "parameters: $1 = ", "LINE 1: ", 'COPY a, line 1: "'),
    "stacktrace": ('Traceback (most recent call last):\n  File "a", line 1, in b\n',),
    "url": ("https://a.example/b?",),
    "xml": ('<a b="', "<a>", "<!DOCTYPE a [", "<a><!--", "<a><![CDATA[", "<a><?b "),
}
STARTS = [
    pytest.param(entry, start, id=f"{entry.name}-{number}")
    for entry in FORMATS.values()
    for number, start in enumerate(("", *BEGINNINGS.get(entry.name, ())))
]


class Unchanging:
    """A judge that changes and notes nothing."""

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        return text

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return text


class Replacer:
    """A judge that replaces every leaf, and knows its own markers; chunks are for detectors."""

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        if name == "text.chunk" or is_marker(text):
            return text
        return marker("content.body", notation)

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return text


@pytest.mark.parametrize(("entry", "example"), EXAMPLES)
def test_example_yields_its_leaves_and_stays(entry: Format, example: FormatExample) -> None:
    """A format hands out exactly the leaves of its examples; unchanged, they stay byte for byte."""
    judge = Recorder()
    assert entry.rewrite(example.text, judge) == example.text
    assert tuple(judge.leaves) == example.leaves


@pytest.mark.parametrize(("entry", "example"), EXAMPLES)
def test_scrubbing_an_example_twice_equals_once(entry: Format, example: FormatExample) -> None:
    """What a format wrote is of that format still, and has nothing left to replace."""
    once = entry.rewrite(example.text, Replacer())
    assert entry.rewrite(once, Replacer()) == once


@pytest.mark.parametrize("entry", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_truncated_example_is_read_as_far_as_it_goes(entry: Format, cut: int) -> None:
    """A text that was cut off anywhere raises nothing but NotThisFormatError, and stays."""
    for example in entry.examples:
        text = example.text[:-cut]
        judge = Recorder()
        try:
            assert entry.rewrite(text, judge) == text
        except NotThisFormatError:
            assert not judge.leaves


@pytest.mark.parametrize("entry", FORMATS.values(), ids=FORMATS)
def test_own_examples_are_recognized(entry: Format) -> None:
    """What a format recognizes, it can rewrite; what it recognizes among its examples is some."""
    if entry.recognize is None:
        return
    assert any(entry.recognize(example.text) for example in entry.examples)


@pytest.mark.parametrize("entry", FORMATS.values(), ids=FORMATS)
@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet="abZ019 \n\t\"'`\\/?&=;:#%{}[](),@-+$_<>|*é", max_size=50))
def test_scrubbing_any_text_twice_equals_once(entry: Format, text: str) -> None:
    """Replacing every leaf leaves a text in which nothing more is to be replaced."""
    try:
        once = entry.rewrite(text, Replacer())
        twice = entry.rewrite(once, Replacer())
    except NotThisFormatError:
        return
    assert twice == once


# What the formats' grammars are made of: random characters seldom make a tag, a command or a quote.
PIECES = (
    *("SELECT ", "INSERT INTO t FORMAT CSV ", "COPY t FROM STDIN;", "\\.\n", "q'[", "]'", "$a$", "/*", "*/", "--", "E'", "''"),
    *("<a>", "</a>", "<a b='", '<a b="', "/>", "<!--", "-->", "<![CDATA[", "]]>", "<?x ", "?>", "<!DOCTYPE a [", "&amp;", "<"),
    *("HSET k ", "SET k ", "AUTH ", "XADD s * ", "EVAL x 1 ", "CONFIG SET p ", "ACL SETUSER u ", "*2\r\n$3\r\n", "set k 0 1 2\r\n"),
    *('{"a":', "{'a':", "{a:", "[{", "}", "]", ")", "db.a.find(", ".limit(", "ObjectId(", "\\", '\\"', "\\u0041", "\\ud83d"),
    *("query Q {", "mutation {", 'a(b: "', '"""', "(&(a=", "(uid=", "g.V().has('a',", "password", "email", "token", "name", "value"),
    *("=", ":", ": ", ": |\n", "\n  ", "\n", "\r\n", ",", ";", "|", "\t", " ", "'", '"', "`", "x", "7", "é", "\u200b", "?", "%20", "@"),
    *("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n", "\n--b--", "a,email\n", "kind: Secret\ndata:\n  a: ", "'''", "map[", "&{A:"),
    *("Traceback (most recent call last):\n", '  File "a", line 1, in b\n', "    at f (a.js:1:2)\n", "mysql -p", "sh -c '", "curl -u a:", "Key (a)=("),
    *("https://u:p@h/", "?a=b&c=", "#", ";d=", "Bearer ", "Digest a=", "[REDACTED:contact.email]", "LINE 1: ", "near '", "parameters: $1 = "),
)  # fmt: skip


@pytest.mark.parametrize("entry", FORMATS.values(), ids=FORMATS)
@settings(max_examples=120, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=14), start=st.data())
def test_any_mixture_is_read(entry: Format, pieces: list[str], start: st.DataObject) -> None:
    """Whatever stands beside whatever, a format reads it or refuses it, and keeps what it may."""
    beginning = start.draw(st.sampled_from(("", *BEGINNINGS.get(entry.name, ()))))
    text = beginning + "".join(pieces)
    try:
        assert entry.rewrite(text, Recorder()) == text
        entry.rewrite(text, Recorder("[REDACTED:content.body]"))
    except NotThisFormatError:
        return


@pytest.mark.parametrize(("entry", "start"), STARTS)
@pytest.mark.parametrize("unit", HOSTILE, ids=repr)
def test_hostile_text_takes_linear_time(entry: Format, start: str, unit: str) -> None:
    """A format's time grows no faster than the text, up to a megabyte, whatever repeats."""

    def work(size: int) -> None:
        text = start + repeated(unit, size)
        if entry.recognize is not None:
            entry.recognize(text)
        try:
            entry.rewrite(text, Unchanging())
        except NotThisFormatError:
            pass

    assert_linear(work)


def test_beginnings_are_of_formats() -> None:
    """Every beginning belongs to a format that exists."""
    assert BEGINNINGS.keys() <= FORMATS.keys()


@pytest.mark.parametrize("entry", FORMATS.values(), ids=FORMATS)
@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet="abZ019 \n\t\"'`\\/?&=;:#%{}[]().,@-+$_<>|*é\ud800", max_size=60))
def test_any_text_stays_where_nothing_is_found(entry: Format, text: str) -> None:
    """A judge that changes nothing gets the same text back from every format."""
    try:
        assert entry.rewrite(text, Recorder()) == text
    except NotThisFormatError:
        return


@pytest.mark.parametrize("entry", FORMATS.values(), ids=FORMATS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_is_recognized_holds_a_sign(entry: Format, data: st.DataObject) -> None:
    """A format that isn't asked about texts without signs and hints would not recognize one of them."""
    if entry.recognize is None or not entry.signs:
        return
    example = data.draw(st.sampled_from(entry.examples)).text
    start, end = data.draw(st.integers(0, len(example))), data.draw(st.integers(0, len(example)))
    text = example[start:end] if start < end else example[:end] + data.draw(st.text(max_size=4))
    signs = re.compile(f"[{entry.signs}]")
    inserted = data.draw(
        st.sampled_from([each for each in ("", "x", "-") if not signs.match(each)])
    )
    bare = signs.sub(inserted, text)
    for hint in entry.hints:
        bare = re.sub(hint, hint[::2], bare, flags=re.IGNORECASE)
    assume(not any(hint in bare.lower() for hint in entry.hints))
    assert not entry.recognize(bare)
