"""Which format the body of a request or response is in, where nothing but itself says so.

More is taken for a document here than in a text under any key, as a body is one as a rule: a text
in quotes is JSON, and a single `name=value` a form. A body that is none of these is content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from jaeger_guard.formats import csv_text, form, graphql, json_shape, xml


@lru_cache(maxsize=1)
def _settings() -> re.Pattern[str]:
    # YAML, properties, server-sent events: each line a name with at most a few words behind it, or a
    # document. More words are prose, whatever stands before them.
    value = r"""(?:[^\s{\["'][^\s]{0,4096}(?:[ ][^\s]{1,256}){0,2}|[{\["'][^\n]{0,65536})?"""
    line = rf"""[ ]{{0,64}}(?:-[ ])?(?:["']?[A-Za-z_][\w.\-]{{0,63}}["']?[ ]?[:=][ ]?{value}|-[ ][^\s]{{1,256}}|\[{{1,2}}[\w.\-"\ ]{{1,128}}\]{{1,2}}|[\]}}]{{1,4}},?|\#[^\n]{{0,512}}|---|)"""
    return re.compile(rf"(?:{line}[ \t]{{0,16}}(?:\r?\n|\Z)){{2,10000}}+(?=\Z|\s)")


def _recognize_settings(text: str) -> bool:
    first = text[:256].partition("\n")[0]
    return (
        (":" in first or "=" in first or first.startswith(("---", "[")))
        and "\n" in text.rstrip()
        and (found := _settings().match(text)) is not None
        and found.end() >= len(text) - 1
    )


_RECOGNIZERS: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "json": json_shape.recognize_body,
        "xml": xml.recognize,
        "graphql": graphql.recognize,
        "csv": csv_text.recognize_body,
        "form": form.recognize_body,
        "text": _recognize_settings,
    }
)


def recognize_body(text: str) -> str | None:
    """Name the format of a body whose structure can be kept; None where it has none."""
    for name, recognizes in _RECOGNIZERS.items():
        if recognizes(text):
            return name
    return None
