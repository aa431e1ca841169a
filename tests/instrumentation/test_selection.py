"""`configure(instrument=)`: what is asked for is instrumented, or refused before anything is installed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import requests
from opentelemetry import trace

from jaeger_guard import ConfigurationError, MissingExtraError, configure
from jaeger_guard.instrumentation import FRAMEWORKS
from jaeger_guard.testing import CapturedSpans

DISABLED = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"


def instrumentor(name: str) -> Any:
    (point,) = entry_points(group="opentelemetry_instrumentor", name=name)
    return point.load()()


def is_instrumented(name: str) -> bool:
    return bool(instrumentor(name).is_instrumented_by_opentelemetry)


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install a distribution with an instrumentor of a test's own."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def published(name: str, *, instruments: str, body: str = "pass") -> None:
        module = f"instrumentor_of_{name}"
        (tmp_path / f"{module}.py").write_text(
            "from opentelemetry.instrumentation.instrumentor import BaseInstrumentor\n"
            "class Instrumentor(BaseInstrumentor):\n"
            "    def instrumentation_dependencies(self): return ()\n"
            f"    def _instrument(self, **keywords): {body}\n"
            "    def _uninstrument(self, **keywords): pass\n"
        )
        information = tmp_path / f"{module}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\nProvides-Extra: instruments\n"
            f'Requires-Dist: {instruments} ; extra == "instruments"\n'
        )
        (information / "entry_points.txt").write_text(
            f"[opentelemetry_instrumentor]\n{name} = {module}:Instrumentor\n"
        )

    return published


def refused(given: Any) -> ConfigurationError:
    """Return the error of `configure(instrument=given)`, which has installed nothing."""
    with pytest.raises(ConfigurationError) as caught:
        configure(instrument=given)
    assert trace._TRACER_PROVIDER is None
    assert caught.value.where == "configure(instrument=)"
    return caught.value


def lines(caplog: pytest.LogCaptureFixture, name: str) -> list[str]:
    return [text for text in caplog.messages if text.startswith(f"{name} is not instrumented")]


def test_nothing_is_instrumented_unasked() -> None:
    """Without the argument, no instrumentor is loaded."""
    configure()
    assert not is_instrumented("flask")
    assert not is_instrumented("requests")


def test_what_is_named_is_instrumented() -> None:
    """A list instruments what it names and nothing else, with the guard's provider."""
    guard = configure(instrument=["requests"])
    spans = CapturedSpans()
    guard.tracer_provider.add_span_processor(spans.processor)
    assert is_instrumented("requests")
    assert not is_instrumented("flask")
    with pytest.raises(requests.ConnectionError):
        requests.get("http://127.0.0.1:1/", timeout=5)
    assert spans.names == ["GET"]


def test_all_that_is_installed(caplog: pytest.LogCaptureFixture) -> None:
    """True instruments what is there; one line says why Django, whose settings are missing, isn't."""
    with caplog.at_level(logging.INFO, "jaeger_guard"):
        guard = configure(instrument=True)
    assert is_instrumented("flask")
    assert is_instrumented("requests")
    (line,) = lines(caplog, "django")
    assert "DJANGO_SETTINGS_MODULE" in line
    guard.shutdown()
    assert not is_instrumented("flask")
    assert not is_instrumented("requests")


@pytest.mark.parametrize("given", [True, ["flask", "requests"]])
def test_what_an_operator_disables(
    given: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The standard variable turns single instrumentors off, and one line says so."""
    monkeypatch.setenv(DISABLED, "requests, django")
    with caplog.at_level(logging.INFO, "jaeger_guard"):
        configure(instrument=given)
    assert is_instrumented("flask")
    assert not is_instrumented("requests")
    (line,) = lines(caplog, "requests")
    assert DISABLED in line


def test_an_operator_disables_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """An asterisk turns all of them off."""
    monkeypatch.setenv(DISABLED, "*")
    configure(instrument=True)
    assert not any(is_instrumented(name) for name in ("flask", "requests", "fastapi"))


def test_an_unknown_name() -> None:
    """A typo is an error that names the closest."""
    error = refused(["flsk"])
    assert "flsk" in error.what
    assert "flask" in error.remedy


def test_a_text_that_is_no_name_is_not_shown() -> None:
    """What was pasted there by mistake is in no error."""
    assert "hunter2" not in str(refused(["mysql://root:hunter2@db"]))


def test_an_instrumentor_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra that brings it."""
    import jaeger_guard.instrumentation.selection as selection

    without = list(entry_points(group=selection.GROUP))
    without = [point for point in without if point.name != "tornado"]
    monkeypatch.setattr(selection, "entry_points", lambda group: without)
    error = refused(["tornado"])
    assert isinstance(error, MissingExtraError)
    assert 'pip install "jaeger-guard[tornado]"' in error.remedy


@pytest.mark.parametrize(
    ("instruments", "told"),
    [("flask >= 99", "flask 3"), ("no-such-library >= 1", "not installed")],
    ids=["another version", "not there"],
)
def test_a_library_that_an_instrumentor_refuses(
    instruments: str,
    told: str,
    publish: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In a list, an error that says what it needs and what is there; with True, one line."""
    publish("elsewhere", instruments=instruments)
    error = refused(["elsewhere"])
    assert told in error.what
    assert instruments.partition(" ")[0] in error.what
    with caplog.at_level(logging.INFO, "jaeger_guard"):
        configure(instrument=True)
    (line,) = lines(caplog, "elsewhere")
    assert told in line
    assert is_instrumented("flask")


def test_an_instrumentor_that_fails(
    publish: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    """In a list, an error without the text of its exception; with True, one line, and others work."""
    publish("broken", instruments="flask", body="raise RuntimeError('hunter2')")
    with pytest.raises(ConfigurationError, match="broken") as caught:
        configure(instrument=["flask", "broken"])
    assert caught.value.__context__ is None
    assert "hunter2" not in str(caught.value)
    assert not is_instrumented("flask")
    trace._TRACER_PROVIDER = None
    with caplog.at_level(logging.INFO, "jaeger_guard"):
        configure(instrument=True)
    assert is_instrumented("flask")
    assert [text for text in caplog.messages if "broken failed" in text]
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("given", ["flask", 1, {"flask": True}, [1]])
def test_wrong_types(given: Any) -> None:
    """Neither true nor false nor a list of names is an error that shows how to give them."""
    assert '["flask", "requests"]' in refused(given).remedy


def test_the_same_settings_give_the_same_guard() -> None:
    """The order of names doesn't matter; other names are other settings."""
    guard = configure(instrument=["flask", "requests"])
    assert configure(instrument=("requests", "flask")) is guard
    with pytest.raises(ConfigurationError, match="other settings"):
        configure(instrument=["flask"])


def test_instrumentors_are_imported_when_asked_for() -> None:
    """Configuring without them imports no instrumentor."""
    from test_import import in_new_process

    loaded = in_new_process(
        """
import json, sys
import jaeger_guard
jaeger_guard.configure()
import jaeger_guard.instrumentation
print(json.dumps([name for name in sys.modules if name.startswith("opentelemetry.instrumentation")]))
""",
        OTEL_TRACES_EXPORTER="none",
    )
    assert loaded == []


def test_every_extra_is_one() -> None:
    """Each instrumentor of the registry has an extra that brings it, and the extra `all` has it too."""
    import tomllib

    text = (Path(__file__).parent.parent.parent / "pyproject.toml").read_text()
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    whole = "".join(extras["all"])
    for framework in FRAMEWORKS:
        assert any("opentelemetry-instrumentation" in line for line in extras[framework.extra])
        assert framework.extra in whole
    assert len({framework.name for framework in FRAMEWORKS}) == len(FRAMEWORKS)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("", "is not set"),
        ("no_such_settings", "ModuleNotFoundError"),
        ("broken_settings", "ValueError"),
    ],
)
def test_django_without_settings(settings: str, told: str, tmp_path: Path) -> None:
    """Nothing is configured in the place of a service's own settings, and the error says why."""
    from test_import import in_new_process

    (tmp_path / "broken_settings.py").write_text("raise ValueError('hunter2')\n")
    what, is_configured = in_new_process(
        f"""
import json, sys
sys.path.append({str(tmp_path)!r})
import jaeger_guard
try:
    jaeger_guard.configure(instrument=["django"])
except jaeger_guard.ConfigurationError as error:
    from django.conf import settings
    print(json.dumps([str(error), settings.configured]))
""",
        OTEL_TRACES_EXPORTER="none",
        DJANGO_SETTINGS_MODULE=settings,
    )
    assert told in what
    assert "DJANGO_SETTINGS_MODULE" in what
    assert "hunter2" not in what
    assert is_configured is False
