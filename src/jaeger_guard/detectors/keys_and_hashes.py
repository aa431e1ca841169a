"""Detect private keys (`credential.private_key`) and password hashes (`credential.password`)."""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import CREDENTIAL_PASSWORD, CREDENTIAL_PRIVATE_KEY
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

_CRYPT: Final = "./0-9A-Za-z"

PASSWORD_HASH: Final = Detector(
    name="credential.password_hash",
    category=CREDENTIAL_PASSWORD,
    gate=Needles(
        texts=("$2", "$argon2", "$scrypt", "$5$", "$6$", "$y$", "$1$", "$apr1$", "pbkdf2")
    ),
    pattern=(
        rf"(?:\$2[abxy]?\$[0-9]{{2}}\$(?:[{_CRYPT}]{{53}}(?![/0-9A-Za-z])|[{_CRYPT}]{{8,52}}\Z)"
        r"|\$argon2(?:id|i|d)\$(?:v=[0-9]{1,3}\$)?m=[0-9]{1,9},t=[0-9]{1,9},p=[0-9]{1,9}"
        r"\$[A-Za-z0-9+/]{4,128}(?:\$[A-Za-z0-9+/]{0,512})?"
        r"|\$scrypt\$ln=[0-9]{1,3},r=[0-9]{1,3},p=[0-9]{1,3}\$[A-Za-z0-9+/.]{4,128}"
        r"(?:\$[A-Za-z0-9+/.]{0,512})?"
        rf"|\$[56]\$(?:rounds=[0-9]{{1,9}}\$)?[{_CRYPT}]{{1,16}}\$[{_CRYPT}]{{16,86}}"
        rf"|\$y\$[{_CRYPT}]{{1,16}}\$[{_CRYPT}]{{1,86}}\$[{_CRYPT}]{{16,43}}"
        rf"|\$(?:1|apr1)\$[{_CRYPT}]{{1,8}}\$[{_CRYPT}]{{22}}"
        r"|pbkdf2_sha(?:1|256|512)\$[0-9]{1,9}\$[^\s$]{1,64}\$[A-Za-z0-9+/]{16,88}={0,2}"
        r"|pbkdf2:sha(?:1|256|512):[0-9]{1,9}\$[A-Za-z0-9]{1,64}\$[0-9a-f]{40,128}"
        rf"|\$pbkdf2-sha(?:1|256|512)\$[0-9]{{1,9}}\$[{_CRYPT}]{{1,128}}\$[{_CRYPT}]{{16,128}})"
    ),
    source="crypt(5); RFC 9106 with the PHC string format; Django and Werkzeug password hashers",
    examples=(
        Example(
            "hash $2b$12$" + "R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
            found="$2b$12$" + "R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        ),
        Example(
            "'$argon2id$v=19$m=65536,t=3,p=4$" + "c29tZXNhbHQ$RdescudvJCsgt3ub+b7dWRWJTmaaJObG'",
            found="$argon2id$v=19$m=65536,t=3,p=4$"
            + "c29tZXNhbHQ$RdescudvJCsgt3ub+b7dWRWJTmaaJObG",
        ),
        Example(
            "pbkdf2_sha256$600000$" + "seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo=",
            found="pbkdf2_sha256$600000$" + "seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo=",
        ),
        Example(
            "root:$6$saltsalt$" + "qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8:19000",
            found="$6$saltsalt$" + "qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8",
        ),
    ),
    near_misses=(
        NearMiss("WHERE a = $1 AND b = $2", because="placeholders"),
        NearMiss("$2b$12$short here", because="too short"),
        NearMiss("uses pbkdf2_sha256 today", because="a method's name"),
    ),
)

DETECTORS: Final = (PRIVATE_KEY, AGE_KEY, PASSWORD_HASH)
