"""Which format a text is of is known sooner where a scanner has looked at it, and is the same."""

from __future__ import annotations

import itertools
import string
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.detectors import installed_detectors
from jaeger_guard.formats import FORMATS
from jaeger_guard.scrubber.recognition import HINTS, FormatRecognizer, recognize, scanner_for

DETECTORS = installed_detectors()
SCANNER = scanner_for(DETECTORS)
EXAMPLES = tuple(example.text for entry in FORMATS.values() for example in entry.examples)
BY_SCANNER = FormatRecognizer(SCANNER.hints)
SENTENCES = (
    "the secret is x",
    "my old Password is hunter2",
    "run it with --token abc",
    "Duplicate entry of two",
    "el password del usuario",
    "la contraseña es x",
    "mot de passe : x",
    "OTP 123456",
    "please use KEY abc",
    "auth-pass abc",
    "INTO the wild",
)


@pytest.mark.parametrize("text", [*EXAMPLES, *SENTENCES])
def test_a_look_changes_nothing(text: str) -> None:
    """Every example of a format, and sentences that name secrets, are recognized as without a look."""
    assert BY_SCANNER.recognize(text, SCANNER.look(text)) == recognize(text)


def test_any_signs_are_remembered_within_a_bound() -> None:
    """Texts of thousands of different sets of signs fill little memory: 512 of the largest, 2.5 KiB each."""
    recognizer = FormatRecognizer(SCANNER.hints)
    looks = [
        (text, SCANNER.look(text))
        for signs in itertools.islice(itertools.combinations(string.punctuation, 24), 2000)
        for text in ["".join(signs)]
    ]
    tracemalloc.start()
    for text, look in looks:
        recognizer.recognize(text, look)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1.3 * 2**20


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(EXAMPLES),
            st.sampled_from(SENTENCES),
            st.sampled_from(HINTS),
            st.text(max_size=8),
            st.sampled_from((" ", "-", " -", "=", "'", '"', "\n", "/", "?", "&", ":", "{")),
        ).flatmap(lambda piece: st.sampled_from((piece, piece.upper(), piece.title(), piece[::2]))),
        max_size=5,
    )
)
def test_a_look_changes_nothing_for_any_text(pieces: list[str]) -> None:
    """Whatever a text is joined from, it is recognized as without a look."""
    text = "".join(pieces)
    assert BY_SCANNER.recognize(text, SCANNER.look(text)) == recognize(text)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(HINTS),
            st.sampled_from(("-", "_", ".", "a", "7", "curl", "Duplicate", "mysql", "-u", "--")),
            st.text("abcXYZ019_.-", max_size=8),
        ).flatmap(lambda piece: st.sampled_from((piece, piece.upper(), piece.title(), piece[::2]))),
        min_size=1,
        max_size=5,
    )
)
def test_a_word_of_a_format_is_hinted_at(pieces: list[str]) -> None:
    """A word is of a format only where a look at it, and lines beside it, tells of a hint."""
    text = "".join(pieces)
    if BY_SCANNER.is_word(text) and recognize(text) is not None:
        assert BY_SCANNER.is_hinted(SCANNER.look(f"x\n{text}\ny"))
