"""Documents of any size are taken apart as a whole parser would, however they come in pieces."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.stored import StoredError, units

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)
ELEMENTS = st.lists(st.dictionaries(st.text(max_size=8), JSON, max_size=4), max_size=4)


def pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@settings(max_examples=40)
@given(
    documents=st.lists(
        st.tuples(st.sampled_from(["data", "resourceSpans", "resource_spans"]), ELEMENTS, JSON),
        max_size=4,
    ),
    around=st.booleans(),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 2]),
    size=st.integers(1, 50),
)
def test_units_are_the_elements(
    documents: list[tuple[str, Any, Any]],
    around: bool,
    ascii_only: bool,
    indent: int | None,
    size: int,
) -> None:
    """Every element comes out as json.loads reads it, in order, whatever stands beside."""
    text, expected = "", []
    for name, elements, beside in documents:
        document: dict[str, Any] = {"total": beside, name: elements, "errors": beside}
        wrapped = {"result": document} if around else document
        text += json.dumps(wrapped, ensure_ascii=ascii_only, indent=indent) + "\n"
        expected += [("trace" if name == "data" else "resource", element) for element in elements]
    found = [(unit.kind, unit.value) for unit in units(pieces(text, size))]
    assert found == expected


@settings(max_examples=40)
@given(elements=ELEMENTS.filter(bool), cut=st.integers(1, 400), size=st.integers(1, 50))
def test_what_ends_early_is_said(elements: list[Any], cut: int, size: int) -> None:
    """A document that was cut off is never taken for a whole one."""
    text = json.dumps({"data": elements})
    with pytest.raises(StoredError):
        list(units(pieces(text[: -min(cut, len(text) - 1)], size)))


def test_a_unit_beyond_the_bound_is_passed_over() -> None:
    """One unit that is too large costs itself alone, and is told."""
    text = json.dumps({"data": [{"a": 1}, {"b": "x" * 1000}, {"c": 2}]})
    found = [(unit.kind, unit.value) for unit in units(pieces(text, 64), largest=100)]
    assert found == [("trace", {"a": 1}), ("unread", None), ("trace", {"c": 2})]


def test_endless_depth_is_passed_over() -> None:
    """A unit nested without end is unread, and ends nothing else."""
    deep = "[" * 100_000 + "]" * 100_000
    found = [unit.kind for unit in units([f'{{"data": [{deep}, {{"a": 1}}]}}'])]
    assert found == ["unread", "trace"]


@pytest.mark.parametrize(
    "text",
    ["x", "{", '{"data"', '{"data": [}', '{"data": [1 2]}', '{"data": [{},', '{"a" 1}', "{a: 1}"],
)
def test_what_is_no_json_is_an_error_without_its_text(text: str) -> None:
    """The error tells the place, and nothing of what stands there."""
    with pytest.raises(StoredError, match="at character"):
        list(units([text]))
