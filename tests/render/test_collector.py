"""A rendered Collector does what the policy says, on every surface that it claims, and lists the others."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from jaeger_guard.cli import main
from jaeger_guard.detectors import installed_detectors
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.render import Source
from jaeger_guard.render.collector import HMAC_KEY, CollectorOptions, render_collector
from jaeger_guard.render.re2 import BY_HAND, NotExpressibleError, literal_prefix, write
from jaeger_guard.scrubber import Scrubber
from servers.otelcol import Otelcol, refusal, running_otelcol
from servers.process import LOOPBACK

EMAIL = "ada.lovelace" + "@mail.example.org"
CARD = "4111 1111 1111 1111"
PASSWORD = "correct-horse-battery"
KEY = "k" * 40
ENVIRONMENT = {HMAC_KEY: KEY}

POLICY = """
[[rules]]
category = "contact.phone"
action = "keep"
[[rules]]
key = "internal.*"
action = "drop"
[[rules]]
key = "debug.blob"
action = "unsafe_keep"

[[rules]]
category = "identity.user"
action = "pseudonymize"
[pseudonyms]
mode = "collector"
key_variable = "COLLECTOR_HMAC_KEY"

[sampling]
probability = 1.0
[[sampling.rules]]
name = "GET /healthz"
decision = "drop"
[[sampling.rules]]
name = "checkout *"
probability = 0.5

[retention]
default = "short"
services = { "ledger*" = "long" }
"""


def _rendered(policy: str, directory: Path, *options: str) -> dict[str, Any]:
    command = ["render", "collector", "--policy", policy, "--output", str(directory), *options]
    assert main(command) == 0
    document: dict[str, Any] = yaml.safe_load((directory / "collector.yaml").read_text())
    return document


def _on_loopback(document: dict[str, Any]) -> Callable[[int], dict[str, Any]]:
    """Keep what the policy makes, and put a plain receiver and a file around it."""

    def configure(port: int) -> dict[str, Any]:
        processors = {
            name: each for name, each in document["processors"].items() if name != "tail_sampling"
        }
        pipeline = {
            "receivers": ["otlp"],
            "processors": list(processors),
            "exporters": ["file"],
        }
        return {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"{LOOPBACK}:{port}"}}}},
            "processors": processors,
            "exporters": {"file": {"path": "spans.json", "flush_interval": "100ms"}},
            "service": {
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {"traces": pipeline},
            },
        }

    return configure


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("policy", "detectors"),
    [
        ("baseline", "common"),
        ("baseline", "all"),
        ("maximal", "common"),
        ("gdpr,pci-dss,hipaa-safe-harbor,genai", "common"),
    ],
)
def test_real_collector_accepts_it(policy: str, detectors: str, tmp_path: Path) -> None:
    """What is rendered of a policy passes the real Collector's validation, as it stands."""
    _rendered(policy, tmp_path, "--detectors", detectors)
    assert refusal(tmp_path / "collector.yaml", ENVIRONMENT) == ""


@pytest.fixture(scope="module")
def policy_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A policy with rules, pseudonyms, sampling and retention; its key is in the environment."""
    file = tmp_path_factory.mktemp("policy") / "shop.toml"
    file.write_text(POLICY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HMAC_KEY, KEY)
        yield str(file)


@pytest.fixture(scope="module")
def collector(policy_file: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Otelcol]:
    """A real Collector with what is rendered of that policy."""
    directory = tmp_path_factory.mktemp("collector")
    document = _rendered(policy_file, directory)
    assert refusal(directory / "collector.yaml", ENVIRONMENT) == ""
    with running_otelcol(directory / "run", _on_loopback(document), ENVIRONMENT) as running:
        yield running


def _text(value: str) -> AnyValue:
    return AnyValue(string_value=value)


def _list(*values: str) -> AnyValue:
    value = AnyValue()
    value.array_value.values.extend(_text(each) for each in values)
    return value


def _map(**values: str) -> AnyValue:
    value = AnyValue()
    for key, each in values.items():
        value.kvlist_value.values.add(key=key).value.string_value = each
    return value


def _request(planted: str, number: int) -> ExportTraceServiceRequest:
    """Plant a text on every surface that the render claims, and on those that it doesn't."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add(schema_url=f"https://s.example/{planted}")
    scope = resource.scope_spans.add()
    for key, value in (("note", _text(planted)), ("list", _list("a", planted))):
        resource.resource.attributes.add(key=key).value.CopyFrom(value)
        scope.scope.attributes.add(key=key).value.CopyFrom(value)
    scope.scope.name = f"lib {planted}"
    scope.scope.version = f"1 {planted}"
    span = scope.spans.add(
        name=f"send to {planted}",
        trace_id=number.to_bytes(16, "big"),
        span_id=number.to_bytes(8, "big"),
        trace_state=f"vendor={planted.replace(' ', '')}",
        kind=Span.SPAN_KIND_INTERNAL,
    )
    span.status.message = f"failed for {planted}"
    attributes = {
        "note": _text(f"see {planted} there"),
        "number": AnyValue(int_value=number),
        "list": _list("x", planted),
        "nested": _map(member=planted, **{f"at {planted}": "y"}),
        "url.full": _text(f"https://s.example/a?page=2&email={planted}&to={planted}"),
        "db.query.text": _text(f"SELECT a FROM t WHERE e = '{planted}'"),
        "exception.message": _text(planted),
        "exception.stacktrace": _text(f"Traceback\n  at x\nError: {planted}\n"),
        f"key {planted}": _text("z"),
        "user.password": _text(PASSWORD),
        "http.request.header.authorization": _list(f"Token {PASSWORD}"),
        "internal.sku": _text(PASSWORD),
        "enduser.id": _text(f"id {planted}"),
    }
    for key, value in attributes.items():
        span.attributes.add(key=key).value.CopyFrom(value)
    event = span.events.add(name=f"queued for {planted}", time_unix_nano=1)
    for key in ("note", f"k {planted}", "exception.message"):
        event.attributes.add(key=key).value.string_value = f"e {planted}"
    event.attributes.add(key="list").value.CopyFrom(_list(planted))
    return request


def _received(collector: Otelcol) -> list[dict[str, Any]]:
    lines = (collector.directory / "spans.json").read_text().splitlines(keepends=True)
    return [
        resource
        for line in lines
        if line.endswith("\n")
        for resource in json.loads(line)["resourceSpans"]
    ]


def _resource_of(collector: Otelcol, number: int) -> dict[str, Any]:
    """Wait for the resource of one span."""
    wanted = number.to_bytes(8, "big").hex()
    count = 1
    while True:
        spans = collector.await_exported("spans.json", count)
        if any(span["spanId"] == wanted for span in spans):
            break
        count = len(spans) + 1
    [found] = [
        resource
        for resource in _received(collector)
        for scope in resource["scopeSpans"]
        if any(span["spanId"] == wanted for span in scope["spans"])
    ]
    return found


@pytest.mark.e2e
@pytest.mark.parametrize(("number", "planted"), [(0x11, EMAIL), (0x12, CARD)], ids=["mail", "card"])
def test_what_is_planted_is_gone_from_every_claimed_surface(
    collector: Otelcol, number: int, planted: str
) -> None:
    """An address or a card is gone from names, statuses, keys, values of all types, scope and resource."""
    assert collector.send(_request(planted, number).SerializeToString()) == 200
    written = json.dumps(_resource_of(collector, number))
    for trace in (planted, planted.replace(" ", ""), PASSWORD):
        assert trace not in written, re.findall(rf".{{60}}{re.escape(trace)}", written)
    assert "page=2" in written
    assert "SELECT a FROM t" in written


@pytest.mark.e2e
def test_what_is_not_sensitive_stays(collector: Otelcol) -> None:
    """Routes, versions, numbers, counts of tokens, ids and what rules keep go on as they came."""
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(
        name="GET /users/{id}", trace_id=b"\0" * 15 + b"\x21", span_id=b"\0" * 7 + b"\x21",
        trace_state="ot=th:8", kind=Span.SPAN_KIND_SERVER,
    )  # fmt: skip
    texts = {
        "http.route": "/users/{id}",
        "service.version": "1.14.2",
        "server.address": "10.1.2.3",
        "commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
        "email_verified": "true",
        "note": "call +49 30 901820",
        "debug.blob": EMAIL,
        "messaging.message.id": "e2c9b1c0-5a86-4a0c-8d52-0b1a2c3d4e5f",
    }
    numbers = {"http.response.status_code": 200, "gen_ai.usage.input_tokens": 812, "count": 12}
    for key, text in texts.items():
        span.attributes.add(key=key).value.string_value = text
    for key, number in numbers.items():
        span.attributes.add(key=key).value.int_value = number
    assert collector.send(request.SerializeToString()) == 200
    [scope] = _resource_of(collector, 0x21)["scopeSpans"]
    [received] = scope["spans"]
    assert received["name"] == "GET /users/{id}"
    assert received["traceState"] == "ot=th:8"
    attributes = {pair["key"]: pair["value"] for pair in received["attributes"]}
    for key, text in texts.items():
        assert attributes[key] == {"stringValue": text}
    for key, number in numbers.items():
        assert attributes[key] == {"intValue": str(number)}


@pytest.mark.e2e
def test_networks_retention_and_drops(collector: Otelcol) -> None:
    """A client's address keeps its network, a service gets its class, and what a rule drops is dropped."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "ledger-api"
    spans = resource.scope_spans.add().spans
    for number, name in ((0x31, "GET /healthz"), (0x32, "GET /")):
        span = spans.add(
            name=name,
            trace_id=number.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            kind=Span.SPAN_KIND_SERVER,
        )
        span.attributes.add(key="client.address").value.string_value = "203.0.113.77"
    assert collector.send(request.SerializeToString()) == 200
    found = _resource_of(collector, 0x32)
    [span_] = found["scopeSpans"][0]["spans"]
    assert span_["name"] == "GET /"
    assert {"key": "client.address", "value": {"stringValue": "203.0.113.0"}} in span_["attributes"]
    kept = {"key": "privacy.retention", "value": {"stringValue": "long"}}
    assert kept in found["resource"]["attributes"]


@pytest.mark.e2e
def test_pseudonyms_are_those_of_a_process(collector: Otelcol, policy_file: str) -> None:
    """With one key and the mode of the Collector, a user has one pseudonym in both."""
    request = ExportTraceServiceRequest()
    span = (
        request.resource_spans.add()
        .scope_spans.add()
        .spans.add(name="GET /", trace_id=b"\0" * 15 + b"\x41", span_id=b"\0" * 7 + b"\x41")
    )
    span.attributes.add(key="enduser.id").value.string_value = "u-4711"
    assert collector.send(request.SerializeToString()) == 200
    [received] = _resource_of(collector, 0x41)["scopeSpans"][0]["spans"]
    scrubber = Scrubber(compile_policy(load_policy(policy_file, "test")))
    pseudonym = scrubber.value("enduser.id", "u-4711")[0]
    assert re.fullmatch("[0-9a-f]{64}", pseudonym)
    assert {"key": "enduser.id", "value": {"stringValue": pseudonym}} in received["attributes"]


def test_order_and_sections(policy_file: str, tmp_path: Path) -> None:
    """What the policy drops comes first, then statements, masks, rates and batches."""
    document = _rendered(policy_file, tmp_path)
    [pipeline] = document["service"]["pipelines"].values()
    assert pipeline["processors"] == [
        "memory_limiter", "filter/policy", "transform/policy", "redaction/pseudonymize", "redaction/mask",
        "tail_sampling", "batch",
    ]  # fmt: skip
    policies = document["processors"]["tail_sampling"]["policies"]
    assert [each["name"] for each in policies] == ["rule-2", "rest"]
    for protocol in document["receivers"]["otlp"]["protocols"].values():
        assert protocol["tls"]["min_version"] == "1.3"
        assert protocol["endpoint"].startswith("127.0.0.1:")


@pytest.mark.parametrize("detectors", ["common", "all"])
def test_patterns_follow_the_rules_of_speed(detectors: str, tmp_path: Path) -> None:
    """No pattern begins with a boundary, repeats over a thousand, or joins two detectors."""
    document = _rendered("gdpr,pci-dss", tmp_path, "--detectors", detectors)
    mask = document["processors"]["redaction/mask"]
    values = mask["blocked_values"]
    assert len(values) == len(set(values)) > 20
    for pattern in values:
        assert not pattern.startswith(r"\b")
        assert all(int(most) <= 1000 for most in re.findall(r"\{\d*,?(\d+)\}", pattern))
        assert (
            "(?<" not in pattern.replace("(?P<", "")
            and "(?=" not in pattern
            and "(?!" not in pattern
        )
    assert "http.response.status_code" in mask["ignored_keys"]
    text = (tmp_path / "collector.yaml").read_text()
    assert "0.165.0" in text
    assert not re.search(r"(?<!\$)\$(?![${])", text.split("receivers:")[1])


def test_what_has_no_form_is_listed(policy_file: str, tmp_path: Path, capsys: Any) -> None:
    """What can't be expressed is in a JSON list, in comments, and on standard error: the same each time."""
    _rendered(policy_file, tmp_path)
    listed = json.loads((tmp_path / "not-expressed.json").read_text())
    written = (tmp_path / "collector.yaml").read_text()
    told = capsys.readouterr().err
    for gap in listed:
        assert set(gap) == {"what", "why", "instead"}
        assert f"# - {gap['what']}: {gap['why']}; {gap['instead']}" in written
        assert f"note: {gap['what']}" in told
    whats = " ".join(gap["what"] for gap in listed)
    for word in (
        "links",
        "bytes",
        "credential.password_assigned",
        "order of sampling rules",
        "generalize",
    ):
        assert word in whats, word


def test_each_detector_is_rendered_or_listed(tmp_path: Path) -> None:
    """No detector is left out silently: it has a pattern, or a line that says why not."""
    policies = load_policy("baseline", "test")
    source = Source(policies=policies, compiled=compile_policy(policies))
    for which in ("common", "all"):
        rendering = render_collector(source, CollectorOptions(detectors=which))
        listed = rendering.files[1].text
        values = yaml.safe_load(rendering.files[0].text)["processors"]["redaction/mask"][
            "blocked_values"
        ]
        for detector in installed_detectors():
            if detector.name.startswith("network.ip") or re.search(rf"\b{detector.name}\b", listed):
                continue
            assert write(detector).source.replace("$", "$$") in values, detector.name


def test_allow_list(tmp_path: Path) -> None:
    """maximal becomes the Collector's only closed mode: keys that nothing knows are left out."""
    file = tmp_path / "shop.toml"
    file.write_text('extends = ["maximal"]\n[[rules]]\nkey = "order.id"\naction = "keep"\n')
    mask = _rendered(str(file), tmp_path)["processors"]["redaction/mask"]
    assert mask["allow_all_keys"] is False
    assert {"order.id", "http.route", "url.full"} <= set(mask["allowed_keys"])
    assert "user.note" not in mask["allowed_keys"]


@pytest.mark.parametrize(
    ("option", "value"),
    [("listen", "x:1"), ("certificates", "tls"), ("endpoint", "jaeger"), ("endpoint", "a b:1")],
)
def test_options_that_cannot_be_used(option: str, value: str, capsys: Any) -> None:
    """An option that can't be honoured is refused by its name."""
    assert main(["render", "collector", f"--{option}", value]) == 2
    assert f"--{option}" in capsys.readouterr().err


def test_re2_finds_what_detectors_find() -> None:
    """What is written for RE2 finds each example of its detector, cut ones and labels aside."""
    missed = []
    count = 0
    for detector in installed_detectors():
        if detector.name in BY_HAND:
            continue  # one number of several issuers each, or one form of several
        try:
            written = write(detector)
        except NotExpressibleError:
            continue
        # What RE2 has, `re` has too, but for \z.
        compiled = re.compile(
            written.source.replace(r"\z", r"\Z")
            .replace("\\x{a0}", "\\xa0")
            .replace("\\x{a}", "\\n")
            .replace("\\x{d}", "\\r")
        )
        for example in detector.examples:
            count += 1
            if not compiled.search(example.text) and not example.cut:
                missed.append((detector.name, written.source[:60]))
    assert count > 300
    assert missed == []


def test_literal_prefix() -> None:
    """The literal that a pattern begins with is what Go skips to."""
    assert literal_prefix(r"ghp_[A-Z]") == "ghp_"
    assert literal_prefix(r"ab?c") == "a"
    assert literal_prefix(r"(?i:x)") == ""
    assert literal_prefix(r"SG\.x{2}") == r"SG\."
