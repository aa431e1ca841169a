"""Cookie headers (RFC 6265): names stay, each value is judged under its name.

A value goes to the judge under `cookie.<name>`, for an unknown cookie is taken for a session's, which
an unknown JSON member is not.
"""

# ruff: noqa: SIM905  (words in a string read better than a list of quotes)

from __future__ import annotations

from typing import Final

from jaeger_guard.formats.format import Format, FormatExample
from jaeger_guard.long_texts import split_all
from jaeger_guard.types import Judge

PREFIX: Final = "cookie."


def _rewrite_pair(pair: str, judge: Judge) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        # Section 5.2: browsers take what has no "=" for a value; a bare token is seldom a word.
        return _rewrite_value("", pair, judge)
    stripped = name.strip()
    answer = judge.name(stripped)
    kept = name if answer is stripped else name.replace(stripped, answer, 1)
    return kept + equals + _rewrite_value(stripped, value, judge)


def _rewrite_value(name: str, value: str, judge: Judge) -> str:
    # Section 4.1.1: a value may stand in quotes, which are no part of what it says.
    start, end = len(value) - len(value.lstrip()), len(value.rstrip())
    if end - start >= 2 and value[start] == value[end - 1] == '"':
        start, end = start + 1, end - 1
    if start >= end:
        return value
    inner = value[start:end]
    answer = judge.value(PREFIX + name, inner)
    return value if answer is inner else value[:start] + answer + value[end:]


def rewrite_cookie(text: str, judge: Judge) -> str:
    """Rewrite a Cookie header: `name=value; name=value`."""
    return ";".join(_rewrite_pair(pair, judge) if pair else pair for pair in split_all(text, ";"))


def rewrite_set_cookie(text: str, judge: Judge) -> str:
    """Rewrite one Set-Cookie header: the first pair is the cookie, what follows its attributes."""
    pair, semicolon, attributes = text.partition(";")
    pieces = split_all(attributes, ";")
    return (
        _rewrite_pair(pair, judge)
        + semicolon
        + ";".join(_rewrite_attribute(piece, judge) if piece else piece for piece in pieces)
    )


# RFC 6265, section 4.1.1, and the attributes that browsers added since.
_ATTRIBUTES: Final = frozenset(
    "expires max-age domain path secure httponly samesite priority partitioned version comment".split()
)


def _rewrite_attribute(piece: str, judge: Judge) -> str:
    # What isn't an attribute is the pair of a further cookie, joined by a careless logger; so may be
    # what follows a comma within an attribute's value, but for the comma of a date.
    name = piece.partition("=")[0].strip().lower()
    if name in _ATTRIBUTES or not piece.strip():
        head, comma, rest = piece.partition(",")
        if comma and "=" in rest:
            return head + comma + _rewrite_pair(rest, judge)
        second, comma_again, further = rest.partition(",")
        if comma_again and "=" in further:
            return head + comma + second + comma_again + _rewrite_pair(further, judge)
        return piece
    return _rewrite_pair(piece, judge)


COOKIE: Final = Format(
    name="cookie",
    rewrite=rewrite_cookie,
    source="RFC 6265, section 4.2.1",
    examples=(
        FormatExample(
            "theme=dark; sid=8f=", leaves=(("cookie.theme", "dark"), ("cookie.sid", "8f="))
        ),
        FormatExample('a="quoted" ;b=', leaves=(("cookie.a", "quoted"),)),
        FormatExample("nameless", leaves=(("cookie.", "nameless"),)),
    ),
)

SET_COOKIE: Final = Format(
    name="set_cookie",
    rewrite=rewrite_set_cookie,
    source="RFC 6265, section 4.1.1",
    examples=(
        FormatExample(
            "sid=31d4d96e; Path=/; Expires=Wed, 09 Jun 2032 10:18:14 GMT; HttpOnly",
            leaves=(("cookie.sid", "31d4d96e"),),
        ),
        FormatExample("a=1; Path=/, b=2; Secure", leaves=(("cookie.a", "1"), ("cookie.b", "2"))),
    ),
)
