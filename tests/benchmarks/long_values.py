"""Measure one value of a megabyte, in the worst shapes that are known for its format and key."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from benchmarks.corpus import Traffic, batches, recorded
from benchmarks.measuring import Row
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

MEGABYTE: Final = 1_000_000
_TRIES: Final = 2
_SUSPECTS: Final = 6
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
    "http.request.body.content": ('{"a":"b"},', "a=b&", "["),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a long value repeats, and under which key it stands."""

    key: str
    unit: str

    def __str__(self) -> str:
        return f"{self.unit[:24]!r} under {self.key}"

    def text(self, size: int) -> str:
        """Return about so many characters of it."""
        return self.unit * (size // len(self.unit))


_Measure = Callable[[Shape], float]


def worst(shapes: list[Shape], measure: _Measure) -> tuple[Shape, float]:
    """Return the shape for which a figure is the largest, and the figure.

    Noise only ever adds: the worst few are measured again, and the best of each one's runs counts.
    """
    once = {shape: measure(shape) for shape in shapes}
    suspects = sorted(once, key=lambda shape: once[shape])[-_SUSPECTS:]
    best = {shape: min(once[shape], *(measure(shape) for _ in range(_TRIES))) for shape in suspects}
    found = max(best, key=lambda shape: best[shape])
    return found, best[found]


def seconds(scrubber: Scrubber, shape: Shape, size: int) -> float:
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


def pause(scrubber: Scrubber, shape: Shape, size: int) -> float:
    """Return the longest time for which scrubbing kept another thread from running.

    That thread never rests, and reads how much CPU the scrubbing one has used: the most between two
    readings is the pause. A machine that is busy with something else doesn't count.
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

    text = shape.text(size)
    watcher = threading.Thread(target=watch)
    watcher.start()
    started.wait()
    scrubber.value(shape.key, text)
    stop.set()
    watcher.join()
    return longest


def long_values(size: int = MEGABYTE, every: int = 1) -> list[Row]:
    """Time, growth and pauses of the worst shapes of a long value; of every so many, to be quick."""
    scrubber = Scrubber(compile_policy(load_policy("baseline", "the benchmark")))
    shapes = [Shape(key, unit) for key, units in SHAPES.items() for unit in units][::every]
    for shape in shapes:
        seconds(scrubber, shape, 4000)  # compiles what is compiled once

    def growth(shape: Shape) -> float:
        # Of parts that the time limit doesn't cut.
        half = max(seconds(scrubber, shape, size // 8), _MEASURABLE)
        return seconds(scrubber, shape, size // 4) / half

    sdk = sdk_seconds(size)
    slowest, spent = worst(shapes, lambda shape: seconds(scrubber, shape, size))
    steepest, doubled = worst(shapes, growth)
    longest, paused = worst(shapes, lambda shape: pause(scrubber, shape, size))
    withheld = sum(_is_withheld(scrubber, shape, size) for shape in shapes)
    group = "One value of a megabyte, the worst of its shapes"
    return [
        Row(group, "the SDK's encoding of a megabyte of spans", 1000 * sdk, "ms"),
        Row(group, f"slowest: {slowest}", 1000 * spent, "ms"),
        Row(group, "slowest over the SDK's encoding", spent / sdk, goal=5.0),
        Row(group, f"twice the length (up to a quarter): {steepest}", doubled, goal=2.5),
        Row(group, f"longest pause of a thread: {longest}", 1000 * paused, "ms", goal=10.0),
        Row(group, f"of {len(shapes)} shapes, withheld by the time limit", withheld, ""),
    ]


def _is_withheld(scrubber: Scrubber, shape: Shape, size: int) -> bool:
    _, found = scrubber.value(shape.key, shape.text(size))
    return any(entry.detector == "time" for entry in found.entries)
