"""Form bodies: application/x-www-form-urlencoded and multipart/form-data (RFC 7578)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.url import plain_name, rewrite_query
from jaeger_guard.types import Judge


@lru_cache(maxsize=1)
def _first_pairs() -> re.Pattern[str]:
    name = r"[\w.\[\]%+\-]{1,64}"
    return re.compile(rf"{name}=[^&\s]{{0,8192}}&{name}=")


@lru_cache(maxsize=1)
def _disposition_parameter() -> re.Pattern[str]:
    return re.compile(r'\b(name|filename)\*?=("?)([^"\r\n;]{1,1024})\2', re.IGNORECASE)


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite a form's body; a multipart one is known by its first boundary."""
    if text.startswith("--"):
        return _rewrite_multipart(text, judge)
    if "=" not in text or text.lstrip()[:1] in ("{", "[", "<", '"'):
        raise NotThisFormatError
    return rewrite_query(text, judge)


def _rewrite_multipart(text: str, judge: Judge) -> str:
    boundary = re.match(r"--[^\s]{1,200}", text)
    if boundary is None or ("ontent-" not in text[:4096] and "ONTENT-" not in text[:4096]):
        raise NotThisFormatError
    delimiter = boundary.group()
    parts = text.split(delimiter)
    return delimiter.join(_part(part, judge) for part in parts)


def _part(text: str, judge: Judge) -> str:
    separator = re.search(r"\r?\n\r?\n", text)
    head = text if separator is None else text[: separator.start()]
    name = ""
    written: list[str] = []
    end = 0
    for found in _disposition_parameter().finditer(head):
        value = found.group(3)
        if found.group(1).lower() == "name":
            name = value
            answer = judge.name(value)
        else:
            answer = judge.value("filename", value)
        if answer is not value:
            written += (head[end : found.start(3)], answer.replace('"', "%22"))
            end = found.end(3)
    head = "".join(written) + head[end:]
    if separator is None:
        return head
    body = text[separator.end() :]
    content = body.rstrip("\r\n")
    if not content:
        return head + separator.group() + body
    answer = judge.value(plain_name(name), content)
    return head + separator.group() + answer + body[len(content) :]


@lru_cache(maxsize=1)
def _first_part() -> re.Pattern[str]:
    return re.compile(r"--[^\s]{1,200}\r?\nContent-[A-Za-z\-]{1,40}:", re.IGNORECASE)


@lru_cache(maxsize=1)
def _one_pair() -> re.Pattern[str]:
    # The padding of base64 is no value.
    return re.compile(r"[\w.\[\]%+\-]{1,64}=[^&\s<>{}\"'=][^&\s<>{}\"']*+\s{0,2}")


def _recognize(text: str) -> bool:
    if text.startswith("--"):
        return _first_part().match(text) is not None
    return _first_pairs().match(text) is not None


def recognize_body(text: str) -> bool:
    """Say whether a text that is a whole body is a form's: there, one pair is enough."""
    return _recognize(text) or _one_pair().fullmatch(text) is not None


FORM: Final = Format(
    name="form",
    rewrite=rewrite,
    recognize=_recognize,
    signs=r"=\n",
    source="WHATWG URL, section 5.1; RFC 7578",
    examples=(
        FormatExample(
            "login=bob&password=hunter+2&remember=",
            (("login", "bob"), ("password", "hunter 2")),
        ),
        FormatExample(
            '--b1\r\nContent-Disposition: form-data; name="email"\r\n\r\na@b.example\r\n--b1\r\n'
            'Content-Disposition: form-data; name="doc"; filename="cv.txt"\r\n'
            "Content-Type: text/plain\r\n\r\nHello\nyou\r\n--b1--\r\n",
            (("email", "a@b.example"), ("filename", "cv.txt"), ("doc", "Hello\nyou")),
        ),
    ),
)
