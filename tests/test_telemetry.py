"""Metrics about ourselves: what they count is what happened, their labels are few and hold no value."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jaeger_guard.telemetry import INSTRUMENTS
from servers.otlp_sink import HttpAnswer, HttpSink

SCRIPT = """
import json, sys
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
import jaeger_guard
endpoint, when = sys.argv[1:]
reader = InMemoryMetricReader()
if when == "before":
    metrics.set_meter_provider(MeterProvider([reader]))
export = jaeger_guard.Export(endpoint=endpoint, protocol="http/protobuf")
guard = jaeger_guard.configure(export=export)
if when == "after":
    metrics.set_meter_provider(MeterProvider([reader]))
for number in range(3):
    with guard.tracer_provider.get_tracer("t").start_as_current_span("s") as span:
        span.set_attribute("note", f"mail to user{number}.name@" + "example.org")
guard.force_flush()
guard.tracer_provider.get_tracer("t").start_span("refused").end()
guard.force_flush()
points = []
for resource in reader.get_metrics_data().resource_metrics:
    for scope in resource.scope_metrics:
        for metric in scope.metrics:
            for point in metric.data.data_points:
                points.append([scope.scope.name, metric.name, metric.unit, point.value,
                               dict(point.attributes)])
print(json.dumps(points))
guard.shutdown()
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_counts_reach_the_global_meter_provider(when: str, tmp_path: Path) -> None:
    """Whether it is set before the guard or after: the metrics say what was found, sent and refused."""
    import json

    with HttpSink(answers=(HttpAnswer(), HttpAnswer(400))) as sink:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", SCRIPT, sink.endpoint, when],
            capture_output=True,
            cwd=tmp_path,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    points: list[list[Any]] = json.loads(done.stdout)
    assert {point[0] for point in points} == {"jaeger_guard"}
    by_name: dict[str, list[tuple[float, dict[str, str]]]] = {}
    for _, name, _unit, value, attributes in points:
        by_name.setdefault(name, []).append((value, attributes))
    assert by_name["jaeger_guard.spans.sent"] == [(3, {})]
    assert by_name["jaeger_guard.spans.rejected"] == [(1, {"reason": "invalid"})]
    assert by_name["jaeger_guard.spans.scrubbed"] == [(4, {})]
    what = {"category": "contact.email", "surface": "attribute", "action": "redact"}
    assert (3, what) in by_name["jaeger_guard.findings"]
    ((seconds, _),) = by_name["jaeger_guard.scrub.time"]
    assert seconds > 0
    assert "example.org" not in done.stdout


def test_every_loss_is_a_drop_with_its_reason() -> None:
    """A span that is lost shows in `spans.dropped`, whatever the count's name in `statistics()`."""
    (dropped,) = (each for each in INSTRUMENTS if each.name == "jaeger_guard.spans.dropped")
    counts = {"dropped_queue_full": 1, "spool_unreadable": 2, "lost_unencodable": 3, "sent": 4}
    assert {attributes["reason"]: value for value, attributes in dropped.points(counts)} == {
        "queue_full": 1,
        "spool_unreadable": 2,
        "unencodable": 3,
    }


def test_every_metric_is_documented() -> None:
    """docs/metrics.md names each metric with its unit."""
    text = (Path(__file__).parent.parent / "docs" / "metrics.md").read_text()
    for instrument in INSTRUMENTS:
        assert f"| `{instrument.name}` | {instrument.unit} |" in text


def test_points_are_read_from_statistics() -> None:
    """Drops by reason, what waits by stage, and certificates by role, from counts as they are shown."""
    counts = {
        "dropped_spool_full": 4,
        "dropped_queue_full": 2,
        "queued_raw_spans": 1,
        "queued_spans": 5,
        "queued_bytes": 50,
        "spooled_spans": 7,
        "spooled_bytes": 4096,
        "oldest_seconds": 3,
        "spool_oldest_seconds": 60,
        "tls": {"server_expires": "2000-01-01T00:00:00+00:00"},
        "findings": {"contact.email/attribute/redact": 2, "contact.email/name/redact": 1},
        "scrub_seconds": 1.5,
    }
    found = {item.name: list(item.points(counts)) for item in INSTRUMENTS}
    assert {p["reason"]: v for v, p in found["jaeger_guard.spans.dropped"]} == {
        "spool_full": 4,
        "queue_full": 2,
    }
    assert {p["stage"]: v for v, p in found["jaeger_guard.queue.spans"]} == {
        "raw": 1,
        "encoded": 5,
        "disk": 7,
    }
    assert len(found["jaeger_guard.queue.size"]) == len(found["jaeger_guard.queue.oldest"]) == 2
    [(left, attributes)] = found["jaeger_guard.certificate.remaining"]
    assert left < 0 and attributes == {"certificate": "server"}
    what = {"category": "contact.email", "action": "redact"}
    assert found["jaeger_guard.findings"] == [
        (2, {**what, "surface": "attribute"}),
        (1, {**what, "surface": "name"}),
    ]
    assert found["jaeger_guard.scrub.time"] == [(1.5, {})]
