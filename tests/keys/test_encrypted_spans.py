"""Encrypted and pseudonymized values in spans, both ways out: our own export, and other processors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags
from opentelemetry.util._once import Once

from jaeger_guard import Export, GuardSpanProcessor, configuration, configure, keys
from jaeger_guard.keys import datakeys
from jaeger_guard.keys.wraps import KEYS_ATTRIBUTE
from jaeger_guard.processor import span_scrubber
from jaeger_guard.testing import assert_no_pii
from jaeger_guard.wire import Encoder, ScrubbingEncoder
from keyed import SEAL, Keyed, role_table, rule
from servers.otlp_sink import HttpSink

EMAIL = "ana" + "@shop.example.com"
TOKEN = re.compile(r"jg1\.[A-Za-z0-9_-]{94}")
NESTED: dict[str, Any] = {"who": {"email": EMAIL, "mails": [EMAIL, "b"]}, "page": 3}


@pytest.fixture
def keyed(tmp_path: Path) -> Keyed:
    return Keyed.create(tmp_path, "support", "fraud")


@pytest.fixture
def policy(keyed: Keyed) -> str:
    return keyed.policy(
        role_table("support", "contact.*")
        + role_table("fraud", "contact.*", "financial.*")
        + "[pseudonyms]\nkey_file = 'pseudonyms.key'\n"
        + rule(category="contact.email", action="encrypt", **{"for": ["support"], "search": True})
        + rule(category="financial.*", action="encrypt")
        + rule(category="identity.user", action="pseudonymize")
    )


@pytest.fixture(autouse=True)
def pseudonym_key(tmp_path: Path) -> None:
    path = tmp_path / "pseudonyms.key"
    path.touch(0o600)
    path.write_text("A" * 43 + "=\n")


def record(provider: TracerProvider, text: str = EMAIL) -> None:
    """Record a span that holds an address on every surface."""
    elsewhere = SpanContext(1, 2, True, TraceFlags(1))
    with provider.get_tracer("shop").start_as_current_span(
        f"mail {text}", links=[Link(elsewhere, {"user.email": text})]
    ) as span:
        span.set_attribute("user.email", text)
        span.set_attribute("order.note", f"write to {text}, please")
        span.set_attribute("url.full", f"https://a.example/x?email={text}&page=2")
        span.set_attribute("user.mails", (text, "b"))
        span.set_attribute("enduser.id", "u-4711")
        span.set_attribute("http.route", "/orders/{id}")
        span.set_attribute("card", "4111 1111 1111 1111")
        span.set_attribute(f"seen by {text}", "yes")
        span.add_event("mailed", {"to.email": text})
        span.set_status(Status(StatusCode.ERROR, f"no such user {text}"))


def captured(policy: str) -> tuple[ReadableSpan, ...]:
    exporter = InMemorySpanExporter()
    resource = Resource({"service.name": "shop", "owner.email": EMAIL})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(GuardSpanProcessor(SimpleSpanProcessor(exporter), policy=policy))
    record(provider)
    provider.shutdown()
    return exporter.get_finished_spans()


def check(keyed: Keyed, span: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    """Check what came out of `record`, as plain mappings."""
    wraps = span[KEYS_ATTRIBUTE]
    assert TOKEN.fullmatch(span["user.email"])
    assert keyed.opened(span, "user.email") == EMAIL
    assert keyed.opened(span, "order.note") == EMAIL
    assert TOKEN.sub("", span["order.note"]) == "write to , please"
    assert keyed.opened(span, "url.full") == EMAIL
    assert TOKEN.sub("", span["url.full"]) == "https://a.example/x?email=&page=2"
    assert keyed.opened(span, ("user.mails", 0)) == EMAIL
    assert span["user.mails"][1] == "b"
    assert keyed.opened(span, "card", "fraud") == "4111 1111 1111 1111"
    assert keyed.opened(event, "to.email", wraps=wraps) == EMAIL
    assert span["enduser.id"].startswith("jp1.")
    assert span["http.route"] == "/orders/{id}"
    assert span["user.email.pseudonym"] == span["order.note.pseudonym"]
    assert event["to.email.pseudonym"] == span["user.email.pseudonym"]
    with pytest.raises(keys.WrongRoleError):
        keyed.opened(span, "card", "support")
    tokens = TOKEN.findall(" ".join(map(str, (*span.values(), *event.values()))))
    assert len(tokens) == len(set(tokens)) == 6  # equal values don't make equal tokens
    assert {wrap.role for wrap in keys.read_wraps(wraps)} == {"support", "fraud"}


def test_other_processors_see_tokens(keyed: Keyed, policy: str) -> None:
    """A processor behind the guard sees tokens that open, and on names, keys and resource markers."""
    [span] = captured(policy)
    assert span.attributes is not None
    check(keyed, span.attributes, span.events[0].attributes or {})
    assert (
        keyed.opened(
            span.links[0].attributes or {}, "user.email", wraps=str(span.attributes[KEYS_ATTRIBUTE])
        )
        == EMAIL
    )
    assert span.name == "mail [REDACTED:contact.email]"
    assert span.status.description == "no such user [REDACTED:contact.email]"
    assert span.resource.attributes["owner.email"] == "[REDACTED:contact.email]"
    assert "seen by [REDACTED:contact.email]" in span.attributes
    assert EMAIL not in span.to_json()


@pytest.fixture
def no_provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(configuration, "_installed", None)
    yield
    if configuration._installed is not None:
        configuration._installed.guard.shutdown()


@pytest.mark.usefixtures("no_provider")
def test_export_carries_tokens(keyed: Keyed, policy: str) -> None:
    """What arrives at a backend has tokens that open alone, span by span, and no value."""
    with HttpSink() as sink:
        guard = configure(
            policy=policy, export=Export(endpoint=sink.endpoint, protocol="http/protobuf")
        )
        record(guard.tracer_provider)
        record(guard.tracer_provider)
        assert guard.force_flush()
        guard.shutdown()
        spans = sink.spans
    assert len(spans) == 2
    for span in spans:
        attributes = plain(span.attributes)
        assert [pair.key for pair in span.attributes].count(KEYS_ATTRIBUTE) == 1
        check(keyed, attributes, plain(span.events[0].attributes))
        assert EMAIL.encode() not in span.SerializeToString()
    first, second = (plain(span.attributes) for span in spans)
    assert first["user.email"] != second["user.email"]
    assert first["user.email.pseudonym"] == second["user.email.pseudonym"]


def plain(pairs: Any) -> dict[str, Any]:
    def value(given: Any) -> Any:
        kind = given.WhichOneof("value")
        if kind == "array_value":
            return [value(each) for each in given.array_value.values]
        if kind == "kvlist_value":
            return plain(given.kvlist_value.values)
        return getattr(given, kind)

    return {pair.key: value(pair.value) for pair in pairs}


def raw_span(**attributes: Any) -> ReadableSpan:
    """An ended span, as the SDK makes it, with no guard around it."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("t").start_as_current_span("s") as span:
        for key, value in attributes.items():
            span.set_attribute(key.replace("_", "."), value)
    provider.shutdown()
    return exporter.get_finished_spans()[0]


def encoded(payloads: Any) -> dict[str, Any]:
    [payload] = payloads
    request = ExportTraceServiceRequest.FromString(payload.data)
    return plain(request.resource_spans[0].scope_spans[0].spans[0].attributes)


def test_both_ways_give_the_same(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One pass and two give the same bytes, where nothing is drawn at random."""
    monkeypatch.setattr("jaeger_guard.keys.datakeys.os.urandom", lambda size: bytes(size))
    spans = span_scrubber(policy, "test")
    span = raw_span(user_email=EMAIL, page=3, order_note=f"to {EMAIL}", enduser_id="u-1")
    plainly = Encoder().encode([spans.scrub(span)])
    monkeypatch.setattr(ScrubbingEncoder, "_encoded_or_replaced", refuse)
    fused = ScrubbingEncoder(spans).encode([span])
    assert [payload.data for payload in fused] == [payload.data for payload in plainly]
    assert KEYS_ATTRIBUTE.encode() in fused[0].data


def refuse(*_: Any) -> Any:
    raise AssertionError("the span went the plain way")


def test_nested_leaf_has_its_path(keyed: Keyed, policy: str) -> None:
    """A value nested in an attribute is bound to its place within."""
    spans = span_scrubber(policy, "test")
    span = raw_span()
    span._attributes = {"app.body": NESTED}  # hand-made: the SDK in use may not take maps
    content = spans.scrub(span)
    body = content.attributes["app.body"]
    assert EMAIL not in str(body) and body["page"] == 3
    assert keyed.opened(content.attributes, ("app.body", "who", "email")) == EMAIL
    assert keyed.opened(content.attributes, ("app.body", "who", "mails", 0)) == EMAIL
    with pytest.raises(keys.TamperedError):
        keys.open_field(
            body["who"]["email"],
            content.attributes[KEYS_ATTRIBUTE],
            ("app.body", "who", "mails", 0),
            keyed.ring.role_keys(["support"]),
        )


def test_a_numbered_key_is_the_one_that_is_authenticated(keyed: Keyed, policy: str) -> None:
    """Keys that scrub to one name are told apart by a number, and a token is bound to its own."""
    spans = span_scrubber(policy, "test")
    span = raw_span()
    span._attributes = {f"of {EMAIL}": EMAIL, f"of bob{EMAIL}": EMAIL, f"of carl{EMAIL}": EMAIL}
    attributes = spans.scrub(span).attributes
    name = "of [REDACTED:contact.email]"
    for key in (name, f"{name}#2", f"{name}#3"):
        assert keyed.opened(attributes, key) == EMAIL


def test_equal_values_share_nothing_over_spans(keyed: Keyed, policy: str) -> None:
    """A value that comes again, under this key or another, gets a token of its own that opens there."""
    spans = span_scrubber(policy, "test")
    encoder = ScrubbingEncoder(spans)
    seen = set()
    for _ in range(3):
        for key in ("user_email", "owner_email", "user_note"):
            attributes = encoded(encoder.encode([raw_span(**{key: EMAIL})]))
            name = key.replace("_", ".")
            assert keyed.opened(attributes, name) == EMAIL
            seen.add(attributes[name])
    assert len(seen) == 9


def test_own_token_stays_on_a_second_scrub(keyed: Keyed, policy: str) -> None:
    """A token that was copied into another span under its key stays, and brings its wraps along."""
    spans = span_scrubber(policy, "test")
    first = spans.scrub(raw_span(user_email=EMAIL, order_note=f"to {EMAIL}."))
    copied = {key: first.attributes[f"{key}"] for key in ("user.email", "order.note")}
    second = raw_span(**{key.replace(".", "_"): text for key, text in copied.items()})
    for way in (spans.scrub(second).attributes, encoded(ScrubbingEncoder(spans).encode([second]))):
        assert {key: way[key] for key in copied} == copied
        assert keyed.opened(way, "user.email") == EMAIL
        assert keyed.opened(way, "order.note") == EMAIL
    assert spans.find(second) == []
    assert_no_pii([second], policy=policy)
    assert_no_pii([second])  # another policy of the same process knows it, too


def test_moved_token_is_scrubbed(policy: str) -> None:
    """Under another key than it was written for, a token is text like any other."""
    spans = span_scrubber(policy, "test")
    token = spans.scrub(raw_span(user_email=EMAIL)).attributes["user.email"]
    moved = spans.scrub(raw_span(order_note=token, app_message=f"see {token}."))
    assert moved.attributes["order.note"] == "[REDACTED:content.withheld]"
    assert moved.attributes["app.message"] == "see [REDACTED:content.withheld]."
    again = spans.scrub(raw_span(order_note=token))
    assert again.attributes["order.note"] == "[REDACTED:content.withheld]"


def test_look_alikes_are_scrubbed(policy: str) -> None:
    """What only has the shape of a token, of wraps or of a pseudonym passes nothing through."""
    spans = span_scrubber(policy, "test")
    content = spans.scrub(
        raw_span(order_note="jg1." + "A" * 94, jaeger__guard="x", enduser_id="jp1." + "A" * 32)
    )
    assert content.attributes["order.note"] == "[REDACTED:content.withheld]"
    assert content.attributes["enduser.id"] != "jp1." + "A" * 32
    span = raw_span()
    span._attributes = {KEYS_ATTRIBUTE: f"mine {EMAIL}", "page": 3}
    assert spans.scrub(span).attributes == {"page": 3}


def test_pseudonym_stays_on_a_second_scrub(policy: str) -> None:
    """A pseudonym of ours is known again, in a text, too."""
    spans = span_scrubber(policy, "test")
    pseudonym = spans.scrub(raw_span(enduser_id="u-4711")).attributes["enduser.id"]
    again = spans.scrub(raw_span(enduser_id=pseudonym, order_note=f"for {pseudonym}"))
    assert again.attributes == {"enduser.id": pseudonym, "order.note": f"for {pseudonym}"}


def test_without_a_current_epoch_values_are_redacted_and_counted(
    keyed: Keyed, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the last epoch that was published is over, nothing is encrypted, and nothing leaks."""
    spans = span_scrubber(policy, "test")
    assert TOKEN.fullmatch(spans.scrub(raw_span(user_email=EMAIL)).attributes["user.email"])
    keys_of_policy = spans.scrubber.policy.keys
    assert keys_of_policy is not None
    import time

    late = time.time() + 15 * 86_400
    keys_of_policy._now = lambda: late
    for _ in range(2):
        content = spans.scrub(raw_span(user_email=EMAIL))
        assert content.attributes == {"user.email": "[REDACTED:contact.email]"}
    assert spans.statistics()["not_encrypted"]["without_epoch"] == 2
    assert spans.statistics()["findings"]["contact.email/attribute/redact"] == 2
    del keys_of_policy._now


def test_a_clock_that_was_wrong_is_forgotten(keyed: Keyed, policy: str) -> None:
    """A clock that ran years ahead and is set back stops encryption for as long as it was wrong."""
    spans = span_scrubber(policy, "test")
    keys_of_policy = spans.scrubber.policy.keys
    assert keys_of_policy is not None
    right = keys_of_policy._now()
    keys_of_policy._now = lambda: right + 4 * 365 * 86_400
    assert spans.scrub(raw_span(user_email=EMAIL)).attributes == {
        "user.email": "[REDACTED:contact.email]"
    }
    keys_of_policy._now = lambda: right
    attributes = spans.scrub(raw_span(user_email=EMAIL)).attributes
    assert keyed.opened(attributes, "user.email") == EMAIL


def test_rotation_is_followed(keyed: Keyed, policy: str) -> None:
    """A running service wraps to the new epoch once the published file changed."""
    spans = span_scrubber(policy, "test")
    first = spans.scrub(raw_span(user_email=EMAIL)).attributes
    keyed.ring.rotate("support")
    keyed.publish("support")
    keys_of_policy = spans.scrubber.policy.keys
    assert keys_of_policy is not None
    for sealer in keys_of_policy._sealers.values():
        sealer._look_at = 0.0  # as after some seconds
        for file in sealer._files:
            file._look_at = 0.0
    second = spans.scrub(raw_span(user_email=EMAIL)).attributes
    keyed.ring.destroy("support", 1, "test")
    assert keyed.opened(second, "user.email") == EMAIL
    with pytest.raises(keys.DestroyedError, match="epoch 1"):
        keyed.opened(first, "user.email")


def look_again(keys_of_policy: Any) -> None:
    """Let services look at their files anew, as after some seconds."""
    for sealer in keys_of_policy._sealers.values():
        sealer._look_at = 0.0
        for file in sealer._files:
            file._look_at = 0.0


def test_a_data_key_is_forgotten_with_its_epoch(keyed: Keyed, policy: str) -> None:
    """Neither an epoch that is ended early, nor the last one, lives on in a service's memory."""
    spans = span_scrubber(policy, "test")
    keys_of_policy = spans.scrubber.policy.keys
    assert keys_of_policy is not None

    def key_id() -> bytes:
        attributes = spans.scrub(raw_span(user_email=EMAIL)).attributes
        return keys.read_wraps(attributes[KEYS_ATTRIBUTE])[0].key_id

    first = key_id()
    assert first in datakeys._ISSUED
    keyed.ring.rotate("support")
    keyed.publish("support")
    look_again(keys_of_policy)
    second = key_id()
    assert first not in datakeys._ISSUED and second in datakeys._ISSUED
    late = keys_of_policy._now() + 30 * 86_400
    keys_of_policy._now = lambda: late
    assert KEYS_ATTRIBUTE not in spans.scrub(raw_span(user_email=EMAIL)).attributes
    assert second not in datakeys._ISSUED


def test_an_older_file_of_public_keys_is_not_taken(keyed: Keyed, policy: str) -> None:
    """Who puts back what was published before a rotation, well signed, brings no ended epoch back."""
    spans = span_scrubber(policy, "test")
    keys_of_policy = spans.scrubber.policy.keys
    assert keys_of_policy is not None
    published = keyed.directory / "support-keys.json"
    old = published.read_bytes()
    spans.scrub(raw_span(user_email=EMAIL))
    keyed.ring.rotate("support")
    keyed.publish("support")
    look_again(keys_of_policy)
    spans.scrub(raw_span(user_email=EMAIL))
    published.write_bytes(old)
    look_again(keys_of_policy)
    attributes = spans.scrub(raw_span(user_email=EMAIL)).attributes
    assert {wrap.epoch for wrap in keys.read_wraps(attributes[KEYS_ATTRIBUTE])} == {2}


def test_sealing_key_of_tests_is_none_of_production() -> None:
    """The ring's seal shows nothing of itself."""
    assert repr(SEAL) == "SealingKey()"
