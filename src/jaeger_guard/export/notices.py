"""What operators are told of exports: the start, change and end of an outage, each thing once."""

from __future__ import annotations

import logging
from typing import Final

from jaeger_guard.export.outcome import REMEDIES, Outcome, Reason, State
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard.export")


class Notices:
    """Log lines about one destination; both threads that send share them.

    Args:
        destination: `host:port`.
    """

    def __init__(self, destination: str) -> None:
        self._destination = destination
        self._outage: Reason | None = None
        self._told: set[str] = set()

    def tell(self, outcome: Outcome) -> None:
        """Tell of an answer where it is news: an outage, its end, the first rejection of a kind."""
        if outcome.state in (State.RETRY, State.HOLD):
            if outcome.reason is not self._outage:
                self._warn("spans are kept until they can be sent to %s: %s", outcome.reason)
            self._outage = outcome.reason
            return
        if self._outage is not None:
            tell(_LOGGER, logging.INFO, "spans reach %s again", self._destination)
        self._outage = None
        if outcome.reason is not Reason.ACCEPTED and outcome.reason not in self._told:
            self._told.add(outcome.reason)
            self._warn("%s rejected spans, further ones are only counted: %s", outcome.reason)

    def tell_of_overflow(self) -> None:
        """Tell, the first time, that spans were dropped because memory is full."""
        if "overflow" not in self._told:
            self._told.add("overflow")
            tell(
                _LOGGER,
                logging.WARNING,
                "the queue for %s is full: the oldest spans are dropped, and counted",
                self._destination,
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
