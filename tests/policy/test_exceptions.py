"""Exceptions keep what they name until their date has passed, in running processes too."""

from __future__ import annotations

import datetime
import logging
import time
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from jaeger_guard import Exemption, GuardSpanProcessor, Policy, Rule
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import CompiledPolicy, compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.spans import SpanScrubber
from jaeger_guard.types import Action
from jaeger_guard.wire import ScrubbingEncoder

UTC = datetime.UTC
_EMAIL = "ana@mail.example.org"
_HOUR = datetime.timedelta(hours=1)


def _exemption(expires: Any, **where: Any) -> Exemption:
    where = where or {"key": "customer.contact"}
    return Exemption(owner="team checkout", reason="INC-4711", expires=expires, **where)


def _soon() -> datetime.datetime:
    return datetime.datetime.now(UTC) + _HOUR


def _later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time
    monkeypatch.setattr("jaeger_guard.scrubber.time.time", lambda: now() + seconds)


def _file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "shop.toml"
    path.write_text(text)
    return str(path)


def test_file_keeps_until_its_date(tmp_path: Path) -> None:
    """A file's exception keeps what it names, and nothing else, while its date hasn't passed."""
    file = _file(
        tmp_path,
        '[[exceptions]]\nkey = "customer.contact"\nowner = "a"\nreason = "b"\nexpires = 2199-12-31\n',
    )
    scrubber = Scrubber(compile_policy(load_policy(file, "test")))
    assert scrubber.value("customer.contact", _EMAIL)[0] == _EMAIL
    assert scrubber.value("customer.remark", _EMAIL)[0] != _EMAIL
    assert (
        scrubber.value("customer.contact", "password=hunter2hunter")[0] != "password=hunter2hunter"
    )


def test_file_whose_date_has_passed_keeps_nothing(tmp_path: Path) -> None:
    """A service starts with an exception that has ended, and scrubs what it kept."""
    file = _file(
        tmp_path,
        '[[exceptions]]\nkey = "customer.contact"\nowner = "a"\nreason = "b"\nexpires = 2020-01-31\n',
    )
    scrubber = Scrubber(compile_policy(load_policy(file, "test")))
    assert scrubber.value("customer.contact", _EMAIL)[0] != _EMAIL


@pytest.mark.parametrize(
    ("expires", "end"),
    [
        (datetime.date(2027, 1, 31), datetime.datetime(2027, 2, 1, tzinfo=UTC)),
        ("2027-01-31", datetime.datetime(2027, 2, 1, tzinfo=UTC)),
        (datetime.datetime(2027, 1, 31, 9, tzinfo=UTC), datetime.datetime(2027, 1, 31, 9, tzinfo=UTC)),
        ("2027-01-31T09:00:00+02:00", datetime.datetime(2027, 1, 31, 7, tzinfo=UTC)),
    ],
    ids=str,
)  # fmt: skip
def test_a_date_lasts_to_its_end_in_utc(expires: Any, end: datetime.datetime) -> None:
    """A date is the last day on which an exception holds; a time is the time."""
    assert _exemption(expires).end == end


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('key = "a"\nowner = "o"\nreason = "r"', "expires"),
        ('key = "a"\nowner = "o"\nexpires = 2199-01-01', "reason"),
        ('key = "a"\nreason = "r"\nexpires = 2199-01-01', "owner"),
        ('key = "a"\nowner = ""\nreason = "r"\nexpires = 2199-01-01', "owner"),
        ('key = "a"\nowner = "o"\nreason = "r"\nexpires = "soon"', "expires"),
        ('key = "a"\nowner = "o"\nreason = "r"\nexpires = 2199-01-01T10:00:00', "zone"),
        ('owner = "o"\nreason = "r"\nexpires = 2199-01-01', "where it holds"),
        ('key = "a"\naction = "mask"\nowner = "o"\nreason = "r"\nexpires = 2199-01-01', "mask"),
        ('key = "a"\nowners = "o"\nreason = "r"\nexpires = 2199-01-01', "owners"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, text: str, field: str) -> None:
    """An exception without an owner, a reason, a date or a place is an error that says which."""
    with pytest.raises(ConfigurationError, match="exception 1") as caught:
        load_policy(_file(tmp_path, f"[[exceptions]]\n{text}\n"), "test")
    assert field in str(caught.value)


def test_what_is_mandatory_needs_unsafe_keep() -> None:
    """An exception weakens what a preset makes mandatory by unsafe_keep alone; once ended, it can't."""
    place = {"category": "credential.session"}
    with pytest.raises(ConfigurationError, match="unsafe_keep") as caught:
        compile_policy(Policy(name="shop", rules=(), exceptions=(_exemption(_soon(), **place),)))
    assert caught.value.where == "shop exception 1"
    unsafe = _exemption(_soon(), action="unsafe_keep", **place)
    assert compile_policy(Policy(name="shop", rules=(), exceptions=(unsafe,))).unsafe_rules == (
        "shop exception 1",
    )
    compile_policy(Policy(rules=(), exceptions=(_exemption("2020-01-01", **place),)))


def test_exceptions_hide_no_weakening_behind_them() -> None:
    """A rule that weakens what is mandatory is refused, though an exception stands before it for now."""
    unsafe = _exemption(_soon(), category="credential.session", action="unsafe_keep")
    rule = Rule(category="credential.session", action="mask", leave_last=4)
    with pytest.raises(ConfigurationError, match="mandatory"):
        compile_policy(Policy(rules=(rule,), exceptions=(unsafe,)))


def test_running_scrubber_stops_when_the_date_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an exception kept, and was remembered as clean, is scrubbed from its end on, for good."""
    compiled = compile_policy(Policy(rules=(), exceptions=(_exemption(_soon()),)))
    scrubber = Scrubber(compiled)
    for _ in range(3):
        assert scrubber.current() is scrubber
        assert scrubber.value("customer.contact", _EMAIL)[0] == _EMAIL
    _later(monkeypatch, 3601)
    current = scrubber.current()
    assert current is not scrubber
    assert current.value("customer.contact", _EMAIL)[0] == "[REDACTED:contact.email]"
    assert current.policy.digest == compiled.digest
    _later(monkeypatch, 0)  # a clock that is set back brings nothing back
    assert current.current() is current


def test_exceptions_end_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several exceptions each ends at its own time."""
    first, second = _soon(), _soon() + _HOUR
    exceptions = (_exemption(second, key="a.contact"), _exemption(first, key="b.contact"))
    scrubber = Scrubber(compile_policy(Policy(rules=(), exceptions=exceptions)))
    _later(monkeypatch, 3601)
    scrubber = scrubber.current()
    assert scrubber.value("a.contact", _EMAIL)[0] == _EMAIL
    assert scrubber.value("b.contact", _EMAIL)[0] != _EMAIL
    _later(monkeypatch, 3601)  # on top of the first
    assert scrubber.current().value("a.contact", _EMAIL)[0] != _EMAIL
    assert scrubber.current().policy.expires == float("inf")


def _span(resource: Resource) -> ReadableSpan:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("shop").start_as_current_span(f"pay {_EMAIL}") as span:
        span.set_attribute("customer.contact", _EMAIL)
        span.add_event(f"sent to {_EMAIL}")
    return exporter.get_finished_spans()[0]


def test_encoder_forgets_with_the_exception(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Bytes that were remembered of kept attributes, names and resources aren't sent after the end."""
    keep = [_exemption(_soon(), category="contact.email")]
    spans = SpanScrubber(Scrubber(compile_policy(Policy(rules=(), exceptions=tuple(keep)))))
    encoder = ScrubbingEncoder(spans)
    span = _span(Resource({"service.name": "shop", "owner.contact": _EMAIL}))
    for _ in range(3):
        [payload] = encoder.encode([span])
        assert payload.data.count(_EMAIL.encode()) == 4
    _later(monkeypatch, 3601)
    with caplog.at_level(logging.WARNING, "jaeger_guard"):
        [payload] = encoder.encode([span])
    assert _EMAIL.encode() not in payload.data
    assert payload.data.count(b"[REDACTED:contact.email]") == 4
    assert "an exception of the policy has ended" in caplog.text


def test_processors_behind_the_guard_see_it_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans that other processors are shown keep what an exception names until it ends."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    policy = Policy(rules=(), exceptions=(_exemption(_soon()),))
    provider.add_span_processor(GuardSpanProcessor(SimpleSpanProcessor(exporter), policy=policy))

    def sent() -> object:
        exporter.clear()
        with provider.get_tracer("shop").start_as_current_span("pay") as span:
            span.set_attribute("customer.contact", _EMAIL)
        attributes = exporter.get_finished_spans()[0].attributes
        assert attributes is not None
        return attributes["customer.contact"]

    assert sent() == _EMAIL
    _later(monkeypatch, 3601)
    assert sent() == "[REDACTED:contact.email]"


def test_only_exceptions_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When an exception ends, the policy's tables and keys stay as they are."""
    monkeypatch.setenv("SHOP_PSEUDONYM_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    file = _file(
        tmp_path,
        """
        [[exceptions]]
        key = "customer.contact"
        owner = "a"
        reason = "b"
        expires = 2199-12-31
        [[rules]]
        category = "contact.email"
        action = "pseudonymize"
        [pseudonyms]
        key_variable = "SHOP_PSEUDONYM_KEY"
        [sampling]
        probability = 0.5
        [retention]
        default = "short"
        [audit]
        directory = "/var/lib/shop/audit"
        """,
    )
    compiled = compile_policy(load_policy(file, "test"))
    later = compiled.at(datetime.datetime(2200, 1, 2, tzinfo=UTC).timestamp())
    assert later is not compiled
    for name in CompiledPolicy.__slots__:
        if not name.startswith("_") and name != "expires":
            assert getattr(later, name) is getattr(compiled, name), name
    pseudonym = Scrubber(compiled).value("customer.remark", _EMAIL)[0]
    assert "REDACTED" not in pseudonym
    assert Scrubber(later).value("customer.contact", _EMAIL)[0] == pseudonym


def test_digest_tells_exceptions_apart() -> None:
    """A policy with an exception has another digest than one without, and than one with another end."""
    plain = compile_policy(Policy(rules=()))
    one, other = (
        compile_policy(Policy(rules=(), exceptions=(_exemption(date),)))
        for date in ("2199-01-01", "2199-01-02")
    )
    assert len({plain.digest, one.digest, other.digest}) == 3


def test_exception_is_a_keep() -> None:
    """An exception says keep, or unsafe_keep, and nothing between."""
    assert _exemption("2199-01-01").action is Action.KEEP
    with pytest.raises(ConfigurationError, match="can't 'redact'"):
        _exemption("2199-01-01", key="a", action="redact")
