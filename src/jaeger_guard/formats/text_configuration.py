"""Find values in configuration that a text holds: block scalars, lists of variables, Secrets' data.

Strings in three quotes, `ENV NAME value` of a Dockerfile, and directives without a sign between name
and value (`requirepass x`, `aws configure set aws_secret_access_key x`), are among them.

What stands behind a name on its own line is found as any assignment (`text_assignments`).

YAML 1.2.2, section 8.1 (block scalars); TOML 1.0, "String"; Dockerfile reference, "ENV"; Kubernetes API
reference, Secret v1, whose `data` is base64.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.text_stretch import Stretch, judge_leaf
from jaeger_guard.formats.text_words import has_meaning, is_placeholder, is_state
from jaeger_guard.long_texts import check_time, find_all, holds_any, search

SECRET_DATA: Final = "secret"


def find_configuration(text: str) -> Iterator[Stretch]:
    """Yield each value, under its name."""
    if ": |" in text or ": >" in text:
        yield from _blocks(text)
    if '"""' in text or "'''" in text:
        yield from _named(_triple_quoted(), text)
    check_time()  # and let others run: each question is a millisecond for a megabyte
    if "value:" in text and "name:" in text:
        yield from _named(_list_item(), text)
    if "ENV " in text:
        yield from _named(_docker_variable(), text)
    check_time()
    if holds_any(text, _DIRECTIVE_SIGNS) and search(_directive_name(), text) is not None:
        for found in find_all(_directive(), text):
            value, end = found["value"], found.end()
            is_prose = (
                value.isalpha() and text[end : end + 1] == " "
            )  # `requirepass directive missing`
            if not (is_prose or is_placeholder(value) or is_state(value)):
                yield Stretch(*found.span("value"), "password", judge_leaf, covers=False)
    if " set " in text:
        yield from _named(_set_command(), text)
    if "kind: Secret" in text:
        yield from _secret_data(text)


def _named(pattern: re.Pattern[str], text: str) -> Iterator[Stretch]:
    for found in find_all(pattern, text):
        name = found["name"]
        group = next(group for group in ("body", "other") if found.groupdict().get(group))
        value = found[group]
        if has_meaning(name) and not is_placeholder(value) and not is_state(value):
            yield Stretch(*found.span(group), name, judge_leaf, covers=False)


@lru_cache(maxsize=1)
def _block_header() -> re.Pattern[str]:
    return re.compile(
        r"""^(?P<indent>[ ]{0,64})(?:-[ ]{1,4})?["']?(?P<name>[A-Za-z_][\w.\-]{0,63})["']?[ ]?:[ ]"""
        r"""(?:![\w!]{1,32}[ ])?[|>][+\-0-9]{0,2}[ \t]{0,8}(?:\#[^\n]{0,256})?\r?\n""",
        re.MULTILINE,
    )


def _blocks(text: str) -> Iterator[Stretch]:
    taken = 0
    for found in find_all(_block_header(), text):
        if found.start() >= taken and has_meaning(found["name"]):
            end = taken = _block_end(text, found.end(), len(found["indent"]))
            start = end - len(text[found.end() : end].lstrip())
            if end > start:
                yield Stretch(start, end, found["name"], judge_leaf)


def _block_end(text: str, start: int, indent: int) -> int:
    """Find where the lines end that stand deeper than `indent`."""
    end = position = start
    while position < len(text):
        line_end = text.find("\n", position)
        line_end = len(text) if line_end < 0 else line_end
        content = text[position:line_end].strip()
        if content:
            if text[position:line_end].find(content) <= indent:
                break
            end = position + text[position:line_end].find(content) + len(content)
        position = line_end + 1
    return end


@lru_cache(maxsize=1)
def _triple_quoted() -> re.Pattern[str]:
    return re.compile(
        r"""(?<![\w.\-])(?P<name>[A-Za-z_][\w.\-]{0,63})["']?[ \t]{0,8}[=:][ \t]{0,8}"""
        r"""(?:\"""\s{0,8}(?P<body>(?:[^"\s]|\s(?!\s{0,8}\""")|"(?!""))++)|'''\s{0,8}(?P<other>(?:[^'\s]|\s(?!\s{0,8}''')|'(?!''))++))"""
    )


@lru_cache(maxsize=1)
def _list_item() -> re.Pattern[str]:
    return re.compile(
        r"""\bname:[ ]{1,4}["']?(?P<name>[A-Za-z_][\w.\-]{0,63})["']?[ \t]{0,4}\r?\n[ ]{0,64}value:[ ]{1,4}"""
        r"""(?:"(?P<body>[^"\n]{1,4096})|'?(?P<other>[^'"\s][^'\n]{0,4096}))"""
    )


@lru_cache(maxsize=1)
def _docker_variable() -> re.Pattern[str]:
    return re.compile(
        r"^[ \t]{0,16}ENV[ ]{1,4}(?P<name>[A-Za-z_]\w{1,63})[ ]{1,4}(?P<body>[^\s=]{1,1024})[ \t\r]{0,8}$",
        re.MULTILINE,
    )


# One of these is in each name of a directive.
_DIRECTIVE_SIGNS: Final = (
    *("requirepass", "masterauth", "bindpw", "rootpw", "sentinel ", "snmp-server ", "login "),
    *("secret ", "password "),
)


@lru_cache(maxsize=1)
def _directive_name() -> re.Pattern[str]:
    return re.compile(
        r"requirepass|masterauth|bindpw|rootpw|sentinel auth-pass|snmp-server community|\blogin "
        r"|\b(?:secret|password) [0-9] ",
    )


@lru_cache(maxsize=1)
def _directive() -> re.Pattern[str]:
    # redis.conf; slapd.conf(5) and nslcd.conf(5); netrc (GNU Inetutils, section 14.3); Cisco IOS,
    # Security Command Reference: `enable secret 5 x`, where a digit tells how it is encrypted.
    return re.compile(
        r"""(?<![\w.\-])(?:requirepass|masterauth|(?:root)?bindpw|rootpw|sentinel[ ]auth-pass[ ]\S{1,64}
        |snmp-server[ ]community|login[ ]\S{1,128}\s{1,4}password
        |(?:enable|username[ ]\S{1,64}(?:[ ]privilege[ ][0-9]{1,2})?)[ ](?:secret|password)[ ][0-9])
        [ \t]{1,8}["']?(?P<value>[^\s"'=]{3,256})""",
        re.VERBOSE,
    )


@lru_cache(maxsize=1)
def _set_command() -> re.Pattern[str]:
    # AWS CLI, npm, git, gcloud: `configure set NAME VALUE`, `config set NAME VALUE`.
    return re.compile(
        r"""\bconfig(?:ure)? set ["']?(?P<name>[A-Za-z_][\w.\-]{0,63})["']? ["']?(?P<body>[^\s"'=]{4,1024})"""
    )


@lru_cache(maxsize=1)
def _data_header() -> re.Pattern[str]:
    return re.compile(r"^(?P<indent>[ ]{0,16})(?:data|stringData):[ \t]{0,8}\r?\n", re.MULTILINE)


@lru_cache(maxsize=1)
def _data_entry() -> re.Pattern[str]:
    return re.compile(
        r"""^(?P<indent>[ ]{1,64})["']?[\w.\-]{1,253}["']?:[ \t]{0,8}""", re.MULTILINE
    )


def _secret_data(text: str) -> Iterator[Stretch]:
    taken = 0
    for header in find_all(_data_header(), text):
        if header.start() < taken:
            continue
        end = taken = _block_end(text, header.end(), len(header["indent"]))
        entries = list(_data_entry().finditer(text, header.end(), end))
        first = len(entries[0]["indent"]) if entries else 0
        entries = [entry for entry in entries if len(entry["indent"]) == first]
        for place, entry in enumerate(entries):
            last = entries[place + 1].start() if place + 1 < len(entries) else end
            value = _block_mark().sub("", text[entry.end() : last].strip(), count=1).strip("\"'")
            start = text.find(value, entry.end(), last) if value else -1
            if start >= 0 and not is_placeholder(value):
                yield Stretch(start, start + len(value), SECRET_DATA, judge_leaf)


@lru_cache(maxsize=1)
def _block_mark() -> re.Pattern[str]:
    return re.compile(r"\A[|>][+\-0-9]{0,2}\s{1,64}")
