"""Scrub spans and encode them in one pass: the way of all spans that are as the SDK makes them.

Theory of operation. What is encoded of a clean attribute is remembered under its key and value, so one
look-up says both that the value is clean under its key and what its bytes are. A span of which all is
known is joined from such pieces: nothing of it is copied, and no object is made for it.

1. There are two ways. The *plain* one scrubs a span into a `SpanContent` and encodes that; it is the
   reference. This one is for exactly what the SDK makes: a `ReadableSpan` with frozen attributes. It
   leaves the span to the plain way, without a trace, wherever anything is out of the ordinary: foreign
   classes, a key that doesn't go on as it came, a span above the limit, any exception. Both give the
   same bytes, findings and counts; a property test holds this.
2. A value that isn't known is asked of the scrubber. What was clean goes into the memory when it is
   met for the second time, which the scrubber's own memory tells: ids that never come again would
   only push out what does. What was dirty is never remembered here.
3. There are two generations of tables, one table for each key on each surface. When the younger have
   used their bytes up, they become the older ones; what is found there moves on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status
from opentelemetry.trace.span import DEFAULT_TRACE_STATE, TraceState

from jaeger_guard.generations import Generations
from jaeger_guard.keys.wraps import KEYS_ATTRIBUTE
from jaeger_guard.scrubber import BESIDE, KeyPlan, Scrubber, SpanFindings
from jaeger_guard.spans import SpanScrubber
from jaeger_guard.spans.content import pairs_of
from jaeger_guard.types import Finding, Surface
from jaeger_guard.wire.encoder import Encoded, Encoder
from jaeger_guard.wire.memo import ENTRY_OVERHEAD, LONGEST_REMEMBERED
from jaeger_guard.wire.message import DEFAULT_MESSAGE_LIMIT, FRAME, NO_SCOPE, Header, Payload
from jaeger_guard.wire.protobuf import (
    KIND_AND_TIMES,
    LINK_FLAGS,
    PLAIN_STATUS,
    SPAN_FLAGS,
    count,
    field,
    fixed64,
    status,
    utf8,
)

DEFAULT_MEMORY_BYTES: Final = 4 * 1024 * 1024
_PLAIN_BYTES: Final = 512 * 1024  # what the plain way remembers: few spans go it
_NAME_BYTES: Final = 512 * 1024
_TEXT_BYTES: Final = (
    128 * 1024
)  # names of events, status descriptions, tracestates: of each, few repeat
_MOST_ORIGINS: Final = 1024
_TABLE_BYTES: Final = 1024  # a table with its dictionaries, and the key
_SMALL: Final = 65_536  # ports, status codes, counts: larger numbers seldom repeat
_OUTBOUND: Final = (SpanKind.CLIENT._value_, SpanKind.PRODUCER._value_)
_ATTRIBUTES, _EVENTS, _LINKS = 0, 2, 4  # number of a surface; 1 more where the span is outbound
_SURFACES: Final = (Surface.ATTRIBUTE, Surface.EVENT, Surface.LINK)
# What stands before each pair there.
_TAGS: Final = {"attribute": b"J", "event": b"\x1a", "link": b'"'}


_Headers = tuple[Header, Header]  # of a resource and a scope


class _OutOfOrdinaryError(Exception):
    """The span is left to the plain way; never leaves this module."""


class _Table:
    """What is known of one key on one surface: its plan, and the encoded pairs of clean values.

    Attributes:
        key: The key.
        plan: What is done with its values.
        surface: Where it stands.
        older: What was known of it in the generation before.
        texts: Pairs by their text.
        lists: Pairs whose value is a list of one text, as headers are, by that text.
        numbers: Pairs by their number.
        truths: Pairs by their truth value; apart, since True == 1.
    """

    __slots__ = ("key", "lists", "numbers", "older", "plan", "surface", "texts", "truths")

    def __init__(self, key: str, plan: KeyPlan, surface: Surface, older: _Table | None) -> None:
        self.key = key
        self.plan = plan
        self.surface = surface
        self.older = older
        self.texts: dict[str, bytes] = {}
        self.lists: dict[str, bytes] = {}
        self.numbers: dict[int, bytes] = {}
        self.truths: dict[bool, bytes] = {}


class _Tally:
    """What a batch's spans that went this way have to be counted for, at its end."""

    __slots__ = ("findings", "scrubbed")

    def __init__(self) -> None:
        self.scrubbed = 0
        self.findings: list[Finding] = []


class ScrubbingEncoder(Encoder):
    """Encodes raw spans scrubbed; for one thread at a time.

    Args:
        spans: Scrubs them, counts what was found, and quarantines what fails.
        memory_bytes: Bound, in bytes, of what is remembered of clean attributes.
        message_limit: Largest payload, in bytes, as `Encoder` takes it.
    """

    def __init__(
        self,
        spans: SpanScrubber,
        *,
        memory_bytes: int = DEFAULT_MEMORY_BYTES,
        message_limit: int = DEFAULT_MESSAGE_LIMIT,
    ) -> None:
        super().__init__(
            fallback=spans.quarantine_unencodable,
            memo_bytes=min(memory_bytes, _PLAIN_BYTES),
            message_limit=message_limit,
        )
        self._spans = spans
        self._bound = memory_bytes // 2
        self._begin(spans.scrubber)

    def _begin(self, scrubber: Scrubber) -> None:
        """Begin to scrub by it, with nothing remembered."""
        self._scrubber = scrubber
        memory_bytes = 2 * self._bound
        self._filled = 0
        self._tables: list[dict[str, _Table]] = [{} for _ in range(2 * len(_SURFACES))]
        self._old_tables: list[dict[str, _Table]] = [{} for _ in self._tables]
        texts = min(memory_bytes, _TEXT_BYTES)
        self._names: Generations[str, bytes] = Generations(
            min(memory_bytes, _NAME_BYTES), _text_bytes
        )
        self._event_names: Generations[str, bytes] = Generations(texts, _text_bytes)
        self._statuses: Generations[tuple[int, str], bytes] = Generations(
            texts, lambda key, data: _text_bytes(key[1], data)
        )
        self._tracestates: Generations[tuple[tuple[str, str], ...], bytes] = Generations(
            texts, lambda pairs, data: ENTRY_OVERHEAD * (1 + len(pairs)) + 2 * len(data)
        )
        self._resources: Generations[int, tuple[Resource, Header]] = Generations(_MOST_ORIGINS)
        self._scopes: Generations[int, tuple[InstrumentationScope, Header]] = Generations(
            _MOST_ORIGINS
        )
        self._origins: Generations[
            tuple[int, int], tuple[Resource, InstrumentationScope | None, _Headers]
        ] = Generations(_MOST_ORIGINS)

    def encode(self, spans: Sequence[ReadableSpan]) -> list[Payload]:  # type: ignore[override]
        """Scrub and encode a batch: usually one payload; none where there is nothing to send."""
        return self.payloads(self.encoded(spans))

    def encoded(self, spans: Sequence[ReadableSpan]) -> list[Encoded]:
        """Scrub spans and encode each, for `payloads`."""
        started = time.thread_time()
        try:
            return self._encode_each(spans)
        finally:
            self._spans.spend(time.thread_time() - started)

    def _encode_each(self, spans: Sequence[ReadableSpan]) -> list[Encoded]:
        scrubber = self._spans.scrubber
        if scrubber is not self._scrubber:  # an exception has ended
            self._begin(scrubber)
        fate = self._spans.fate
        if fate is not None:
            if fate.needs_scrubbed:  # what is found in a span decides about it, too
                each = map(self._encoded_or_replaced, self._spans.scrub_batch(spans))
                return [encoded for encoded in each if encoded is not None]
            spans = fate.sift(spans)
        tally = _Tally()
        encoded = self._scrubbed(spans, tally)
        self._spans.count(tally.scrubbed, tally.findings)
        return encoded

    def _scrubbed(self, spans: Sequence[ReadableSpan], tally: _Tally) -> list[Encoded]:
        all_encoded: list[Encoded] = []
        found = SpanFindings()
        for span in spans:
            try:
                encoded = self._fuse(span, found)
            except Exception:  # noqa: BLE001 - the plain way meets it again, tells and counts it
                found = SpanFindings()
                replaced = self._encoded_or_replaced(self._spans.scrub(span))
                if replaced is not None:
                    all_encoded.append(replaced)
                continue
            tally.scrubbed += 1
            if found or found.used:
                tally.findings += found
                found = SpanFindings()
            all_encoded.append(encoded)
        return all_encoded

    # A span, its fields in the order of their numbers, as `Encoder._span` writes them -------------

    def _fuse(self, span: ReadableSpan, found: SpanFindings) -> Encoded:
        """Encode a span scrubbed.

        Raises:
            Exception: Where anything about it is out of the ordinary.
        """
        if type(span) is not ReadableSpan:
            raise _OutOfOrdinaryError
        kind, parent = span._kind, span._parent
        start, end = span._start_time, span._end_time
        if type(kind) is not SpanKind or type(start) is not int or type(end) is not int:
            raise _OutOfOrdinaryError
        if start <= 0 or end <= 0:
            raise _OutOfOrdinaryError
        kind_number = kind._value_
        outbound = kind_number in _OUTBOUND
        trace_id, span_id, tracestate = self._ids(span._context)
        name = span._name
        parts = [
            b"\n\x10%b\x12\x08%b" % (trace_id.to_bytes(16, "big"), span_id.to_bytes(8, "big")),
            tracestate,
            b"" if parent is None else b'"\x08' + self._ids(parent)[1].to_bytes(8, "big"),
            (type(name) is str and self._names.young.get(name)) or self._name(name, found),
            KIND_AND_TIMES.pack(0x30, kind_number + 1, 0x39, start, 0x41, end),
        ]
        add = parts.append
        after_attributes = 5
        attributes: Any = span._attributes
        if attributes is not None:
            after_attributes = 6
            add(b"J".join(self._known_pairs(_ATTRIBUTES + outbound, attributes, found)))
            if dropped := attributes.dropped:
                add(b"P" + count(dropped))
        events, links = span._events, span._links
        if type(events) is not BoundedList or events._dq or events.dropped:  # type: ignore[attr-defined]  # not in the stubs
            self._add_events(parts, span, outbound, found)
        if type(links) is not BoundedList or links._dq or links.dropped:  # type: ignore[attr-defined]
            self._add_links(parts, span, outbound, found)
        add(self._status(span._status, found))
        add(SPAN_FLAGS[parent is not None and bool(parent.is_remote)])
        if found.used:
            pair = self._pair(KEYS_ATTRIBUTE, found.wraps)
            parts.insert(after_attributes, b"J" + pair)
        data = b"".join(parts)
        resource, scope = self._origin(span._resource, span._instrumentation_scope)
        if len(data) > self._limit - resource.size - scope.size - FRAME:
            raise _OutOfOrdinaryError
        return data, resource, scope

    def _add_events(
        self, parts: list[bytes], span: ReadableSpan, outbound: bool, found: list[Finding]
    ) -> None:
        parts += [
            field(b"Z", self._known_event(event, outbound, found)) for event in _items(span._events)
        ]
        if dropped := span.dropped_events:
            parts.append(b"`" + count(dropped))

    def _add_links(
        self, parts: list[bytes], span: ReadableSpan, outbound: bool, found: list[Finding]
    ) -> None:
        parts += [
            field(b"j", self._known_link(link, outbound, found)) for link in _items(span._links)
        ]
        if dropped := span.dropped_links:
            parts.append(b"p" + count(dropped))

    def _ids(self, context: SpanContext | None) -> tuple[int, int, bytes]:
        """Answer trace id, span id and the encoded tracestate, which is known to be clean."""
        if type(context) is not SpanContext:
            raise _OutOfOrdinaryError
        trace_id, span_id, _, flags, state, _ = context
        if type(trace_id) is not int or type(span_id) is not int or not isinstance(flags, int):
            raise _OutOfOrdinaryError
        return trace_id, span_id, b"" if state is DEFAULT_TRACE_STATE else self._tracestate(context)

    def _tracestate(self, context: SpanContext) -> bytes:
        if type(context.trace_state) is not TraceState:
            raise _OutOfOrdinaryError
        pairs = pairs_of(context)
        if not pairs:
            return b""
        known = self._tracestates.get(pairs)
        if known is None:
            if self._scrubber.tracestate(pairs, []) is not pairs:
                raise _OutOfOrdinaryError
            known = field(b"\x1a", ",".join([f"{key}={text}" for key, text in pairs]).encode())
            self._tracestates.put(pairs, known)
        return known

    def _name(self, name: str, found: list[Finding]) -> bytes:
        return self._known_text(self._names, b"*", Surface.NAME, name, found)

    def _known_text(
        self,
        memory: Generations[str, bytes],
        tag: bytes,
        surface: Surface,
        text: str,
        found: list[Finding],
    ) -> bytes:
        if type(text) is not str:
            raise _OutOfOrdinaryError
        known = memory.get(text)
        if known is None:
            scrubbed = self._scrubber.text(surface, text, found)
            known = field(tag, utf8(scrubbed)) if scrubbed else b""
            if scrubbed is text and len(text) <= LONGEST_REMEMBERED:
                memory.put(text, known)
        return known

    def _status(self, outcome: Any, found: list[Finding]) -> bytes:
        if type(outcome) is not Status:
            raise _OutOfOrdinaryError
        code, description = outcome._status_code._value_, outcome._description
        if not description:
            return PLAIN_STATUS[code]
        if type(description) is not str:
            raise _OutOfOrdinaryError
        known = self._statuses.get((code, description))
        if known is None:
            scrubbed = self._scrubber.text(Surface.STATUS, description, found)
            known = status(code, scrubbed)
            if scrubbed is description and len(description) <= LONGEST_REMEMBERED:
                self._statuses.put((code, description), known)
        return known

    def _known_event(self, event: Event, outbound: bool, found: list[Finding]) -> bytes:
        if type(event) is not Event or type(event._timestamp) is not int or event._timestamp < 0:
            raise _OutOfOrdinaryError
        name = self._known_text(self._event_names, b"\x12", Surface.EVENT, event._name, found)
        parts = [fixed64(0x09, event._timestamp), name]
        if attributes := event._attributes:
            parts.append(b"\x1a".join(self._known_pairs(_EVENTS + outbound, attributes, found)))
        if dropped := event.dropped_attributes:
            parts.append(b" " + count(dropped))
        return b"".join(parts)

    def _known_link(self, link: Link, outbound: bool, found: list[Finding]) -> bytes:
        if type(link) is not Link:
            raise _OutOfOrdinaryError
        context = link.context  # its tracestate stays here, as with the SDK, but has to be clean
        trace_id, span_id, _ = self._ids(context)
        parts = [b"\n\x10", trace_id.to_bytes(16, "big"), b"\x12\x08", span_id.to_bytes(8, "big")]
        if attributes := link._attributes:
            parts.append(b'"'.join(self._known_pairs(_LINKS + outbound, attributes, found)))
        if dropped := link.dropped_attributes:
            parts.append(b"(" + count(dropped))
        parts.append(LINK_FLAGS[bool(context.is_remote)])
        return b"".join(parts)

    def _origin(self, resource: Resource, scope: InstrumentationScope | None) -> _Headers:
        """Answer what stands around the spans of a resource and a scope."""
        key = id(resource), id(scope)
        known = self._origins.young.get(key) or self._origins.get(key)
        # What is remembered is held, so that its id stays its own.
        if known is not None and known[0] is resource and known[1] is scope:
            return known[2]
        headers = self._resource(resource), self._scope(scope)
        self._origins.put(key, (resource, scope, headers))
        return headers

    def _resource(self, resource: Resource) -> Header:
        known = self._resources.get(id(resource))
        if known is None or known[0] is not resource:
            header = self._header(self._spans.resource(resource), is_resource=True)
            self._resources.put(id(resource), (resource, header))
            return header
        return known[1]

    def _scope(self, scope: InstrumentationScope | None) -> Header:
        if scope is None:
            return NO_SCOPE
        known = self._scopes.get(id(scope))
        if known is None or known[0] is not scope:
            scrubbed = self._spans.scope(scope)
            header = NO_SCOPE if scrubbed is None else self._header(scrubbed, is_resource=False)
            self._scopes.put(id(scope), (scope, header))
            return header
        return known[1]

    # Attributes ------------------------------------------------------------------------------------

    def _known_pairs(self, space: int, attributes: Any, found: list[Finding]) -> list[bytes]:
        """Encode attributes scrubbed, as `Encoder._pairs` does those that are."""
        if type(attributes) is not BoundedAttributes or not attributes._immutable:
            raise _OutOfOrdinaryError
        held: Mapping[str, Any] = attributes._dict
        pairs = [b""]
        tables = self._tables[space]
        for key, value in held.items():
            table = (type(key) is str and tables.get(key)) or self._table(space, key)
            kind = type(value)  # exactly: a subclass compares as it likes
            if kind is str:
                pair = table.texts.get(value)  # pyright: ignore[reportArgumentType]
            elif kind is int:
                pair = table.numbers.get(value)  # pyright: ignore[reportArgumentType]
            elif kind is bool:
                pair = table.truths.get(value)  # pyright: ignore[reportArgumentType]
            else:
                pair = None
            if pair is None:
                pair = self._scrubbed_pair(table, value, found, held)
                if pair is None:  # left out
                    continue
            pairs.append(pair)
        return pairs

    def _table(self, space: int, key: str) -> _Table:
        if type(key) is not str or len(key) > LONGEST_REMEMBERED:
            raise _OutOfOrdinaryError
        surface = _SURFACES[space // 2]
        older = self._old_tables[space].get(key)
        if older is not None:
            older.older = None
            plan = older.plan
        else:
            plan = self._scrubber.plan(key, surface, bool(space % 2))
        if not plan.is_same:  # it may turn out equal to another key
            raise _OutOfOrdinaryError
        table = _Table(key, plan, surface, older)
        self._make_room(_TABLE_BYTES)
        self._tables[space][key] = table
        return table

    def _scrubbed_pair(
        self, table: _Table, value: Any, found: list[Finding], held: Mapping[str, Any]
    ) -> bytes | None:
        """Encode a pair that the table doesn't know; None where it is left out."""
        kind, scrubber = type(value), self._scrubber
        if kind is str:
            pair = self._clean_pair(table, table.texts, value, value)
            if pair is not None:
                return pair
        elif kind is tuple and len(value) == 1 and type(value[0]) is str:
            pair = table.lists.get(value[0]) or self._clean_pair(
                table, table.lists, value[0], value
            )
            if pair is not None:
                return pair
        if scrubber.passes(table.plan, value):
            pair = self._pair(table.key, value)
            if kind is int and 0 <= value < _SMALL:
                self._make_room(ENTRY_OVERHEAD)
                table.numbers[value] = pair
            elif kind is bool:
                table.truths[value] = pair
            return pair
        scrubbed, is_dropped, beside = self._scrubber.scrubbed_value(
            table.plan, table.surface, value, found
        )
        if is_dropped:
            return None
        pair = self._pair(table.key, scrubbed)
        if not beside:
            return pair
        names = [table.key + BESIDE + (f"#{n}" if n > 1 else "") for n in range(1, len(beside) + 1)]
        if any(name in held for name in names):
            raise _OutOfOrdinaryError
        besides = [self._pair(name, text) for name, text in zip(names, beside, strict=True)]
        return _TAGS[table.surface._value_].join([pair, *besides])

    def _clean_pair(
        self, table: _Table, known: dict[str, bytes], text: str, value: Any
    ) -> bytes | None:
        """Encode what is a text, or a list of one, where it is known to be clean; remember it."""
        older = table.older
        pair = None
        if older is not None:
            pair = (older.texts if value is text else older.lists).get(text)
        if pair is None:
            if not self._scrubber.is_known_clean(table.plan, value):
                return None
            pair = self._pair(table.key, value)
        if len(text) <= LONGEST_REMEMBERED:
            self._make_room(ENTRY_OVERHEAD + text.__sizeof__() + len(pair))
            known[text] = pair
        return pair

    def _make_room(self, size: int) -> None:
        self._filled += size
        if self._filled > self._bound:
            self._old_tables = self._tables
            self._tables = [{} for _ in self._tables]
            self._filled = size


def _text_bytes(text: str, data: bytes) -> int:
    return ENTRY_OVERHEAD + text.__sizeof__() + len(data)


def _items(items: Any) -> Sequence[Any]:
    """Answer what a span's list of events or links holds, without a copy where it is empty."""
    if type(items) is BoundedList:
        return tuple(items) if items._dq else ()  # type: ignore[attr-defined]  # not in the stubs
    if type(items) in (tuple, list):
        return items  # type: ignore[no-any-return]
    raise _OutOfOrdinaryError
