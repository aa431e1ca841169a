"""Fixtures that several folders share: the real servers, one of each for a whole run."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from opentelemetry import propagate
from opentelemetry.sdk.trace import TracerProvider

# The tests are no package (importmode=importlib); their helpers are found from this folder.
sys.path.append(str(Path(__file__).parent))

from servers.collector import Collector, running_collector
from servers.jaeger import Jaeger, running_jaeger
from servers.redis import running_redis

# A busy machine is slow, and no example is wrong for that.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Remove what killed children left of their coverage, before pytest-cov combines it.

    A child that was killed while it wrote leaves a broken file, which could end the whole run.
    """
    result = yield
    if not hasattr(session.config, "workerinput"):
        for file in session.config.rootpath.glob(".coverage.*"):
            if not _is_whole(file):
                file.unlink(missing_ok=True)
    return result


def _is_whole(database: Path) -> bool:
    """Say whether SQLite can read all of a file."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
            answers = opened.execute("PRAGMA quick_check").fetchall()
    except sqlite3.Error:
        return False
    return bool(answers == [("ok",)])


@pytest.fixture(autouse=True)
def unwatched() -> Iterator[None]:
    """Leave SDK and API as they were: a guard watches tracers, propagators and what is logged."""
    before = TracerProvider.get_tracer
    factory = logging.getLogRecordFactory()
    propagators, asked = propagate._HTTP_TEXT_FORMAT, propagate.get_global_textmap
    yield
    TracerProvider.get_tracer = before  # type: ignore[method-assign]
    logging.setLogRecordFactory(factory)
    propagate._HTTP_TEXT_FORMAT = propagators
    propagate.get_global_textmap = asked


@pytest.fixture(scope="session")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jaeger]:
    """A real Jaeger behind mutual TLS 1.3."""
    with running_jaeger(tmp_path_factory.mktemp("jaeger")) as server:
        yield server


@pytest.fixture(scope="session")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """A real collector behind nginx with mutual TLS 1.3."""
    with running_collector(tmp_path_factory.mktemp("collector")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The loopback port of a real redis-server."""
    with running_redis(tmp_path_factory.mktemp("redis")) as port:
        yield port
