"""URLs, headers and bodies with planted values, and plain ones that stay as they are."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus

from .case import Case
from .draw import BASE62, BASE64URL, Draw
from .money import card
from .sentences import email, phone

_HOSTS: Final = ("shop.example", "api.eu.example.com:8443", "accounts.example.org", "10.1.2.3:8080")
# Parameters whose value is a secret or personal by their name.
_TELLING: Final = (
    "token", "access_token", "api_key", "apikey", "password", "client_secret", "sig", "signature", "jwt",
    "session_id", "sid", "auth", "refresh_token", "id_token", "pwd", "first_name", "lastname", "ssn",
    "X-Amz-Signature", "X-Amz-Security-Token", "X-Goog-Signature", "hmac", "secret", "otp", "dob",
)  # fmt: skip
_PLAIN_URLS: Final = (
    "https://{h}/api/v1/orders/{d}?page=2&limit=50&sort=-created_at",
    "https://{h}/search?q=blue+shoes&lang=en&currency=EUR",
    "https://{h}/v2/items/{u}/reviews?fields=id,name&expand=author",
    "https://{h}/assets/app.{x}.js?v=1.2.3",
    "http://{h}/healthz", "https://{h}/", "/api/v1/users/{d}/orders?status=open&from=2026-01-01",
    "https://{h}/maps/tiles/12/2200/1343.png", "https://{h}/docs/getting-started#install",
    "https://{h}/a/b/c;v=1/d?x=1&y=2&utm_source=news&utm_campaign=spring",
    "https://{h}/oauth/authorize?response_type=code&client_id=web-shop&scope=openid+profile",
    "https://{h}/repos/acme/app/commits/{s}", "https://{h}/calendar/2026/01/15/week",
    "https://{h}/users/{d}/settings/notifications", "wss://{h}/socket?transport=websocket&EIO=4",
    "https://{h}/graphql?operationName=GetCart", "https://{h}/reset-password", "https://{h}/token/refresh",
)  # fmt: skip


_PLAIN_BODIES: Final[tuple[dict[str, object], ...]] = (
    {"page": 2, "items": [{"id": 7, "sku": "AB-12", "price": 19.9}], "status": "open"},
    {
        "event": "order.created",
        "version": "1.2.3",
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
    },
    {"count": 3, "token_count": 512, "model": "gpt-4o", "finish_reason": "stop"},
    {"width": 800, "height": 600, "color": "#ff8800", "ratio": 1.33333},
    {
        "build": "2026.01.15-4711",
        "commit": "9f2d4c1b7a6e5d4c3b2a19087f6e5d4c3b2a1908",
        "ok": True,
    },
    {"type": "FeatureCollection", "count": 12, "zoom": 4},
)


def _value(draw: Draw) -> str:
    return draw.pick(
        (draw.text(BASE62, draw.number(12, 32)), draw.password(), draw.text(BASE64URL, 22))
    )


def urls(draw: Draw) -> Iterator[Case]:
    """Planted parameters, credentials, fragments and path segments; all else of the URL stays."""
    keys = ("url.full", "http.url", "http.request.header.referer", "link")
    for name in _TELLING:
        for _ in range(6):
            value, host = _value(draw), draw.pick(_HOSTS)
            text = f"https://{host}/v1/items/{draw.digits(5)}?page=2&{name}={quote(value, safe='')}&sort=name"
            stays = (f"{host}/v1/items", "page=2", "sort=name", f"{name}=")
            yield Case(
                kind="parameter", key=draw.pick(keys), value=text, gone=(value,), stays=stays
            )
    for _ in range(40):
        host, value = draw.pick(_HOSTS), _value(draw)
        user = draw.people("en").user_name() + draw.digits(3)
        text = f"https://{user}:{quote(value, safe='')}@{host}/feed.xml"
        yield Case(
            kind="userinfo",
            key="url.full",
            value=text,
            gone=(value, user),
            stays=(host, "/feed.xml"),
        )
        address = email(draw)
        text = f"https://{host}/search?q={quote_plus(address)}&page=3"
        yield Case(
            kind="e-mail in query",
            key="url.full",
            value=text,
            gone=(address,),
            stays=(host, "page=3"),
        )
        text = f"https://{host}/users/{quote(address)}/orders"
        yield Case(
            kind="e-mail in path",
            key="url.full",
            value=text,
            gone=(address,),
            stays=("/users/", "/orders"),
        )
        text = f"https://{host}/callback?state=ok#access_token={value}&token_type=bearer&expires_in=3600"
        yield Case(
            kind="fragment",
            key="url.full",
            value=text,
            gone=(value,),
            stays=("/callback", "expires_in=3600"),
        )
        number = card(draw)[0]
        text = f"/pay/{number}?amount=4990"
        yield Case(
            kind="card in path",
            key="url.path" if draw.number(0, 1) else "http.target",
            value=text,
            gone=(number,),
            stays=("/pay/", "amount=4990"),
        )
        value = draw.text(BASE62, 32)
        text = f"https://{host}/{draw.pick(('reset-password', 'verify-email', 'invite', 'magic-link'))}/{value}"
        yield Case(kind="secret in path", key="url.full", value=text, gone=(value,), stays=(host,))
        text = f"page=2&{draw.pick(_TELLING[:8])}={quote(value, safe='')}"
        yield Case(kind="url.query", key="url.query", value=text, gone=(value,), stays=("page=2",))
        inner = quote(f"https://{host}/back?token={value}&page=4", safe="")
        text = f"https://login.example/start?next={inner}&lang=en"
        yield Case(
            kind="URL in URL",
            key="url.full",
            value=text,
            gone=(value,),
            stays=("login.example/start", "lang=en"),
        )
        secret = draw.text("0123456789abcdef", 64)
        text = (
            f"https://bucket.s3.eu-west-1.amazonaws.com/a/b.pdf?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            f"&X-Amz-Credential=AKIA{draw.text('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}%2F20260115%2Feu-west-1%2Fs3%2Faws4_request"
            f"&X-Amz-Date=20260115T101530Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature={secret}"
        )
        yield Case(
            kind="S3 signed",
            key="url.full",
            value=text,
            gone=(secret,),
            stays=("/a/b.pdf", "X-Amz-Expires=900", "X-Amz-Algorithm=AWS4-HMAC-SHA256"),
        )
        signature = quote(base64.b64encode(draw.random.randbytes(32)).decode(), safe="")
        text = f"https://acct.blob.core.windows.net/box/a.pdf?sv=2024-11-04&st=2026-01-15T10%3A00%3A00Z&sr=b&sp=r&sig={signature}"
        yield Case(
            kind="Azure SAS",
            key="url.full",
            value=text,
            gone=(signature,),
            stays=("/box/a.pdf", "sv=2024-11-04", "sp=r"),
        )
        text = f"https://cdn.example/v.mp4?Expires=1767225600&Signature={draw.text(BASE64URL, 80)}__&Key-Pair-Id=K2JCJMDEHXQW5F"
        yield Case(
            kind="CloudFront",
            key="url.full",
            value=text,
            gone=(text.split("Signature=")[1].split("&")[0],),
            stays=("cdn.example/v.mp4", "Expires=1767225600"),
        )
    for template in _PLAIN_URLS:
        for _ in range(12):
            text = (
                template.replace("{h}", draw.pick(_HOSTS))
                .replace("{d}", draw.digits(6))
                .replace("{u}", draw.uuid())
            )
            text = text.replace("{x}", draw.hexadecimal(8)).replace("{s}", draw.hexadecimal(40))
            key = "http.target" if text.startswith("/") else draw.pick(keys[:3])
            yield Case(kind="plain", key=key, value=text)


def bodies(draw: Draw) -> Iterator[Case]:
    """JSON, forms, XML, multipart, cookies and headers: planted members go, names and others stay."""
    for _ in range(36):
        address, secret, last, number = (
            email(draw),
            _value(draw),
            draw.people("en").last_name() + "ovic",
            card(draw)[0],
        )
        tel = phone(draw, "en")
        document = {
            "orderId": 83124,
            "customer": {"email": address, "lastName": last, "phones": [tel]},
            "auth": {"password": secret},
            "status": "open",
            "payment": {"cardNumber": number, "brand": "visa"},
        }
        gone = (address, last, tel, secret, number)
        stays = ('"orderId": 83124', '"status": "open"', '"brand": "visa"', "lastName")
        text = json.dumps(document)
        for key in ("http.request.body", "message.payload", "log.record"):
            yield Case(kind="JSON", key=key, value=text, gone=gone, stays=stays)
        yield Case(
            kind="JSON cut",
            key="payload.json",
            value=text[: -draw.number(3, 40)],
            gone=(address, last, tel, secret),
            stays=stays[:1],
        )
        nested = json.dumps({"event": "created", "body": text, "version": 3})
        yield Case(
            kind="JSON in JSON",
            key="payload.json",
            value=nested,
            gone=gone,
            stays=('"event": "created"', '"version": 3'),
        )
        lines = "\n".join(json.dumps({"n": n, "email": address, "ok": True}) for n in range(3))
        yield Case(
            kind="JSON lines",
            key="payload.json",
            value=lines,
            gone=(address,),
            stays=('"ok": true',),
        )
        form = f"page=2&email={quote_plus(address)}&password={quote_plus(secret)}&plan=gold"
        yield Case(
            kind="form",
            key="http.request.body",
            value=form,
            gone=(address, secret),
            stays=("page=2", "plan=gold"),
        )
        xml = (
            f'<?xml version="1.0"?><order id="83124"><customer><email>{address}</email><lastName>{last}</lastName>'
            f'<login password="{secret.replace("&", "").replace("<", "")}"/></customer><status>open</status></order>'
        )
        yield Case(
            kind="XML",
            key="http.request.body",
            value=xml,
            gone=(address, last),
            stays=('id="83124"', "<status>open</status>"),
        )
        soap = f"<soap:Envelope><soap:Body><Login><userName>{last}</userName><password>{draw.text(BASE62, 12)}</password><lang>en</lang></Login></soap:Body></soap:Envelope>"
        yield Case(
            kind="SOAP",
            key="rpc.payload",
            value=soap,
            gone=(last,),
            stays=("<lang>en</lang>", "soap:Envelope"),
        )
        border = "----WebKitFormBoundary" + draw.text(BASE62, 16)
        multipart = (
            f'--{border}\r\nContent-Disposition: form-data; name="password"\r\n\r\n{secret}\r\n--{border}\r\n'
            f'Content-Disposition: form-data; name="plan"\r\n\r\ngold\r\n--{border}--\r\n'
        )
        yield Case(
            kind="multipart",
            key="payload.raw",
            value=multipart,
            gone=(secret,),
            stays=('name="plan"', "gold"),
        )
        yaml = f"service: shop\nreplicas: 3\ndatabase:\n  host: db.internal\n  password: {secret}\n  user_email: {address}\n"
        yield Case(
            kind="YAML",
            key="config.text",
            value=yaml,
            gone=(secret, address),
            stays=("replicas: 3", "host: db.internal"),
        )
        env = f"LOG_LEVEL=debug\nDB_HOST=db.internal\nDB_PASSWORD={secret}\nAPI_TOKEN='{draw.text(BASE62, 24)}'\n"
        yield Case(
            kind="env file",
            key="config.text",
            value=env,
            gone=(secret,),
            stays=("LOG_LEVEL=debug", "DB_HOST=db.internal"),
        )
        cookie = f"theme=dark; sessionid={secret.replace(';', '')}; lang=en"
        yield Case(
            kind="cookie",
            key="http.request.header.cookie",
            value=cookie,
            gone=(secret,),
            stays=("theme=dark", "lang=en"),
        )
        cookie = f"sid={draw.text(BASE62, 32)}; Path=/; HttpOnly; Max-Age=3600; SameSite=Lax"
        yield Case(
            kind="Set-Cookie",
            key="http.response.header.set-cookie",
            value=[cookie],
            gone=(cookie[4:36],),
            stays=("Path=/", "Max-Age=3600", "SameSite=Lax"),
        )
        basic = base64.b64encode(f"{last}:{secret}".encode()).decode()
        yield Case(
            kind="Basic",
            key="http.request.header.authorization",
            value=f"Basic {basic}",
            gone=(basic,),
            stays=("Basic",),
        )
        bearer = draw.text(BASE64URL, 40)
        yield Case(
            kind="Bearer",
            key="http.request.header.authorization",
            value=[f"Bearer {bearer}"],
            gone=(bearer,),
            stays=("Bearer",),
        )
        headers = f"GET /v1/items HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Bearer {bearer}\r\nX-Api-Key: {secret}\r\nAccept: */*\r\n\r\n"
        yield Case(
            kind="request",
            key="payload.raw",
            value=headers,
            gone=(bearer, secret),
            stays=("Host: shop.example", "Accept: */*", "GET /v1/items"),
        )
        dsn = f"postgresql://app:{quote(secret, safe='')}@db.internal:5432/shop?sslmode=require"
        yield Case(
            kind="connection",
            key="db.connection_string",
            value=dsn,
            gone=(secret,),
            stays=("db.internal:5432/shop", "sslmode=require"),
        )
        odbc = f"Server=tcp:db.internal,1433;Database=shop;User ID=app;Password={secret.replace(';', '')};Encrypt=True;"
        yield Case(
            kind="ADO",
            key="note",
            value=odbc,
            gone=(secret,),
            stays=("Server=tcp:db.internal,1433", "Database=shop", "Encrypt=True"),
        )
        line = f"curl -s -u app:{secret} --retry 3 https://shop.example/v1/items"
        yield Case(
            kind="command",
            key="process.command_line",
            value=line,
            gone=(secret,),
            stays=("--retry 3", "https://shop.example/v1/items"),
        )
        line = f"mysql -h db.internal --password={secret} --port 3306 shop"
        yield Case(
            kind="command",
            key="process.command_line",
            value=line,
            gone=(secret,),
            stays=("db.internal", "--port 3306", "shop"),
        )
        trace = (
            'Traceback (most recent call last):\n  File "/app/shop/pay.py", line 47, in charge\n    client.pay(cart)\n'
            f"shop.errors.Declined: card {number} of {address} was declined\n"
        )
        yield Case(
            kind="trace",
            key="exception.stacktrace",
            value=trace,
            gone=(number, address),
            stays=('File "/app/shop/pay.py", line 47, in charge', "shop.errors.Declined"),
        )
    for place, document in enumerate(_PLAIN_BODIES * 6):
        key = ("response.json", "message.payload", "log.record", "event.data")[place % 4]
        yield Case(kind="plain JSON", key=key, value=json.dumps(document))
