"""Write spans as OTLP protobuf bytes, without building protobuf objects.

Theory of operation. An ExportTraceServiceRequest is nothing but nested, length-prefixed pieces
(protobuf encoding guide, "Message structure"), so a span is the join of its fields in the order of
their numbers, and a message the join of its spans. What is written equals what the SDK's own
`encode_spans(spans).SerializeToString()` answers, byte for byte; a property test holds this.

1. Proto3 leaves out plain fields that hold their default (0, ""), but a member of a `oneof` is
   always written: an attribute of 0, False or "" is present. None is an empty AnyValue.
2. Attributes repeat from span to span, so an encoded KeyValue is remembered by key, value and type:
   `True == 1 == 1.0`. Floats are never remembered (-0.0 == 0.0, NaN != NaN), long texts neither.
3. Spans are grouped by resource and scope, in the order in which these are first seen. Groups are
   found by identity; the SDK's equality, whose hash costs a JSON dump, is asked once per identity.
4. What can't be encoded raises inside, and one border per span turns that into an UnencodableError
   that holds no value, neither in its text nor as its context. `Encoder.encode` hands such a span
   to `fallback`, and goes on with the rest of the batch.
5. A receiver refuses a message above its limit as a whole, so messages are split before it.

`scrubbing` scrubs while it encodes, `encoder` writes spans and their attributes, `message` puts
them together, `protobuf` knows the bytes, `memo` remembers, `record` says what is read of a span.
Source of all field numbers: opentelemetry-proto 1.x (trace.proto, common.proto, resource.proto); a
tag is `number << 3 | wire type`.
"""

from __future__ import annotations

from jaeger_guard.wire.encoder import Encoded, Encoder, Fallback, UnencodableError
from jaeger_guard.wire.message import DEFAULT_MESSAGE_LIMIT, Payload
from jaeger_guard.wire.record import SpanRecord
from jaeger_guard.wire.scrubbing import ScrubbingEncoder

__all__ = [
    "DEFAULT_MESSAGE_LIMIT",
    "Encoded",
    "Encoder",
    "Fallback",
    "Payload",
    "ScrubbingEncoder",
    "SpanRecord",
    "UnencodableError",
]
