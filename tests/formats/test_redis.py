"""Redis and memcached: stored data goes; commands, keys, fields, counts and options stay."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.formats.redis import REDIS
from jaeger_guard.types import Notation


class Stored:
    """A judge that replaces stored data, users and passwords."""

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        return "#" if name in ("redis.argument", "username", "password") else text

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return text


def scrub(text: str) -> str:
    return REDIS.rewrite(text, Stored())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SET user:1 a b c", "SET user:1 # # #"),
        ("MSET a 1 b 2", "MSET a # b #"),
        ("GET user:1", "GET user:1"),
        ("SETEX k 60 x", "SETEX k 60 #"),
        ("ZADD k NX 5 x 7.5 y", "ZADD k NX 5 # 7.5 #"),
        ("ZADD k 5", "ZADD k 5"),
        ("EVAL 'return 1' 1 k x", "EVAL '#' 1 k #"),
        ("EVAL return redis.call 1 k x", "EVAL # # # # #"),
        ("EVALSHA 0a1b 2 k1 k2 x", "EVALSHA 0a1b 2 k1 k2 #"),
        ("AUTH ? ?", "AUTH ? ?"),
        ("HELLO 3", "HELLO 3"),
        ("HELLO 3 AUTH bob x SETNAME web", "HELLO 3 AUTH # # SETNAME web"),
        ("ACL SETUSER bob on >x ~k:* +@all", "ACL SETUSER # on # ~k:* +@all"),
        ("CONFIG GET maxmemory", "CONFIG GET maxmemory"),
        ("CONFIG SET masterauth x maxmemory 5", "CONFIG SET masterauth # maxmemory 5"),
        ("CONFIG SET requirepass two words", "CONFIG SET requirepass # #"),
        ("MIGRATE h 6379 k 0 5000 AUTH2 u x KEYS a", "MIGRATE h 6379 k 0 5000 AUTH2 # # KEYS a"),
        ("HSET u:1 nick bob city Rom", "HSET u:1 nick # city #"),
        ("HSET u:1 name Jo Doe", "HSET u:1 # # #"),
        ("HSET u:1 first Jo Mae last Doe Roe", "HSET u:1 # # # # # #"),
        ("HINCRBY u:1 visits 5", "HINCRBY u:1 visits 5"),
        ("XADD s MAXLEN ~ 9 * nick bob", "XADD s MAXLEN ~ 9 * nick #"),
        ("XADD s 1526919030474-0 nick bob", "XADD s 1526919030474-0 nick #"),
        ('JSON.SET k $.a {"b":"x y"}', "JSON.SET k $.a # #"),
        ("ZRANGEBYSCORE k -inf (5 LIMIT 0 10", "ZRANGEBYSCORE k -inf (5 LIMIT 0 10"),
        ("GEOADD k 13.36 38.11 x", "GEOADD k # # #"),
        ("LREM k 1 x\nGET k2\nNOCOMMAND y", "LREM k 1 #\nGET k2\nNOCOMMAND y"),
        ("MULTI; SET a x; y; EXEC", "MULTI; SET a #; #; EXEC"),
        ("ms k 2 T60\r\nab\r\n", "ms k 2 T60\r\n#\r\n"),
        ("mg k v", "mg k v"),
        ("SET k x\nsecond line", "SET k #\n# #"),
        ('SET k "cut off', 'SET k "#"'),
        ("NEW.COMMAND k x", "NEW.COMMAND k #"),
        ("set k 0 60 2\r\nab\r\n", "set k 0 60 2\r\n#\r\n"),
        ("add k 0 60 2 noreply", "add k 0 60 2 noreply"),
        ("cas k 0 60 2 99 ab", "cas k 0 60 2 99 #"),
        (
            "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$7\r\nhunter2\r\n*1\r\n$4\r\nPING\r\n",
            "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n#\r\n*1\r\n$4\r\nPING\r\n",
        ),
        ("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$7\r\nhun", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n#"),
    ],
)  # fmt: skip
def test_stored_data_goes(text: str, expected: str) -> None:
    """Command, key, field, count and option stay; what is stored doesn't, once and for all."""
    assert scrub(text) == expected
    assert scrub(expected) == expected


@settings(max_examples=100, deadline=None)
@given(
    command=st.sampled_from(["SET k {}", "LPUSH k {}", "HSET k f {}", "PUBLISH c {}", "XADD s * f {}"]),
    value=st.text("ab1 '\"\\\n\r=;*$", max_size=20),
)  # fmt: skip
def test_no_quoted_data_survives(command: str, value: str) -> None:
    """Data in quotes goes whatever it holds."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    assert "Q" not in scrub(command.format(f'"Q{escaped}Q"'))
