"""What operators are told: each outage, but no flood of lines while a backend can't decide."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from jaeger_guard.export import Outcome, Reason, Sender, State
from jaeger_guard.export.notices import Notices
from servers.otlp_sink import HttpAnswer, HttpSink

BUSY = Outcome(State.RETRY, Reason.THROTTLED)
REFUSED = Outcome(State.HOLD, Reason.UNAUTHORIZED)
OK = Outcome(State.ACCEPTED, Reason.ACCEPTED)


def test_backend_that_refuses_every_other_request_is_told_of_once(
    open_sender: Callable[..., Sender], payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A storm of 429 costs two lines, not two for each request."""
    answers = tuple(HttpAnswer(429 if number % 2 else 200) for number in range(40))
    with caplog.at_level(logging.INFO), HttpSink(answers=answers) as sink:
        sender = open_sender(endpoint=sink.endpoint, protocol="http/protobuf")
        for _ in range(20):
            sender.submit(payload, 1)
        assert sender.flush(60)
    lines = [each.message for each in caplog.records if each.name == "jaeger_guard.export"]
    assert len([line for line in lines if "throttled" in line]) == 1
    assert len([line for line in lines if "again" in line]) == 1


def test_outage_that_lasts_is_told_of_in_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After a short one that was told, a long one for the same reason isn't hidden; another reason never is."""  # fmt: skip
    now = [1000.0]
    monkeypatch.setattr("jaeger_guard.export.notices.time.monotonic", lambda: now[0])
    told = Notices("jaeger:4317")
    with caplog.at_level(logging.INFO):
        for outcome in (BUSY, OK, BUSY, BUSY):
            told.tell(outcome)
        assert caplog.text.count("throttled") == 1
        told.tell(REFUSED)
        assert caplog.text.count("unauthorized") == 1
        for _ in range(3):
            told.tell(BUSY)
            now[0] += 45
        assert caplog.text.count("throttled") == 2
        told.tell(OK)
    assert caplog.text.count("again") == 2
