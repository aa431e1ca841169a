"""Detect how people are reached (`contact.*`): e-mail addresses and telephone numbers."""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import CONTACT_EMAIL, CONTACT_PHONE
from jaeger_guard.detectors.detector import (
    Detector,
    DigitRun,
    Example,
    NearMiss,
    Needles,
    compile_pattern,
)

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
# Accounts of machines, whose "address" is where a process runs, or a repository is.
_MACHINES: Final = frozenset({"git", "celery", "rabbit", "nobody", "ec2-user"})


def _settle_email(text: str, start: int, end: int) -> tuple[int, int] | None:
    at = compile_pattern(_AT).search(text, start, end)
    if at is None:
        return None
    for separator in compile_pattern(_ENCODED_SEPARATOR).finditer(text, start, at.start()):
        start = separator.end()
    local = text[start : at.start()]
    opening = compile_pattern(r"'?(?:[bur]')?").match(local)  # the repr of Python's bytes
    start += opening.end() if opening else 0
    start += len(text[start : at.start()]) - len(text[start : at.start()].lstrip(".'-%!$^~"))
    if start >= at.start() or text[start : at.start()].lower() in _MACHINES:
        return None
    if _is_userinfo(text, start):
        return None
    labels = text[at.end() : end].lower().split(".")
    if len(labels) > 1 and (
        labels[-1] in _NO_TOP_LEVEL_DOMAIN
        or (len(labels) > 2 and all(label.isdigit() for label in labels[:-1]))
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
        NearMiss("rabbit@mq-0.mq.default.svc.cluster.local", because="where a process runs"),
        NearMiss("discount%40 off.", because="no domain follows"),
        NearMiss("getty@tty1.service user@1000.service", because="units of systemd"),
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


def _digits(text: str) -> str:
    return "".join(character for character in text if "0" <= character <= "9")


def _settle_international(text: str, start: int, end: int) -> tuple[int, int] | None:
    # After a letter or digit the sign is arithmetic, a form's space, or a version's build.
    before = text[start - 1] if start else ""
    if before.isalnum() or before in ("_", ")", "+"):
        return None
    number_start = start + (1 if text[start] == "+" else 3)
    number = text[number_start:end]
    if compile_pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])").match(number):
        return None
    if number.count(".") == 1 and _digits(number) == number.replace(".", ""):
        return None  # a decimal number with its sign
    wanted = 11 if number[0] == "1" else 15  # ITU-T E.164; +1 has a fixed length
    seen = 0
    for index in range(number_start, end):
        if "0" <= text[index] <= "9":
            seen += 1
            if seen == wanted:
                following = text[index + 1 : index + 2]
                return None if following.isdigit() else (start, index + 1)
    return (start, end) if seen >= 8 and wanted == 15 else None


PHONE_INTERNATIONAL: Final = Detector(
    name="contact.phone_international",
    category=CONTACT_PHONE,
    gate=Needles(texts=("+", "%2B", "%2b"), anchor=r"(?:\+|%2[Bb])[1-9]"),
    pattern=r"(?:\+|%2[Bb])[1-9](?:[ .\-/()\u00a0]{0,2}[0-9]){7,15}(?![0-9A-Za-z])",
    settle=_settle_international,
    source="ITU-T E.164 (02/2024) section 6, E.123 section 2",
    examples=(
        Example("call +12125550187", found="+12125550187"),
        Example("tel:+1-212-555-0187;ext=5", found="+1-212-555-0187"),
        Example("+1 (212) 555-0187 200", found="+1 (212) 555-0187"),
        Example("mobil +49 171 2345678", found="+49 171 2345678"),
        Example("+44 (0)20 7946 0958", found="+44 (0)20 7946 0958"),
        Example("phone=%2B33142685300&x", found="%2B33142685300"),
    ),
    near_misses=(
        NearMiss("1.0.0+20240115103000", because="a version's build"),
        NearMiss("2024-01-15T10:00:00+0100", because="an offset from UTC"),
        NearMiss("delta +1234567.89", because="a decimal number"),
        NearMiss("+1 555 0187", because="too short for its country"),
        NearMiss("+12345678901234567890", because="longer than any number"),
        NearMiss("q=size+12345678901", because="a form's space"),
    ),
)

PHONE_PARENTHESISED: Final = Detector(
    name="contact.phone_parenthesised",
    category=CONTACT_PHONE,
    gate=Needles(texts=("(",), anchor=r"\([0-9]{2,5}\)[ .\-]?[0-9]"),
    pattern=r"\([0-9]{2,5}\)[ .\-]{0,2}[0-9]{3,4}[ .\-]?[0-9]{3,4}(?![0-9A-Za-z_]|[.\-:][0-9])",
    validate=lambda value: 9 <= len(_digits(value)) <= 12,
    word_start=True,
    source="ITU-T E.123 section 2.2 (national notation)",
    examples=(
        Example("(212) 555-0187", found="(212) 555-0187"),
        Example("reach me at (030) 9018-2000.", found="(030) 9018-2000"),
    ),
    near_misses=(
        NearMiss("varchar(255) 1000-2000", because="a call or a column's width"),
        NearMiss("(12) 345-678", because="too short"),
    ),
)

_CONTEXT: Final = r"(?i:tel|phone|call|mobile|mobil|cell|fax|dial|ring|sms|text|whatsapp)\W"
_FOLLOWS: Final = r"(?![0-9A-Za-z_]|[.\-:/][0-9A-Za-z])"


def _settle_national(text: str, start: int, end: int) -> tuple[int, int] | None:
    before = text[start - 1] if start else ""
    if before.isalnum() or before in ("_", "-", ".", ":", "+", "$", "#"):
        return None
    if before in ("/", " ") and start > 1 and text[start - 2].isdigit():
        return None  # the tail of a longer row of numbers
    value = text[start:end]
    if value[0] != "0" and "-" not in value and "." not in value:
        window = text[max(0, start - 20) : start]
        if compile_pattern(_CONTEXT).search(window) is None:
            return None  # "200 512 1234" in an access log looks the same
    most = 15 if value.startswith("00") else 13
    return (start, end) if 9 <= len(_digits(value)) <= most else None


PHONE_NATIONAL: Final = Detector(
    name="contact.phone_national",
    category=CONTACT_PHONE,
    gate=DigitRun(shortest=9),
    pattern=(
        r"(?:"
        r"(?:1-)?[2-9][0-9]{2}-[1-9][0-9]{2}-[0-9]{4}"
        r"|(?:1[ .\-])?[2-9][0-9]{2}(?P<nanp>[ .\-])[2-9][0-9]{2}(?P=nanp)[0-9]{4}"
        r"|0[1-9](?P<pair>[ .])[0-9]{2}(?P=pair)[0-9]{2}(?P=pair)[0-9]{2}(?P=pair)[0-9]{2}"
        r"|0[1-9](?P<four>[ \-])[0-9]{4}(?P=four)[0-9]{4}"
        r"|06[ \-][0-9]{8}"
        r"|00[1-9][0-9]{0,2}[ \-/][0-9]{2,5}(?:[ \-/][0-9]{2,8}){1,4}"
        r"|0[1-9][0-9]{1,3}[ /\-][0-9]{3,8}(?:[ \-][0-9]{2,5}){0,3}"
        r")" + _FOLLOWS
    ),
    settle=_settle_national,
    source="North American Numbering Plan; ITU-T E.123 section 2.2",
    examples=(
        Example("call 212-555-0187 now", found="212-555-0187"),
        Example("555-123-4567", found="555-123-4567"),
        Example("212.555.0187", found="212.555.0187"),
        Example("phone: 212 555 0187", found="212 555 0187"),
        Example("tél. 01 42 68 53 00", found="01 42 68 53 00"),
        Example("020 7946 0958", found="020 7946 0958"),
        Example("0171/2345678", found="0171/2345678"),
        Example("0049 171 2345678", found="0049 171 2345678"),
        Example("090-1234-5678", found="090-1234-5678"),
    ),
    near_misses=(
        NearMiss("2024-01-15 10:20:30", because="a date and a time"),
        NearMiss("01-02-2024 at 10 h", because="a date"),
        NearMiss("HTTP/1.1 200 512 1234", because="a status and sizes"),
        NearMiss("id 2125550187", because="bare digits are an id"),
        NearMiss("535.104.05.01", because="a version"),
        NearMiss("123e4567-212-555-0187-0000", because="part of an id"),
        NearMiss("192.168.100.1000", because="dotted numbers"),
    ),
)

DETECTORS: Final = (
    EMAIL,
    EMAIL_QUOTED,
    PHONE_INTERNATIONAL,
    PHONE_PARENTHESISED,
    PHONE_NATIONAL,
)
