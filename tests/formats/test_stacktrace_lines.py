"""What is asked of a line before it is matched never hides a frame, a header or a literal."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.formats import stacktrace

_PIECES = st.sampled_from(
    [
        *(" ", "  ", "    ", "|", "\t", "\u00a0", "\x0b", "+", "-", "+-", "--------", " 1 ", "..."),
        *("... ", "(", ")"),
        *('File "/a/b.py", line 12, in f', "at a.b.C.d(C.java:7)", "at /app/x.js:3:4", "at "),
        *("at", "from a.rb:3:in "),
        *("goroutine 7 [running]:", "main.f(0x1, 0x2)", "/a/main.go:12", ".go:3"),
        *("... 12 more", " more"),
        "Traceback (most recent call last):",
        *("Exception Group ", "[Previous line repeated 3 more times]"),
        *(
            "During handling of the above exception, another exception occurred:",
            "raise ValueError(x)",
        ),
        *("The above exception was the direct cause of the following exception:", "name"),
        *(" in ", ":line 4"),
        *("password", "=", ":", "'x1'", '"x 2"', "f", "b", "]", "x", "1"),
    ]
)
_LINES = st.lists(_PIECES, max_size=6).map("".join)


@settings(max_examples=600)
@given(_LINES)
def test_no_line_is_kept_from_its_pattern(line: str) -> None:
    """A line that is a frame, a header or holds a literal is matched against its pattern."""
    if stacktrace._frame().match(line):
        assert stacktrace._may_be_frame(line)
    if stacktrace._header().match(line):
        assert stacktrace._may_be_header(line)
    if stacktrace._literal().search(line):
        assert stacktrace._may_hold_literal(line)
