"""OTEL_PYTHON_ID_GENERATOR: the named generator draws all ids, or configure() refuses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.util._once import Once

from jaeger_guard import ConfigurationError, configuration, configure

VARIABLE = "OTEL_PYTHON_ID_GENERATOR"
SOURCE = """
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
class Marked(RandomIdGenerator):
    def generate_trace_id(self): return (0x5e << 120) | super().generate_trace_id() >> 8
class Other: pass
class Failing(RandomIdGenerator):
    def __init__(self): raise RuntimeError("hunter2")
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Start and end without a global provider; publish generators of a distribution of its own."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(configuration, "_installed", None)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "generators_of_ids.py").write_text(SOURCE)
    information = tmp_path / "generators_of_ids-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: ids\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[opentelemetry_id_generator]\n"
        + "".join(f"{name.lower()} = generators_of_ids:{name}\n" for name in NAMES)
    )
    yield
    if configuration._installed is not None:
        configuration._installed.guard.shutdown()


NAMES = ("Marked", "Other", "Failing")


@pytest.mark.parametrize("text", ["", "random", " random "])
def test_the_default(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a word, or by its name, ids are random."""
    monkeypatch.setenv(VARIABLE, text)
    assert type(configure().tracer_provider.id_generator) is RandomIdGenerator


def test_one_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each trace has an id that it drew."""
    monkeypatch.setenv(VARIABLE, "marked")
    span = configure().tracer_provider.get_tracer("t").start_span("one")
    assert span.get_span_context().trace_id >> 120 == 0x5E


@pytest.mark.parametrize("name", ["hunter2", "other", "failing"])
def test_one_that_cannot_be_had(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown, of another type, or failing: an error that names the variable, and nothing of it."""
    monkeypatch.setenv(VARIABLE, name)
    with pytest.raises(ConfigurationError) as caught:
        configure()
    error = caught.value
    assert error.where == VARIABLE
    assert error.remedy
    assert "hunter2" not in f"{error} {error.__context__!r}"
    assert trace._TRACER_PROVIDER is None


def test_another_generator_is_another_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second call under another name is refused rather than ignored."""
    configure()
    monkeypatch.setenv(VARIABLE, "marked")
    with pytest.raises(ConfigurationError, match="other settings"):
        configure()
