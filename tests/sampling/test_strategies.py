"""Jaeger's strategies: read as it serves them, and no quirk of it fools the sampler."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import Decision

from jaeger_guard import ConfigurationError, JaegerRemote, PrivacySampler, Sampling
from jaeger_guard.sampling.remote import LONGEST_WAIT, RemoteStrategies
from jaeger_guard.sampling.strategies import BadStrategy, LiveStrategy, Strategy, parse_strategy
from jaeger_guard.sampling.threshold import NEVER, threshold_of

PROBABILISTIC = {"strategyType": 0, "probabilisticSampling": {"samplingRate": 0.8}}
OPERATIONS = {
    "defaultSamplingProbability": 0.25,
    "defaultLowerBoundTracesPerSecond": 0,
    "perOperationStrategies": [
        {"operation": "GET /a", "probabilisticSampling": {"samplingRate": 0.2}}
    ],
    "defaultUpperBoundTracesPerSecond": 0,
}
LIMITING = {"strategyType": 1, "rateLimitingSampling": {"maxTracesPerSecond": 5}}


@pytest.mark.parametrize(
    ("answer", "strategy"),
    [
        (PROBABILISTIC, Strategy(0.8, {})),
        ({**PROBABILISTIC, "strategyType": "PROBABILISTIC"}, Strategy(0.8, {})),
        ({"probabilisticSampling": {}}, Strategy(0.0, {})),  # protobuf leaves out what is zero
        (LIMITING, Strategy(1.0, {}, 5.0)),
        ({**LIMITING, "strategyType": "RATE_LIMITING"}, Strategy(1.0, {}, 5.0)),
        ({**PROBABILISTIC, "operationSampling": OPERATIONS}, Strategy(0.8, {"GET /a": 0.2})),
        (
            {"strategyType": 0, "operationSampling": OPERATIONS},
            Strategy(0.25, {"GET /a": 0.2}),
        ),
        # Operations of the default strategy come with a default probability; the limit holds.
        ({**LIMITING, "operationSampling": OPERATIONS}, Strategy(1.0, {"GET /a": 0.2}, 5.0)),
        # Adaptive sampling, before it has learned anything.
        (
            {
                "strategyType": 0,
                "operationSampling": {
                    "defaultSamplingProbability": 0.1,
                    "defaultLowerBoundTracesPerSecond": 0.016666666666666666,
                    "perOperationStrategies": [],
                },
            },
            Strategy(0.1, {}, None, 0.016666666666666666),
        ),
    ],
)
def test_answers(answer: Any, strategy: Strategy) -> None:
    """Each form that Jaeger answers in is understood."""
    assert parse_strategy(json.dumps(answer).encode()) == strategy


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"<html>",
        b"\xff",
        b"[" * 100_000,
        json.dumps({"strategyType": 2}).encode(),
        json.dumps({**LIMITING, "strategyType": True}).encode(),
        json.dumps({"strategyType": 0}).encode(),
        json.dumps({"strategyType": 0, "probabilisticSampling": {"samplingRate": 7}}).encode(),
        json.dumps({"strategyType": 0, "probabilisticSampling": {"samplingRate": -1}}).encode(),
        json.dumps({"strategyType": 0, "probabilisticSampling": {"samplingRate": "1"}}).encode(),
        b'{"strategyType": 0, "probabilisticSampling": {"samplingRate": NaN}}',
        b'{"strategyType": 0, "probabilisticSampling": {"samplingRate": 1e999}}',
        json.dumps({"strategyType": 1, "rateLimitingSampling": {"maxTracesPerSecond": 0}}).encode(),
        json.dumps(
            {"strategyType": 1, "rateLimitingSampling": {"maxTracesPerSecond": -5}}
        ).encode(),
        json.dumps({"strategyType": 1}).encode(),
        json.dumps({**PROBABILISTIC, "operationSampling": []}).encode(),
        json.dumps(
            {**PROBABILISTIC, "operationSampling": {"perOperationStrategies": [{"operation": 5}]}}
        ).encode(),
        json.dumps(
            {**PROBABILISTIC, "operationSampling": {"perOperationStrategies": [{}] * 3000}}
        ).encode(),
    ],
)
def test_bad_answers(answer: bytes) -> None:
    """What is no strategy changes nothing: the last good one stays."""
    with pytest.raises(BadStrategy):
        parse_strategy(answer)
    remote = RemoteStrategies(lambda: lambda: b"", 60, 0)
    assert remote.poll(lambda: json.dumps(PROBABILISTIC).encode())
    before = remote.live
    assert not remote.poll(lambda: answer)
    assert remote.live is before
    assert remote.statistics() == {"answered": 1, "bad_answer": 1}


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_whatever_is_answered(answer: Any) -> None:
    """No answer raises anything but that it is bad."""
    for value in (answer, {"strategyType": answer}, {**PROBABILISTIC, "operationSampling": answer}):
        try:
            parse_strategy(json.dumps(value).encode())
        except BadStrategy:
            pass


def test_the_ceiling() -> None:
    """A remote strategy can't raise what is set here, by rate, by operation, or by lower bound."""
    live = LiveStrategy(Strategy(0.9, {"a": 1.0, "b": 0.01}, None, 1000.0), threshold_of(0.1))
    assert live.threshold("other") == threshold_of(0.1)
    assert live.threshold("a") == threshold_of(0.1)
    assert live.threshold("b") == threshold_of(0.01)
    assert not live.keep_all_the_same("b")
    none = LiveStrategy(Strategy(1.0, {}, 100.0), NEVER)
    assert none.threshold("a") == NEVER


def test_the_lower_bound() -> None:
    """So many a second of each operation are kept, whatever its probability."""
    live = LiveStrategy(Strategy(0.001, {}, None, 2.0), 0)
    assert [live.keep_all_the_same("a") for _ in range(4)].count(True) == 2
    assert live.keep_all_the_same("b")
    assert not LiveStrategy(Strategy(0.0, {}), 0).keep_all_the_same("a")


def test_waiting() -> None:
    """Around an interval between polls, longer after failures, never longer than ten."""
    remote = RemoteStrategies(lambda: lambda: b"", 10.0, 0)
    waits = [remote.wait_after(0) for _ in range(200)]
    assert 9.0 <= min(waits) < 9.8
    assert 10.2 < max(waits) <= 11.0
    assert [round(remote.wait_after(failures) / 10) for failures in (1, 2)] == [2, 4]
    assert max(remote.wait_after(failures) for failures in range(50)) <= 10 * LONGEST_WAIT * 1.1


def test_a_strategy_that_stays_keeps_its_limits() -> None:
    """Polling the same limit again doesn't fill it."""
    remote = RemoteStrategies(lambda: lambda: b"", 60, 0)
    answer = json.dumps(LIMITING).encode()
    assert remote.poll(lambda: answer)
    live = remote.live
    assert remote.poll(lambda: answer)
    assert remote.live is live


def test_a_fetcher_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """Each kind of failure is told once, by its type, without its text."""

    def fail() -> bytes:
        raise OSError("hunter2")

    remote = RemoteStrategies(lambda: fail, 60, 0)
    assert not remote.poll(fail)
    assert not remote.poll(fail)
    assert remote.statistics() == {"OSError": 2}
    assert len(caplog.records) == 1
    assert "hunter2" not in caplog.text


def test_remote_by_hand_needs_export_and_name() -> None:
    """Without knowing whom to ask for, and over which TLS, it is an error."""
    sampling = Sampling(remote=JaegerRemote(endpoint="http://localhost:5778"))
    with pytest.raises(ConfigurationError, match="export="):
        PrivacySampler(sampling)


@pytest.mark.parametrize(
    "endpoint",
    ["http://jaeger.example:5778", "ftp://x", "jaeger:5778", "https://u:p@x", "https://"],
)
def test_endpoints_that_are_refused(endpoint: str) -> None:
    """Plaintext to others, and what is no URL, are errors that don't quote it."""
    from jaeger_guard import Export

    sampling = Sampling(remote=JaegerRemote(endpoint=endpoint))
    with pytest.raises(ConfigurationError, match=r"JaegerRemote\.endpoint") as refused:
        PrivacySampler(sampling, export=Export(), service_name="shop")
    assert "u:p" not in str(refused.value)


def test_intervals_that_are_refused() -> None:
    """An interval is a positive number of seconds."""
    for interval in (0, -1, float("nan"), "60"):
        with pytest.raises(ConfigurationError, match="interval"):
            JaegerRemote(endpoint="https://x", interval=interval)  # type: ignore[arg-type]


def remote_sampler(answer: dict[str, Any], **sampling: Any) -> PrivacySampler:
    """A sampler whose remote has answered, and isn't asked again."""
    from jaeger_guard import Export

    remote = JaegerRemote(endpoint="http://127.0.0.1:9", interval=86400)
    sampler = PrivacySampler(
        Sampling(remote=remote, **sampling), export=Export(), service_name="shop"
    )
    assert sampler._remote is not None
    sampler._remote.poll(lambda: json.dumps(answer).encode())
    sampler._remote.shutdown()
    return sampler


def kept_of(sampler: PrivacySampler, number: int, name: str) -> int:
    """Count what is kept of so many roots."""
    decisions = [
        sampler.should_sample(None, random.getrandbits(128) | 1, name).decision
        for _ in range(number)
    ]
    return decisions.count(Decision.RECORD_AND_SAMPLE)


@pytest.mark.parametrize(
    ("answer", "name", "expected"),
    [
        (PROBABILISTIC, "x", lambda kept: 700 < kept < 900),
        ({**PROBABILISTIC, "operationSampling": OPERATIONS}, "GET /a", lambda k: 100 < k < 300),
        (LIMITING, "x", lambda kept: 5 <= kept <= 8),
        # The limit holds for what no operation names, though a default probability stands there.
        ({**LIMITING, "operationSampling": OPERATIONS}, "x", lambda kept: 5 <= kept <= 8),
    ],
)
def test_strategies_decide_about_roots(
    answer: dict[str, Any], name: str, expected: Callable[[int], bool]
) -> None:
    """Rates, limits and operations hold for what no local rule decides about."""
    assert expected(kept_of(remote_sampler(answer), 1000, name))


def test_local_rules_come_first() -> None:
    """What is dropped or minimal here, no remote brings back; the probability is a ceiling."""
    from jaeger_guard import SamplingRule

    everything = {"strategyType": 0, "probabilisticSampling": {"samplingRate": 1.0}}
    rules = [SamplingRule(name="gone", decision="drop"), SamplingRule(name="half", probability=0.5)]
    sampler = remote_sampler(everything, rules=rules, probability=0.1)
    assert kept_of(sampler, 1000, "gone") == 0
    assert 400 < kept_of(sampler, 1000, "half") < 600
    assert 40 < kept_of(sampler, 1000, "other") < 180


def test_before_the_first_answer() -> None:
    """One trace in a thousand, as Jaeger's own clients begin with."""
    sampler = remote_sampler({"bad": "answer"})
    assert kept_of(sampler, 2000, "x") < 20


def test_a_forked_child_asks_for_itself() -> None:
    """The thread that asks stays with the parent; a child starts its own at its first root."""
    sampler = remote_sampler(PROBABILISTIC)
    remote = sampler._remote
    assert remote is not None
    remote._stopped = False
    remote.ensure_running()
    assert remote.is_running
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - measured in the parent alone
        states = [remote.is_running]
        kept_of(sampler, 1, "a")
        states.append(remote.is_running)
        os.write(write, repr(states).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100) == b"[False, True]"
    os.close(read)
    os.close(write)
    sampler.shutdown()
