"""`jaeger-guard reveal`: a role opens its own fields of a stored trace, on the record, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from e2e.plain import plain_provider
from jaeger_guard.audit import read, verify
from jaeger_guard.categories import CONTACT_EMAIL, FINANCIAL_IBAN
from jaeger_guard.cli import main
from jaeger_guard.keys import KEYS_ATTRIBUTE, Place, RoleKey, open_field, sealing
from jaeger_guard.keys.cryptographic import hpke_suite
from jaeger_guard.keys.providers import KeyFiles
from jaeger_guard.keys.ring import RoleRing
from jaeger_guard.keys.sealing import Passphrase
from jaeger_guard.keys.token import Token, authenticated, category_code, pad, write_token
from jaeger_guard.keys.wraps import Wrap, wrap_info, write_wraps
from servers.jaeger import Jaeger

PASSPHRASE = "correct-horse" + "-battery"
EMAIL = "ana" + "@example.com"
IBAN = "DE89370400440532013000"
TRACE = "0123456789abcdef" * 2
REASON = ["--reason", f"ticket 4711, asked by {EMAIL}"]


@dataclass(frozen=True)
class Sealed:
    """Encrypts as docs/encryption.md says, for some roles."""

    key_id: bytes
    data_key: bytes
    wraps: str

    @classmethod
    def to(cls, *role_keys: RoleKey) -> Sealed:
        key_id, data_key = os.urandom(8), os.urandom(32)
        wraps = [
            Wrap(
                key_id,
                key.role,
                key.epoch,
                hpke_suite().encrypt(
                    data_key, key.private_key.public_key(), wrap_info(key_id, key.role, key.epoch)
                ),
            )
            for key in role_keys
        ]
        return cls(key_id, data_key, write_wraps(wraps))

    def token(self, value: str, place: Place, category: str = CONTACT_EMAIL) -> str:
        nonce = os.urandom(12)
        beside = authenticated(self.key_id, category, place)
        sealed = AESGCM(self.data_key).encrypt(nonce, pad(value.encode()), beside)
        return write_token(Token(self.key_id, category_code(category), nonce, sealed))


@dataclass(frozen=True)
class Keys:
    """A key directory with the roles support and fraud, and how to seal for them."""

    directory: Path
    ring: RoleRing

    def of(self, role: str) -> RoleKey:
        return next(key for key in self.ring.role_keys([role]) if key.epoch == 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key directory, whose passphrase is derived at the least cost: slow is not what is tested."""
    directory = tmp_path_factory.mktemp("keys") / "keys"
    ring = RoleRing(KeyFiles(directory, create=True), Passphrase(lambda: PASSPHRASE))
    with mock.patch.dict(sealing._SCRYPT, n=2**14):
        ring.init("support")
        ring.init("fraud")
    return directory


@pytest.fixture
def keys(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keys:
    """A copy of the key directory, the passphrase in the environment, and an audit of this test."""
    directory = tmp_path / "keys"
    shutil.copytree(made, directory)
    directory.chmod(0o700)
    monkeypatch.setenv("JAEGER_GUARD_KEY_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("JAEGER_GUARD_AUDIT_DIRECTORY", str(tmp_path / "audit"))
    return Keys(directory, RoleRing(KeyFiles(directory), Passphrase(lambda: PASSPHRASE)))


def attributes_for(keys: Keys) -> dict[str, Any]:
    """Attributes with one field for support, one for fraud, and one in the midst of a text."""
    support, fraud = Sealed.to(keys.of("support")), Sealed.to(keys.of("fraud"))
    return {
        "user.mail": support.token(EMAIL, "user.mail"),
        "note": f"write to {support.token(EMAIL, 'note')} soon",
        "iban": fraud.token(IBAN, "iban", FINANCIAL_IBAN),
        "nested": {"mails": [support.token(EMAIL, ("nested", "mails", 0))]},
        KEYS_ATTRIBUTE: f"{support.wraps} {fraud.wraps}",
    }


def value_of(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        pairs = [{"key": key, "value": value_of(item)} for key, item in value.items()]
        return {"kvlistValue": {"values": pairs}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [value_of(item) for item in value]}}
    return {"stringValue": value}


def write(path: Path, attributes: Mapping[str, Any]) -> str:
    span = {
        "traceId": TRACE,
        "spanId": "00f067aa0ba902b7",
        "name": "order",
        "startTimeUnixNano": "1",
        "endTimeUnixNano": "2000001",
        "attributes": [{"key": key, "value": value_of(item)} for key, item in attributes.items()],
    }
    path.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}))
    return str(path)


def reveal(role_key: Path | str, *arguments: str) -> int:
    return main(["reveal", "--role-key", str(role_key), *REASON, *arguments])


def test_each_role_opens_its_own(
    keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Support reads what was written for it and not what was for fraud, and the other way round."""
    file = write(tmp_path / "trace.json", attributes_for(keys))
    assert reveal(keys.directory / "support.1.key", "--file", file, "--trace", TRACE) == 0
    out = capsys.readouterr().out
    assert out == (
        f"trace {TRACE}\n"
        "  order (, 2.0 ms)\n"
        f"      user.mail = {EMAIL}\n"
        f"      note = write to {EMAIL} soon\n"
        "      iban = [wrong role: financial.iban]\n"
        f'      nested = {{"mails": ["{EMAIL}"]}}\n'
    )
    assert reveal(keys.directory / "fraud.1.key", "--file", file) == 0
    out = capsys.readouterr().out
    assert IBAN in out and EMAIL not in out
    assert reveal(keys.directory, "--role", "fraud", "--file", file, "--format", "json") == 0
    [span] = json.loads(capsys.readouterr().out)
    shown = {field["key"]: field["value"] for field in span["fields"]}
    assert shown["iban"] == IBAN and shown["user.mail"] == "[wrong role: contact.email]"


def test_every_opening_is_in_the_audit(keys: Keys, tmp_path: Path) -> None:
    """Who, why, trace, category and key id of each; never a value, not even one in the reason."""
    file = write(tmp_path / "trace.json", attributes_for(keys))
    assert reveal(keys.directory / "support.1.key", "--file", file) == 0
    audit = tmp_path / "audit"
    assert verify([audit]).is_whole
    records = [record for record in read([audit]) if record.event == "reveal.opened"]
    assert [record.facts["key"] for record in records] == ["user.mail", "note", "nested"]
    for record in records:
        facts = record.facts
        assert (facts["trace"], facts["category"]) == (TRACE, CONTACT_EMAIL)
        assert (facts["role"], facts["epoch"], len(facts["key_id"])) == ("support", 1, 16)
        assert facts["uid"] == os.getuid() and facts["user"] and facts["host"]
        assert facts["reason"] == "ticket 4711, asked by [REDACTED:contact.email]"
    [refused] = [record for record in read([audit]) if record.event == "reveal.refused"]
    assert refused.facts["not_opened"] == {"wrong role": 1}
    written = b"".join(path.read_bytes() for path in audit.iterdir())
    assert EMAIL.encode() not in written and PASSPHRASE.encode() not in written


def test_nothing_is_shown_where_nothing_can_be_recorded(
    keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a record there is no opening."""
    file = write(tmp_path / "trace.json", attributes_for(keys))
    (tmp_path / "audit").mkdir(mode=0o700)
    (tmp_path / "audit" / "lock").mkdir()  # which nobody can open for writing, root neither
    assert reveal(keys.directory / "support.1.key", "--file", file) == 2
    shown = capsys.readouterr()
    assert EMAIL not in shown.out + shown.err and "nothing is shown" in shown.err


def test_another_roles_fields(
    keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where everything was written for others, that is exit 3."""
    fraud = Sealed.to(keys.of("fraud"))
    file = write(
        tmp_path / "trace.json",
        {"iban": fraud.token(IBAN, "iban", FINANCIAL_IBAN), KEYS_ATTRIBUTE: fraud.wraps},
    )
    assert reveal(keys.directory / "support.1.key", "--file", file) == 3
    assert IBAN not in capsys.readouterr().out
    assert [record.event for record in read([tmp_path / "audit"])] == ["reveal.refused"]


def test_a_destroyed_epoch(keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After its epoch's destruction a field opens no more, and one of the next epoch does."""
    old = Sealed.to(keys.of("support"))
    new = Sealed.to(next(key for key in keys.ring.role_keys(["support"]) if key.epoch == 2))
    files = [
        write(tmp_path / f"{name}.json", {"m": each.token(EMAIL, "m"), KEYS_ATTRIBUTE: each.wraps})
        for name, each in (("old", old), ("new", new))
    ]
    assert [reveal(keys.directory, "--file", file) for file in files] == [0, 0]
    keys.ring.destroy("support", 1, "test")
    capsys.readouterr()
    assert [reveal(keys.directory, "--file", file) for file in files] == [4, 0]
    assert capsys.readouterr().out.count(EMAIL) == 1


@pytest.mark.parametrize("change", ["moved", "changed", "without wraps"])
def test_what_was_tampered_with(
    change: str, keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One token that was moved, changed or bereft of its wraps is exit 5, whatever else opens."""
    attributes = attributes_for(keys)
    if change == "moved":
        attributes["other.mail"] = attributes["user.mail"]
    elif change == "changed":
        text = attributes["user.mail"]
        attributes["user.mail"] = text[:-3] + ("AA" if text[-3:-1] != "AA" else "BB") + text[-1]
    else:
        del attributes[KEYS_ATTRIBUTE]
    file = write(tmp_path / "trace.json", attributes)
    assert reveal(keys.directory / "support.1.key", "--file", file) == 5
    out = capsys.readouterr().out
    assert "[tampered: contact.email]" in out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--file", "{tmp}/nothing.json"],
        ["--file", "{tmp}/trace.json", "--trace", "f" * 32],
        ["--file", "{tmp}/trace.json", "--trace", "xyz"],
        ["--file", "{tmp}/trace.json", "--role", "nobody"],
        ["--endpoint", "https://127.0.0.1:1"],
        ["--endpoint", "https://127.0.0.1:1", "--trace", TRACE],
        ["--endpoint", "http://jaeger.example:16686", "--trace", TRACE],
    ],
)
def test_what_cannot_be_meant_or_read_is_exit_2(
    arguments: list[str], keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing named, no such trace or role, nobody there: exit 2, and a word why."""
    write(tmp_path / "trace.json", attributes_for(keys))
    given = [text.format(tmp=tmp_path) for text in arguments]
    assert reveal(keys.directory, *given) == 2
    assert capsys.readouterr().err


def test_a_reason_and_a_key_are_required(
    keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a reason, with an empty one, a wrong passphrase or no key there, nothing is opened."""
    file = write(tmp_path / "trace.json", attributes_for(keys))
    with pytest.raises(SystemExit) as ended:
        main(["reveal", "--role-key", str(keys.directory), "--file", file])
    assert ended.value.code == 2
    assert main(["reveal", "--role-key", str(keys.directory), "--file", file, "--reason", " "]) == 2
    assert reveal(tmp_path / "nothing.key", "--file", file) == 2
    monkeypatch.setenv("JAEGER_GUARD_KEY_PASSPHRASE", "another" + "-passphrase")
    assert reveal(keys.directory, "--file", file) == 2
    shown = capsys.readouterr()
    assert EMAIL not in shown.out + shown.err


def test_a_trace_without_encrypted_fields(keys: Keys, tmp_path: Path) -> None:
    """There is nothing to open: exit 1."""
    file = write(tmp_path / "trace.json", {"a": "b"})
    assert reveal(keys.directory, "--file", file) == 1


def test_without_a_directory_the_audit_is_the_users_own(
    keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An opening is recorded even where nobody has said where."""
    monkeypatch.delenv("JAEGER_GUARD_AUDIT_DIRECTORY")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    file = write(tmp_path / "trace.json", attributes_for(keys))
    assert reveal(keys.directory / "support.1.key", "--file", file) == 0
    assert "audit of this is in" in capsys.readouterr().err
    assert verify([tmp_path / "state" / "jaeger-guard" / "audit"]).records == 4


def test_a_terminal_obeys_nothing_in_a_field(
    keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What stands in a field is shown, and never obeyed."""
    sealed = Sealed.to(keys.of("support"))
    attributes = {"m": sealed.token("\x1b[31mred\n\x07", "m"), KEYS_ATTRIBUTE: sealed.wraps}
    assert reveal(keys.directory, "--file", write(tmp_path / "trace.json", attributes)) == 0
    assert "m = \\x1b[31mred\\n\\x07\n" in capsys.readouterr().out


def test_an_id_is_hexadecimal_or_none(
    keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a file says instead of an id, or of a time, forges no line, and stands in no audit."""
    sealed = Sealed.to(keys.of("support"))
    tags = {"m": sealed.token(EMAIL, "m"), KEYS_ATTRIBUTE: sealed.wraps}
    span = {
        "traceID": f"{EMAIL}\n  forged",
        "spanID": EMAIL,
        "operationName": "order",
        "duration": "9" * 4000,
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }
    file = tmp_path / "trace.json"
    file.write_text(json.dumps({"data": [{"spans": [span]}]}))
    assert reveal(keys.directory, "--file", str(file)) == 0
    assert "forged" not in capsys.readouterr().out
    [opened] = [each for each in read([tmp_path / "audit"]) if each.event == "reveal.opened"]
    assert EMAIL not in json.dumps(dict(opened.facts))


def test_a_store_that_shows_endless_spans_is_left(
    keys: Keys, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store that answers more spans than anybody reads fills no memory: exit 2, nothing shown."""
    from jaeger_guard.stored.query import QueryApi
    from jaeger_guard.stored.units import Unit

    def endless(_: QueryApi, trace: str) -> Iterator[Unit]:
        while True:
            yield Unit("trace", {"spans": [{"traceID": trace}] * 10})

    monkeypatch.setattr("jaeger_guard.cli.reveal._MOST_SPANS", 100)
    monkeypatch.setattr(QueryApi, "trace", endless)
    store = ("--trace", TRACE, "--endpoint", "http://127.0.0.1:9")
    assert reveal(keys.directory, *store) == 2
    shown = capsys.readouterr()
    assert not shown.out and "more spans" in shown.err


def test_a_token_that_stands_in_many_places_is_tried_in_few(
    keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that repeats a token makes as many trials as it has tokens, times a few."""
    from jaeger_guard.stored import revealing

    tried = []

    def counted(*arguments: Any) -> Any:
        tried.append(1)
        return open_field(*arguments)

    monkeypatch.setattr(revealing, "open_field", counted)
    sealed = Sealed.to(keys.of("support"))
    text = json.dumps([sealed.token(EMAIL, "elsewhere")] * 200)
    file = write(tmp_path / "trace.json", {"m": text, KEYS_ATTRIBUTE: sealed.wraps})
    assert reveal(keys.directory, "--file", file) == 5
    assert 200 <= len(tried) <= 200 * 10


@pytest.mark.e2e
def test_a_trace_of_a_real_jaeger(
    jaeger: Jaeger, keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same trace in a real Jaeger: by its API, and from what its UI saves, where maps are text."""
    certificates = jaeger.certificates
    provider = plain_provider(
        endpoint=jaeger.http_endpoint,
        protocol="http/protobuf",
        ca_file=str(certificates.ca_file),
        cert_file=str(certificates.client.cert_file),
        key_file=str(certificates.client.key_file),
        service="revealed",
    )
    tracer = provider.get_tracer("t")
    attributes = attributes_for(keys)
    with tracer.start_as_current_span("parent") as parent:
        tracer.start_span("child", attributes=attributes).end()
    trace_id = parent.get_span_context().trace_id
    provider.shutdown()
    jaeger.await_trace(trace_id)
    named = f"{trace_id:032x}"
    support = keys.directory / "support.1.key"
    assert reveal(support, "--endpoint", jaeger.query_url, "--trace", named) == 0
    out = capsys.readouterr().out
    assert out.count(EMAIL) == 3 and "[wrong role: financial.iban]" in out
    assert "\n    child (revealed," in out  # beneath its parent
    file = tmp_path / "saved.json"
    file.write_text(json.dumps({"data": [jaeger.trace(trace_id)]}))
    assert reveal(support, "--file", str(file)) == 0
    assert capsys.readouterr().out.count(EMAIL) == 3
    assert reveal(support, "--endpoint", jaeger.query_url, "--trace", "f" * 32) == 2
