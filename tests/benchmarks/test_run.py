"""The benchmark runs from end to end; what it measures isn't judged here, since machines differ."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from opentelemetry.trace import StatusCode

from benchmarks import peer, report, run
from benchmarks.corpus import ERRORS, KINDS, Traffic, batches, descriptions, recorded
from benchmarks.measuring import Row, contest


def test_it_measures_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One command prints the table, and writes JSON and a plot that can be read."""
    chosen = ["sdk", "policies", "thread", "start", "long"]
    run.main(["--quick", "--no-peers", "--output", str(tmp_path), "--only", *chosen])
    printed = capsys.readouterr().out
    rows = json.loads((tmp_path / "benchmarks.json").read_text())["rows"]
    assert {row["name"] for row in rows} >= {
        "plain SDK: create and end",
        "10 over one",
        "guarded over plain",
        "import jaeger_guard over the SDK's",
        "slowest over the SDK's encoding",
    }
    assert all(row["value"] >= 0 and row["name"] in printed for row in rows)
    assert (tmp_path / "benchmarks-table.md").read_text() in printed
    drawn = ElementTree.fromstring((tmp_path / "benchmarks.svg").read_text())
    bars = drawn.findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 1 + sum(row["goal"] is not None for row in rows)


def test_a_service_reaches_the_receiver_over_tls() -> None:
    """A whole process is measured with all its spans sent; one that lost some is no measurement."""
    rows = run.PARTS["drain"](run.QUICK, 1)
    assert [row.unit for row in rows] == ["spans/s", "spans/s", "x"]


def test_sampling_is_measured_beside_the_sdk() -> None:
    """A decision by what its parent is, each with its goal; and what the opt-in adds."""
    rows = [*run.PARTS["sampling"](run.QUICK, 1), *run.PARTS["scrub_start"](200, 1)]
    assert [row.goal for row in rows if row.unit == "x"] == [2.0, 2.0, 2.0, 2.0, None]


def test_another_library_is_measured_beside_the_sdk(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an environment's script prints is what the command reads."""
    monkeypatch.setitem(peer.PEERS, "none", lambda: len)
    monkeypatch.setattr(sys, "argv", ["peer.py"])
    peer.main("none", "60", "1")
    answer = json.loads(capsys.readouterr().out)
    assert answer.keys() == {"peer", "sdk"}


def test_the_spans_are_the_same_each_time() -> None:
    """A seed gives the same spans; another one others."""
    traffic = Traffic(spans=400)
    assert [span.to_json() for span in recorded(traffic)] == [
        span.to_json() for span in recorded(traffic)
    ]
    assert list(descriptions(traffic)) != list(descriptions(Traffic(spans=400, seed=2)))


def test_the_spans_are_what_the_measurements_say() -> None:
    """All kinds occur, some fail with a stack trace, and unique values don't repeat."""
    made = recorded(Traffic(spans=3000))
    scopes = {span.instrumentation_scope.name for span in made if span.instrumentation_scope}
    assert scopes == {scope for _, _, scope in KINDS.values()}
    failed = [span for span in made if span.status.status_code is StatusCode.ERROR]
    assert ERRORS / 2 < len(failed) / len(made) < ERRORS * 2
    assert all("PaymentDeclinedError" in str(span.events[0].attributes) for span in failed)
    texts = [
        value
        for *_, attributes, _ in descriptions(Traffic(spans=500, unique=True, dirty=0.0))
        for value in attributes.values()
        if isinstance(value, str)
    ]
    assert len(texts) == len(set(texts))
    assert sum(map(len, batches(made, 512))) == 3000


def test_turns_are_taken_and_the_first_round_is_aside() -> None:
    """Each side is prepared anew for each round, in turns."""
    turns: list[str] = []

    def side(name: str):  # type: ignore[no-untyped-def]
        return lambda: lambda: turns.append(name)

    found = contest({"a": side("a"), "b": side("b")}, rounds=2)
    assert turns == ["a", "b"] * 3
    assert found.keys() == {"a", "b"}


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (Row("g", "n", 0.5, goal=0.7), "met"),
        (Row("g", "n", 1.4, goal=0.7), "missed by a factor of 2.00"),
        (Row("g", "n", 10.0, goal=20.0, at_least=True), "missed by a factor of 2.00"),
        (Row("g", "n", 30.0, goal=20.0, at_least=True), "met"),
        (Row("g", "n", 3.0), ""),
    ],
)
def test_a_figure_is_held_against_its_goal(row: Row, verdict: str) -> None:
    """Less is better, unless more is asked for."""
    assert row.verdict == verdict
    assert verdict in report.table([row])
