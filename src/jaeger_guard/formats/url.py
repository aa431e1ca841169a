"""URLs (RFC 3986): credentials, path segments, parameters and fragments become leaves; hosts stay.

Leaves are judged percent-decoded and written back percent-encoded; one whose answer is the same
object keeps its bytes. Besides what RFC 3986 has, these occur in spans and are understood: several
hosts (`mongodb://a,b/`), JDBC URLs, passwords with an unencoded `/` or `#`, matrix parameters, hash
routes (`#/reset?token=`) and URLs that were cut off.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from jaeger_guard.encodings import unquoted
from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.text_words import is_placeholder
from jaeger_guard.formats.url_words import (
    SECRET_SEGMENTS,
    SERVICE_USERS,
    bot_token,
    parameter_leaf,
    route_word,
    secret_segment,
)
from jaeger_guard.long_texts import split_all
from jaeger_guard.types import Judge, Notation

# Schemes whose rest is no authority, so that `mailto:a@b` isn't read as a user and a host.
_OPAQUE: Final = ("acct:", "data:", "javascript:", "mailto:", "sip:", "sips:", "tel:", "urn:")
_PLACEHOLDERS: Final = ("*", "$", "<", "{", "[", "%")
# Behind a host these have `;name=value`.
_WITH_PROPERTIES: Final = ("jdbc:", "sqlserver:", "mssql:", "jtds:")
_WEB: Final = frozenset({"http", "https", "ws", "wss", "ftp", "ftps"})

# RFC 3986, section 3.3 pchar and 3.4 query, less what separates parameters for somebody.
_SAFE_IN_SEGMENT: Final = "-._~!$'()*,:@"
_SAFE_IN_QUERY: Final = "-._~!$'()*,:@/?"


@lru_cache(maxsize=1)
def _scheme() -> re.Pattern[str]:
    # Several schemes in a row: jdbc:postgresql://, blob:https://
    return re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]{0,31}:){1,4}//")


_URL: Final = Notation.URL  # to look a member up takes as long as a call
_ENCODED: Final = re.compile("%([0-9A-Fa-f]{2})")
# RFC 6570, section 3.2.2: a template's variable, as in `url.template` and the source of f-strings.
_EXPRESSION: Final = re.compile(r"\{[A-Za-z_]{1,40}\}")


@lru_cache(maxsize=1)
def _parameter_name() -> re.Pattern[str]:
    return re.compile(r"[\w.\[\]%$:\-]{1,64}=")


@lru_cache(maxsize=1)
def _digest() -> re.Pattern[str]:
    return re.compile(r"@sha(?:256|384|512):[0-9a-f]{16,128}")


@lru_cache(maxsize=1)
def userinfo_and_host() -> re.Pattern[str]:
    """Match `user:password@host/` without a scheme, as drivers' connection strings have it."""
    return re.compile(
        r"(?<![\w.@/:+\-])(?!(?:mailto|sips?|acct|xmpp|npm|tel|urn|data):)[\w.%+\-]{1,64}:[^\s/@:\"'<>]{2,128}"
        r"@(?:localhost|[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,8})(?::[0-9]{1,5})?(?:/|(?<=[0-9])(?=\Z|\s))"
    )


@lru_cache(maxsize=1)
def _oracle() -> re.Pattern[str]:
    # Oracle JDBC developer's guide, "Data sources and URLs": jdbc:oracle:thin:user/password@...
    return re.compile(r"(jdbc:oracle:[a-z0-9]{1,16}:)([^/@]{1,128})/([^@]{1,256})@", re.IGNORECASE)


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite an absolute, scheme-relative or relative URL."""
    head = text.lstrip()
    lead = text[: len(text) - len(head)]
    found = _scheme().match(head)
    if found is not None:
        scheme = found.group()
        return lead + scheme + _authority_and_rest(scheme, head[len(scheme) :], judge)
    if head.startswith("//"):
        return lead + "//" + _authority_and_rest("", head[2:], judge)
    oracle = _oracle().match(head)
    if oracle is not None:
        prefix, user, password = oracle.groups()
        credentials = (
            _leaf("url.username", user, judge) + "/" + _leaf("url.password", password, judge)
        )
        return lead + prefix + credentials + head[oracle.end() - 1 :]
    first = re.split(r"[/?#]", head, maxsplit=1)[0]
    if any(character.isspace() for character in first) or (
        len(first) == len(head) and ":" not in head
    ):
        raise NotThisFormatError
    if head[:12].lower().startswith(_OPAQUE):
        scheme, colon, rest = head.partition(":")
        return lead + scheme + colon + _path_and_rest(rest, judge)
    if ":" in first and "@" in first:
        if _digest().search(first) is not None:  # a container image: nginx@sha256:…
            raise NotThisFormatError
        return lead + _authority_and_rest("", head, judge)
    return lead + _path_and_rest(head, judge)


def rewrite_path(text: str, judge: Judge) -> str:
    """Rewrite a path with an optional query, as `http.target` and `url.path` hold it."""
    authority = text[2:].partition("/")[0] if text.startswith("//") else ""
    if "@" in authority:  # a client that left out the scheme
        return rewrite(text, judge)
    if text[:1] != "/" and _scheme().match(text) is not None:
        return rewrite(text, judge)  # the absolute form of a request target, RFC 9112, 3.2.2
    return _path_and_rest(text, judge)


def rewrite_query(text: str, judge: Judge) -> str:
    """Rewrite a query without its `?` (one with it is taken too)."""
    if text.startswith("?"):
        return "?" + rewrite_query(text[1:], judge)
    if text.startswith(("{", "[", "%7B", "%7b", "%5B", "%5b")):  # JSON in place of parameters
        return _leaf("", text, judge, safe=_SAFE_IN_QUERY, plus=True)
    if ";" not in text:
        return "&".join([_parameter(piece, judge) for piece in split_all(text, "&")])
    return "".join([_parameter(piece, judge) for piece in _split_parameters(text)])


def _split_parameters(text: str) -> list[str]:
    """Split at `&` and `;`, each separator a piece of its own.

    A `;` separates only before `name=`: elsewhere it is part of a value, whose rest would be judged
    without its name otherwise.
    """
    pieces: list[str] = []
    start = 0
    for found in re.finditer("[&;]", text):
        position = found.start()
        if text[position] == ";" and _parameter_name().match(text, position + 1) is None:
            continue
        pieces += (text[start:position], text[position])
        start = position + 1
    pieces.append(text[start:])
    return pieces


def _parameter(piece: str, judge: Judge) -> str:
    if piece in ("", "&", ";"):
        return piece
    raw_name, equals, raw_value = piece.partition("=")
    if not equals:  # a bare token is a value sooner than a name
        return _leaf("", piece, judge, safe=_SAFE_IN_QUERY, plus=True)
    name = _decode(raw_name, plus=True) if "%" in raw_name or "+" in raw_name else raw_name
    leaf_name = parameter_leaf(plain_name(name), raw_value)
    written = judge.name(name, _URL)
    encoded = raw_name if written is name else quote(written, safe="-._~[]", errors="replace")
    if raw_value[:1] == "{" and _EXPRESSION.fullmatch(raw_value):
        return encoded + equals + raw_value
    return encoded + equals + _leaf(leaf_name, raw_value, judge, safe=_SAFE_IN_QUERY, plus=True)


def plain_name(name: str) -> str:
    """Write a nested parameter's name with dots: `user[email]` as `user.email`, `ids[]` as `ids`."""
    if "[" not in name:
        return name
    return ".".join(part for part in re.split(r"[\[\]]", name) if part)


def _leaf(
    name: str, raw: str, judge: Judge, *, safe: str = _SAFE_IN_SEGMENT, plus: bool = False
) -> str:
    if not raw:
        return raw
    if plus and "+" in raw:
        # A space in a form (WHATWG URL, 5.1), but people write +49… and a+b@c unencoded too.
        plus = not ("@" in raw or "%40" in raw or (raw[0] == "+" and raw[1:2].isdigit()))
    else:
        plus = False
    decoded = _decode(raw, plus=plus) if plus or "%" in raw else raw
    answer = judge.value(name, decoded, _URL)
    if answer is decoded:
        return raw
    if answer.isascii() and answer.isalnum():  # as a marker is
        return answer
    kept = _still_safe(raw, safe if plus else safe + "+")
    encoded = quote(answer, safe=kept, errors="replace")
    return encoded.replace("%20", "+") if plus else encoded


def _still_safe(raw: str, safe: str) -> str:
    """Leave out of `safe` what `raw` has encoded only: a URL in a parameter stays as it was written."""
    if "%" not in raw:
        return safe
    encoded = {bytes.fromhex(code).decode("latin-1") for code in _ENCODED.findall(raw)}
    return "".join([sign for sign in safe if sign not in encoded or sign in raw])


def _decode(raw: str, *, plus: bool) -> str:
    if plus:
        raw = raw.replace("+", " ")
    return unquoted(raw) if "%" in raw else raw


def _authority_and_rest(scheme: str, text: str, judge: Judge) -> str:
    has_properties = scheme.lower().startswith(_WITH_PROPERTIES)
    end = _authority_end(scheme, text)
    semicolon = text.find(";", 0, end) if has_properties else -1
    if semicolon >= 0:  # jdbc:sqlserver://host:1433;user=sa;password=a/b
        pairs = re.split("(;)", text[semicolon:])
        return _authority(text[:semicolon], judge) + "".join(_parameter(p, judge) for p in pairs)
    is_end = end == len(text)
    return _authority(text[:end], judge, is_end=is_end) + _path_and_rest(text[end:], judge)


def _authority_end(scheme: str, text: str) -> int:
    """Find where the authority ends: at `/`, `?` or `#`, unless they are part of a password."""
    found = re.search(r"[/?#]", text)
    if found is None:
        return len(text)
    end = found.start()
    strict = text[:end]
    at = text.find("@", end)
    if at < 0 or "@" in strict or ":" not in strict or strict.startswith("["):
        return end
    port = strict.rpartition(":")[2]
    between = text[end:at]
    if any(character.isspace() for character in between):
        return end
    is_web = scheme.rstrip("/").rstrip(":").rpartition(":")[2].lower() in _WEB
    # `user:12#3@host`: a password that begins like a port, credible for databases alone.
    if (port.isdigit() or not port) and (is_web or "=" in between or "?" in between):
        return end
    following = re.search(r"[/?#]", text[at:])
    return len(text) if following is None else at + following.start()


def _cut_off(text: str, judge: Judge) -> str:
    """Judge what stands where a port would and is none, in a URL that ends there: a password's start."""
    host, colon, port = text.rpartition(":")
    if not colon or not port or port.isdigit() or host.startswith("[") or port == "port":
        return text
    if port[:1] in _PLACEHOLDERS or port.startswith("REDACTED"):
        return text
    return host + colon + _leaf("url.password", port, judge)


def _authority(text: str, judge: Judge, *, is_end: bool = False) -> str:
    userinfo, at, host = text.rpartition("@")
    if not at:
        return _cut_off(text, judge) if is_end else text
    user, colon, password = userinfo.partition(":")
    if not password and user in SERVICE_USERS:
        return text
    if password[:1] in _PLACEHOLDERS and is_placeholder(
        password
    ):  # what others withheld, or a template
        return _leaf("", user, judge) + colon + password + at + host
    return (
        _leaf("url.username", user, judge)
        + colon
        + _leaf("url.password", password, judge)
        + at
        + host
    )


def _path_and_rest(text: str, judge: Judge) -> str:
    before, hash_mark, fragment = text.partition("#")
    path, question, query = before.partition("?")
    written = _path(path, judge) + question
    if query:
        written += rewrite_query(query, judge)
    if hash_mark:
        written += hash_mark + _fragment(fragment, judge)
    return written


def _path(text: str, judge: Judge) -> str:
    if not text:
        return text
    written = []
    name = ""
    for segment in split_all(text, "/"):
        value, semicolon, parameters = segment.partition(";")
        if value.startswith("bot") and bot_token().fullmatch(value) is not None:
            name = "path.token"
        elif name and route_word().fullmatch(value) is not None:
            name = ""
        leaf = _leaf(name, value, judge)
        if semicolon:
            each = [_parameter(parameter, judge) for parameter in split_all(parameters, ";")]
            leaf = ";".join([leaf, *each])
        written.append(leaf)
        word = value.lower().replace("_", "-")
        name = f"path.{word}" if word in SECRET_SEGMENTS else ""
    return "/".join(written)


def _fragment(text: str, judge: Judge) -> str:
    if not text:
        return text
    if text.startswith(("/", "!")) or "?" in text:  # a route in the page: #/reset?token=
        path, question, query = text.partition("?")
        return _path(path, judge) + question + rewrite_query(query, judge)
    if _parameter_name().match(text) is not None:  # RFC 6749, section 4.2.2: #access_token=
        return rewrite_query(text, judge)
    return _leaf("", text, judge, safe=_SAFE_IN_QUERY)


def recognize(text: str) -> bool:
    """Say whether a text under an unknown key is a URL, or a path that tells as much."""
    head = text[:4096]
    if " " in head or "\n" in head or "\t" in head:
        return False
    if ":" in head and (_scheme().match(head) or ("@" in head and userinfo_and_host().match(head))):
        return True
    if head.startswith("/") and secret_segment().search(head) is not None:
        return True
    question = head.find("?")
    return head.startswith("/") and question > 0 and "=" in head[question:]


URL: Final = Format(
    name="url",
    rewrite=rewrite,
    recognize=recognize,
    signs=":/",
    source="RFC 3986",
    examples=(
        FormatExample(
            "https://bob:pa%40ss@shop.example:8443/users/a%40b.example?next=%2Fhome&q=red+shoes#top",
            leaves=(
                ("url.username", "bob"),
                ("url.password", "pa@ss"),
                ("", "users"),
                ("", "a@b.example"),
                ("next", "/home"),
                ("q", "red shoes"),
                ("", "top"),
            ),
        ),
        FormatExample("redis://:s3cret@cache:6379/0", (("url.password", "s3cret"), ("", "0"))),
        FormatExample(
            "mongodb+srv://u:p@a.example,b.example:27017/db?replicaSet=rs0",
            (("url.username", "u"), ("url.password", "p"), ("", "db"), ("replicaSet", "rs0")),
        ),
        FormatExample(
            "jdbc:sqlserver://db:1433;databaseName=shop;password=a/b",
            (("databaseName", "shop"), ("password", "a/b")),
        ),
        FormatExample(
            "jdbc:oracle:thin:scott/tiger@//db:1521/x",
            (("url.username", "scott"), ("url.password", "tiger")),
        ),
        FormatExample(
            "/cb#access_token=abc&state=1", (("", "cb"), ("access_token", "abc"), ("state", "1"))
        ),
        FormatExample(
            "/app#/reset/x1?token=abc",
            (("", "app"), ("", "reset"), ("path.reset", "x1"), ("token", "abc")),
        ),
        FormatExample(
            "postgres://bob:p/w#d@db/shop",
            (("url.username", "bob"), ("url.password", "p/w#d"), ("", "shop")),
        ),
        FormatExample("mailto:bob@b.example", (("", "bob@b.example"),)),
    ),
)

URL_PATH: Final = Format(
    name="url_path",
    rewrite=rewrite_path,
    source="RFC 9112, section 3.2",
    examples=(
        FormatExample(
            "/reset-password/ab12;jsessionid=9f?lang=en",
            (
                ("", "reset-password"),
                ("path.reset-password", "ab12"),
                ("jsessionid", "9f"),
                ("lang", "en"),
            ),
        ),
        FormatExample("//users/{id}", (("", "users"), ("", "{id}"))),
    ),
)

URL_QUERY: Final = Format(
    name="url_query",
    rewrite=rewrite_query,
    source="RFC 3986, section 3.4; WHATWG URL, section 5.1",
    examples=(
        FormatExample(
            "user[email]=a%40b.example&ids[]=1&ids[]=2;flag=&bare&p=x;y",
            (
                ("user.email", "a@b.example"),
                ("ids", "1"),
                ("ids", "2"),
                ("", "bare"),
                ("p", "x;y"),
            ),
        ),
        FormatExample("phone=+491701234567", (("phone", "+491701234567"),)),
    ),
)
