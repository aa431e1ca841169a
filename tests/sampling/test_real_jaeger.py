"""A real Jaeger's strategies are followed, over the exporter's TLS and credentials, as they change."""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.sampling import Decision

from jaeger_guard import Export, JaegerRemote, PrivacySampler, Sampling
from jaeger_guard.sampling.strategies import Strategy
from servers.jaeger_sampling import PASSWORD, USER, StrategyServer, running_strategies
from servers.process import poll

pytestmark = pytest.mark.e2e

STRATEGIES: dict[str, Any] = {
    "service_strategies": [
        {"service": "prob", "type": "probabilistic", "param": 0.8},
        {"service": "rate", "type": "ratelimiting", "param": 5},
        {
            "service": "operations",
            "type": "probabilistic",
            "param": 0.5,
            "operation_strategies": [
                {"operation": "GET /a", "type": "probabilistic", "param": 0.0}
            ],
        },
        {"service": "seven", "type": "probabilistic", "param": 7},
        {"service": "slow", "type": "ratelimiting", "param": 0.9},
    ],
    "default_strategy": {"type": "probabilistic", "param": 0.25},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StrategyServer]:
    """A Jaeger with strategies."""
    with running_strategies(tmp_path_factory.mktemp("strategies"), STRATEGIES) as running:
        yield running


@pytest.fixture
def sampler_for(server: StrategyServer) -> Iterator[Callable[..., PrivacySampler]]:
    """Build samplers that poll it ten times a second, and stop them."""
    server.serve(STRATEGIES)
    made: list[PrivacySampler] = []

    def build(service: str, **changes: Any) -> PrivacySampler:
        certificates = server.certificates
        credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        settings: dict[str, Any] = {
            "endpoint": "https://jaeger.example:4317",
            "ca_file": certificates.ca_file,
            "cert_file": certificates.client.cert_file,
            "key_file": certificates.client.key_file,
            "headers": {"authorization": f"Basic {credentials}"},
        }
        remote = JaegerRemote(endpoint=server.endpoint, interval=0.1)
        made.append(
            PrivacySampler(
                Sampling(remote=remote),
                export=Export(**(settings | changes)),
                service_name=service,
            )
        )
        kept_of(made[-1], 1)  # the first root starts the polling
        return made[-1]

    yield build
    for sampler in made:
        sampler.shutdown()


def kept_of(sampler: PrivacySampler, number: int, name: str = "GET /x") -> int:
    """Count what is kept of so many roots."""
    return [
        sampler.should_sample(None, random.getrandbits(128) | 1, name).decision
        for _ in range(number)
    ].count(Decision.RECORD_AND_SAMPLE)


def live(sampler: PrivacySampler) -> Strategy:
    """The strategy that holds now."""
    assert sampler._remote is not None
    return sampler._remote.live.strategy


def answered(sampler: PrivacySampler, number: int = 1) -> bool:
    """Wait until so many answers more have come, good ones or bad ones."""
    assert sampler._remote is not None
    counts = sampler._remote.statistics
    before = sum(counts().values())
    return poll(lambda: sum(counts().values()) >= before + number, seconds=60)


def holds_five_a_second(sampler: PrivacySampler) -> bool:
    """Whether what is kept of many roots is what a limit of 5 allows in the time that they took."""
    began = time.monotonic()
    kept = kept_of(sampler, 1000)
    return 5 <= kept <= 6 + 5 * (time.monotonic() - began)


@pytest.mark.parametrize(
    ("service", "strategy"),
    [
        ("prob", Strategy(0.8, {})),
        ("rate", Strategy(1.0, {}, 5.0)),
        ("operations", Strategy(0.5, {"GET /a": 0.0})),
        ("nobody knows it", Strategy(0.25, {})),
    ],
)
def test_what_is_served(
    service: str, strategy: Strategy, sampler_for: Callable[..., PrivacySampler]
) -> None:
    """Each kind of strategy arrives, over mutual TLS 1.3 and basic auth."""
    sampler = sampler_for(service)
    assert poll(lambda: live(sampler) == strategy, seconds=60)
    if strategy.limit is not None:
        assert holds_five_a_second(sampler)
    else:
        assert abs(kept_of(sampler, 1000) - 1000 * strategy.probability) < 100
    if strategy.operations:
        assert kept_of(sampler, 1000, "GET /a") == 0


@pytest.mark.parametrize("service", ["seven", "slow"])
def test_quirks(service: str, sampler_for: Callable[..., PrivacySampler]) -> None:
    """A rate of 7 isn't everything, and a limit of 0.9 isn't nothing: what held before still does."""
    sampler = sampler_for(service)
    before = live(sampler)
    assert answered(sampler, 2)
    assert live(sampler) == before
    assert sampler.statistics()["remote"]["bad_answer"] >= 2


def test_operations_of_the_default_do_not_lift_a_limit(
    server: StrategyServer, sampler_for: Callable[..., PrivacySampler]
) -> None:
    """Jaeger merges them into every service, with a default probability beside the limit."""
    operations = [{"operation": "GET /health", "type": "probabilistic", "param": 0.0}]
    default = {**STRATEGIES["default_strategy"], "operation_strategies": operations}
    server.serve({**STRATEGIES, "default_strategy": default})
    sampler = sampler_for("rate")
    assert poll(lambda: live(sampler).operations == {"GET /health": 0.0}, seconds=60)
    assert live(sampler).limit == 5.0
    assert holds_five_a_second(sampler)
    assert kept_of(sampler, 100, "GET /health") == 0
    own = sampler_for("prob")
    assert poll(lambda: live(own).operations == {"GET /health": 0.0}, seconds=60)
    assert live(own).probability == 0.8


def test_a_reload(server: StrategyServer, sampler_for: Callable[..., PrivacySampler]) -> None:
    """What the file says next holds next; a file that is broken changes nothing."""
    sampler = sampler_for("prob")
    assert poll(lambda: live(sampler).probability == 0.8, seconds=60)
    other = {"service": "prob", "type": "probabilistic", "param": 0.1}
    server.serve({**STRATEGIES, "service_strategies": [other]})
    assert poll(lambda: live(sampler).probability == 0.1, seconds=60)
    server.serve("{")
    assert answered(sampler, 15)  # more than the second after which the file is read again
    assert live(sampler).probability == 0.1


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": None},
        {"headers": {"authorization": "Basic d3Jvbmc6d3Jvbmc="}},
        {"cert_file": None, "key_file": None},
    ],
)
def test_without_credentials(
    changes: dict[str, Any], sampler_for: Callable[..., PrivacySampler]
) -> None:
    """Who isn't let in gets no strategy, and goes on with what held before."""
    sampler = sampler_for("prob", **changes)
    before = live(sampler)
    assert answered(sampler, 2)
    assert live(sampler) == before
    assert "answered" not in sampler.statistics()["remote"]


def test_another_authority(
    server: StrategyServer, sampler_for: Callable[..., PrivacySampler]
) -> None:
    """A server that our CA file doesn't vouch for isn't believed."""
    sampler = sampler_for("prob", ca_file=server.certificates.foreign_ca_file)
    before = live(sampler)
    assert answered(sampler, 2)
    assert live(sampler) == before


def test_by_configure(server: StrategyServer, monkeypatch: Any, tmp_path: Path) -> None:
    """`configure()` asks for the service of its resource, over the TLS of its export."""
    from opentelemetry import trace
    from opentelemetry.util._once import Once

    from jaeger_guard import configuration, configure

    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(configuration, "_installed", None)
    monkeypatch.setenv("OTEL_BSP_EXPORT_TIMEOUT", "1000")
    server.serve(STRATEGIES)
    credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    guard = configure(
        export=Export(
            endpoint="https://127.0.0.1:1",
            ca_file=server.certificates.ca_file,
            cert_file=server.certificates.client.cert_file,
            key_file=server.certificates.client.key_file,
            headers={"authorization": f"Basic {credentials}"},
        ),
        sampling=Sampling(remote=JaegerRemote(endpoint=server.endpoint, interval=0.1)),
        resource={"service.name": "prob"},
    )
    sampler: Any = guard.tracer_provider.sampler
    guard.tracer_provider.get_tracer("test").start_span("a").end()
    assert poll(lambda: live(sampler).probability == 0.8, seconds=60)
    assert guard.statistics()["sampler"]["remote"]["answered"] >= 1
    guard.shutdown()
