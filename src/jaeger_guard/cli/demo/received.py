"""Reads what a receiver got: spans with every value that they carry, each as text with its place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

KINDS: Final = {
    Span.SPAN_KIND_INTERNAL: "internal",
    Span.SPAN_KIND_SERVER: "server",
    Span.SPAN_KIND_CLIENT: "client",
    Span.SPAN_KIND_PRODUCER: "producer",
    Span.SPAN_KIND_CONSUMER: "consumer",
}


@dataclass(frozen=True, slots=True)
class Value:
    """One text of a span.

    Attributes:
        surface: Where it stood, such as "event 1".
        key: The attribute's key; empty where there is none.
        text: The value as text.
    """

    surface: str
    key: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedSpan:
    """One span as it arrived.

    Attributes:
        identity: What must be the same with a guard: ids, parent, kind, status code.
        trace: The trace's id.
        number: The span's id.
        parent: The parent's id; empty for a root.
        name: Its name.
        kind: In a word.
        scope: The last part of the instrumentation scope's name.
        failed: Whether its status is an error.
        start: Nanoseconds since the epoch.
        milliseconds: How long it took.
        values: All its texts but the name.
    """

    identity: tuple[bytes, bytes, bytes, int, int]
    trace: bytes
    number: bytes
    parent: bytes
    name: str
    kind: str
    scope: str
    failed: bool
    start: int
    milliseconds: float
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """All that came of one run.

    Attributes:
        spans: The spans, by start.
        resource: The attributes of their resource.
        texts: Every text and number of it, for the search.
    """

    spans: tuple[ReceivedSpan, ...]
    resource: tuple[Value, ...]
    texts: tuple[str, ...]

    @classmethod
    def decode(cls, payloads: Sequence[bytes]) -> Received:
        """Read ExportTraceServiceRequests."""
        requests = [ExportTraceServiceRequest.FromString(payload) for payload in payloads]
        spans = []
        resource: tuple[Value, ...] = ()
        for request in requests:
            for group in request.resource_spans:
                resource = resource or _attributes("", group.resource.attributes)
                for scoped in group.scope_spans:
                    spans += [_span(span, scoped.scope.name) for span in scoped.spans]
        texts = tuple(text for request in requests for text in _texts(request))
        return cls(tuple(sorted(spans, key=lambda span: span.start)), resource, texts)


def _span(span: Span, scope: str) -> ReceivedSpan:
    values = [*_attributes("", span.attributes)]
    if span.status.message:
        values.append(Value("status", "", span.status.message))
    if span.trace_state:
        values.append(Value("tracestate", "", span.trace_state))
    for count, event in enumerate(span.events, 1):
        values.append(Value(f"event {count}", "", event.name))
        values += _attributes(f"event {count}", event.attributes)
    for count, link in enumerate(span.links, 1):
        values += _attributes(f"link {count}", link.attributes)
    return ReceivedSpan(
        identity=(span.trace_id, span.span_id, span.parent_span_id, span.kind, span.status.code),
        trace=span.trace_id,
        number=span.span_id,
        parent=span.parent_span_id,
        name=span.name,
        kind=KINDS.get(span.kind, "unspecified"),
        scope=scope.rpartition(".")[2],
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        start=span.start_time_unix_nano,
        milliseconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e6,
        values=tuple(values),
    )


def _attributes(surface: str, attributes: Sequence[KeyValue]) -> tuple[Value, ...]:
    return tuple(
        Value(surface, attribute.key, _text(_plain(attribute.value))) for attribute in attributes
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(value: AnyValue) -> Any:
    which = value.WhichOneof("value")
    if which == "array_value":
        items = [_plain(item) for item in value.array_value.values]
        return items[0] if len(items) == 1 else items  # headers are lists, mostly of one
    if which == "kvlist_value":
        return {pair.key: _plain(pair.value) for pair in value.kvlist_value.values}
    if which == "bytes_value":
        return value.bytes_value.decode("utf-8", "backslashreplace")
    return getattr(value, which) if which else ""


def _texts(message: Message) -> Iterator[str]:
    """Walk over everything that a message holds, whatever the field."""
    for _, content in message.ListFields():
        items = content if _is_repeated(content) else (content,)
        for item in items:
            if isinstance(item, Message):
                yield from _texts(item)
            elif isinstance(item, bytes):
                yield item.decode("latin-1")
            elif isinstance(item, float) and item.is_integer():
                yield str(int(item))  # 4.539e15 is a card, too
            else:
                yield str(item)


def _is_repeated(content: object) -> bool:
    return not isinstance(content, (str, bytes)) and isinstance(content, Sequence)
