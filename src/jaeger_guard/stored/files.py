"""Files of traces: plain or gzip, whatever the form of the JSON in them."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final, cast

from jaeger_guard.stored.jaeger_json import spans_of_trace
from jaeger_guard.stored.otlp_json import spans_of_resource
from jaeger_guard.stored.span import StoredSpan
from jaeger_guard.stored.units import StoredError, Unit

_CHUNK: Final = 256 * 1024
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"


def open_file(path: Path) -> Iterator[str]:
    """Yield a file's text in pieces; gzip is undone.

    Raises:
        StoredError: It can't be read, or isn't what it seems.
    """
    try:
        with path.open("rb") as file:
            beginning = file.peek(4)[:4]
            if beginning.startswith(_ZSTD):
                raise StoredError("it is compressed with zstd: decompress it first (zstd -d)")
            source: IO[bytes] = file
            if beginning.startswith(_GZIP):
                source = cast("IO[bytes]", gzip.GzipFile(fileobj=file))
            yield from texts(iter(lambda: source.read(_CHUNK), b""))
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise StoredError(f"it can't be read ({reason})") from None


def texts(chunks: Iterable[bytes]) -> Iterator[str]:
    """Decode pieces of UTF-8; what isn't becomes U+FFFD."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def spans_in(unit: Unit) -> Iterator[StoredSpan]:
    """Yield the spans of a unit; none of one that is unread."""
    if unit.kind == "trace":
        yield from spans_of_trace(unit.value)
    elif unit.kind == "resource":
        yield from spans_of_resource(unit.value)
