"""Header blocks keep their lines, and every value is judged under its name."""

from __future__ import annotations

import pytest

from formats.judges import Recorder
from jaeger_guard.formats.format import NotThisFormatError
from jaeger_guard.formats.headers import HEADERS
from jaeger_guard.types import Notation


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
