"""Encodings are undone to look inside, and nothing is touched where there is nothing to undo."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from growth import assert_linear, repeated
from jaeger_guard import encodings
from jaeger_guard.encodings import (
    base64_decode,
    encoded_words_decode,
    fold_lookalikes,
    percent_decode,
    quoted_printable_decode,
    repair_surrogates,
    unescape,
    unescape_entities,
    unmask,
)

PLAIN = "ann@shop.example"


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("ann%40shop.example", PLAIN),
        ("ann%2540shop.example", PLAIN),
        ("ann%252540shop.example", PLAIN),
        ("100%", "100%"),
        ("%zz%4", "%zz%4"),
        ("%ff", "\ufffd"),
        ("caf%C3%A9", "café"),
    ],
)
def test_percent_is_undone_up_to_three_times(text: str, decoded: str) -> None:
    """What was encoded once, twice or thrice is seen; what only looks so stays."""
    assert decoded == percent_decode(text)


def test_percent_rounds_are_bounded() -> None:
    """No more rounds are undone than asked for."""
    assert percent_decode("%2540", rounds=1) == "%40"


def test_plus_is_a_space_where_asked() -> None:
    """In a form a plus stands for a space, and an encoded plus for a plus."""
    assert percent_decode("a+b%2Bc", plus=True) == "a b+c"
    assert percent_decode("a+b") == "a+b"


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        (r"ann\u0040shop.example", PLAIN),
        (r"ann\u{40}shop.example", PLAIN),
        (r"ann\x40shop.example", PLAIN),
        (r"ann\U00000040shop.example", PLAIN),
        (r"ann\100shop.example", PLAIN),
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\d+\.\w{2}", r"\d+\.\w{2}"),
        (r"\u{ffffff}", r"\u{ffffff}"),
        (PLAIN, PLAIN),
    ],
)
def test_escapes_of_characters_are_undone(text: str, decoded: str) -> None:
    """However a language writes a character by its number, it is seen; nothing else is touched."""
    assert unescape(text) == decoded


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("ann=40shop.example", PLAIN),
        ("caf=C3=A9", "café"),
        ("a=b", "a=b"),
        ("=FF", "\ufffd"),
    ],
)
def test_quoted_printable_is_undone(text: str, decoded: str) -> None:
    """RFC 2045: an equals sign and two capital hexadecimal digits are an octet."""
    assert quoted_printable_decode(text) == decoded


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("=?utf-8?B?YW5uQHNob3AuZXhhbXBsZQ==?=", PLAIN),
        ("<=?UTF-8?q?ann=40shop.example?=>", f"<{PLAIN}>"),
        ("=?utf-8?q?Ann_Lee?=", "Ann Lee"),
        ("Hello =?world?=", "Hello =?world?="),
        ("=?utf-8?B?!!?=", "=?utf-8?B?!!?="),
    ],
)
def test_encoded_words_are_undone(text: str, decoded: str) -> None:
    """RFC 2047: an encoded word of a mail's header is read; what only looks so stays."""
    assert encoded_words_decode(text) == decoded


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("p\u0430ssw\u043erd", "password"),
        ("pass\u200bword", "password"),
        ("\uff50\uff41\uff53\uff53", "pass"),
        ("\u043f\u0430\u0440\u043e\u043b\u044c", "\u043f\u0430\u0440\u043e\u043b\u044c"),
        ("café", "café"),
    ],
)
def test_a_disguised_word_is_seen_as_it_looks(text: str, shown: str) -> None:
    """Letters of another script count as Latin beside Latin ones; a word of its own script stays."""
    assert unmask(text) == shown


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_undone(encode: Callable[[bytes], bytes], padded: bool) -> None:
    """Both alphabets are read, with padding or without."""
    for inside in ("user:pass?>word", "grüße", "line\nline"):
        text = encode(inside.encode()).decode()
        assert base64_decode(text if padded else text.rstrip("=")) == inside


@given(st.one_of(st.binary(min_size=6, max_size=24), st.text(min_size=6).map(str.encode)))
def test_base64_is_undone_where_it_is_text(octets: bytes) -> None:
    """Whatever a word of base64 begins with, it is undone where printable UTF-8 is inside."""
    try:
        inside = octets.decode()
    except UnicodeDecodeError:
        inside = "\0"
    visible = inside.translate({9: 32, 10: 32, 13: 32})
    expected = inside if visible.isprintable() else None
    assert base64_decode(base64.b64encode(octets).decode()) == expected


@pytest.mark.parametrize("first", range(256))
def test_base64_is_undone_whatever_octet_is_first(first: int) -> None:
    """Just those octets that begin no text make a word none of base64."""
    for following in (b"", b"\x9f", b"\x9f\x98", b"\x9f\x98\x80"):
        octets = bytes([first]) + following + b" is text"
        decoded = octets.decode(errors="ignore")
        visible = decoded.translate({9: 32, 10: 32, 13: 32})
        is_text = decoded.encode() == octets and visible.isprintable()
        encoded = base64.b64encode(octets).decode()
        assert base64_decode(encoded) == (decoded if is_text else None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        "not base64 at all",
        "AAAAAAAAAAAA",
        "/////////w==",
        "abcde",
        "ééééééééé",
        "x" * 13,
    ],
)
def test_what_is_not_base64_of_text_is_left(text: str) -> None:
    """Neither another alphabet nor bytes that aren't printable text count as base64."""
    assert base64_decode(text) is None


def test_entities_are_undone() -> None:
    """Character references of HTML are read in all three notations."""
    assert unescape_entities("ann&#64;shop&#x2e;example &amp; co") == "ann@shop.example & co"


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("a\ud800b", "a\ufffdb"),
        ("\udc00", "\ufffd"),
        ("\ud83d\ude00", "😀"),
        ("é\ud800", "é\ufffd"),
    ],
)
def test_surrogates_are_repaired(text: str, repaired: str) -> None:
    """Lone surrogates are replaced and pairs joined."""
    assert repaired == repair_surrogates(text)


@given(st.text(alphabet=st.characters()))
@settings(max_examples=150)
def test_a_repaired_text_encodes(text: str) -> None:
    """Whatever the text, what comes out encodes to UTF-8, and is the same object where it did."""
    repaired = repair_surrogates(text)
    repaired.encode("utf-8")
    assert repair_surrogates(repaired) is repaired


def test_lookalikes_are_folded_with_their_places() -> None:
    """Full-width, zero-width and foreign digits are seen through, and lead back to their range."""
    disguised = "nr. ４１１１\u200b1111 ١١١١\u2011𝟏𝟏𝟏𝟏!"
    found = fold_lookalikes(disguised)
    assert found is not None
    folded, places = found
    assert folded == "nr. 41111111 1111-1111!"
    start = folded.index("4")
    end = folded.index("!")
    assert disguised[places[start] : places[end - 1] + 1] == disguised[4:-1]
    assert places[len(folded)] == len(disguised)


@given(st.text())
@settings(max_examples=150)
def test_folding_maps_every_character(text: str) -> None:
    """There is one place for each folded character and one for the end, in rising order."""
    found = fold_lookalikes(text)
    if found is not None:
        folded, places = found
        assert len(places) == len(folded) + 1
        assert list(places) == sorted(places)
        assert fold_lookalikes(folded) is None or len(folded) <= len(text)


def same_object(answer: object, text: str) -> bool:
    """Say whether nothing was undone."""
    return answer is text or answer is None


@pytest.mark.parametrize("text", ["", "plain", "naïve café", "名前"])
@pytest.mark.parametrize(
    "undo", [percent_decode, unescape_entities, repair_surrogates, fold_lookalikes]
)
def test_nothing_to_undo_gives_the_same_object(undo: Callable[[str], object], text: str) -> None:
    """A text without an encoding is answered itself, or with None."""
    assert same_object(undo(text), text)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "%",
        "%25",
        "&",
        "&#",
        "&amp;",
        "=",
        "=40",
        "=?a?q?",
        "\\x",
        "\\100",
        "a\u0430",
        "\u200b",
        "٣",
        "\ud800",
        "é",
    ],
)
@pytest.mark.parametrize(
    "undo",
    [
        *(percent_decode, unescape_entities, repair_surrogates, fold_lookalikes, base64_decode),
        *(unescape, quoted_printable_decode, encoded_words_decode, unmask),
    ],
)
def test_time_is_linear(undo: Callable[[str], object], unit: str) -> None:
    """The time to undo a hostile text grows no faster than the text, up to a megabyte."""
    assert_linear(lambda size: undo(repeated(unit, size)))


ENCODED = ["%41", "%C3%A9", "%C3", "%A9", "%F0%9F%98%80", "%80", "%FF", "%E2%82", "%2541"]


@settings(max_examples=300, deadline=None)
@given(
    parts=st.lists(st.sampled_from([*ENCODED, "%", "%4", "a", "1", "é", "z", " "]), max_size=20),
    step=st.integers(1, 9),
)
def test_a_long_text_is_decoded_as_a_short_one(parts: list[str], step: int) -> None:
    """No step parts an escape, nor a character from an octet that belongs to it."""
    text = "".join(parts)
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(encodings, "LONG", 0)
        patching.setattr(encodings, "SHORT_STEP", step)
        assert encodings.unquoted(text) == unquote(text, errors="replace")
