"""`scan`: what an unguarded service has left in a store is found, all of it and nothing else."""

from __future__ import annotations

import gzip
import json
import time
import tomllib
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from e2e.plain import plain_provider
from e2e.planted import BEARER, CARD, EMAIL, JWT, PASSWORD, TOKEN
from e2e.surfaces import RESOURCE, record_planted
from jaeger_guard import Policy, protect
from jaeger_guard.cli import main
from jaeger_guard.keys import KEYS_ATTRIBUTE
from jaeger_guard.keys.wraps import Wrap
from jaeger_guard.policy import compile_policy
from jaeger_guard.scan import FileSource, JaegerSource, Tally, scan
from jaeger_guard.scan.looking import Looker
from jaeger_guard.stored import Unit, spans_in
from jaeger_guard.stored.query import QueryApi, QueryEndpoint
from servers.jaeger import Jaeger

pytestmark = pytest.mark.e2e  # by a real Jaeger, with maps and bytes, which SDK 1.43 doesn't send

BASELINE = compile_policy(Policy(rules=()))
SECONDS = 1_000_000_000
VALUES = (EMAIL, CARD, TOKEN, PASSWORD, BEARER, JWT)

# What `record_planted` plants, by surface and key: this is the whole of it.
EXPECTED = {
    ("contact.email", "name", ""),
    ("contact.email", "attribute", "note"),
    ("financial.card", "attribute", "note"),
    ("contact.email", "attribute", "body"),
    ("financial.card", "attribute", "payment.reference"),
    ("contact.email", "attribute", "recipients"),
    ("credential.token", "attribute", "http.request.header.authorization"),
    ("credential.token", "attribute", "payload"),
    ("content.body", "attribute", "payload"),  # a body's other leaves, by its key
    ("contact.email", "key", "[REDACTED:contact.email]"),  # seen.anna… is an address as well
    ("credential.password", "attribute", "url.full"),
    ("credential.session", "attribute", "session"),  # by its key
    ("contact.email", "event", ""),
    ("contact.email", "event", "to"),
    ("contact.email", "event", "exception.message"),
    ("credential.token", "event", "exception.message"),
    ("contact.email", "event", "exception.stacktrace"),
    ("credential.token", "event", "exception.stacktrace"),
    ("contact.email", "status", ""),
    ("contact.email", "link", "link.user"),
    ("financial.card", "tracestate", ""),
    ("contact.email", "resource", "deployment.note"),
    ("contact.email", "scope", "scope.owner"),
}


def places(tally: Tally) -> set[tuple[str, str, str]]:
    return {(place.category, place.surface, place.key) for place in tally.groups}


def recorded(
    provider: TracerProvider | None = None, *, guarded: bool = False
) -> list[ReadableSpan]:
    """Record the planted spans in memory."""
    provider = TracerProvider(resource=Resource.create({"service.name": "shop", **RESOURCE}))
    exporter = InMemorySpanExporter()
    if guarded:
        protect(provider)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    record_planted(provider)
    return list(exporter.get_finished_spans())


def otlp(spans: list[ReadableSpan]) -> dict[str, Any]:
    """Write spans as OTLP JSON with ids in hexadecimal, as the Collector does."""
    import base64

    request: dict[str, Any] = MessageToDict(encode_spans(spans))

    def in_hexadecimal(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {
                key: base64.b64decode(value).hex()
                if key in ("traceId", "spanId", "parentSpanId")
                else in_hexadecimal(value)
                for key, value in tree.items()
            }
        return [in_hexadecimal(item) for item in tree] if isinstance(tree, list) else tree

    converted: dict[str, Any] = in_hexadecimal(request)
    return converted


def shown(jaeger: Jaeger, path: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(jaeger.query_url + path, timeout=30) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def stored(jaeger: Jaeger) -> str:
    """The name of an unguarded service that has sent the planted spans to Jaeger."""
    service = f"unguarded-{uuid.uuid4().hex[:8]}"
    certificates = jaeger.certificates
    provider = plain_provider(
        endpoint=jaeger.http_endpoint,
        protocol="http/protobuf",
        ca_file=str(certificates.ca_file),
        cert_file=str(certificates.client.cert_file),
        key_file=str(certificates.client.key_file),
        service=service,
    )
    provider._resource = provider.resource.merge(Resource(RESOURCE))
    trace_id = record_planted(provider)
    provider.shutdown()
    jaeger.await_trace(trace_id)
    return service


def of_jaeger(api: QueryApi, service: str, **options: Any) -> JaegerSource:
    now = time.time_ns()
    return JaegerSource(
        api,
        api.address,
        start=now - 3600 * SECONDS,
        end=now + 60 * SECONDS,
        services=[service],
        **options,
    )


def test_a_jaeger_fed_by_an_unguarded_service(jaeger: Jaeger, stored: str) -> None:
    """Exactly what was planted is found, on every surface that Jaeger shows: recall and precision 1."""
    with QueryApi(QueryEndpoint(url=jaeger.query_url)) as api:
        report = scan(of_jaeger(api, stored), BASELINE)
    assert places(report.tally) == EXPECTED
    assert report.tally.spans == 2 and report.is_complete
    assert {place.service for place in report.tally.groups} == {stored}
    assert {group.count for group in report.tally.groups.values()} == {1}


def test_a_jaeger_fed_by_a_guarded_service(jaeger: Jaeger) -> None:
    """Of the same spans, guarded, nothing is found."""
    from jaeger_guard import Export, configuration, configure

    service, certificates = f"guarded-{uuid.uuid4().hex[:8]}", jaeger.certificates
    guard = configure(
        export=Export(
            endpoint=jaeger.http_endpoint,
            protocol="http/protobuf",
            ca_file=certificates.ca_file,
            cert_file=certificates.client.cert_file,
            key_file=certificates.client.key_file,
        ),
        resource={"service.name": service, **RESOURCE},
    )
    trace_id = record_planted(guard.tracer_provider)
    guard.shutdown()
    configuration._installed = None
    jaeger.await_trace(trace_id)
    with QueryApi(QueryEndpoint(url=jaeger.query_url)) as api:
        report = scan(of_jaeger(api, service), BASELINE)
    assert report.tally.spans == 2
    assert report.tally.groups == {}


def test_full_answers_are_looked_through_in_halves(jaeger: Jaeger) -> None:
    """However few traces one answer holds, each span is counted once."""
    service, certificates = f"many-{uuid.uuid4().hex[:8]}", jaeger.certificates
    provider = plain_provider(
        endpoint=jaeger.http_endpoint,
        protocol="http/protobuf",
        ca_file=str(certificates.ca_file),
        cert_file=str(certificates.client.cert_file),
        key_file=str(certificates.client.key_file),
        service=service,
    )
    tracer = provider.get_tracer("t")
    start = time.time_ns()
    for number in range(40):
        moment = start + number * 20_000_000
        span = tracer.start_span("order", attributes={"user.mail": EMAIL}, start_time=moment)
        span.end(moment + 1000)
    trace_id = span.get_span_context().trace_id
    provider.shutdown()
    jaeger.await_trace(trace_id)
    with QueryApi(QueryEndpoint(url=jaeger.query_url)) as api:
        report = scan(of_jaeger(api, service, limit=3), BASELINE)
    assert report.is_complete and report.tally.spans == 40
    [(place, group)] = report.tally.groups.items()
    assert (place.category, place.key, group.count) == ("contact.email", "user.mail", 40)
    assert (group.first, group.last) == (start, start + 39 * 20_000_000)


def write(path: Path, *documents: Any, indent: int | None = None) -> Path:
    path.write_text("".join(json.dumps(each, indent=indent) + "\n" for each in documents))
    return path


@pytest.mark.parametrize("form", ["collector", "pretty", "api/v3", "gzip"])
def test_otlp_files(form: str, tmp_path: Path) -> None:
    """Exactly what was planted is found in OTLP JSON, however it is wrapped."""
    document = otlp(recorded())
    file = tmp_path / "traces.json"
    if form == "collector":
        write(file, {"resourceLogs": [{"x": 1}]}, document, document)
    elif form == "pretty":
        write(file, document, indent=2)
    elif form == "api/v3":
        write(file, {"result": document})
    else:
        file.write_bytes(gzip.compress(json.dumps(document).encode()))
    report = scan(FileSource([file]), BASELINE)
    assert places(report.tally) == EXPECTED
    times = 2 if form == "collector" else 1
    assert {group.count for group in report.tally.groups.values()} == {times}
    assert report.tally.spans == 2 * times


def test_jaeger_json_files(jaeger: Jaeger, stored: str, tmp_path: Path) -> None:
    """What Jaeger's UI saves holds all but what Jaeger doesn't show there: link and scope attributes."""
    saved = shown(jaeger, f"/api/traces?service={stored}&limit=10&lookback=1h")
    file = write(tmp_path / "saved.json", saved)
    report = scan(FileSource([file]), BASELINE)
    unseen = {place for place in EXPECTED if place[1] in ("link", "scope")}
    # Jaeger writes maps as JSON text, whose leaves are told by what they are.
    unseen.add(("content.body", "attribute", "payload"))
    told = {(category, "attribute", "payload") for category in ("contact.email", "financial.card")}
    assert places(report.tally) == EXPECTED - unseen | told
    bare = write(tmp_path / "bare.json", saved["data"][0])
    assert places(scan(FileSource([bare]), BASELINE).tally) == EXPECTED - unseen | told


def test_guarded_files_have_no_finding(tmp_path: Path) -> None:
    """Markers and what stands around them are no findings."""
    file = write(tmp_path / "traces.json", otlp(recorded(guarded=True)))
    report = scan(FileSource([file]), BASELINE)
    assert report.tally.spans == 2 and report.tally.groups == {}


def test_the_rules_would_have_stopped_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rules, pasted into a policy, scrub the same spans such that a scan finds nothing more."""
    file = write(tmp_path / "traces.json", otlp(recorded()))
    assert main(["scan", str(file), "--rules", str(tmp_path / "rules.toml")]) == 1
    shown = capsys.readouterr()
    assert not [value for value in VALUES if value in shown.out + shown.err]
    policy = compile_policy(Policy.load(tmp_path / "rules.toml"))
    # Each rule by itself decides: without the presets' rules for these, the keys stay scrubbed.
    looker, tally = Looker(policy), Tally()
    document = json.loads(file.read_text())
    for resource in document["resourceSpans"]:
        looker.new_unit()
        for span in spans_in(Unit("resource", resource)):
            looker.look(span, tally)  # scrubs it, by the pasted rules
            after = Tally()
            Looker(BASELINE).look(span, after)
            assert after.groups == {}
    assert {place.category for place in tally.groups} == {row[0] for row in EXPECTED}


def test_the_answer_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Findings with place, count and times; the names of operations are scrubbed, no value is there."""
    file = write(tmp_path / "traces.json", otlp(recorded()))
    assert main(["scan", str(file), "--format", "json"]) == 1
    out = capsys.readouterr().out
    answer = json.loads(out)
    assert not [value for value in VALUES if value in out]
    found = {(row["category"], row["surface"], row["key"]) for row in answer["findings"]}
    assert found == EXPECTED and answer["complete"] and answer["spans"] == 2
    row = next(row for row in answer["findings"] if row["key"] == "note")
    assert row["operation"] == "GET /users/REDACTED" and row["service"] == "shop"
    assert row["count"] == 1 and row["first_seen"] == row["last_seen"]
    assert "[[rules]]" in answer["rules"]


def test_nothing_found_is_exit_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A guarded file is exit 0, and says how much was looked through."""
    file = write(tmp_path / "traces.json", otlp(recorded(guarded=True)))
    assert main(["scan", str(file)]) == 0
    assert capsys.readouterr().out == "2 spans looked through: nothing found.\n"


@pytest.mark.parametrize(
    "content",
    ["", "hello", "{}", '{"resourceSpans": [', '{"data": [{"spans": 1}', "<html>", "[]", "null"],
)
def test_what_cannot_be_read_is_exit_2(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traces, no JSON, or an end that is missing: nothing was looked at, and it is said."""
    file = tmp_path / "traces.json"
    file.write_text(content)
    assert main(["scan", str(file)]) == 2
    assert "traces.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["{tmp}/nothing.json"],
        ["--endpoint", "http://jaeger.example:16686"],
        ["--endpoint", "http://127.0.0.1:1"],
        ["--endpoint", "https://127.0.0.1:1", "--since", "yesterday"],
        ["--endpoint", "https://127.0.0.1:1", "--ca-file", "{tmp}/nothing.pem"],
        ["--endpoint", "https://127.0.0.1:1", "--user", "a", "--bearer-token-file", "b"],
        ["--endpoint", "https://127.0.0.1:1", "--until", "8d"],
    ],
)
def test_what_cannot_be_asked_is_exit_2(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing named, plaintext to another host, nobody there, a wrong option: exit 2."""
    assert main(["scan", *(text.format(tmp=tmp_path) for text in arguments)]) == 2
    assert capsys.readouterr().err


def test_a_scan_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """A file that breaks off leaves a state without a value; mended, the scan looks at the rest."""
    document = otlp(recorded())
    line = json.dumps(document)
    file, state = tmp_path / "traces.json", tmp_path / "state.json"
    whole = (line + "\n") * 140
    file.write_text(whole[: len(line) * 110])
    # Its size is part of what a scan goes on with: the mended file is as long.
    padded = whole[: len(line) * 110] + " " * (len(whole) - len(line) * 110)
    file.write_text(padded)
    report = scan(FileSource([file]), BASELINE, state=state)
    assert report.failure is not None and report.tally.spans == 218  # the last line that is whole
    assert not [value for value in VALUES if value in state.read_text()]
    assert state.stat().st_mode & 0o077 == 0
    file.write_text(whole)
    looked: list[int] = []
    report = scan(
        FileSource([file]),
        BASELINE,
        state=state,
        progress=lambda part: looked.append(part.tally.spans),
    )
    assert report.is_complete and report.tally.spans == 280 and sum(looked) < 280
    assert {group.count for group in report.tally.groups.values()} == {140}
    assert not state.exists()


def test_the_state_of_another_scan_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts of one source never run into those of another."""
    file = write(tmp_path / "traces.json", otlp(recorded()))
    state = tmp_path / "state.json"
    state.write_text("{}")
    assert main(["scan", str(file), "--state", str(state)]) == 2
    state.write_text('{"format": "jaeger_guard scan 1", "of": "x"}')
    assert main(["scan", str(file), "--state", str(state)]) == 2
    assert "another scan" in capsys.readouterr().err


def test_a_services_own_name_may_hold_a_value() -> None:
    """All spans of a service are looked at, whatever is scrubbed of its name with the first of them."""
    span = {"traceId": "1" * 32, "startTimeUnixNano": "5", "name": "order"}
    resource = {
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": EMAIL}}]},
        "scopeSpans": [{"spans": [{**span, "spanId": f"{number:016x}"} for number in range(1, 4)]}],
    }

    class Store:
        def search(self, *_: object) -> list[Unit]:
            return [Unit("resource", resource)]

    api: Any = Store()
    report = scan(JaegerSource(api, "test", start=0, end=SECONDS, services=[EMAIL]), BASELINE)
    assert report.tally.spans == 3
    assert not [place for place in report.tally.groups if EMAIL in "".join(place)]


def test_a_store_that_always_answers_in_full_is_left() -> None:
    """A store that doesn't heed the time, or means ill, keeps no scan for years: it is told, and ends."""
    asked = []
    unit = Unit("trace", {"spans": [{"traceID": str(number)} for number in range(1, 4)]})

    class Store:
        def search(self, *_: object) -> list[Unit]:
            asked.append(1)
            return [unit]

    api: Any = Store()
    source = JaegerSource(api, "test", start=0, end=3600 * SECONDS, services=["shop"], limit=3)
    report = scan(source, BASELINE)
    assert report.failure is not None and "full" in report.failure
    assert len(asked) < 2000


def test_a_terminal_obeys_nothing_in_a_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key with controls, C1's too, or marks of direction is written in escapes; rules mean it still."""
    document = otlp(recorded())
    key = "no\x9b31mte\x1b\x7f\u202e"
    attributes = [{"key": key, "value": {"stringValue": EMAIL}}]
    document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = attributes
    assert main(["scan", str(write(tmp_path / "traces.json", document))]) == 1
    out = capsys.readouterr().out
    assert out.replace("\n", "").isprintable()
    rules = tomllib.loads(out.partition("# A policy")[2].partition("\n")[2])["rules"]
    assert key in {rule.get("key") for rule in rules}


def test_a_look_alike_of_a_token_is_searched() -> None:
    """A text that begins as our tokens do, beside no wraps, hides nothing."""
    document = otlp(recorded())
    span = document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    span["attributes"] = [
        {"key": "note", "value": {"stringValue": f"jg1.{'A' * 100} {EMAIL} jg1.{TOKEN}"}}
    ]
    tally = Tally()
    for each in spans_in(Unit("resource", document["resourceSpans"][0])):
        Looker(BASELINE).look(each, tally)
    found = {place.category for place in tally.groups if place.key == "note"}
    assert "contact.email" in found


@pytest.mark.parametrize("is_event", [False, True])
def test_what_pretends_to_be_the_wraps_is_searched(*, is_event: bool) -> None:
    """Under the key of the wraps, all that is no wrap is text like any other, also beside one."""
    wrap = str(Wrap(b"k" * 8, "support", 1, b"s" * 80 + b"e" * 32))
    document = otlp(recorded())
    span = document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    planted = [
        {"key": KEYS_ATTRIBUTE, "value": {"stringValue": f"{wrap} mail {EMAIL} and {TOKEN}"}}
    ]
    span["attributes"] = [] if is_event else planted
    span["events"] = [{"name": "x", "attributes": planted if is_event else []}]
    tally = Tally()
    for each in spans_in(Unit("resource", document["resourceSpans"][0])):
        Looker(BASELINE).look(each, tally)
    found = {place.category for place in tally.groups if place.key == f"{KEYS_ATTRIBUTE}.other"}
    assert found >= {"contact.email", "credential.token"}
