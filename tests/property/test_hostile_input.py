"""Hostile input does no harm: every detector and format of the registries, whatever the text.

A new entry of a registry is fuzzed here without being named. `tests/fuzz` has a target for a fuzzer
that is guided by coverage, to be run by hand.
"""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from growth import assert_linear, repeated
from jaeger_guard import conventions
from jaeger_guard.detectors import DETECTORS, Detector
from jaeger_guard.formats import FORMATS, Format, NotThisFormatError
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.types import Notation
from property.hostile import SEPARATORS, TEXTS, damaged

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "the test")))
BRIEF = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
THOROUGH = settings(BRIEF, max_examples=150)
TOKEN = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
LARGEST = 200_000  # characters; a megabyte is tried on hostile units in the rooms' own tests
MOST_CUTS = 6

# A key for each format, so that the whole engine is behind it; where none names it, text is guessed.
KEYS = {
    **{name: keys.split()[0] for name, keys in conventions.FORMAT_KEYS.items()},
    **{
        name: f"http.request.header.{header}"
        for header, name in conventions.HEADER_FORMATS.items()
        if name not in conventions.FORMAT_KEYS
    },
}


class Unchanging:
    """A judge that changes nothing."""

    def value(self, name: str, text: str, notation: Notation = Notation.TEXT) -> str:
        return text

    def name(self, text: str, notation: Notation = Notation.TEXT) -> str:
        return text


def scrub(key: str, text: str) -> str:
    """Scrub a text, and hold what holds for any: it never raises, and twice is once."""
    once, found = SCRUBBER.value(key, text)
    assert type(once) is str and not found.dropped
    once.encode()  # no lone surrogate is left
    twice, _ = SCRUBBER.value(key, once)
    assert twice == once
    return once


def texts_of(detector: Detector) -> list[str]:
    return [entry.text for entry in detector.examples] + [
        entry.text for entry in detector.near_misses
    ]


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
@BRIEF
@given(data=st.data())
def test_detector_bears_any_text(detector: Detector, data: st.DataObject) -> None:
    """It raises nothing, its findings lie in the text, in order and apart, and twice is once."""
    sample = data.draw(st.sampled_from(texts_of(detector)))
    text = data.draw(st.one_of(damaged(sample), TEXTS))
    end = 0
    for match in detector.find(text):
        assert end <= match.start < match.end <= len(text)
        end = match.end
    scrub("note", text)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
def test_detector_bears_truncation_at_every_point(detector: Detector) -> None:
    """An example that is cut anywhere, at either end, raises nothing, and twice is once."""
    for example in detector.examples:
        text = example.text[:600]
        for cut in range(len(text)):
            for part in (text[:cut], text[cut:]):
                assert all(match.end <= len(part) for match in detector.find(part))
        for cut in range(1, len(text), len(text) // MOST_CUTS + 1):
            scrub("note", text[:cut])


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
@BRIEF
@given(data=st.data())
def test_planted_example_is_gone_beside_any_separator(
    detector: Detector, data: st.DataObject
) -> None:
    """Whatever separates texts may stand before and behind a finding, and hides none."""
    example = data.draw(st.sampled_from(detector.examples))
    if example.found in scrub("note", example.text):
        return  # generalized to itself, as the address of a whole network is
    before, behind = (data.draw(st.sampled_from(BORDERS)) for _ in range(2))
    text = f"x{before}{example.text}{'' if example.cut else behind}"
    assert example.found not in scrub("note", text), (before, behind)


BORDERS = ("\0", "\n", "\r\n", "\t", " ", "\x1e", "\u2028", "\ud800", "\ufeff", "\u200b", "\u202e")


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
def test_detector_is_linear_in_its_own_examples(detector: Detector) -> None:
    """Repeated examples, and repeated halves of them, take time in proportion to their length."""

    def search(unit: str, size: int) -> int:
        return sum(1 for _ in detector.find(repeated(unit, size)))

    example = detector.examples[0].text
    for unit in (example, f"{example[: len(example) // 2 + 1]} "):
        assert_linear(partial(search, unit), largest=LARGEST)


@pytest.mark.parametrize("entry", FORMATS.values(), ids=FORMATS)
@THOROUGH
@given(data=st.data())
def test_format_bears_any_text(entry: Format, data: st.DataObject) -> None:
    """It refuses or rewrites, the engine behind it never raises, and twice is once."""
    sample = data.draw(st.sampled_from([example.text for example in entry.examples]))
    text = data.draw(st.one_of(damaged(sample), TEXTS))
    try:
        assert entry.rewrite(text, Unchanging()) == text
    except NotThisFormatError:
        pass
    scrub(KEYS.get(entry.name, "note"), text)
    scrub("note", text)


@pytest.mark.parametrize("entry", FORMATS.values(), ids=FORMATS)
def test_format_bears_truncation_at_every_point(entry: Format) -> None:
    """Each example, cut anywhere, is scrubbed without an exception, and twice is once."""
    key = KEYS.get(entry.name, "note")
    for example in entry.examples:
        for cut in range(min(len(example.text), 300)):
            scrub(key, example.text[:cut])


@pytest.mark.parametrize("entry", FORMATS.values(), ids=FORMATS)
@THOROUGH
@given(data=st.data())
def test_token_in_any_leaf_is_gone_whatever_happened_around_it(
    entry: Format, data: st.DataObject
) -> None:
    """A token in the place of a leaf is gone, and so it is where the text around it is damaged."""
    example = data.draw(st.sampled_from(entry.examples))
    leaves = [value for _, value in example.leaves if value and value in example.text]
    if not leaves:
        return
    leaf = data.draw(st.sampled_from(leaves))
    before, _, behind = example.text.partition(leaf)
    if data.draw(st.booleans()):
        before = data.draw(damaged(before or " ")) + data.draw(st.sampled_from(SEPARATORS[:9]))
        behind = data.draw(st.sampled_from(SEPARATORS[:9])) + data.draw(damaged(behind or " "))
    elif before[-1:].isalnum() or behind[:1].isalnum():
        return  # in a longer word it is none
    for key in {KEYS.get(entry.name, "note"), "note"}:
        assert TOKEN not in scrub(key, before + TOKEN + behind)
