"""A Jaeger as a source: service by service, and a window of time after the other.

A query answers so many traces at the most, and doesn't say whether there are more. So a window that
comes back full is looked through again in halves, and one that comes back nearly empty is followed by a
longer one. A trace is shown in each window and for each service that it touches: a span is counted where
its own service is asked for and its own start lies in the window, so each is counted once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from jaeger_guard.scan.source import MOST_TRACES, Look, Part
from jaeger_guard.stored import StoredError, StoredSpan
from jaeger_guard.stored.query import QueryApi

DEFAULT_LIMIT: Final = 200  # traces of one answer
_SHORTEST: Final = 1_000_000  # nanoseconds; a window is not halved below
_MOST_FULL: Final = 1000  # of the shortest windows in a row: a second of traces is never that full


class JaegerSource:
    """Looks through the store of a Jaeger.

    Args:
        api: The Jaeger.
        address: What to call it, without credentials.
        start: From when on, in nanoseconds since 1970.
        end: Until when.
        services: Which services; none: all that there are.
        window: What was asked for, such as "7d": a scan goes on only where this is the same, and then
            with the times that it began with.
        limit: How many traces one answer holds.
    """

    def __init__(
        self,
        api: QueryApi,
        address: str,
        *,
        start: int,
        end: int,
        services: Sequence[str] = (),
        window: str = "",
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        self._api = api
        self._address = address
        self._start = start
        self._end = end
        self._services = sorted(services)
        self._window = window
        self._limit = min(limit, MOST_TRACES)

    @property
    def identity(self) -> Mapping[str, Any]:
        """The Jaeger, the services and the time that was asked for."""
        return {
            "endpoint": self._address,
            "services": self._services,
            "window": self._window,
        }

    def parts(self, look: Look, position: Mapping[str, Any]) -> Iterator[Part]:
        """Look through the store behind a position: the number of services done, and a time."""
        self._start = int(position.get("start", self._start))
        self._end = int(position.get("end", self._end))
        services = self._services or self._api.services()
        done = int(position.get("services", 0))
        at = int(position.get("at", self._start))
        for number in range(done, len(services)):
            yield from self._service(look, services, number, at)
            at = self._start

    def _service(self, look: Look, services: Sequence[str], number: int, at: int) -> Iterator[Part]:
        service = services[number]
        width = self._end - at
        full = 0  # shortest windows, one behind the other
        while at < self._end:
            end = min(self._end, at + width)
            wanted = _Wanted(service, at, end)
            tally, traces = look(self._api.search(service, at, end, self._limit), wanted)
            is_full = len(traces) >= self._limit
            if is_full and end - at > _SHORTEST:
                width = (end - at) // 2
                continue
            missed = [f"{tally.unread} traces can't be read"] if tally.unread else []
            full = full + 1 if is_full else 0
            if full > _MOST_FULL:
                raise StoredError("whatever time it is asked for, its answer is full")
            if is_full:
                missed.append("a millisecond holds more traces than one answer")
            of_service = (end - self._start) / max(1, self._end - self._start)
            position = {"services": number, "at": end, "start": self._start, "end": self._end}
            if end >= self._end:
                position |= {"services": number + 1, "at": self._start}
            yield Part(
                tally=tally,
                position=position,
                done=(number + of_service) / len(services),
                doing=f"service {number + 1} of {len(services)}",
                missed=tuple(missed),
            )
            if len(traces) * 4 < self._limit:
                width *= 2
            at = end


class _Wanted:
    """Says of a span whether it is its service's and its window's."""

    def __init__(self, service: str, start: int, end: int) -> None:
        self._service = service
        self._start = start
        self._end = end

    def __call__(self, span: StoredSpan) -> bool:
        return span.service == self._service and self._start <= span.start < self._end
