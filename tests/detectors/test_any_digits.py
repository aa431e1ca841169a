"""Loosened detectors: what finds something in a form wherever the detector does in a text of it."""

from __future__ import annotations

import random
import re
from functools import cache

import pytest

from jaeger_guard.detectors import installed_detectors
from jaeger_guard.detectors.any_digits import (
    NotLoosenedError,
    form_of,
    loosened,
    loosened_pattern,
    numbers_in,
)
from jaeger_guard.detectors.detector import Detector
from jaeger_guard.scanner import Scanner


@cache
def _loosened() -> Scanner:
    return Scanner(installed_detectors()).loosened


@pytest.mark.parametrize("detector", installed_detectors(), ids=lambda detector: detector.name)
def test_each_example_is_found_in_its_form(detector: Detector) -> None:
    """What a detector finds in a text, its loosened one finds in the form, alone and among all."""
    alone = Scanner([loosened(detector)])
    for example in detector.examples:
        form = form_of(example.text)
        assert alone.find(form)
        assert detector.name in {match.detector for match in _loosened().find(form)}


def test_a_form_keeps_what_belongs_to_a_word() -> None:
    """Only digits that stand alone become zeros: those of `v2` and `sha256` say what a word is."""
    assert form_of("/v2/orders/4711?page=13") == "/v2/orders/0000?page=00"
    assert form_of("sha256 of user_12, a1b2") == "sha256 of user_12, a1b2"
    text = "no numbers here"
    assert form_of(text) is text


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("[1-9][0-9]{3}", "4711"),
        ("4[0-9]{3}", "4711"),
        ("(?!47)[0-9]{4}", "4811"),
        ("(?<!9)[0-9]{2}-[0-9]{2}", "12-34"),
        (r"(\d)\1\1", "777"),
        (r"(?P<first>[2-5])x(?P=first)", "3x3"),
        ("[^05]7", "77"),
        ("(?:19|20)[0-9]{2}", "1987"),
        (r"a{2,3}[5\]]", "aaa5"),
    ],
)
def test_a_loosened_pattern_matches_a_form(pattern: str, text: str) -> None:
    """Where a pattern matches a text, the loosened one matches the text with zeros for its digits."""
    assert re.search(pattern, text)
    assert re.search(loosened_pattern(pattern), re.sub("[0-9]", "0", text))


@pytest.mark.parametrize("pattern", ["[1-9]++0", "(?>[1-9]*)0", "(?:[1-9]x)*+0", "(?!1)?2"])
def test_what_may_match_less_is_not_loosened(pattern: str) -> None:
    """`re` doesn't go back into a possessive repeat: with more characters it would match less."""
    with pytest.raises(NotLoosenedError):
        loosened_pattern(pattern)


def test_a_loosened_detector_finds_whatever_the_digits_are() -> None:
    """Of any digits with which a detector finds something, the form tells."""
    draw = random.Random(11)
    found = 0
    scanner = Scanner(installed_detectors())
    for detector in installed_detectors():
        for example in detector.examples[:1]:
            text = example.text
            for number in numbers_in(text, 0, len(text)):
                digits = "".join(draw.choices("0123456789", k=number.end() - number.start()))
                text = text[: number.start()] + digits + text[number.end() :]
            names = {match.detector for match in scanner.find(text)}
            found += len(names)
            assert names <= {match.detector for match in _loosened().find(form_of(text))}
    assert found > 100
