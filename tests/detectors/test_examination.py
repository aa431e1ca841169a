"""An examination finds what the detector finds, and says of the rest why not, without showing it."""

from __future__ import annotations

import pytest

from jaeger_guard.detectors import DETECTORS, Detector, detector_named
from jaeger_guard.detectors.examination import examine, named, validators


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
def test_examination_equals_the_search(detector: Detector) -> None:
    """On examples, near misses and what is cut off them, both find equally often."""
    texts = [example.text for example in detector.examples]
    texts += [near_miss.text for near_miss in detector.near_misses]
    for text in (*texts, " ".join(texts), *(text[:-1] for text in texts)):
        seen = examine(detector, text)
        assert seen.found == len(list(detector.find(text)))
        assert seen.opened == detector.gate.admits(text)
        for reason, count in seen.refused:
            assert count > 0 and reason


def test_reason_tells_length_and_step_only() -> None:
    """A wrong check digit is named, with the number of digits and none of them."""
    seen = examine(detector_named("financial.card"), "order 4111 1111 1111 1112 booked")
    assert seen.opened and seen.found == 0
    assert any("16 digits, Luhn fails" in reason for reason, _ in seen.refused)
    assert not any("1112" in reason for reason, _ in seen.refused)


def test_word_and_marker_are_reasons() -> None:
    """A token inside a word, and a marker of ours, are refused for what they are."""
    token = "sk-" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    [(reason, _)] = examine(detector_named("credential.openai"), "di" + token).refused
    assert reason == "it stands inside a longer word"


def test_text_with_endless_candidates_is_bounded() -> None:
    """However many candidates there are, no more than a few thousand are looked at."""
    seen = examine(detector_named("network.ipv4"), "10.1.2.3 " * 20_000)
    assert sum(count for _, count in seen.refused) <= 4096


def test_steps_have_names() -> None:
    """A validator is called what its function is called, a nameless one all the same."""
    assert named(test_steps_have_names) == "test steps have names"
    assert named(lambda text: bool(text)) == "test steps have names"
    assert all(name for detector in DETECTORS for name in validators(detector))
