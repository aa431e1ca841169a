"""The spool: nothing is lost while a backend is away, nothing on disk can be read, all is bounded."""

from __future__ import annotations

import base64
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import jaeger_guard
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import Backoff, Export, Sender, Spool
from jaeger_guard.export.spool import ResolvedSpool, SpoolStore
from jaeger_guard.export.spool import store as store_module
from jaeger_guard.export.spool.places import file_system, is_shared
from servers.otlp_sink import GrpcSink, HttpAnswer, HttpSink, running
from servers.process import poll

PLANTED = "anna.larsson" + "@example.org"
QUICK = Backoff(initial=0.01, longest=0.05, longest_in_flush=0.02)
SINKS = {"grpc": GrpcSink, "http/protobuf": HttpSink}


def request(name: str, size: int = 200) -> bytes:
    """Encode a request with one span of that name."""
    message = ExportTraceServiceRequest()
    span = message.resource_spans.add().scope_spans.add().spans.add()
    span.name = name
    span.attributes.add(key="note").value.string_value = PLANTED + "x" * size
    return bytes(message.SerializeToString())


def write_key(path: Path, *secrets: bytes) -> Path:
    """Write a key file, a new key where none is given."""
    lines = [base64.b64encode(secret) for secret in secrets or (os.urandom(32),)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A key, outside the directory of the spool."""
    return write_key(tmp_path / "spool.key")


@pytest.fixture
def open_store(tmp_path: Path, key_file: Path) -> Iterator[Callable[..., SpoolStore]]:
    """Open stores on one directory; all are closed afterwards."""
    opened: list[SpoolStore] = []

    def build(**fields: Any) -> SpoolStore:
        settings = Spool(tmp_path / "spool", **({"key_file": key_file} | fields)).resolve({})
        opened.append(SpoolStore(settings))
        opened[-1].maintain()
        return opened[-1]

    yield build
    for store in opened:
        store.close()


@pytest.fixture
def open_spooling(tmp_path: Path, key_file: Path) -> Iterator[Callable[..., Sender]]:
    """Start senders with a spool that retry quickly; all are stopped afterwards."""
    opened: list[Sender] = []

    def build(endpoint: str, protocol: Any = "http/protobuf", **fields: Any) -> Sender:
        timeout = fields.pop("timeout", 10.0)
        spool = Spool(tmp_path / "spool", **({"key_file": key_file} | fields))
        export = Export(endpoint=endpoint, protocol=protocol, spool=spool, timeout=timeout)
        opened.append(Sender.to(export.resolve({}), backoff=QUICK))
        return opened[-1]

    yield build
    for sender in opened:
        sender.shutdown(1.0)


def files_in(directory: Path) -> list[Path]:
    """List the spool's files."""
    return sorted(path for path in directory.iterdir() if path.is_file())


def names_of(store: SpoolStore) -> list[str]:
    """Take everything out of a store; answer the spans' names in that order."""
    names = []
    while (batch := store.take()) is not None:
        message = ExportTraceServiceRequest.FromString(batch.data)
        names.append(message.resource_spans[0].scope_spans[0].spans[0].name)
        store.settle(batch.ticket)
    return names


# --- what reaches the backend ------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["on_failure", "write_ahead"])
@pytest.mark.parametrize("protocol", SINKS)
def test_backend_that_comes_back_gets_all_in_order(
    protocol: str, mode: str, open_spooling: Callable[..., Sender], tmp_path: Path
) -> None:
    """While nothing listens a flush ends with all on disk; then all arrive, once, in order."""
    with running(SINKS[protocol]) as gone:
        endpoint, port = gone.endpoint, gone.port
    sender = open_spooling(endpoint, protocol, mode=mode)
    for number in range(30):
        sender.submit(request(f"{number:02}"), 1)
    assert sender.flush(60)
    assert sender.statistics()["spooled_spans"] == 30
    assert sender.statistics()["queued_spans"] == 0
    with running(SINKS[protocol], port=port) as sink:
        assert poll(lambda: len(sink.spans) >= 30, seconds=60)
        sender.submit(request("new"), 1)
        assert sender.flush(60)
        assert [span.name for span in sink.spans] == [*(f"{n:02}" for n in range(30)), "new"]
    assert sender.statistics()["sent"] == 31
    assert sender.statistics()["replayed"] >= 30
    assert sender.shutdown(60)
    assert files_in(tmp_path / "spool") == []


def test_shutdown_sends_what_another_process_left(
    open_store: Callable[..., SpoolStore], open_spooling: Callable[..., Sender], tmp_path: Path
) -> None:
    """A process that ends at once takes along what it found, where the backend answers."""
    store = open_store()
    for number in range(10):
        store.append(request(str(number)), 1)
    store.close()
    with HttpSink() as sink:
        sender = open_spooling(sink.endpoint)
        assert sender.shutdown(60)
        assert [span.name for span in sink.spans] == [str(number) for number in range(10)]
    assert files_in(tmp_path / "spool") == []


def test_hanging_backend_leaves_all_on_disk_in_time(
    open_spooling: Callable[..., Sender], tmp_path: Path
) -> None:
    """A flush doesn't outlast its deadline for a backend that never answers, and loses nothing."""
    hang = HttpAnswer(delay=600)
    with HttpSink(answers=(hang,) * 50) as sink:
        sender = open_spooling(sink.endpoint)
        for number in range(10):
            sender.submit(request(str(number)), 1)
        assert sender.flush(1.0)
        assert sink.payloads == []  # it didn't wait for an answer
        assert sender.statistics()["spooled_spans"] == 10
        sender.shutdown(0.5)
    assert len(files_in(tmp_path / "spool")) > 0


def test_refused_credential_keeps_all(open_spooling: Callable[..., Sender]) -> None:
    """A 401 pauses, and what waited arrives once the backend lets it in."""
    with HttpSink(answers=(HttpAnswer(401),) * 3) as sink:
        sender = open_spooling(sink.endpoint)
        for number in range(5):
            sender.submit(request(str(number)), 1)
            sender.flush(2)
        assert poll(lambda: len(sink.spans) == 5, seconds=60)


def test_nothing_readable_lies_on_the_disk(
    open_spooling: Callable[..., Sender], tmp_path: Path
) -> None:
    """Neither a planted value nor any piece of clear OTLP is in a file, and only we may read them."""
    with HttpSink() as gone:
        endpoint = gone.endpoint
    sender = open_spooling(endpoint, mode="write_ahead")
    body = request("GET /orders/{id}")
    sender.submit(body, 1)
    assert sender.flush(60)
    files = files_in(tmp_path / "spool")
    assert sum(path.stat().st_size for path in files) > len(body)
    for path in files:
        content = path.read_bytes()
        assert all(body[place : place + 12] not in content for place in range(len(body) - 12))
        assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700


# --- bounds ------------------------------------------------------------------------------------


def test_bytes_on_disk_are_bounded(open_store: Callable[..., SpoolStore], tmp_path: Path) -> None:
    """Database and log together never pass the bound; the oldest goes first, and is counted."""
    bound = 512 * 1024
    store = open_store(max_bytes=bound)
    directory = tmp_path / "spool"
    for number in range(200):
        size = (500, 20_000, 60_000)[number % 3]
        assert store.append(request(f"{number:03}", size), 1) is not None
        assert sum(path.stat().st_size for path in files_in(directory)) <= bound
    counts = store.statistics()
    assert counts["dropped_spool_full"] + counts["spooled_spans"] == 200
    assert counts["spooled_spans"] >= 5
    kept = names_of(store)
    assert kept == [f"{number:03}" for number in range(200 - len(kept), 200)]
    assert store.append(request("too large", bound), 1) is None


def test_age_is_bounded(
    open_store: Callable[..., SpoolStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that is older than max_age is dropped, and counted."""
    store = open_store(max_age=3600.0)
    store.append(request("old"), 3)
    later = SimpleNamespace(time=lambda: time.time() + 3601, monotonic=time.monotonic)
    monkeypatch.setattr(store_module, "time", later)
    store.append(request("new"), 1)
    store.maintain()
    assert store.statistics()["dropped_spool_age"] == 3
    assert names_of(store) == ["new"]


def test_emptied_file_gives_its_room_back(
    open_store: Callable[..., SpoolStore], tmp_path: Path
) -> None:
    """Once a large backlog is sent, its disk space is free again."""
    store = open_store()
    for number in range(40):
        store.append(request(str(number), 100_000), 1)
    assert store.statistics()["spooled_bytes"] > 4_000_000
    assert len(names_of(store)) == 40
    store.maintain()
    assert store.statistics()["spooled_bytes"] < 500_000


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.99])
def test_torn_write_costs_only_what_was_not_committed(
    share: float, open_store: Callable[..., SpoolStore], tmp_path: Path, key_file: Path
) -> None:
    """After a power failure in the middle of a write all that was committed before it is there."""
    store = open_store(mode="write_ahead", max_bytes=64 << 20)
    for number in range(5):
        store.append(request(str(number), 9000), 1)
    (database, log) = files_in(tmp_path / "spool")
    before = log.stat().st_size
    store.append(request("torn", 9000), 1)
    torn = before + int(share * (log.stat().st_size - before))
    (tmp_path / "after").mkdir()
    (tmp_path / "after" / database.name).write_bytes(database.read_bytes())
    (tmp_path / "after" / log.name).write_bytes(log.read_bytes()[:torn])
    settings = Spool(tmp_path / "after", key_file=key_file, mode="write_ahead").resolve({})
    recovered = SpoolStore(settings)
    recovered.maintain()
    assert names_of(recovered) == [str(number) for number in range(5)]
    recovered.close()


# --- keys --------------------------------------------------------------------------------------


def test_keys_rotate(open_store: Callable[..., SpoolStore], key_file: Path) -> None:
    """A new key above the old one seals from then on; a restarted process opens what both sealed."""
    old, new = os.urandom(32), os.urandom(32)
    write_key(key_file, old)
    store = open_store()
    store.append(request("under the old"), 1)
    write_key(key_file, new)
    store.append(request("under the new"), 1)
    store.close()
    write_key(key_file, new, old)
    store = open_store()
    assert names_of(store) == ["under the old", "under the new"]
    store.append(request("again under the new"), 1)
    store.close()
    write_key(key_file, new)
    assert names_of(open_store()) == ["again under the new"]


def test_lost_key_sets_the_old_data_aside(
    open_store: Callable[..., SpoolStore], key_file: Path, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Without its key a file is set aside and told of once; what comes next goes on."""
    store = open_store()
    store.append(request("lost"), 2)
    store.close()
    write_key(key_file)
    with caplog.at_level(logging.WARNING):
        store = open_store()
        assert store.take() is None
        store.maintain()
    assert store.statistics()["spool_unreadable"] == 2
    assert store.statistics()["spool_files_set_aside"] == 1
    assert [path.suffix for path in files_in(tmp_path / "spool")] == [".aside"]
    assert len([r for r in caplog.records if "key is lost" in r.getMessage()]) == 1
    store.append(request("next"), 1)
    assert names_of(store) == ["next"]


def test_key_from_callable_and_environment(tmp_path: Path) -> None:
    """The key may come from the application or the environment; neither is ever shown."""
    secret = os.urandom(32)
    text = base64.b64encode(secret).decode()
    named = Spool(tmp_path / "a", key=lambda: secret)
    assert named.resolve({}).keys.current().secret == secret
    environ = {
        "JAEGER_GUARD_SPOOL_DIRECTORY": str(tmp_path / "b"),
        "JAEGER_GUARD_SPOOL_KEY": text,
        "JAEGER_GUARD_SPOOL_MODE": "write_ahead",
        "JAEGER_GUARD_SPOOL_MAX_BYTES": "1000000",
        "JAEGER_GUARD_SPOOL_MAX_AGE": "60",
    }
    resolved = Export().resolve(environ).spool
    assert isinstance(resolved, ResolvedSpool)
    assert (resolved.mode, resolved.max_bytes, resolved.max_age) == ("write_ahead", 1000000, 60)
    assert resolved.keys.current().secret == secret
    shown = repr((resolved, resolved.keys, resolved.keys.current(), named))
    assert text not in shown and secret.hex() not in shown and repr(secret)[2:10] not in shown


# --- files of others, and damaged ones ---------------------------------------------------------


@pytest.mark.parametrize(
    "damage", ["garbage", "cut", "flipped", "foreign", "trigger", "typed", "swapped"]
)
def test_damaged_and_foreign_files_stop_nobody(
    damage: str, open_store: Callable[..., SpoolStore], tmp_path: Path
) -> None:
    """Whatever lies there under our name, or was done to a file of ours, the next batch goes on."""
    store = open_store()
    for number in range(50):
        store.append(request(str(number), 3000), 1)
    store.close()
    (path,) = files_in(tmp_path / "spool")
    content = path.read_bytes()
    if damage == "garbage":
        path.write_bytes(os.urandom(50_000))
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        path.write_bytes(content[:8192] + bytes(byte ^ 255 for byte in content[8192:]))
    elif damage == "foreign":
        path.unlink()
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE batch (id, created, spans, key_id, sealed)")
        other.close()
    else:
        with sqlite3.connect(path) as other:
            if damage == "typed":
                other.execute("UPDATE batch SET spans = x'00', created = 'soon' WHERE id = 3")
            elif damage == "trigger":
                other.execute("CREATE TRIGGER t AFTER DELETE ON batch BEGIN SELECT 1; END")
            else:
                other.execute(
                    "UPDATE batch SET sealed = (SELECT sealed FROM batch WHERE id = 1) WHERE id = 2"
                )
        other.close()
    store = open_store()
    taken = names_of(store)
    if damage == "swapped":
        assert taken == [str(number) for number in range(50) if number != 1]
    else:
        assert taken == [] or damage in ("cut", "typed")
    store.maintain()
    assert store.append(request("next"), 1) is not None
    assert names_of(store) == ["next"]
    store.close()
    assert {path.suffix for path in files_in(tmp_path / "spool")} <= {".aside", ".aside-wal"}


def test_directory_that_vanishes_is_made_again(
    open_store: Callable[..., SpoolStore], tmp_path: Path
) -> None:
    """Somebody who cleans up costs what was there, and nothing after it."""
    store = open_store()
    store.append(request("gone"), 1)
    for path in files_in(tmp_path / "spool"):
        path.unlink()
    (tmp_path / "spool").rmdir()
    assert store.append(request("next"), 1) is not None
    assert names_of(store) == ["next"]


def test_file_that_others_can_read_is_closed_to_them(
    open_store: Callable[..., SpoolStore], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A spool's file with a loose mode is told of, made 0600, and used: it is sealed anyway."""
    store = open_store()
    store.append(request("one"), 1)
    store.close()
    (path,) = files_in(tmp_path / "spool")
    path.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        assert names_of(open_store()) == ["one"]
    assert "could be read by others" in caplog.text


def test_replay_keeps_to_its_rate(open_spooling: Callable[..., Sender]) -> None:
    """A backend that comes back is given the backlog at the rate that is set, and no faster."""
    with HttpSink() as gone:
        endpoint, port = gone.endpoint, gone.port
    sender = open_spooling(endpoint, replay_rate=100)
    for number in range(11):
        sender.submit(request(str(number)), 10)
    assert sender.flush(60)
    before = time.monotonic()  # the first batch; a busy machine makes it longer, never shorter
    with HttpSink(port=port) as sink:
        assert sink.wait_for(11)
        assert time.monotonic() - before > 0.8  # ten more of ten spans, at a hundred a second


# --- refusals ----------------------------------------------------------------------------------


def test_what_cannot_be_kept_is_refused(tmp_path: Path, key_file: Path) -> None:
    """No key, a key for all to read, in the directory, or none at all: an error that says where."""
    spool = tmp_path / "spool"
    spool.mkdir()
    loose = write_key(tmp_path / "loose.key")
    loose.chmod(0o644)
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    sticky = tmp_path / "sticky"  # as /tmp is
    sticky.mkdir()
    sticky.chmod(0o1777)
    bad = tmp_path / "bad.key"
    bad.write_text("hunter" + "2" * 20)
    bad.chmod(0o600)
    cases: list[tuple[Spool, str]] = [
        (Spool(spool), "Spool.key_file"),
        (Spool(spool, key_file=tmp_path / "missing.key"), "Spool.key_file"),
        (Spool(spool, key_file=loose), "0600"),
        (Spool(spool, key_file=write_key(spool / "inside.key")), "directory"),
        (Spool(spool, key_file=bad), "base64"),
        (Spool(spool, key=lambda: b"short"), "Spool.key"),
        (Spool(spool, key_file=key_file, key=lambda: bytes(32)), "two sources"),
        (Spool(spool, key_file=key_file, max_bytes=10), "Spool.max_bytes"),
        (Spool(spool, key_file=key_file, max_age=-1), "Spool.max_age"),
        (Spool(spool, key_file=key_file, mode="sometimes"), "write_ahead"),  # type: ignore[arg-type]
        (Spool(key_file=key_file), "Spool.directory"),
        (Spool(shared, key_file=key_file), "0700"),
        (Spool(sticky, key_file=key_file), "0700"),
        (Spool(key_file, key_file=write_key(tmp_path / "other.key")), "directory"),
    ]
    for settings, told in cases:
        with pytest.raises(ConfigurationError) as refusal:
            Export(spool=settings).resolve({})
        assert told in str(refusal.value)
        assert "hunter2" not in str(refusal.value)
    with pytest.raises(ConfigurationError, match="JAEGER_GUARD_SPOOL_MODE"):
        Export().resolve({"JAEGER_GUARD_SPOOL_MODE": "on_failure"})


def test_network_file_systems_are_told_apart() -> None:
    """The mount that a path lies on is found, however its name is written; shared ones are known."""
    mounts = "\n".join(
        [
            "/dev/vda / ext4 rw 0 0",
            "server:/data /mnt/nfs nfs4 rw 0 0",
            "tmpfs /mnt/nfs/local tmpfs rw 0 0",
            "user@host: /mnt/my\\040disk fuse.sshfs rw 0 0",
            "overlay /over overlay rw 0 0",
            "bucket /mnt/bucket fuse rw 0 0",
            "/dev/sda1 /mnt/stick fuseblk rw 0 0",
        ]
    )
    found = {
        path: file_system(Path(path), mounts)
        for path in ("/var/spool", "/mnt/nfs/x/y", "/mnt/nfs/local/x", "/mnt/my disk/x", "/over/x",
                     "/mnt/bucket/x", "/mnt/stick/x")
    }  # fmt: skip
    kinds = ["ext4", "nfs4", "tmpfs", "fuse.sshfs", "overlay", "fuse", "fuseblk"]
    assert list(found.values()) == kinds
    assert [is_shared(kind) for kind in kinds] == [False, True, False, True, False, True, False]


def test_memory_is_no_place_for_write_ahead(
    key_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """On tmpfs `write_ahead` is refused, since it can't survive a power loss; `on_failure` warns."""
    directory = Path(f"/dev/shm/jaeger-guard-{os.getpid()}")
    try:
        with pytest.raises(ConfigurationError, match="tmpfs"):
            Spool(directory, key_file=key_file, mode="write_ahead").resolve({})
        with caplog.at_level(logging.WARNING):
            Spool(directory, key_file=key_file).resolve({})
        assert "survives a restart of the process" in caplog.text
    finally:
        directory.rmdir()


# --- processes ---------------------------------------------------------------------------------

LIFE = """
import os, sys, time
from jaeger_guard.export import Backoff, Export, Sender, Spool
endpoint, directory, key_file, mode, act = sys.argv[1:]
spool = Spool(directory, key_file=key_file, mode=mode)
sender = Sender.to(Export(endpoint=endpoint, protocol="http/protobuf", spool=spool).resolve({}),
                   backoff=Backoff(initial=0.01, longest=0.05))
body = bytes.fromhex(sys.stdin.readline())
if act == "die":
    for _ in range(20):
        sender.submit(body, 1)
    print(sender.flush(2), flush=True)
    time.sleep(600)
elif act == "replay":
    assert sender.flush(60)
    deadline = time.monotonic() + 60
    while sender.statistics()["spooled_spans"] or not sender.statistics()["sent"]:
        assert time.monotonic() < deadline, sender.statistics()
        time.sleep(0.01)
    sender.shutdown(5)
elif act == "fork":
    sender.submit(body, 1)
    assert sender.flush(60)
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            sender.submit(body, 1)
            done = sender.flush(60) and sender.statistics()["spooled_spans"] >= 1
            os._exit(0 if done else 1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    sender.submit(body, 1)
    assert sender.flush(60)
    print(sender.statistics()["spooled_spans"], flush=True)
    sender.shutdown(1)
elif act == "full":
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    for _ in range(400):
        sender.submit(body, 1)
    sender.flush(2)
    counts = sender.statistics()
    assert counts["spooled_spans"] > 20 and counts["queued_spans"] > 20, counts
    assert counts["spooled_spans"] + counts["queued_spans"] == 400, counts
    print(counts["spool_write_failures"] > 0, flush=True)
    sys.stdin.readline()
    assert sender.flush(60)
    deadline = time.monotonic() + 60
    while sender.statistics()["sent"] < 400:
        assert time.monotonic() < deadline, sender.statistics()
        time.sleep(0.01)
    sender.shutdown(5)
"""


class Life:
    """A process that spools to the directory of this test."""

    def __init__(self, act: str, tmp_path: Path, endpoint: str, mode: str = "on_failure") -> None:
        source = str(Path(jaeger_guard.__path__[0]).parent)
        arguments = [endpoint, str(tmp_path / "spool"), str(tmp_path / "spool.key"), mode, act]
        self.process = subprocess.Popen(
            [sys.executable, "-c", LIFE, *arguments],
            env=os.environ | {"PYTHONPATH": source},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.tell(request(f"{act} {PLANTED}", 1000).hex())

    def tell(self, line: str) -> None:
        """Write a line to its input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def line(self) -> bytes:
        """Read a line of its output."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self) -> int:
        """Wait for its end."""
        with self.process:
            return self.process.wait(timeout=60)


@pytest.fixture
def live(tmp_path: Path, key_file: Path) -> Iterator[Callable[..., Life]]:
    """Start processes; all are ended afterwards."""
    assert key_file.exists()
    started: list[Life] = []

    def start(act: str, endpoint: str, mode: str = "on_failure") -> Life:
        started.append(Life(act, tmp_path, endpoint, mode))
        return started[-1]

    yield start
    for life in started:
        life.process.kill()
        life.end()


@pytest.mark.parametrize("mode", ["on_failure", "write_ahead"])
def test_killed_process_leaves_all_to_the_next(
    mode: str, live: Callable[..., Life], tmp_path: Path
) -> None:
    """What a killed process had committed is adopted by the next one, and arrives."""
    with HttpSink() as gone:
        endpoint, port = gone.endpoint, gone.port
    life = live("die", endpoint, mode)
    assert life.line() == b"True\n"
    life.process.send_signal(signal.SIGKILL)
    assert life.end() == -signal.SIGKILL
    with HttpSink(port=port) as sink:
        assert live("replay", endpoint, mode).end() == 0
        assert len(sink.spans) == 20
    assert files_in(tmp_path / "spool") == []


def test_write_ahead_survives_a_kill_while_the_backend_hangs(live: Callable[..., Life]) -> None:
    """In `write_ahead` what was handed over is on disk although no answer has come yet."""
    with HttpSink(answers=(HttpAnswer(delay=60),) * 50) as sink:
        life = live("die", sink.endpoint, "write_ahead")
        assert poll(lambda: len(sink.received) > 0, seconds=60)
        assert life.line() == b"True\n"
        life.process.kill()
        life.end()
        port = sink.port
    with HttpSink(port=port) as sink:
        assert live("replay", sink.endpoint, "write_ahead").end() == 0
        assert len(sink.spans) == 20


@pytest.mark.parametrize("mode", ["on_failure", "write_ahead"])
def test_forked_children_have_files_of_their_own(
    mode: str, live: Callable[..., Life], tmp_path: Path
) -> None:
    """Parent and children spool beside each other; what each has written arrives once."""
    with HttpSink() as gone:
        endpoint, port = gone.endpoint, gone.port
    life = live("fork", endpoint, mode)
    assert int(life.line()) >= 2
    assert life.end() == 0
    with HttpSink(port=port) as sink:
        assert live("replay", endpoint, mode).end() == 0
        assert len(sink.spans) == 5


def test_full_disk_costs_nothing_that_memory_holds(
    live: Callable[..., Life], tmp_path: Path
) -> None:
    """When the disk takes no more, the rest waits in memory, and all arrives in the end."""
    with HttpSink() as gone:
        endpoint, port = gone.endpoint, gone.port
    life = live("full", endpoint)
    assert life.line() == b"True\n"
    with HttpSink(port=port) as sink:
        life.tell("go on")
        assert life.end() == 0
        assert len(sink.spans) >= 400
    assert files_in(tmp_path / "spool") == []
