"""Break what stands between a guarded process and its backend, and count what arrives all the same.

`python -m e2e.faults` (in tests/) runs all faults for as long as the promises say, for the guard and for
the stock exporter, and writes the table in docs/export.md. The tests run the same with shorter faults.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import os
import sqlite3
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parent.parent))

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from e2e.load import Load
from e2e.planted import EMAIL
from servers.certificates import Authority, Pair
from servers.collector import Collector, running_collector
from servers.faulty import Fault, Forwarder
from servers.front import Front, endpoint_of, running_front
from servers.old_tls import running_old_tls
from servers.otlp_sink import HttpAnswer, HttpSink, ServerTls

Client: TypeAlias = Literal["guard", "stock"]
DRAIN: Final = 300.0  # seconds in which a backlog has to be gone
SHORTER: Final = 20.0  # seconds of those faults whose promise names no time
QUIET: Final = 5.0  # seconds after which the collector, too, has handed on all that it has
PATIENCE: Final = 60.0  # seconds without anything new, where more is known to be due
MARKS: Final = ("<!-- figures: made by python -m e2e.faults -->", "<!-- end of figures -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of one fault.

    Attributes:
        recorded: Spans that the application ended.
        arrived: Different ones of them that the backend got.
        duplicates: Spans that it got once more.
        leaked: Whether a planted value was among what it got, or on the disk.
        cpu_us: Microseconds of CPU that the application's thread used for one span, on average.
        counts: What `Guard.statistics()` said at the end; none of the stock exporter.
        contiguous: Whether what arrived has no gaps.
    """

    recorded: int
    arrived: int
    duplicates: int
    leaked: bool
    cpu_us: float
    counts: dict[str, int]
    contiguous: bool

    @property
    def lost(self) -> int:
        """How many never arrived."""
        return self.recorded - self.arrived


class Bench:
    """Where faults are made: a collector, a front before it, and a network between.

    Args:
        directory: For files.
        collector: A collector that runs.
        seconds: How long a fault lasts.
        rate: Spans a second.
    """

    def __init__(
        self, directory: Path, collector: Collector, *, seconds: float, rate: float = 2000.0
    ) -> None:
        self.directory = directory
        self.collector = collector
        self.seconds = seconds
        self.rate = rate
        key_file = directory / "spool.key"
        key_file.touch(mode=0o600)
        key_file.write_text(base64.b64encode(os.urandom(32)).decode())
        self.key_file = key_file

    def ask(
        self, client: Client, port: int, protocol: str = "http/protobuf", **more: Any
    ) -> dict[str, Any]:
        """Write what a load is asked for; `spool` is a mode, None for none."""
        certificates = self.collector.certificates
        service = f"fault-{client}-{uuid.uuid4().hex[:8]}"
        mode = more.pop("spool", "on_failure")
        asked: dict[str, Any] = {
            "mode": client,
            "service": service,
            "endpoint": endpoint_of(port),
            "protocol": protocol,
            "ca_file": certificates.ca_file,
            "cert_file": certificates.client.cert_file,
            "key_file": certificates.client.key_file,
            "rate": self.rate,
            "drain": DRAIN,
        }
        if client == "guard" and mode is not None:
            directory = self.directory / f"spool-{service}"
            asked["spool"] = {"directory": directory, "key_file": self.key_file, "mode": mode}
        return asked | more

    def parts(self, service: str, expected: int) -> tuple[ResourceSpans, ...]:
        """Answer what has arrived of a service, once all has, or nothing came for a while."""
        quiet_since, before = time.monotonic(), -1
        while time.monotonic() - quiet_since < (PATIENCE if expected else QUIET):
            parts = self.collector.received(service).parts
            count = sum(len(scope.spans) for part in parts for scope in part.scope_spans)
            if count >= expected > 0:
                return parts
            if count != before:
                quiet_since, before = time.monotonic(), count
            time.sleep(0.5)
        return self.collector.received(service).parts

    def figures(self, asked: dict[str, Any], done: dict[str, Any]) -> Figures:
        """Compare what was recorded with what arrived."""
        parts = self.parts(asked["service"], done["recorded"])
        numbers = [
            attribute.value.int_value
            for part in parts
            for scope in part.scope_spans
            for span in scope.spans
            for attribute in span.attributes
            if attribute.key == "n"
        ]
        unique = set(numbers)
        leaked = any(EMAIL.encode() in part.SerializeToString() for part in parts)
        return Figures(
            recorded=done["recorded"],
            arrived=len(unique),
            duplicates=len(numbers) - len(unique),
            leaked=leaked or self.lies_in_the_clear(asked),
            cpu_us=done.get("cpu_us", 0.0),
            counts=done.get("counts", {}),
            contiguous=unique == set(range(len(unique))),
        )

    @staticmethod
    def lies_in_the_clear(asked: dict[str, Any]) -> bool:
        """Say whether a file of the spool holds a planted value or a piece of clear OTLP."""
        if "spool" not in asked or not Path(asked["spool"]["directory"]).is_dir():
            return False
        clear = (EMAIL.encode(), b"/customers/{id}/orders", b"service.name", b"REDACTED")
        files = [path.read_bytes() for path in Path(asked["spool"]["directory"]).iterdir()]
        return any(piece in content for content in files for piece in clear)

    # --- faults ----------------------------------------------------------------------------------

    def outage(self, client: Client, fault: Fault, protocol: str = "http/protobuf") -> Figures:
        """Let the backend be away, or hang, under load."""
        target = int(self.collector.endpoint(protocol).rpartition(":")[2])
        with Forwarder(target) as network:
            timeout = min(10.0, self.seconds / 4)  # so that a short fault is one, too
            asked = self.ask(client, network.port, protocol, timeout=timeout)
            with Load(asked, self.directory) as load:
                load.await_event("ready")
                time.sleep(1.0)
                network.set(fault)
                time.sleep(self.seconds)
                in_the_clear = self.lies_in_the_clear(asked)
                network.set(Fault.NONE)
                time.sleep(1.0)
                done = load.finish()
            figures = self.figures(asked, done)
        assert not in_the_clear
        return figures

    def kill(self, client: Client) -> Figures:
        """Kill the process in the middle of writing, and start it again."""
        target = int(self.collector.endpoint("http/protobuf").rpartition(":")[2])
        with Forwarder(target) as network:
            asked = self.ask(client, network.port, spool="write_ahead")
            with Load(asked, self.directory) as load:
                load.await_event("ready")
                time.sleep(1.0)
                network.set(Fault.DOWN)
                time.sleep(self.seconds / 2)
            arrived = self.figures(asked, {"recorded": 0}).arrived
            committed = self._committed(asked)
            network.set(Fault.NONE)
            with Load(asked | {"spans": 0}, self.directory) as load:
                done = load.finish()
            return self.figures(asked, done | {"recorded": arrived + committed, "cpu_us": 0.0})

    @staticmethod
    def _committed(asked: dict[str, Any]) -> int:
        """Count what a dead process has left, in a copy, so that nothing of it changes."""
        total = 0
        if "spool" not in asked:
            return total
        directory = Path(asked["spool"]["directory"])
        with tempfile.TemporaryDirectory() as copies:
            for path in directory.iterdir():
                (Path(copies) / path.name).write_bytes(path.read_bytes())
            for path in Path(copies).glob("*.spool"):
                with contextlib.closing(sqlite3.connect(path)) as copy:
                    total += copy.execute("SELECT coalesce(sum(spans), 0) FROM batch").fetchone()[0]
        return total

    def rotation(self, client: Client, protocol: str = "http/protobuf") -> Figures:
        """Move both sides to another authority under load: first the server, then the client."""
        other = Authority(self.directory, f"other-{uuid.uuid4().hex[:4]}")
        new_server, new_client = other.issue("server"), other.issue("client")
        own = self.collector.certificates
        both = self.directory / f"both-{uuid.uuid4().hex[:4]}.pem"
        both.write_bytes(own.ca_file.read_bytes() + other.ca_file.read_bytes())
        secret = self.directory / f"secret-{uuid.uuid4().hex[:4]}"
        mount(secret, own.ca_file, own.client)
        with self._front() as front:
            asked = self.ask(
                client, front.port(protocol), protocol, ca_file=secret / "ca.pem",
                cert_file=secret / "tls.crt", key_file=secret / "tls.key",
            )  # fmt: skip
            with Load(asked, self.directory) as load:
                load.await_event("ready")
                time.sleep(1.0)
                front.show(new_server, other.ca_file)  # nobody told the client in time
                front.reload()
                time.sleep(self.seconds / 2)
                mount(secret, both, new_client)
                time.sleep(self.seconds / 2)
                mount(secret, other.ca_file, new_client)
                time.sleep(1.0)
                done = load.finish()
            return self.figures(asked, done)

    def expired_token(self, client: Client, protocol: str = "http/protobuf") -> Figures:
        """Let a token expire under load, and renew it in its file."""
        token_file = self.directory / f"token-{uuid.uuid4().hex[:4]}"
        token_file.write_text("first")
        with self._front() as front:
            front.demand("Bearer first")
            front.reload()
            credential: dict[str, Any] = {"bearer_token_file": token_file}
            if client == "stock":  # it can't read one from a file
                credential = {"headers": {"authorization": "Bearer first"}}
            asked = self.ask(client, front.port(protocol), protocol, **credential)
            with Load(asked, self.directory) as load:
                load.await_event("ready")
                time.sleep(1.0)
                front.demand("Bearer second")
                front.reload()
                time.sleep(self.seconds)
                token_file.write_text("second")
                time.sleep(1.0)
                done = load.finish()
            return self.figures(asked, done)

    def full_disk(self, client: Client) -> Figures:
        """Let the backend be away, and the disk take no more than 300 kB."""
        target = int(self.collector.endpoint("http/protobuf").rpartition(":")[2])
        with Forwarder(target) as network:
            asked = self.ask(client, network.port, largest_file=300_000)
            with Load(asked, self.directory) as load:
                load.await_event("ready")
                network.set(Fault.DOWN)
                time.sleep(self.seconds)
                network.set(Fault.NONE)
                done = load.finish()
            return self.figures(asked, done)

    @contextlib.contextmanager
    def _front(self) -> Iterator[Front]:
        own = self.collector.certificates
        directory = self.directory / f"front-{uuid.uuid4().hex[:6]}"
        with running_front(directory, self.collector.ports, own.server, own.ca_file) as front:
            yield front

    # --- those who can't be trusted --------------------------------------------------------------

    def attack(self, client: Client, kind: str) -> int:
        """Let somebody else answer; return how many spans left, in the clear or to a stranger."""
        own = self.collector.certificates
        stranger = Authority(self.directory, f"stranger-{uuid.uuid4().hex[:4]}").issue("server")
        with contextlib.ExitStack() as stack:
            clear = stack.enter_context(HttpSink())
            port = clear.port
            received: list[Callable[[], int]] = [lambda: len(clear.spans)]
            tls: ServerTls | None = None
            answers: tuple[HttpAnswer, ...] = ()
            if kind == "another CA":
                tls = ServerTls(stranger.cert_file, stranger.key_file)
            elif kind == "expired certificate":
                tls = ServerTls(own.expired.cert_file, own.expired.key_file)
            elif kind == "redirect to plaintext":
                tls = ServerTls(own.server.cert_file, own.server.key_file)
                moved = HttpAnswer(307, {"Location": f"{clear.endpoint}/v1/traces"})
                answers = (moved,) * 1000
            if tls is not None:
                sink = stack.enter_context(HttpSink(tls=tls, answers=answers))
                port = sink.port
                received.append(lambda: len(sink.spans))
            if kind == "TLS 1.1":
                endpoint, arrived = stack.enter_context(running_old_tls(own))
                port = int(endpoint.rpartition(":")[2])
                received.append(lambda: len(arrived))
            asked = self.ask(client, port, spool=None, spans=50, drain=0, timeout=1)
            with Load(asked, self.directory) as load:
                load.await_event("done")
            return sum(count() for count in received)


ATTACKS: Final = (
    "another CA", "expired certificate", "TLS 1.1", "plaintext answer", "redirect to plaintext",
)  # fmt: skip


def mount(secret: Path, ca_file: Path, client: Pair) -> None:
    """Write a secret as Kubernetes mounts it: links to `..data`, itself a link that is swapped."""
    secret.mkdir(exist_ok=True)
    version = secret / f"..{uuid.uuid4().hex}"
    version.mkdir()
    sources = {"ca.pem": ca_file, "tls.crt": client.cert_file, "tls.key": client.key_file}
    for name, source in sources.items():
        (version / name).write_bytes(source.read_bytes())
        if not (secret / name).is_symlink():
            (secret / name).symlink_to(Path("..data") / name)
    fresh = secret / "..new"
    fresh.symlink_to(version.name)
    os.rename(fresh, secret / "..data")


# --- the table -----------------------------------------------------------------------------------


def table(bench: Bench) -> str:
    """Run everything, for both clients, and write it as Markdown."""
    seconds, shorter = bench.seconds, min(bench.seconds, SHORTER)
    faults: list[tuple[str, float, Callable[[Client], Figures]]] = [
        ("backend down, HTTP", seconds, lambda c: bench.outage(c, Fault.DOWN)),
        ("backend down, gRPC", seconds, lambda c: bench.outage(c, Fault.DOWN, "grpc")),
        ("backend hanging, HTTP", seconds, lambda c: bench.outage(c, Fault.HANGING)),
        ("backend hanging, gRPC", seconds, lambda c: bench.outage(c, Fault.HANGING, "grpc")),
        ("answers drip, HTTP", shorter, lambda c: bench.outage(c, Fault.DRIPPING)),
        ("no fault", shorter, lambda c: bench.outage(c, Fault.NONE)),
        ("CA and certificates rotated, HTTP", shorter, bench.rotation),
        ("CA and certificates rotated, gRPC", shorter, lambda c: bench.rotation(c, "grpc")),
        ("token expired and renewed, HTTP", shorter, bench.expired_token),
        ("token expired and renewed, gRPC", shorter, lambda c: bench.expired_token(c, "grpc")),
        ("disk full, backend down", shorter, bench.full_disk),
    ]
    lines = [
        "| fault, at 2,000 spans/s | client | recorded | lost | of these counted | twice | leaked | µs CPU a span |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, lasting, run in faults:
        bench.seconds = lasting
        for client in ("guard", "stock"):
            lines.append(_row(f"{name}, {lasting:.0f} s", client, run(client)))
            print(lines[-1], file=sys.stderr, flush=True)
    killed = bench.kill("guard")
    lines.append(_row("kill -9 (`write_ahead`), of what was committed", "guard", killed))
    lines += ["", "| who answers | spans that left, guard | stock |", "|---|---|---|"]
    for kind in ATTACKS:
        lines.append(f"| {kind} | {bench.attack('guard', kind)} | {bench.attack('stock', kind)} |")
    return "\n".join(lines)


def _row(name: str, client: Client, figures: Figures) -> str:
    dropped = sum(
        count
        for label, count in figures.counts.items()
        if label.startswith(("dropped_", "rejected_"))
    )
    counted = f"{dropped:,}" if client == "guard" else "–"
    leaked = "yes" if figures.leaked else "no"
    cpu = f"{figures.cpu_us:.0f}" if figures.cpu_us else "–"
    return (
        f"| {name} | {client} | {figures.recorded:,} | **{figures.lost:,}** | {counted} "
        f"| {figures.duplicates:,} | {leaked} | {cpu} |"
    )


def main() -> None:
    """Write the table into docs/export.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long a fault lasts")
    parser.add_argument("--rate", type=float, default=2000.0, help="spans a second")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "collector").mkdir()
        with running_collector(directory / "collector") as collector:
            bench = Bench(directory, collector, seconds=arguments.seconds, rate=arguments.rate)
            made = table(bench)
    page = Path(__file__).parents[2] / "docs" / "export.md"
    text = page.read_text()
    before, _, rest = text.partition(MARKS[0])
    page.write_text(f"{before}{MARKS[0]}\n{made}\n{MARKS[1]}{rest.partition(MARKS[1])[2]}")


if __name__ == "__main__":
    main()
