"""What is remembered stays within its bound, and what is in use stays remembered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jaeger_guard.generations import Generations


@given(st.lists(st.integers(0, 30), max_size=200), st.integers(0, 20))
def test_never_more_than_its_limit(keys: list[int], limit: int) -> None:
    """However often it is asked and told, a memory holds no more than its limit."""
    memory: Generations[int, int] = Generations(limit)
    for key in keys:
        assert memory.get(key) in (None, key)
        memory.put(key, key)
        assert len(memory) <= limit


@given(st.lists(st.tuples(st.text(max_size=4), st.binary(max_size=6)), max_size=100))
def test_costs_are_bounded(entries: list[tuple[str, bytes]]) -> None:
    """Where entries cost more than one, their costs together stay within the limit."""
    memory: Generations[str, bytes] = Generations(24, lambda key, value: len(key) + len(value))
    for key, value in entries:
        memory.put(key, value)
        held = {**memory.young, **memory._old}
        assert sum(len(key) + len(value) for key, value in held.items()) <= 24


def test_what_is_asked_for_stays() -> None:
    """An entry that is asked for again and again survives any number of others."""
    memory: Generations[str, int] = Generations(100)
    memory.put("GET", 1)
    for number in range(10_000):
        memory.put(f"other {number}", number)
        assert memory.get("GET") == 1
    assert memory.get("other 1") is None


def test_what_is_too_dear_is_not_remembered() -> None:
    """An entry that costs more than a generation pushes nothing out."""
    memory: Generations[str, str] = Generations(100, lambda key, value: len(value))
    memory.put("small", "x")
    memory.put("large", "x" * 51)
    assert memory.get("large") is None
    assert memory.get("small") == "x"
