"""Split an encoded request in two, for a receiver whose limit is below the usual one."""

from __future__ import annotations


def halves(data: bytes) -> list[tuple[bytes, int]]:
    """Split an ExportTraceServiceRequest by its spans.

    Returns:
        Two requests with the number of spans in each; nothing where it has no two, or can't be read.
    """
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    try:
        whole = ExportTraceServiceRequest.FromString(data)
    except DecodeError:
        return []
    total = sum(
        len(scope.spans) for resource in whole.resource_spans for scope in resource.scope_spans
    )
    if total < 2:
        return []
    middle = total // 2
    parts = (ExportTraceServiceRequest(), ExportTraceServiceRequest())
    place = 0
    for resource in whole.resource_spans:
        for scope in resource.scope_spans:
            cut = min(max(middle - place, 0), len(scope.spans))
            for part, spans in ((parts[0], scope.spans[:cut]), (parts[1], scope.spans[cut:])):
                if not spans:
                    continue
                kept = part.resource_spans.add(
                    resource=resource.resource, schema_url=resource.schema_url
                )
                kept.scope_spans.add(scope=scope.scope, schema_url=scope.schema_url, spans=spans)
            place += len(scope.spans)
    return [
        (part.SerializeToString(), spans)
        for part, spans in zip(parts, (middle, total - middle), strict=True)
    ]
