"""What a driver of the contract test is: it has a real instrumentor make real spans, with planted values.

One test walks all drivers (`test_contract.py`). A driver is an entry in `DRIVERS` of a module in
`drivers/`; modules run in a child process each, so importing one imports no framework: that is done in
its functions. Each driver runs twice in its child, with the instrumentor alone, and through the guard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.trace import Tracer

from e2e.planted import EVERYWHERE


@dataclass(frozen=True, slots=True)
class World:
    """What a driver is given.

    Attributes:
        servers: What the fixtures gave that it `needs`, by their names: ports, URLs.
        tracer: For spans around what is driven.
    """

    servers: Mapping[str, Any]
    tracer: Tracer


def _nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One entry.

    Attributes:
        name: What the test and the matrix call it.
        instrumentors: The entry points of its instrumentors, which are loaded for it together.
        packages: The distributions whose versions the matrix names: the library, the instrumentor.
        drive: Makes the spans. It imports what it drives, starts and stops what it serves, and lets
            nothing stand that the second run would meet.
        prepare: Is called once before its instrumentors are loaded.
        planted: What it plants that must not leave.
        names: Spans that must arrive under these names.
        texts: What must arrive somewhere in the spans: routes, tables, operations, statuses.
        parents: Names of spans, each with its parent's: the trace is whole over client and server.
        needs: Fixtures that start servers; their values (text or numbers) are `World.servers`.
        clean: Whether the instrumentor by itself leaks nothing of what is planted; else it must,
            or nothing would be shown.
        changed: Keys of attributes that the guard changes though nothing planted stands in them,
            each with why that is right.
    """

    name: str
    instrumentors: tuple[str, ...]
    packages: tuple[str, ...]
    drive: Callable[[World], None]
    prepare: Callable[[], None] = _nothing
    planted: tuple[str, ...] = EVERYWHERE
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    parents: tuple[tuple[str, str], ...] = ()
    needs: tuple[str, ...] = ()
    clean: bool = False
    changed: Mapping[str, str] = field(default_factory=dict)
