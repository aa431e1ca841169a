"""Detect e-mail addresses (`contact.email`), as messages, URLs and headers write them."""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import CONTACT_EMAIL
from jaeger_guard.detectors.detector import (
    Detector,
    Example,
    NearMiss,
    Needles,
    compile_pattern,
)
from jaeger_guard.markers import URL_MARKER

# RFC 5321 section 4.5.3.1 bounds the local part to 64 octets; encoded twice, `@` alone has five.
_LOCAL_REACH: Final = 96
# RFC 5322 section 3.2.3 (atext) without what more often separates: / = ? # & | ` { } *. RFC 6531
# adds every non-ASCII character, of which `\w` has the letters and digits.
_LOCAL: Final = r"[\w.!$%'+\-^~]"
# RFC 1035 section 2.3.4: a label has 63 octets. The last label is of one script and no number.
_DOMAIN: Final = (
    r"(?:[^\W_][\w\-]{0,62}\.){1,8}"
    r"(?:[Xx][Nn]--[A-Za-z0-9\-]{1,59}|[A-Za-z]{2,24}|[^\W\d_A-Za-z]{2,24})"
)
_AT: Final = r"(?:@|%(?:25){0,3}40)"
_LITERAL: Final = r"\[(?:IPv6:)?[0-9A-Fa-f.:]{3,45}\]"

# What is left of these belongs to the text around: `user%3Dalice%40example.com`.
_ENCODED_SEPARATOR: Final = r"%(?:25){0,3}(?:0[AaDd9]|2[0267Ff9CcDd]|3[AaBbCcDdEeFf]|[57][Bb])"
_NO_TOP_LEVEL_DOMAIN: Final = frozenset(
    [
        "css",
        "csv",
        "gif",
        "htm",
        "html",
        "jpeg",
        "jpg",
        "js",
        "json",
        "jsx",
        "log",
        "pdf",
        "png",
        "svg",
        "tsx",
        "txt",
        "webp",
        "xml",
        "yaml",
        "yml",
    ]
)
# systemd.unit(5): `getty@tty1.service` is an instance of a template.
_UNITS: Final = frozenset(
    ["automount", "mount", "path", "scope", "service", "slice", "socket", "swap", "target", "timer"]
)
_QUOTE_IN_FRONT: Final = r"'?(?:[bur]')?"  # the repr of Python's bytes
# Accounts of machines, whose "address" is where a process runs, or a repository is.
_MACHINES: Final = frozenset({"git", "celery", "rabbit", "nobody", "ec2-user"})


def _settle_email(text: str, start: int, end: int) -> tuple[int, int] | None:
    at = compile_pattern(_AT).search(text, start, end)
    if at is None:
        return None
    local = text[start : at.start()]
    if "%" in local:
        for separator in compile_pattern(_ENCODED_SEPARATOR).finditer(text, start, at.start()):
            start = separator.end()
        local = text[start : at.start()]
    if "'" in local and (opening := compile_pattern(_QUOTE_IN_FRONT).match(local)):
        local = local[opening.end() :]
    local = local.lstrip(".'-%!$^~")
    if not local or local.lower() in _MACHINES:
        return None
    start = at.start() - len(local)
    if local == URL_MARKER or _is_userinfo(text, start):
        return None
    labels = text[at.end() : end].lower().split(".")
    if len(labels) > 1 and (
        labels[-1] in _NO_TOP_LEVEL_DOMAIN
        or (len(labels) > 2 and all(label.isdigit() for label in labels[:2]))
        or labels[-3:] == ["svc", "cluster", "local"]
        or (len(labels) == 2 and labels[-1] in _UNITS)
    ):
        return None
    return start, end


def _is_userinfo(text: str, start: int) -> bool:
    """Say whether `start` lies in the authority of a URL, where `@` ends credentials."""
    scheme = text.rfind("://", max(0, start - 256), start)
    return scheme >= 0 and not compile_pattern(r"[\s/?#\"'<>]").search(text, scheme + 3, start)


EMAIL: Final = Detector(
    name="contact.email",
    category=CONTACT_EMAIL,
    gate=Needles(
        texts=("@", "%40", "%2540", "%252540"),
        before=_LOCAL,
        reach=_LOCAL_REACH,
        anchor=_AT + r"(?=[\w\[])",
    ),
    pattern=_LOCAL + f"{{1,{_LOCAL_REACH}}}?" + _AT + f"(?:{_DOMAIN}|{_LITERAL})",
    settle=_settle_email,
    source="RFC 5322 section 3.4.1, RFC 6531 section 3.3, RFC 3986 section 2.1",
    examples=(
        Example("mail to alice@example.com today", found="alice@example.com"),
        Example(
            "<Alice.Smith+news@mail.example.co.uk>", found="Alice.Smith+news@mail.example.co.uk"
        ),
        Example("from o'brien@example.ie", found="o'brien@example.ie"),
        Example("b'alice@example.com'", found="alice@example.com"),
        Example("an jörg@müller.example gesandt", found="jörg@müller.example"),
        Example("用户@例子.公司", found="用户@例子.公司"),
        Example("x@xn--e1afmkfd.xn--p1ai", found="x@xn--e1afmkfd.xn--p1ai"),
        Example("q=alice%40example.com&p=2", found="alice%40example.com"),
        Example("next=%2Fu%3Fmail%3Dalice%2540example.com", found="alice%2540example.com"),
        Example("alice%2Bnews%40example.com", found="alice%2Bnews%40example.com"),
        Example("user@[192.0.2.1] bounced", found="user@[192.0.2.1]"),
        Example("bob@163.com", found="bob@163.com"),
    ),
    near_misses=(
        NearMiss("react@18.2.0", because="a package and its version"),
        NearMiss("lib@1.2.3.beta", because="a package and its version"),
        NearMiss("git@github.com:org/repository.git", because="a repository, not a mailbox"),
        NearMiss("/static/logo@2x.png", because="a file"),
        NearMiss("image@sha256:0f1e2d3c", because="a digest"),
        NearMiss("@app.route and @dataclass", because="nothing stands before the sign"),
        NearMiss("postgres://shop:hunter2@db.example.com/shop", because="a URL's credentials"),
        NearMiss("a***@example.com", because="masked already"),
        NearMiss("u=https%3A%2F%2FREDACTED%3AREDACTED%40h.example%2F", because="our own marker"),
        NearMiss("rabbit@mq-0.mq.default.svc.cluster.local", because="where a process runs"),
        NearMiss("discount%40 off.", because="no domain follows"),
        NearMiss("getty@tty1.service user@1000.service", because="units of systemd"),
        NearMiss("api@1.9.0org.example", because="a version that the next item was joined to"),
    ),
)

EMAIL_QUOTED: Final = Detector(
    name="contact.email_quoted",
    category=CONTACT_EMAIL,
    gate=Needles(texts=('"@',), before=r'[^"\r\n]', reach=65),
    pattern=r'[^"\r\n]{1,64}"@' + _DOMAIN,
    settle=lambda text, start, end: (
        (start - 1 - (text[start - 2 : start - 1] == "\\"), end)
        if start and text[start - 1] == '"'
        else None
    ),
    source="RFC 5322 section 3.2.4",
    examples=(Example('to "john doe"@example.com now', found='"john doe"@example.com'),),
    near_misses=(NearMiss('"label"@en.', because="a language tag"),),
)

DETECTORS: Final = (EMAIL, EMAIL_QUOTED)
