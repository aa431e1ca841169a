"""Spans as they go over the wire, as JSON: where in them something planted stands, and their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan

from servers.reading import planted_found, strings_in

Span = dict[str, Any]


def encoded(spans: Sequence[ReadableSpan]) -> list[Span]:
    """Return spans as OpenTelemetry's own exporter would send them."""
    return spans_in([encode_spans(spans).SerializeToString()]) if spans else []


def spans_in(payloads: Iterable[bytes]) -> list[Span]:
    """Return the spans of OTLP requests, each with its `scope` and `resource`."""
    found = []
    for payload in payloads:
        request = MessageToDict(ExportTraceServiceRequest.FromString(payload))
        for resource in request.get("resourceSpans", ()):
            for scope in resource.get("scopeSpans", ()):
                for span in scope.get("spans", ()):
                    beside = {"resource": resource.get("resource"), "scope": scope.get("scope")}
                    found.append({**span, **beside})
    return found


def surfaces(span: Span) -> Iterator[tuple[str, Any]]:
    """Yield each place of a span that carries text, with what stands there."""
    yield "name", span.get("name", "")
    yield "status", span.get("status", {}).get("message", "")
    yield "tracestate", span.get("traceState", "")
    yield from attributes(span, "")
    for event in span.get("events", ()):
        yield "event", event.get("name", "")
        yield from attributes(event, "event ")
    for link in span.get("links", ()):
        yield from attributes(link, "link ")
    yield "resource", span.get("resource")
    yield "scope", span.get("scope")


def attributes(bearer: Span, prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of a span, an event or a link."""
    for attribute in bearer.get("attributes", ()):
        yield prefix + attribute["key"], attribute.get("value")


def holds(value: Any, planted: Iterable[str]) -> bool:
    """Say whether something planted stands in a value, encoded or not."""
    return bool(planted_found(planted, strings_in(value)))


def leaks(spans: Iterable[Span], planted: Iterable[str]) -> list[str]:
    """List the surfaces where something planted stands: `name`, `http.url`, `event
    exception.message`, … A key that holds it is called `(key)`."""
    found = set()
    for span in spans:
        for surface, value in surfaces(span):
            if holds(surface, planted):
                found.add("(key)")
            elif holds(value, planted):
                found.add(surface)
    return sorted(found)
