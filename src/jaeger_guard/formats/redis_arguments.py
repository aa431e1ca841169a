"""What each argument of a Redis command is: a key, a field, a count, an option, or stored data.

Theory of operation. A table gives each command a *signature*, one letter for each argument:

    k  a key, channel or pattern: stays, and is searched for what a detector knows
    f  a field's name or a path: as a key
    n  a number that counts or ranks: stays where it is one
    w  a word of the command's own grammar: stays
    v  data
    u  a user's name;  p  a password
    o  options and their numbers, up to the end;  :  what follows repeats up to the end

A command that the table doesn't have takes a key, and data behind it.

Instrumentors join arguments without quotes, so that a value of two words looks like two arguments,
and every field behind it would be taken for a value and every value for a field. Fields therefore
stay only where all of them come out looking like field names; else they are data as well.
"""

# ruff: noqa: SIM905  (words in a string read better than a list of quotes)

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

ARGUMENT: Final = "redis.argument"
PASSWORD: Final = "password"
USER: Final = "username"

# Redis documentation, "Commands"; modules: JSON, Search, Bloom, Time series.
_SIGNATURES: Final = {
    ":k": "GET MGET DEL UNLINK EXISTS TTL PTTL TYPE PERSIST INCR DECR LPOP RPOP SMEMBERS SCARD HGETALL"
    " HKEYS HVALS HLEN LLEN STRLEN SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE WATCH"
    " RENAME RENAMENX SUNION SINTER SDIFF SINTERCARD TOUCH DUMP GETDEL ZCARD HGET HMGET HEXISTS HDEL"
    " HSTRLEN KEYS SCAN EXPIRE PEXPIRE EXPIREAT PEXPIREAT EXPIRETIME PEXPIRETIME LRANGE ZRANGE"
    " ZREVRANGE ZRANGESTORE GETRANGE SUBSTR LINDEX LTRIM INCRBY DECRBY INCRBYFLOAT SELECT SWAPDB PING"
    " INFO MULTI EXEC DISCARD DBSIZE FLUSHDB FLUSHALL CLIENT CLUSTER COMMAND SCRIPT HSCAN SSCAN ZSCAN"
    " XREAD XREADGROUP XLEN XRANGE XREVRANGE XACK XDEL XTRIM XGROUP XINFO XPENDING XCLAIM XAUTOCLAIM"
    " BLPOP BRPOP RPOPLPUSH BRPOPLPUSH LMOVE BLMOVE LMPOP BLMPOP ZPOPMIN ZPOPMAX BZPOPMIN BZPOPMAX"
    " ZMPOP SPOP SRANDMEMBER HRANDFIELD ZRANDMEMBER TIME ROLE QUIT RESET UNWATCH WAIT WAITAOF OBJECT"
    " PFCOUNT PFMERGE MEMORY SLOWLOG LATENCY SINTERSTORE SUNIONSTORE SDIFFSTORE ZUNIONSTORE"
    " ZINTERSTORE ZDIFFSTORE ZUNION ZINTER ZDIFF ZINTERCARD COPY MOVE SORT SORT_RO LCS BITCOUNT BITOP"
    " BITPOS GETBIT SETBIT ZCOUNT ZRANGEBYSCORE ZREVRANGEBYSCORE ZREMRANGEBYSCORE ZREMRANGEBYRANK"
    " GETEX HEXPIRE HPEXPIRE HTTL HPERSIST LASTSAVE SAVE BGSAVE BGREWRITEAOF REPLICAOF SLAVEOF"
    " FAILOVER MODULE FUNCTION MONITOR PUBSUB READONLY READWRITE ASKING SHUTDOWN SYNC PSYNC SENTINEL"
    " JSON.GET JSON.DEL JSON.FORGET JSON.TYPE JSON.MGET JSON.OBJKEYS JSON.OBJLEN JSON.ARRLEN"
    " JSON.STRLEN JSON.CLEAR JSON.TOGGLE JSON.ARRPOP JSON.NUMINCRBY JSON.NUMMULTBY JSON.ARRTRIM"
    " FT.CREATE FT.INFO FT.DROPINDEX FT._LIST FT.ALTER TS.RANGE TS.MRANGE TS.GET TS.CREATE BF.RESERVE"
    " BF.INFO MG MD MA ME MN GETS GAT GATS DELETE",  # the last are memcached's
    "kv": "SETNX GETSET APPEND BF.ADD BF.EXISTS CF.ADD CF.EXISTS CF.DEL PUBLISH SPUBLISH",
    "knv": "SETEX PSETEX SETRANGE LREM LSET ZINCRBY",
    "knvo": "RESTORE",
    ":kv": "MSET MSETNX",
    "k:fv": "HSET HMSET",
    "kfv": "HSETNX",
    "kfn": "HINCRBY HINCRBYFLOAT",
    "k:v": "LPUSH RPUSH LPUSHX RPUSHX SADD SREM SISMEMBER SMISMEMBER PFADD ZREM ZSCORE ZMSCORE"
    " ZRANK ZREVRANK ZRANGEBYLEX ZREVRANGEBYLEX ZLEXCOUNT ZREMRANGEBYLEX GEOADD GEODIST GEOPOS GEOHASH"
    " BF.MADD BF.MEXISTS",
    "kkv": "SMOVE",
    "kwvv": "LINSERT",
    "kvo": "SET LPOS FT.SEARCH FT.AGGREGATE FT.EXPLAIN",
    "k:nv": "ZADD",
    "k:wwnn": "BITFIELD BITFIELD_RO",
    "kf:v": "JSON.SET JSON.MERGE JSON.STRAPPEND JSON.ARRAPPEND JSON.ARRINSERT JSON.ARRINDEX",
    ":kfv": "JSON.MSET",
    "kwn": "TS.ADD",
    ":p": "AUTH",
}
_NUMBER_FOLLOWS: Final = frozenset(
    "EX PX EXAT PXAT COUNT LIMIT MAXLEN MINID IDLE IDLETIME FREQ BLOCK RANK DIALECT TIMEOUT".split()
)
_OPTIONS: Final = _NUMBER_FOLLOWS | frozenset(
    "NX XX GT LT CH KEEPTTL GET INCR REPLACE ABSTTL NOCONTENT VERBATIM WITHSCORES RETURN SORTBY ASC"
    " DESC NOMKSTREAM * ~ =".split()
)
# ACL rules that hold no secret; `>password`, `<password` and `#hash` do.
_ACL_WORDS: Final = frozenset(
    "on off nopass resetpass reset resetkeys resetchannels allkeys allchannels allcommands nocommands"
    " clearselectors sanitize-payload skip-sanitize-payload".split()
)


@lru_cache(maxsize=1)
def _by_command() -> dict[str, str]:
    return {
        command: signature
        for signature, commands in _SIGNATURES.items()
        for command in commands.split()
    }


@lru_cache(maxsize=1)
def _number() -> re.Pattern[str]:
    return re.compile(r"[(\[]?[+\-]?(?:[0-9]{1,13}(?:\.[0-9]{1,9})?|inf)", re.IGNORECASE)


@lru_cache(maxsize=1)
def _field() -> re.Pattern[str]:
    return re.compile(
        r"[a-z_$][\w.\-:$\[\]*]{0,63}|\?|[A-Z][a-z]{1,16}(?:[A-Z][a-z0-9]{1,16}){1,3}"
    )


@lru_cache(maxsize=1)
def _stream_id() -> re.Pattern[str]:
    return re.compile(r"\*|[0-9]{1,20}(?:-(?:[0-9]{1,20}|\*))?")


def is_known(command: str) -> bool:
    """Say whether `command`, in capitals, is one of Redis's."""
    return command in _by_command() or command in _SPECIAL


def names(arguments: Sequence[str]) -> list[str | None]:
    """Answer for each argument of a command, its name being the first, what it is judged under.

    None where it stays unseen.
    """
    command = arguments[0].upper() if len(arguments[0]) <= 32 else ""
    special = _SPECIAL.get(command)
    if special is not None:
        found = special(arguments)
    else:
        found = _by_signature(_by_command().get(command, "k:v"), arguments)
    # A command cut off behind its name has fewer arguments than its grammar begins with.
    behind = zip(arguments[1:], found[: len(arguments) - 1], strict=True)
    return [None, *(None if text == "?" else name for text, name in behind)]


def _by_signature(signature: str, arguments: Sequence[str]) -> list[str | None]:
    head, _, loop = signature.partition(":")
    kinds: list[str] = []
    previous = ""
    skipped = 0
    for text in arguments[1:]:
        place = len(kinds) - skipped
        if place < len(head):
            kind = head[place]
        elif loop:
            is_option = place == len(head) and "n" in loop and text.upper() in _OPTIONS
            kind = "o" if is_option else loop[(place - len(head)) % len(loop)]
            skipped += is_option  # ZADD's options stand before its pairs
        else:
            kind = "o" if head[-1:] == "o" else "v"
        if kind == "o":
            kind = _option(text, previous)
        kinds.append(kind)
        previous = text.upper() if kind == "w" else (previous if kind == "n" else "")
    return _as_names(kinds, arguments[1:])


def _option(text: str, previous: str) -> str:
    if text.upper() in _OPTIONS:
        return "w"
    return "n" if previous in _NUMBER_FOLLOWS else "v"


def _as_names(kinds: Sequence[str], arguments: Sequence[str]) -> list[str | None]:
    fields = [text for kind, text in zip(kinds, arguments, strict=True) if kind == "f"]
    values = sum(kind == "v" for kind in kinds)
    trusted = all(map(_field().fullmatch, fields)) and (len(fields) <= 1 or len(fields) == values)
    return [_name(kind, text, trusted=trusted) for kind, text in zip(kinds, arguments, strict=True)]


def _name(kind: str, text: str, *, trusted: bool) -> str | None:
    if kind == "k":
        return None if text.isdigit() and len(text) <= 9 else ""
    if kind == "f":
        return "" if trusted else ARGUMENT
    if kind in ("n", "w"):
        is_plain = _number().fullmatch(text) is not None or (kind == "w" and len(text) <= 16)
        return None if is_plain else ARGUMENT
    if kind == "v" and text in ("-", "+"):  # ZRANGEBYLEX from the first, to the last
        return None
    return {"u": USER, "p": PASSWORD}.get(kind, ARGUMENT)


# --- Commands with a grammar of their own; each answers for the arguments behind its name --------


def _hello(arguments: Sequence[str]) -> list[str | None]:
    found: list[str | None] = [None] * (len(arguments) - 1)
    upper = [text.upper() for text in arguments]
    place = upper.index("AUTH") if "AUTH" in upper else len(arguments)
    for index in range(place + 1, len(arguments)):
        distance = index - place
        known = distance > 2 and upper[index] == "SETNAME"
        found[index - 1] = None if known else (USER, PASSWORD)[min(distance, 2) - 1]
        if distance > 3 and upper[index - 1] == "SETNAME":
            found[index - 1] = ""
    return found


def _acl(arguments: Sequence[str]) -> list[str | None]:
    found: list[str | None] = [None, USER][: len(arguments) - 1]
    for text in arguments[3:]:
        open_rule = text.lower() in _ACL_WORDS or text[:1] in ("~", "+", "-", "&", "%", "(", ")")
        found.append("" if open_rule else PASSWORD)
    return found


def _config(arguments: Sequence[str]) -> list[str | None]:
    """Answer for `CONFIG SET parameter value …`; a password of several words takes the rest."""
    found: list[str | None] = [None]
    in_pairs = len(arguments) % 2 == 0
    secret = ""
    for index in range(2, len(arguments)):
        text = arguments[index].upper()
        if index == 2 or (in_pairs and index % 2 == 0):
            secret = PASSWORD if "PASS" in text or "AUTH" in text else ""
            found.append(None)
        else:
            found.append(secret)
    return found


def _migrate(arguments: Sequence[str]) -> list[str | None]:
    """Answer for `MIGRATE host port key db timeout … AUTH password | AUTH2 user password`."""
    found: list[str | None] = []
    before = last = ""
    for text in arguments[1:]:
        if last == "AUTH" or before == "AUTH2":
            found.append(PASSWORD)
        elif last == "AUTH2":
            found.append(USER)
        else:
            found.append(None if text.isdigit() else "")
        before, last = last, text.upper()
    return found


def _eval(arguments: Sequence[str]) -> list[str | None]:
    """Answer for `EVAL script numkeys key … argument …`; a script without quotes is many words."""
    is_hash = arguments[0].upper().startswith(("EVALSHA", "FCALL"))
    found: list[str | None] = ["" if is_hash else ARGUMENT]
    count = arguments[2] if len(arguments) > 2 else ""
    if not (count.isdigit() and len(count) <= 4):
        return [ARGUMENT] * (len(arguments) - 1)
    keys = min(int(count), len(arguments) - 3)
    return [*found, None, *[""] * keys, *[ARGUMENT] * (len(arguments) - 3 - keys)]


def _xadd(arguments: Sequence[str]) -> list[str | None]:
    """Answer for `XADD key [NOMKSTREAM] [MAXLEN ~ n] id field value …`."""
    found: list[str | None] = [""]
    previous = ""
    index = 2
    while index < len(arguments):
        text = arguments[index]
        upper = text.upper()
        if upper in _OPTIONS and text != "*":
            previous = upper if upper in _NUMBER_FOLLOWS else previous
        elif previous and _stream_id().fullmatch(text):
            previous = ""
        else:
            break
        found.append(None)
        index += 1
    if index >= len(arguments):
        return found
    is_id = _stream_id().fullmatch(arguments[index]) is not None
    pairs = arguments[index + is_id :]
    kinds = ["fv"[place % 2] for place in range(len(pairs))]
    return [*found, *([None] if is_id else []), *_as_names(kinds, pairs)]


_SPECIAL: Final = {
    "HELLO": _hello,
    "ACL": _acl,
    "CONFIG": _config,
    "MIGRATE": _migrate,
    "EVAL": _eval,
    "EVAL_RO": _eval,
    "EVALSHA": _eval,
    "EVALSHA_RO": _eval,
    "FCALL": _eval,
    "FCALL_RO": _eval,
    "XADD": _xadd,
}
