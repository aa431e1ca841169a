"""OTLP's JSON (the protobuf JSON mapping, ids in hexadecimal): a resource's spans.

Names are accepted in both writings that the mapping allows (`resourceSpans`, `resource_spans`), 64-bit
numbers as numbers or texts, enumerations by number or name, and ids in hexadecimal, as OTLP has them, or
base64, as plain protobuf has.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jaeger_guard.stored.span import Origin, StoredSpan, tracestate_pairs, whole
from jaeger_guard.types import Surface

_KINDS: Final = {2: "server", 3: "client", 4: "producer", 5: "consumer"}
_STATUS: Final = {1: "ok", 2: "error"}
_MOST_DEPTH: Final = 64


def spans_of_resource(resource_spans: Any) -> Iterator[StoredSpan]:
    """Yield the spans of one element of `resourceSpans`; what has another shape is passed over."""
    if not isinstance(resource_spans, dict):
        return
    resource = Origin(
        Surface.RESOURCE,
        schema_url=_text(_get(resource_spans, "schemaUrl")) or None,
        attributes=_attributes(_get(_table(_get(resource_spans, "resource")), "attributes")),
    )
    groups = _get(resource_spans, "scopeSpans")
    if groups is None:
        groups = _get(resource_spans, "instrumentationLibrarySpans")
    for group in _list(groups):
        group = _table(group)
        scope = _scope(group)
        for span in _list(_get(group, "spans")):
            if isinstance(span, dict):
                yield _span(span, resource, scope)


def _scope(group: Mapping[str, Any]) -> Origin:
    scope = _table(_get(group, "scope") or _get(group, "instrumentationLibrary"))
    return Origin(
        Surface.SCOPE,
        name=_text(_get(scope, "name")),
        version=_text(_get(scope, "version")) or None,
        schema_url=_text(_get(group, "schemaUrl")) or None,
        attributes=_attributes(_get(scope, "attributes")),
    )


def _span(span: Mapping[str, Any], resource: Origin, scope: Origin) -> StoredSpan:
    status = _table(_get(span, "status"))
    links = [_table(link) for link in _list(_get(span, "links"))]
    states = [tracestate_pairs(_get(each, "traceState")) for each in (span, *links)]
    return StoredSpan(
        trace_id=_id(_get(span, "traceId"), 16),
        span_id=_id(_get(span, "spanId"), 8),
        parent_id=_id(_get(span, "parentSpanId"), 8),
        name=_text(_get(span, "name")),
        kind=_KINDS.get(_number(_get(span, "kind"), "SPAN_KIND_"), "internal"),
        start=whole(_get(span, "startTimeUnixNano")),
        end=whole(_get(span, "endTimeUnixNano")),
        resource=resource,
        scope=scope,
        attributes=_attributes(_get(span, "attributes")),
        events=[
            (_text(_get(event, "name")), _attributes(_get(event, "attributes")))
            for event in map(_table, _list(_get(span, "events")))
        ],
        links=[_attributes(_get(link, "attributes")) for link in links],
        status=_STATUS.get(_number(_get(status, "code"), "STATUS_CODE_"), ""),
        status_description=_text(_get(status, "message")) or None,
        states=[pairs for pairs in states if pairs],
    )


_NUMBERS: Final = {"OK": 1, "ERROR": 2, "INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4,
                   "CONSUMER": 5}  # fmt: skip


def _number(value: Any, prefix: str) -> int:
    if isinstance(value, str):
        return _NUMBERS.get(value.removeprefix(prefix), 0)
    return value if type(value) is int else 0


def _get(table: Mapping[str, Any], name: str) -> Any:
    value = table.get(name)
    if value is None:
        value = table.get(re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", name))
    return value


def _attributes(pairs: Any) -> dict[str, Any]:
    return {
        _text(pair.get("key")): _value(pair.get("value"), 0) for pair in map(_table, _list(pairs))
    }


def _value(value: Any, depth: int) -> Any:
    value = _table(value)
    if depth > _MOST_DEPTH:
        return None
    for name in ("stringValue", "boolValue", "doubleValue"):
        plain = _get(value, name)
        if plain is not None:
            return plain
    integer, data = _get(value, "intValue"), _get(value, "bytesValue")
    if integer is not None:
        return whole(integer)
    if data is not None:
        try:
            return base64.b64decode(data, validate=True)
        except (ValueError, TypeError):
            return data
    array, table = _get(value, "arrayValue"), _get(value, "kvlistValue")
    if array is not None:
        return [_value(item, depth + 1) for item in _list(_get(_table(array), "values"))]
    if table is not None:
        return {
            _text(pair.get("key")): _value(pair.get("value"), depth + 1)
            for pair in map(_table, _list(_get(_table(table), "values")))
        }
    return None


def _id(value: Any, length: int) -> str:
    text = _text(value)
    if re.fullmatch(r"[0-9A-Fa-f]{16}|[0-9A-Fa-f]{32}", text):
        return text.lower()
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return ""
    return data.hex() if len(data) == length else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
