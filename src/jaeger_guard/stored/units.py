"""Take JSON of any size apart into units: a trace of Jaeger's, or a resource's spans of OTLP's.

Theory of operation. A source is a run of JSON documents: one (what the query API answers, or a browser
has saved), or one a line (what the Collector's file exporter writes). Units are the elements of the
arrays `data` (Jaeger) and `resourceSpans` (OTLP) of a document, or of its member `result`
(/api/v3). So the text is walked with a small reader that knows strings and brackets, one unit at a time
is cut out of it, and only that is parsed. What stands beside (`total`, logs and metrics of a Collector)
is walked over. A unit beyond the bound is passed over, and said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from jaeger_guard.errors import GuardError

LARGEST_UNIT: Final = 64 * 1024 * 1024  # characters
_TRACES: Final = "data"
_RESOURCES: Final = ("resourceSpans", "resource_spans")
_AROUND: Final = "result"
_OF_A_TRACE: Final = ("spans", "processes", "traceID")
_LONGEST_KEY: Final = 256
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_MARK: Final = re.compile(r'[{}\[\]"]')
_QUOTE: Final = re.compile(r'["\\]')
_PLAIN: Final = re.compile(r"[^,}\]\s]*")
_KEEP: Final = 64 * 1024  # characters of what was read already, before it is let go


class StoredError(GuardError):
    """A source of traces can't be read: it is no JSON of a kind that is known, or it ends early."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is read at once.

    Attributes:
        kind: `trace`, `resource`; `unread` for what is too large or no JSON.
        value: What JSON says; None for what is unread.
    """

    kind: Literal["trace", "resource", "unread"]
    value: Any


def units(chunks: Iterable[str], largest: int = LARGEST_UNIT) -> Iterator[Unit]:
    """Yield the units of a run of JSON documents.

    Args:
        chunks: The text, in pieces.
        largest: Characters; a longer unit is passed over.

    Raises:
        StoredError: It is no JSON, or ends early.
    """
    text = _Text(chunks, largest)
    while text.peek():
        if text.peek() == "{":
            yield from _document(text)
        elif text.peek() == "[":
            yield from _elements(text, "trace")
        else:
            text.refuse("it isn't JSON of traces")


def _document(text: _Text) -> Iterator[Unit]:
    bare: dict[str, Any] = {}
    for key in text.members():
        first = text.peek()
        if key == _TRACES and first == "[":
            yield from _elements(text, "trace")
        elif key in _RESOURCES and first == "[":
            yield from _elements(text, "resource")
        elif key == _AROUND and first == "{":
            yield from _document(text)
        elif key in _OF_A_TRACE:
            bare[key] = _parsed(text.value(keep=True))
        else:
            text.value(keep=False)
    if "spans" in bare:
        yield Unit("unread", None) if None in bare.values() else Unit("trace", bare)


def _elements(text: _Text, kind: Literal["trace", "resource"]) -> Iterator[Unit]:
    for _ in text.elements():
        parsed = _parsed(text.value(keep=True))
        yield Unit("unread", None) if parsed is None else Unit(kind, parsed)


def _parsed(raw: str | None) -> Any:
    if raw is None:
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


class _Text:
    """Walks over a text that comes in pieces, and lets go of what it has passed."""

    def __init__(self, chunks: Iterable[str], largest: int) -> None:
        self._chunks = iter(chunks)
        self._largest = largest
        self._buffer = ""
        self._at = 0
        self._gone = 0

    def refuse(self, what: str) -> NoReturn:
        """Raise the error, with the place and without any of the text."""
        raise StoredError(f"{what}, at character {self._gone + self._at}")

    def peek(self) -> str:
        """Return the next character that is no white space; empty at the end."""
        while True:
            found = _SPACE.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def members(self) -> Iterator[str]:
        """Walk over an object: yield each key with the reader at its value, which must be read."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                self.refuse("a key is missing")
            key = self.value(keep=True, longest=_LONGEST_KEY)
            self._take(":")
            parsed = _parsed(key)
            yield parsed if isinstance(parsed, str) else ""
            if not self._goes_on("}"):
                return

    def elements(self) -> Iterator[None]:
        """Walk over an array: yield with the reader at each element, which must be read."""
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield None
            if not self._goes_on("]"):
                return

    def value(self, *, keep: bool, longest: int | None = None) -> str | None:
        """Pass over a value; return its text where it is kept and not too long."""
        limit = self._largest if longest is None else longest
        kept: list[str] | None = [] if keep else None
        length = 0
        for piece in self._pieces():
            length += len(piece)
            if kept is not None:
                kept.append(piece)
                if length > limit:
                    kept = None
        return None if kept is None else "".join(kept)

    def _pieces(self) -> Iterator[str]:
        """Yield the text of the next value, in pieces."""
        first = self.peek()
        if first not in '{["' or not first:
            yield from self._plain()
            return
        depth = 0
        while True:
            mark = _MARK.search(self._buffer, self._at)
            if mark is None:
                yield self._rest()
                self._need_more()
                continue
            yield self._up_to(mark.end())
            character = mark.group()
            if character == '"':
                yield from self._string()
            else:
                depth += 1 if character in "{[" else -1
            if depth <= 0:
                return

    def _string(self) -> Iterator[str]:
        """Yield what is left of a string, its closing quote included."""
        while True:
            mark = _QUOTE.search(self._buffer, self._at)
            if mark is None:
                yield self._rest()
                self._need_more()
            elif mark.group() == '"':
                yield self._up_to(mark.end())
                return
            else:
                yield self._up_to(mark.end())
                if self._at >= len(self._buffer):
                    self._need_more()
                yield self._up_to(self._at + 1)

    def _plain(self) -> Iterator[str]:
        """Yield a number or a word."""
        length = 0
        while True:
            found = _PLAIN.match(self._buffer, self._at)
            piece = found.group() if found else ""
            self._at += len(piece)
            length += len(piece)
            yield piece
            if self._at < len(self._buffer) or not self._more():
                break
        if not length:
            self.refuse("a value is missing")

    def _take(self, expected: str) -> None:
        if self.peek() != expected:
            self.refuse(f"there is no {expected!r} where one should be")
        self._at += 1

    def _goes_on(self, end: str) -> bool:
        character = self.peek()
        if character not in (",", end) or not character:
            self.refuse("it ends early, or isn't JSON")
        self._at += 1
        return character == ","

    def _rest(self) -> str:
        return self._up_to(len(self._buffer))

    def _up_to(self, end: int) -> str:
        piece = self._buffer[self._at : end]
        self._at = end
        return piece

    def _need_more(self) -> None:
        if not self._more():
            self.refuse("it ends early")

    def _more(self) -> bool:
        """Read a piece; False at the end."""
        piece = next(self._chunks, None)
        while piece == "":
            piece = next(self._chunks, None)
        if piece is None:
            return False
        if self._at > _KEEP or self._at == len(self._buffer):
            self._gone += self._at
            self._buffer, self._at = self._buffer[self._at :], 0
        self._buffer += piece
        return True
