"""Long values: the same outcome as at once, and withheld where they take too much time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jaeger_guard import long_texts
from jaeger_guard.detectors import DETECTORS, detector
from jaeger_guard.formats import FORMATS, json_text, sql_scan
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber, settling
from jaeger_guard.scrubber.found import Findings
from jaeger_guard.types import Surface

WITHHELD = "[REDACTED:content.withheld]"
EMAIL = "ana.lima@shop.example.com"
SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "the test")))
PIECES = (
    *(example.text for entry in DETECTORS for example in entry.examples),
    *(near_miss.text for entry in DETECTORS for near_miss in entry.near_misses),
    *(example.text for entry in FORMATS.values() for example in entry.examples),
    "and words that say nothing, of 12 items, at 10:20:30 ",
    "a" * 700,
    "é" * 300,
    "\n",
)
KEYS = ("order.note", "exception.stacktrace", "db.query.text", "url.full", "process.command_line")


def scrub(key: str, value: Any) -> tuple[Any, Findings]:
    return SCRUBBER.value(key, value)


def in_steps_of(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Search in steps of this many characters, whatever the text's length; 0: at once."""
    shortest = 0 if step else 1 << 62
    for module in (long_texts, detector, json_text, sql_scan, settling):
        monkeypatch.setattr(module, "LONG", shortest)
    monkeypatch.setattr(long_texts, "STEP", step or 1 << 62)


@given(
    key=st.sampled_from(KEYS),
    pieces=st.lists(st.sampled_from(PIECES), min_size=30, max_size=300),
    joint=st.sampled_from(["", " ", "\n", ", "]),
    step=st.integers(700, 3000),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_steps_equal_the_plain_reference(
    key: str, pieces: list[str], joint: str, step: int
) -> None:
    """A text searched in steps becomes what it becomes when it is searched at once."""
    text = joint.join(pieces)
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(long_texts, "MOST_SECONDS", float("inf"))
        in_steps_of(patching, 0)
        expected, found_at_once = scrub(key, text)
        in_steps_of(patching, step)
        scrubbed, found = scrub(key, text)
    assert scrubbed == expected
    assert found.entries == found_at_once.entries


@pytest.mark.parametrize("offset", range(-40, 8, 3))
def test_nothing_hides_between_two_steps(offset: int) -> None:
    """What lies across the end of a step is found as anything else."""
    before = "x" * (long_texts.STEP + offset - 1) + " "
    scrubbed, _ = scrub("order.note", before + EMAIL + " " + "y" * long_texts.STEP)
    assert EMAIL not in scrubbed
    assert scrubbed.startswith(before)


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A clock that moves by a hundredth of the limit each time that it is looked at."""
    times = count()
    for clock in ("thread_time", "perf_counter"):
        monkeypatch.setattr(long_texts, clock, lambda: next(times) * long_texts.MOST_SECONDS / 100)
    return times


DENSE = {
    "json": json.dumps([{"name": f"n{number}", "count": number} for number in range(3000)]),
    "assignments": " ".join(f"n{number}=v{number}" for number in range(3000)),
    "log lines": "\n".join(f"level: info, size: {number}" for number in range(3000)),
    "statement": "SELECT * FROM t WHERE id IN (" + ", ".join(map(str, range(9000))) + ")",
    "identifiers": "SELECT a FROM t ORDER BY " + ", ".join(f"c{number}" for number in range(9000)),
    "command": "run " + " ".join(f"--option {number}" for number in range(3000)),
    "brackets": "[1" + "," * 60_000,
    "percent": "%41 " * 9000,
    "detectors": "4111 1111 1111 1112, " * 3000,
    "one kind of character": "x" * 8_000_000,
}


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.usefixtures("ticking")
def test_what_takes_too_long_is_withheld(name: str) -> None:
    """Whoever works through a long value asks for the time; past the limit a marker stands for it."""
    scrubbed, found = scrub("order.note", DENSE[name])
    assert scrubbed == WITHHELD
    assert [(entry.category, entry.detector, entry.rule) for entry in found.entries] == [
        ("content.withheld", "time", "bound")
    ]


@pytest.mark.usefixtures("ticking")
def test_the_rest_of_the_span_goes_on() -> None:
    """One value out of time costs its own text, and nothing beside it; the finding is counted."""
    findings: list[Any] = []
    attributes = {"a": "plain", "note": DENSE["json"], "order.note": f"to {EMAIL}"}
    scrubbed = SCRUBBER.attributes(Surface.ATTRIBUTE, attributes, findings)
    assert dict(scrubbed) == {
        "a": "plain",
        "note": WITHHELD,
        "order.note": "to [REDACTED:contact.email]",
    }
    assert sorted(finding.category for finding in findings) == ["contact.email", "content.withheld"]


@pytest.mark.usefixtures("ticking")
@pytest.mark.parametrize(
    "value",
    [[f"n={number}@" for number in range(9000)], {f"k{number}": "a=b" for number in range(9000)}],
    ids=["list", "map"],
)
def test_many_short_texts_have_one_limit(value: Any) -> None:
    """A list or map of short texts takes no more time than one long text; it is withheld whole."""
    scrubbed, found = scrub("order.note", value)
    assert scrubbed == WITHHELD
    assert [entry.detector for entry in found.entries] == ["time"]


def test_short_texts_have_no_clock(ticking: Iterator[int]) -> None:
    """What nearly all values are never asks for the time."""
    assert scrub("order.note", '{"level": "info", "to": "nobody"}')[1].entries == []
    assert next(ticking) == 0
