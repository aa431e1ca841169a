"""Say whether a text stands for a secret that is elsewhere, or was masked already."""

from __future__ import annotations

from typing import Final

from jaeger_guard.detectors.detector import compile_pattern, holds_markers_only


def is_placeholder(value: str) -> bool:
    """Say whether `value` stands for a secret that is elsewhere, or was masked already."""
    bare = value.strip("\"'")
    if holds_markers_only(bare) or not bare.strip("*xX\u2022.?-_"):
        return True
    if bare.lower() in _NO_VALUES:
        return True
    return compile_pattern(_BOUND_ELSEWHERE).fullmatch(bare) is not None


# Placeholders of shells, templates and database drivers: ${X} $X $1 {x} {{x}} <x> %s %(x)s :x @x.
_BOUND_ELSEWHERE: Final = (
    r"[$%#]?\{[^{}]{0,64}\}|\{\{[^{}]{0,64}\}\}|<[^<>]{0,64}>"
    r"|\$(?:[A-Z_][A-Z_0-9]{0,64}|[0-9]{1,3})|%s|%\([A-Za-z_]{1,64}\)s?|[:@][A-Za-z_]{1,64}"
)
_NO_VALUES: Final = frozenset(
    [
        "none",
        "null",
        "nil",
        "undefined",
        "true",
        "false",
        "yes",
        "no",
        "required",
        "missing",
        "invalid",
        "empty",
        "hidden",
        "masked",
        "redacted",
        "filtered",
        "removed",
        "string",
        "str",
        "text",
    ]
)
