"""Redis commands as instrumentors write them: command, key and options stay, arguments are judged.

Instrumentors join a command's arguments with spaces, mostly without quotes, so what follows a key
is judged word by word (`redis_arguments` says as what). The `?` that they put in place of arguments
stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from jaeger_guard.formats import memcached
from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.redis_arguments import ARGUMENT, is_known, names
from jaeger_guard.long_texts import read_all
from jaeger_guard.types import Judge


@lru_cache(maxsize=1)
def _token() -> re.Pattern[str]:
    return re.compile(
        r"""(?P<line>[\r\n]++|;(?=\s|\Z))|(?P<space>[^\S\r\n]++)"""
        r"""|(?P<argument>"(?:[^"\\]++|\\.)*+(?:"(?!\S)|\Z)|'(?:[^'\\]++|\\.)*+(?:'(?!\S)|\Z)|(?:[^\s;]++|;(?!\s|\Z))++)""",
        re.DOTALL,
    )


@lru_cache(maxsize=1)
def _command() -> re.Pattern[str]:
    return re.compile(r"\s{0,64}[A-Za-z][\w.\-]{0,30}(?:[\s;]|\Z)")


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite one command, a pipeline with a command on each line, or the protocol's own form."""
    if memcached.is_storage_command(text):
        return memcached.rewrite(text, judge)
    if text.startswith("*") and _protocol().match(text) is not None:
        return _rewrite_protocol(text, judge)
    if _command().match(text) is None:
        raise NotThisFormatError
    written: list[str] = []
    places: list[int] = []  # of the current command's arguments, in `written`
    starts_line = True
    for found in read_all(_token(), text):
        piece = found.group()
        if found.lastgroup == "line":
            starts_line = True
        elif found.lastgroup == "argument":
            # A line that begins with no command goes on with a value of the one above.
            if starts_line and (not places or is_known(piece.upper()[:32])):
                _judge_arguments(written, places, judge)
                places = []
            starts_line = False
            places.append(len(written))
        written.append(piece)
    _judge_arguments(written, places, judge)
    return "".join(written)


def _judge_arguments(written: list[str], places: Sequence[int], judge: Judge) -> None:
    """Replace the pieces of one command by what the judge answers for them."""
    if not places:
        return
    arguments = [_unquoted(written[place])[1] for place in places]
    for place, name in zip(places, names(arguments), strict=True):
        if name is not None:
            written[place] = _argument(name, written[place], judge)


def _unquoted(piece: str) -> tuple[str, str]:
    """Answer the quote that an argument stands in, and what it says."""
    quote = piece[0]
    if quote not in "\"'":
        return "", piece
    if len(piece) > 1 and piece[-1] == quote:
        return quote, piece[1:-1]
    return quote, piece[1:]  # it was cut off


def _argument(name: str, piece: str, judge: Judge) -> str:
    quote, body = _unquoted(piece)
    if not body:
        return piece
    answer = judge.value(name, body)
    if answer is body:
        return piece
    if quote or any(character.isspace() for character in answer):
        closing = quote or '"'
        escaped = answer.replace("\\", "\\\\").replace(closing, "\\" + closing)
        return closing + escaped + closing
    return answer


# --- Redis serialization protocol: an array of bulk strings --------------------------------------


@lru_cache(maxsize=1)
def _protocol() -> re.Pattern[str]:
    return re.compile(r"\*[0-9]{1,9}\r?\n\$[0-9]{1,9}\r?\n")


@lru_cache(maxsize=1)
def _bulk_string() -> re.Pattern[str]:
    # Lengths count bytes and are often wrong behind a truncation, so that lines are what counts.
    return re.compile(
        r"(?P<array>\*[0-9]{1,9}\r?\n)|\$(?P<length>[0-9]{1,9})(?P<end>\r?\n)"
        r"(?P<body>(?:[^\r\n]++|\r?\n(?![$*][0-9]{1,9}(?:\r?\n|\Z)|\Z))*+)"
    )


def _rewrite_protocol(text: str, judge: Judge) -> str:
    """Rewrite commands as the client sends them; a changed string gets its new length."""
    commands: list[list[re.Match[str]]] = []
    for found in read_all(_bulk_string(), text):
        if found["array"] or not commands:
            commands.append([])
        if not found["array"]:
            commands[-1].append(found)
    written: list[str] = []
    position = 0
    for command in commands:
        if not command:
            continue
        for found, name in zip(command, names([each["body"] for each in command]), strict=True):
            body = found["body"]
            answer = judge.value(name, body) if name is not None and body else body
            if answer is not body:
                length = len(answer.encode("utf-8", "surrogatepass"))
                header = f"${length}{found['end']}"
                written += (text[position : found.start()], header, answer)
                position = found.end()
    return "".join(written) + text[position:]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Commands that store or send what nobody else should read; of `GET k` there is nothing to hide.
_TELLING: Final = _words(
    "SET SETEX PSETEX SETNX SETRANGE GETSET APPEND MSET MSETNX HSET HMSET HSETNX LPUSH RPUSH LPUSHX"
    " RPUSHX LREM LINSERT LSET SADD SREM SISMEMBER ZADD ZREM ZSCORE PUBLISH XADD JSON.SET"
)
_PROSE: Final = _words("OK FAILED FAILURE SUCCESS ERROR REQUIRED LOGIN PLAIN NONE START END DONE")


@lru_cache(maxsize=1)
def _key() -> re.Pattern[str]:
    return re.compile(
        r"[a-z{][^\s=,;]{0,511}|\"[^\"\n]{1,512}\"|[^\s=,;]{0,512}[:._\-0-9][^\s=,;]{0,512}"
    )


def recognize(text: str) -> bool:
    """Say whether a text under an unknown key, such as a span's name, is a command with a secret.

    In capitals, on one line, and its key looks like one: `SET UP DONE` and `AUTH FAILED` are prose.
    """
    if not "A" <= text[:1] <= "Z" or " " not in text:
        return False
    head = text[:600]
    command, _, rest = head.partition(" ")
    if not 3 <= len(command) <= 12 or not command.isupper() or not rest or "\n" in head.strip():
        return False
    words = rest.split()
    if command == "AUTH":
        return len(words) in (1, 2) and words[0].strip("!.") not in _PROSE and words[0] != "?"
    if command == "CONFIG":
        return len(words) == 3 and words[0].upper() == "SET"
    if command not in _TELLING or len(words) < 2 or words[1] in ("=", "TO", ":="):
        return False
    if words[0].endswith(":"):
        return False  # a label: `SET UP: 5`
    return _key().fullmatch(words[0]) is not None


REDIS: Final = Format(
    name="redis",
    rewrite=rewrite,
    recognize=recognize,
    signs=" ",
    source="Redis documentation, Commands and Redis serialization protocol (inline commands)",
    examples=(
        FormatExample(
            'SET user:1 "a b" EX 60 NX\nGET user:1\nHSET h ? ?',
            (("", "user:1"), (ARGUMENT, "a b"), ("", "user:1"), ("", "h")),
        ),
        FormatExample("AUTH bob hunter2", (("password", "bob"), ("password", "hunter2"))),
        FormatExample("HELLO 3 AUTH bob pw", (("username", "bob"), ("password", "pw"))),
        FormatExample("CONFIG SET requirepass pw", (("password", "pw"),)),
        FormatExample("SETEX k 60 v", (("", "k"), (ARGUMENT, "v"))),
        FormatExample("LPUSH", ()),
        FormatExample(
            "HSET u:1 nick bob city Rom",
            (("", "u:1"), ("", "nick"), (ARGUMENT, "bob"), ("", "city"), (ARGUMENT, "Rom")),
        ),
        FormatExample(
            "HSET u:1 name Jo Doe",
            (("", "u:1"), (ARGUMENT, "name"), (ARGUMENT, "Jo"), (ARGUMENT, "Doe")),
        ),
        FormatExample("XADD s MAXLEN ~ 9 * nick bob", (("", "s"), ("", "nick"), (ARGUMENT, "bob"))),
        FormatExample("ZADD b NX 1.5 bob", (("", "b"), (ARGUMENT, "bob"))),
        FormatExample(
            "ACL SETUSER bob on >pw ~k* +@all",
            (("username", "bob"), ("", "on"), ("password", ">pw"), ("", "~k*"), ("", "+@all")),
        ),
        FormatExample(
            "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\nbob\r\n", (("", "k"), (ARGUMENT, "bob"))
        ),
        FormatExample("set k 0 60 2\r\nab\r\n", ((ARGUMENT, "ab"), ("", "k"))),
    ),
)
