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

from benchmarks import long_values, peers, processes, report, sampling_decisions, scrubbing
from benchmarks.measuring import Row

Part = Callable[[bool], list[Row]]

MIXED_SCRUB: Final = ("A batch: scrub alone", "mixed: over the SDK's encoding")

# Each part by the name that `--only` takes; its argument says whether to be quick.
PARTS: Final[dict[str, Part]] = {
    "sdk": lambda quick: scrubbing.yardsticks(*(500, 1) if quick else (20_000, 3)),
    "traffic": lambda quick: scrubbing.traffics(*(500, 1) if quick else (20_000, 3)),
    "batches": lambda quick: scrubbing.batch_sizes(*(500, 1) if quick else (20_000, 3)),
    "wire": lambda quick: scrubbing.wire(*(500, 1) if quick else (20_000, 3)),
    "policies": lambda quick: scrubbing.policies(*(500, 1) if quick else (20_000, 3)),
    "detectors": lambda quick: scrubbing.detectors(*(500, 1) if quick else (20_000, 3)),
    "process": lambda quick: processes.whole_process(*(500, 1) if quick else (10_000, 3)),
    "thread": lambda quick: processes.application_thread(*(500, 1) if quick else (10_000, 5)),
    "drain": lambda quick: processes.drain(*(500, 1) if quick else (8_000, 3)),
    "sampling": lambda quick: sampling_decisions.decisions(*(500, 1) if quick else (10_000, 9)),
    "scrub_start": lambda quick: sampling_decisions.start_attributes(
        *(200, 1) if quick else (2_000, 9)
    ),
    "start": lambda quick: processes.imports(1 if quick else 5),
    "caches": lambda quick: processes.memory(500 if quick else 20_000),
    "long": lambda quick: long_values.long_values(
        *(20_000, 15) if quick else (long_values.MEGABYTE, 1)
    ),
}


def measure(chosen: Sequence[str], *, quick: bool, with_peers: bool, resident: int) -> list[Row]:
    """Measure the parts that were chosen, one after another."""
    rows: list[Row] = []
    for name in chosen:
        began = time.monotonic()
        print(f"{name} …", end="", flush=True, file=sys.stderr)
        rows += PARTS[name](quick)
        gc.collect()
        print(f" {time.monotonic() - began:.0f} s", file=sys.stderr)
    if with_peers:
        ours = [row.value for row in rows if (row.group, row.name) == MIXED_SCRUB]
        if not ours:
            made = scrubbing.traffics(*(500, 1) if quick else (20_000, 3))
            ours = [row.value for row in made if (row.group, row.name) == MIXED_SCRUB]
        rows += peers.peers(ours[0], *(1, 0.05) if quick else (3, 1.0))
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
        quick=given.quick,
        with_peers=not given.no_peers,
        resident=given.memory,
    )
    folder = given.output or Path(tempfile.gettempdir()) / "jaeger-guard-benchmarks"
    report.write(rows, folder)
    print(report.table(rows))
    print(f"Written to {folder}")


if __name__ == "__main__":
    main()
