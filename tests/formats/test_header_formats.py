"""What holds for every format of headers: leaves, what stands between them, and broken text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.judges import Recorder
from jaeger_guard.formats.authorization import AUTHORIZATION
from jaeger_guard.formats.cookie import COOKIE, SET_COOKIE
from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.headers import HEADERS

FORMATS = [AUTHORIZATION, COOKIE, SET_COOKIE, HEADERS]


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
