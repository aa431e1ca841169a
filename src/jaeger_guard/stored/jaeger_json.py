"""Jaeger's JSON, as /api/traces answers and its UI saves it: a trace into spans.

What Jaeger makes of OTLP is undone: the status, the kind, the scope and the tracestate of a span stand
there as tags. Arrays and maps are JSON text in a tag of type string, and can't be told from a text that
holds JSON; they are left as they are. Scope and link attributes are not in this form at all.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jaeger_guard.stored.span import Origin, StoredSpan, hexadecimal, tracestate_pairs, whole
from jaeger_guard.types import Surface

_STATUS: Final = "otel.status_code"
_DESCRIPTION: Final = "otel.status_description"
_KIND: Final = "span.kind"
_STATE: Final = "w3c.tracestate"
_SCOPE: Final = "otel.scope.name"
_SCOPE_VERSION: Final = "otel.scope.version"
_TAKEN: Final = frozenset({_STATUS, _DESCRIPTION, _KIND, _STATE, _SCOPE, _SCOPE_VERSION})
_KINDS: Final = frozenset({"server", "client", "producer", "consumer", "internal"})


def spans_of_trace(trace: Any) -> Iterator[StoredSpan]:
    """Yield the spans of one trace; what has another shape is passed over."""
    if not isinstance(trace, dict):
        return
    processes = trace.get("processes")
    origins: dict[str, Origin] = {}
    if isinstance(processes, dict):
        origins = {key: _resource(process) for key, process in processes.items()}
    unknown = Origin(Surface.RESOURCE)
    for span in _list(trace.get("spans")):
        if isinstance(span, dict):
            inline = span.get("process")
            resource = origins.get(str(span.get("processID")), unknown)
            yield _span(span, _resource(inline) if isinstance(inline, dict) else resource)


def _resource(process: Any) -> Origin:
    process = process if isinstance(process, dict) else {}
    attributes = _tags(process.get("tags"))
    if process.get("serviceName"):
        attributes = {"service.name": str(process["serviceName"]), **attributes}
    return Origin(Surface.RESOURCE, attributes=attributes)


def _span(span: Mapping[str, Any], resource: Origin) -> StoredSpan:
    tags = _tags(span.get("tags"))
    start = whole(span.get("startTime")) * 1000
    references = [each for each in _list(span.get("references")) if isinstance(each, dict)]
    kind, status = str(tags.get(_KIND, "")).lower(), str(tags.get(_STATUS, "")).lower()
    version = tags.get(_SCOPE_VERSION)
    description = tags.get(_DESCRIPTION)
    return StoredSpan(
        trace_id=hexadecimal(span.get("traceID"), 32).zfill(32),
        span_id=hexadecimal(span.get("spanID"), 16),
        parent_id=_parent(span, references),
        name=str(span.get("operationName", "")),
        kind=kind if kind in _KINDS else "internal",
        start=start,
        end=start + whole(span.get("duration")) * 1000,
        resource=resource,
        scope=Origin(
            Surface.SCOPE,
            name=str(tags.get(_SCOPE, "")),
            version=None if version is None else str(version),
        ),
        attributes={key: value for key, value in tags.items() if key not in _TAKEN},
        events=[_event(log) for log in _list(span.get("logs")) if isinstance(log, dict)],
        links=[_tags(each.get("tags")) for each in references if each.get("tags")],
        status=status,
        status_description=None if description is None else str(description),
        states=[pairs for pairs in [tracestate_pairs(tags.get(_STATE))] if pairs],
    )


def _parent(span: Mapping[str, Any], references: list[dict[str, Any]]) -> str:
    """Find the parent; a link to the parent is all that Jaeger leaves where a span has one."""
    for kind in ("CHILD_OF", "FOLLOWS_FROM"):
        for each in references:
            if each.get("refType") == kind and each.get("traceID") == span.get("traceID"):
                return hexadecimal(each.get("spanID"), 16)
    return hexadecimal(span.get("parentSpanID"), 16)


def _event(log: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    fields = _tags(log.get("fields"))
    return str(fields.pop("event", "")), fields


def _tags(tags: Any) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for tag in _list(tags):
        if isinstance(tag, dict):
            read[str(tag.get("key", ""))] = _value(tag)
    return read


def _value(tag: Mapping[str, Any]) -> Any:
    value = tag.get("value")
    kind = tag.get("type")
    if kind == "int64" and isinstance(value, str):  # beyond 2^53, so that JavaScript reads it whole
        return whole(value)
    if kind == "binary" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except ValueError:
            return value
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
