"""The benchmark: `python tests/benchmarks/run.py`, about ten minutes; `--quick`, about one.

It prints a table with the goals beside the figures, and writes it with JSON and a plot. Each ratio is
measured in one run, in which both sides take turns; figures of two runs, or two machines, don't
compare. Other libraries are measured in environments of their own, which it makes when they are first
needed.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

sys.path.append(str(Path(__file__).parent.parent))

from benchmarks import (
    long_values,
    peers,
    processes,
    protecting,
    report,
    sampling_decisions,
    scrubbing,
)
from benchmarks.measuring import Row

Part = Callable[[int, int], list[Row]]

OURS: Final = tuple(f"{name}: over the SDK's encoding" for name in ("mixed", scrubbing.SAME_AGAIN))
SPANS: Final = 20_000
QUICK: Final = 500

# Each part by the name that `--only` takes; its arguments are how many spans, and how many rounds.
PARTS: Final[dict[str, Part]] = {
    "spans": scrubbing.repetition,
    "sdk": scrubbing.yardsticks,
    "traffic": scrubbing.traffics,
    "batches": scrubbing.batch_sizes,
    "wire": scrubbing.wire,
    "policies": scrubbing.policies,
    "detectors": scrubbing.detectors,
    "process": lambda spans, rounds: processes.whole_process(min(spans, 10_000), rounds),
    "thread": lambda spans, rounds: processes.application_thread(min(spans, 10_000), rounds),
    "drain": lambda spans, rounds: processes.drain(min(spans, 8_000), rounds),
    "sampling": lambda spans, rounds: sampling_decisions.decisions(
        min(spans, 10_000), 1 if rounds == 1 else 3 * rounds
    ),
    "scrub_start": lambda spans, rounds: sampling_decisions.start_attributes(
        min(spans, 2_000), 1 if rounds == 1 else 3 * rounds
    ),
    "keys": lambda spans, rounds: protecting.protecting(min(spans, 10_000), rounds),
    "start": lambda _, rounds: processes.imports(rounds),
    "caches": lambda spans, _: processes.memory(spans),
    "long": lambda spans, _: long_values.long_values(
        *(20_000, 15) if spans == QUICK else (long_values.MEGABYTE, 1)
    ),
}


def measure(chosen: Sequence[str], spans: int, *, with_peers: bool, resident: int) -> list[Row]:
    """Measure the parts that were chosen, one after another."""
    rows: list[Row] = []
    rounds = 1 if spans == QUICK else 3
    for name in chosen:
        began = time.monotonic()
        print(f"{name} …", end="", flush=True, file=sys.stderr)
        rows += PARTS[name](spans, rounds)
        gc.collect()
        print(f" {time.monotonic() - began:.0f} s", file=sys.stderr)
    if with_peers:
        made = rows if "traffic" in chosen else scrubbing.traffics(spans, rounds)
        scrub = {row.name: row.value for row in made if row.group == "A batch: scrub alone"}
        ours, again = (scrub[name] for name in OURS)
        rows += peers.peers(ours, again, rounds, min(1.0, spans / SPANS))
    if resident:
        rows += processes.resident(resident)
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="few spans, one round: no figures to quote"
    )
    parser.add_argument(
        "--spans", type=int, default=SPANS, help=f"spans of the mixed corpus, {SPANS:,} by default"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=sorted(PARTS),
        metavar="PART",
        help="parts, of: " + ", ".join(PARTS),
    )
    parser.add_argument("--no-peers", action="store_true", help="don't measure other libraries")
    parser.add_argument(
        "--memory",
        type=int,
        nargs="?",
        const=1_000_000,
        default=0,
        metavar="SPANS",
        help="also watch resident memory over so many unique spans (a million takes long)",
    )
    parser.add_argument("--output", type=Path, help="folder for table, JSON and plot")
    given = parser.parse_args(arguments)
    rows = measure(
        given.only or tuple(PARTS),
        QUICK if given.quick else given.spans,
        with_peers=not given.no_peers,
        resident=given.memory,
    )
    folder = given.output or Path(tempfile.gettempdir()) / "jaeger-guard-benchmarks"
    report.write(rows, folder)
    print(report.table(rows))
    print(f"Written to {folder}")


if __name__ == "__main__":
    main()
