"""One contract for every instrumentor: of what its real spans carry, nothing planted leaves, and all
else does.

Each driver makes spans with the instrumentor alone, the control that shows what would leak, and through
`configure(instrument=[…])`; with the old and the new semantic conventions. What reached the guard is
compared with what it sent, span by span.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from instrumentation import matrix
from instrumentation.driver import Driver
from instrumentation.recorded import CONVENTIONS, Recorded, drivers
from instrumentation.spans import Span, attributes, holds, leaks, surfaces
from jaeger_guard.instrumentation import FRAMEWORKS
from servers.reading import planted_found, strings_in

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("name", drivers())
def test_nothing_planted_leaves_and_all_else_stays(
    name: str, convention: str, recorded: Recorded
) -> None:
    """Nothing planted is sent or logged; spans, their order, names, routes and statuses are."""
    _, driver = drivers()[name]
    result = recorded.of(name, convention)
    assert "error" not in result, result["error"]
    assert bool(leaks(result["plain"], driver.planted)) is not driver.clean
    sent: list[Span] = result["sent"]
    assert planted_found(driver.planted, strings_in(sent)) == []
    assert planted_found(driver.planted, result["log"]) == []
    assert result["flushed"] is True
    assert what_went_missing(result["raw"], sent, driver) == []
    assert set(driver.names) - {span["name"] for span in sent} == set()
    assert planted_found(driver.texts, strings_in(sent)) == list(driver.texts)
    assert set(driver.parents) - parents(sent) == set()


def test_the_matrix_in_the_docs_is_what_was_seen(recorded: Recorded) -> None:
    """docs/leaks.md has a row for each driver; of these versions, it says what leaked."""
    seen = {
        name: {convention: recorded.of(name, convention) for convention in CONVENTIONS}
        for name, (_, driver) in drivers().items()
        if driver.packages  # several frameworks in a chain are driven one by one, too
    }
    rows = {name: matrix.row(drivers()[name][1], results) for name, results in seen.items()}
    if os.environ.get(matrix.ASKED_BY):
        matrix.PAGE.write_text(matrix.page(list(rows.values())))
    shown = matrix.rows_of(matrix.PAGE.read_text())
    assert list(shown) == list(rows)
    of_these_versions = {
        name: row
        for name, row in shown.items()
        if f"| {matrix.versions(seen[name]['old'])} |" in row
    }
    assert of_these_versions == {name: rows[name] for name in of_these_versions}
    assert all(row.endswith("| none |") for row in shown.values())


def test_every_instrumentor_is_driven() -> None:
    """The registry has no entry that this test doesn't hold, and each driver drives one of it."""
    driven = {name for _, driver in drivers().values() for name in driver.instrumentors}
    assert driven == {framework.name for framework in FRAMEWORKS}


def parents(spans: list[Span]) -> set[tuple[str, str]]:
    """Pair each span's name with its parent's, where that was sent."""
    by_id = {span["spanId"]: span for span in spans}
    return {
        (span["name"], by_id[span["parentSpanId"]]["name"])
        for span in spans
        if span.get("parentSpanId") in by_id
    }


def what_went_missing(raw: list[Span], sent: list[Span], driver: Driver) -> list[str]:
    """List what a span had when it reached the guard, nothing planted in it, and has no more."""
    found = []
    by_id = {span["spanId"]: span for span in sent}
    if sorted(by_id) != sorted(span["spanId"] for span in raw):
        found.append(f"{len(raw)} spans ended, {len(sent)} were sent")
    for before in raw:
        after = by_id.get(before["spanId"])
        if after is not None:
            found += [f"{before['name']}: {what}" for what in _changes(before, after, driver)]
    return found


def _changes(before: Span, after: Span, driver: Driver) -> list[str]:
    found = [
        field
        for field in ("traceId", "parentSpanId", "kind", "startTimeUnixNano", "endTimeUnixNano")
        if before.get(field) != after.get(field)
    ]
    if _code(before) != _code(after):
        found.append("status code")
    if _shape(before) != _shape(after):
        found.append("number of attributes, events or links")
    left = dict(surfaces(after))
    for surface, value in surfaces(before):
        if surface in driver.changed or holds([surface, value], driver.planted):
            continue
        if surface.startswith(("event ", "link ")) or surface == "event":
            continue  # several have the same keys; below
        if left.get(surface) != value:
            found.append(surface)
    for one, other in zip(before.get("events", ()), after.get("events", ()), strict=False):
        kept = dict(attributes(other, "event "))
        for surface, value in attributes(one, "event "):
            clean = not holds([surface, value], driver.planted) and surface not in driver.changed
            if clean and kept.get(surface) != value:
                found.append(surface)
    return found


def _code(span: Span) -> Any:
    return span.get("status", {}).get("code")


def _shape(span: Span) -> tuple[int, int, int, list[int]]:
    events = span.get("events", [])
    return (
        len(span.get("attributes", [])),
        len(events),
        len(span.get("links", [])),
        [len(event.get("attributes", [])) for event in events],
    )
