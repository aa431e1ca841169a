"""Each test of instrumentation starts and ends without a global provider, and with nothing instrumented."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import entry_points

import pytest
from opentelemetry import trace
from opentelemetry.util._once import Once

from instrumentation.recorded import Recorded
from jaeger_guard import configuration
from servers.mariadb import running_mariadb
from servers.memcached import running_memcached
from servers.postgresql import running_postgresql
from servers.rabbitmq import running_rabbitmq


@pytest.fixture(scope="session")
def recorded(request: pytest.FixtureRequest) -> Recorded:
    """What came of the drivers of the contract test."""
    return Recorded(request.getfixturevalue)


@pytest.fixture(scope="session")
def postgresql_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real PostgreSQL's port."""
    with running_postgresql(tmp_path_factory.mktemp("postgresql")) as port:
        yield port


@pytest.fixture(scope="session")
def mariadb_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real MariaDB's port."""
    with running_mariadb(tmp_path_factory.mktemp("mariadb")) as port:
        yield port


@pytest.fixture(scope="session")
def memcached_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real memcached's port."""
    with running_memcached(tmp_path_factory.mktemp("memcached")) as port:
        yield port


@pytest.fixture(scope="session")
def rabbitmq_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real RabbitMQ's port."""
    with running_rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as port:
        yield port


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take variables and the global provider away, before and after; take back what is instrumented."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "JAEGER_GUARD_", "DJANGO_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    _forget()
    yield
    if configuration._installed is not None:
        configuration._installed.guard.shutdown()
    for name in ("flask", "requests", "fastapi", "starlette"):
        (point,) = entry_points(group="opentelemetry_instrumentor", name=name)
        if point.load()().is_instrumented_by_opentelemetry:
            point.load()().uninstrument()
    _forget()


def _forget() -> None:
    trace._TRACER_PROVIDER = None
    trace._TRACER_PROVIDER_SET_ONCE = Once()
    configuration._installed = None
