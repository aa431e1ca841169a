"""Detect credentials in connection strings and URLs (`credential.connection`)."""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import CREDENTIAL_CONNECTION, CREDENTIAL_TOKEN
from jaeger_guard.detectors.detector import Detector, Example, NearMiss, Needles, holds_markers_only
from jaeger_guard.detectors.placeholders import is_placeholder

_SECRET: Final = "wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY"
_AUTHORITY: Final = r"[^\s/?#@\"'<>\\`]"


def _settle_userinfo(text: str, start: int, end: int) -> tuple[int, int] | None:
    value = text[start:end]
    user, colon, password = value.partition(":")
    if colon:
        if value.startswith(("[REDACTED:", "%5BREDACTED%3A")):
            return None if holds_markers_only(value) else (start, end)
        return None if not password or is_placeholder(password) else (start, end)
    # A user alone is a token where the scheme is HTTP, as in `https://ghp_...@github.com`.
    scheme = text[max(0, start - 8) : start].lower()
    return (start, end) if scheme.endswith(("http://", "https://")) and user else None


URL_USERINFO: Final = Detector(
    name="credential.url_userinfo",
    category=CREDENTIAL_CONNECTION,
    gate=Needles(texts=("://",), anchor=r"://[^\s/?#@\"'<>\\`][^\s@\"'<>]{0,300}@"),
    pattern=(
        rf"://(?P<value>{_AUTHORITY}{{1,256}}(?:@{_AUTHORITY}{{1,128}}){{0,3}}"
        # Not allowed, but seen: a password with a bare slash. A port isn't one.
        r"|[^\s/?#@:\"'<>]{0,128}:(?![0-9]{1,5}[/?#])[^\s@\"'<>]{1,128})@(?=[\w.\-\[(])"
    ),
    settle=_settle_userinfo,
    source="RFC 3986 section 3.2.1",
    examples=(
        Example("postgresql://shop:hunter2@db:5432/shop", found="shop:hunter2"),
        Example("redis://:hunter2@cache:6379/0", found=":hunter2"),
        Example("clone https://a1b2c3d4e5@git.example.com/x.git", found="a1b2c3d4e5"),
        Example("amqp://shop:p@ss:word@mq.example.com//", found="shop:p@ss:word"),
        Example("mysql+pymysql://shop:hun/ter2@db/shop", found="shop:hun/ter2"),
    ),
    near_misses=(
        NearMiss("https://example.com:8080/@alice", because="a port and a path"),
        NearMiss("https://medium.example/@alice/post", because="a path"),
        NearMiss("ssh://git@github.com/org/repository", because="a user without a password"),
        NearMiss("https://REDACTED:REDACTED@example.com/", because="our own marker"),
        NearMiss("postgresql://shop:***@db/shop", because="masked already"),
        NearMiss("postgres://user:${PASSWORD}@db", because="a placeholder"),
        NearMiss("https://example.com?to=alice@example.org", because="a query"),
    ),
)

ORACLE_CONNECTION: Final = Detector(
    name="credential.oracle_connection",
    category=CREDENTIAL_CONNECTION,
    gate=Needles(texts=("jdbc:oracle:",)),
    pattern=r"jdbc:oracle:(?:thin|oci8?):(?P<value>[^\s/@:]{1,64}/[^\s@]{1,128})@",
    source="Oracle Database JDBC Developer's Guide, section 8.2.3 (thin-style URLs)",
    examples=(Example("jdbc:oracle:thin:scott/tiger@//db:1521/x", found="scott/tiger"),),
    near_misses=(NearMiss("jdbc:oracle:thin:@//db:1521/x", because="no user"),),
)


ORACLE_EASY_CONNECT: Final = Detector(
    name="credential.oracle_easy_connect",
    category=CREDENTIAL_CONNECTION,
    gate=Needles(texts=("@//",), before=r"[^\s@\"'<>:=,;()]", reach=160),
    pattern=r"[A-Za-z][\w$#\[\]]{0,63}/(?P<value>[^\s/@\"'<>:=,;()]{1,64})@//[\w.\-]",
    settle=lambda text, start, end: None if is_placeholder(text[start:end]) else (start, end),
    source="Oracle Database Net Services administrator's guide, easy connect naming",
    examples=(Example("connecting scott/tiger2@//db:1521/orcl failed", found="tiger2"),),
    near_misses=(
        NearMiss("git+ssh@//host and a/b //c", because="no password"),
        NearMiss("scott/***@//db:1521/orcl", because="masked already"),
    ),
)


def _settle_entry(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Leave out a sentence's full stop; a placeholder is none."""
    end = start + len(text[start:end].rstrip("."))
    return None if is_placeholder(text[start:end]) else (start, end)


PASSWORD_FILE: Final = Detector(
    name="credential.password_file",
    category=CREDENTIAL_CONNECTION,
    gate=Needles(texts=(":5432:", ":5433:", ":6432:")),
    pattern=(
        r":[0-9]{2,5}:[^\s:\"']{1,64}:[^\s:\"']{1,64}:(?P<value>(?:[^\s:\"'\\&;,<>\[\]()]|\\[:\\]){1,128})"
        r"(?![:\w])"
    ),
    settle=_settle_entry,
    source="PostgreSQL documentation, section 32.16 (the password file)",
    examples=(Example("db.example:5432:shop:alice:Xy9hunter2", found="Xy9hunter2"),),
    near_misses=(
        NearMiss("127.0.0.1:5432:5432 and 0.0.0.0:5432:x", because="ports"),
        NearMiss("db.example:5432:shop:alice:*", because="nothing stands there"),
    ),
)

AWS_PAIR: Final = Detector(
    name="credential.aws_pair",
    category=CREDENTIAL_TOKEN,
    # Where a format has taken the id away already, its marker stands there.
    gate=Needles(
        texts=("AKIA", "ASIA", "[REDACTED:credential.token]"),
        anchor=r"A[KS]IA[A-Z0-9]{16}[^A-Za-z0-9]|\[REDACTED:credential\.token\][^A-Za-z0-9]",
    ),
    pattern=(
        r"(?:A[KS]IA[A-Z0-9]{16}|\[REDACTED:credential\.token\])(?:[^A-Za-z0-9+/\n]|\n){1,8}"
        r"(?:[A-Za-z_ ]{3,40}[^A-Za-z0-9+/]{1,8})?"
        r"(?P<value>(?=[^a-z]{0,39}[a-z])(?=[^A-Z]{0,39}[A-Z])[A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])"
    ),
    word_start=True,
    source="AWS IAM user guide, access keys: the id and, behind it, the secret",
    examples=(
        Example(f'["AKIA{"IOSFODNN7EXAMPLE"}", "{_SECRET}"]', found=_SECRET),
        Example(f"AKIA{'IOSFODNN7EXAMPLE'} secret: {_SECRET} ok", found=_SECRET),
    ),
    near_misses=(
        NearMiss(
            "called by AKIA" + "IOSFODNN7EXAMPL at 0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c",
            because="the id is too short, and a commit follows",
        ),
    ),
)

DETECTORS: Final = (
    URL_USERINFO,
    ORACLE_CONNECTION,
    ORACLE_EASY_CONNECT,
    PASSWORD_FILE,
    AWS_PAIR,
)
