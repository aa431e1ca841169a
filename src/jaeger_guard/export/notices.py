"""What operators are told of exports: the start, change and end of an outage, each thing once."""

from __future__ import annotations

import logging
import time
from typing import Final

from jaeger_guard.export.outcome import REMEDIES, Outcome, Reason, State
from jaeger_guard.export.signals import TRACES, Signal
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard.export")
_QUIET_SECONDS: Final = 60.0  # or a backend that refuses every other request would fill the log


class Notices:
    """Log lines about one destination; both threads that send share them.

    Args:
        destination: `host:port`.
        signal: What is sent there.
    """

    def __init__(self, destination: str, signal: Signal = TRACES) -> None:
        self._destination = destination
        self._signal = signal
        self._outage: Reason | None = None
        self._is_told = False  # of the outage at hand
        self._told_at: dict[Reason, float] = {}
        self._told: set[str] = set()

    def tell(self, outcome: Outcome) -> None:
        """Tell of an answer where it is news: an outage, its end, the first rejection of a kind.

        Outages for one reason are told once a minute at the most; one that lasts is told of in the end.
        """
        if outcome.state in (State.RETRY, State.HOLD):
            self._tell_of_outage(outcome.reason)
            return
        if self._is_told:
            tell(_LOGGER, logging.INFO, "%s reach %s again", self._signal.noun, self._destination)
        self._outage, self._is_told = None, False
        if outcome.reason is not Reason.ACCEPTED and outcome.reason not in self._told:
            self._told.add(outcome.reason)
            if outcome.reason is Reason.NOT_AN_OTLP_RECEIVER:
                tell(
                    _LOGGER,
                    logging.WARNING,
                    "%s takes no %s: none are sent there any more. Set %s=none, or name an endpoint "
                    "that takes them by %sENDPOINT",
                    self._destination,
                    self._signal.noun,
                    self._signal.exporters_variable,
                    self._signal.prefix,
                )
                return
            self._warn(
                f"%s rejected {self._signal.noun}, further ones are only counted: %s",
                outcome.reason,
            )

    def _tell_of_outage(self, reason: Reason) -> None:
        if reason is not self._outage:
            self._outage, self._is_told = reason, False
        now = time.monotonic()
        if self._is_told or now < self._told_at.get(reason, -_QUIET_SECONDS) + _QUIET_SECONDS:
            return
        self._told_at[reason] = now
        self._is_told = True
        self._warn(f"{self._signal.noun} are kept until they can be sent to %s: %s", reason)

    def tell_of_overflow(self) -> None:
        """Tell, the first time, that spans were dropped because memory is full."""
        if "overflow" not in self._told:
            self._told.add("overflow")
            tell(
                _LOGGER,
                logging.WARNING,
                "the queue for %s is full: the oldest %s are dropped, and counted",
                self._destination,
                self._signal.noun,
            )

    def tell_of_fault(self, error: Exception) -> None:
        """Tell, the first time, that our own code raised."""
        if "fault" not in self._told:
            self._told.add("fault")
            tell(_LOGGER, logging.ERROR, "replaying failed (%s)", type(error).__name__)

    def _warn(self, message: str, reason: Reason) -> None:
        remedy = REMEDIES.get(reason)
        tell(
            _LOGGER,
            logging.WARNING,
            message + (". " + remedy if remedy else ""),
            self._destination,
            reason.value,
        )
