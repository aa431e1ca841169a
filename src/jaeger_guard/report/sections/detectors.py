"""Which detectors look: this version's, told apart by a digest over all of them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from jaeger_guard._version import __version__
from jaeger_guard.detectors import installed_detectors
from jaeger_guard.report.inputs import Inputs
from jaeger_guard.report.model import Row, Section, Table


def registry_digest() -> str:
    """Compute SHA-256 over names, categories and patterns of the detectors that are installed."""
    entries = sorted((each.name, each.category, each.pattern) for each in installed_detectors())
    return hashlib.sha256(json.dumps(entries).encode()).hexdigest()


def detectors(_: Inputs) -> Section:
    """Tell of the detectors."""
    installed = installed_detectors()
    by_category = Counter(detector.category for detector in installed)
    return Section(
        id="detectors",
        title="Detectors",
        rows=(
            Row("jaeger-guard", __version__),
            Row("detectors", str(len(installed))),
            Row("digest of the registry (SHA-256)", registry_digest()),
        ),
        tables=(
            Table(
                "Detectors by category",
                ("category", "detectors"),
                tuple((category, str(count)) for category, count in sorted(by_category.items())),
            ),
        ),
    )
