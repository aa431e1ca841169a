"""The registry of detectors: every entry in order, and how to get one by its name.

Importing it compiles no pattern. A detector is added as one entry in its family's file.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.detectors import (
    accounts,
    cards,
    contact,
    credentials,
    cryptocurrency,
    identity,
    keys_and_hashes,
    location,
    network,
    platform_tokens,
    provider_tokens,
    service_tokens,
)
from jaeger_guard.detectors.detector import Detector

DETECTORS: Final[tuple[Detector, ...]] = (
    *contact.DETECTORS,
    *cards.DETECTORS,
    *accounts.DETECTORS,
    *cryptocurrency.DETECTORS,
    *identity.DETECTORS,
    *network.DETECTORS,
    *location.DETECTORS,
    *credentials.DETECTORS,
    *keys_and_hashes.DETECTORS,
    *provider_tokens.DETECTORS,
    *service_tokens.DETECTORS,
    *platform_tokens.DETECTORS,
)

_BY_NAME: Final = {detector.name: detector for detector in DETECTORS}


def detector_named(name: str) -> Detector:
    """Return the entry called `name`; KeyError where there is none."""
    return _BY_NAME[name]


__all__ = ["DETECTORS", "Detector", "detector_named"]
