"""Plant values on every surface of a span: names, keys, values of each type, events, links, states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

from jaeger_guard.policy import CompiledPolicy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.spans import SpanScrubber
from jaeger_guard.wire import Encoder

from .case import Case
from .draw import BASE62, Draw
from .money import card, iban
from .sentences import email
from .tokens import github

_VALUES: Final = ("text", "bytes", "list", "map", "nested", "json", "number")
_TEXTS: Final = (
    "name",
    "key",
    "event name",
    "event",
    "exception",
    "link",
    "status",
    "resource",
    "scope name",
    "scope",
)
_IDENTITIES: Final = (
    "span state",
    "parent state",
    "link state",
    "scope version",
    "scope url",
    "resource url",
)

# What stands on the other surfaces of each span, and stays there.
_STAYS: Final = ("cache.miss", "/users/{id}", "1.2.3", "checkout", "vendor")


def surfaces(draw: Draw) -> Iterator[Case]:
    """Each kind of value on each surface that can carry it; the key names the surface."""
    for surface in (*_VALUES, *_TEXTS, *_IDENTITIES):
        for _ in range(8):
            number = card(draw)[0]
            planted = {
                "token": github(draw, "ghp_"),
                "slack": draw.like(r"xoxb-\d{12}-\d{13}-[A-Za-z0-9]{24}"),
                "jwt": draw.like(
                    r"eyJhbGciOiJIUzI1NiJ9\.eyJzdWIiOiI[A-Za-z0-9]{30}\.[A-Za-z0-9_-]{43}"
                ),
            }
            if surface not in _IDENTITIES:
                planted |= {"email": email(draw), "card": number, "iban": iban(draw, "DE")}
            if surface == "number":
                planted = {"card": number}
            for kind, value in planted.items():
                yield Case(
                    kind=f"{surface} {kind}", key=surface, value=value, gone=(value,), stays=_STAYS
                )
        if surface in _VALUES[:5]:
            for key in ("password", "last_name", "session_id"):
                value = draw.text(BASE62, 12)
                yield Case(
                    kind=f"{surface} {key}",
                    key=f"{surface}:{key}",
                    value=value,
                    gone=(value,),
                    stays=_STAYS,
                )


class SurfaceScrubber:
    """Scrubs a span that holds the text on one surface, and answers its OTLP bytes as text."""

    def __init__(self, policy: CompiledPolicy) -> None:
        self._spans = SpanScrubber(Scrubber(policy))

    def __call__(self, key: str, value: Any) -> str:
        surface, _, name = key.partition(":")
        encoder = Encoder(fallback=self._spans.quarantine_unencodable)
        contents = self._spans.scrub_batch([_span(surface, name or "order.note", value)])
        return "".join(part.data.decode("utf-8", "replace") for part in encoder.encode(contents))


def _span(surface: str, key: str, text: str) -> ReadableSpan:
    def on(name: str, default: str) -> str:
        return text if surface == name else default

    def state(name: str) -> TraceState:
        return TraceState([("vendor", on(name, "a"))])

    values: dict[str, dict[str, Any]] = {
        "text": {key: text},
        "bytes": {key: text.encode()},
        "list": {key: ["a", text]},
        "map": {key: {"b": text}, "c": 1},
        "nested": {"order": [{"items": [{key: text}]}]},
        "json": {key: f'{{"a": [{{"note": "{text}"}}]}}'},
        "number": {key: int(text)} if text.isdecimal() else {},
        "key": {text: "x"},
    }
    attributes = {"http.route": "/users/{id}", **values.get(surface, {})}
    events = [
        Event(on("event name", "cache.miss"), {"note": on("event", "miss")}, 1),
        Event("exception", {"exception.message": on("exception", "cache.miss")}, 2),
        Event("cache.miss", {}, 3),
    ]
    return ReadableSpan(
        on("name", "GET /users/{id}"),
        context=SpanContext(1, 1, False, TraceFlags(1), state("span state")),
        parent=SpanContext(1, 2, True, TraceFlags(1), state("parent state")),
        resource=Resource(
            {"service.name": "checkout", "note": on("resource", "a")}, on("resource url", "")
        ),
        attributes=attributes,
        events=events,
        links=[
            Link(
                SpanContext(1, 3, False, TraceFlags(1), state("link state")),
                {"note": on("link", "a")},
            )
        ],
        kind=SpanKind.SERVER,
        status=Status(StatusCode.ERROR, on("status", "failed")),
        start_time=1,
        end_time=2,
        instrumentation_scope=InstrumentationScope(
            on("scope name", "shop"),
            on("scope version", "1.2.3"),
            on("scope url", ""),
            {"note": on("scope", "1.2.3")},
        ),
    )
