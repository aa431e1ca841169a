"""Place services' credentials where they stand in spans, and what looks like one beside them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from .case import Case
from .draw import BASE62, Draw
from .providers import NAMED, PROVIDERS, PUBLIC

# Key, text around the token, and what of the text must stay.
_PLACES: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("note", "{}", ()),
    ("message", "using {} for region eu-west-1", ("for region eu-west-1",)),
    ("log.body", "level=info msg=connected value={} took=12ms", ("level=info", "took=12ms")),
    ("job.input", '{{"credential": "{}", "retries": 3}}', ('"retries": 3',)),
    ("exception.message", "401 Unauthorized for {}", ("401 Unauthorized",)),
    ("exception.message", "ValueError: bad credential '{}' (line 17)", ("line 17",)),
    ("app.debug", "client(auth='{}', timeout=30)", ("timeout=30",)),
    ("http.request.header.x-service", "{}", ()),
    ("config.line", "export SERVICE_VALUE={}", ("SERVICE_VALUE",)),
    ("config.line", "value: {}\nregion: eu", ("region: eu",)),
)


def github(draw: Draw, prefix: str) -> str:
    """Draw a token of GitHub's or npm's: thirty characters and a CRC-32 of them in base 62."""
    body = draw.text(BASE62, 30)
    checksum = zlib.crc32(body.encode())
    digits = ""
    while checksum:
        checksum, rest = divmod(checksum, 62)
        digits = BASE62[rest] + digits
    return f"{prefix}{body}{digits.rjust(6, '0')}"


def tokens(draw: Draw) -> Iterator[Case]:
    """Credentials of all services, each in some places; services' public ids in the same ones."""
    for name, grammar in PROVIDERS.items():
        for key, template, stays in draw.some(_PLACES, 4):
            token = draw.like(grammar)
            if "\n" in token and "{{" in template:
                token = token.replace("\n", "\\n")
            yield Case(kind=name, key=key, value=template.format(token), gone=(token,), stays=stays)
        token = draw.like(grammar)
        if "\n" not in token and "://" not in token:
            url = f"https://api.shop.example/v1/items?page=2&q={quote(token, safe='')}&sort=name"
            stays = ("api.shop.example/v1/items", "page=2", "sort=name")
            yield Case(kind=name, key="url.full", value=url, gone=(token,), stays=stays)
    for prefix in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "npm_"):
        for key, template, stays in draw.some(_PLACES, 5):
            token = github(draw, prefix)
            yield Case(
                kind=prefix, key=key, value=template.format(token), gone=(token,), stays=stays
            )
    for key, template, stays in _PLACES:
        token = f"github_pat_{draw.text(BASE62, 22)}_{draw.text(BASE62, 59)}"
        yield Case(
            kind="github_pat_", key=key, value=template.format(token), gone=(token,), stays=stays
        )
    for name, (variable, grammar) in NAMED.items():
        for template in (
            "{}={}",
            "export {}='{}'",
            "{}: {}",
            "docker run -e {}={} app:1.2",
            '{{"{}": "{}", "region": "eu"}}',
        ):
            token = draw.like(grammar)
            stays = (
                variable,
                *(part for part in ("app:1.2", '"region": "eu"') if part in template),
            )
            text = template.format(variable, token)
            yield Case(kind=name, key="config.line", value=text, gone=(token,), stays=stays)
        token = draw.like(grammar)
        yield Case(kind=name, key=f"env.{variable}", value=token, gone=(token,))
    for grammar in PUBLIC:
        for key, template, _ in (*_PLACES[:3], _PLACES[4]):
            yield Case(kind="public id", key=key, value=template.format(draw.like(grammar)))
