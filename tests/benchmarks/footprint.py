"""What a process pays before the first span and for what is remembered; in a process of its own.

Usage: footprint.py import MODULE | first | memory SPANS. It prints JSON.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent.parent))


def imports(name: str) -> dict[str, float]:
    """Milliseconds of CPU that an import takes; `jaeger_guard.configure` with what it needs."""
    began = time.process_time()
    module, _, attribute = name.partition(":")
    imported = importlib.import_module(module)
    if attribute:
        getattr(imported, attribute)
    return {"ms": 1000 * (time.process_time() - began)}


def _guarded() -> Any:
    from jaeger_guard.policy import compile_policy, load_policy
    from jaeger_guard.scrubber import Scrubber
    from jaeger_guard.spans import SpanScrubber
    from jaeger_guard.wire import ScrubbingEncoder

    policy = compile_policy(load_policy("baseline", "the benchmark"))
    return ScrubbingEncoder(SpanScrubber(Scrubber(policy)))


def first() -> dict[str, float]:
    """Microseconds for each of the first thousand spans of a process, everything cold."""
    from benchmarks.corpus import Traffic, batches, recorded

    made = batches(recorded(Traffic(spans=1000)))
    began = time.process_time()
    encoder = _guarded()
    for batch in made:
        encoder.encode(batch)
    return {"us": 1e6 * (time.process_time() - began) / 1000}


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def memory(spans: int) -> dict[str, float]:
    """MiB of what is compiled, and of what is remembered after spans whose values are unique."""
    from benchmarks.corpus import Traffic, batches, recorded
    from jaeger_guard.scanner import scanner_of

    warm = batches(recorded(Traffic(spans=1000)))
    _guarded()  # what Python itself keeps of its imports is nobody's cache
    scanner_of.cache_clear()  # all scrubbers share one
    gc.collect()
    tracemalloc.start()
    encoder = _guarded()
    compiled = tracemalloc.get_traced_memory()[0]
    for batch in warm:
        encoder.encode(batch)
    gc.collect()
    used = tracemalloc.get_traced_memory()[0]
    made = batches(recorded(Traffic(spans=spans, unique=True)))
    before = tracemalloc.get_traced_memory()[0]
    for batch in made:
        encoder.encode(batch)
    gc.collect()
    caches = tracemalloc.get_traced_memory()[0] - before + used - compiled
    tracemalloc.stop()
    return {"compiled": compiled / 2**20, "caches": caches / 2**20}


def resident(spans: int) -> dict[str, float]:
    """MiB resident after a twentieth of the spans, and after all, each value unique."""
    from benchmarks.corpus import Traffic, batches, recorded

    encoder = _guarded()
    at_once = min(spans, 5000)
    readings = []
    for number in range(spans // at_once):
        for batch in batches(recorded(Traffic(spans=at_once, unique=True, seed=number))):
            encoder.encode(batch)
        gc.collect()
        readings.append(_resident())
        print(f"{(number + 1) * at_once} {readings[-1]:.1f} MiB", file=sys.stderr, flush=True)
    settled = readings[len(readings) // 20]
    return {"settled": settled, "after": readings[-1], "most": max(readings)}


def main(what: str, *arguments: str) -> None:
    """Print one footprint."""
    if what == "import":
        answer = imports(*arguments)
    elif what == "first":
        answer = first()
    elif what == "memory":
        answer = memory(int(arguments[0]))
    else:
        answer = resident(int(arguments[0]))
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
