"""Tell linear work from quadratic by how its CPU time grows, whatever the machine is doing.

A limit in seconds fails on a busy machine and under coverage. Growth doesn't: the same work is
done at one size and at sixteen times that size, and both are as slow as the machine is just then.
Linear work takes 16 times as long, quadratic work 256 times; the limit lies between, at 40. Far
apart, since in Python the quadratic part is often a cheap one, a copy of what remains of a text
for each piece of it: at a few thousand characters it is lost in the rest, and at a megabyte it
takes minutes.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import process_time
from typing import Final

LARGEST: Final = 1_000_000  # characters; what a hostile text is expected to have at the most
_SMALLEST: Final = 1000
_STEP: Final = 16
_MOST_GROWTH: Final = 2.5 * _STEP
_MEASURABLE: Final = 0.002  # seconds; what takes less is not told from noise, and counts as this
_ATTEMPTS: Final = 4


def assert_linear(work: Callable[[int], object], *, largest: int = LARGEST) -> None:
    """Assert that `work(size)` takes CPU time in proportion to `size`, or less.

    The sizes grow until the time can be measured, so quick work is tried at `largest`, and slow
    work fails long before it would take minutes. Noise only ever adds time, and not each time, so
    the best of several attempts counts.
    """
    __tracebackhide__ = True
    size, small = _measurable_size(work, largest // _STEP)
    large = _seconds(work, size * _STEP)
    for _ in range(_ATTEMPTS - 1):
        if large <= _MOST_GROWTH * max(small, _MEASURABLE):
            return
        small = min(small, _seconds(work, size))
        large = min(large, _seconds(work, size * _STEP))
    if large > _MOST_GROWTH * max(small, _MEASURABLE):
        message = (
            f"grows faster than linearly: size {size} takes {small * 1000:.1f} ms of CPU time, "
            f"size {size * _STEP} takes {large * 1000:.1f} ms"
        )
        raise AssertionError(message)


def repeated(unit: str, size: int) -> str:
    """Return a text of about `size` characters that only repeats `unit`."""
    return unit * (size // len(unit))


def _measurable_size(work: Callable[[int], object], most: int) -> tuple[int, float]:
    """Find the first size whose time can be measured, and that time; `most` if there is none."""
    size = min(_SMALLEST, most)
    work(size)  # compiles patterns and fills tables, which is done once for any size
    while True:
        seconds = min(_seconds(work, size) for _ in range(2))
        if seconds >= _MEASURABLE or size >= most:
            return size, seconds
        size = min(size * 2, most)


def _seconds(work: Callable[[int], object], size: int) -> float:
    """Measure one run, without the garbage collector, whose time depends on other tests."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        started = process_time()
        work(size)
        return process_time() - started
    finally:
        if was_enabled:
            gc.enable()
