"""The registry of detectors: every entry in order, and how to get one by its name.

Importing it compiles no pattern. A detector is added as one entry in its family's file.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.detectors import (
    accounts,
    authorization,
    cards,
    command_options,
    connections,
    contact,
    cryptocurrency,
    devices,
    documents,
    ids_americas,
    ids_asia_pacific,
    ids_by_stdnum,
    ids_europe,
    location,
    network,
    own,
    password_hashes,
    passwords,
    persons,
    phones,
    postal,
    private_keys,
    tokens,
)
from jaeger_guard.detectors.detector import Detector

DETECTORS: Final[tuple[Detector, ...]] = (
    *contact.DETECTORS,
    *phones.DETECTORS,
    *postal.DETECTORS,
    *cards.DETECTORS,
    *accounts.DETECTORS,
    *cryptocurrency.DETECTORS,
    *ids_americas.DETECTORS,
    *documents.DETECTORS,
    *persons.DETECTORS,
    *ids_europe.DETECTORS,
    *ids_asia_pacific.DETECTORS,
    *network.DETECTORS,
    *devices.DETECTORS,
    *location.DETECTORS,
    *authorization.DETECTORS,
    *connections.DETECTORS,
    *passwords.DETECTORS,
    *command_options.DETECTORS,
    *private_keys.DETECTORS,
    *password_hashes.DETECTORS,
    *tokens.DETECTORS,
    *own.DETECTORS,
)

# What an extra brings; `installed_detectors` leaves out those whose package isn't there.
OPTIONAL_DETECTORS: Final[tuple[Detector, ...]] = (*ids_by_stdnum.DETECTORS,)

_BY_NAME: Final = {detector.name: detector for detector in (*DETECTORS, *OPTIONAL_DETECTORS)}


_LABELLED: Final = frozenset(name for name, detector in _BY_NAME.items() if detector.labelled)


def is_labelled(name: str) -> bool:
    """Say whether the detector called `name` finds what a word in front of it names."""
    return name in _LABELLED


def installed_detectors() -> tuple[Detector, ...]:
    """Return every detector that can work here, and import what they need.

    Raises:
        ConfigurationError: A package is there that doesn't have what a detector needs.
    """
    phones.load()
    return (*DETECTORS, *ids_by_stdnum.load())


def detector_named(name: str) -> Detector:
    """Return the entry called `name`; KeyError where there is none."""
    return _BY_NAME[name]


__all__ = [
    "DETECTORS",
    "OPTIONAL_DETECTORS",
    "Detector",
    "detector_named",
    "installed_detectors",
    "is_labelled",
]
