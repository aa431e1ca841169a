"""Payloads that wait in memory to be sent: in order, and bounded in bytes; for a lock's holder."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from jaeger_guard.export.spool.store import Ticket


@dataclass(slots=True, eq=False)
class Payload:
    """A serialized request that waits.

    Attributes:
        number: Its place among all that were ever submitted.
        data: An ExportTraceServiceRequest.
        spans: How many spans it holds.
        arrived: When it was submitted, on the monotonic clock.
        in_flight: Whether it is being sent.
        is_gone: Whether it is settled, or dropped.
        ticket: Where it lies on disk as well; None: nowhere.
    """

    number: int
    data: bytes
    spans: int
    arrived: float
    in_flight: bool = False
    is_gone: bool = False
    ticket: Ticket | None = None


class Waiting:
    """The queue.

    Args:
        max_bytes: Its bound.

    Attributes:
        bytes: How much waits.
        last: The number of the newest payload.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._queue: deque[Payload] = deque()
        self.bytes = 0
        self.last = 0

    def __bool__(self) -> bool:
        return bool(self._queue)

    def head(self) -> Payload:
        """Answer the oldest."""
        return self._queue[0]

    def append(self, data: bytes, spans: int, ticket: Ticket | None) -> None:
        """Queue a payload for which there is room."""
        self.last += 1
        self._queue.append(Payload(self.last, data, spans, time.monotonic(), ticket=ticket))
        self.bytes += len(data)

    def remove(self, payload: Payload) -> None:
        """Let go of a payload."""
        self._queue.remove(payload)
        payload.is_gone = True
        self.bytes -= len(payload.data)

    def exceeds_with(self, size: int) -> bool:
        """Say whether so many bytes more would be too many."""
        return self.bytes + size > self._max_bytes

    def make_room(self, size: int) -> list[Payload] | None:
        """Let go of the oldest until so many bytes fit, and answer them; None where they never do.

        One in flight stays, and where it is the only one the bound is exceeded by the new one.
        """
        if size > self._max_bytes:
            return None
        gone = []
        while self.exceeds_with(size):
            position = 1 if self._queue[0].in_flight else 0
            if position >= len(self._queue):
                break
            gone.append(self._queue[position])
            self.remove(gone[-1])
        return gone

    def clear(self) -> list[Payload]:
        """Let go of all, and answer them."""
        gone = list(self._queue)
        for payload in gone:
            payload.is_gone = True
        self._queue.clear()
        self.bytes = 0
        return gone

    def is_pending(self, target: int) -> bool:
        """Say whether something up to that number waits."""
        return bool(self._queue) and self._queue[0].number <= target

    def first_in_memory_only(self) -> Payload | None:
        """Answer the oldest that isn't on disk."""
        return next((payload for payload in self._queue if payload.ticket is None), None)

    def let_go_of_spooled(self) -> list[Payload]:
        """Let go of what is on disk and not in flight, and answer it."""
        gone = [each for each in self._queue if not each.in_flight and each.ticket is not None]
        for payload in gone:
            self.remove(payload)
        return gone

    @property
    def spans(self) -> int:
        """How many spans wait."""
        return sum(payload.spans for payload in self._queue)

    @property
    def age(self) -> float:
        """For how many seconds the oldest waits."""
        return time.monotonic() - self._queue[0].arrived if self._queue else 0.0
