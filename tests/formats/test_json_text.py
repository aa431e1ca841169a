"""The JSON format: what parsed before parses after, and no leaf survives a judge that says no."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.formats import NotThisFormatError
from jaeger_guard.formats.json_text import JSON, MAX_DEPTH, rewrite_from
from jaeger_guard.markers import is_marker
from jaeger_guard.types import Notation

MARKER = "[REDACTED:content.body]"


class ReplaceAll:
    """A judge that replaces every leaf."""

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        return text if is_marker(text) else MARKER

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return "[REDACTED:contact.email]" if "@" in text else text


class Shout:
    """A judge whose answers need escaping."""

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        return 'it\'s "é"\n\\'

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return text


def scrub(text: str) -> str:
    return JSON.rewrite(text, ReplaceAll())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a@b.example" : 1.5}', f'{{"[REDACTED:contact.email]" : "{MARKER}"}}'),
        ("{'a': 'x', 'b': None, 'c': -1}", f"{{'a': '{MARKER}', 'b': None, 'c': \"{MARKER}\"}}"),
        ('{"a": "x', f'{{"a": "{MARKER}'),
        ('{"a": "x\\', f'{{"a": "{MARKER}'),
        ('{"a":', '{"a":'),
        ('{"a": 1} tail', f'{{"a": "{MARKER}"}} {MARKER}'),
        ('{:a=>"x", "b"=>1}', f'{{:a=>"{MARKER}", "b"=>"{MARKER}"}}'),
        ('{"a": ""}', '{"a": ""}'),
        ("{}", "{}"),
        ("[true, null]", "[true, null]"),
    ],
)  # fmt: skip
def test_leaves_go_and_the_rest_stays(text: str, expected: str) -> None:
    """Members, brackets, spaces, literals and the cut end stay byte for byte."""
    if not text.startswith("{:"):
        assert scrub(text) == expected
    assert rewrite_from(text, 0, ReplaceAll(), whole=True)[0] == expected


@pytest.mark.parametrize(
    "text", ["[INFO] started", "{id}", "[2024-01-01 10:00:00] x", "plain", "", "12", "{% if x %}"]
)
def test_log_prefixes_and_placeholders_are_refused(text: str) -> None:
    """A bracket alone makes no document."""
    with pytest.raises(NotThisFormatError):
        scrub(text)


def test_answers_are_escaped() -> None:
    """Whatever the judge answers, the result parses to it."""
    answer = 'it\'s "é"\n\\'
    assert json.loads(JSON.rewrite('{"a": ["x", 1]}', Shout())) == {"a": [answer, answer]}
    assert json.loads(JSON.rewrite('{"a": "é"}', Shout())) == {"a": answer}
    assert ast.literal_eval(JSON.rewrite("{'a': 'x'}", Shout())) == {"a": answer}


def test_depth_beyond_the_bound_is_withheld() -> None:
    """What lies deeper than the bound is never read, so it doesn't leave; the result parses."""
    text = '{"a":' * (MAX_DEPTH + 5) + '"planted"' + "}" * (MAX_DEPTH + 5)
    scrubbed = scrub(text)
    assert "planted" not in scrubbed
    assert "[REDACTED:content.withheld]" in scrubbed
    json.loads(scrubbed)
    assert scrub(scrubbed) == scrubbed


def test_names_come_from_the_nearest_member_that_says_something() -> None:
    """A generic member takes its parent's name before its own; lists take their member's."""
    leaves: list[tuple[str, str]] = []

    class Recorder(ReplaceAll):
        def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
            leaves.append((name, text))
            return text

    text = '{"password": {"value": "a", "data": ["b"]}, "x": [{"y": "c"}, ["d"]], "value": "e"}'
    assert JSON.rewrite(text, Recorder()) == text
    assert leaves == [
        ("password.value", "a"),
        ("password.data", "b"),
        ("y", "c"),
        ("x", "d"),
        ("value", "e"),
    ]


def _survivors(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _survivors(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _survivors(each)]
    return [] if value in (MARKER, "", None, True, False) else [value]


DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(document=DOCUMENTS, ascii_only=st.booleans(), indent=st.sampled_from([None, 2]))
def test_result_parses_and_no_leaf_survives(
    document: Any, ascii_only: bool, indent: int | None
) -> None:
    """Every leaf of any document is handed to the judge, and the result is JSON of that shape."""
    text = json.dumps({"root": document}, ensure_ascii=ascii_only, indent=indent)
    scrubbed = scrub(text)
    assert _survivors(json.loads(scrubbed)) == []
    assert scrub(scrubbed) == scrubbed


@settings(max_examples=100, deadline=None)
@given(document=st.dictionaries(st.text("abc'\"", max_size=4), DOCUMENTS, min_size=1, max_size=3))
def test_python_repr_is_read_too(document: Any) -> None:
    """A dict that was formatted with str() is rewritten to a dict of that shape."""
    assert _survivors(ast.literal_eval(rewrite_from(repr(document), 0, ReplaceAll())[0])) == []
