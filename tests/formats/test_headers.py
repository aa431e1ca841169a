"""Header blocks keep their lines, and every value is judged under its name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.headers import HEADERS
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


FORMATS = [HEADERS]


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


def test_prose_is_no_header_block() -> None:
    """A text without a field in its first two lines is refused, and not recognised."""
    for text in ("", "just words", "at 10:30 it broke\nand again", "http://a/b\nc"):
        assert not HEADERS.recognize or not HEADERS.recognize(text)
        with pytest.raises(NotThisFormatError):
            HEADERS.rewrite(text, Recorder())


def test_blocks_are_recognised() -> None:
    """Two lines of fields, or a start line and a field, are a block."""
    assert HEADERS.recognize is not None
    assert HEADERS.recognize("Host: a\r\nAccept: b\r\n")
    assert HEADERS.recognize("HTTP/1.1 200 OK\r\nServer: b")
    assert not HEADERS.recognize("Host: a")


def test_a_replaced_name_is_written_in_its_place() -> None:
    """A field's name is judged too."""

    class Names(Recorder):
        def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
            return "[x]"

    assert HEADERS.rewrite("A: b\nC: d", Names()) == "[x]: b\n[x]: d"
