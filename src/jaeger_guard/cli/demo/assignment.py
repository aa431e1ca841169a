"""What the demo tells the process of one run, over its standard input."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

REFUSED: Final = 2
"""Exit status where a setting can't be honoured; standard error says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What one run is to do.

    Attributes:
        guarded: Whether there is a guard.
        endpoint: Base URL of the receiver.
        ca_file: PEM file of the receiver's authority.
        log_file: Where jaeger_guard and OpenTelemetry log to, everything down to DEBUG.
        seed: What the ids are drawn from.
        shop_socket: Descriptor of the shop's listening socket.
        shop_port: Its port.
        courier_port: A port that refuses connections.
    """

    guarded: bool
    endpoint: str
    ca_file: str
    log_file: str
    seed: int
    shop_socket: int
    shop_port: int
    courier_port: int

    def to_json(self) -> str:
        """Write it for the child's standard input."""
        return json.dumps(asdict(self))
