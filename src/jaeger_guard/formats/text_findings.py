"""Find the stretches of free text that have a structure of their own: URLs, assignments, JSON.

Each finder is one pass of a bounded pattern, or of `str.find`, over the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from jaeger_guard.formats import csv_text, graphql, json_text, redis, sql, sql_shape, url, xml
from jaeger_guard.formats.text_assignments import find_assignments, parameters_start, trim, url_end
from jaeger_guard.formats.text_code import find_code
from jaeger_guard.formats.text_configuration import find_configuration
from jaeger_guard.formats.text_database import find_database_errors
from jaeger_guard.formats.text_pairs import find_pairs
from jaeger_guard.formats.text_sentences import find_sentences
from jaeger_guard.formats.text_stretch import Stretch, judge_leaf
from jaeger_guard.long_texts import find_all, search
from jaeger_guard.markers import marker_spans
from jaeger_guard.types import Judge, Rewrite


def find_stretches(text: str) -> Iterator[Stretch]:
    """Yield every stretch of `text` that has a structure.

    They may overlap. Where two begin and end alike, the one that knows more comes first.
    """
    yield from find_database_errors(text)
    yield from find_pairs(text)
    yield from find_configuration(text)
    yield from find_assignments(text)
    yield from find_sentences(text)
    yield from find_code(text)
    yield from _urls(text)
    yield from _whole(text)
    yield from _sql_statements(text)
    yield from _documents(text)
    for start, end in marker_spans(text):
        yield Stretch(start, end, "", None)


# --- URLs --------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _request_path() -> re.Pattern[str]:
    return re.compile(
        r"(?:\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) |\burl: )(?=/)([^\s\"'<>`]++)"
    )


@lru_cache(maxsize=1)
def _parameters() -> re.Pattern[str]:
    return re.compile(r"\?[\w.\[\]%\-]{1,64}=[^\s\"'<>`]*+")


@lru_cache(maxsize=1)
def _path_before() -> re.Pattern[str]:
    return re.compile(r"(?:.*[\s\"'<>`(=:])?(?P<path>/.*)\Z", re.DOTALL)


_SCHEME_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-:"


def _urls(text: str) -> Iterator[Stretch]:
    position = text.find("://")
    while position >= 0:
        end = url_end(text, position + 3)
        window = text[max(0, position - 40) : position]
        scheme = window[len(window.rstrip(_SCHEME_CHARACTERS)) :].lstrip("0123456789+.-:")
        if scheme:
            end = _credentials_end(text, scheme, position + 3, end)
            if text[max(0, position - len(scheme) - 1) : position - len(scheme)] == "=":
                end = parameters_start(text, position + 3, end)
            yield Stretch(position - len(scheme), end, "url", judge_leaf)
        position = text.find("://", max(end, position + 3))
    for found in find_all(_request_path(), text) if "/" in text else ():
        start, end = found.span(1)
        if end - start > 1:
            yield Stretch(start, trim(text, start, end), "url", judge_leaf)
    has_userinfo = 0 <= text.find(":") < text.rfind("@")
    for found in find_all(url.userinfo_and_host(), text) if has_userinfo else ():
        end = url_end(text, found.end())
        yield Stretch(found.start(), max(end, found.end()), "url", judge_leaf)
    last = 0
    for found in find_all(_parameters(), text) if "?" in text else ():
        start, end = found.span()
        # No character is looked back at twice, as the window begins behind the last finding.
        path = _path_before().match(text[max(last, start - 1024) : start])
        if path is not None:
            start -= len(path["path"])
        last = end
        yield Stretch(start, trim(text, start, end), "url", judge_leaf)


@lru_cache(maxsize=1)
def _spaced_password() -> re.Pattern[str]:
    return re.compile(
        r"[\w.%+\-]{0,64}:(?![0-9]{1,5}(?:\s|\Z))[^/\s@]{1,128}(?:\ [^\s@/]{1,64}){1,2}@[\w.\-]{1,253}[^\s\"'<>]{0,1024}"
    )


def _credentials_end(text: str, scheme: str, start: int, end: int) -> int:
    """Go on behind a space where it is in a database's password: `postgres://u:a b@host/`."""
    if scheme.lower().startswith(("http", "ws")) or "@" in text[start : min(end, start + 400)]:
        return end
    found = _spaced_password().match(text, start)
    return end if found is None else max(end, found.end())


# --- Documents ---------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _document() -> re.Pattern[str]:
    return re.compile(r"""\{\s{0,64}["'](?=[^"'\n]{0,128}["']\s{0,8}:)|\[\s{0,64}\{\s{0,64}["']""")


def _documents(text: str) -> Iterator[Stretch]:
    if "{" in text:
        for found in find_all(_document(), text):
            yield Stretch(found.start(), found.end(), "", _rewrite_document)


def _rewrite_document(text: str, stretch: Stretch, judge: Judge) -> tuple[str, int]:
    return json_text.rewrite_from(text, stretch.start, judge)


# --- Statements --------------------------------------------------------------------------------


def _whole(text: str) -> Iterator[Stretch]:
    """Yield the whole text where it is a statement, a document or a path sooner than a message."""
    if sql_shape.recognize(text):
        yield Stretch(0, len(text), "", _rewrite_statement, covers=False)
    elif redis.recognize(text):
        yield Stretch(0, len(text), "", _rewrite_by(redis.rewrite), covers=False)
    elif graphql.recognize(text):
        yield Stretch(0, len(text), "", _rewrite_by(graphql.rewrite))
    elif xml.recognize(text):
        yield Stretch(0, len(text), "", _rewrite_by(xml.rewrite))
    elif csv_text.recognize(text):
        yield Stretch(0, len(text), "", _rewrite_by(csv_text.rewrite))
    elif text.startswith("/") and url.recognize(text):
        yield Stretch(0, len(text), "url", judge_leaf)


def _rewrite_by(rewrite: Rewrite) -> Callable[[str, Stretch, Judge], tuple[str, int]]:
    return lambda text, stretch, judge: (rewrite(text, judge), stretch.end)


@lru_cache(maxsize=1)
def _sql_start() -> re.Pattern[str]:
    # In the middle of a message: capitals and both words of a pair, or three words, or it is prose.
    return re.compile(
        r"""\b(?:SELECT\s[^\n]{1,300}?\sFROM\s|INSERT\ INTO\s[^\n]{1,300}?\sVALUES\b|UPDATE\s\S{1,100}\sSET\s
        |DELETE\ FROM\s\S{1,100}\sWHERE\s|select\s[^\n]{1,300}?\sfrom\s\S{1,100}\s(?:\w{1,64}\s)?where\s
        |insert\ into\s[^\n]{1,300}?\svalues\s?\(|update\s\S{1,100}\sset\s\S{1,100}\s?=
        |delete\ from\s\S{1,100}\swhere\s)""",
        re.VERBOSE,
    )


def _sql_statements(text: str) -> Iterator[Stretch]:
    if "'" not in text and "$" not in text:
        return
    position = 0
    while (found := search(_sql_start(), text, position)) is not None:
        line_end = text.find("\n", found.end())
        position = line_end if line_end >= 0 else len(text)
        start = found.start()
        if not text.startswith("[SQL: ", max(0, start - 6)):  # that is taken with all its lines
            yield Stretch(start, position, "", _rewrite_statement, covers=False)


def _rewrite_statement(text: str, stretch: Stretch, judge: Judge) -> tuple[str, int]:
    """Judge the quoted literals of a statement; its end is unknown, and so are the numbers there."""
    statement = text[stretch.start : stretch.end]
    return sql.rewrite_fragment(statement, judge, only_quoted=True), stretch.end
