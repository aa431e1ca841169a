"""What lies in a store's files: nothing planted with the guard, and all of it without."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from jaeger_guard import Export, configure
from jaeger_guard.audit import read, verify
from jaeger_guard.cli import main
from jaeger_guard.keys import sealing
from jaeger_guard.stored.query import QueryApi, QueryEndpoint
from servers.jaeger_storage import BadgerJaeger, blocks, found_on_disk, running_badger, validate
from servers.process import poll

pytestmark = pytest.mark.e2e
BENIGN = secrets.token_hex(16)  # a prefix would be compressed away


def plant(provider: TracerProvider) -> tuple[list[str], int]:
    """Record a span with values that a compressed file holds whole; answer them, and the trace."""
    random = [secrets.token_hex(16) for _ in range(4)]
    email = f"a{random[1]}@example.org"
    with provider.get_tracer("t").start_as_current_span("order") as span:
        span.set_attribute("user.password", random[0])
        span.set_attribute("note", f"call {email}")
        span.set_attribute("url.full", f"https://shop.example/?token={random[2]}&page=1")
        span.set_attribute("order.reference", BENIGN)
        span.add_event("login", {"session_token": random[3]})
    return random, span.get_span_context().trace_id


def guarded(jaeger: BadgerJaeger) -> tuple[list[str], int]:
    guard = configure(
        export=Export(endpoint=jaeger.endpoint, protocol="http/protobuf"),
        resource={"service.name": "guarded"},
    )
    planted = plant(guard.tracer_provider)
    guard.shutdown()
    return planted


def unguarded(jaeger: BadgerJaeger) -> tuple[list[str], int]:
    provider = TracerProvider(resource=Resource.create({"service.name": "unguarded"}))
    exporter = OTLPSpanExporter(endpoint=f"{jaeger.endpoint}/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    planted = plant(provider)
    provider.shutdown()
    return planted


def await_traces(jaeger: BadgerJaeger, traces: list[int]) -> None:
    with QueryApi(QueryEndpoint(url=jaeger.query_url)) as api:

        def are_there() -> bool:
            try:
                return all(list(api.trace(f"{trace:032x}")) for trace in traces)
            except Exception:
                return False

        assert poll(are_there, seconds=60)


def pieces(value: str) -> list[str]:
    """All pieces of twelve characters, which stand in nothing else by chance."""
    return [value[start : start + 12] for start in range(len(value) - 11)]


def test_badgers_files_hold_nothing_that_was_planted(tmp_path: Path) -> None:
    """Live and after a stop: of a guarded service nothing, of an unguarded one everything."""
    with running_badger(tmp_path) as jaeger:
        hidden, hidden_trace = guarded(jaeger)
        open_values, open_trace = unguarded(jaeger)
        await_traces(jaeger, [hidden_trace, open_trace])
        everything = [*hidden, *open_values, BENIGN]
        assert found_on_disk(jaeger.store, everything) == {*open_values, BENIGN}
    # A stop writes tables that Snappy compresses: a piece of a value that stood there before, by chance
    # four characters of hexadecimal digits, is a reference. So it is pieces that are looked for.
    of_pieces = {piece: value for value in [*hidden, *open_values] for piece in pieces(value)}
    found = {of_pieces[piece] for piece in found_on_disk(jaeger.store, of_pieces)}
    assert found == set(open_values)


@pytest.mark.parametrize("backend", sorted(blocks()))
def test_the_pages_configurations_are_valid(backend: str, tmp_path: Path) -> None:
    """The real Jaeger accepts each configuration of docs/storage.md, and would refuse a wrong word."""
    text = blocks()[backend]
    status, said = validate(text, tmp_path)
    assert status == 0, said
    status, said = validate(
        text.replace("      short:", "      short: &x\n        nonsense:", 1), tmp_path
    )
    assert status != 0


POLICY = """
extends = ["baseline"]

[pseudonyms]
key_file = "pseudonyms.key"

[roles.support]
categories = ["contact.*"]
public_keys = "support.json"

[roles.fraud]
categories = ["financial.*"]
public_keys = "fraud.json"

[[rules]]
category = "contact.*"
action = "encrypt"
search = true

[[rules]]
category = "financial.iban"
action = "encrypt"

[[rules]]
category = "identity.user"
action = "pseudonymize"
"""
IBAN = "DE89370400440532013000"


class Team:
    """A security team: its key directory, and what it does by the command line."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.keys = directory / "keys"
        (directory / "pseudonyms.key").write_bytes(base64.b64encode(secrets.token_bytes(32)))
        (directory / "pseudonyms.key").chmod(0o600)
        (directory / "policy.toml").write_text(POLICY)

    def do(self, command: str, role: str, *more: str) -> None:
        place = ["--directory", str(self.keys), "--role", role]
        assert main(["keys", command, *place, *more]) == 0

    def publish(self) -> None:
        for role in ("support", "fraud"):
            self.do("publish", role, "--output", str(self.directory / f"{role}.json"))

    def reveal(self, role: str, jaeger: BadgerJaeger, trace: int) -> int:
        return main(
            [
                *("reveal", "--role-key", str(self.keys), "--role", role),
                *("--endpoint", jaeger.query_url, "--trace", f"{trace:032x}"),
                *("--reason", "a test of ours"),
            ]
        )


def send_encrypted(jaeger: BadgerJaeger, policy: Path, email: str) -> int:
    guard = configure(
        policy=policy,
        export=Export(endpoint=jaeger.endpoint, protocol="http/protobuf"),
        resource={"service.name": "encrypting"},
    )
    with guard.tracer_provider.get_tracer("t").start_as_current_span("order") as span:
        span.set_attribute("note", f"call {email}")
        span.set_attribute("iban", IBAN)
        span.set_attribute("enduser.id", f"user-{email.partition('@')[0]}")
        span.set_attribute("payer", {"mails": [email]})
        span.add_event("mailed", {"to": email})
    guard.shutdown()
    return span.get_span_context().trace_id


def test_roles_erasure_and_scan_on_a_real_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each role opens its own of one trace; a destroyed epoch opens no more, a new one does.

    The store's files hold no value, and a scan finds nothing in what was encrypted or pseudonymized.
    """
    monkeypatch.setenv("JAEGER_GUARD_KEY_PASSPHRASE", "correct-horse" + "-battery")
    monkeypatch.setitem(sealing._SCRYPT, "n", 2**14)  # slow is not what is tested
    team = Team(tmp_path)
    team.do("init", "support")
    team.do("init", "fraud")
    team.publish()
    emails = [f"a{secrets.token_hex(16)}@example.org" for _ in range(2)]
    with running_badger(tmp_path) as jaeger:
        old = send_encrypted(jaeger, tmp_path / "policy.toml", emails[0])
        await_traces(jaeger, [old])
        capsys.readouterr()
        assert team.reveal("support", jaeger, old) == 0
        shown = capsys.readouterr().out
        assert shown.count(emails[0]) == 3 and IBAN not in shown
        assert team.reveal("fraud", jaeger, old) == 0
        shown = capsys.readouterr().out
        assert IBAN in shown and emails[0] not in shown
        team.do("rotate", "support")
        team.publish()
        new = send_encrypted(jaeger, tmp_path / "policy.toml", emails[1])
        await_traces(jaeger, [new])
        team.do("destroy", "support", "--epoch", "1", "--yes")
        capsys.readouterr()
        assert team.reveal("support", jaeger, old) == 4
        assert team.reveal("support", jaeger, new) == 0
        shown = capsys.readouterr().out
        assert emails[0] not in shown and shown.count(emails[1]) == 3
        status = main(["scan", "--endpoint", jaeger.query_url, "--since", "1h"])
        assert (status, capsys.readouterr().out) == (0, "2 spans looked through: nothing found.\n")
        hexadecimal = [email[1:33] for email in emails]
        assert found_on_disk(jaeger.store, hexadecimal) == set()
    assert found_on_disk(jaeger.store, hexadecimal) == set()
    audit = team.keys / "audit"
    assert verify([audit]).is_whole
    told = [record.event for record in read([audit])]
    assert told.count("reveal.opened") == 7 and "keys.destroy" in told
