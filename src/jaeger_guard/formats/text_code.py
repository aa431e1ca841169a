"""Find secrets that source code hands over or compares with: `setPassword("x")`, `password == "x"`.

Tracebacks, diffs and linters quote such lines. Assignments are found by `text_assignments`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.text_stretch import Stretch, judge_leaf
from jaeger_guard.formats.text_words import (
    category,
    is_code,
    is_placeholder,
    is_state,
    looks_drawn,
)
from jaeger_guard.long_texts import find_all


def find_code(text: str) -> Iterator[Stretch]:
    """Yield each literal that is compared with what holds a credential, or handed to its setter."""
    if '("' in text or "('" in text:
        for found in find_all(_setter(), text):
            yield from _literal(found)
        if ".equals" in text:
            for found in find_all(_equals(), text):
                yield from _literal(found)
    if "== " in text or "=='" in text or '=="' in text:
        for found in find_all(_comparison(), text):
            yield from _literal(found)


def _literal(found: re.Match[str]) -> Iterator[Stretch]:
    name, value = found["name"], found["value"]
    promised = category(name)
    if not promised.startswith("credential."):
        return
    if is_placeholder(value) or is_state(value) or is_code(value):
        return
    # A parser compares a token with any word; a password is compared with a password.
    if promised == "credential.password" or looks_drawn(value, is_password=False):
        yield Stretch(*found.span("value"), name, judge_leaf, covers=False)


_STRING: Final = r"""(?P<quote>["'])(?P<value>[^"'\\\s]{4,256})(?P=quote)"""


@lru_cache(maxsize=1)
def _setter() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w$])(?:set|with)_?(?P<name>[A-Za-z]\w{{1,63}})\({_STRING}\)")


@lru_cache(maxsize=1)
def _equals() -> re.Pattern[str]:
    return re.compile(
        rf"(?<![\w$])(?P<name>[A-Za-z_]\w{{1,63}})\.equals(?:IgnoreCase)?\({_STRING}\)"
    )


@lru_cache(maxsize=1)
def _comparison() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w$])(?P<name>[A-Za-z_]\w{{1,63}}) ?(?:===?|!==?) ?{_STRING}")
