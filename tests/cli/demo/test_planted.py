"""The search: what is planted is found, however it is written."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from jaeger_guard.cli.demo.planted import PLANTED, Planted, found, stretches

each = pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.label)


@each
def test_value_is_found_in_received_bytes(planted: Planted) -> None:
    """A value inside a protobuf message is found without decoding the message."""
    payload = AnyValue(string_value=f"before {planted.value} behind").SerializeToString()
    assert planted in found([payload], [])


@each
@pytest.mark.parametrize(
    "write",
    [
        str.upper,
        lambda text: quote(text, safe=""),
        quote_plus,
        lambda text: quote(quote(text, safe=""), safe=""),
        html.escape,
        lambda text: json.dumps({"key": text}),
        lambda text: text.replace("-", "").replace(" ", ""),
        lambda text: text.encode().hex(),
    ],
    ids=["upper", "percent", "form", "percent twice", "html", "json", "joined", "hex"],
)
def test_value_is_found_however_it_is_written(planted: Planted, write: object) -> None:
    """Encodings, cases and separators hide nothing, in the search and in the highlighting."""
    assert callable(write)
    text = f"x={write(planted.value)};"
    assert planted in found([], [text])
    assert stretches(text) != []


@each
@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_value_is_found_in_base64(planted: Planted, before: str, encode: object) -> None:
    """Base64 hides nothing, wherever in it the value starts."""
    assert callable(encode)
    text = encode(f"{before}{planted.value}:x".encode()).decode()
    assert planted in found([], [f"Basic {text}"])


def test_markers_and_neighbours_are_not_taken_for_it() -> None:
    """Markers, networks instead of addresses, and useful values are no leaks."""
    texts = ["[REDACTED:contact.email]", "203.0.113.0", "/orders/REDACTED", "4539", "lindqvist"]
    assert found([], texts) == frozenset()
    assert [stretches(text) for text in texts] == [[]] * len(texts)


def test_numbers_are_looked_for_in_decoded_texts() -> None:
    """A card number as an integer is a varint in the bytes; its decoded text tells."""
    assert [planted.label for planted in found([], ["5425233430109903"])] == [
        "a payment card, as a number"
    ]


def test_highlighting_covers_the_whole_value() -> None:
    """What is highlighted is the value, no less."""
    for planted in PLANTED:
        text = f"<{planted.value}>"
        assert stretches(text) == [(1, len(text) - 1)]
