"""Faults made for real: with a spool nothing is lost and nothing leaks; table and full length are in `faults`."""

from __future__ import annotations

import json
import os
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from e2e.faults import ATTACKS, MARKS, Bench, Figures
from e2e.load import Load
from e2e.planted import EMAIL
from jaeger_guard.export import Export, State, build_transport
from servers.collector import Collector
from servers.faulty import Fault, Forwarder
from servers.jaeger import Jaeger

pytestmark = pytest.mark.e2e
both = pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])


@pytest.fixture
def bench(tmp_path: Path, collector: Collector) -> Bench:
    """A bench whose faults last some seconds, at 2,000 spans a second where the machine can."""
    return Bench(tmp_path, collector, seconds=4.0)


def assert_nothing_lost(figures: Figures) -> None:
    """See that all arrived, that nothing planted did, and that the guard counts no loss."""
    assert figures.recorded > 0
    assert (figures.lost, figures.leaked) == (0, False), figures
    losses = {
        name: count
        for name, count in figures.counts.items()
        if name.startswith(("dropped_", "rejected_")) and count
    }
    assert losses == {}


@both
@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.HANGING])
def test_backend_that_is_away_costs_nothing(fault: Fault, protocol: str, bench: Bench) -> None:
    """Down or hanging under load: 0 lost, 0 leaked, and no clear OTLP on the disk."""
    figures = bench.outage("guard", fault, protocol)
    assert_nothing_lost(figures)


def test_dripping_backend_holds_up_nobody(bench: Bench) -> None:
    """Answers that take minutes cost no span, and the application records them all meanwhile."""
    figures = bench.outage("guard", Fault.DRIPPING)
    assert_nothing_lost(figures)


def test_killed_process_loses_nothing_that_was_committed(bench: Bench) -> None:
    """kill -9 in `write_ahead`, then a restart: every committed batch arrives, without a gap."""
    figures = bench.kill("guard")
    assert figures.recorded > 0
    assert figures.lost <= 0
    assert figures.contiguous
    assert not figures.leaked


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.HANGING])
def test_jaeger_that_is_away_gets_all_afterwards(
    fault: Fault, bench: Bench, jaeger: Jaeger
) -> None:
    """A real Jaeger that can't be reached for a while shows every span in the end, scrubbed."""
    with Forwarder(int(jaeger.grpc_endpoint.rpartition(":")[2])) as network:
        own = jaeger.certificates
        asked = bench.ask(
            "guard",
            network.port,
            "grpc",
            ca_file=own.ca_file,
            cert_file=own.client.cert_file,
            key_file=own.client.key_file,
            timeout=1.0,
        )
        with Load(asked, bench.directory) as load:
            load.await_event("ready")
            time.sleep(0.5)
            network.set(fault)
            time.sleep(3.0)
            network.set(Fault.NONE)
            done = load.finish()
    spans = jaeger.spans_of(asked["service"])
    numbers = {tag["value"] for span in spans for tag in span["tags"] if tag["key"] == "n"}
    assert len(numbers) == done["recorded"] > 0
    assert EMAIL not in json.dumps(spans)


def test_what_jaeger_does_with_duplicates(jaeger: Jaeger) -> None:
    """Sent twice, a span is shown once: Jaeger's query drops what is equal in all (docs/export.md)."""
    service = f"twice-{uuid.uuid4().hex[:8]}"
    own = jaeger.certificates
    export = Export(
        endpoint=jaeger.http_endpoint,
        protocol="http/protobuf",
        ca_file=own.ca_file,
        cert_file=own.client.cert_file,
        key_file=own.client.key_file,
    )
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    now = time.time_ns()
    span = resource.scope_spans.add().spans.add(
        name="twice",
        trace_id=os.urandom(16),
        span_id=os.urandom(8),
        start_time_unix_nano=now,
        end_time_unix_nano=now + 1000,
    )
    transport = build_transport(export.resolve({}))
    for _ in range(2):
        assert transport.send(request.SerializeToString(), 5).state is State.ACCEPTED
    transport.close()
    jaeger.await_trace(int.from_bytes(span.trace_id, "big"))
    assert len(jaeger.spans_of(service)) == 1


@both
def test_rotation_of_everything_costs_nothing(protocol: str, bench: Bench) -> None:
    """CA and certificates of both sides are replaced under load, the server's first: 0 lost."""
    assert_nothing_lost(bench.rotation("guard", protocol))


@both
def test_expired_token_costs_nothing(protocol: str, bench: Bench) -> None:
    """A token expires under load and is renewed in its file: 0 lost."""
    assert_nothing_lost(bench.expired_token("guard", protocol))


def test_full_disk_harms_nobody(bench: Bench) -> None:
    """Nothing is lost uncounted when the disk is full, and the application goes on."""
    figures = bench.full_disk("guard")
    dropped = sum(n for name, n in figures.counts.items() if name.startswith("dropped_"))
    assert figures.lost == dropped
    assert figures.counts["spool_write_failures"] > 0
    assert not figures.leaked


@pytest.mark.parametrize("kind", ATTACKS)
def test_nothing_leaves_to_who_cannot_be_trusted(kind: str, bench: Bench) -> None:
    """Another CA, an expired certificate, a downgrade, a redirect: not one span leaves."""
    assert bench.attack("guard", kind) == 0


def test_stock_exporter_shows_that_the_faults_are_real(bench: Bench) -> None:
    """What costs the guard nothing costs the stock exporter spans, and leaks what was planted."""
    bench.seconds = 12.0  # longer than its retries last
    figures = bench.outage("stock", Fault.DOWN)
    assert figures.lost > 0
    assert figures.leaked


def test_the_documented_figures_are_there() -> None:
    """docs/export.md shows the table that `python -m e2e.faults` makes, every fault with both clients."""
    text = (Path(__file__).parents[2] / "docs" / "export.md").read_text()
    made: Any = text.partition(MARKS[0])[2].partition(MARKS[1])[0]
    rows = [line.split("|")[1:-1] for line in made.splitlines() if line.startswith("| ")]
    assert len([row for row in rows if "guard" in row[1]]) >= 11
    assert len([row for row in rows if "stock" in row[1]]) >= 11
    assert all(any(kind in row[0] for row in rows) for kind in ATTACKS)
