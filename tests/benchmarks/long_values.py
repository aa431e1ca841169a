"""Measure one value of a megabyte, in the worst shapes that are known for its format and key."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from benchmarks.corpus import Traffic, batches, recorded
from benchmarks.measuring import Row
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

MEGABYTE: Final = 1_000_000
_TRIES: Final = 2
_SUSPECTS: Final = 6
_ADDITIONS: Final = 6_000_000
_MEASURABLE: Final = 0.002  # seconds

# What repeats, by the key under which it is the worst.
SHAPES: Final[dict[str, tuple[str, ...]]] = {
    "order.note": (
        *("a: b ", "a=b ", "a=b&", "key: ", "password=x ", "the password is x ", "token token "),
        *("https://a.b/c?d=e ", "https://", "://", "a@b.co ", "a:b@", "+49 30 1234", "1.2.3."),
        *("4111 1111 1111 1112 ", "DE89 3704 0044 0532 ", "48.858844, 2.294351 ", "a:b::"),
        *(
            '{"a":1},',
            '"a":"b",',
            "{$a: ",
            "SELECT * FROM a WHERE b='c' AND ",
            "'a',",
            "Key (a)=(b) ",
        ),
        *(
            "QUJDREVGRw== ",
            "%41",
            "%2541",
            "\\u0041",
            "&amp;",
            "\u200b",
            "é",
            "eyJ",
            "a",
            " ",
            "\n",
        ),
        *(
            "-----BEGIN PRIVATE KEY-----\n",
            "<password>x</password>",
            "--a b ",
            "550e8400-e29b-41d4 ",
        ),
        *("curl -u a:b ", '"', "'", "{", "(", "\\", "Bearer a ", "ghp_", "sk-"),
    ),
    "db.query.text": ("'a',", "SELECT * FROM a WHERE b='c' AND ", "a,", "1,", "/*", "-- ", '"'),
    "url.full": ("a=b&", "/a", "%41", "a;", "https://a.b/"),
    "exception.stacktrace": ('  File "/a/b.py", line 1, in x\n    foo(a="b")\n', "\n", "a='b' "),
    "process.command_line": ("--a b ", "&amp;", "a=b&", "curl -u a:b; ", "'", "a "),
    "http.request.header.cookie": ("a=b; ", ";", "&amp;"),
    "http.request.body.content": ('{"a":"b"},', "a=b&", "[", "<a>b</a>", "a: b\n", "a,b\n"),
    "http.response.header.set-cookie": ("a=b; ",),
    "url.query": ("a&", "%252541"),
    "url.path": ("/a", "/;"),
    "process.command_args": ("--a b ",),
}

# What doesn't repeat: for each number a piece, between what opens and what closes the whole.
NUMBERED: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "order.note": (
        *(("[", '{"name": "n%d", "count": %d}, ', "]"), ("{", '"k%d": %d, ', "}")),
        *(("", '{"a%d":[%d, ', ""), ("", '"%d.%d" ', ""), ("", "key%d: value%d\n", "")),
        *(("", "  " * 20 + "k%d: [%d]\n", ""), ("<r>", "<a%d>%d</a>", "</r>")),
        *(("", "w%d=v%d ", ""), ("", "u%d@s%d.example.com ", ""), ("", "word%d w%d ", "")),
        *(("", "2026-11-26 INFO shop order=%d status=ok took=%dms\n", ""), ("", "%d %d ", "")),
        *(
            (
                "Traceback (most recent call last):\n",
                '  File "/a%d.py", line %d, in f\n    x()\n',
                "",
            ),
        ),
        *(
            ("no\n", "\tat com.shop.Pay%d.run(Pay.java:%d)\n", ""),
            ("", "dXNlciBudW1iZXIg%d%d ", ""),
        ),
        *(("Host: a\n", "X-H%d: v%d\n", ""), ("id,email\n", "%d,a%d\n", "")),
        *(("sudo curl ", "-u a%d:b%d ", ""), ('sh -c "', "mysql -p%d x%d; ", '"')),
        *(("", "[REDACTED:contact.email] a%d b%d ", ""), ("", "\uff11%d\uff12%d", "")),
        *(("", "p\u0430ssw\u043erd%d\u200b%d ", ""), ("", "\u00e9\u00fe\x80\x01%d\xff%d", "")),
        *(("<a b='", "x%d%d", ""), ("", "x%dy%d", ""), ("", "%%2541%d%%C3%%A9%d", "")),
    ),
    "db.query.text": (
        *(("SELECT a FROM t WHERE b IN (", "'v%d', %d, ", "0)"), ("", "SET k%d v%d\n", "")),
        *(("INSERT INTO t VALUES ", "(%d, 'it\\'s %d'), ", "(0)"),),
        *(('{"find": "c", "filter": {', '"a%d": %d, ', "}}"), ("MSET ", "k%d v%d ", "")),
    ),
    "http.request.header.cookie": (("", "c%d=v%d; ", ""),),
    "url.full": (("https://a.b/?", "a%d=b%d&", ""),),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a long value repeats, or numbers, and under which key it stands."""

    key: str
    unit: str
    opening: str = ""
    closing: str = ""
    is_numbered: bool = False

    def __str__(self) -> str:
        return f"{(self.opening + self.unit)[:24]!r} under {self.key}"

    def text(self, size: int) -> str:
        """Return about so many characters of it."""
        if not self.is_numbered:
            return self.unit * (size // len(self.unit))
        pieces = [self.unit % (number, number) for number in range(size // (len(self.unit) + 4))]
        return f"{self.opening}{''.join(pieces)}{self.closing}"


@dataclass(frozen=True, slots=True)
class Items:
    """A list or a map of as many short texts as one value may have."""

    key: str
    is_list: bool
    unit: str

    def __str__(self) -> str:
        return f"a {'list' if self.is_list else 'map'} of {self.unit!r} under {self.key}"

    def text(self, size: int) -> Any:
        """Return the value for a text of so many characters."""
        count = min(size // len(self.unit), _MOST_ITEMS)
        items = [self.unit % number for number in range(count)]
        return tuple(items) if self.is_list else {f"k{item}": item for item in items}


_MOST_ITEMS: Final = 16_384
ITEMS: Final = (
    *(
        Items("order.note", is_list, unit)
        for is_list in (True, False)
        for unit in ("%d a=b", "%d@", "w%d")
    ),
    Items("process.command_args", True, "-u%d:b"),
)


AnyShape = Shape | Items


def all_shapes() -> list[AnyShape]:
    """Return every shape that is known to be bad for something."""
    return [
        *(Shape(key, unit) for key, units in SHAPES.items() for unit in units),
        *(
            Shape(key, unit, opening, closing, is_numbered=True)
            for key, shapes in NUMBERED.items()
            for opening, unit, closing in shapes
        ),
        *ITEMS,
    ]


_Measure = Callable[[AnyShape], float]


def worst(shapes: list[AnyShape], measure: _Measure) -> tuple[AnyShape, float]:
    """Return the shape for which a figure is the largest, and the figure.

    Noise only ever adds: the worst few are measured again, and the best of each one's runs counts.
    """
    once = {shape: measure(shape) for shape in shapes}
    suspects = sorted(once, key=lambda shape: once[shape])[-_SUSPECTS:]
    best = {shape: min(once[shape], *(measure(shape) for _ in range(_TRIES))) for shape in suspects}
    found = max(best, key=lambda shape: best[shape])
    return found, best[found]


def seconds(scrubber: Scrubber, shape: AnyShape, size: int) -> float:
    """Return the CPU time that a value takes."""
    text = shape.text(size)
    began = time.thread_time()
    scrubber.value(shape.key, text)
    return time.thread_time() - began


def sdk_seconds(size: int) -> float:
    """Return how long the SDK takes to encode spans of so many bytes."""
    made = batches(recorded(Traffic(spans=4096)))
    runs = []
    for _ in range(_TRIES + 1):
        began = time.thread_time()
        encoded = sum(len(encode_spans(batch).SerializeToString()) for batch in made)
        runs.append((time.thread_time() - began) * size / encoded)
    return statistics.median(runs)


def pause(scrubber: Scrubber, shape: AnyShape, size: int) -> float:
    """Return the longest time for which scrubbing kept another thread from running."""
    text = shape.text(size)
    return longest_pause(lambda: scrubber.value(shape.key, text))


def longest_pause(work: Callable[[], object]) -> float:
    """Return the longest time for which some work kept another thread from running.

    That thread never rests, and reads how much CPU the working one has used: the most between two
    readings is the pause. A machine that is busy with something else doesn't count, but for the time
    that it takes to let the other thread ask for its turn: plain Python code says how long that is.
    """
    clock = time.pthread_getcpuclockid(threading.get_ident())
    stop = threading.Event()
    started = threading.Event()
    longest = 0.0

    def watch() -> None:
        nonlocal longest
        last = time.clock_gettime(clock)
        started.set()
        while not stop.is_set():
            now = time.clock_gettime(clock)
            longest = max(longest, now - last)
            last = now

    watcher = threading.Thread(target=watch)
    watcher.start()
    started.wait()
    work()
    stop.set()
    watcher.join()
    return longest


def plain_python() -> None:
    """Work for some tenths of a second, without ever holding the interpreter's lock for long."""
    total = 0
    for number in range(_ADDITIONS):
        total += number


def long_values(size: int = MEGABYTE, every: int = 1) -> list[Row]:
    """Time, growth and pauses of the worst shapes of a long value; of every so many, to be quick."""
    scrubber = Scrubber(compile_policy(load_policy("baseline", "the benchmark")))
    shapes = all_shapes()[::every]
    for shape in shapes:
        seconds(scrubber, shape, 4000)  # compiles what is compiled once

    def growth(shape: AnyShape) -> float:
        # Of parts that the time limit doesn't cut.
        half = max(seconds(scrubber, shape, size // 8), _MEASURABLE)
        return seconds(scrubber, shape, size // 4) / half

    sdk = sdk_seconds(size)
    slowest, spent = worst(shapes, lambda shape: seconds(scrubber, shape, size))
    steepest, doubled = worst(shapes, growth)
    longest, paused = worst(shapes, lambda shape: pause(scrubber, shape, size))
    least = min(longest_pause(plain_python) for _ in range(_TRIES + 1))
    withheld = sum(_is_withheld(scrubber, shape, size) for shape in shapes)
    group = "One value of a megabyte, the worst of its shapes"
    return [
        Row(group, "the SDK's encoding of a megabyte of spans", 1000 * sdk, "ms"),
        Row(group, f"slowest: {slowest}", 1000 * spent, "ms"),
        Row(group, "slowest over the SDK's encoding", spent / sdk, goal=5.0),
        Row(group, f"twice the length (up to a quarter): {steepest}", doubled, goal=2.5),
        Row(group, f"longest pause of a thread: {longest}", 1000 * paused, "ms", goal=10.0),
        Row(group, "longest pause beside plain Python code", 1000 * least, "ms"),
        Row(group, f"of {len(shapes)} shapes, withheld by the time limit", withheld, ""),
    ]


def _is_withheld(scrubber: Scrubber, shape: AnyShape, size: int) -> bool:
    _, found = scrubber.value(shape.key, shape.text(size))
    return any(entry.detector == "time" for entry in found.entries)
