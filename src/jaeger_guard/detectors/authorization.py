"""Detect what headers carry: JSON Web Tokens, bearer, basic and digest credentials, signatures."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final

from jaeger_guard.categories import (
    CREDENTIAL_PASSWORD,
    CREDENTIAL_TOKEN,
)
from jaeger_guard.detectors.detector import (
    Detector,
    Example,
    NearMiss,
    Needles,
    compile_pattern,
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


def looks_random(value: str) -> bool:
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
    validate=looks_random,
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


DETECTORS: Final = (JWT, BEARER, BASIC, DIGEST, AWS_SIGNATURE)
