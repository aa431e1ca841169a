"""Redis commands as instrumentors write them: command, key and options stay, arguments are judged.

Instrumentors join a command's arguments with spaces, mostly without quotes, so what follows a key
is judged word by word. The `?` that they put in place of arguments stays.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.types import Judge

ARGUMENT: Final = "redis.argument"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Redis documentation, "Commands". All arguments are keys, fields, channels or patterns:
_KEYS_ONLY: Final = _words(
    "GET MGET DEL UNLINK EXISTS TTL PTTL TYPE PERSIST INCR DECR LPOP RPOP SMEMBERS SCARD HGETALL HKEYS"
    " HVALS HLEN LLEN STRLEN SUBSCRIBE PSUBSCRIBE UNSUBSCRIBE WATCH RENAME RENAMENX SUNION SINTER"
    " SDIFF TOUCH DUMP GETDEL ZCARD HGET HMGET HEXISTS HDEL KEYS SCAN EXPIRE PEXPIRE EXPIREAT LRANGE"
    " ZRANGE ZREVRANGE GETRANGE LINDEX LTRIM INCRBY DECRBY SELECT PING INFO MULTI EXEC DISCARD DBSIZE"
    " FLUSHDB FLUSHALL CLIENT CLUSTER COMMAND SCRIPT EVALSHA HSCAN SSCAN ZSCAN XREAD XREADGROUP XLEN"
    " XRANGE XACK BLPOP BRPOP RPOPLPUSH LMOVE SPOP SRANDMEMBER TIME ROLE QUIT UNWATCH WAIT OBJECT"
    " PFCOUNT PFMERGE MEMORY SLOWLOG LATENCY"
)
_NUMBER_FOLLOWS: Final = frozenset({"EX", "PX", "EXAT", "PXAT", "COUNT", "LIMIT", "MAXLEN", "IDLE"})
_OPTIONS: Final = _NUMBER_FOLLOWS | {
    "NX",
    "XX",
    "GT",
    "LT",
    "CH",
    "KEEPTTL",
    "GET",
    "INCR",
    "*",
    "~",
}


@lru_cache(maxsize=1)
def _token() -> re.Pattern[str]:
    return re.compile(
        r"""(?P<line>[\r\n]++)|(?P<space>[^\S\r\n]++)"""
        r"""|(?P<argument>"(?:[^"\\]++|\\.)*+"(?!\S)|'(?:[^'\\]++|\\.)*+'(?!\S)|\S++)""",
        re.DOTALL,
    )


@lru_cache(maxsize=1)
def _memcached() -> re.Pattern[str]:
    # memcached's protocol.txt, "Storage commands": the data block is the next line.
    return re.compile(
        r"\s{0,64}(?:set|add|replace|append|prepend|cas) \S{1,250} [0-9]{1,10} -?[0-9]{1,10} [0-9]{1,10}"
        r"(?: [0-9]{1,20})?(?: noreply)?[ ]{0,4}\r?\n"
    )


def is_memcached(text: str) -> bool:
    """Say whether `text` is a storage command of memcached with the data behind it."""
    return _memcached().match(text) is not None


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite one command, or a pipeline with a command on each line.

    A memcached storage command keeps its first line; what is stored is one argument.
    """
    stored = _memcached().match(text)
    if stored is not None:
        body = text[stored.end() :]
        data = body.rstrip("\r\n")
        answer = judge.value(ARGUMENT, data) if data else data
        key = stored.group().split(" ", 2)
        key[1] = judge.value("", key[1])
        return " ".join(key) + answer + body[len(data) :]
    if re.match(r"\s{0,64}[A-Za-z][\w.\-]{0,30}(?:\s|\Z)", text) is None:
        raise NotThisFormatError
    written: list[str] = []
    words: list[str] = []
    for found in _token().finditer(text):
        piece = found.group()
        if found.lastgroup == "line":
            words = []
        if found.lastgroup != "argument":
            written.append(piece)
            continue
        name = _name(words, piece)
        words.append(piece.upper() if len(piece) <= 64 else "")
        written.append(piece if name is None else _argument(name, piece, judge))
    return "".join(written)


def _name(words: list[str], piece: str) -> str | None:
    """Answer the name under which the argument behind `words` is judged; None where it stays."""
    if not words or piece == "?":
        return None
    command, index = words[0], len(words)
    if command == "AUTH":
        return "password"
    if command == "HELLO":
        if "AUTH" not in words:
            return None
        return "password" if words[-2] == "AUTH" else "username"
    if command == "ACL":
        return None if index == 1 else ("username" if index == 2 else "password")
    if command == "CONFIG":
        secret = "PASS" in words[-1] or "AUTH" in words[-1]
        return None if index < 3 else ("password" if secret else "")
    if command in _KEYS_ONLY:
        return None if piece.isdigit() and len(piece) <= 9 else ""
    if command in ("EVAL", "FCALL"):
        return None if index == 2 and piece.isdigit() else ARGUMENT
    if index == 1 or (command == "MSET" and index % 2 == 1):
        return ""
    if piece.upper() in _OPTIONS:
        return None
    is_number = piece.isdigit() and len(piece) <= 13
    if is_number and (words[-1] in _NUMBER_FOLLOWS or (command.endswith("SETEX") and index == 2)):
        return None
    return ARGUMENT


def _argument(name: str, piece: str, judge: Judge) -> str:
    quote = piece[0] if len(piece) > 1 and piece[0] in "\"'" and piece[-1] == piece[0] else ""
    body = piece[1:-1] if quote else piece
    if not body:
        return piece
    answer = judge.value(name, body)
    if answer is body:
        return piece
    if quote or any(character.isspace() for character in answer):
        quote = quote or '"'
        return quote + answer.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote
    return answer


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
    return _key().fullmatch(words[0]) is not None


REDIS: Final = Format(
    name="redis",
    rewrite=rewrite,
    recognize=recognize,
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
        FormatExample("set k 0 60 2\r\nab\r\n", ((ARGUMENT, "ab"), ("", "k"))),
    ),
)
