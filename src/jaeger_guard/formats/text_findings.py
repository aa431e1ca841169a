"""Find the stretches of free text that have a structure of their own: URLs, assignments, JSON.

Each finder is one pass of a bounded pattern, or of `str.find`, over the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from jaeger_guard.formats import json_text
from jaeger_guard.formats.text_database import find_database_errors
from jaeger_guard.formats.text_stretch import Stretch, judge_leaf
from jaeger_guard.markers import marker_spans
from jaeger_guard.types import Judge

# Headers whose value has several words; a cookie header's goes to the end of the line.
_COOKIE_HEADERS: Final = frozenset({"cookie", "set-cookie"})


def find_stretches(text: str) -> Iterator[Stretch]:
    """Yield every stretch of `text` that has a structure.

    They may overlap. Where two begin and end alike, the one that knows more comes first.
    """
    yield from find_database_errors(text)
    yield from _assignments(text)
    if " is " in text or " was " in text:
        yield from _statements(text)
    yield from _urls(text)
    yield from _documents(text)
    for start, end in marker_spans(text):
        yield Stretch(start, end, "", None)


# --- URLs --------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _url_rest() -> re.Pattern[str]:
    return re.compile(r"[^\s\"'<>`]*+")


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
        end = _url_end(text, position + 3)
        window = text[max(0, position - 40) : position]
        scheme = window[len(window.rstrip(_SCHEME_CHARACTERS)) :].lstrip("0123456789+.-:")
        if scheme:
            yield Stretch(position - len(scheme), end, "url", judge_leaf)
        position = text.find("://", max(end, position + 3))
    for found in _request_path().finditer(text) if "/" in text else ():
        start, end = found.span(1)
        if end - start > 1:
            yield Stretch(start, _trim(text, start, end), "url", judge_leaf)
    last = 0
    for found in _parameters().finditer(text) if "?" in text else ():
        start, end = found.span()
        # No character is looked back at twice, as the window begins behind the last finding.
        path = _path_before().match(text[max(last, start - 1024) : start])
        if path is not None:
            start -= len(path["path"])
        last = end
        yield Stretch(start, _trim(text, start, end), "url", judge_leaf)


def _url_end(text: str, start: int) -> int:
    found = _url_rest().match(text, start)
    assert found is not None  # it matches the empty text too
    return _trim(text, start, found.end())


def _trim(text: str, start: int, end: int) -> int:
    """Leave out the punctuation that belongs to the sentence around a URL."""
    for _ in range(16):
        last = text[end - 1]
        if end - start < 2:
            break
        if last in ")]}":
            opener = _OPENERS[last]
            if text.count(opener, start, end) >= text.count(last, start, end):
                break
        elif last not in ".,;:!":
            break
        end -= 1
    return end


_OPENERS: Final = {")": "(", "]": "[", "}": "{"}


# --- Assignments -------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _assignment() -> re.Pattern[str]:
    return re.compile(
        r"""(?<![\w.\-])(?:
            (?P<dashes>--)(?P<option>[A-Za-z][\w\-]{1,39})(?:=|\ (?=[^\s\-]))
          |(?:-{1,2})?(?P<quoted>\\{0,3}["'`])?(?P<name>[A-Za-z_][\w.\-\[\]]{0,63})
            (?(quoted)(?P=quoted))\s{0,3}(?:=>?|:(?![:/]/?))\ {0,3}
        )(?=\S)""",
        re.VERBOSE,
    )


@lru_cache(maxsize=1)
def _plain_value() -> re.Pattern[str]:
    # Punctuation ends a value only where a sentence's would: before a space, the end or the next
    # name; `a,b` and `p)ss` are values. A marker of ours is one unit.
    return re.compile(
        r"""(?:\[REDACTED:[a-z_.]{3,80}\]
        |[^\s,;&)\]}"'<>]++
        |[,;&](?![\w.\-\[\]]{1,40}[=:])(?=[^\s,;.)\]}:"'<>&])
        |[)\]}"'<>](?=[\w$@!\#%^*+/\-])
        )++""",
        re.VERBOSE,
    )


@lru_cache(maxsize=1)
def _scheme_and_credentials() -> re.Pattern[str]:
    # RFC 9110, section 11.4; Digest, OAuth and AWS list parameters behind the scheme.
    return re.compile(
        r"""(?:Bearer|Basic|Token|Negotiate|NTLM|ApiKey|Bot|GenericTokenScheme)\s{1,4}[^\s"',;]++"""
        r"""|(?:Digest|OAuth|AWS4-HMAC-SHA256|Hawk)\s[^\n]++""",
        re.IGNORECASE,
    )


@lru_cache(maxsize=8)
def _quoted_body(quote: str) -> re.Pattern[str]:
    return re.compile(rf"(?:[^{quote}\\\n]++|\\[^\n])*+")


def _assignments(text: str) -> Iterator[Stretch]:
    if "=" not in text and ":" not in text and "--" not in text:
        return
    pattern = _assignment()
    position = 0
    while (found := pattern.search(text, position)) is not None:
        name = found["name"] or found["option"]
        start, end, position = _value(text, found.end(), name)
        if end > start:
            yield Stretch(start, end, name, judge_leaf, covers=False)
        # `error: password=x` assigns within a value; the bound keeps `a=a=a=…` linear.
        is_short = 0 < end - start <= 256
        position = found.end() if is_short else max(position, found.end())


def _value(text: str, start: int, name: str) -> tuple[int, int, int]:
    """Answer where the value at `start` begins and ends, and where to look on."""
    backslashes = len(text[start : start + 3]) - len(text[start : start + 3].lstrip("\\"))
    quote = text[start + backslashes : start + backslashes + 1]
    if quote in ("b", "r", "u", "f") and text[start + 1 : start + 2] in ('"', "'"):
        start += 1
        quote = text[start]
    if quote and quote in "\"'`":
        body = start + backslashes + 1
        if backslashes:
            line_end = text.find("\n", body)
            closing = text.find(
                "\\" * backslashes + quote, body, line_end if line_end >= 0 else None
            )
            end = closing if closing >= 0 else (line_end if line_end >= 0 else len(text))
            return body, end, min(len(text), end + backslashes + 1)
        match = _quoted_body(quote).match(text, body)
        assert match is not None  # it matches the empty text too
        return body, match.end(), min(len(text), match.end() + 1)
    if text[start] in "{[" and text[start : start + 10] != "[REDACTED:":
        return start, start, start  # a document, or a list of assignments: looked into
    lowered = name.lower()
    if lowered in _COOKIE_HEADERS:
        line_end = text.find("\n", start)
        end = line_end if line_end >= 0 else len(text)
        return start, end, end
    credentials = _scheme_and_credentials().match(text, start)
    if credentials is not None:
        return start, credentials.end(), credentials.end()
    found = _plain_value().match(text, start)
    if found is None:
        return start, start, start
    end = found.end()
    separator = text.find("://", start, min(end, start + 40))
    if separator >= 0:
        end = _url_end(text, separator + 3)
        return start, max(end, separator + 3), max(end, separator + 3)
    while end > start and text[end - 1] in ".:":
        end -= 1
    return start, end, end


# --- Statements: the password is … -------------------------------------------------------------


@lru_cache(maxsize=1)
def _statement() -> re.Pattern[str]:
    return re.compile(
        r"""\b(?P<name>password|passwd|passphrase|pwd|secret|token|pin|otp|api\ ?key|access\ key)
        \ (?:is|was):?\ ["'`]?(?P<value>[^\s"'`]{3,256})""",
        re.VERBOSE | re.IGNORECASE,
    )


def _statements(text: str) -> Iterator[Stretch]:
    for found in _statement().finditer(text):
        value = found["value"].rstrip(".,;:)")
        # `password is required` says nothing; a word with a digit or a sign in it may be one.
        if value and not value.isalpha():
            start = found.start("value")
            yield Stretch(start, start + len(value), found["name"].replace(" ", "_"), judge_leaf)


# --- Documents ---------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _document() -> re.Pattern[str]:
    return re.compile(r"""\{\s{0,64}["'](?=[^"'\n]{0,128}["']\s{0,8}:)|\[\s{0,64}\{\s{0,64}["']""")


def _documents(text: str) -> Iterator[Stretch]:
    if "{" in text:
        for found in _document().finditer(text):
            yield Stretch(found.start(), found.end(), "", _rewrite_document)


def _rewrite_document(text: str, stretch: Stretch, judge: Judge) -> tuple[str, int]:
    return json_text.rewrite_from(text, stretch.start, judge)
