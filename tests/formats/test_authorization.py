"""Authorization headers keep their scheme, and every credential is judged."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.formats.authorization import AUTHORIZATION
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


FORMATS = [AUTHORIZATION]


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


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("bearer  abc", "bearer  *"),
        ("Bearer", "Bearer"),
        ("", ""),
        ("token abc", "token *"),
        ("Bearer abc==", "Bearer *"),
        ("Unknown abc def", "*"),
        ("abc=def", "*"),
        ("Bearer abc=def, ghi", "Bearer *"),
        ('Token token="a", id=7', 'Token token="*", id=*'),
        (
            'Bearer a, Basic b, Digest realm="x", nonce=y',
            'Bearer *, Basic *, Digest realm="*", nonce=*',
        ),
        ('Digest username="a\\"b, c", uri="/x"', 'Digest username="*", uri="*"'),
        ('Digest username="cut off', 'Digest username="*'),
        ("SharedAccessSignature sr=x&sig=abc&se=1", "SharedAccessSignature sr=*"),
        ('Hawk id="a", junk, mac="b"', 'Hawk id="*"*mac="*"'),
    ],
)
def test_only_the_scheme_and_names_stay(text: str, rewritten: str) -> None:
    """Whatever the scheme's syntax, no credential stands where no judge was asked."""
    assert rewritten == AUTHORIZATION.rewrite(text, Recorder(instead="*"))
