"""Stack traces: frames stay byte for byte, messages and literals in source lines are judged.

Python's tracebacks with carets, chained exceptions, notes and exception groups are read exactly;
Java, JavaScript, Go, .NET and Ruby by the shape of their frames. A run of lines that are no frames
is one message, since messages may have several lines.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.text_words import is_placeholder
from jaeger_guard.long_texts import find_all, lines_of
from jaeger_guard.types import Judge

MESSAGE: Final = "exception.message"
SOURCE_LINE: Final = "text.chunk"


@lru_cache(maxsize=1)
def _frame() -> re.Pattern[str]:
    return re.compile(
        r"""[ |]{0,200}File\ "[^"\n]{1,1024}",\ line\ [0-9]{1,9}(?P<python>)
        |\s{1,16}at\ [^\n]{1,512}(?:\([^()\n]{0,512}\)|:[0-9]{1,9}(?::[0-9]{1,9})?)\s{0,4}\Z
        |\s{1,16}at\ [\w.$<>`/]{1,256}\([^\n]{0,512}\)(?:\ in\ [^\n]{1,512}:line\ [0-9]{1,9})?\s{0,4}\Z
        |\s{0,16}\.\.\.\ [0-9]{1,9}\ (?:more|common\ frames\ omitted)
        |\s{0,16}from\ [^\n:]{1,512}:[0-9]{1,9}:in[ ]
        |goroutine\ [0-9]{1,12}\ \[[\w ,]{1,64}\]:
        |\t[^\n:]{1,512}\.(?:go|s):[0-9]{1,9}
        |[\w./*()\-]{1,256}\((?:0x[0-9a-f]{1,16}|,\ |\.\.\.|\{|\}|\?){0,64}\)\s{0,4}\Z""",
        re.VERBOSE,
    )


@lru_cache(maxsize=1)
def _header() -> re.Pattern[str]:
    return re.compile(
        r"""[ |+\-]{0,200}(?:
          (?:Exception\ Group\ )?Traceback\ \(most\ recent\ call\ last\):
          |During\ handling\ of\ the\ above\ exception,\ another\ exception\ occurred:
          |The\ above\ exception\ was\ the\ direct\ cause\ of\ the\ following\ exception:
          |\[Previous\ line\ repeated\ [0-9]{1,9}\ more\ times?\]
          |-{8,64}(?:\ [0-9]{1,9}\ -{8,64})?
          |\.\.\.
        )?\s{0,16}\Z""",
        re.VERBOSE,
    )


# What a frame begins with where it is indented, and a header by its first character.
_FRAME_BEGINS: Final = ('File "', "at ", "... ", "from ", "goroutine ")
_HEADER_BEGINS: Final = frozenset(("", *"ETD[.0123456789"))


def _may_be_frame(bare: str) -> bool:
    """Say whether a line begins as a frame does, so that most source lines aren't matched."""
    if bare[:1] == "\t" or bare.lstrip(" |").lstrip().startswith(_FRAME_BEGINS):
        return True
    return "(" in bare and bare[0] not in " |"


def _may_be_header(bare: str) -> bool:
    """Say whether a line begins as a header does."""
    first = bare.lstrip(" |+-")[:1]
    return first in _HEADER_BEGINS or first.isspace()


def _may_hold_literal(content: str) -> bool:
    """Say whether a line of source has a quote, and a sign before it that a name may have behind it."""
    return ('"' in content or "'" in content) and ("=" in content or ":" in content)


@lru_cache(maxsize=1)
def _literal() -> re.Pattern[str]:
    # password = "…", {"password": "…"}, connect(password="…"): literals with a name before them.
    return re.compile(
        r"""(?<![\w.])(?P<name>[A-Za-z_][\w.\-]{0,63})["']?\]?\s{0,4}(?:=|:)\s{0,4}"""
        r"""[bBrRuUfF]{0,2}(?P<quote>["'])(?P<body>[^"'\n]{1,4096})(?:(?P=quote)|\Z)"""
    )


# What makes `{name}` in a literal an expression: an f-string, or format().
_INTERPOLATES: Final = re.compile(r"""(?<!\w)(?:[fF][rR]?|[rR][fF])["']|["']\.format(?:_map)?\(""")
# `{request.args.get(` of an f-string around it: the expression's own quote ends the literal.
_CUT_EXPRESSION: Final = re.compile(r"\{[A-Za-z_][A-Za-z_.]{0,80}[\[(]")


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite a stack trace; a truncated one is read as far as it goes."""
    written: list[str] = []
    message: list[str] = []
    found_frame = in_source = False
    depth = 0
    for line in lines_of(text):
        bare = line.rstrip("\r\n")
        frame = _frame().match(bare) if _may_be_frame(bare) else None
        is_structure = frame is not None or (
            _may_be_header(bare) and _header().match(bare) is not None and bool(bare.strip())
        )
        content = bare.lstrip(" |")
        indent = len(bare) - len(content)
        # Source lines stand deeper than the `File` line; the message stands less deep.
        is_source = in_source and frame is None and bool(content) and indent > depth
        if not is_structure and not is_source:
            in_source = False
            message.append(line)
            continue
        _flush(message, written, judge)
        found_frame = True
        if frame is not None:
            in_source = frame["python"] is not None
            depth = indent
            written.append(_frame_line(line, bare, judge))
        elif is_source and content.strip("~^ "):
            written.append(bare[:indent] + _source(content, judge) + line[len(bare) :])
        else:
            written.append(line)
    if not found_frame:
        raise NotThisFormatError
    _flush(message, written, judge)
    return "".join(written)


def _flush(message: list[str], written: list[str], judge: Judge) -> None:
    block = "".join(message)
    message.clear()
    content = block.strip("\r\n |")
    if not content:
        written.append(block)
        return
    start = block.index(content)
    answer = judge.value(MESSAGE, content)
    written += (block[:start], answer, block[start + len(content) :])


def _frame_line(line: str, bare: str, judge: Judge) -> str:
    # JavaScript frames name files by URL, whose query may hold anything.
    if "?" not in bare and "@" not in bare and "://" not in bare:
        return line
    return judge.value("", bare) + line[len(bare) :]


def _source(content: str, judge: Judge) -> str:
    """Judge the named literals of a line of source code, then the rest as text without structure.

    It isn't judged as text with assignments: `token = request.headers[name]` holds no token.
    """
    written: list[str] = []
    end = 0
    interpolates = "{" in content and _INTERPOLATES.search(content) is not None
    for found in find_all(_literal(), content) if _may_hold_literal(content) else ():
        body = found["body"]
        if interpolates and _is_expression(body):
            continue
        answer = judge.value(found["name"], body)
        if answer is not body:
            written += (_chunk(content[end : found.start("body")], judge), answer)
            end = found.end("body")
    written.append(_chunk(content[end:], judge))
    return "".join(written)


def _is_expression(body: str) -> bool:
    """Say whether a literal is one expression, such as `{email}`: it names a value, and holds none."""
    if "{" not in body:
        return False
    return is_placeholder(body) or _CUT_EXPRESSION.fullmatch(body) is not None


def _chunk(text: str, judge: Judge) -> str:
    return judge.value(SOURCE_LINE, text) if text.strip() else text


def _recognize(text: str) -> bool:
    if "Traceback (most recent call last):" in text:
        return True
    return any(mark in text for mark in ("\n\tat ", "\n    at ", "\n   at ", "\ngoroutine "))


STACKTRACE: Final = Format(
    name="stacktrace",
    rewrite=rewrite,
    recognize=_recognize,
    signs=r"(\n",
    source="Python library reference, traceback; java.lang.Throwable.printStackTrace",
    examples=(
        FormatExample(
            "Traceback (most recent call last):\n"
            '  File "/app/shop.py", line 12, in pay\n'
            '    login(password="hunter2")\n'
            "    ~~~~~^^^^^^^^^^^^^^^^^^^^\n"
            "ValueError: no card\nfor bob\n\n"
            "The above exception was the direct cause of the following exception:\n\n"
            "Traceback (most recent call last):\n"
            '  File "/app/shop.py", line 3, in <module>\n'
            "KeyError: 'x'\n",
            (
                ("password", "hunter2"),
                ("text.chunk", 'login(password="hunter2")'),
                (MESSAGE, "ValueError: no card\nfor bob"),
                (MESSAGE, "KeyError: 'x'"),
            ),
        ),
        FormatExample(
            "  + Exception Group Traceback (most recent call last):\n"
            '  |   File "a.py", line 1, in <module>\n'
            "  |     raise group\n"
            "  | ExceptionGroup: two (1 sub-exception)\n"
            "  +-+---------------- 1 ----------------\n"
            "    | ValueError: bob\n"
            "    +------------------------------------\n",
            (
                ("text.chunk", "raise group"),
                (MESSAGE, "ExceptionGroup: two (1 sub-exception)"),
                (MESSAGE, "ValueError: bob"),
            ),
        ),
        FormatExample(
            "java.lang.IllegalStateException: bob\n"
            "\tat com.shop.Pay.run(Pay.java:12)\n"
            "Caused by: java.io.IOException: eve\n\t... 12 more\n",
            (
                (MESSAGE, "java.lang.IllegalStateException: bob"),
                (MESSAGE, "Caused by: java.io.IOException: eve"),
            ),
        ),
        FormatExample(
            "Error: bob\n    at pay (/app/pay.js:3:14)\n    at /app/main.js:1:2\n",
            ((MESSAGE, "Error: bob"),),
        ),
        FormatExample(
            "panic: bob\n\ngoroutine 1 [running]:\nmain.pay(0x1, 0x2)\n\t/app/main.go:12 +0x1d\n",
            ((MESSAGE, "panic: bob"),),
        ),
    ),
)
