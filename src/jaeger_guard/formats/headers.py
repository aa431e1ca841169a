"""Header blocks (RFC 9112, section 5): lines of `Name: value`, each value judged under its name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.long_texts import split_all
from jaeger_guard.types import Judge


@cache
def _field() -> re.Pattern[str]:
    # RFC 9110, section 5.1: a field name is a token; HTTP/2's start with a colon.
    return re.compile(r":?[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,128}[ \t]{0,8}:(?=[ \t]|$)[ \t]{0,64}")


@cache
def _start_line() -> re.Pattern[str]:
    return re.compile(r"[A-Z]{3,16} \S{1,8192} HTTP/[0-9.]{1,4}$|HTTP/[0-9.]{1,4} [0-9]{3}(?: |$)")


def recognize(text: str) -> bool:
    """Say whether `text` begins like a header block of two lines or more, and not like YAML."""
    newline = text.find("\n", 0, 8192)
    if newline < 0:
        return False
    first, second = text[:newline].rstrip("\r"), text[newline + 1 : newline + 300]
    if not ((_field().match(first) or _start_line().match(first)) and _field().match(second)):
        return False
    return _nested_member().search(text, newline, newline + 8192) is None


@cache
def _nested_member() -> re.Pattern[str]:
    return re.compile(r"\n[ ]{1,16}(?:-[ ])?[\w.\-]{1,64}:(?:[ ]|\r?\n)")


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite a header block; a continuation line belongs to the field above it."""
    if not any(_field().match(line.rstrip("\r")) for line in text.split("\n", 2)[:2]):
        raise NotThisFormatError
    pieces: list[str] = []
    prefix, name = "", ""
    value: list[str] = []
    for line in _lines(text):
        body = line.rstrip("\r\n")
        found = _field().match(body)
        if found is None and name and line[:1] in (" ", "\t"):
            value.append(line)  # obsolete line folding, section 5.2
            continue
        pieces.append(_rewrite_field(prefix, name, "".join(value), judge))
        if found is None:
            prefix, name, value = "", "", [line]
        else:
            prefix = found.group()
            name, value = prefix.rstrip(" \t")[:-1].strip(), [line[found.end() :]]
    pieces.append(_rewrite_field(prefix, name, "".join(value), judge))
    return "".join(pieces)


def _lines(text: str) -> Iterator[str]:
    lines = iter(split_all(text, "\n"))
    line = next(lines)
    for following in lines:
        yield line + "\n"
        line = following
    yield line


def _rewrite_field(prefix: str, name: str, value: str, judge: Judge) -> str:
    end = len(value.rstrip())
    if not end:
        return prefix + value
    if prefix:
        answer = judge.name(name)
        if answer is not name:
            prefix = prefix.replace(name, answer, 1)
    inner = value[:end]
    answer = judge.value(name, inner)
    return prefix + (value if answer is inner else answer + value[end:])


HEADERS: Final = Format(
    name="headers",
    rewrite=rewrite,
    recognize=recognize,
    signs=r"\n",
    source="RFC 9112, section 5",
    examples=(
        FormatExample(
            "Host: shop.example\r\nX-Api-Key: abc\r\nEmpty:\r\n\r\n",
            leaves=(("Host", "shop.example"), ("X-Api-Key", "abc")),
        ),
        FormatExample(
            "GET /cart HTTP/1.1\nCookie: a=1;\n  b=2\n",
            leaves=(("", "GET /cart HTTP/1.1"), ("Cookie", "a=1;\n  b=2")),
        ),
    ),
)
