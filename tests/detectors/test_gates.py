"""What gates ask for follows from their detector's pattern: they never leave a finding out."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest

from jaeger_guard.detectors import Detector, installed_detectors
from jaeger_guard.detectors.detector import DigitRun, Needles

BESIDE = [
    detector
    for detector in installed_detectors()
    if isinstance(detector.gate, DigitRun) and detector.gate.beside
]
LED = [
    detector
    for detector in installed_detectors()
    if isinstance(detector.gate, Needles) and detector.gate.leads
]


def takes_one_of(parsed: Any, wanted: re.Pattern[str]) -> bool:
    """Say whether each match of a parsed pattern has a character of a class."""
    for operation, argument in parsed:
        name = str(operation)
        if name in ("LITERAL", "IN"):
            taken = [argument] if name == "LITERAL" else characters(argument)
            if taken and all(wanted.fullmatch(chr(code)) for code in taken):
                return True
        elif name == "BRANCH":
            if all(takes_one_of(alternative, wanted) for alternative in argument[1]):
                return True
        elif name == "SUBPATTERN":
            if takes_one_of(argument[3], wanted):
                return True
        elif name.endswith("REPEAT") and argument[0] and takes_one_of(argument[2], wanted):
            return True
    return False


def characters(members: Any) -> list[int]:
    """Return the codes of a class; none where they aren't listed one by one."""
    codes: list[int] = []
    for operation, argument in members:
        if str(operation) == "LITERAL":
            codes.append(argument)
        elif str(operation) == "RANGE":
            codes += range(argument[0], argument[1] + 1)
        else:
            return []
    return codes


@pytest.mark.parametrize("detector", BESIDE, ids=lambda detector: detector.name)
def test_each_finding_has_what_its_gate_asks_for_beside_digits(detector: Detector) -> None:
    """Whatever a pattern matches has one of the characters without which its gate stays shut."""
    assert isinstance(detector.gate, DigitRun)
    parsed = importlib.import_module("re._parser").parse(detector.pattern)
    assert takes_one_of(parsed, re.compile(f"[{detector.gate.beside}]"))


@pytest.mark.parametrize("detector", LED, ids=lambda detector: detector.name)
def test_anchor_behind_a_label_is_the_pattern(detector: Detector) -> None:
    """What the anchor matches at a label is judged as it is: the pattern isn't asked once more."""
    assert isinstance(detector.gate, Needles)
    assert detector.gate.anchor == detector.pattern
