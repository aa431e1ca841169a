"""The corpus' floors hold on a seed that nobody tunes on, and the corpus itself is what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.case import Case
from corpus.categories import CATEGORIES, DEVELOPMENT_SEED, HELD_OUT_SEED, Category, scrubs
from corpus.draw import is_luhn, luhn_digit
from corpus.measure import Tally, by_kind, is_left, measure

SCRUB, SCRUB_SPAN = scrubs()
FEWEST = 5000
LOWEST_PRECISION = 98


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda category: category.name)
def test_category_reaches_its_floors(category: Category) -> None:
    """Recall and precision of each category are at least what was reached before."""
    scrub = SCRUB_SPAN if category.on_spans else SCRUB
    tally = measure(category.drawn(HELD_OUT_SEED), scrub)
    kinds = by_kind(tally).most_common(8)  # counts of kinds, and no values
    assert tally.recall >= category.recall, kinds
    assert tally.precision >= category.precision >= LOWEST_PRECISION, kinds


def test_corpus_is_large_and_the_same_each_time() -> None:
    """One seed gives one corpus of thousands of cases, and another seed another one."""
    first = [list(category.drawn(HELD_OUT_SEED)) for category in CATEGORIES]
    again = [list(category.drawn(HELD_OUT_SEED)) for category in CATEGORIES]
    other = [list(category.drawn(DEVELOPMENT_SEED)) for category in CATEGORIES]
    assert first == again
    assert sum(map(len, first)) >= FEWEST
    # The conventions' documented examples are what they are.
    assert sum(one != two for one, two in zip(first, other, strict=True)) == len(CATEGORIES) - 1


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda category: category.name)
def test_labels_are_in_their_values(category: Category) -> None:
    """What is said to be planted, or to stay, stands in the value."""
    for case in category.drawn(HELD_OUT_SEED):
        if category.on_spans:
            continue
        untouched = Tally()
        untouched.add(case, case.value)
        assert untouched.gone == 0, case.kind
        assert untouched.stayed == untouched.to_stay, case.kind


def test_measure_sees_leaks_and_destroyed_values() -> None:
    """A leak lowers recall, a destroyed neighbour precision, and a part of a secret is a leak."""
    case = Case(
        kind="a", key="k", value="pay hunter2hunter2 now", gone=("hunter2hunter2",), stays=("now",)
    )
    outcomes = {"pay [X] now": (100, 100), "pay hunter2hunter2 now": (0, 100), "[X]": (100, 50)}
    for outcome, expected in outcomes.items():
        tally = Tally()
        tally.add(case, outcome)
        assert (tally.recall, tally.precision) == expected
    assert is_left("hunter2hunter2", "pay [X]r2hunter2 now")
    assert is_left("a b/c", "q=a%20b%2Fc") and is_left("203.0.113.7", "203.0.113.70", coarse=True)
    assert not is_left("203.0.113.7", "203.0.113.0", coarse=True)
    benign = Case(kind="a", key="k", value="/users/{id}")
    tally = Tally()
    tally.add(benign, "?")
    assert tally.precision == 0


def test_check_digits() -> None:
    """The corpus' own check digit is that of ISO/IEC 7812-1: 7992739871 takes a 3."""
    assert luhn_digit("7992739871") == "3"
    assert is_luhn("79927398713") and not is_luhn("79927398710")


def test_command_reports_without_values() -> None:
    """The command prints figures and kinds as JSON, and no drawn value unless it is asked to."""
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-m", "tests.corpus", "--only", "cards", "--json", "--seed", "7"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    [record] = json.loads(done.stdout)
    assert record["category"] == "cards" and record["seed"] == 7 and record["planted"] > 200
