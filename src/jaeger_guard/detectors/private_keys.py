"""Detect private keys in all their notations (`credential.private_key`)."""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import CREDENTIAL_PRIVATE_KEY
from jaeger_guard.detectors.detector import Detector, Example, NearMiss, Needles, compile_pattern

# An RSA key of 16,384 bits has 12,900 characters; headers and escapes make it longer.
_LONGEST_BLOCK: Final = 65536
_SPACE: Final = r"(?: |%20|\+)"
# What a key's text is made of: base64, line ends (also as escapes), and headers such as Proc-Type.
_BODY: Final = (
    r"(?:[A-Z][A-Za-z\-]{2,20}: ?[0-9A-Za-z,\-]{1,80}"
    r"|[A-Za-z0-9+/=\s]|\\{1,4}[nrt]|%0[AaDd]|%2[BbFf]|%3[Dd]|%20)"
    rf"{{0,{_LONGEST_BLOCK}}}"
)
_LEAST_BODY: Final = 16
_FORTY: Final = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"


def _settle_pem(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Find the block's end: its own last line, or, where it was cut off, that of its text."""
    following = text.find("-----BEGIN", end, end + _LONGEST_BLOCK)
    limit = following if following >= 0 else end + _LONGEST_BLOCK
    last = text.find("-----END", end, limit)
    if last >= 0:
        body = text[end:last]
        closed = text.find("-----", last + 8, last + 80)
        stop = closed + 5 if closed >= 0 else min(len(text), last + 40)
    else:
        found = compile_pattern(_BODY).match(text, end)
        stop = found.end() if found else end
        while stop > end and text[stop - 1].isspace():
            stop -= 1
        body = text[end:stop]
    return (start, stop) if sum(map(str.isalnum, body[:200])) >= _LEAST_BODY else None


def _without_line_ends(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Leave out the line ends behind a key's text, escaped or not."""
    found = compile_pattern(r"(?:\\?[\r\n]|\\[rn]|\\){1,8}\Z").search(
        text[max(start, end - 16) : end]
    )
    return start, end - (found.end() - found.start() if found else 0)


PRIVATE_KEY: Final = Detector(
    name="credential.private_key",
    category=CREDENTIAL_PRIVATE_KEY,
    gate=Needles(texts=("-----BEGIN",)),
    pattern=(
        rf"-----BEGIN{_SPACE}(?:[A-Z0-9]{{1,16}}{_SPACE}){{0,3}}PRIVATE{_SPACE}KEY"
        rf"(?:{_SPACE}BLOCK)?-----"
    ),
    settle=_settle_pem,
    source="RFC 7468 sections 2, 10 and 11; RFC 4880 section 6.2; OpenSSH's PROTOCOL.key",
    examples=(
        Example(
            "key=-----BEGIN PRIVATE "
            + "KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY----- x",
            found="-----BEGIN PRIVATE "
            + "KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----",
        ),
        Example(
            r'{"k": "-----BEGIN RSA PRIVATE '
            + r'KEY-----\nMIIEowIBAAKCAQEAx\n-----END RSA PRIVATE KEY-----\n"}',
            found="-----BEGIN RSA PRIVATE "
            + r"KEY-----\nMIIEowIBAAKCAQEAx\n-----END RSA PRIVATE KEY-----",
        ),
        Example(
            "-----BEGIN OPENSSH PRIVATE " + "KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vb",
            found="-----BEGIN OPENSSH PRIVATE " + "KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vb",
            cut=True,
        ),
    ),
    near_misses=(
        NearMiss("expected -----BEGIN PRIVATE KEY----- here", because="no key follows"),
        NearMiss(
            "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ\n-----END CERTIFICATE-----",
            because="a certificate is public",
        ),
    ),
)

AGE_KEY: Final = Detector(
    name="credential.age_secret_key",
    category=CREDENTIAL_PRIVATE_KEY,
    gate=Needles(texts=("AGE-SECRET-KEY-1",)),
    pattern=r"AGE-SECRET-KEY-1(?:[02-9AC-HJ-NP-Z]{58}(?![0-9A-Z])|[02-9AC-HJ-NP-Z]{8,57}\Z)",
    source="C2SP age specification, section X25519 recipient; BIP 173 (the alphabet)",
    examples=(
        Example(
            "key AGE-SECRET-"
            + "KEY-1"
            + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
            + "QPZRY9X8GF2TVDW0S3JN54KHCE.",
            found="AGE-SECRET-"
            + "KEY-1"
            + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
            + "QPZRY9X8GF2TVDW0S3JN54KHCE",
        ),
    ),
    near_misses=(NearMiss("AGE-SECRET-KEY-1QPZRY9X8 is too short", because="too short"),),
)

PRIVATE_KEY_END: Final = Detector(
    name="credential.private_key_end",
    category=CREDENTIAL_PRIVATE_KEY,
    gate=Needles(texts=("-----END",), before=r"[A-Za-z0-9+/=\n\r\\]", reach=4096),
    pattern=(
        rf"[A-Za-z0-9+/=\n\r\\]{{40,4096}}-----END{_SPACE}(?:[A-Z0-9]{{1,16}}{_SPACE}){{0,3}}"
        rf"PRIVATE{_SPACE}KEY(?:{_SPACE}BLOCK)?-----"
    ),
    source="RFC 7468 section 2: what is left of a key whose first line was cut off",
    examples=(
        Example(
            f"...: {_FORTY}{_FORTY}\n{_FORTY}==\n-----END PRIVATE " + "KEY-----",
            found=f"{_FORTY}{_FORTY}\n{_FORTY}==\n-----END PRIVATE " + "KEY-----",
        ),
    ),
    near_misses=(
        NearMiss("expected -----END PRIVATE KEY----- here", because="no key stands before"),
        NearMiss(f"{_FORTY}{_FORTY}\n-----END CERTIFICATE-----", because="a certificate is public"),
    ),
)

# DER of a private key in base64: version and length, or version and algorithm.
_BEGINNINGS: Final = (
    *("MIIEpAIBAAKCAQ", "MIIEpQIBAAKCAQ", "MIIEowIBAAKCAQ", "MIIEogIBAAKCAQ", "MIIJKAIBAAKCAg"),
    *("MIIJKQIBAAKCAg", "MIIJJwIBAAKCAg", "MIIJKgIBAAKCAg", "MIIG4wIBAAKCAY", "MIIG5AIBAAKCAY"),
    *("MIICXAIBAAKBgQ", "MIICXQIBAAKBgQ", "MIIEvQIBADANBgkqhkiG9w0BAQ"),
    *("MIIEvgIBADANBgkqhkiG9w0BAQ", "MIIEvAIBADANBgkqhkiG9w0BAQ", "MIIJQgIBADANBgkqhkiG9w0BAQ"),
    *("MIIJQwIBADANBgkqhkiG9w0BAQ", "MIIJQQIBADANBgkqhkiG9w0BAQ", "MHcCAQEEI", "MIGkAgEBBD"),
    *("MIHcAgEBBE", "MIGHAgEAMBMGByqGSM49", "MIG2AgEAMBAGByqGSM49", "MC4CAQAwBQYDK2Vw"),
    *("MC4CAQAwBQYDK2Vu", "b3BlbnNzaC1rZXktdjEA"),  # the last: "openssh-key-v1"
)

PRIVATE_KEY_BODY: Final = Detector(
    name="credential.private_key_body",
    category=CREDENTIAL_PRIVATE_KEY,
    gate=Needles(texts=_BEGINNINGS),
    pattern=(
        # Asked before the run is read, since within it the beginning may occur again and again.
        r"(?:(?<![A-Za-z0-9+/])|(?<=\\[nrt])|(?<=%0A))(?:MII|MHc|MIG|MIH|MC4|b3B)[A-Za-z0-9+/]{6}(?:[A-Za-z0-9+/=]|\r?\n|\\r|\\n){30,16384}"
    ),
    settle=_without_line_ends,
    validate=lambda value: value.startswith(_BEGINNINGS),
    source="RFC 8017 appendix A.1.2; RFC 5958; RFC 5915; RFC 8410; OpenSSH's PROTOCOL.key",
    examples=(
        Example(
            "key: MC4CAQAwBQYD" + f"K2VwBCIEI{_FORTY} sent",
            found="MC4CAQAwBQYD" + f"K2VwBCIEI{_FORTY}",
        ),
    ),
    near_misses=(
        NearMiss(f"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A{_FORTY}", because="a public key"),
        NearMiss(f"MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkq{_FORTY}", because="a certificate"),
    ),
)

PUTTY_KEY: Final = Detector(
    name="credential.putty_key",
    category=CREDENTIAL_PRIVATE_KEY,
    gate=Needles(texts=("Private-Lines: ",)),
    pattern=(
        r"Private-Lines: [0-9]{1,3}(?:\r?\n|\\r|\\n){1,2}"
        r"(?P<value>(?:[A-Za-z0-9+/=]{1,80}(?:\r?\n|\\r|\\n|\Z|(?=[\"'\s<]))){1,400})"
    ),
    settle=_without_line_ends,
    source="PuTTY user manual, appendix C (PPK file format)",
    examples=(
        Example(
            f"Public-Lines: 1\nAAAAB3\nPrivate-Lines: 2\n{_FORTY}\n{_FORTY}\nPrivate-MAC: 0f1e",
            found=f"{_FORTY}\n{_FORTY}",
        ),
    ),
    near_misses=(NearMiss("Private-Lines: 14", because="no key follows"),),
)

SSH2_KEY: Final = Detector(
    name="credential.ssh2_key",
    category=CREDENTIAL_PRIVATE_KEY,
    gate=Needles(texts=("---- BEGIN SSH2 ",)),
    pattern=(
        r"---- BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY ----(?:\r?\n|\\r|\\n|[ ]){1,2}"
        r"(?:[A-Z][A-Za-z\-]{1,20}: [^\n]{1,120}?(?:\r?\n|\\n)){0,4}"
        r"(?P<value>(?:[A-Za-z0-9+/=]|\r?\n|\\r|\\n){16,16384})"
    ),
    settle=_without_line_ends,
    source="SSH Communications Security's private key format; RFC 4716 for its public part",
    examples=(
        Example(
            "---- BEGIN SSH2 ENCRYPTED PRIVATE " + f'KEY ----\nComment: "x"\n{_FORTY}\n---- END',
            found=_FORTY,
        ),
    ),
    near_misses=(NearMiss(f"---- BEGIN SSH2 PUBLIC KEY ----\n{_FORTY}", because="a public key"),),
)

_JWK_MEMBERS: Final = ("d", "k", "p", "q", "dp", "dq", "qi")

JWK_PRIVATE: Final = Detector(
    name="credential.jwk_private",
    category=CREDENTIAL_PRIVATE_KEY,
    gate=Needles(
        texts=tuple(
            f"{quote[-1]}{name}{quote}" for name in _JWK_MEMBERS for quote in ('"', "'", '\\"')
        ),
        anchor=r"[\"']kty\\?[\"']",
    ),
    pattern=(
        rf"[\"'](?:{'|'.join(_JWK_MEMBERS)})\\?[\"']\s{{0,4}}:\s{{0,4}}\\?[\"']"
        r"(?P<value>[A-Za-z0-9_\-]{16,2048})(?=\\?[\"']|\Z)"
    ),
    settle=lambda text, start, end: (
        (start, end)
        if "kty" in text[max(0, start - 4096) : start] or "kty" in text[end : end + 4096]
        else None
    ),
    source="RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1 (d, p, q, dp, dq, qi, k are private)",
    examples=(Example(f'{{"kty": "OKP", "crv": "Ed25519", "d": "{_FORTY}"}}', found=_FORTY),),
    near_misses=(
        NearMiss(f'{{"kty": "RSA", "n": "{_FORTY}", "e": "AQAB"}}', because="a public key"),
        NearMiss('{"kty": "EC", "d": "short"}', because="too short for a key"),
    ),
)

DETECTORS: Final = (
    PRIVATE_KEY,
    PRIVATE_KEY_END,
    PRIVATE_KEY_BODY,
    PUTTY_KEY,
    SSH2_KEY,
    JWK_PRIVATE,
    AGE_KEY,
)
