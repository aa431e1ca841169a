"""The matrix of instrumentors and their leaks, docs/leaks.md: what the contract test saw, as a page.

It is written by the test itself, where the environment asks for it:

    WRITE_LEAKS=1 python -m pytest tests/instrumentation/test_contract.py
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from instrumentation.driver import Driver
from instrumentation.spans import leaks

PAGE: Final = Path(__file__).parent.parent.parent / "docs" / "leaks.md"
ASKED_BY: Final = "WRITE_LEAKS"

_HEAD: Final = """# What instrumentors leak

The real instrumentor of each library makes spans with e-mail addresses, cards, tokens, passwords and
names planted where applications have them: in paths, queries, headers, bodies, statements, commands,
keys, messages, prompts and exceptions. "Before" lists the places where the instrumentor alone would
have sent them; "after" what the guard sent. Both are seen in the OTLP bytes, with the old and the new
semantic conventions. This page is written by the test that holds it
(`tests/instrumentation/test_contract.py`).

Servers are real: PostgreSQL, MariaDB, Redis, RabbitMQ, memcached, and those of the web frameworks and
gRPC. AWS is moto's server; Kafka is the broker that librdkafka brings for tests. MongoDB, Elasticsearch
and the services of language models can't be had for a test: the real client talks to an answer in the
process, over its own protocol. Elasticsearch's client traces itself; its instrumentor has no release for
the newer versions of OpenTelemetry, and is not tested.

| driver | versions | before, old conventions | before, new conventions | after |
|---|---|---|---|---|
"""

Results = Mapping[str, Any]


def versions(results: Results) -> str:
    """Return the versions of what was driven, as the matrix shows them."""
    return ", ".join(f"{name} {version}" for name, version in results["versions"].items())


def row(driver: Driver, by_convention: Mapping[str, Results]) -> str:
    """Return the line of one driver."""
    old, new = by_convention["old"], by_convention["new"]
    before = (_places(leaks(results["plain"], driver.planted)) for results in (old, new))
    after = {place for results in (old, new) for place in leaks(results["sent"], driver.planted)}
    cells = (driver.name, versions(old), *before, _places(sorted(after)))
    return f"| {' | '.join(cells)} |"


def page(rows: Sequence[str]) -> str:
    """Return the whole page."""
    return _HEAD + "\n".join(rows) + "\n"


def rows_of(text: str) -> dict[str, str]:
    """Return the lines of a page by their drivers."""
    lines = text[len(_HEAD) :].splitlines() if text.startswith(_HEAD) else []
    return {line.split(" | ")[0].removeprefix("| "): line for line in lines}


def _places(places: Sequence[str]) -> str:
    return ", ".join(f"`{place}`" if place != "name" else "name" for place in places) or "none"
