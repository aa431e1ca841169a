"""JSON (RFC 8259) and what looks like it: members become leaves, all else stays byte for byte.

Theory of operation. One loop over tokens, with a stack of open brackets in place of recursion.
Nothing is ever refused once the first character was a bracket or a quote, since spans hold JSON
that was cut off, Python's `{'a': None}`, Java's `{a=b}`, Ruby's `{"a"=>1}` and several documents in
a row: a string is a member's name where a separator follows it, and a value everywhere else.

Each value is judged under the nearest member's name. Names that say nothing (`value`, `data`) take
their parent's before them, as every unknown name does below one that means something; and
`{"name": "password", "value": "x"}`, `["--password", "x"]` and `("password", "x")` judge x under
`password`. A validator's sentence (`{"password": ["This field is required."]}`) is no password.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Final

from jaeger_guard.categories import CONTENT_WITHHELD
from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.json_names import (
    GENERIC,
    PAIR_NAMES,
    PAIR_VALUES,
    VAGUE_PAIR_NAMES,
    Frame,
)
from jaeger_guard.formats.json_shape import (
    escaped_document,
    lead,
    looks_like_document,
    recognize,
)
from jaeger_guard.formats.text_words import (
    has_meaning,
    is_field_name,
    is_message,
    is_placeholder,
)
from jaeger_guard.long_texts import BETWEEN_CHECKS, LONG, check_time
from jaeger_guard.markers import marker
from jaeger_guard.types import Judge

MAX_DEPTH: Final = 64

_JOINTS: Final = str.maketrans("", "", "_-.")
_CLOSERS: Final = {"{": "}", "[": "]", "(": ")"}
_LITERALS: Final = frozenset(
    {"true", "false", "null", "None", "True", "False", "nil", "undefined", "NaN", "Infinity"}
)


@lru_cache(maxsize=1)
def _token() -> re.Pattern[str]:
    # Possessive repeats: nothing is ever tried twice, so time is linear whatever the length. A string
    # with a separator behind it is known by the group `keyed`; a separator says nothing else.
    return re.compile(
        r"""\s*+(?:
         (?P<marker>\[REDACTED:[a-z_.]{3,80}\])
        |(?P<string>"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|'(?:[^'\\]++|\\.)*+(?:'|\\?\Z))(?P<keyed>\s*+(?::|=>?))?
        |(?P<punctuation>[{}\[\](),:]|=>?)
        |(?P<prefix>[bBuUrRfF]{1,2}(?=["'])|[\w.]{1,64}(?=\())
        |(?P<bare>[^,\]}):="'\[{(]++|.)
        |\Z)""",
        re.VERBOSE | re.DOTALL,
    )


@lru_cache(maxsize=1)
def _escape() -> re.Pattern[str]:
    return re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)


@lru_cache(maxsize=1)
def _closing() -> re.Pattern[str]:
    return re.compile(r"\s{0,64}[\])]")


@lru_cache(maxsize=1)
def _later_pair_name() -> re.Pattern[str]:
    """Match `, "name": "…"` behind the value that it names."""
    return re.compile(
        r"""\s{0,64},\s{0,64}["'](?:name|key|field|header)["']\s{0,8}:\s{0,8}["']([\w.\-]{1,64})["']"""
    )


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite one document, or several in a row; a truncated one is read as far as it goes."""
    if not looks_like_document(text):
        raise NotThisFormatError
    if escaped_document().match(text) is not None:
        return _rewrite_escaped(text, judge)
    before = lead().match(text)
    assert before is not None  # it matches the empty text too
    written, end = rewrite_from(text, before.end(), judge, whole=True)
    return before.group() + written + text[end:]


def _rewrite_escaped(text: str, judge: Judge) -> str:
    """Rewrite a document that was written into a string and lost the quotes around it."""
    unescaped = _unescape(text)
    if unescaped == text:
        raise NotThisFormatError
    answer = rewrite(unescaped, judge)  # some levels deep, as each halves the backslashes
    if answer == unescaped:
        return text
    return json.dumps(answer, ensure_ascii=text.isascii())[1:-1]


def rewrite_from(
    text: str, start: int, judge: Judge, *, whole: bool = False, name: str = ""
) -> tuple[str, int]:
    """Rewrite the document that opens at `start`; answer it and the index behind it.

    With `whole`, everything up to the end of `text` is taken.
    """
    reader = Reader(text, judge, name)
    end = reader.read(start, whole=whole)
    return "".join(reader.written), end


def rewrite_quoted(text: str, judge: Judge) -> str:
    """Rewrite a document that an error message quotes: each value in it is a literal."""
    reader = Reader(text, judge, "")
    reader.root.quotes = True
    end = reader.read(0, whole=True)
    return "".join(reader.written) + text[end:]


class Reader:
    """One pass over a text; holds what was written so far and the stack of open brackets.

    Attributes:
        written: What stands for the text that was read. What is to stay isn't written piece by piece,
            but whole, up to what is changed next.
    """

    def __init__(self, text: str, judge: Judge, name: str) -> None:
        self.text = text
        self.judge = judge
        self.root = Frame("", name)
        self.stack: list[Frame] = [self.root]
        self.written: list[str] = []
        self._end = 0  # up to where `written` goes
        self.ascii_only = text.isascii()
        self.is_server_error = "E11000" in text or "writeErrors" in text

    def read(self, position: int, *, whole: bool) -> int:
        """Read and write from `position` on; answer where that ended."""
        self._end = position
        end = self._read(position, whole=whole)
        self.written.append(self.text[self._end : end])
        return end

    def _read(self, position: int, *, whole: bool) -> int:
        text, end, stack = self.text, len(self.text), self.stack
        next_token = _token().match
        next_check = position + LONG
        called = ""
        while position < end:
            if position >= next_check:
                check_time()
                next_check = position + BETWEEN_CHECKS
            found = next_token(text, position)
            assert found is not None  # its last alternatives take any character, and the end
            kind, position = found.lastgroup, found.end()
            if kind == "keyed" or kind == "string":
                self._string(*found.span("string"), is_keyed=kind == "keyed")
            elif kind == "punctuation":
                piece = found["punctuation"]
                if piece == ",":
                    stack[-1].awaits_value = False
                    stack[-1].items += 1
                elif piece in _CLOSERS:
                    if len(stack) > MAX_DEPTH:
                        self._withhold_rest(position - 1)
                        return end
                    opened = stack[-1].opened(piece, is_server_error=self.is_server_error)
                    opened.call = called if piece == "(" else ""
                    stack.append(opened)
                elif piece in "}])" and len(stack) > 1:
                    stack.pop()
                    stack[-1].awaits_value = False
            elif kind in ("bare", "marker"):
                piece = found[kind]
                start = position - len(piece)
                if whole and len(stack) == 1 and not _opens_document(piece):
                    # Behind a document, and no other begins: a log line's tail, judged as text.
                    self._write(start, end, self.judge.value("", text[start:]))
                    return end
                if kind == "bare":
                    self._bare(piece, start)
            called = found["prefix"] if kind == "prefix" else ""
            if not whole and len(stack) == 1:
                return position
        return end

    def _write(self, start: int, end: int, answer: str) -> None:
        """Write what stands before `start` as it is, and `answer` for what stands from there to `end`."""
        self.written += (self.text[self._end : start], answer)
        self._end = end

    def _string(self, start: int, end: int, *, is_keyed: bool) -> None:
        frame = self.stack[-1]
        piece = self.text[start:end]
        quote = piece[0]
        is_escaped = "\\" in piece
        is_closed = (
            end - start > 1 and piece[-1] == quote and not (is_escaped and _ends_escaped(piece))
        )
        body = piece[1:-1] if is_closed else piece[1:]
        looked_at = _unescape(body) if is_escaped else body
        if is_keyed and frame.opener == "{" and not frame.awaits_value:
            answer = self.judge.name(looked_at)
            self._enter_member(frame, looked_at)
        else:
            name = self.leaf_name(frame, looked_at, end)
            answer = self.judge.value(name, looked_at) if looked_at else looked_at
        if answer is not looked_at:
            closing = quote if is_closed else ""
            self._write(start, end, quote + self._escape(answer, quote) + closing)

    def leaf_name(self, frame: Frame, text: str, following: int) -> str:
        """Answer the name under which the string `text` is judged, and note what it names."""
        if frame.opener in ("[", "(") and not frame.quotes:
            before = frame.item_name
            frame.item_name = text if 1 < len(text) <= 64 and has_meaning(text.lstrip("-")) else ""
            if before and self._is_named_by(before, frame, text, following):
                frame.item_name = ""
                return before.lstrip("-")
        name, lowered = frame.name(), frame.key.lower()
        if lowered in PAIR_VALUES and not frame.pair_name:
            later = _later_pair_name().match(self.text, following)
            name = later.group(1) if later is not None else name
        elif 0 < len(text) <= 64 and (
            (lowered in PAIR_NAMES and (has_meaning(text) or not has_meaning(frame.inherited)))
            or (lowered in VAGUE_PAIR_NAMES and has_meaning(text))
        ):
            frame.pair_name = text
        if (frame.opener == "[" or frame.in_errors) and is_message(text):
            return "message"
        if is_placeholder(text) and has_meaning(name):
            return "placeholder"
        return name

    def bare_name(self, frame: Frame, word: str) -> str | None:
        """Answer the name under which a value without quotes is judged; None where it stays."""
        name = frame.name()
        if not name and len(self.stack) == 2 and frame.opener == "[" and len(word) <= 4:
            return None if word.isdigit() else name  # a list of small numbers tells nothing
        if name != frame.key and "." in name and frame.key.lower() not in GENERIC:
            if frame.quotes:
                return None if word.isdigit() and len(word) <= 4 else name
            return frame.key  # a number inherits no meaning
        return name

    def _is_named_by(self, before: str, frame: Frame, text: str, following: int) -> bool:
        """Say whether an item is named by the one before it: behind an option, or in a pair."""
        if before.startswith("-"):
            return not text.startswith("--")
        if is_message(text):
            return False
        is_pair = frame.items == 1 and _closing().match(self.text, following) is not None
        parent = self.stack[-2].opener if len(self.stack) > 2 else ""
        if is_pair and (frame.opener == "(" or parent in ("[", "(")):
            return not is_field_name(text, before)
        return not text.translate(_JOINTS).isalpha()  # `["user-emails", "session.events"]`

    def _bare(self, piece: str, start: int) -> None:
        frame = self.stack[-1]
        word = piece.rstrip()
        end = start + len(word)
        following = start + len(piece)
        is_keyed = self.text[following : following + 1] in (":", "=")
        if is_keyed and frame.opener == "{" and not frame.awaits_value:
            answer = self.judge.name(word)
            self._enter_member(frame, word)
            if answer is not word:
                self._write(start, end, answer)
            return
        if not word or word in _LITERALS or not any(map(str.isalnum, word)):
            return
        if word == frame.key and word.isidentifier():  # source code: {"token": token}
            return
        name = self.bare_name(frame, word)
        if name is None:
            return
        answer = self.judge.value(name, word)
        if answer is not word:
            self._write(start, end, f'"{self._escape(answer, chr(34))}"')

    @staticmethod
    def _enter_member(frame: Frame, key: str) -> None:
        frame.key = key
        frame.awaits_value = True

    def _escape(self, answer: str, quote: str) -> str:
        if quote == "'":
            escaped = json.dumps(answer, ensure_ascii=False)[1:-1]
            return escaped.replace('\\"', '"').replace("'", "\\'")
        return json.dumps(answer, ensure_ascii=self.ascii_only)[1:-1]

    def _withhold_rest(self, start: int) -> None:
        closers = "".join(_CLOSERS[frame.opener] for frame in reversed(self.stack[1:]))
        self._write(start, len(self.text), f'"{marker(CONTENT_WITHHELD)}"{closers}')


def _opens_document(piece: str) -> bool:
    return piece[0].isdigit() or piece[0] == "-" or piece.strip() in _LITERALS


def _ends_escaped(piece: str) -> bool:
    """Say whether the last quote of `piece` is an escaped one, so that the string is not closed."""
    before = piece[1:-1]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _unescape(body: str) -> str:
    def decode(found: re.Match[str]) -> str:
        code = found.group(1) or found.group(2)
        if code:
            return chr(int(code, 16))
        return _SHORT_ESCAPES.get(found.group(3), found.group(3))

    decoded = _escape().sub(decode, body)
    if decoded.isascii():
        return decoded
    # Joins surrogate pairs (RFC 8259, section 7), and replaces the lone ones.
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_SHORT_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


JSON: Final = Format(
    name="json",
    rewrite=rewrite,
    recognize=recognize,
    signs=r"{\[)",
    source="RFC 8259",
    examples=(
        FormatExample(
            '{"email": "a\\u0040b.example", "tags": ["x", 7, true], "user": {"value": "v"}} ',
            (("email", "a@b.example"), ("tags", "x"), ("tags", "7"), ("user.value", "v")),
        ),
        FormatExample(
            '[{"name": "password", "value": "x"}, {"value": "y", "name": "email"}]',
            (("name", "password"), ("password", "x"), ("email", "y"), ("name", "email")),
        ),
        FormatExample(
            "{'password': 'it\\'s', 'n': None, 'b': b'q'}", (("password", "it's"), ("b", "q"))
        ),
        FormatExample('{"a": 1}\n{"a": "two"}\n', (("a", "1"), ("a", "two"))),
        FormatExample('{"a": {"password": "hunt', (("password", "hunt"),)),
        FormatExample("{user=Jo Doe, on=true}", (("user", "Jo Doe"),)),
        FormatExample(
            "{'at': datetime.date(2024, 1, 2), 'who': {'x'}}",
            (("at", "2024"), ("at", "1"), ("at", "2"), ("who", "x")),
        ),
        FormatExample('"{\\"a\\": 1}"', (("", '{"a": 1}'),)),
        FormatExample('{\\"a\\": 1}', (("a", "1"),)),
        FormatExample('\ufeffshow({"a": "b"});', (("a", "b"), ("", ";"))),
    ),
)
