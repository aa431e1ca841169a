"""Measure what a user would pick instead, each library in an environment of its own.

They pin versions of the SDK that differ from ours and from each other, so no extra can hold them. An
environment is made from `peers-NAME.txt` when it is first needed, and kept in the user's cache folder.
Each is measured against the SDK's encoding in its own process, and so are we: the ratios compare.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

from benchmarks.measuring import TESTS, Row, child

# Spans each, so that the slow ones take no more time than the quick ones; and our goal beside them.
PEERS: Final[dict[str, tuple[int, float | None]]] = {
    "mistralai": (2000, 20.0),
    "aws": (8000, None),
    "logfire": (8000, None),
    "presidio": (100, 200.0),
}


def cache_folder() -> Path:
    """Return where environments are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "jaeger-guard" / "benchmark-peers"


def environment(name: str) -> str:
    """Return the interpreter of a peer's environment; makes it where there is none of these pins."""
    requirements = TESTS / "benchmarks" / f"peers-{name}.txt"
    pins = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = cache_folder() / f"{name}-{pins}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q", "-r", str(requirements)], check=True
        )
        (folder / "complete").touch()
    return str(python)


def peers(ours: float, again: float, rounds: int, share: float = 1.0) -> list[Row]:
    """Measure all peers.

    Args:
        ours: Our own scrubbing of the same traffic, over the SDK's encoding.
        again: That of spans that were met before.
        rounds: How many count.
        share: Part of the usual number of spans.
    """
    rows = []
    for name, (spans, goal) in PEERS.items():
        count = max(int(spans * share), 50)
        found = child("peer.py", name, str(count), str(rounds), python=environment(name))
        ratio = found["peer"] / found["sdk"]
        rows += [
            Row("Other libraries", f"{name}: over the SDK's encoding", ratio),
            Row(
                "Other libraries",
                f"scrub alone is faster than {name} by",
                ratio / ours,
                goal=goal,
                at_least=True,
            ),
            Row(
                "Other libraries",
                f"the same spans again: scrub alone is faster than {name} by",
                ratio / again,
                goal=goal,
                at_least=True,
            ),
        ]
    return rows
