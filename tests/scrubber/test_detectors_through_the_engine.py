"""Every detector's examples through the whole engine: a format on the way must not undo a detector."""

from __future__ import annotations

import pytest

from jaeger_guard.detectors import Detector, installed_detectors
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.types import Finding, Surface

DETECTORS = installed_detectors()

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "test")))
KEYS = ("note", "exception.message", "exception.stacktrace")
# A near miss of one detector may be another's finding, or a name's: here the rest of the engine knows.
FOUND_BY_OTHERS = {
    ("contact.email", 6): "a user in a URL",
    ("credential.bearer", 3): "a header whose name says it",
    ("credential.url_userinfo", 6): "an e-mail address in a parameter",
    ("credential.azure_storage_signature", 0): "a parameter whose name says it",
}
each = pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
each_but_networks = pytest.mark.parametrize(
    "detector",
    # Networks are generalized; and a URL's host stays.
    [detector for detector in DETECTORS if not detector.category.startswith("network.")],
    ids=lambda detector: detector.name,
)


@each_but_networks
def test_what_a_detector_finds_is_gone(detector: Detector) -> None:
    """No format between a value and a detector hides what the detector finds."""
    for example in detector.examples:
        for key in KEYS:
            scrubbed, _ = SCRUBBER.value(key, example.text)
            assert example.found not in scrubbed, (key, example)


@each_but_networks
def test_what_a_detector_finds_is_gone_from_names(detector: Detector) -> None:
    """Names are read as routes, statements or text, and none of them hides a finding."""
    for example in detector.examples:
        findings: list[Finding] = []
        assert example.found not in SCRUBBER.text(Surface.NAME, example.text, findings), example
        assert findings, example


@each
def test_near_misses_stay(detector: Detector) -> None:
    """What a detector leaves for a reason, nothing else on the way takes for the same."""
    for number, near_miss in enumerate(detector.near_misses):
        if (detector.name, number) not in FOUND_BY_OTHERS:
            scrubbed, _ = SCRUBBER.value("note", near_miss.text)
            assert scrubbed == near_miss.text, (number, near_miss)
