"""What is asked of a message before it is searched never keeps a finder from what it would find."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.formats import text_assignments, text_configuration, text_database, text_sentences
from jaeger_guard.formats.text import TEXT
from jaeger_guard.formats.text_assignments import find_assignments
from jaeger_guard.formats.text_database import find_database_errors
from jaeger_guard.formats.url import userinfo_and_host
from jaeger_guard.long_texts import holds_any

_PIECES = st.sampled_from(
    [
        *("password", "Passwort", "mot de passe", "API key", "secret-key", "license key", "PIN"),
        *("otp", "code"),
        *("pa\u017fsword", "to\u212aen", "contraseña", "hasło", "token", "pwd", "is"),
        *("x1y2z3", "hunter2"),
        *("requirepass", "rootbindpw", "sentinel auth-pass", "snmp-server community"),
        *("login ", "enable secret 5 "),
        *("=", ":", "->", "--", "-", ">", " ", " ", "\n", "'", '"', "(", ")", "[", "]", "://", "@"),
        *("/", "?", "."),
        *(opening for opening, *_ in text_database._QUOTED),
        *("Key (a", "host.example", "bob:pw1", "12", "user", ": ", " = ", "{", "}"),
        *("--token abc", "a=b"),
    ]
)
_TEXTS = st.one_of(
    st.lists(st.one_of(_PIECES, _PIECES.map(str.upper)), max_size=24).map("".join),
    st.sampled_from([example.text for example in TEXT.examples]),
)


@settings(max_examples=300)
@given(_TEXTS)
def test_no_finder_is_kept_from_a_text(text: str) -> None:
    """Where a pattern finds something, the look before it says so, too."""
    if text_sentences._noun().search(text):
        assert text_sentences._may_hold_noun(text)
    if text_configuration._directive_name().search(text):
        assert holds_any(text, text_configuration._DIRECTIVE_SIGNS)
    if (found := userinfo_and_host().search(text)) is not None:
        assert 0 <= text.find(":") < text.rfind("@"), found


@settings(max_examples=300)
@given(_TEXTS)
def test_assignments_are_those_of_the_whole_text(text: str) -> None:
    """No name with a sign behind it stands where the search is given up."""
    last = max(text.rfind(sign) for sign in ("=", ":", "->", "--"))
    assert text_assignments._assignment().search(text, last + 1) is None
    if last < 0:
        assert not list(find_assignments(text))


@settings(max_examples=300)
@given(_TEXTS)
def test_openings_are_those_of_the_whole_table(text: str) -> None:
    """The openings that a text's signs choose are all that occur in it, in their order."""
    signs = tuple(sign in text for sign in text_database._SIGNS)
    asked = text_database._openings(signs)
    assert [entry for entry in asked if entry[0] in text] == [
        entry for entry in text_database._QUOTED if entry[0] in text
    ]


@pytest.mark.parametrize("opening", [opening for opening, *_ in text_database._QUOTED])
def test_each_opening_has_a_sign(opening: str) -> None:
    """No opening is without a sign, or it would never be looked for."""
    assert any(sign in opening for sign in text_database._SIGNS)


def test_a_text_without_signs_quotes_nothing() -> None:
    """A message that has no sign is asked for none of the openings."""
    assert text_database._openings((False,) * len(text_database._SIGNS)) == ()
    assert list(find_database_errors("the order was packed and waits")) == []
