"""Values that a span's limit on attributes cut in the middle of a secret: what is left of it goes too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from .case import Case
from .draw import BASE62, Draw
from .providers import PROVIDERS
from .tokens import github

# Services whose prefix alone says what follows, however little is left.
_TELLING: Final = (
    *("Slack bot", "GitLab personal", "Stripe secret", "SendGrid", "Anthropic", "OpenAI project", "PyPI"),
    *("DigitalOcean", "Shopify access", "Databricks", "Hugging Face", "Postman", "Grafana service account"),
    *("Linear", "Figma", "Vault service", "Doppler personal", "Docker Hub", "Replicate", "Groq", "JWT"),
    *("OpenRouter", "Sentry user", "Supabase", "Netlify", "PlanetScale token", "RubyGems", "New Relic user"),
)  # fmt: skip


def truncated(draw: Draw) -> Iterator[Case]:
    """Secrets of every notation, cut somewhere in their second half; what stands before stays."""
    for name in _TELLING:
        for template in (
            "using {}",
            "level=info value={}",
            '{{"credential": "{}',
            "https://h.example/?q={}",
        ):
            token = draw.like(PROVIDERS[name])
            left = token[: draw.number(max(20, len(token) * 6 // 10), len(token) - 1)]
            before = template.format("")
            yield Case(
                kind=f"token: {name}",
                key="note",
                value=template.format(left),
                gone=(left,),
                stays=(before.strip(),),
            )
    for _ in range(24):
        token = github(draw, "ghp_")
        left = token[: draw.number(20, 39)]
        yield Case(
            kind="token: GitHub",
            key="note",
            value=f"push with {left}",
            gone=(left,),
            stays=("push with",),
        )
        secret = draw.text(BASE62, 24)
        left = secret[: draw.number(8, 23)]
        for kind, key, text, stays in (
            (
                "JSON",
                "payload.json",
                json.dumps({"page": 2, "password": "@"}).split("@")[0] + left,
                '"page": 2',
            ),
            (
                "JSON in JSON",
                "payload.json",
                json.dumps({"a": 1, "body": '{"token": "@'}).split("@")[0] + left,
                '"a": 1',
            ),
            ("URL", "url.full", f"https://h.example/v1?page=2&token={left}", "page=2"),
            ("form", "http.request.body", f"page=2&password={left}", "page=2"),
            (
                "SQL",
                "db.query.text",
                f"SELECT id FROM users WHERE note = '{left}",
                "SELECT id FROM users WHERE note =",
            ),
            (
                "SQL list",
                "db.query.text",
                f"SELECT id FROM users WHERE note IN ('a', '{left}",
                "SELECT id FROM users WHERE note IN",
            ),
            ("SQL dollar", "db.query.text", f"SELECT $tag${left}", "SELECT"),
            ("Redis", "db.query.text", f"SET cart:7 {left}", "SET cart:7"),
            ("connection", "note", f"postgresql://app:{left}", "postgresql://"),
            ("connection, encoded", "note", f"redis://:{quote(left)}%", "redis://"),
            ("ADO", "note", f"Server=db;Database=shop;Password={left}", "Server=db;Database=shop"),
            ("Bearer", "http.request.header.authorization", f"Bearer {left}", "Bearer"),
            ("cookie", "http.request.header.cookie", f"theme=dark; sessionid={left}", "theme=dark"),
            ("XML", "http.request.body", f"<a><n>2</n><password>{left}", "<n>2</n>"),
            ("command", "process.command_line", f"mysql -h db --password={left}", "mysql -h db"),
            ("env", "log.body", f"LOG_LEVEL=debug\nDB_PASSWORD={left}", "LOG_LEVEL=debug"),
            (
                "header dump",
                "log.body",
                f"Host: shop.example\r\nX-Api-Key: {left}",
                "Host: shop.example",
            ),
            (
                "Python",
                "exception.message",
                f"bad config {{'port': 1, 'password': '{left}",
                "'port': 1",
            ),
            (
                "PEM",
                "note",
                f"key -----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B{left}",
                "key",
            ),
            (
                "multipart",
                "payload.raw",
                f'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n{left}',
                "form-data",
            ),
        ):
            yield Case(kind=kind, key=key, value=text, gone=(left,), stays=(stays,))
        address = f"{draw.people('en').user_name()}@mail.example.org"
        left = address[: draw.number(len(address) - 9, len(address) - 2)]
        yield Case(
            kind="e-mail",
            key="note",
            value=f"mail sent to {left}",
            gone=(left,),
            stays=("mail sent to",),
        )
