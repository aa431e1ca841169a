"""Measure sides of a comparison in turns, so that all see the same machine; CPU time, medians."""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

TESTS: Final = Path(__file__).parent.parent

Work = Callable[[], object]
Side = Callable[[], Work]
"""Prepares what a round measures; the preparation itself is not."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the outcome.

    Attributes:
        group: The table that it stands in.
        name: What was measured.
        value: The figure.
        unit: Its unit; `x` for a ratio.
        goal: What it should be; None where there is no goal.
        at_least: Whether more is better.
    """

    group: str
    name: str
    value: float
    unit: str = "x"
    goal: float | None = None
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """Say whether the goal is met, and by how much it is missed."""
        if self.goal is None:
            return ""
        if (self.value >= self.goal) if self.at_least else (self.value <= self.goal):
            return "met"
        factor = self.goal / self.value if self.at_least else self.value / self.goal
        return f"missed by a factor of {factor:.2f}"

    def as_dict(self) -> dict[str, Any]:
        """Return what is written to JSON."""
        return {**asdict(self), "verdict": self.verdict}


def contest(
    sides: Mapping[str, Side], rounds: int, before: Callable[[int], object] | None = None
) -> dict[str, float]:
    """Return each side's median of CPU seconds of this thread, over rounds in which all take turns.

    A first round warms up and doesn't count, unless it is the only one.

    Args:
        sides: What is compared.
        rounds: How many rounds count.
        before: Is called before each round with its number.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds + 1 if rounds > 1 else 1):
        if before is not None:
            before(turn)
        for name, prepare in sides.items():
            work = prepare()
            gc.collect()
            began = time.thread_time()
            work()
            spent = time.thread_time() - began
            if turn or rounds == 1:
                seconds[name].append(spent)
            del work
    return {name: statistics.median(each) for name, each in seconds.items()}


def child(script: str, *arguments: str, python: str = sys.executable) -> dict[str, Any]:
    """Run a script of this folder in a process of its own, and return what it prints as JSON."""
    finished = subprocess.run(
        [python, str(TESTS / "benchmarks" / script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )
    if finished.returncode:
        raise RuntimeError(f"{script} {' '.join(arguments)} failed:\n{finished.stderr[-4000:]}")
    answer: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return answer


def medians(answers: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the median of each figure over several runs."""
    return {name: statistics.median(answer[name] for answer in answers) for name in answers[0]}
