"""Detect passwords and keys behind the names that they are assigned to."""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import CREDENTIAL_PASSWORD, CREDENTIAL_TOKEN
from jaeger_guard.detectors.authorization import looks_random
from jaeger_guard.detectors.detector import (
    Detector,
    Example,
    NearMiss,
    Needles,
    compile_pattern,
)
from jaeger_guard.detectors.placeholders import is_placeholder

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
    return None if start >= end or is_placeholder(text[start:end]) else (start, end)


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
    validate=lambda value: len(value) >= 8 and looks_random(value),
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


def looks_like_password(value: str) -> bool:
    """Say whether `value` is more than a word: letters with digits or signs, and nothing known.

    Versions, times, paths, addresses, UUIDs, names of algorithms and words joined by dashes are none.
    """
    if not 6 <= len(value) <= 128 or not any(map(str.isalpha, value)):
        return False
    signs = any(sign in value for sign in "!@#$%^&*+~?")
    if not signs and not any(map(str.isdigit, value)):
        return False
    return compile_pattern(_KNOWN).fullmatch(value) is None


_KNOWN: Final = (
    r"v?[0-9]{1,9}(?:[.\-]\w{1,16}){1,8}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4,12}){4}"
    r"|0x[0-9a-fA-F]{1,64}|\S{0,64}[/\\]\S{0,64}|\S{1,64}@\S{1,64}\.\w{2,16}|[A-Za-z]{2,8}-?[0-9]{1,3}"
    r"|[a-z]{1,24}(?:[_\-.][a-z0-9]{1,24}){1,8}|[A-Za-z0-9 ]{0,40}[A-Za-z][?!:]"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T\S{0,32}|\S{1,64}(?:=|:=?)\S{0,64}|[<{(\[$%:&*#]\S{0,128}"
)

PASSWORD_ON_NEXT_LINE: Final = Detector(
    name="credential.password_on_next_line",
    category=CREDENTIAL_PASSWORD,
    gate=Needles(texts=("password", "passwd", "passphrase", "passcode", "pwd"), ignore_case=True),
    pattern=(
        r"(?i:password|passwd|passphrase|passcode|pwd)[ \t]{0,4}:?[ \t]{0,4}(?:\r?\n|\\r?\\n|\\n)"
        r"[ \t>]{0,8}(?P<value>[^\s\\\"'<>]{6,128}?)"
        r"(?=[.,;\"'<>)\]}]{0,3}[ \t\r]{0,8}(?:\n|\\n|\\r|\Z))"
    ),
    validate=looks_like_password,
    source="how a form or a prompt is copied: the label, and the answer below it",
    examples=(
        Example("Enter password\nXy9hunter2\nWelcome", found="Xy9hunter2"),
        Example("Password:\r\n  p4ss!word\nok", found="p4ss!word"),
    ),
    near_misses=(
        NearMiss("Password\nForgot password?\nSign in", because="labels"),
        NearMiss("username\npassword\ncreated_at", because="names of columns"),
        NearMiss("Password\nremember-me2 is on", because="a sentence"),
        NearMiss("reset password\n2024-01-05T10:00:00Z", because="a time"),
        NearMiss("wrong password\nFile2.java:12", because="a place in a source"),
    ),
)

PASSWORD_BESIDE: Final = Detector(
    name="credential.password_beside",
    category=CREDENTIAL_PASSWORD,
    gate=Needles(texts=("pass ", "pwd ", "pw "), ignore_case=True),
    pattern=r"(?i:pass|pwd|pw)[ ]{1,2}[\"']?(?P<value>[^\s\"'<>=]{8,64})",
    settle=lambda text, start, end: (
        (start, start + len(text[start:end].rstrip(".,;:)")))
        if text[max(0, start - 8) : start].lower().rstrip(" \"'").endswith(("pwd", " pw", "pass"))
        else None
    ),
    validate=lambda value: (
        looks_like_password(value)
        and any(map(str.isupper, value))
        and any(map(str.islower, value))
        and any(map(str.isdigit, value))
        and any(sign in value for sign in "!@#$%^&*+~?")
    ),
    word_start=True,
    source="how passwords are told in notes: login bob, pass S",
    examples=(Example("login bob pwd Xy9!hunter2 ok", found="Xy9!hunter2"),),
    near_misses=(
        NearMiss("all tests pass Build2Image", because="no sign in it"),
        NearMiss("pass 2 of 3, pwd /home/Bob1!", because="numbers and a path"),
    ),
)

DETECTORS: Final = (
    PASSWORD_ASSIGNED,
    SECRET_ASSIGNED,
    PASSWORD_ON_NEXT_LINE,
    PASSWORD_BESIDE,
)
