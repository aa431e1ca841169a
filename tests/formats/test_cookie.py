"""Cookie headers keep their names and attributes, and every value is judged."""

from __future__ import annotations

from formats.judges import Recorder
from jaeger_guard.formats.cookie import COOKIE, SET_COOKIE
from jaeger_guard.types import Notation


def test_attributes_stay() -> None:
    """Path, Expires and the like are no leaves; a second cookie behind a comma is."""
    text = "a=1; Expires=Wed, 09 Jun 2032 10:18:14 GMT, b=2; Path=/x; SameSite=Lax; c=3"
    rewritten = SET_COOKIE.rewrite(text, Recorder(instead="*"))
    expected = "a=*; Expires=Wed, 09 Jun 2032 10:18:14 GMT, b=*; Path=/x; SameSite=Lax; c=*"
    assert expected == rewritten


def test_a_replaced_name_is_written_in_its_place() -> None:
    """A cookie's name is judged too."""

    class Names(Recorder):
        def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
            return "[x]"

    assert COOKIE.rewrite(" ann@shop.example = 1;b=2", Names()) == " [x] = 1;[x]=2"


def test_what_has_no_value_stays() -> None:
    """Empty values, quotes around nothing and stray semicolons are no leaves."""
    recorder = Recorder()
    for text in ('a=;; b="" ;', "a= ", ";;"):
        assert text == COOKIE.rewrite(text, recorder)
    assert recorder.leaves == []


def test_a_cookie_behind_an_attribute_is_judged() -> None:
    """An attribute's value is cut at a comma where another cookie follows."""
    assert SET_COOKIE.rewrite("a=1; Domain=x.example, b=2", Recorder(instead="*")) == (
        "a=*; Domain=x.example, b=*"
    )
