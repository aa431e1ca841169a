"""Detect credentials that are known by what stands around them: headers, URLs, assignments."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final

from jaeger_guard.categories import (
    CREDENTIAL_CONNECTION,
    CREDENTIAL_PASSWORD,
    CREDENTIAL_TOKEN,
)
from jaeger_guard.detectors.detector import (
    Detector,
    Example,
    NearMiss,
    Needles,
    compile_pattern,
    holds_markers_only,
)

_BASE64URL: Final = r"[A-Za-z0-9_\-]"


def _decode(text: str) -> bytes:
    """Decode base64 of either alphabet; what doesn't fill a byte at a cut end falls away."""
    text = text.rstrip("=")
    text = text[: len(text) - (len(text) % 4 == 1)]
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_")
    except (binascii.Error, ValueError):
        return b""


def _settle_jwt(text: str, start: int, end: int) -> tuple[int, int] | None:
    token = text[start:end]
    header, dot, _ = token.partition(".")
    decoded = _decode(header)
    if not dot:
        # Cut off inside its header: the end of the text must be the end of the token.
        cut = end == len(text) or text.startswith(("...", "\u2026"), end)
        begun = compile_pattern(r'\{\s?"(?:a|al|alg|typ|kid|enc|cty|x5t|jku|jwk|zip)"')
        return (start, end) if cut and begun.match(decoded.decode("latin-1")) else None
    try:
        fields = json.loads(decoded)
    except (ValueError, RecursionError):
        return None
    return (start, end) if isinstance(fields, dict) and "alg" in fields else None


JWT: Final = Detector(
    name="credential.jwt",
    category=CREDENTIAL_TOKEN,
    gate=Needles(texts=("eyJ",)),
    # Behind `_` or `-` another run of the same alphabet may stand, so less is read there.
    pattern=(
        r"eyJ(?:(?:(?<![A-Za-z0-9_\-]eyJ)|(?<=%[0-9A-Fa-f]{2}eyJ)|(?<=\\[nrt]eyJ)"
        rf"|(?<=\\u[0-9A-Fa-f]{{4}}eyJ)){_BASE64URL}{{5,16384}}"
        rf"|(?<=[_\-]eyJ){_BASE64URL}{{5,512}})"
        rf"(?:\.{_BASE64URL}{{0,65536}}){{0,4}}(?<!\.)\.?"
    ),
    settle=lambda text, start, end: _settle_jwt(text, start, _without_full_stop(text, start, end)),
    source="RFC 7515 section 7.1, RFC 7516 section 7.1, RFC 7519 section 3",
    examples=(
        Example(
            "jwt=eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl&x=1",
            found="eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        ),
        Example(
            "cut eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIx",
            found="eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIx",
            cut=True,
        ),
        Example("cut eyJhbGci" + "OiJIUzI1", found="eyJhbGci" + "OiJIUzI1", cut=True),
        Example(
            "none eyJhbGciOiJub25lIn0." + "eyJzdWIiOiIxIn0. done",
            found="eyJhbGciOiJub25lIn0." + "eyJzdWIiOiIxIn0",
        ),
        Example(
            "jwe eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0." + ".aXZpdml2.Y2lwaGVy.dGFn;",
            found="eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0." + ".aXZpdml2.Y2lwaGVy.dGFn",
        ),
    ),
    near_misses=(
        NearMiss("cursor=eyJpZCI6NDJ9&", because="JSON in base64, but no header"),
        NearMiss("eyJpZCI6NDJ9.eyJpZCI6NDJ9.abcd", because="its header names no algorithm"),
        NearMiss("keyJoin eyJ", because="a word"),
        NearMiss("eyJhbGciOiJIUzI1Ni.eyJpZCI6NDJ9.abcd", because="its header is no JSON"),
    ),
)


def _without_full_stop(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip("."))


def _looks_random(value: str) -> bool:
    """Tell a token from a word of prose: digits, or capitals inside, or great length."""
    if any(character.isdigit() for character in value):
        return len(value) >= 6
    inner = value[1:]
    mixed = inner.lower() != inner and inner.upper() != inner
    return (len(value) >= 12 and mixed) or len(value) >= 32


_SPACES: Final = r"(?: |%20|\+|\\t){1,4}"

BEARER: Final = Detector(
    name="credential.bearer",
    category=CREDENTIAL_TOKEN,
    gate=Needles(texts=("bearer", "authorization: token"), ignore_case=True),
    pattern=(
        rf"(?i:bearer|authorization: token){_SPACES}(?P<value>[A-Za-z0-9\-._~+/]{{6,8192}}={{0,2}})"
    ),
    settle=lambda text, start, end: (start, _without_full_stop(text, start, end)),
    validate=_looks_random,
    source="RFC 6750 section 2.1",
    examples=(
        Example("Authorization: Bearer mF_9.B5f-4.1JqM", found="mF_9.B5f-4.1JqM"),
        Example('["authorization", "bearer%20a1b2c3d4"]', found="a1b2c3d4"),
        Example("got Bearer zyxWVUtsrqPON.", found="zyxWVUtsrqPON"),
    ),
    near_misses=(
        NearMiss("Bearer token is missing", because="prose"),
        NearMiss("the bearer of news", because="prose"),
        NearMiss("Bearer authentication required", because="prose"),
        NearMiss('WWW-Authenticate: Bearer realm="shop"', because="a challenge"),
        NearMiss("Bearer [REDACTED:credential.token]", because="our own marker"),
        NearMiss("Bearer token-based flow", because="prose"),
    ),
)


def _settle_basic(text: str, start: int, end: int) -> tuple[int, int] | None:
    value = text[start:end]
    decoded = _decode(value)
    readable = decoded.decode("utf-8", "replace")
    if not readable or not readable.replace("\ufffd", "x").isprintable():
        return None
    if ":" in readable and readable.count("\ufffd") <= 1:
        return start, end
    cut = end == len(text) and len(value) >= 8 and "\ufffd" not in readable
    return (start, end) if cut and not value.islower() and not value.istitle() else None


BASIC: Final = Detector(
    name="credential.basic",
    category=CREDENTIAL_PASSWORD,
    gate=Needles(texts=("basic",), ignore_case=True),
    pattern=rf"(?i:basic){_SPACES}(?P<value>[A-Za-z0-9+/_\-]{{4,2048}}(?:=|%3[Dd]){{0,2}})",
    settle=lambda text, start, end: _settle_basic(
        text, start, start + len(text[start:end].partition("%")[0])
    ),
    source="RFC 7617 section 2",
    examples=(
        Example(
            "Authorization: Basic QWxhZGRpbjpv" + "cGVuIHNlc2FtZQ==",
            found="QWxhZGRpbjpv" + "cGVuIHNlc2FtZQ==",
        ),
        Example("basic YTpi.", found="YTpi"),
    ),
    near_misses=(
        NearMiss("Basic authentication failed", because="prose"),
        NearMiss('Basic realm="shop"', because="a challenge"),
        NearMiss("basic plumbing", because="prose"),
        NearMiss("Basic bm9jb2xvbg== x", because="it holds no colon"),
    ),
)

DIGEST: Final = Detector(
    name="credential.digest",
    category=CREDENTIAL_PASSWORD,
    gate=Needles(texts=("response=",)),
    pattern=r"response=\\?\"?(?P<value>[0-9a-fA-F]{32,128})(?![0-9a-fA-F])",
    settle=lambda text, start, end: (
        (start, end) if "nonce=" in text[max(0, start - 1024) : end + 512] else None
    ),
    word_start=True,
    source="RFC 7616 section 3.4",
    examples=(
        Example(
            'Digest username="m", nonce="7ypf", response="8ca523f5e9506fed' + '4657c9700eebdbec"',
            found="8ca523f5e9506fed" + "4657c9700eebdbec",
        ),
    ),
    near_misses=(
        NearMiss("response=8ca523f5e9506fed4657c9700eebdbec", because="a checksum without a nonce"),
    ),
)

AWS_SIGNATURE: Final = Detector(
    name="credential.aws_signature",
    category=CREDENTIAL_TOKEN,
    gate=Needles(texts=("Signature=",)),
    pattern=r"Signature=(?P<value>[0-9a-f]{64})(?![0-9a-f])",
    source="AWS Signature Version 4, calculating a signature",
    examples=(
        Example(
            "SignedHeaders=host, Signature="
            + "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024",
            found="fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024",
        ),
    ),
    near_misses=(NearMiss("Signature=valid", because="a word"),),
)


def _is_placeholder(value: str) -> bool:
    """Say whether `value` stands for a secret that is elsewhere, or was masked already."""
    bare = value.strip("\"'")
    if holds_markers_only(bare) or not bare.strip("*xX\u2022.?-_"):
        return True
    if bare.lower() in _NO_VALUES:
        return True
    return compile_pattern(_BOUND_ELSEWHERE).fullmatch(bare) is not None


# Placeholders of shells, templates and database drivers: ${X} $X $1 {x} {{x}} <x> %s %(x)s :x @x.
_BOUND_ELSEWHERE: Final = (
    r"[$%#]?\{[^{}]{0,64}\}|\{\{[^{}]{0,64}\}\}|<[^<>]{0,64}>"
    r"|\$(?:[A-Z_][A-Z_0-9]{0,64}|[0-9]{1,3})|%s|%\([A-Za-z_]{1,64}\)s?|[:@][A-Za-z_]{1,64}"
)
_NO_VALUES: Final = frozenset(
    [
        "none",
        "null",
        "nil",
        "undefined",
        "true",
        "false",
        "yes",
        "no",
        "required",
        "missing",
        "invalid",
        "empty",
        "hidden",
        "masked",
        "redacted",
        "filtered",
        "removed",
        "string",
        "str",
        "text",
    ]
)

_AUTHORITY: Final = r"[^\s/?#@\"'<>\\`]"


def _settle_userinfo(text: str, start: int, end: int) -> tuple[int, int] | None:
    value = text[start:end]
    user, colon, password = value.partition(":")
    if colon:
        if value.startswith(("[REDACTED:", "%5BREDACTED%3A")):
            return None if holds_markers_only(value) else (start, end)
        return None if not password or _is_placeholder(password) else (start, end)
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

# Behind a colon prose may follow ("password: required"), unless it is quoted or has a digit.
_ASSIGN: Final = (
    r"\\?[\"']?[ ]{0,2}(?:(?:=>|:=|=|%3[Dd])[ ]{0,2}"
    r"|:[ ]{0,2}(?:(?=\\?[\"'])|(?=[^\s]{0,64}[0-9])(?=[^\s]{6})))"
)
_ASSIGNED: Final = (
    r"(?:\\?\"(?P<double>[^\"\\\r\n]{1,256})|\\?'(?P<single>[^'\\\r\n]{1,256})"
    r"|(?P<plain>[^\s;&,\"'<>()\[\]{}|\\][^\s;&,\"'<>]{0,255}))"
)


def _settle_assigned(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Leave out the quote that opens a quoted value."""
    start += len(text[start:end]) - len(text[start:end].lstrip("\\\"'"))
    if text[end - 1] in ".)]}" and text[start] not in "[({":
        end -= 1
    return None if start >= end or _is_placeholder(text[start:end]) else (start, end)


PASSWORD_ASSIGNED: Final = Detector(
    name="credential.password_assigned",
    category=CREDENTIAL_PASSWORD,
    gate=Needles(texts=("password", "passwd", "pwd", "passphrase"), ignore_case=True),
    pattern=rf"(?i:password|passwd|pwd|passphrase){_ASSIGN}(?P<value>{_ASSIGNED})",
    settle=_settle_assigned,
    source="ADO.NET connection strings; PostgreSQL manual, section 34.1.1.1 (keyword=value)",
    examples=(
        Example("Server=db;User Id=sa;Password=hunter2;Encrypt=yes", found="hunter2"),
        Example("host=db user=shop password='hunter two' port=5432", found="hunter two"),
        Example("Pwd=Xy!9;", found="Xy!9"),
        Example('{"password": "hunter2"}', found="hunter2"),
        Example("login: shop, password: hunter2", found="hunter2"),
    ),
    near_misses=(
        NearMiss("UPDATE users SET password=?", because="a placeholder"),
        NearMiss("password=%(password)s AND pwd=:pwd", because="placeholders"),
        NearMiss("WHERE password = $1", because="a placeholder"),
        NearMiss("invalid password: must be longer", because="prose"),
        NearMiss("password=[REDACTED:credential.password];", because="our own marker"),
        NearMiss("password=REDACTED&pwd=****", because="masked already"),
        NearMiss("password=None", because="no value"),
    ),
)

SECRET_ASSIGNED: Final = Detector(
    name="credential.secret_assigned",
    category=CREDENTIAL_TOKEN,
    gate=Needles(
        texts=(
            "api_key",
            "apikey",
            "api-key",
            "access_token",
            "refresh_token",
            "auth_token",
            "client_secret",
            "clientsecret",
            "secret_key",
            "secretkey",
            "secret_access_key",
            "secretaccesskey",
            "accountkey",
            "sharedaccesskey",
            "session_token",
        ),
        ignore_case=True,
    ),
    pattern=(
        r"(?i:api[_\-]?key|(?:access|refresh|auth|session)_token|client_?secret|secret_?key"
        rf"|secret_?access_?key|accountkey|sharedaccesskey){_ASSIGN}(?P<value>{_ASSIGNED})"
    ),
    settle=_settle_assigned,
    validate=lambda value: len(value) >= 8 and _looks_random(value),
    source="RFC 6749 section 2.3.1; AWS shared credentials file; Azure storage connection strings",
    examples=(
        Example(
            "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY",
            found="wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY",
        ),
        Example(
            "AccountName=x;AccountKey=Eby8vdM02xNOcqFlqUwJPLl" + "mEtlCDXJ1OUzFT50uSRZ6==;",
            found="Eby8vdM02xNOcqFlqUwJPLl" + "mEtlCDXJ1OUzFT50uSRZ6==",
        ),
        Example('"api_key": "a1b2c3d4e5f6"', found="a1b2c3d4e5f6"),
    ),
    near_misses=(
        NearMiss("api_key=required", because="prose"),
        NearMiss("client_secret={secret}", because="a placeholder"),
        NearMiss("access_token: expired", because="prose"),
    ),
)

DETECTORS: Final = (
    JWT,
    BEARER,
    BASIC,
    DIGEST,
    AWS_SIGNATURE,
    URL_USERINFO,
    ORACLE_CONNECTION,
    PASSWORD_ASSIGNED,
    SECRET_ASSIGNED,
)
