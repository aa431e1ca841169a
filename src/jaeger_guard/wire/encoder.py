"""Encode batches of spans: the fields of each, its attributes, and what to do where that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from opentelemetry.attributes import BoundedAttributes

from jaeger_guard.categories import CONTENT_WITHHELD
from jaeger_guard.errors import GuardError
from jaeger_guard.generations import Generations
from jaeger_guard.markers import marker
from jaeger_guard.wire.memo import ENTRY_OVERHEAD, LONGEST_REMEMBERED, Memo
from jaeger_guard.wire.message import (
    DEFAULT_MESSAGE_LIMIT,
    FRAME,
    NO_SCOPE,
    Header,
    Message,
    Payload,
)
from jaeger_guard.wire.protobuf import (
    DOUBLE,
    KIND_AND_TIMES,
    LINK_FLAGS,
    SPAN_FLAGS,
    any_value,
    count,
    field,
    fixed64,
    reason,
    status,
    utf8,
    varint,
)
from jaeger_guard.wire.record import SpanRecord

DEFAULT_MEMO_BYTES: Final = 4 * 1024 * 1024

# Only values above this are withheld to make one span fit: smaller ones would not help much.
WITHHOLD_ABOVE: Final = 64 * 1024

_MOST_HEADERS: Final = 512
_LEAST_SIDE_BYTES: Final = 256 * 1024

Encoded = tuple[bytes, Header, Header]
"""A span's bytes, with what stands around the spans of its resource and of its scope."""

Fallback = Callable[[SpanRecord], SpanRecord | None]


class UnencodableError(GuardError, ValueError):
    """A span can't be written as OTLP; the text says what kind of thing was wrong, never which."""


class Encoder:
    """Encodes batches of spans; for one thread at a time.

    Args:
        fallback: Given a span that can't be encoded, answers one that stands for it (a quarantined
            one), or None. Without it such spans are left out.
        memo_bytes: Bound, in bytes, of what is remembered of attributes, 0 for nothing. Keys, and
            resources with scopes, get half as much again each, 256 KiB at least.
        message_limit: Largest payload, in bytes. Of a span that is larger alone, the largest
            attribute values (above 64 KiB, its events' and links' too) are withheld; where that
            is not enough, `fallback` answers one that stands for it, and without one it goes alone
            into an oversized payload.

    Attributes:
        failed: Spans that could not be encoded, and were shown to `fallback`.
        lost: Those of them for which nothing is sent.
        withheld: Attribute values replaced by a marker because their span was above the limit.
    """

    def __init__(
        self,
        *,
        fallback: Fallback | None = None,
        memo_bytes: int = DEFAULT_MEMO_BYTES,
        message_limit: int = DEFAULT_MESSAGE_LIMIT,
    ) -> None:
        self.failed = 0
        self.lost = 0
        self.withheld = 0
        self._fallback = fallback
        self._limit = message_limit
        self._memo = Memo(memo_bytes)
        side_bytes = max(memo_bytes // 2, _LEAST_SIDE_BYTES)
        # Key -> the first field of a KeyValue.
        self._prefixes: Generations[str, bytes] = Generations(side_bytes, _prefix_bytes)
        # By the id of a resource or scope, which the header holds.
        self._headers: Generations[int, Header] = Generations(
            side_bytes, lambda _, header: max(header.size, side_bytes // _MOST_HEADERS)
        )
        self._ceiling = 0  # while a span is being shrunk: length of the longest KeyValue to keep

    def encode(self, spans: Iterable[SpanRecord]) -> list[Payload]:
        """Encode a batch: usually one payload; none where there is nothing to send."""
        encoded = map(self._encoded_or_replaced, spans)
        return self.payloads(each for each in encoded if each is not None)

    def payloads(self, spans: Iterable[Encoded]) -> list[Payload]:
        """Put encoded spans together: usually one payload; none where there is nothing to send."""
        payloads: list[Payload] = []
        message = Message()
        for data, resource, scope in spans:
            if not message.fits(self._limit, data, resource, scope):
                payloads.append(message.payload())
                message = Message()
            message.add(data, resource, scope)
            if message.size > self._limit:  # that one span alone
                payloads.append(message.payload(oversized=True))
                message = Message()
        if message.spans:
            payloads.append(message.payload())
        return payloads

    def encode_span(self, span: SpanRecord) -> bytes:
        """Encode one span as an `opentelemetry.proto.trace.v1.Span` message, whatever its size.

        Raises:
            UnencodableError: Where OTLP has no form for something in it.
        """
        try:
            return self._span(span)
        except Exception as error:  # noqa: BLE001 - one border per span; foreign objects raise all
            why = reason(error)
        raise UnencodableError(why)  # out here, so that no context holds the value

    def _encoded_or_replaced(self, span: SpanRecord) -> Encoded | None:
        try:
            return self._encoded(span)
        except Exception:  # noqa: BLE001 - as above; the message may hold a value, so no log
            self.failed += 1
        try:
            replacement = self._fallback(span) if self._fallback is not None else None
            if replacement is not None:
                return self._encoded(replacement, is_last_word=True)
        except Exception:  # noqa: BLE001 - the batch goes on, and the loss is counted below
            pass
        self.lost += 1
        return None

    def _encoded(self, span: SpanRecord, *, is_last_word: bool = False) -> Encoded:
        data = self._span(span)
        resource = self._header(span.resource, is_resource=True)
        owner = span.instrumentation_scope
        scope = NO_SCOPE if owner is None else self._header(owner, is_resource=False)
        room = self._limit - resource.size - scope.size - FRAME
        if len(data) > room:
            data = self._shrunk(span, data, room)
            if len(data) > room and self._fallback is not None and not is_last_word:
                raise OverflowError  # what stands for it fits, unless its resource doesn't
        return data, resource, scope

    # Messages, their fields in the order of the numbers --------------------------------------

    def _span(self, span: SpanRecord) -> bytes:
        context = span.context
        parts = [
            b"\n\x10" + context.trace_id.to_bytes(16, "big"),
            b"\x12\x08" + context.span_id.to_bytes(8, "big"),
        ]
        add = parts.append
        if trace_state := context.trace_state:
            listed = ",".join([f"{key}={value}" for key, value in trace_state.items()])
            add(field(b"\x1a", listed.encode()))
        parent = span.parent
        if parent is not None:
            add(b'"\x08' + parent.span_id.to_bytes(8, "big"))
        if name := span.name:
            add(field(b"*", utf8(name)))
        kind = span.kind.value + 1  # SpanKind counts from INTERNAL = 0, OTLP keeps 0 for unknown
        if not 0 < kind < 6:
            raise OverflowError
        start, end = span.start_time, span.end_time
        if start and end:
            add(KIND_AND_TIMES.pack(0x30, kind, 0x39, start, 0x41, end))
        else:
            parts += (b"0%c" % kind, fixed64(0x39, start), fixed64(0x41, end))
        if attributes := span.attributes:
            add(b"J".join(self._pairs(attributes)))
        if dropped := span.dropped_attributes:
            add(b"P" + count(dropped))
        if events := span.events:
            parts += [field(b"Z", self._event(event)) for event in events]
        if dropped := span.dropped_events:
            add(b"`" + count(dropped))
        if links := span.links:
            parts += [field(b"j", self._link(link)) for link in links]
        if dropped := span.dropped_links:
            add(b"p" + count(dropped))
        outcome = span.status
        if outcome is not None:
            add(status(outcome.status_code.value, outcome.description))
        add(SPAN_FLAGS[parent is not None and bool(parent.is_remote)])
        return b"".join(parts)

    def _event(self, event: Any) -> bytes:
        parts = [fixed64(0x09, event.timestamp)]
        if name := event.name:
            parts.append(field(b"\x12", utf8(name)))
        if attributes := event.attributes:
            parts.append(b"\x1a".join(self._pairs(attributes)))
        if dropped := event.dropped_attributes:
            parts.append(b" " + count(dropped))
        return b"".join(parts)

    def _link(self, link: Any) -> bytes:
        context = link.context  # its tracestate stays here, as with the SDK
        parts = [
            b"\n\x10" + context.trace_id.to_bytes(16, "big"),
            b"\x12\x08" + context.span_id.to_bytes(8, "big"),
        ]
        if attributes := link.attributes:
            parts.append(b'"'.join(self._pairs(attributes)))
        if dropped := link.dropped_attributes:
            parts.append(b"(" + count(dropped))
        parts.append(LINK_FLAGS[bool(context.is_remote)])
        return b"".join(parts)

    def _header(self, owner: Any, *, is_resource: bool) -> Header:
        """Encode what a resource or scope puts around its spans, once per object."""
        known = self._headers.get(id(owner))
        if known is not None:
            return known
        attributes = owner.attributes
        pairs = self._pairs(attributes) if attributes else [b""]
        if is_resource:
            body = b"\n".join(pairs)
        else:
            texts = ((b"\n", owner.name), (b"\x12", owner.version))
            body = b"".join([field(tag, utf8(text)) for tag, text in texts if text])
            body += b"\x1a".join(pairs)
        url = owner.schema_url
        header = Header(owner, field(b"\n", body), field(b"\x1a", utf8(url)) if url else b"")
        self._headers.put(id(owner), header)
        return header

    # Attributes: KeyValue messages behind their length; an empty one comes first, so that
    # `tag.join(pairs)` puts the field's tag before each of the others ------------------------

    def _pairs(self, attributes: Mapping[str, Any]) -> list[bytes]:
        attributes = _plain(attributes)
        pairs = [b""]
        add = pairs.append
        memo = self._memo
        passed_before = memo.passed
        known = memo.young.get
        for key, value in attributes.items():
            kind = type(value)
            if kind is str and len(value) <= LONGEST_REMEMBERED:
                add(known((key, value)) or self._remembered((key, value)))
            elif kind is int or kind is bool:
                add(known((key, value, kind)) or self._remembered((key, value, kind)))
            else:
                memo.passed += 1
                add(self._pair(key, value))
        memo.hits += len(pairs) - 1 - (memo.passed - passed_before)
        if self._ceiling:
            self._withhold_largest(attributes, pairs)
        return pairs

    def _remembered(self, known_as: tuple[Any, ...]) -> bytes:
        """Encode a pair that the young generation doesn't know."""
        memo = self._memo
        memo.passed += 1
        if memo.passed < memo.rest_ends:
            return self._pair(known_as[0], known_as[1])
        encoded = memo.old.get(known_as)
        if encoded is None:
            memo.misses += 1
            encoded = self._pair(known_as[0], known_as[1])
        else:
            memo.hits += 1
        memo.store(known_as, encoded)
        return encoded

    def _pair(self, key: str, value: Any) -> bytes:
        prefix = self._prefixes.young.get(key) or self._prefix(key)
        kind = type(value)
        # Nearly all values first; what `any_value` gives for them, in one step.
        if kind is str:
            text = value.encode()
            size = len(text)
            if size < 0x7E:  # so that both lengths fit into one byte: nearly all texts
                body = b"%b\x12%c\n%c%b" % (prefix, size + 2, size, text)
            else:
                body = prefix + field(b"\x12", field(b"\n", text))
        elif kind is int and 0 <= value < 0x8000_0000_0000_0000:
            digits = varint(value)
            body = b"%b\x12%c\x18%b" % (prefix, len(digits) + 1, digits)
        elif kind is float:
            body = b"%b\x12\x09!%b" % (prefix, DOUBLE.pack(value))
        elif (
            kind is tuple
            and len(value) == 1
            and type(value[0]) is str
            and (size := len(text := value[0].encode())) < 0x7A
        ):
            body = b"%b\x12%c*%c\n%c\n%c%b" % (prefix, size + 6, size + 4, size + 2, size, text)
        else:
            body = prefix + field(b"\x12", any_value(value))
        size = len(body)
        return b"%c%b" % (size, body) if size < 0x80 else varint(size) + body

    def _prefix(self, key: str) -> bytes:
        known = self._prefixes.get(key) if type(key) is str else None
        if known is not None:
            return known
        data = utf8(key)
        prefix = field(b"\n", data) if data else b""
        if 0 < len(data) <= LONGEST_REMEMBERED and type(key) is str:
            self._prefixes.put(key, prefix)
        return prefix

    # A span above the limit ------------------------------------------------------------------

    def _shrunk(self, span: SpanRecord, data: bytes, room: int) -> bytes:
        """Withhold the largest values, as many as it takes, or all above `WITHHOLD_ABOVE`."""
        holders = [span, *span.events, *span.links]
        sizes = [len(pair) for held in holders for pair in self._pairs(held.attributes or {})]
        excess = len(data) - room
        for size in sorted(sizes, reverse=True):
            if size <= WITHHOLD_ABOVE or excess <= 0:
                break
            self._ceiling = size - 1
            excess -= size - 2 * LONGEST_REMEMBERED  # what a key and the marker take in its place
        try:
            return self._span(span) if self._ceiling else data
        finally:
            self._ceiling = 0

    def _withhold_largest(self, attributes: Mapping[str, Any], pairs: list[bytes]) -> None:
        for place, key in enumerate(attributes, start=1):
            if len(pairs[place]) > self._ceiling:
                pairs[place] = self._pair(key, marker(CONTENT_WITHHELD))
                self.withheld += 1


def _prefix_bytes(key: str, prefix: bytes) -> int:
    return ENTRY_OVERHEAD + key.__sizeof__() + len(prefix)


def _plain(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer what the SDK's wrappers hold, as a plain dict: a third of the cost of their items."""
    if type(attributes) is MappingProxyType or type(attributes) is BoundedAttributes:
        try:
            copied: Mapping[str, Any] = attributes.copy()
        except AttributeError:  # a view of a Mapping that has no copy()
            return dict(attributes)
        return copied
    return attributes
