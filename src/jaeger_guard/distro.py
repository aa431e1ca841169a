"""Zero-code: what `opentelemetry-instrument` loads by its entry points named `jaeger_guard`.

    pip install "jaeger-guard[auto]"
    OTEL_PYTHON_DISTRO=jaeger_guard OTEL_PYTHON_CONFIGURATOR=jaeger_guard \\
        opentelemetry-instrument python app.py

Theory of operation. The command's sitecustomize loads one distro, one configurator, the hooks of the
group `opentelemetry_pre_instrument`, and then each instrumentor. Without the two variables, it takes
whichever distribution it finds first; so our hook, which is always called, looks whether the provider
that came out is guarded, and guards it where another distribution won.

A setting that can't be honoured must not keep the application from running: then nothing is exported,
and one error says why.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.environment_variables import OTEL_TRACES_EXPORTER
from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined]  # untyped
from opentelemetry.sdk._configuration import _BaseConfigurator
from opentelemetry.trace import NoOpTracerProvider

from jaeger_guard.configuration import configure, protect
from jaeger_guard.configuration.bypasses import is_guarded, watch_for_bypasses
from jaeger_guard.configuration.declarative import configure_declaratively
from jaeger_guard.configuration.environment import Switches
from jaeger_guard.configuration.signals import guard_other_signals, start_logs, start_metrics
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.instrumentation import framework_of, load, prepare_installed
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard")
_CONFIG_FILE: Final = "OTEL_CONFIG_FILE"


class JaegerGuardDistro(BaseDistro):  # type: ignore[misc]
    """Sets the defaults of the specification; instrumentors are loaded with the guard's hooks."""

    def _configure(self, **kwargs: Any) -> None:
        os.environ.setdefault(OTEL_TRACES_EXPORTER, "otlp")

    def load_instrumentor(self, entry_point: EntryPoint, **kwargs: Any) -> None:
        """Load one, as every distro does; the command tells of what it raises."""
        framework = framework_of(entry_point.name)
        if framework.obstacle is not None and (obstacle := framework.obstacle()):
            tell(_LOGGER, logging.WARNING, "%s is not instrumented: %s", framework.name, obstacle)
            return
        load(framework, entry_point.load(), **kwargs)


class JaegerGuardConfigurator(_BaseConfigurator):
    """Builds and installs what `jaeger_guard.configure()` does."""

    def _configure(self, **kwargs: Any) -> None:
        version = kwargs.get("auto_instrumentation_version")
        _without_raising(lambda: _start(version), "tracing is off, nothing is exported")


def guard_what_is_there() -> None:
    """Guard the global provider where another configurator made it; before any instrumentor."""
    _without_raising(_guard_what_is_there, "this process is not guarded")
    # Another distro loads the instrumentors by itself: what it will load is prepared.
    _without_raising(lambda: prepare_installed(os.environ), "spans have the names as they come")


def _start(version: str | None) -> None:
    if path := os.environ.get(_CONFIG_FILE, "").strip():
        configure_declaratively(path)
        return
    guard = configure(resource={"telemetry.auto.version": version} if version else None)
    _without_raising(lambda: start_metrics(guard, os.environ), "no metrics are exported")
    _without_raising(lambda: start_logs(guard, os.environ), "no log records are exported")


def _guard_what_is_there() -> None:
    switches = Switches.read(os.environ)
    watch_for_bypasses(strict=switches.strict)
    provider = trace._TRACER_PROVIDER  # not get_tracer_provider(): it would install one
    if provider is None or is_guarded(provider):
        return
    try:
        guard = protect(provider)
    except ConfigurationError:
        if switches.strict:
            trace._TRACER_PROVIDER = NoOpTracerProvider()
        raise
    _without_raising(lambda: guard_other_signals(guard), "logs and metrics are not guarded")
    tell(
        _LOGGER,
        logging.WARNING,
        "another distribution configured OpenTelemetry: what it exports is scrubbed, but how it does "
        "that is not ours to check. Set OTEL_PYTHON_DISTRO=jaeger_guard and "
        "OTEL_PYTHON_CONFIGURATOR=jaeger_guard",
    )


def _without_raising(step: Callable[[], None], outcome: str) -> None:
    try:
        step()
    except ConfigurationError as error:
        tell(_LOGGER, logging.ERROR, "%s: %s", outcome, error)
    except Exception as error:  # noqa: BLE001 - its text may quote a setting
        tell(_LOGGER, logging.ERROR, "%s (%s)", outcome, type(error).__name__)
