"""Cookie headers keep their names and attributes, and every value is judged."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.formats.cookie import COOKIE, SET_COOKIE
from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.types import Notation


class Recorder:
    """A judge that notes the leaves and answers each with itself, or with `instead`."""

    def __init__(self, instead: str | None = None) -> None:
        self.instead = instead
        self.leaves: list[tuple[str, str]] = []

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        self.leaves.append((name, text))
        return text if self.instead is None else self.instead

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return text


FORMATS = [COOKIE, SET_COOKIE]


@pytest.mark.parametrize(
    ("entry", "example"), [(entry, example) for entry in FORMATS for example in entry.examples]
)
def test_examples_have_their_leaves(entry: Format, example: FormatExample) -> None:
    """Each example yields the leaves that it names, and stays byte for byte."""
    recorder = Recorder()
    assert example.text == entry.rewrite(example.text, recorder)
    assert example.leaves == tuple(recorder.leaves)


@pytest.mark.parametrize(
    ("entry", "example"), [(entry, example) for entry in FORMATS for example in entry.examples]
)
def test_replaced_leaves_are_gone_and_nothing_else(entry: Format, example: FormatExample) -> None:
    """Where every leaf is replaced, what remains is the text between them, in place."""
    rest = example.text
    pieces = []
    for _, value in example.leaves:
        before, found, rest = rest.partition(value)
        # A leaf may repeat letters of a name before it (`a=a`); none of the examples does.
        assert found
        pieces.append(before)
    assert "*".join([*pieces, rest]) == entry.rewrite(example.text, Recorder(instead="*"))


@given(st.text(alphabet='ab=;, "\\\r\n\t:-BearerBasicAWS4/', max_size=60))
@settings(max_examples=200)
def test_any_text_survives_a_judge_that_keeps(text: str) -> None:
    """Broken and truncated text comes back byte for byte where nothing is replaced."""
    for entry in FORMATS:
        try:
            assert text == entry.rewrite(text, Recorder())
        except NotThisFormatError:
            assert entry.name == "headers"


def test_attributes_stay() -> None:
    """Path, Expires and the like are no leaves; a second cookie behind a comma is."""
    text = "a=1; Expires=Wed, 09 Jun 2032 10:18:14 GMT, b=2; Path=/x; SameSite=Lax; c=3"
    rewritten = SET_COOKIE.rewrite(text, Recorder(instead="*"))
    expected = "a=*; Expires=Wed, 09 Jun 2032 10:18:14 GMT, b=*; Path=/x; SameSite=Lax; c=*"
    assert expected == rewritten


def test_a_replaced_name_is_written_in_its_place() -> None:
    """A cookie's name is judged too."""

    class Names(Recorder):
        def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
            return "[x]"

    assert COOKIE.rewrite(" ann@shop.example = 1;b=2", Names()) == " [x] = 1;[x]=2"


def test_what_has_no_value_stays() -> None:
    """Empty values, quotes around nothing and stray semicolons are no leaves."""
    recorder = Recorder()
    for text in ('a=;; b="" ;', "a= ", ";;"):
        assert text == COOKIE.rewrite(text, recorder)
    assert recorder.leaves == []


def test_a_cookie_behind_an_attribute_is_judged() -> None:
    """An attribute's value is cut at a comma where another cookie follows."""
    assert SET_COOKIE.rewrite("a=1; Domain=x.example, b=2", Recorder(instead="*")) == (
        "a=*; Domain=x.example, b=*"
    )
