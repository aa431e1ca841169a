"""Where tokens and pseudonyms may stand beside spans' attributes, and where a marker stands instead."""

from __future__ import annotations

import hashlib
import hmac
import logging
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from jaeger_guard import GuardLogRecordProcessor
from jaeger_guard.processor import span_scrubber
from jaeger_guard.types import Surface
from keyed import Keyed, role_table, rule

EMAIL = "ana" + "@shop.example.com"
KEY = "0123456789abcdef0123456789abcdef-and-more"


@pytest.fixture
def keyed(tmp_path: Path) -> Keyed:
    return Keyed.create(tmp_path, "support")


def test_log_records_carry_tokens_with_their_wraps(keyed: Keyed) -> None:
    """A log record's attributes open as a span's do, and its body by the same wraps."""
    policy = keyed.policy(
        role_table("support", "contact.*") + rule(category="contact.*", action="encrypt")
    )
    exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(shutdown_on_exit=False, resource=Resource({}))
    provider.add_log_record_processor(
        GuardLogRecordProcessor(SimpleLogRecordProcessor(exporter), policy=policy)
    )
    provider.get_logger("shop").emit(
        severity_number=None, body=f"mail {EMAIL}", attributes={"user.email": EMAIL}
    )
    provider.shutdown()
    [record] = exporter.get_finished_logs()
    attributes: Any = dict(record.log_record.attributes or {})
    assert keyed.opened(attributes, "user.email") == EMAIL
    body = str(record.log_record.body)
    wraps = attributes["jaeger_guard.keys"]
    assert EMAIL not in body
    assert keyed.opened({"": body}, "", wraps=wraps) == EMAIL


@pytest.mark.parametrize("mode", ["guard", "collector"])
def test_pseudonyms_by_mode(
    keyed: Keyed, mode: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The Collector's mode gives its digest everywhere; ours nothing that would outlive its epoch."""
    monkeypatch.setenv("SHOP_KEY", KEY if mode == "collector" else "A" * 43 + "=")
    policy = keyed.policy(
        f"[pseudonyms]\nkey_variable = 'SHOP_KEY'\nmode = '{mode}'\n"
        + rule(category="contact.email", action="pseudonymize")
    )
    with caplog.at_level(logging.DEBUG):
        scrubber = span_scrubber(policy, "test").scrubber
        found: list[Any] = []
        attribute = scrubber.attributes(Surface.ATTRIBUTE, {"user.email": EMAIL}, found)
        again = scrubber.attributes(Surface.ATTRIBUTE, {"user.email": EMAIL}, found)
        event = scrubber.attributes(Surface.EVENT, {"note": f"to {EMAIL}"}, found)
        resource = scrubber.attributes(Surface.RESOURCE, {"owner.email": EMAIL}, found)
        name = scrubber.text(Surface.NAME, f"mail {EMAIL}", found)
        query = scrubber.attributes(
            Surface.ATTRIBUTE, {"db.query.text": f"SELECT a FROM t WHERE b = '{EMAIL}'"}, found
        )
    assert attribute == again
    pseudonym = attribute["user.email"]
    assert event == {"note": f"to {pseudonym}"}
    assert name == f"mail {pseudonym}"
    assert query == {"db.query.text": "SELECT a FROM t WHERE b = ?"}
    if mode == "collector":
        assert pseudonym == hmac.new(KEY.encode(), EMAIL.encode(), hashlib.sha256).hexdigest()
        assert resource == {"owner.email": pseudonym}
    else:
        assert pseudonym.startswith("jp1.") and len(pseudonym) == 36
        assert resource == {"owner.email": "[REDACTED:contact.email]"}
    assert KEY not in caplog.text and EMAIL not in caplog.text


def test_an_epochs_pseudonyms_end_with_it(keyed: Keyed, monkeypatch: pytest.MonkeyPatch) -> None:
    """What became of a value isn't remembered beyond its epoch."""
    monkeypatch.setenv("SHOP_KEY", "A" * 43 + "=")
    policy = keyed.policy(
        "[pseudonyms]\nkey_variable = 'SHOP_KEY'\n"
        + rule(category="contact.email", action="pseudonymize")
    )
    scrubber = span_scrubber(policy, "test").scrubber
    assert scrubber.policy.keys is not None
    made = scrubber.policy.keys.pseudonyms
    assert made is not None
    seen = []
    for seconds in (0.0, 1.0, 7 * 86_400.0):
        object.__setattr__(made, "now", lambda at=seconds: at)
        seen.append(scrubber.value("user.email", EMAIL)[0])
    assert seen[0] == seen[1] != seen[2]
