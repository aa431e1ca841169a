"""Every detector's examples through the whole engine: a format on the way must not undo a detector."""

from __future__ import annotations

import pytest

from jaeger_guard.detectors import installed_detectors
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.types import Finding, Surface

DETECTORS = installed_detectors()

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "test")))
EXAMPLES = [
    pytest.param(example.text, example.found, id=f"{detector.name}-{number}")
    for detector in DETECTORS
    if not detector.category.startswith("network.")  # generalized; and a URL's host stays
    for number, example in enumerate(detector.examples)
]
# A near miss of one detector may be another's finding, or a name's: here the rest of the engine knows.
FOUND_BY_OTHERS = {
    ("contact.email", 6): "a user in a URL",
    ("credential.bearer", 3): "a header whose name says it",
    ("credential.url_userinfo", 6): "an e-mail address in a parameter",
    ("credential.azure_storage_signature", 0): "a parameter whose name says it",
}
NEAR_MISSES = [
    pytest.param(near_miss.text, id=f"{detector.name}-{number}")
    for detector in DETECTORS
    for number, near_miss in enumerate(detector.near_misses)
    if (detector.name, number) not in FOUND_BY_OTHERS
]


@pytest.mark.parametrize("key", ["note", "exception.message", "exception.stacktrace"])
@pytest.mark.parametrize(("text", "found"), EXAMPLES)
def test_what_a_detector_finds_is_gone(text: str, found: str, key: str) -> None:
    """No format between a value and a detector hides what the detector finds."""
    scrubbed, _ = SCRUBBER.value(key, text)
    assert found not in scrubbed


@pytest.mark.parametrize(("text", "found"), EXAMPLES)
def test_what_a_detector_finds_is_gone_from_names(text: str, found: str) -> None:
    """Names are read as routes, statements or text, and none of them hides a finding."""
    findings: list[Finding] = []
    assert found not in SCRUBBER.text(Surface.NAME, text, findings)
    assert findings


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_near_misses_stay(text: str) -> None:
    """What a detector leaves for a reason, nothing else on the way takes for the same."""
    scrubbed, _ = SCRUBBER.value("note", text)
    assert scrubbed == text
