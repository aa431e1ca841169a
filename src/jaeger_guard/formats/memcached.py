"""memcached's storage commands: the first line stays, what is stored is one argument.

memcached's protocol.txt, "Storage commands". Redis's instrumentors and memcached's use one key.
"""

from __future__ import annotations

import re
from functools import lru_cache

from jaeger_guard.formats.redis_arguments import ARGUMENT
from jaeger_guard.types import Judge


@lru_cache(maxsize=1)
def _storage_command() -> re.Pattern[str]:
    # The data block is the next line, or behind a space where a logger joined the two.
    # `ms` is the meta command; its flags follow the length.
    end = r"[ ]{0,4}(?:\r?\n|\Z|(?<= ))"
    return re.compile(
        r"(?P<before>\s{0,64}(?:set|add|replace|append|prepend|cas|(?P<meta>ms)) )(?P<key>\S{1,250})"
        rf"(?P<counts>(?(meta) [0-9]{{1,10}}(?: [A-Za-z]\S{{0,64}}){{0,16}}[ ]{{0,4}}\r?\n"
        rf"| [0-9]{{1,10}} -?[0-9]{{1,10}} [0-9]{{1,10}}(?: [0-9]{{1,20}})?(?: noreply)?{end}))"
    )


def is_storage_command(text: str) -> bool:
    """Say whether `text` is a storage command of memcached, with the data behind it or without."""
    return _storage_command().match(text) is not None


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite a storage command; its data is judged first."""
    found = _storage_command().match(text)
    assert found is not None  # the caller asked
    body = text[found.end() :]
    data = body.rstrip("\r\n")
    answer = judge.value(ARGUMENT, data) if data else data
    key = judge.value("", found["key"])
    return found["before"] + key + found["counts"] + answer + body[len(data) :]
