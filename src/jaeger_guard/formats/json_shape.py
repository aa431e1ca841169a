"""Say whether a text is a JSON document by its shape, and what may stand before one."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=1)
def _document_start() -> re.Pattern[str]:
    # `[INFO] text` is a log line and `{id}` a route's placeholder, not documents.
    return re.compile(
        r"""\s*+(?:"|\{\s*+(?:["'}]|\Z|[\w.\-]{1,64}\s?(?:=|:))"""
        r"""|\[\s*+(?:["'\[{\]]|\Z|-?[0-9.eE+\-]{1,40}\s*+(?:[,\]]|\Z)"""
        r"""|(?:true|false|null|None|True|False)\b|b'))"""
    )


@lru_cache(maxsize=1)
def lead() -> re.Pattern[str]:
    """Match what may stand before a document; the empty text too."""
    # A byte order mark; what keeps a page from running the document as a script; JSONP's call.
    return re.compile(
        r"""\ufeff?(?:\)\]\}',?\s{0,8}|while\s?\(1\);\s{0,8}|for\s?\(;;\);\s{0,8}"""
        r"""|(?:/\*\*/\s?)?[A-Za-z_$][\w.$]{0,63}\((?=\s{0,8}[{\[]\s{0,64}["{\[]))?"""
    )


@lru_cache(maxsize=1)
def escaped_document() -> re.Pattern[str]:
    """Match the beginning of a document that was written into a string and lost its quotes."""
    return re.compile(r"""\s{0,64}(?:\[\s{0,64})?\{\s{0,64}(?:\\[nrt]){0,64}\s{0,64}\\{1,8}["']""")


def looks_like_document(text: str) -> bool:
    """Say whether `text`, under a key that promises a document, begins one."""
    if escaped_document().match(text) is not None:
        return True
    if _go_struct().match(text) is not None:
        return False
    found = lead().match(text)
    assert found is not None  # it matches the empty text too
    return _document_start().match(text, found.end()) is not None


@lru_cache(maxsize=1)
def _go_struct() -> re.Pattern[str]:
    # `{Host:db Port:5432}`, as Go's package fmt writes by %+v: it is read as a text's assignments.
    return re.compile(r"\{[A-Z]\w{0,63}:[^\s,\"'{\[:]{1,256}\s[A-Z]\w{0,63}:")


def recognize(text: str) -> bool:
    """Say whether a text under an unknown key is a document."""
    # A text in quotes alone is JSON only where a key says so, and so is one behind a call's name.
    return text[:64].lstrip("\ufeff \t\r\n")[:1] in ("{", "[", ")") and looks_like_document(text)


def recognize_body(text: str) -> bool:
    """Say whether a text that is a whole body is a document, be it in quotes or behind a call."""
    return recognize(text) or (
        looks_like_document(text)
        and (_quoted_document().match(text) is not None or _lead_call(text))
    )


def _lead_call(text: str) -> bool:
    found = lead().match(text)
    return found is not None and found.group().endswith(("(", "\n", ";"))


@lru_cache(maxsize=1)
def _quoted_document() -> re.Pattern[str]:
    return re.compile(r"""\ufeff?\s{0,64}"(?:\\+")?\s{0,64}[{\[]""")
