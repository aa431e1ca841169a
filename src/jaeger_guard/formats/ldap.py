"""LDAP filters (RFC 4515): attributes and the filter's shape stay, asserted values are literals.

What is said of `objectClass`, and a bare `*` for presence, is shape.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.sql_position import LITERAL
from jaeger_guard.types import Judge, Notation

_SHAPE: Final = frozenset({"objectclass", "objectcategory"})


@lru_cache(maxsize=1)
def _beginning() -> re.Pattern[str]:
    return re.compile(
        r"\s{0,64}\(\s{0,8}(?:[&|!]\s{0,8}\(\s{0,8}){0,16}[A-Za-z][\w.;\-]{0,63}(?::[\w.:]{1,64})?\s?[~<>:]?=[^=]"
    )


@lru_cache(maxsize=1)
def _assertion() -> re.Pattern[str]:
    # Section 3: parentheses in a value are written \\28 and \\29.
    return re.compile(
        r"\((?P<attribute>[A-Za-z][\w.;\-]{0,63})(?::[\w.:]{1,64})?\s?[~<>:]?=(?P<value>[^()]++)"
    )


def is_filter(text: str) -> bool:
    """Say whether `text`, under a key that promises a query, is a filter."""
    return _beginning().match(text) is not None


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite a filter; one that was cut off is read as far as it goes."""
    if not is_filter(text):
        raise NotThisFormatError
    written: list[str] = []
    end = 0
    for found in _assertion().finditer(text):
        value = found["value"]
        if found["attribute"].lower() in _SHAPE or not value.strip("* "):
            continue
        answer = judge.value(LITERAL, value, Notation.SQL)
        if answer is not value:
            written += (text[end : found.start("value")], answer)
            end = found.end()
    return "".join(written) + text[end:]


LDAP: Final = Format(
    name="ldap",
    rewrite=rewrite,
    source="RFC 4515",
    examples=(
        FormatExample(
            "(&(objectClass=person)(mail=*)(|(uid=bob)(!(cn:dn:=B*b))))",
            ((LITERAL, "bob"), (LITERAL, "B*b")),
        ),
        FormatExample("(&(uid=bob)(cn=cut", ((LITERAL, "bob"), (LITERAL, "cut"))),
    ),
)
