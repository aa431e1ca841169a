"""A recognizer runs in a process of its own: it may hang, die or lie, and nothing waits or leaks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import jaeger_guard.recognizers.process as process_module
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.recognizers import RecognizerProcess
from jaeger_guard.types import Match

HERE = Path(__file__).parent
FACTORY = "makers:names"
TEXT = "met Ada Lovelace at noon"
ADA = [Match(4, 16, "person.name", "recognizer")]
PATIENT = 60.0  # seconds; a busy machine answers late, and no test waits for this long


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., RecognizerProcess]]:
    """Start a worker with a recognizer of `makers`."""
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.setattr(process_module, "_FIRST_PAUSE", 0.0)
    started: list[RecognizerProcess] = []

    def make(budget: float = PATIENT, longest: int = 1000) -> RecognizerProcess:
        worker = RecognizerProcess(FACTORY, {}, budget=budget, longest=longest)
        started.append(worker)
        worker.start()
        return worker

    yield make
    for worker in started:
        worker.close()


def ask_until_answered(worker: RecognizerProcess) -> list[Match] | None:
    deadline = time.monotonic() + PATIENT
    while time.monotonic() < deadline:
        answer = worker.ask(TEXT)
        if answer is not None:
            return answer
        time.sleep(0.01)
    return None


def pid_of(worker: RecognizerProcess) -> int:
    return worker._holder[0].pid


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_name_is_recognized(start: Callable[..., RecognizerProcess]) -> None:
    """An answer comes back with its ends and its category; what a recognizer prints disturbs none."""
    worker = start()
    assert worker.ask(TEXT) == ADA
    assert worker.ask("nobody was there") == []
    assert worker.ask("\u00e9\u4f60 \n met Ada Lovelace") == [
        Match(9, 21, "person.name", "recognizer")
    ]
    assert (worker.counts["asked"], worker.counts["found"]) == (3, 2)


def test_hang_costs_one_budget(
    start: Callable[..., RecognizerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hanging worker is waited for once, then not at all; past its patience it is replaced."""
    worker = start()
    assert worker.ask(TEXT) == ADA
    worker._budget = 0.05
    hanging = pid_of(worker)
    assert worker.ask("please hang") is None
    assert worker.counts["timed_out"] == 1
    assert [worker.ask(TEXT) for _ in range(5)] == [None] * 5
    assert (worker.counts["timed_out"], worker.counts["unavailable"]) == (1, 5)
    assert pid_of(worker) == hanging
    monkeypatch.setattr(process_module, "PATIENCE", 0.0)
    assert worker.ask(TEXT) is None
    assert is_gone(hanging)
    assert worker.counts["ended"] == 1
    monkeypatch.setattr(process_module, "PATIENCE", PATIENT)
    worker._budget = PATIENT
    assert ask_until_answered(worker) == ADA
    assert pid_of(worker) != hanging


def test_late_answer_is_for_no_other_question(start: Callable[..., RecognizerProcess]) -> None:
    """An answer that comes after its time-out is dropped, and never taken for the next one's."""
    worker = start()
    os.kill(pid_of(worker), signal.SIGSTOP)
    worker._budget = 0.05
    assert worker.ask(TEXT) is None
    os.kill(pid_of(worker), signal.SIGCONT)
    worker._budget = PATIENT
    deadline = time.monotonic() + PATIENT
    answer = None
    while answer is None and time.monotonic() < deadline:
        answer = worker.ask("nobody was there")
    assert answer == []
    assert worker.ask(TEXT) == ADA
    assert worker.counts["started"] == 1


def test_killed_worker_is_replaced(start: Callable[..., RecognizerProcess]) -> None:
    """A worker that was killed is missed by the next question, and a new one answers later ones."""
    worker = start()
    killed = pid_of(worker)
    os.kill(killed, signal.SIGKILL)
    assert ask_until_answered(worker) == ADA
    assert pid_of(worker) != killed
    assert worker.counts["ended"] == 1
    assert worker.counts["started"] == 2


def test_dying_worker_is_replaced(start: Callable[..., RecognizerProcess]) -> None:
    """A recognizer that takes its process down costs one answer."""
    worker = start()
    assert worker.ask("now die") is None
    assert ask_until_answered(worker) == ADA


def test_error_is_no_answer(start: Callable[..., RecognizerProcess]) -> None:
    """An exception in the recognizer is counted, and the worker goes on."""
    worker = start()
    pid = pid_of(worker)
    assert worker.ask("now raise") is None
    assert worker.ask(TEXT) == ADA
    assert pid_of(worker) == pid
    assert worker.counts["failed"] == 1


def test_nonsense_is_dropped(start: Callable[..., RecognizerProcess]) -> None:
    """Places outside the text and unknown categories are no findings."""
    assert start().ask("this is a lie") == []


def test_long_text_is_not_handed_over(start: Callable[..., RecognizerProcess]) -> None:
    """Beyond the length limit nothing is asked."""
    worker = start(longest=20)
    assert worker.ask(TEXT) is None
    assert (worker.counts["too_long"], worker.counts["asked"]) == (1, 0)


def test_more_than_a_pipe_holds_blocks_nobody(start: Callable[..., RecognizerProcess]) -> None:
    """A worker that doesn't read can't block the writer: what a pipe doesn't take is a time-out."""
    worker = start(longest=10**7)
    os.kill(pid_of(worker), signal.SIGSTOP)
    worker._budget = 0.05
    assert worker.ask("x" * 10**6) is None
    assert worker.counts["timed_out"] == 1
    os.kill(pid_of(worker), signal.SIGCONT)
    worker._budget = PATIENT
    assert ask_until_answered(worker) == ADA


def test_allowance_bounds_slow_answers(start: Callable[..., RecognizerProcess]) -> None:
    """A recognizer that uses up its share of the time isn't asked until some has passed."""
    worker = start()
    worker._allowance = -PATIENT
    assert worker.ask(TEXT) is None
    assert worker.counts["asked"] == 0


@pytest.mark.parametrize("factory", ["makers:broken", "makers:missing", "nowhere:names"])
def test_recognizer_that_cant_be_made_is_an_error(
    factory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A factory that fails is told when a guard is configured, without what its error says."""
    monkeypatch.syspath_prepend(HERE)
    worker = RecognizerProcess(factory, {}, budget=PATIENT, longest=100)
    with pytest.raises(ConfigurationError) as caught:
        worker.start()
    assert factory in str(caught.value)
    assert "not shown" not in str(caught.value)
    assert not worker._holder


def test_forked_child_starts_its_own_worker() -> None:
    """A forked child leaves its parent's worker alone and starts another; both answer."""
    program = f"""
import os, sys, time
sys.path.insert(0, {str(HERE)!r})
from jaeger_guard.recognizers import RecognizerProcess
worker = RecognizerProcess({FACTORY!r}, {{}}, budget=30, longest=100)
worker.start()
first = worker._holder[0].pid
child = os.fork()
while worker.ask({TEXT!r}) is None:
    time.sleep(0.01)
if child == 0:
    os._exit(0 if worker._holder[0].pid != first else 1)
_, status = os.waitpid(child, 0)
assert worker.ask({TEXT!r})
print(status, worker._holder[0].pid == first)
worker.close()
"""
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert answer.stdout.split() == ["0", "True"]
    assert answer.stderr == ""


def test_worker_ends_with_its_parent() -> None:
    """When the parent is killed, its worker's input ends, and so does the worker."""
    program = f"""
import os, signal, sys
sys.path.insert(0, {str(HERE)!r})
from jaeger_guard.recognizers import RecognizerProcess
worker = RecognizerProcess({FACTORY!r}, {{}}, budget=30, longest=100)
worker.start()
print(worker._holder[0].pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False
    )
    pid = int(answer.stdout)
    deadline = time.monotonic() + PATIENT
    while not is_gone(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert is_gone(pid)
