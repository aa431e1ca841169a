"""`python -m tests.corpus`: print recall and precision per category, on both seeds.

Failures are counted by kind; values are shown only with `--show`, since what is drawn looks real.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from .categories import CATEGORIES, DEVELOPMENT_SEED, HELD_OUT_SEED, Category, scrubs
from .measure import Tally, by_kind, measure, shown_text

_WIDTH = 110  # of a shown value


def main() -> int:
    """Measure, and print; 1 where a category is below its floor."""
    arguments = _parser().parse_args()
    chosen = [entry for entry in CATEGORIES if not arguments.only or arguments.only in entry.name]
    if not chosen:
        print(f"no category is called {arguments.only}", file=sys.stderr)
        return 2
    seeds = arguments.seed or [DEVELOPMENT_SEED, HELD_OUT_SEED]
    scrub, scrub_span = scrubs(arguments.policy)
    rows = [
        (entry, seed, measure(entry.drawn(seed), scrub_span if entry.on_spans else scrub))
        for entry in chosen
        for seed in seeds
    ]
    if arguments.json:
        print(json.dumps([_record(*row) for row in rows], indent=2))
    else:
        _print(rows, kinds=arguments.kinds, show=arguments.show)
    return int(any(_is_below(entry, tally) for entry, _, tally in rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("--only", metavar="PART", help="the categories whose name holds this")
    parser.add_argument(
        "--seed", type=int, action="append", help="instead of both; may be given twice"
    )
    parser.add_argument("--policy", default="baseline", help="a preset's name, or a file")
    parser.add_argument("--kinds", action="store_true", help="count failures by kind")
    parser.add_argument(
        "--show",
        type=int,
        metavar="N",
        default=0,
        help="show N failures of each kind, values included",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _is_below(entry: Category, tally: Tally) -> bool:
    return tally.recall < entry.recall or tally.precision < entry.precision


def _record(entry: Category, seed: int, tally: Tally) -> dict[str, Any]:
    return {
        "category": entry.name,
        "seed": seed,
        "cases": tally.cases,
        "planted": tally.planted,
        "recall": round(tally.recall, 2),
        "precision": round(tally.precision, 2),
        "kept": round(tally.kept, 2),
        "floors": {"recall": entry.recall, "precision": entry.precision},
        "failures": dict(by_kind(tally).most_common()),
    }


def _print(rows: list[tuple[Category, int, Tally]], *, kinds: bool, show: int) -> None:
    print(f"{'category':<22}{'seed':>7}{'cases':>7}{'recall':>9}{'precision':>11}{'kept':>8}")
    for entry, seed, tally in rows:
        below = "  below its floor" if _is_below(entry, tally) else ""
        print(
            f"{entry.name:<22}{seed:>7}{tally.cases:>7}{tally.recall:>9.1f}{tally.precision:>11.1f}"
            f"{tally.kept:>8.1f}{below}"
        )
        if kinds or show:
            _print_failures(tally, show)
    print(f"cases in all: {sum(tally.cases for _, _, tally in rows)}")


def _print_failures(tally: Tally, show: int) -> None:
    for kind, count in by_kind(tally).most_common():
        print(f"    {count:>4}  {kind}")
        shown = [failure for failure in tally.failures if failure.case.kind == kind]
        for failure in shown[:show]:
            why = "leaks" if failure.leaked else "destroys"
            print(f"          {failure.case.key}: {shown_text(failure.case.value)[:_WIDTH]!r}")
            print(f"            {why}: {shown_text(failure.outcome)[:_WIDTH]!r}")


if __name__ == "__main__":
    sys.exit(main())
