"""CSV with a header line (RFC 4180): each field is judged under its column's name.

Commas, semicolons, tabs and bars separate. A text is only taken for CSV where a column's name means
something and the second line has as many fields, for prose has commas too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.text_words import has_meaning
from jaeger_guard.long_texts import read_all
from jaeger_guard.types import Judge

_SEPARATORS: Final = ",;\t|"
_LONGEST_HEADER: Final = 4096


@lru_cache(maxsize=1)
def _header() -> re.Pattern[str]:
    # No space around a separator: that is how sentences look.
    word = r"[\w.\-/()#]{1,64}"
    name = rf"""(?:"{word}(?:[ ]{word}){{0,3}}"|{word}(?:[ ]{word}){{0,3}})"""
    return re.compile(
        rf"\ufeff?(?P<header>{name}(?P<separator>[,;\t|]){name}(?:(?P=separator){name}){{0,255}})(?P<end>\r?\n)"
    )


@lru_cache(maxsize=len(_SEPARATORS))
def _field(separator: str) -> re.Pattern[str]:
    # RFC 4180, section 2: in quotes a field may hold anything, a quote doubled.
    other = re.escape(separator)
    return re.compile(
        rf"""(?P<quoted>"(?:[^"]++|"")*+(?:"|\Z))|(?P<plain>[^"{other}\r\n][^{other}\r\n]*+)"""
        rf"""|(?P<separator>{other})|(?P<line>[\r\n]++)|(?P<other>.)"""
    )


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite a table; a last field that was cut off is judged as far as it goes."""
    found = _header().match(text)
    if found is None:
        raise NotThisFormatError
    separator = found["separator"]
    columns = [name.strip(' "') for name in found["header"].split(separator)]
    written = [text[: found.end()]]
    place = 0
    for field in read_all(_field(separator), text[found.end() :]):
        kind, piece = field.lastgroup, field.group()
        if kind == "line":
            place = 0
        elif kind == "separator":
            place += 1
        else:
            name = columns[place] if place < len(columns) else ""
            piece = _judged(piece, name, separator, judge)
        written.append(piece)
    return "".join(written)


def _judged(piece: str, name: str, separator: str, judge: Judge) -> str:
    is_quoted = piece[:1] == '"'
    is_closed = is_quoted and len(piece) > 1 and piece[-1] == '"'
    body = piece[1:-1] if is_closed else piece[is_quoted:]
    looked_at = body.replace('""', '"') if is_quoted and '""' in body else body
    if not looked_at.strip():
        return piece
    answer = judge.value(name, looked_at)
    if answer is looked_at:
        return piece
    needs_quotes = is_quoted or any(sign in answer for sign in (separator, '"', "\n", "\r"))
    escaped = answer.replace('"', '""')
    return f'"{escaped}"' if needs_quotes else answer


def recognize(text: str) -> bool:
    """Say whether a text is a table with a header that names something sensitive."""
    return "\n" in text and any(map(has_meaning, _columns(text)))


def recognize_body(text: str) -> bool:
    """Say whether a text that is a whole body is a table: there, plain names are enough."""
    names = _columns(text)
    return any(map(has_meaning, names)) or (
        len(names) > 2 and all(name.isascii() and _plain_name().fullmatch(name) for name in names)
    )


@lru_cache(maxsize=1)
def _plain_name() -> re.Pattern[str]:
    return re.compile(r"[a-z][\w.\-]{1,63}", re.IGNORECASE)


def _columns(text: str) -> list[str]:
    """Return the names of a table's columns; none where the text is no table."""
    newline = text.find("\n", 0, _LONGEST_HEADER)
    if newline < 3 or not any(separator in text[:newline] for separator in _SEPARATORS):
        return []
    found = _header().match(text)
    if found is None:
        return []
    names = list(_names(found))
    second = text[found.end() : found.end() + 16384].partition("\n")[0]
    count = sum(
        field.lastgroup == "separator" for field in _field(found["separator"]).finditer(second)
    )
    is_cut = found.end() + len(second) >= len(text)
    fits = count + 1 == len(names) or (is_cut and 0 < count < len(names))
    is_sentence = len(names) <= 2 and any(" " in name for name in names)
    return names if fits and len(set(names)) == len(names) and not is_sentence else []


def _names(header: re.Match[str]) -> Iterator[str]:
    for name in header["header"].split(header["separator"]):
        yield name.strip(' "')


CSV: Final = Format(
    name="csv",
    rewrite=rewrite,
    recognize=recognize,
    signs="\\n",
    source="RFC 4180",
    examples=(
        FormatExample(
            'id,email,note\r\n1,a@b.example,"x, ""y"""\r\n2,,z\r\n',
            (("id", "1"), ("email", "a@b.example"), ("note", 'x, "y"'), ("id", "2"), ("note", "z")),
        ),
        FormatExample("id;password\n1;hunt", (("id", "1"), ("password", "hunt"))),
        FormatExample('id\tpassword\n1\t"hunt', (("id", "1"), ("password", "hunt"))),
    ),
)
