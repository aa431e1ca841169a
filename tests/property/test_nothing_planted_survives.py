"""Nothing planted survives: any category, on any surface, in any wrapping within the bounds."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.scrubber.text import MAX_DEPTH
from jaeger_guard.scrubber.values import MAX_NESTING
from jaeger_guard.spans import SpanContent, SpanScrubber
from jaeger_guard.wire import Encoder

POLICY = compile_policy(load_policy("baseline", "the test"))
SHARED = Scrubber(POLICY)  # one for all examples, so that what it remembers is tried too
MODERATE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Categories that show in the value itself, wherever it stands.
CREDENTIALS = {
    "token": "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8",
    "aws": "AKIA" + "Q7WZ3XKJ5R2MTN4P",
    "slack": "xoxb-" + "123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
    "jwt": "eyJhbGciOiJIUzI1NiJ9."
    + "eyJzdWIiOiIxMjM0NTY3ODkwIn0."
    + "dBjftJeZ4CVPmB92K27uhbUJU1p1r",
}
SHOWING = {
    **CREDENTIALS,
    "email": "anna.lindqvist@mail.example.org",
    "card": "4539578763621486",
    "iban": "DE89370400440532013000",
}
# Those that only a key, or a place, tells.
TOLD = {
    "password": "correct-horse" + "-7-battery",
    "secret": "Kq8vT2mZ4xWc9LrB" + "3nYd7HsJ5fGp1AeU",
    "last_name": "Lindqvistowski",
    "date_of_birth": "1985-04-12T03",
    "ssn": "078-05-" + "1120",
    "session_id": "s%3AQ7wZ3xKj",
}

Wrap = Callable[[str], str]
WRAPS: dict[str, Wrap] = {
    "plain": lambda text: text,
    "sentence": lambda text: f"user wrote {text} yesterday",
    "json": lambda text: json.dumps({"a": [1, {"note": text}], "page": 2}),
    "json in json": lambda text: json.dumps({"a": json.dumps({"note": text})}),
    "url": lambda text: f"https://shop.example:8443/search?q={quote_plus(text)}&page=2",
    "url path": lambda text: f"https://shop.example/items/{quote(text, safe='')}/edit",
    "form": lambda text: f"page=2&note={quote_plus(text)}&sort=name",
    "sql": lambda text: f"SELECT id FROM items WHERE note = '{text}' AND page = 2",
    "cookie": lambda text: f"theme=dark; note={text}",
    "header": lambda text: f"X-Note: {text}",
    "bearer": lambda text: f"Authorization: Bearer {text}",
    "basic": lambda text: "Basic " + base64.b64encode(f"user:{text}".encode()).decode(),
    "log line": lambda text: f"2026-01-15 10:20:30 INFO shop.checkout note={text} took=12ms",
    "percent": lambda text: quote(text, safe=""),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "every character": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "base64 of json": lambda text: base64.b64encode(json.dumps({"note": text}).encode()).decode(),
    "trace": lambda text: (
        'Traceback (most recent call last):\n  File "/app/shop.py", line 7, in pay\n'
        f"    charge(cart)\nValueError: {text}\n"
    ),
}
TOLD_WRAPS: dict[str, Callable[[str, str], str]] = {
    "json": lambda key, text: json.dumps({"page": 2, key: text}),
    "deep json": lambda key, text: json.dumps({"a": {"b": [{key: text}]}}),
    "json in json": lambda key, text: json.dumps({"body": json.dumps({key: text})}),
    "url": lambda key, text: f"https://shop.example/?page=2&{key}={quote_plus(text)}",
    "form": lambda key, text: f"page=2&{key}={quote_plus(text)}",
    "log line": lambda key, text: f"INFO shop page=2 {key}={text} took=12ms",
    "encoded": lambda key, text: quote(json.dumps({key: text}), safe=""),
}
SURFACES = (
    *("name", "key", "text", "bytes", "list", "split", "map", "nested", "event name"),
    *("event", "exception", "link", "status", "resource", "scope name", "scope"),
)
IDENTITIES = (
    "span state",
    "parent state",
    "link state",
    "scope version",
    "scope url",
    "resource url",
)


def planted(surface: str, text: str) -> ReadableSpan:
    """A span that holds `text` on one surface."""

    def on(*names: str, default: Any = None) -> Any:
        return text if surface in names else default

    def state(name: str) -> TraceState:
        return TraceState([("vendor", text)] if surface == name else [("rojo", "1")])

    every: dict[str, dict[str, Any]] = {
        "key": {text: "x"},
        "text": {"order.note": text},
        "bytes": {"order.note": text.encode()},
        "list": {"order.notes": ["a", text]},
        "split": {"order.notes": [text[: len(text) // 2], text[len(text) // 2 :]]},
        "map": {"order.notes": {"a": {"b": text}, text: 1}},
        "nested": {"order.notes": [[{"a": [text.encode(), text]}]]},
    }
    attributes = every.get(surface, {"page": 2})
    event: dict[str, dict[str, Any]] = {
        "event": {"note": text},
        "exception": {"exception.stacktrace": text},
    }
    return ReadableSpan(
        on("name", default="GET /users/{id}"),
        context=SpanContext(1, 1, False, TraceFlags(1), state("span state")),
        parent=SpanContext(1, 2, True, TraceFlags(1), state("parent state")),
        resource=Resource({"note": on("resource", default="fine")}, on("resource url", default="")),
        attributes=attributes,
        events=[Event(on("event name", default="exception"), event.get(surface, {}), 1)],
        links=[
            Link(
                SpanContext(1, 3, False, TraceFlags(1), state("link state")),
                {"l": on("link", default="x")},
            )
        ],
        kind=SpanKind.SERVER,
        status=Status(StatusCode.ERROR, on("status")),
        start_time=1,
        end_time=2,
        instrumentation_scope=InstrumentationScope(
            on("scope name", default="flask"),
            on("scope version", default="1.0"),
            on("scope url"),
            {"s": on("scope", default="x")},
        ),
    )


def exported(span: ReadableSpan) -> tuple[bytes, SpanContent]:
    """What leaves: the encoded bytes, and the content that they were made of."""
    by = SpanScrubber(SHARED)
    encoder = Encoder(fallback=by.quarantine_unencodable)
    contents = by.scrub_batch([span])
    [payload] = encoder.encode(contents)
    assert (encoder.failed, encoder.lost, by.statistics()["quarantined"]) == (0, 0, 0)
    return payload.data, contents[0]


def variants(value: str) -> list[bytes]:
    """How a value may stand in the bytes: plain, encoded, or inside base64 at any offset."""
    forms = [
        value,
        quote(value, safe=""),
        quote_plus(value),
        quote(quote(value, safe=""), safe=""),
        "".join(f"%{byte:02X}" for byte in value.encode()),
    ]
    for padding in ("", "x", "xx"):
        encoded = base64.b64encode((padding + value + "xxx").encode()).decode()
        forms.append(encoded[4 : 4 * ((len(padding) + len(value)) // 3)])
    return [form.encode() for form in forms]


def assert_gone(data: bytes, content: SpanContent, value: str) -> None:
    shown = (
        data
        + repr((content.context, content.parent, [link.context for link in content.links])).encode()
    )
    for form in variants(value):
        assert form not in shown


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("category", SHOWING)
def test_plain_value_leaves_on_no_surface(surface: str, category: str) -> None:
    """A value that shows what it is leaves on no surface, as it is."""
    assert_gone(*exported(planted(surface, SHOWING[category])), SHOWING[category])


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("category", SHOWING)
def test_wrapped_value_leaves_on_no_surface(wrap: str, category: str) -> None:
    """Nor does it in any format or encoding, as an attribute or a name."""
    value = SHOWING[category]
    for surface in ("text", "name", "status", "exception", "bytes", "resource", "scope"):
        assert_gone(*exported(planted(surface, WRAPS[wrap](value))), value)


@MODERATE
@given(
    st.sampled_from(sorted(SHOWING)),
    st.sampled_from(SURFACES),
    st.sampled_from(sorted(WRAPS)),
    st.sampled_from(sorted(WRAPS)),
)
def test_doubly_wrapped_value_leaves_on_no_surface(
    category: str, surface: str, outer: str, inner: str
) -> None:
    """Nor does it in one format inside another, anywhere."""
    value = SHOWING[category]
    text = WRAPS[outer](WRAPS[inner](value))
    if surface == "split":
        surface = "list"  # what is cut in the middle of its wrapping is another promise
    assert_gone(*exported(planted(surface, text)), value)


@pytest.mark.parametrize("wrap", TOLD_WRAPS)
@pytest.mark.parametrize("key", TOLD)
@pytest.mark.parametrize(
    "surface", ["text", "bytes", "list", "nested", "event", "link", "resource"]
)
def test_value_that_its_name_tells_leaves_nowhere(surface: str, wrap: str, key: str) -> None:
    """What only its name tells goes where it stands under that name, in any format."""
    value = TOLD[key]
    assert_gone(*exported(planted(surface, TOLD_WRAPS[wrap](key, value))), value)


@pytest.mark.parametrize("key", TOLD)
@pytest.mark.parametrize(
    "kind", [str, str.encode, lambda text: [text], lambda text: {"value": text}]
)
def test_value_that_its_key_tells_leaves_nowhere(key: str, kind: Callable[[str], Any]) -> None:
    """So it does under an attribute's key, of any type, on a span, an event, a link, a resource."""
    held = {key: kind(TOLD[key])}
    span = planted("none", "")
    span._attributes = held
    span._events = [Event("e", held, 1)]
    span._links = [Link(SpanContext(1, 3, False), held)]
    span._resource = Resource(held)
    assert_gone(*exported(span), TOLD[key])


@pytest.mark.parametrize("number", [4539578763621486, 4539578763621486.0, -4539578763621486])
def test_number_leaves_nowhere(number: float) -> None:
    """A card as a number goes: alone, in a list, in a map, in JSON."""
    span = planted("none", "")
    span._attributes = {
        "a": number,
        "b": [1, number],
        "c": {"d": [number]},
        "e": json.dumps({"f": [int(number)]}),
        "card": number,
    }
    data, content = exported(span)
    assert_gone(data, content, "4539578763621486")
    raw = encode_spans(
        [ReadableSpan("x", context=SpanContext(1, 1, False), attributes={"a": number})]
    )
    value = raw.resource_spans[0].scope_spans[0].spans[0].attributes[0].value.SerializeToString()
    assert value not in data


@pytest.mark.parametrize("surface", IDENTITIES)
@pytest.mark.parametrize("category", CREDENTIALS)
def test_credential_leaves_in_no_identity(surface: str, category: str) -> None:
    """A credential goes from versions, schema URLs and tracestates too."""
    value = CREDENTIALS[category]
    assert_gone(*exported(planted(surface, value)), value)


def test_value_beyond_the_bounds_is_withheld() -> None:
    """Beyond the bounds of nesting nothing is looked at, and nothing leaves."""
    value = TOLD["last_name"]
    text = value
    for _ in range(MAX_DEPTH + 1):
        text = json.dumps({"a": text})
    listed: Any = value
    for _ in range(MAX_NESTING + 1):
        listed = [listed]
    span = planted("none", "")
    span._attributes = {"text": text, "list": listed}
    data, content = exported(span)
    assert_gone(data, content, value)
    assert data.count(b"content.withheld") == 2


@MODERATE
@given(
    st.sampled_from(sorted(SHOWING)),
    st.sampled_from((*SURFACES, *IDENTITIES)),
    st.sampled_from(sorted(WRAPS)),
)
def test_scrubbing_twice_is_scrubbing_once(category: str, surface: str, wrap: str) -> None:
    """What was scrubbed is scrubbed no further: the bytes are the same."""
    data, content = exported(planted(surface, WRAPS[wrap](SHOWING[category])))
    second = SpanScrubber(SHARED).scrub(content)  # type: ignore[arg-type]  # has the accessors
    assert Encoder().encode([second])[0].data == data


BENIGN = st.recursive(
    st.one_of(
        st.sampled_from(
            ["GET", "checkout", "/users/{id}", "public.orders_2024", "v1.2.3", "", "é"]
        ),
        st.integers(-(10**7), 10**7),
        st.booleans(),
        st.none(),
        st.floats(allow_nan=False, allow_infinity=False, width=16),
        st.uuids().map(str),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "page", "sort"]), inner, max_size=3),
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(["http.route", "order.note", "page", "db.collection.name", "n", "thread.id"])


@MODERATE
@given(
    st.dictionaries(KEYS, BENIGN, max_size=4),
    st.lists(st.dictionaries(KEYS, BENIGN, max_size=2), max_size=2),
    st.sampled_from(["GET /users/{id}", "SELECT users", "checkout", ""]),
)
def test_span_without_findings_is_exported_as_the_sdk_would(
    attributes: dict[str, Any], parts: list[dict[str, Any]], name: str
) -> None:
    """A span in which nothing is found leaves byte for byte as the SDK would have encoded it."""
    span = planted("none", "")
    span._name = name
    span._attributes = attributes
    span._events = [Event("cache.miss", part, 7) for part in parts]
    span._links = [Link(SpanContext(1, 9, True), part) for part in parts]
    assert exported(span)[0] == encode_spans([span]).SerializeToString()
