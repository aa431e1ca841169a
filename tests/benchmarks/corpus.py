"""Make spans as services make them, the same each time: what every benchmark here is measured on.

The real SDK records them, so they are what a processor gets. Instrumentations of several ages are in
it, as they are in any company: attributes of the stable conventions and of those before. It imports
nothing of jaeger_guard, so that other libraries can be measured on it in environments of their own.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import SpanKind, Status, StatusCode

Attributes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the spans are like.

    Attributes:
        spans: How many.
        dirty: The share that carries something sensitive.
        unique: Whether no text repeats, so that nobody's memory is of use.
        kinds: Names of the kinds of spans; empty for all, as often as they are met.
        seed: Other seeds give other spans of the same sort.
    """

    spans: int = 20_000
    dirty: float = 0.1
    unique: bool = False
    kinds: tuple[str, ...] = ()
    seed: int = 20260115


ERRORS: Final = 0.03
_BEGAN: Final = 1_768_000_000_000_000_000
_RESOURCE: Final = Resource(
    {
        "service.name": "shop",
        "service.version": "1.4.2",
        "deployment.environment.name": "production",
        "host.name": "web-7",
        "process.pid": 4711,
        "telemetry.sdk.language": "python",
    }
)
_AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5",
    "python-requests/2.32.3",
    "okhttp/4.12.0",
    "kube-probe/1.30",
)
_NAMES: Final = ("anna", "bjorn", "carla", "dmitri", "elif", "farid", "grace", "hiro", "ines")
_DOMAINS: Final = ("mail.example.org", "example.com", "post.example.net")
_WORDS: Final = [
    "the",
    "order",
    "was",
    "packed",
    "and",
    "waits",
    "for",
    "the",
    "courier",
    "who",
    "comes",
    "at",
    "noon",
    "a",
    "customer",
    "asks",
    "whether",
    "two",
    "parcels",
    "may",
    "go",
    "to",
    "one",
    "address",
    "please",
    "summarize",
    "the",
    "following",
    "conversation",
    "and",
    "answer",
    "in",
    "a",
    "friendly",
    "tone",
    "keep",
    "every",
    "fact",
    "number",
    "and",
    "date",
    "as",
    "it",
    "is",
    "the",
    "invoice",
    "lists",
    "three",
    "items",
    "of",
    "which",
    "one",
    "is",
    "out",
    "of",
    "stock",
    "offer",
    "a",
    "replacement",
    "or",
    "a",
    "refund",
    "and",
    "say",
    "when",
    "it",
    "can",
    "be",
    "delivered",
]
_PAGES: Final = ("items", "orders", "carts", "reviews", "sellers", "baskets", "returns")


class _Maker:
    """Draws what stands in the spans."""

    def __init__(self, traffic: Traffic) -> None:
        self.random = random.Random(traffic.seed)
        self.unique = traffic.unique
        self._dirty = traffic.dirty
        self._count = 0
        self.is_dirty = False

    def next_span(self) -> None:
        self.is_dirty = self.random.random() < self._dirty

    def often(self, text: str) -> str:
        """Return a text that is the same on most spans; with a number behind it where none may be."""
        if not self.unique:
            return text
        self._count += 1
        return f"{text}-{self._count:x}"

    def number(self, most: int) -> int:
        if self.unique:
            self._count += 1
            return self._count
        return self.random.randrange(most)

    def one_of(self, texts: Sequence[str]) -> str:
        return self.often(self.random.choice(texts))

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def email(self) -> str:
        name = self.random.choice(_NAMES)
        return f"{name}.{self.random.randrange(10**4)}@{self.random.choice(_DOMAINS)}"

    def phone(self) -> str:
        return f"+49 30 {self.random.randrange(10**6, 10**7)}"

    def card(self) -> str:
        digits = [4, *(self.random.randrange(10) for _ in range(14))]
        doubled = [d if i % 2 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(digits)]
        return "".join(map(str, digits)) + str(-sum(doubled) % 10)

    def token(self) -> str:
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        return "ghp_" + "".join(self.random.choices(letters, k=36))

    def secret(self) -> str:
        return self.random.choice((self.email, self.phone, self.card, self.token))()

    def prose(self, words: int) -> str:
        return " ".join(self.random.choices(_WORDS, k=words))


def _http_server(make: _Maker) -> tuple[str, SpanKind, Attributes]:
    page = make.random.choice(_PAGES)
    query = f"page={make.number(20)}&sort=-created&limit=50"
    if make.is_dirty:
        query += f"&email={make.email().replace('@', '%40')}"
    attributes: Attributes = {
        "http.request.method": make.often("GET"),
        "http.route": make.often(f"/{page}/{{id}}"),
        "url.path": f"/{page}/{make.number(500)}",
        "url.query": query,
        "url.scheme": make.often("https"),
        "server.address": make.often("shop.example"),
        "server.port": 443,
        "http.response.status_code": make.random.choice((200, 200, 200, 201, 304, 404)),
        "http.response.body.size": make.random.randrange(40_000),
        "user_agent.original": make.one_of(_AGENTS),
        "client.address": f"10.2.{make.random.randrange(4)}.{make.number(250)}",
        "network.protocol.version": make.often("1.1"),
        "http.request.header.x-request-id": (make.uuid(),),
    }
    return f"GET /{page}/{{id}}", SpanKind.SERVER, attributes


def _http_server_of_old(make: _Maker) -> tuple[str, SpanKind, Attributes]:
    page = make.random.choice(_PAGES)
    target = f"/{page}/{make.number(500)}?ref=mail"
    if make.is_dirty:
        target += f"&token={make.token()}"
    attributes: Attributes = {
        "http.method": make.often("POST"),
        "http.server_name": make.often("0.0.0.0"),
        "http.scheme": make.often("http"),
        "http.host": make.often("shop.internal:8080"),
        "http.target": target,
        "http.route": make.often(f"/{page}/<int:id>"),
        "http.user_agent": make.one_of(_AGENTS),
        "http.status_code": 200,
        "http.flavor": make.often("1.1"),
        "net.host.port": 8080,
        "net.peer.ip": f"10.2.0.{make.number(250)}",
        "net.peer.port": make.random.randrange(30_000, 60_000),
    }
    return f"POST /{page}/<int:id>", SpanKind.SERVER, attributes


def _http_client(make: _Maker) -> tuple[str, SpanKind, Attributes]:
    url = f"https://pay.example/v1/charges/{make.number(10**6)}?expand=customer"
    if make.is_dirty:
        url += f"&api_key={make.token()}"
    attributes: Attributes = {
        "http.request.method": make.often("POST"),
        "url.full": url,
        "server.address": make.often("pay.example"),
        "server.port": 443,
        "http.response.status_code": 201,
        "network.protocol.version": make.often("1.1"),
        "http.request.header.content-type": (make.often("application/json"),),
    }
    return "POST", SpanKind.CLIENT, attributes


def _sql(make: _Maker) -> tuple[str, SpanKind, Attributes]:
    table = make.random.choice(_PAGES)
    marks = ", ".join(["%s"] * make.random.choice((1, 1, 2, 8)))
    where = f"{table}.email = '{make.email()}'" if make.is_dirty else f"{table}.id IN ({marks})"
    alias = f" AS t{make.number(1)}" if make.unique else ""
    statement = (
        f"SELECT {table}.id, {table}.title, {table}.price, {table}.created_at \n"
        f"FROM {table}{alias} JOIN users ON users.id = {table}.user_id \n"
        f"WHERE {where} ORDER BY {table}.created_at DESC \n LIMIT %s"
    )
    attributes: Attributes = {
        "db.system": make.often("postgresql"),
        "db.name": make.often("shop"),
        "db.user": make.often("shop_app"),
        "db.statement": statement,
        "net.peer.name": make.often("db.internal"),
        "net.peer.port": 5432,
    }
    if make.random.random() < 0.5:
        attributes = {
            "db.system.name": make.often("postgresql"),
            "db.namespace": make.often("shop"),
            "db.query.text": statement,
            "db.operation.name": make.often("SELECT"),
            "db.collection.name": make.often(table),
            "db.response.returned_rows": make.random.randrange(20),
            "server.address": make.often("db.internal"),
            "server.port": 5432,
        }
    return f"SELECT shop.{table}", SpanKind.CLIENT, attributes


def _redis(make: _Maker) -> tuple[str, SpanKind, Attributes]:
    command = "GET ?" if make.random.random() < 0.7 else "SETEX ? ? ?"
    attributes: Attributes = {
        "db.system": make.often("redis"),
        "db.statement": make.often(command),
        "db.redis.database_index": 0,
        "db.redis.args_length": len(command.split()),
        "net.peer.name": make.often("cache.internal"),
        "net.peer.port": 6379,
        "net.transport": make.often("ip_tcp"),
        "cache.key": f"item:{make.number(500)}",
        "cache.hit": make.random.random() < 0.8,
    }
    if make.is_dirty:
        attributes["cache.key"] = f"session:{make.email()}"
    return command.split()[0], SpanKind.CLIENT, attributes


def _messaging(make: _Maker) -> tuple[str, SpanKind, Attributes]:
    attributes: Attributes = {
        "messaging.system": make.often("kafka"),
        "messaging.destination.name": make.often("orders"),
        "messaging.operation.type": make.often("process"),
        "messaging.consumer.group.name": make.often("billing"),
        "messaging.destination.partition.id": make.often(str(make.random.randrange(12))),
        "messaging.kafka.offset": make.number(10**9),
        "messaging.message.id": make.uuid(),
        "messaging.message.body.size": make.random.randrange(4000),
        "order.total": make.random.randrange(10**5) / 100,
        "order.note": f"packed in {make.number(9)} parcels",
    }
    if make.is_dirty:
        attributes["order.note"] = f"call {make.phone()} or write to {make.email()}"
    return "process orders", SpanKind.CONSUMER, attributes


def _grpc(make: _Maker) -> tuple[str, SpanKind, Attributes]:
    attributes: Attributes = {
        "rpc.system": make.often("grpc"),
        "rpc.service": make.often("shop.v1.Inventory"),
        "rpc.method": make.often("Reserve"),
        "rpc.grpc.status_code": 0,
        "server.address": make.often("inventory.internal"),
        "server.port": 50051,
        "network.peer.address": f"10.3.1.{make.number(40)}",
        "rpc.grpc.request.metadata.x-tenant": (make.often(f"tenant-{make.random.randrange(30)}"),),
    }
    if make.is_dirty:
        attributes["rpc.grpc.request.metadata.authorization"] = (f"Bearer {make.token()}",)
    return "shop.v1.Inventory/Reserve", SpanKind.CLIENT, attributes


def _gen_ai(make: _Maker) -> tuple[str, SpanKind, Attributes]:
    question = make.prose(make.random.choice((150, 400, 900)))
    if make.is_dirty:
        question += f" my number is {make.phone()} and my card {make.card()} " + make.prose(50)
    answer = make.prose(200)
    asked = [
        {"role": "system", "parts": [{"type": "text", "content": make.prose(60)}]},
        {"role": "user", "parts": [{"type": "text", "content": question}]},
    ]
    given = [{"role": "assistant", "parts": [{"type": "text", "content": answer}]}]
    attributes: Attributes = {
        "gen_ai.provider.name": make.often("openai"),
        "gen_ai.operation.name": make.often("chat"),
        "gen_ai.request.model": make.often("gpt-4o"),
        "gen_ai.response.model": make.often("gpt-4o-2024-08-06"),
        "gen_ai.response.id": f"chatcmpl-{make.random.getrandbits(120):030x}",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 800,
        "gen_ai.usage.input_tokens": len(question) // 4,
        "gen_ai.usage.output_tokens": len(answer) // 4,
        "gen_ai.response.finish_reasons": (make.often("stop"),),
        "gen_ai.input.messages": json.dumps(asked),
        "gen_ai.output.messages": json.dumps(given),
        "app.conversation.summary": make.prose(120),
    }
    return "chat gpt-4o", SpanKind.CLIENT, attributes


_Make = Callable[[_Maker], tuple[str, SpanKind, Attributes]]

# How often each is met among a hundred spans of services that talk to each other.
KINDS: Final[dict[str, tuple[_Make, int, str]]] = {
    "http server": (_http_server, 18, "opentelemetry.instrumentation.fastapi"),
    "http server, old": (_http_server_of_old, 8, "opentelemetry.instrumentation.flask"),
    "http client": (_http_client, 14, "opentelemetry.instrumentation.requests"),
    "sql": (_sql, 25, "opentelemetry.instrumentation.sqlalchemy"),
    "redis": (_redis, 13, "opentelemetry.instrumentation.redis"),
    "messaging": (_messaging, 9, "opentelemetry.instrumentation.kafka"),
    "grpc": (_grpc, 8, "opentelemetry.instrumentation.grpc"),
    "gen_ai": (_gen_ai, 5, "opentelemetry.instrumentation.openai_v2"),
}


class _Ids(IdGenerator):
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def generate_span_id(self) -> int:
        return self._random.getrandbits(64) or 1

    def generate_trace_id(self) -> int:
        return self._random.getrandbits(128) or 1


class _Kept(SpanProcessor):
    """Keeps what ends."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


class PaymentDeclinedError(Exception):
    """What fails in this shop."""


def _charge(depth: int, reason: str) -> None:
    if depth:
        _charge(depth - 1, reason)
    raise PaymentDeclinedError(reason)


def _fail(span: trace.Span, make: _Maker) -> None:
    """Record an exception as the SDK does, with its real stack trace."""
    reason = f"order {make.number(10**5)} was declined by the issuer"
    if make.is_dirty:
        reason += f" for {make.secret()}"
    try:
        _charge(make.random.choice((4, 12, 25)), reason)
    except PaymentDeclinedError as error:
        span.record_exception(error, timestamp=_BEGAN)
        span.set_status(Status(StatusCode.ERROR, reason))


def descriptions(traffic: Traffic) -> Iterator[tuple[str, str, SpanKind, Attributes, bool]]:
    """Yield scope, name, kind and attributes of each span, and whether it fails."""
    make = _Maker(traffic)
    names = traffic.kinds or tuple(KINDS)
    weights = [KINDS[name][1] for name in names]
    for _ in range(traffic.spans):
        make.next_span()
        described, _, scope = KINDS[make.random.choices(names, weights)[0]]
        name, kind, attributes = described(make)
        yield scope, make.often(name), kind, attributes, make.random.random() < ERRORS


def recorded(traffic: Traffic) -> list[ReadableSpan]:
    """Return ended spans, three to a trace, as a processor gets them."""
    kept = _Kept()
    provider = TracerProvider(
        resource=_RESOURCE, id_generator=_Ids(traffic.seed), shutdown_on_exit=False
    )
    provider.add_span_processor(kept)
    fails = _Maker(traffic)
    parent: Span | None = None
    for number, (scope, name, kind, attributes, failed) in enumerate(descriptions(traffic)):
        tracer = provider.get_tracer(scope, "0.66b0")
        context = context_api.Context() if parent is None else trace.set_span_in_context(parent)
        began = _BEGAN + number * 1_000_000
        span = tracer.start_span(
            name, context=context, kind=kind, attributes=attributes, start_time=began
        )
        if failed:
            fails.next_span()
            _fail(span, fails)
        elif number % 16 == 0:
            span.add_event("cache.miss", {"cache.key": f"item:{number % 500}"}, timestamp=began)
        span.end(began + 2_000_000)
        parent = None if number % 3 == 2 or not isinstance(span, Span) else span
    return kept.spans


def batches(spans: list[ReadableSpan], size: int = 512) -> list[list[ReadableSpan]]:
    """Cut spans into the batches that a processor hands on."""
    return [spans[start : start + size] for start in range(0, len(spans), size)]
