"""Try to send one payload: a transport that is built when it is needed, and what its answers ask for.

A transport is built again after a fork, after whatever a library raised, and after a refused
certificate or credential, so that renewed files are read. One that belongs to the parent process is
kept referenced, unused: closing it would write to the parent's connection.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from opentelemetry.context import (
    _SUPPRESS_HTTP_INSTRUMENTATION_KEY,
    _SUPPRESS_INSTRUMENTATION_KEY,
    attach,
    detach,
    set_value,
)

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export.outcome import Outcome, Reason, State
from jaeger_guard.export.signals import TRACES, Signal
from jaeger_guard.export.splitting import halves
from jaeger_guard.export.transport import Transport

SHORTEST_TIMEOUT: Final = 0.1
_LOOK_SECONDS: Final = 1.0


class Carrier:
    """Sends payloads, one at a time.

    Args:
        build: Builds a transport.
        stamp: Answers what changes when a certificate's or credential's file does; None: unknown.
        signal: What the payloads are of.
    """

    def __init__(
        self,
        build: Callable[[], Transport],
        stamp: Callable[[], object] | None = None,
        signal: Signal = TRACES,
    ) -> None:
        self._build = build
        self._signal = signal
        self._stamp = stamp
        self._transport: Transport | None = None
        self._of_parent: list[Transport] = []
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._refused: object = None  # the stamp when something was refused
        self._look_at = 0.0

    def attempt(self, data: bytes, spans: int, timeout: float) -> Outcome:
        """Try to send a payload, in halves where it is too large for the receiver.

        Args:
            data: An ExportTraceServiceRequest.
            spans: How many spans it holds.
            timeout: Seconds for one request.
        """
        outcome = self._send(data, timeout)
        if self._signal is not TRACES:
            # A Jaeger takes traces alone: metrics and logs aren't kept for a backend that says so.
            is_final = outcome.state is State.HOLD and outcome.is_unknown_service
            return Outcome(State.REJECTED, outcome.reason) if is_final else outcome
        if outcome.reason is not Reason.OVERSIZED or spans < 2:
            return outcome
        # A receiver, or a proxy before it, whose limit is below the usual one.
        parts = halves(data)
        if not parts:
            return outcome
        rejected = 0
        for half, spans_in_half in parts:
            part = self.attempt(half, spans_in_half, timeout)
            if part.state in (State.RETRY, State.HOLD):
                return part  # all of it again: what was accepted arrives twice
            rejected += spans_in_half if part.state is State.REJECTED else part.rejected
        if rejected >= spans:
            return outcome
        reason = Reason.OVERSIZED if rejected else Reason.ACCEPTED
        return Outcome(State.ACCEPTED, reason, rejected=rejected)

    @property
    def is_renewed(self) -> bool:
        """Whether a file has changed since a certificate or credential was refused."""
        if self._refused is None or self._stamp is None or time.monotonic() < self._look_at:
            return False
        self._look_at = time.monotonic() + _LOOK_SECONDS
        return self._stamp() != self._refused

    @property
    def look_seconds(self) -> float | None:
        """How soon `is_renewed` is worth being asked again; None: it isn't."""
        return None if self._refused is None else _LOOK_SECONDS

    def close(self) -> None:
        """Close the transport; the next attempt would build another."""
        transport, self._transport = self._transport, None
        if transport is not None:
            try:
                transport.close()
            except Exception:  # noqa: BLE001 - it is gone either way
                return

    def after_fork(self) -> None:
        """Start afresh in a child process."""
        if self._transport is not None:
            self._of_parent.append(self._transport)
            self._transport = None
        self._start_afresh()

    def _send(self, data: bytes, timeout: float) -> Outcome:
        # Or an instrumented `requests` would make a span of each export, which would be exported …
        context = set_value(_SUPPRESS_INSTRUMENTATION_KEY, True)
        token = attach(set_value(_SUPPRESS_HTTP_INSTRUMENTATION_KEY, True, context))
        stamp = self._stamp() if self._stamp is not None else None
        try:
            if self._transport is None:
                self._transport = self._build()
            outcome = self._transport.send(data, timeout)
        except ConfigurationError:
            outcome = Outcome(State.HOLD, Reason.SETTINGS_UNUSABLE)
        except Exception:  # noqa: BLE001 - whatever a library raises, the payload is kept
            outcome = Outcome(State.RETRY, Reason.UNEXPECTED_FAILURE)
            self.close()
        finally:
            detach(token)
        if outcome.state is State.HOLD:
            self.close()  # certificates may have been renewed: read them again
            self._refused = stamp
        else:
            self._refused = None
        return outcome
