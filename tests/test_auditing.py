"""What a running guard writes into its audit, through configure(), protect() and their environment."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.util._once import Once

from jaeger_guard import Audit, Exemption, Export, Policy, Rule, configuration, configure, protect
from jaeger_guard.audit import Record, read, verify
from jaeger_guard.errors import ConfigurationError
from servers.otlp_sink import HttpSink

EMAIL = "jo" + "@example.com"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start and end without a global provider, and without any variable that matters."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "JAEGER_GUARD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_BSP_EXPORT_TIMEOUT", "3000")
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(configuration, "_installed", None)
    yield
    if configuration._installed is not None:
        configuration._installed.guard.shutdown()


def records(directory: Path) -> list[Record]:
    """Read an audit that must be whole."""
    assert verify([directory]).is_whole
    return list(read([directory]))


def events(directory: Path) -> list[str]:
    return [record.event for record in records(directory)]


def facts(directory: Path, event: str) -> dict[str, Any]:
    [found] = [record for record in records(directory) if record.event == event]
    return dict(found.facts)


def test_a_guards_life_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start, policy with its digest, counts and findings, and the end; never a value."""
    monkeypatch.setenv("JAEGER_GUARD_AUDIT_DIRECTORY", str(tmp_path / "audit"))
    with HttpSink() as sink:
        guard = configure(
            export=Export(endpoint=sink.endpoint, protocol="http/protobuf"),
            resource={"service.name": "shop"},
        )
        assert guard.audit is not None
        with guard.tracer_provider.get_tracer("t").start_as_current_span("order") as span:
            span.set_attribute("user.note", f"call {EMAIL}")
        guard.shutdown()
        assert guard.statistics()["audit_lost"] == 0
    assert events(tmp_path / "audit") == [
        "guard.started",
        "policy.loaded",
        "guard.counts",
        "guard.stopped",
    ]
    assert facts(tmp_path / "audit", "policy.loaded")["digest"] == guard.policy.digest
    counted = facts(tmp_path / "audit", "guard.counts")
    assert counted["service"] == "shop" and counted["counts"]["scrubbed"] == 1
    assert counted["findings"] == {"contact.email/attribute/redact": 1}
    written = b"".join(path.read_bytes() for path in (tmp_path / "audit").iterdir())
    assert EMAIL.encode() not in written


def test_another_policy_than_before_is_recorded_as_a_change(tmp_path: Path) -> None:
    """The first policy of a service is loaded, another one changes it, the same is loaded again."""
    audit = Audit(directory=str(tmp_path / "audit"))
    for rules in ((), (Rule(key="a", action="redact"),), (Rule(key="a", action="redact"),)):
        provider = TracerProvider()
        protect(provider, Policy(rules=rules, audit=audit)).shutdown()
    told = [record for record in records(tmp_path / "audit") if record.event.startswith("policy.")]
    assert [record.event for record in told] == ["policy.loaded", "policy.changed", "policy.loaded"]
    assert told[1].facts["digest_before"] == told[0].facts["digest"] != told[1].facts["digest"]


class _Refuses(SpanProcessor):
    def on_end(self, span: ReadableSpan) -> None:
        raise ValueError(EMAIL)


def test_what_fails_closed_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A span that is quarantined, and a processor that raises, are in the audit by kind and count."""
    monkeypatch.setenv("JAEGER_GUARD_AUDIT_DIRECTORY", str(tmp_path / "audit"))
    provider = TracerProvider()
    guard = protect(provider)
    read_spans: list[str] = []

    class Reads(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            read_spans.append(span.name)

    provider.add_span_processor(Reads())
    provider.add_span_processor(_Refuses())

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(EMAIL)

    monkeypatch.setattr(guard._spans.scrubber, "attributes", fail)
    provider.get_tracer("t").start_span("order", attributes={"a": EMAIL}).end()
    guard.shutdown()
    assert read_spans == ["[QUARANTINED]"]
    failed = facts(tmp_path / "audit", "guard.failed_closed")
    assert failed["quarantined"] == 1 and sum(failed["reasons"].values()) == 1
    assert facts(tmp_path / "audit", "guard.processor_failed")["counts"] == {"_Refuses.on_end": 1}
    written = b"".join(path.read_bytes() for path in (tmp_path / "audit").iterdir())
    assert EMAIL.encode() not in written


PREFORK = """
import os, sys
import jaeger_guard
from opentelemetry.sdk.trace import TracerProvider
provider = TracerProvider()
guard = jaeger_guard.protect(provider)
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        guard.shutdown()
        os._exit(0)
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
"""


def test_forked_workers_share_the_chain_and_atexit_ends_it(tmp_path: Path) -> None:
    """A master and its forked workers write one whole chain; a plain exit writes the end, too."""
    environ = {**os.environ, "JAEGER_GUARD_AUDIT_DIRECTORY": str(tmp_path / "audit")}
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PREFORK], env=environ, check=True, timeout=300
    )
    assert events(tmp_path / "audit").count("guard.stopped") == 4
    assert len({record.pid for record in records(tmp_path / "audit")}) == 4


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"KEY_FILE": "/nowhere/a.key"}, "no audit without a directory"),
        ({"DIRECTORY": "{tmp}", "KEY_FILE": "/nowhere/a.key"}, "can't be read"),
        ({"DIRECTORY": "{tmp}", "KEEP_FILES": "1"}, "keep_files is out of range"),
        ({"DIRECTORY": "{tmp}", "INTERVAL": "soon"}, "interval is a text"),
        ({"DIRECTORY": "/dev/null/audit"}, "can't be made or written"),
    ],
)
def test_what_cannot_be_honoured_is_an_error_before_anything_is_guarded(
    variables: dict[str, str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong setting is a ConfigurationError, and the provider is left as it was."""
    for name, text in variables.items():
        monkeypatch.setenv(f"JAEGER_GUARD_AUDIT_{name}", text.format(tmp=tmp_path / "audit"))
    provider = TracerProvider()
    before = type(provider._active_span_processor)
    with pytest.raises(ConfigurationError, match=message):
        protect(provider)
    assert type(provider._active_span_processor) is before


def test_a_policy_file_names_the_audit(tmp_path: Path) -> None:
    """`[audit]` in a policy is enough; the environment comes before it."""
    file = tmp_path / "policy.toml"
    file.write_text(f'[audit]\ndirectory = "{tmp_path / "audit"}"\ninterval = 60\n')
    protect(TracerProvider(), file).shutdown()
    assert "policy.loaded" in events(tmp_path / "audit")


def test_exceptions_and_findings_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each exception with owner and end, when it ends, and what guard.check() finds, once."""
    monkeypatch.setenv("JAEGER_GUARD_AUDIT_DIRECTORY", str(tmp_path / "audit"))
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    policy = Policy(
        rules=(Rule(key="debug.*", action="unsafe_keep"),),
        exceptions=(
            Exemption(key="a", owner="team-a", reason="migration", expires="2020-01-01"),
            Exemption(key="b", owner="team-b", reason="migration", expires=soon),
        ),
    )
    guard = protect(TracerProvider(), policy)
    auditor = guard._auditor
    assert auditor is not None
    found = {finding.id for finding in guard.check()}
    assert found
    auditor.look_at_configuration()
    auditor.look_at_configuration()
    clock = SimpleNamespace(time=lambda: soon.timestamp() + 1)
    monkeypatch.setattr("jaeger_guard.auditing.time", clock)
    guard.shutdown()
    told = records(tmp_path / "audit")
    exceptions = [dict(each.facts) for each in told if each.event == "policy.exception"]
    assert [(each["owner"], each["where"], each["ended"]) for each in exceptions] == [
        ("team-a", "key a", True),
        ("team-b", "key b", False),
    ]
    ended = [each.facts["owner"] for each in told if each.event == "policy.exception_ended"]
    assert ended == ["team-b"]
    findings = [each.facts["id"] for each in told if each.event == "configuration.finding"]
    assert sorted(findings) == sorted(found)


EXIT = """
import os
import jaeger_guard
guard = jaeger_guard.configure(export=jaeger_guard.Export(endpoint=os.environ["SINK"], protocol="http/protobuf"))
with guard.tracer_provider.get_tracer("t").start_as_current_span("order") as span:
    span.set_attribute("note", "call jo" + "@example.com")
"""


def test_a_plain_exit_counts_what_its_last_flush_sent(tmp_path: Path) -> None:
    """Where nobody calls shutdown(), the last counts stand behind the last flush."""
    with HttpSink() as sink:
        environ = {
            **os.environ,
            "JAEGER_GUARD_AUDIT_DIRECTORY": str(tmp_path / "audit"),
            "SINK": sink.endpoint,
        }
        subprocess.run([sys.executable, "-c", EXIT], env=environ, check=True, timeout=120)
    counted = facts(tmp_path / "audit", "guard.counts")
    assert (counted["counts"]["scrubbed"], counted["counts"]["sent"]) == (1, 1)
    assert events(tmp_path / "audit")[-1] == "guard.stopped"
