"""Authorization headers (RFC 9110, section 11.4): the scheme stays, credentials are judged.

Parameters that say how and not who (`realm`, `algorithm`, `SignedHeaders`) stay, for an engineer
needs them to see why a request was refused.
"""

# ruff: noqa: SIM905  (words in a string read better than a list of quotes)

from __future__ import annotations

import re
from functools import cache
from typing import Final

from jaeger_guard.formats.format import Format, FormatExample
from jaeger_guard.long_texts import find_all
from jaeger_guard.types import Judge

CREDENTIALS: Final = "authorization.credentials"

# The IANA registry of HTTP authentication schemes, and what large providers use beside it. A first
# word that isn't here is taken for a credential itself.
_SCHEMES: Final = frozenset(
    "basic bearer concealed digest dpop gnap hoba mutual negotiate oauth privatetoken scram-sha-1"
    " scram-sha-256 vapid ntlm kerberos token apikey api-key jwt key hmac aws aws4-hmac-sha256"
    " aws4-ecdsa-p256-sha256 sharedkey sharedkeylite sharedaccesssignature goog4-hmac-sha256"
    " goog4-rsa-sha256 signature hawk splunk genie-key sso-key mac acs http-hmac-sha256 googlelogin"
    " wsse edgegrid eg1-hmac-sha256 pat snippet discogs stytch client-bearer".split()
)
# These are followed by one credential, whatever it looks like (RFC 9110's token68, and careless kin).
_WHOLE: Final = frozenset(("basic", "bearer", "negotiate", "ntlm", "kerberos", "jwt", "dpop"))
_OPEN_PARAMETERS: Final = frozenset(
    "realm algorithm qop nc signedheaders headers stale charset mechanism"
    " oauth_signature_method oauth_version oauth_timestamp ext hash".split()
)


@cache
def _parameter() -> re.Pattern[str]:
    # RFC 9110, section 11.2: auth-param. A quoted string ends at its quote or at the text's end. The
    # name is matched after a delimiter, so that base64's own "=" starts none.
    return re.compile(
        r"""(?P<name>(?<![^\s,;])[A-Za-z][A-Za-z0-9_\-]{0,31})(?P<equals>[ \t]{0,8}=[ \t]{0,8})"""
        r"""(?:"(?P<quoted>(?:[^"\\]|\\.)*+)"?|(?P<bare>[^"=,;\s][^,;\s]*+))"""
    )


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite an Authorization header, or several joined by commas."""
    pieces: list[str] = []
    position = 0
    while position < len(text):
        end = _end_of_challenge(text, position)
        pieces.append(_rewrite_one(text[position:end], judge))
        position = end
    return "".join(pieces)


@cache
def _next_scheme() -> re.Pattern[str]:
    return re.compile(r",[ \t]{0,8}(?=([A-Za-z][A-Za-z0-9\-]{1,31})[ \t]{1,8}[^\s=,])")


def _end_of_challenge(text: str, start: int) -> int:
    """Find where the next scheme begins: behind a comma, a known scheme and a space."""
    for found in find_all(_next_scheme(), text, start + 1):
        if found.group(1).lower() in _SCHEMES:
            return found.end()
    return len(text)


def _rewrite_one(text: str, judge: Judge) -> str:
    start = len(text) - len(text.lstrip())
    end = len(text.rstrip(", \t\r\n"))
    scheme = text[start:end].split(None, 1)[0] if start < end else ""
    known = scheme.rstrip(":").lower() in _SCHEMES
    if known:
        begin = start + len(scheme)
        begin += len(text[begin:end]) - len(text[begin:end].lstrip())
    else:
        begin = start
    if begin >= end:
        return text
    rest = text[begin:end]
    whole = not known or scheme.rstrip(":").lower() in _WHOLE
    if whole or _parameter().match(rest) is None:
        return text[:begin] + judge.value(CREDENTIALS, rest) + text[end:]
    return text[:begin] + _rewrite_parameters(rest, judge) + text[end:]


def _rewrite_parameters(text: str, judge: Judge) -> str:
    pieces: list[str] = []
    position = 0
    for found in find_all(_parameter(), text):
        group = "quoted" if found["quoted"] is not None else "bare"
        first, last = found.span(group)
        between = text[position : found.start()]
        pieces.append(_between(between, judge))
        pieces.append(text[found.start() : first])
        value = text[first:last]
        name = found["name"]
        keep = name.lower() in _OPEN_PARAMETERS
        # An open parameter is still looked at, under its own name.
        pieces.append(judge.value(name if keep else CREDENTIALS, value) if value else value)
        pieces.append(text[last : found.end()])
        position = found.end()
    pieces.append(_between(text[position:], judge))
    return "".join(pieces)


def _between(text: str, judge: Judge) -> str:
    """Judge what stands between parameters: only commas and spaces belong there."""
    return judge.value(CREDENTIALS, text) if text.strip(" \t,;\r\n") else text


AUTHORIZATION: Final = Format(
    name="authorization",
    rewrite=rewrite,
    source="RFC 9110, section 11.4; RFC 7616; RFC 6750",
    examples=(
        FormatExample("Bearer abc.def-ghi", leaves=((CREDENTIALS, "abc.def-ghi"),)),
        FormatExample("Basic dXNlcjpwYXNz==", leaves=((CREDENTIALS, "dXNlcjpwYXNz=="),)),
        FormatExample(
            "raw0token1without2scheme", leaves=((CREDENTIALS, "raw0token1without2scheme"),)
        ),
        FormatExample(
            'Digest username="ann", realm="shop", response="6629fa"',
            leaves=((CREDENTIALS, "ann"), ("realm", "shop"), (CREDENTIALS, "6629fa")),
        ),
        FormatExample(
            "AWS4-HMAC-SHA256 Credential=AK/2026/eu/s3, SignedHeaders=host, Signature=fe5f80",
            leaves=(
                (CREDENTIALS, "AK/2026/eu/s3"),
                ("SignedHeaders", "host"),
                (CREDENTIALS, "fe5f80"),
            ),
        ),
        FormatExample(
            "Bearer one, Bearer two", leaves=((CREDENTIALS, "one"), (CREDENTIALS, "two"))
        ),
    ),
)
