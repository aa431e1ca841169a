"""Reading what arrived: no text, number or byte of it escapes the search."""

from __future__ import annotations

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from jaeger_guard.cli.demo.planted import CARD, EMAIL, IBAN, PASSWORD, SECOND_CARD, found
from jaeger_guard.cli.demo.received import Received, Value


def request_with(span: Span) -> ExportTraceServiceRequest:
    """Put a span into a request of its own."""
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.append(span)
    return request


def text(value: str) -> AnyValue:
    """Wrap a text."""
    return AnyValue(string_value=value)


def test_every_type_of_value_is_shown_as_text() -> None:
    """Lists, maps, bytes, numbers and nothing have a text each; a list of one is its item."""
    nested = KeyValueList(values=[KeyValue(key="a", value=AnyValue(int_value=1))])
    values = {
        "list": AnyValue(array_value=ArrayValue(values=[text("a"), text("b")])),
        "header": AnyValue(array_value=ArrayValue(values=[text("a")])),
        "map": AnyValue(kvlist_value=nested),
        "bytes": AnyValue(bytes_value=b"a\xff"),
        "flag": AnyValue(bool_value=True),
        "number": AnyValue(double_value=1.5),
        "nothing": AnyValue(),
    }
    span = Span(attributes=[KeyValue(key=key, value=value) for key, value in values.items()])
    (read,) = Received.decode([request_with(span).SerializeToString()]).spans
    assert {value.key: value.text for value in read.values} == {
        "list": '["a", "b"]',
        "header": "a",
        "map": '{"a": 1}',
        "bytes": "a\\xff",
        "flag": "true",
        "number": "1.5",
        "nothing": "",
    }


def test_every_surface_has_its_place() -> None:
    """Status, tracestate, events and links are told apart."""
    span = Span(
        name="pay",
        trace_state="a=b",
        status=Status(message="refused", code=Status.STATUS_CODE_ERROR),
        events=[Span.Event(name="one"), Span.Event(name="two")],
        links=[Span.Link(attributes=[KeyValue(key="why", value=text("chat"))])],
    )
    (read,) = Received.decode([request_with(span).SerializeToString()]).spans
    assert read.failed
    assert read.values == (
        Value("status", "", "refused"),
        Value("tracestate", "", "a=b"),
        Value("event 1", "", "one"),
        Value("event 2", "", "two"),
        Value("link 1", "why", "chat"),
    )


def test_the_search_reads_fields_that_are_not_shown() -> None:
    """Scope, schema URLs, links' tracestate and numbers of any kind are searched, too."""
    request = request_with(
        Span(
            links=[Span.Link(trace_state=f"a={EMAIL.value}")],
            attributes=[
                KeyValue(key="card", value=AnyValue(double_value=float(SECOND_CARD.value))),
                KeyValue(key="raw", value=AnyValue(bytes_value=CARD.value.encode())),
            ],
        )
    )
    request.resource_spans[0].schema_url = f"https://schema.example/{IBAN.value}"
    request.resource_spans[0].scope_spans[0].scope.version = PASSWORD.value
    texts = Received.decode([request.SerializeToString()]).texts
    assert found([], texts) == {EMAIL, SECOND_CARD, CARD, IBAN, PASSWORD}
