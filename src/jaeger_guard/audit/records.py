"""One line of the audit: canonical JSON, bound to the line before it, and free of values.

A line is a JSON object in the form of RFC 8785 (JCS): keys sorted, no white space, UTF-8. Its digest
is SHA-256 over the line's bytes, without the line's end; `previous` holds the digest of the line
before, and 64 zeros in the first line of all. So a line can't be changed, taken out or moved without
that the next one tells, and who keeps the digest of the last one can tell of all.

Facts are ids, names, counts and digests. What is no text, whole number, boolean or null, or a list or
table of these, is not written: of a float or an object only its type is.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from jaeger_guard.errors import GuardError

NOTHING_BEFORE: Final = "0" * 64
LONGEST_LINE: Final = 64 * 1024  # bytes
_LONGEST_TEXT: Final = 512  # characters
_MOST_ENTRIES: Final = 1024
_MOST_DEPTH: Final = 4
_LARGEST: Final = 2**53 - 1  # of whole numbers that every JSON parser reads back (RFC 8785)
_EVENT: Final = r"[a-z_]{1,32}(?:\.[a-z_]{1,32}){0,2}"
_FIELDS: Final = frozenset({"event", "facts", "number", "pid", "previous", "time"})


class AuditError(GuardError):
    """A record could not be written, and so what it tells of must not be done.

    Attributes:
        written: How many of the entries that were given are in the chain all the same.
    """

    def __init__(self, what: str, written: int = 0) -> None:
        super().__init__(what)
        self.written = written


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Attributes:
        number: Its place in the chain, from 1.
        time: When it was made, in UTC by RFC 3339.
        event: What happened, such as `policy.loaded`.
        pid: The process that says so.
        previous: Digest of the record before it.
        facts: Ids, names, counts and digests.
        digest: SHA-256 over the line, in hexadecimal.
    """

    number: int
    time: str
    event: str
    pid: int
    previous: str
    facts: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to become a record: everything but its place in the chain."""

    event: str
    facts: Mapping[str, Any]
    time: str
    pid: int

    def line(self, number: int, previous: str) -> bytes:
        """Write the line, without its end, for a place in the chain."""
        fields = {
            "event": self.event,
            "facts": self.facts,
            "number": number,
            "pid": self.pid,
            "previous": previous,
            "time": self.time,
        }
        line = canonical(fields)
        if len(line) <= LONGEST_LINE:
            return line
        return canonical(fields | {"facts": {"withheld": "longer than a line may be"}})


def entry(event: str, facts: Mapping[str, object], pid: int) -> Entry:
    """Make an entry of now; never raises."""
    if re.fullmatch(_EVENT, event) is None:
        event = "unnamed"
    now = datetime.datetime.now(datetime.UTC)
    time = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    cleaned: Any = _clean(facts, 0)
    return Entry(event, MappingProxyType(cleaned), time, pid)


def canonical(value: Mapping[str, Any]) -> bytes:
    """Write a table as RFC 8785 does, for the types that facts have."""
    plain = {key: _plain(item) for key, item in value.items()}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def digest_of(line: bytes) -> str:
    """Return the digest of a line without its end."""
    return hashlib.sha256(line).hexdigest()


def parse(line: bytes) -> Record | None:
    """Read a line without its end; None where it is none that this version could have written."""
    try:
        fields = json.loads(line)
        if not isinstance(fields, dict) or fields.keys() != _FIELDS or canonical(fields) != line:
            return None
        number, pid, previous, facts = (
            fields[name] for name in ("number", "pid", "previous", "facts")
        )
    except (ValueError, RecursionError, TypeError):
        return None
    texts = (fields["event"], fields["time"], previous)
    if (
        not all(isinstance(text, str) for text in texts)
        or not all(type(count) is int for count in (number, pid))
        or not isinstance(facts, dict)
    ):
        return None
    return Record(number, fields["time"], fields["event"], pid, previous, facts, digest_of(line))


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, MappingProxyType) else value


def _clean(value: object, depth: int) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return int(value) if abs(value) <= _LARGEST else str(int(value))[:_LONGEST_TEXT]
    if depth < _MOST_DEPTH and isinstance(value, Mapping):
        pairs = list(value.items())[:_MOST_ENTRIES]
        return {_text(str(key)): _clean(item, depth + 1) for key, item in pairs}
    if depth < _MOST_DEPTH and isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [_clean(item, depth + 1) for item in list(items)[:_MOST_ENTRIES]]
    return f"({type(value).__name__})"


def _text(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        text = text[: _LONGEST_TEXT - 1] + "…"
    return text.encode("utf-8", "replace").decode()  # a lone surrogate can't be written
