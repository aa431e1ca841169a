"""Which format the body of a request or response is in, where nothing but itself says so.

More is taken for a document here than in a text under any key, as a body is one as a rule: a text
in quotes is JSON, and a single `name=value` a form. A body that is none of these is content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from jaeger_guard.formats import form, graphql, json_text, xml

_RECOGNIZERS: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "json": json_text.recognize_body,
        "xml": xml.recognize,
        "graphql": graphql.recognize,
        "form": form.recognize_body,
    }
)


def recognize_body(text: str) -> str | None:
    """Name the format of a body whose structure can be kept; None where it has none."""
    for name, recognizes in _RECOGNIZERS.items():
        if recognizes(text):
            return name
    return None
