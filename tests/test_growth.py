"""The measure of growth tells linear from quadratic, and takes no noise for growth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import growth
from growth import LARGEST, assert_linear, repeated


class Clock:
    """A clock of CPU time that only moves when work says so."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sizes: list[int] = []

    def __call__(self) -> float:
        return self.seconds

    def work(self, cost: Callable[[int], float]) -> Callable[[int], None]:
        """Return work that takes `cost(size)` seconds."""

        def run(size: int) -> None:
            self.sizes.append(size)
            self.seconds += cost(size)

        return run


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that growth is measured by."""
    clock = Clock()
    monkeypatch.setattr(growth, "process_time", clock)
    return clock


def test_quadratic_work_fails() -> None:
    """A function that searches the whole text once for each of its characters is refused."""

    def quadratic(size: int) -> int:
        text = repeated("a", size)
        return sum(text.count("b") for _ in text)

    with pytest.raises(AssertionError, match="grows faster than linearly"):
        assert_linear(quadratic)


def test_linear_work_passes() -> None:
    """A function that looks at each character once is accepted."""
    assert_linear(lambda size: sum(character == "b" for character in repeated("a", size)))


def test_failure_names_sizes_and_times(clock: Clock) -> None:
    """The message says which sizes took how long."""
    with pytest.raises(AssertionError) as failure:
        assert_linear(clock.work(lambda size: (size / 100_000) ** 2))
    message = "size 8000 takes 6.4 ms of CPU time, size 128000 takes 1638.4 ms"
    assert message in str(failure.value)


@pytest.mark.parametrize("exponent", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("seconds", [0.1, 1.0, 60.0])
def test_whatever_is_slow_and_grows_is_refused(
    clock: Clock, exponent: float, seconds: float
) -> None:
    """Work that takes a tenth of a second or more for a megabyte is told from linear work."""
    with pytest.raises(AssertionError):
        assert_linear(clock.work(lambda size: seconds * (size / LARGEST) ** exponent))


def test_cheap_quadratic_part_is_not_overlooked(clock: Clock) -> None:
    """A copy of the whole text for each character is seen though it is cheap beside the work."""
    with pytest.raises(AssertionError):
        assert_linear(clock.work(lambda size: size * 1e-6 + size * size * 1e-10))


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 1.25])
@pytest.mark.parametrize("seconds", [0.001, 0.1, 10.0])
def test_whatever_grows_little_is_accepted(clock: Clock, exponent: float, seconds: float) -> None:
    """Constant, linear, and nearly linear work passes, however slow."""
    assert_linear(clock.work(lambda size: seconds * (size / LARGEST) ** exponent))


def test_time_too_short_to_measure_never_fails(clock: Clock) -> None:
    """What takes milliseconds at the largest size passes, and the largest size was tried."""
    assert_linear(clock.work(lambda size: 0.03 if size == LARGEST else 0.0))
    assert max(clock.sizes) == LARGEST


def test_noise_is_no_growth(clock: Clock) -> None:
    """Runs that another process slowed down tenfold are repeated until one was not."""
    runs = iter(range(1000))
    assert_linear(clock.work(lambda size: size / 1e6 * (1 if next(runs) % 4 == 3 else 10)))


def test_no_size_exceeds_the_largest(clock: Clock) -> None:
    """A largest size that the caller names is kept to."""
    assert_linear(clock.work(lambda size: 0.0), largest=2000)
    assert max(clock.sizes) == 2000


def test_repeated_text_has_the_size() -> None:
    """A repeated piece is never cut."""
    assert repeated("abc", 10) == "abcabcabc"
