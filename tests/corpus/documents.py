"""Whole documents as programs exchange them: mails, cards, tables, access logs, manifests, headers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from .case import Case
from .draw import BASE62, BASE64URL, Draw
from .identities import national_id
from .money import card, grouped, iban
from .sentences import email, phone

_Document = tuple[str, str, Any, tuple[str, ...], tuple[str, ...]]


def documents(draw: Draw) -> Iterator[Case]:
    """Documents with planted members; what isn't planted in them stays."""
    for _ in range(14):
        for kind, key, value, gone, stays in (*_texts(draw), *_records(draw), *_headers(draw)):
            coarse = "orwarded" in kind  # a client's address is generalized
            yield Case(kind=kind, key=key, value=value, gone=gone, stays=stays, coarse=coarse)
        for kind, key, value in _harmless(draw):
            yield Case(kind=f"harmless {kind}", key=key, value=value)


def _texts(draw: Draw) -> Iterator[_Document]:
    address, other = email(draw), email(draw)
    tel, number, account = phone(draw, "en"), card(draw)[0], iban(draw, "DE")
    secret, last = draw.text(BASE62, 16), draw.people("en").last_name() + "ski"
    yield (
        "mail",
        "message",
        f"From: {address}\nTo: {other}\nSubject: Order 83124\nDate: Thu, 15 Jan 2026 10:15:30 +0000\n\nPlease ship it by Friday.",
        (address, other),
        ("Subject: Order 83124", "Please ship it by Friday."),
    )
    yield (
        "vCard",
        "note",
        f"BEGIN:VCARD\nVERSION:4.0\nEMAIL;TYPE=work:{address}\nTEL;VALUE=uri:tel:+4930{draw.like('[2-9]')}123456\nORG:Example Inc\nEND:VCARD",
        (address,),
        ("VERSION:4.0", "ORG:Example Inc"),
    )
    yield (
        "iCalendar",
        "note",
        f"BEGIN:VEVENT\nORGANIZER;CN=Team:mailto:{address}\nDTSTART:20260115T101530Z\nSUMMARY:Review\nEND:VEVENT",
        (address,),
        ("DTSTART:20260115T101530Z", "SUMMARY:Review"),
    )
    yield (
        "CSV",
        "payload.csv",
        f"id,email,last_name,plan\n7,{address},{last},gold\n8,{other},{last},free\n",
        (address, other, last),
        ("id,email,last_name,plan", "gold", "free"),
    )
    yield (
        "SIP",
        "note",
        f"INVITE sip:{address} SIP/2.0 from <sip:{other}>;tag=17",
        (address, other),
        ("INVITE", "tag=17"),
    )
    yield (
        "ticket",
        "ticket.text",
        f"Customer writes: my card {grouped(number, (4,) * 5, ' ')} was charged twice, refund to {account}. Reach me on {address} or {tel}. Order 2026-83124.",
        (grouped(number, (4,) * 5, " "), account, address, tel),
        ("Customer writes", "was charged twice", "Order 2026-83124"),
    )
    yield (
        "chat",
        "log.body",
        f"[10:15] agent: what is your email?\n[10:16] user: it's {address}\n[10:17] agent: and the new password?\n[10:18] user: password is {secret}",
        (address, secret),
        ("[10:15] agent", "[10:17] agent"),
    )
    yield (
        "table",
        "log.body",
        f"| order | email | total |\n|---|---|---|\n| 7 | {address} | 49.90 |",
        (address,),
        ("| order | email | total |", "49.90"),
    )
    yield (
        "access log",
        "log.body",
        f'81.2.69.{draw.number(10, 250)} - - [15/Jan/2026:10:15:30 +0000] "GET /reset?token={secret}&lang=en HTTP/2.0" 302 0 "https://shop.example/login?email={address}" "Mozilla/5.0"',
        (secret, address),
        ("GET /reset?token=", "lang=en HTTP/2.0", "302", "https://shop.example/login?email="),
    )
    yield (
        "diff",
        "log.body",
        f"@@ -1,3 +1,3 @@\n-DB_PASSWORD={secret}\n+DB_HOST=db.internal\n LOG_LEVEL=debug",
        (secret,),
        ("@@ -1,3 +1,3 @@", "DB_HOST=db.internal", "LOG_LEVEL=debug"),
    )
    yield (
        "user agent",
        "user_agent.original",
        f"example-bot/1.2 (+https://example.org/bot; {address})",
        (address,),
        ("example-bot/1.2", "https://example.org/bot"),
    )
    yield (
        "path",
        "aws.s3.key",
        f"exports/2026/01/{address}/orders.csv",
        (address,),
        ("exports/2026/01/", "/orders.csv"),
    )
    yield (
        "queue",
        "messaging.kafka.message.key",
        f"user:{address}:cart",
        (address,),
        ("user:", ":cart"),
    )


def _records(draw: Draw) -> Iterator[_Document]:
    address, tel, secret = email(draw), phone(draw, "de"), draw.text(BASE62, 20)
    last, ssn = draw.people("en").last_name() + "ski", national_id(draw, "US SSN")
    yield (
        "log record",
        "log.body",
        json.dumps({"ts": 1767225600, "level": "info", "msg": f"mail sent to {address}", "attrs": {"attempt": 2, "ssn": ssn}}),
        (address, ssn),
        ('"level": "info"', '"attempt": 2', "mail sent to"),
    )  # fmt: skip
    yield (
        "webhook",
        "http.request.body",
        json.dumps({"id": "evt_1", "type": "customer.created", "data": {"object": {"email": address, "name": f"Jo {last}", "phone": tel, "metadata": {"tier": "gold"}, "currency": "eur"}}}),
        (address, tel),
        ('"type": "customer.created"', '"tier": "gold"', '"currency": "eur"'),
    )  # fmt: skip
    yield (
        "GraphQL answer",
        "http.response.body",
        json.dumps({"data": {"viewer": {"email": address, "orders": {"totalCount": 3, "nodes": [{"id": "T3JkZXI6Nw==", "state": "OPEN"}]}}}}),
        (address,),
        ('"totalCount": 3', '"state": "OPEN"'),
    )  # fmt: skip
    yield (
        "OAuth answer",
        "http.response.body",
        json.dumps({"access_token": secret, "token_type": "Bearer", "expires_in": 3600, "refresh_token": secret[::-1], "scope": "read write"}),
        (secret, secret[::-1]),
        ('"token_type": "Bearer"', '"expires_in": 3600', '"scope": "read write"'),
    )  # fmt: skip
    yield (
        "JSON path names",
        "payload",
        json.dumps({"user.email": address, "user[lastName]": last, "meta": {"page": 2}}),
        (address, last),
        ('"page": 2', "user.email"),
    )
    yield (
        "keyed by mail",
        "payload.json",
        json.dumps({address: {"count": 3}, "total": 4}),
        (address,),
        ('"count": 3', '"total": 4'),
    )
    yield (
        "map",
        "order.data",
        {"customer": {"email": address, "phone": tel}, "items": [{"sku": "AB-12", "n": 2}]},
        (address, tel),
        ("AB-12", "customer"),
    )
    yield (
        "arguments",
        "process.command_args",
        ["deploy", "--region", "eu-west-1", "--token", secret, "--dry-run"],
        (secret,),
        ("--region", "eu-west-1", "--token", "--dry-run"),
    )
    yield (
        "name and value",
        "config.items",
        [{"name": "API_TOKEN", "value": secret}, {"name": "REGION", "value": "eu"}],
        (secret,),
        ("API_TOKEN", "REGION", "eu"),
    )
    encoded = base64.b64encode(secret.encode()).decode()
    yield (
        "Kubernetes Secret",
        "k8s.manifest",
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ntype: Opaque\ndata:\n  password: {encoded}\n",
        (encoded,),
        ("kind: Secret", "name: db", "type: Opaque"),
    )
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{draw.text(BASE62, 64)}\n{draw.text(BASE62, 64)}\n-----END RSA PRIVATE KEY-----\n"
    yield (
        "service account",
        "payload.json",
        json.dumps({"type": "service_account", "project_id": "shop-prod", "private_key": key, "client_id": "117"}),
        (key.split("\n")[1], key.split("\n")[2]),
        ('"type": "service_account"', '"project_id": "shop-prod"'),
    )  # fmt: skip
    yield (
        "PEM cut",
        "log.body",
        f"loading {key[:100]}",
        (key[32:100],),
        ("loading",),
    )


def _headers(draw: Draw) -> Iterator[_Document]:
    secret, address = draw.text(BASE64URL, 32), email(draw)
    client = f"81.2.{draw.number(2, 250)}.{draw.number(10, 250)}"
    header = "http.request.header."
    yield "X-Api-Key", f"{header}x-api-key", [secret], (secret,), ()
    yield "X-Auth-Token", f"{header}x_auth_token", secret, (secret,), ()
    yield (
        "X-Forwarded-For",
        f"{header}x-forwarded-for",
        [f"{client}, 10.1.2.3"],
        (client,),
        ("10.1.2.3",),
    )
    yield (
        "Forwarded",
        f"{header}forwarded",
        f"for={client};proto=https;by=10.1.2.3;host=shop.example",
        (client,),
        ("proto=https", "host=shop.example"),
    )
    yield (
        "Referer",
        f"{header}referer",
        f"https://shop.example/reset?token={secret}&lang=en",
        (secret,),
        ("https://shop.example/reset", "lang=en"),
    )
    yield (
        "Location",
        "http.response.header.location",
        f"/login/callback?code={secret}&state=ok",
        (secret,),
        ("/login/callback", "state=ok"),
    )
    yield (
        "Digest",
        f"{header}authorization",
        f'Digest username="{address}", realm="shop", nonce="{draw.hexadecimal(32)}", uri="/v1", response="{draw.hexadecimal(32)}"',
        (address,),
        ("Digest", 'realm="shop"'),
    )
    yield (
        "Cookie",
        f"{header}cookie",
        [f"_ga=GA1.2.{draw.digits(9)}.{draw.digits(10)}; auth_token={secret}; currency=EUR"],
        (secret,),
        ("currency=EUR",),
    )
    yield "gRPC", "rpc.grpc.request.metadata.x-session-token", [secret], (secret,), ()
    yield (
        "baggage",
        f"{header}baggage",
        f"tenant=shop,user_email={address.replace('@', '%40')}",
        (address,),
        ("tenant=shop",),
    )


def _harmless(draw: Draw) -> Iterator[tuple[str, str, Any]]:
    yield (
        "content type",
        "http.request.header.content-type",
        ["multipart/form-data; boundary=----WebKitFormBoundary" + draw.text(BASE62, 16)],
    )
    yield "etag", "http.response.header.etag", f'W/"{draw.hexadecimal(32)}"'
    yield "traceparent", "http.request.header.traceparent", f"00-{draw.hexadecimal(32)}-{draw.hexadecimal(16)}-01"  # fmt: skip
    yield "request id", "http.request.header.x-request-id", [draw.uuid()]
    yield "accept", "http.request.header.accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
    yield "CSP", "http.response.header.content-security-policy", "default-src 'self'; img-src * data:; script-src 'nonce'"  # fmt: skip
    yield "CSV", "payload.csv", f"id,sku,price\n7,AB-{draw.digits(2)},19.90\n8,CD-{draw.digits(2)},5.00\n"  # fmt: skip
    yield (
        "manifest",
        "k8s.manifest",
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: checkout\nspec:\n  replicas: {draw.digits(1)}\n  template:\n    spec:\n      containers:\n      - name: app\n        image: shop/app:1.{draw.digits(2)}\n        envFrom:\n        - secretRef:\n            name: db-credentials\n",
    )
    yield "arguments", "process.command_args", ["serve", "--port", "8080", "--workers", draw.digits(1)]  # fmt: skip
    yield "columns", "db.columns", ["id", "email", "last_name", "created_at"]
    yield "scopes", "oauth.scopes", ["openid", "profile", "email"]
    yield "map", "order.data", {"status": "open", "items": [{"sku": "AB-12", "n": 2}], "total": 49.9}  # fmt: skip
    yield "histogram", "buckets", [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5]
    yield "embedding", "vector", [round(draw.random.uniform(-1, 1), 6) for _ in range(12)]
    yield "ids", "order.ids", [draw.number(10**9, 10**10) for _ in range(4)]
    yield "schema", "payload.json", json.dumps({"type": "object", "required": ["email", "password"], "properties": {"email": {"type": "string", "format": "email"}, "password": {"type": "string", "minLength": 12}}})  # fmt: skip
    yield "feature flags", "payload.json", json.dumps({"flags": {"new-login": True, "password-reset-v2": False}, "rollout": 0.25})  # fmt: skip
    yield "i18n", "payload.json", json.dumps({"login.password.label": "Password", "login.email.hint": "Your e-mail address"})  # fmt: skip
    yield "SPDX", "note", "SPDX-License-Identifier: Apache-2.0"
    yield (
        "git log",
        "log.body",
        f"commit {draw.hexadecimal(40)}\n\n    Fix the token bucket (#1234)\n",
    )
