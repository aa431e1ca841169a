"""Put encoded spans together as one ExportTraceServiceRequest, grouped by resource and scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from jaeger_guard.wire.protobuf import field

# gRPC refuses messages above 4 MiB unless told otherwise (grpc-go, defaultServerMaxReceiveMessageSize;
# the Collector's max_recv_msg_size_mib); the rest is margin.
DEFAULT_MESSAGE_LIMIT: Final = 3 * 1024 * 1024 + 512 * 1024

FRAME: Final = 6  # bytes: a tag and the longest length that a message below 2 GiB can need


@dataclass(frozen=True, slots=True)
class Payload:
    """One ExportTraceServiceRequest, ready to be sent.

    Attributes:
        data: The message's bytes.
        spans: How many spans it holds.
        oversized: True where one span alone passes the limit, so that a receiver may refuse it.
    """

    data: bytes
    spans: int
    oversized: bool = False

    def __repr__(self) -> str:
        """Leave out the bytes: telemetry does not belong into a log."""
        size = len(self.data)
        return f"Payload(bytes={size}, spans={self.spans}, oversized={self.oversized})"


class Header:
    """What stands around the spans of one resource or scope; compared by identity."""

    __slots__ = ("head", "owner", "size", "tail")

    def __init__(self, owner: object, head: bytes, tail: bytes) -> None:
        self.owner = owner  # held, so that its id stays its own
        self.head = head
        self.tail = tail
        self.size = len(head) + len(tail) + FRAME

    def first_equal(self, headers: dict[object, Header]) -> Header:
        """Answer the one of `headers` whose owner equals this one's; this one where none does."""
        try:
            return headers.setdefault(self.owner, self)
        except Exception:  # noqa: BLE001 - foreign, without a hash: what it encodes to decides
            return headers.setdefault((self.head, self.tail), self)


NO_SCOPE: Final = Header(None, b"\n\x00", b"")  # the SDK writes an empty scope, too


class Message:
    """A request in the making: resources, below them scopes, below them spans."""

    __slots__ = ("_groups", "_resources", "_scopes", "_seen", "size", "spans")

    def __init__(self) -> None:
        self.size = 0  # an upper bound of the payload's bytes
        self.spans = 0
        self._seen: dict[tuple[Header, Header], list[bytes]] = {}
        self._resources: dict[object, Header] = {}
        self._scopes: dict[Header, dict[object, Header]] = {}
        self._groups: dict[Header, dict[Header, list[bytes]]] = {}

    def fits(self, limit: int, data: bytes, resource: Header, scope: Header) -> bool:
        """Say whether `add` would leave it within so many bytes; always, where nothing is in it."""
        size = self.size + len(data) + FRAME
        if size + resource.size + scope.size <= limit or not self.spans:
            return True
        return size <= limit and (resource, scope) in self._seen

    def add(self, data: bytes, resource: Header, scope: Header) -> None:
        """Add the bytes of a Span message."""
        group = self._seen.get((resource, scope))
        if group is None:
            group = self._seen[resource, scope] = self._group(resource, scope)
        group.append(field(b"\x12", data))
        self.size += len(data) + FRAME
        self.spans += 1

    def _group(self, resource: Header, scope: Header) -> list[bytes]:
        resource = resource.first_equal(self._resources)
        if resource not in self._groups:
            self._groups[resource] = {}
            self._scopes[resource] = {}
            self.size += resource.size
        groups = self._groups[resource]
        scope = scope.first_equal(self._scopes[resource])
        if scope not in groups:
            groups[scope] = []
            self.size += scope.size
        return groups[scope]

    def payload(self, *, oversized: bool = False) -> Payload:
        """Close the message."""
        parts: list[bytes] = []
        for resource, groups in self._groups.items():
            inner = [resource.head]
            for scope, spans in groups.items():
                inner.append(field(b"\x12", b"".join([scope.head, *spans, scope.tail])))
            inner.append(resource.tail)
            parts.append(field(b"\n", b"".join(inner)))
        return Payload(b"".join(parts), self.spans, oversized)
