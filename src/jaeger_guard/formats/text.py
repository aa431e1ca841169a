"""Free text, such as messages: URLs, assignments, JSON and quoted statements in it become leaves.

Theory of operation. Finders (`text_findings`) point at stretches of the text that have a structure.
They are taken from left to right; one that begins inside an earlier one is skipped where that was
changed, or hands its inside to the judge. Where the judge changes one, the text is cut there. What lies
between the cuts goes to the judge whole, under `text.chunk`: the end of all taking apart, where
detectors alone look. An unchanged stretch cuts nothing, so no cut goes through a detector's match.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.format import Format, FormatExample
from jaeger_guard.formats.text_findings import find_stretches
from jaeger_guard.formats.text_stretch import CHUNK, Stretch
from jaeger_guard.long_texts import search
from jaeger_guard.types import Judge


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite any text; it is never refused."""
    written: list[str] = []
    end = taken = 0
    seen = (-1, -1, "")
    for stretch in sorted(find_stretches(text), key=_order):
        identity = (stretch.start, stretch.end, stretch.name)
        if stretch.start < taken:
            continue
        if identity == seen:  # unchanged, or it would have been taken
            taken = stretch.end if stretch.covers else taken
            continue
        seen = identity
        if stretch.rewrite is None:
            taken = stretch.end
            continue
        answer, reached = stretch.rewrite(text, stretch, judge)
        if answer == text[stretch.start : reached]:
            taken = reached if stretch.covers else taken
            continue
        taken = reached
        written += (_chunk(text[end : stretch.start], judge), answer)
        end = taken
    if not written:
        return _chunk(text, judge)
    return "".join(written) + _chunk(text[end:], judge)


def _order(stretch: Stretch) -> tuple[int, int]:
    return stretch.start, -stretch.end


def _chunk(text: str, judge: Judge) -> str:
    return judge.value(CHUNK, text) if text.strip() else text


_NOUNS: Final = (
    *("[sS]ecret", "SECRET", "[tT]oken", "TOKEN", "[pP]assword", "PASSWORD", "[pP]assphrase"),
    *("[pP]asscode", "[pP]asswd", "[kK]ey", "KEY", "code", "OTP", "otp", "pin", "PIN"),
    *("requirepass", "masterauth", "auth-pass", "bindpw", "rootpw", "community"),
    *("key value is", "SELECT", "INTO", "UPDATE", "DELETE"),
)
# One stands in each noun.
_HINTS: Final = (
    *("secret", "token", "password", "passphrase", "passcode", "passwd", "key", "code"),
    *("otp", "pin"),
    *("pass", "masterauth", "bindpw", "rootpw", "community", "select", "into", "update", "delete"),
)


@lru_cache(maxsize=1)
def _signs() -> re.Pattern[str]:
    # Each begins with its last character, which is rarer than the first: `re` skips to it.
    endings = "|".join(sorted({noun[-2:] for noun in _NOUNS}))
    behind = "|".join(f"(?<={noun} )" for noun in _NOUNS)
    return re.compile(
        rf"""[ ](?<=(?:{endings}) )(?:{behind})|["'](?:(?<=near .)|(?<=user .)|(?<=data .)|(?<=value .)|(?<=== .)|(?<===.)|(?<=quals\(.)|(?<=(?:ord|ase|ret|ken|key|Key)\(.))|', ?[bru]?'|", ?[bru]?"|</"""
    )


def _recognize(text: str) -> bool:
    """Say whether sentences, lists or tags in a text may name a secret; `=` and `:` are signs too."""
    if " " not in text and "'" not in text and '"' not in text and "</" not in text:
        return False  # most values are one word; this is quicker
    return search(_signs(), text) is not None


def _example(text: str, *leaves: tuple[str, str]) -> FormatExample:
    return FormatExample(text, (*leaves, (CHUNK, text)))


TEXT: Final = Format(
    name="text",
    rewrite=rewrite,
    recognize=_recognize,
    signs=r"'\"<",
    hints=_HINTS,
    source="what log lines, exception messages and status descriptions look like",
    examples=(
        _example("nothing here, at 12:30"),
        _example(
            "see (https://a.example/b?c=d), or GET /x/y HTTP/1.1",
            ("url", "https://a.example/b?c=d"),
            ("url", "/x/y"),
        ),
        _example(
            "user=bob, 'password': 'hun ter', --token abc key=a,b",
            ("user", "bob"),
            ("password", "hun ter"),
            ("token", "abc"),
            ("key", "a,b"),
        ),
        _example('user.setPassword("a-b-c")', ("Password", "a-b-c")),
        _example("if password == 'a-b-c':", ("password", "a-b-c")),
        _example("if password == 'new_password' or token == 'EOF':"),
        _example('var dbPassword string = "a-b-c"', ("dbPassword", "a-b-c")),
        _example("masterauth a-b-c", ("password", "a-b-c")),
        _example("machine a login b password a-b-c", ("password", "a-b-c")),
        _example("changed password to 'a-b-c'", ("password", "a-b-c")),
        _example("renamed password to 'passwd_hash'"),
        _example("requirepass directive missing"),
        _example("the password for bob is hunter2", ("password", "hunter2")),
        _example("the password for user bob2 is expired"),
        _example(
            "aws configure set aws_secret_access_key ab/cd", ("aws_secret_access_key", "ab/cd")
        ),
        _example("git config set user.name bob"),
        _example("pass: 12; gpio pin: 17"),
        _example("Authorization: Bearer abc.def failed", ("Authorization", "Bearer abc.def")),
        _example("the password is hunter2.", ("password", "hunter2")),
        _example("the password is incorrect"),
        _example(
            "(psycopg.Error) Key (email)=(a@b.example) already exists.\n"
            "[SQL: INSERT INTO t VALUES ('x')]\n[parameters: ('a@b.example', 1)]\n(Background on this",
            ("db.query.parameter", "a@b.example"),
            ("db.query.text", "INSERT INTO t VALUES ('x')"),
            ("db.query.parameter", "('a@b.example', 1)"),
        ),
        _example("Duplicate entry 'a' for key 'b'", ("db.query.parameter", "a")),
        _example(
            "unknown command 'FOO', with args beginning with: 'x' 'y z' ",
            ("redis.argument", "x"),
            ("redis.argument", "y z"),
        ),
        _example('got {"password": "x", "n": 1}: 400', ("password", "x"), ("n", "1")),
        _example("Max retries exceeded with url: /a?token=b (Caused by", ("url", "/a?token=b")),
        _example('near "SELEC 5": syntax error', ("sql.literal", "5")),
    ),
)
