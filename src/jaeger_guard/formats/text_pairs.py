"""Find values in free text that stand beside their names: list items, XML, attributes, form parts.

`['--password', 'x']`, `('password', 'x')`, `<password>x</password>`, `<add key="password"
value="x"/>`, `Cookie(name='session', value='x')`, `{:password "x"}`, and a multipart form's part.
Each finder is one pass of a bounded pattern, and gives a leaf where the name means something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from jaeger_guard.formats.text_stretch import Stretch, judge_leaf
from jaeger_guard.formats.text_words import (
    has_meaning,
    is_field_name,
    is_message,
    is_placeholder,
)
from jaeger_guard.long_texts import check_time, find_all


def find_pairs(text: str) -> Iterator[Stretch]:
    """Yield each value, under the name that stands beside it."""
    if "', " in text or '", ' in text or "','" in text or '","' in text:
        yield from _items(text)
    check_time()  # and let others run: each question is a millisecond for a megabyte
    if "<" in text and "</" in text:
        yield from _named(_element(), text)
    if "value" in text or "VALUE" in text:
        yield from _named(_name_and_value(), text)
        yield from _named(_value_and_name(), text)
    check_time()
    if ":" in text and '"' in text:
        yield from _named(_keyword(), text)
        if '";s:' in text:
            yield from _named(_serialized(), text)
    if "\n\n" in text or "\r\n\r\n" in text:
        yield from _named(_part(), text)


def _named(pattern: re.Pattern[str], text: str) -> Iterator[Stretch]:
    for found in find_all(pattern, text):
        start, end = found.span("body")
        body = found["body"]
        if end > start and has_meaning(found["name"]) and not is_placeholder(body):
            yield Stretch(start, end, found["name"], judge_leaf, covers=False)


@lru_cache(maxsize=1)
def _item() -> re.Pattern[str]:
    return re.compile(
        r"""(?P<open>[\[(]\s{0,8}b?)?(?P<quote>["'])(?P<name>-{0,2}[A-Za-z][\w.\-]{0,63})(?P=quote)\s{0,4},\s{0,8}"""
        r"""(?=[bru]?(?P<second>["'])(?P<body>(?:[^"'\\\n]|\\[^\n]|(?!(?P=second))["']){1,4096})(?:(?P=second)(?P<closed>\s{0,8}(?:[\])]|\Z))?|(?P<cut>\Z)))"""
    )


def _items(text: str) -> Iterator[Stretch]:
    """Find `'--name', 'value'` in a list, and pairs in brackets of their own."""
    for found in find_all(_item(), text):
        name = found["name"]
        option = name.startswith("-")
        if not option and not (
            found["open"] and (found["closed"] is not None or found["cut"] is not None)
        ):
            continue
        body, bare = found["body"], name.lstrip("-")
        if not has_meaning(bare) or is_placeholder(body) or body.startswith("--"):
            continue
        if not option and (is_message(body) or is_field_name(body, bare)):
            continue
        yield Stretch(*found.span("body"), bare, judge_leaf, covers=False)


@lru_cache(maxsize=1)
def _element() -> re.Pattern[str]:
    # A prefix of a namespace is no part of the name.
    return re.compile(
        r"""<(?:[\w\-]{1,32}:)?(?P<name>[A-Za-z_][\w.\-]{1,63})(?:\s[^<>]{0,256})?>\s{0,32}(?:<!\[CDATA\[)?"""
        r"""(?P<body>[^<>\]]{1,4096}?)\s{0,32}(?:\]\]>)?</"""
    )


@lru_cache(maxsize=1)
def _name_and_value() -> re.Pattern[str]:
    return re.compile(
        r"""\b(?:name|key|id|Name|Key|property|field|type)=(?P<q>["'])(?P<name>[A-Za-z][\w.:\-]{1,63})(?P=q)"""
        r"""[,\s][^<>\n]{0,128}?\b[vV]alue=(?P<v>["'])(?P<body>[^"'\n]{1,4096})(?P=v)"""
    )


@lru_cache(maxsize=1)
def _value_and_name() -> re.Pattern[str]:
    return re.compile(
        r"""\b[vV]alue=(?P<v>["'])(?P<body>[^"'\n]{1,1024})(?P=v)[,\s][^<>\n"']{0,64}?"""
        r"""\b(?:name|key|id|Name|Key)=(?P<q>["'])(?P<name>[A-Za-z][\w.:\-]{1,63})(?P=q)"""
    )


@lru_cache(maxsize=1)
def _keyword() -> re.Pattern[str]:
    # Clojure's and Lisp's: {:password "x"}
    return re.compile(
        r"""(?<![\w:]):(?P<name>[A-Za-z][\w\-]{1,63})\s{1,3}"(?P<body>(?:[^"\\\n]|\\[^\n]){1,4096})\""""
    )


@lru_cache(maxsize=1)
def _serialized() -> re.Pattern[str]:
    # PHP's serialize: s:8:"password";s:6:"hunter"; the length is of the bytes, and no longer right.
    return re.compile(
        r"""\bs:[0-9]{1,9}:"(?P<name>[A-Za-z_][\w.\-]{1,63})";s:[0-9]{1,9}:"(?P<body>[^"\n]{1,4096})"""
    )


@lru_cache(maxsize=1)
def _part() -> re.Pattern[str]:
    # RFC 7578, in the middle of a text.
    return re.compile(
        r"""\bname="(?P<name>[\w.\[\]\-]{1,64})"[^\r\n]{0,256}(?:\r?\n[^\r\n]{1,256}){0,4}\r?\n\r?\n"""
        r"""(?P<body>[^\r\n]{1,4096})"""
    )
