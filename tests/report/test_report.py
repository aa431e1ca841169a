"""A report tells what was observed, what needs attention, and what could not be seen; and no value."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from jaeger_guard.audit import AuditLog
from jaeger_guard.cli import main
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import load_policy
from jaeger_guard.report import FORMATS, Canary, Inputs, Period, make_report, send_canary
from jaeger_guard.report.canary import planted
from jaeger_guard.report.sections import SECTIONS
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.stored.query import QueryApi, QueryEndpoint
from servers.jaeger import Jaeger, running_jaeger

NOW = datetime.datetime(2026, 11, 26, 12, tzinfo=datetime.UTC)
TODAY = datetime.datetime.now(datetime.UTC).date()
_TLS = {
    "version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384", "peer": "CN=jaeger",
    "server_expires": (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=90)).isoformat(),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JAEGER_GUARD_POLICY", "JAEGER_GUARD_ENABLED", "JAEGER_GUARD_AUDIT_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    """An audit of one service that ran for a while."""
    directory = tmp_path / "audit"
    log = AuditLog(directory)
    log.record("guard.started", service="shop", passthrough=False)
    log.record("policy.loaded", service="shop", digest="a" * 64, names=["gdpr"])
    counts = {"scrubbed": 120, "sent": 118, "minimal": 7}
    found = {"contact.email/attribute/redact": 30, "financial.card/event/redact": 2}
    log.record("guard.counts", service="shop", counts={"scrubbed": 5}, findings={}, tls={})
    log.record("guard.counts", service="shop", counts=counts, findings=found, tls=_TLS)
    log.close()
    return directory


def _add(directory: Path, event: str, **facts: object) -> None:
    log = AuditLog(directory)
    log.record(event, service="shop", **facts)
    log.close()


def _report(*arguments: str | Path, status: int = 0) -> dict[str, Any]:
    """Run the command, and read what it wrote."""
    file = Path(str(arguments[-1])).with_suffix(".out.json") if arguments else Path("x")
    words = ["report", "--format", "json", "--output", str(file), *map(str, arguments[:-1])]
    assert main(words) == status
    written: dict[str, Any] = json.loads(file.read_text())
    return written


def _section(report: dict[str, Any], name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [each for each in report["sections"] if each["id"] == name]
    return found[0]


def _attention(report: dict[str, Any], section: str) -> str:
    return " | ".join(
        f"{each['label']}: {each['value']}"
        for each in report["attention"]
        if each["section"] == section
    )


def test_report_has_every_section_and_says_what_it_could_not_see(tmp_path: Path) -> None:
    """Without audit, keys and canary each section is there, and says what wasn't to be seen."""
    report = _report(tmp_path / "r")
    assert [section["id"] for section in report["sections"]] == [
        "policy", "exceptions", "coverage", "canary", "findings", "sampling", "transport", "keys",
        "retention", "clauses", "detectors", "audit",
    ]  # fmt: skip
    assert len(report["sections"]) == len(SECTIONS)
    unseen = {each["section"] for each in report["unseen"]}
    assert unseen >= {
        "canary",
        "findings",
        "sampling",
        "transport",
        "keys",
        "retention",
        "audit",
        "clauses",
    }


def test_facts_of_an_audit(audit: Path, tmp_path: Path) -> None:
    """Counts, findings, handshakes and certificates of the audit are told, each process once."""
    report = _report("--audit", audit, "--policy", "gdpr", tmp_path / "r")
    facts = {each["label"]: each["value"] for each in _section(report, "findings")["facts"]}
    assert facts["spans scrubbed"] == "120"
    assert facts["findings"] == "32"
    [table] = _section(report, "findings")["tables"]
    assert ["contact.email", "attribute", "redact", "30"] in table["rows"]
    [handshakes] = _section(report, "transport")["tables"]
    assert handshakes["rows"][0][:3] == ["shop", "TLSv1.3", "TLS_AES_256_GCM_SHA384"]
    chain = {each["label"]: each["value"] for each in _section(report, "audit")["facts"]}
    assert chain["chain"] == "whole"
    assert re.fullmatch(r"4:[0-9a-f]{64}", chain["head"])
    policy = _section(report, "policy")
    assert "policies in the period" in _attention(report, "policy")  # another digest than now
    assert any(
        row[3] == "a" * 64 for table in policy["tables"] for row in table["rows"] if len(row) == 4
    )
    assert _section(report, "detectors")["facts"][2]["value"].isalnum()


def test_clauses_with_and_without_rules(tmp_path: Path) -> None:
    """Each clause of the presets is told with its rules, or among those that no rule is for."""
    report = _report("--policy", "gdpr,pci-dss", tmp_path / "r")
    met, unmet = _section(report, "clauses")["tables"]
    assert ["gdpr", "GDPR Art. 10"] in [row[:2] for row in met["rows"]]
    assert ["gdpr", "GDPR Art. 17"] in [row[:2] for row in unmet["rows"]]
    assert ["pci-dss", "PCI DSS 4.0.1, 3.5.1.1"] in [row[:2] for row in unmet["rows"]]


def test_an_exception_that_ended_is_told(tmp_path: Path) -> None:
    """An exception whose date has passed, or soon will, needs attention, with its owner."""
    policy = tmp_path / "shop.toml"
    for days, word in ((-1, "ended with"), (5, "ends with"), (200, "")):
        date = TODAY + datetime.timedelta(days=days)
        policy.write_text(
            f'[[exceptions]]\nkey = "a.b"\nowner = "checkout"\nreason = "INC-1"\nexpires = {date}\n'
        )
        report = _report("--policy", policy, tmp_path / "r")
        told = _attention(report, "exceptions")
        assert (word in told and "checkout" in told) if word else not told
        [table] = _section(report, "exceptions")["tables"]
        assert table["rows"][0][2:5] == ["checkout", "INC-1", str(date)]


def test_a_guard_that_is_off_is_told(
    tmp_path: Path, audit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guard that is turned off, or lets spans out raw, needs attention; and one that told nothing."""
    assert "service.disabled" not in _attention(_report(tmp_path / "r"), "coverage")
    monkeypatch.setenv("JAEGER_GUARD_ENABLED", "false")
    assert "service.disabled" in _attention(_report(tmp_path / "r"), "coverage")
    monkeypatch.delenv("JAEGER_GUARD_ENABLED")
    monkeypatch.setenv("JAEGER_GUARD_UNSAFE_PASSTHROUGH", "true")
    assert "passthrough" in _attention(_report(tmp_path / "r"), "coverage")
    monkeypatch.delenv("JAEGER_GUARD_UNSAFE_PASSTHROUGH")
    _add(audit, "guard.started", passthrough=True)
    assert "raw pass-through" in _attention(_report("--audit", audit, tmp_path / "r"), "coverage")
    old = _report("--audit", audit, "--period", "2020-01", tmp_path / "r")
    assert "no process told of itself" in _attention(old, "coverage")


def test_tls_that_is_off_is_told(
    tmp_path: Path, audit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plaintext, an old TLS, spans without a handshake, and certificates that end need attention."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://jaeger.example:4317")
    assert _attention(_report("--audit", audit, tmp_path / "r"), "transport") == ""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://jaeger.example:4317")
    monkeypatch.setenv("JAEGER_GUARD_EXPORT_UNSAFE_PLAINTEXT", "true")
    told = _attention(_report("--audit", audit, tmp_path / "r"), "transport")
    assert "TLS configured: no" in told
    soon = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3)).isoformat()
    tls = {"version": "TLSv1.1", "client_expires": soon}
    _add(audit, "guard.counts", counts={"sent": 1}, findings={}, tls=tls)
    told = _attention(_report("--audit", audit, tmp_path / "r"), "transport")
    assert "TLS version of shop: TLSv1.1" in told
    assert "client certificate of shop: ends" in told
    _add(audit, "guard.counts", counts={"sent": 2}, findings={}, tls={})
    told = _attention(_report("--audit", audit, tmp_path / "r"), "transport")
    assert "they went in the clear" in told


def test_what_failed_closed_and_was_lost_is_told(tmp_path: Path, audit: Path) -> None:
    """Quarantined and lost spans are summed over the period, and need attention."""
    for count in (2, 3):
        _add(audit, "guard.failed_closed", quarantined=count, reasons={"ValueError": count})
    _add(audit, "guard.spans_lost", counts={"dropped_queue_full": 40})
    _add(audit, "guard.processor_failed", counts={"LegacyProcessor": 1})
    report = _report("--audit", audit, tmp_path / "r")
    assert "failed closed: quarantined: 5" in _attention(report, "sampling")
    assert "spans lost: 40" in _attention(report, "sampling")
    assert "foreign processors that raised" in _attention(report, "coverage")


def test_a_chain_that_was_edited_is_told(tmp_path: Path, audit: Path) -> None:
    """An edited record, and a head that isn't in the chain, need attention; the status is 1."""
    wrong = f"3:{'f' * 64}"
    report = _report("--audit", audit, "--head", wrong, tmp_path / "r", status=1)
    assert "NOT whole" in _attention(report, "audit")
    [file] = [
        path
        for path in audit.iterdir()
        if path.suffix == ".jsonl" or (path.is_file() and b'"event"' in path.read_bytes())
    ]
    file.write_bytes(file.read_bytes().replace(b'"scrubbed":5', b'"scrubbed":6'))
    report = _report("--audit", audit, tmp_path / "r", status=1)
    assert "NOT whole" in _attention(report, "audit")
    assert _section(report, "audit")["tables"][0]["rows"]


def test_what_running_guards_told_is_a_gap(tmp_path: Path) -> None:
    """Foreign processors that guard.check() lists in a running process are in the report."""
    file = tmp_path / "running.json"
    finding = {"id": "guard.foreign-starter", "severity": "high", "where": "guard processors",
               "message": "live spans are seen by LegacyProcessor", "remedy": "r", "source": "s"}  # fmt: skip
    file.write_text(json.dumps([finding]))
    report = _report("--running", file, tmp_path / "r")
    assert "LegacyProcessor" in _attention(report, "coverage")
    file.write_text("{}")
    assert main(["report", "--running", str(file)]) == 2


def test_policy_before_is_compared(tmp_path: Path) -> None:
    """What is weaker than in the policy before needs attention."""
    policy = tmp_path / "shop.toml"
    policy.write_text('[[rules]]\ncategory = "contact.email"\naction = "keep"\n')
    report = _report("--policy", policy, "--previous", "baseline", tmp_path / "r")
    assert "weaker than before: contact.email" in _attention(report, "policy")


def test_keys_are_listed_and_never_opened(tmp_path: Path) -> None:
    """Roles, epochs and fingerprints are told without a passphrase; a directory that isn't there too."""
    report = _report("--keys", tmp_path / "none", tmp_path / "r")
    assert "can't be read" in " ".join(_section(report, "keys")["unseen"])
    directory = tmp_path / "keys"
    from jaeger_guard.keys.providers import KeyFiles
    from jaeger_guard.keys.ring import RoleRing
    from jaeger_guard.keys.sealing import Passphrase

    RoleRing(KeyFiles(directory, create=True), Passphrase(lambda: "a long passphrase")).init(
        "support"
    )
    report = _report("--keys", directory, tmp_path / "r")
    [table] = _section(report, "keys")["tables"]
    assert {row[0] for row in table["rows"]} == {"support"}
    assert {row[2] for row in table["rows"]} >= {"current"}
    assert _attention(report, "keys") == ""


# --- the canary ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jaeger]:
    """A real Jaeger."""
    with running_jaeger(tmp_path_factory.mktemp("jaeger")) as running:
        yield running


def _environment(jaeger: Jaeger) -> dict[str, str]:
    certificates = jaeger.certificates
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.grpc_endpoint,
        "JAEGER_GUARD_EXPORT_CA_FILE": str(certificates.ca_file),
        "JAEGER_GUARD_EXPORT_CERT_FILE": str(certificates.client.cert_file),
        "JAEGER_GUARD_EXPORT_KEY_FILE": str(certificates.client.key_file),
    }


@pytest.mark.e2e
def test_canary_arrives_scrubbed(jaeger: Jaeger) -> None:
    """A planted span goes through the pipeline to a real Jaeger, and nothing of it but itself is there."""
    with QueryApi(QueryEndpoint(url=jaeger.query_url)) as api:
        canary = send_canary(_environment(jaeger), api)
    assert canary.passed, canary
    assert jaeger.holds(int(canary.trace_id, 16))


@pytest.mark.e2e
def test_canary_that_fails_is_told(jaeger: Jaeger, tmp_path: Path) -> None:
    """A canary that arrives raw, doesn't arrive, or can't be sent, fails, and the report says so."""
    fates = {}
    with QueryApi(QueryEndpoint(url=jaeger.query_url)) as api:
        environment = _environment(jaeger)
        raw = environment | {"JAEGER_GUARD_UNSAFE_PASSTHROUGH": "true"}
        fates["in the store as it was planted"] = send_canary(raw, api)
        off = environment | {"JAEGER_GUARD_ENABLED": "false"}
        fates["the guard is off"] = send_canary(off, api, deadline=1)
        away = environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
        for name in [name for name in away if name.startswith("JAEGER_GUARD_EXPORT")]:
            del away[name]
        fates["didn't arrive"] = send_canary(away, api, deadline=1)
        plain = environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://jaeger.example:4317"}
        fates["in the clear"] = send_canary(plain, api, deadline=1)
    assert set(fates["in the store as it was planted"].leaked) == set(planted())
    for words, canary in fates.items():
        assert not canary.passed
        inputs = _inputs(canary)
        told = " ".join(f"{row.label}: {row.value}" for _, row in make_report(inputs).attention)
        assert "FAILED" in told
        assert words in told, (words, told)


def _inputs(canary: Canary | None = None) -> Inputs:
    return Inputs(
        policies=load_policy("gdpr", "test"),
        environ={},
        period=Period.parse("30d", NOW),
        now=NOW,
        canary=canary,
    )


def test_canary_needs_a_place_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    """`--canary` without `--endpoint` is refused."""
    assert main(["report", "--canary"]) == 2
    assert "--endpoint" in capsys.readouterr().err


def test_what_is_planted_is_found() -> None:
    """Each value that a canary plants is one that a guard takes out."""
    scrubber = Scrubber(_inputs().inspection.compiled)
    for _ in range(20):
        values = planted()
        for category in ("contact.email", "credential.token", "financial.card"):
            text = f"see {values[category]} there"
            assert values[category] not in scrubber.value("note", text)[0]


# --- forms -----------------------------------------------------------------------------------------


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert tag not in ("script", "img", "link", "iframe", "object")
        assert "src" not in given
        if given.get("id"):
            self.ids.add(str(given["id"]))
        if tag == "a":
            self.links.add(str(given["href"]))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_is_self_contained_and_well_formed() -> None:
    """The HTML page loads nothing, has no script, closes what it opens, links to its own sections."""
    text = FORMATS["html"](make_report(_inputs()))
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert {link.removeprefix("#") for link in page.links} <= page.ids
    assert "url(" not in text and "@import" not in text
    assert "@media print" in text


@pytest.mark.parametrize("form", FORMATS)
def test_what_somebody_wrote_stays_text(form: str, tmp_path: Path) -> None:
    """Markup in an owner's name or a reason is text in every form."""
    policy = tmp_path / "shop.toml"
    policy.write_text(
        '[[exceptions]]\nkey = "a"\nowner = "<script>alert(1)</script>"\n'
        'reason = "a | b `c` [d](e)"\nexpires = 2199-01-01\n'
    )
    report = make_report(
        Inputs(
            policies=load_policy(str(policy), "test"),
            environ={},
            period=Period.parse("30d", NOW),
            now=NOW,
        )
    )
    text = FORMATS[form](report)
    if form == "json":
        assert (
            json.loads(text)["sections"][1]["tables"][0]["rows"][0][2]
            == "<script>alert(1)</script>"
        )
    else:
        assert "<script>" not in text
        assert "alert(1)" in text
    if form == "markdown":
        assert r"a \| b \`c\` \[d\](e)" in text


@pytest.mark.parametrize("form", FORMATS)
def test_forms_say_the_same(form: str) -> None:
    """Every form has every section, each fact that needs attention, and what wasn't seen."""
    report = make_report(_inputs(Canary(planted=("contact.email",), problem="it was away")))
    text = FORMATS[form](report)
    plain = re.sub(r"\\(?=[\\`*_\[\]<>|#])", "", text).replace("&#x27;", "'").replace("&quot;", '"')
    plain = (
        plain.replace('\\"', '"').replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    )
    for section in report.sections:
        assert section.title in plain
        for row in section.attention:
            assert row.value in plain
        for unseen in section.unseen:
            assert unseen in plain
    assert "compl" + "iant" not in plain.lower()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("30d", "2026-10-27T12:00", "2026-11-26T12:00"),
        ("2026-02", "2026-02-01T00:00", "2026-03-01T00:00"),
        ("2026-12", "2026-12-01T00:00", "2027-01-01T00:00"),
        ("2026-11-01..2026-11-30", "2026-11-01T00:00", "2026-12-01T00:00"),
    ],
)
def test_period(text: str, start: str, end: str) -> None:
    """A period is some days, a month, or from one day to another, which is in it."""
    period = Period.parse(text, NOW)
    assert period.start == datetime.datetime.fromisoformat(f"{start}+00:00")
    assert period.end == datetime.datetime.fromisoformat(f"{end}+00:00")


@pytest.mark.parametrize(
    "text", ["", "30", "0d", "2026-13", "2026-11-30..2026-11-01", "..", "9999-12"]
)
def test_no_period(text: str) -> None:
    """What is no period is refused."""
    with pytest.raises(ConfigurationError, match="--period"):
        Period.parse(text, NOW)
