"""Which instrumentors `configure(instrument=)` means, and whether each can be had."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from jaeger_guard.errors import ConfigurationError, MissingExtraError
from jaeger_guard.instrumentation.attaching import prepare
from jaeger_guard.instrumentation.framework import Framework, foreign_code
from jaeger_guard.instrumentation.registry import BY_NAME, framework_of
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard")

GROUP: Final = "opentelemetry_instrumentor"
DISABLED_VARIABLE: Final = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
_WHERE: Final = "configure(instrument=)"
_ALL: Final = "*"

Instrument = bool | Sequence[str]


@dataclass(frozen=True, slots=True)
class Selected:
    """An instrumentor that can be had: what is known of it, and its class."""

    framework: Framework
    kind: Any


@dataclass(frozen=True, slots=True)
class _Unfit:
    """Why an instrumentor can't be had; its text is ours, or names packages and versions."""

    what: str
    remedy: str
    is_absent: bool = False


def check_instrument(given: Any) -> bool | tuple[str, ...]:
    """Return what was given as a value that can be compared: True, False, or names.

    Raises:
        ConfigurationError: It is neither true nor false nor a list of names.
    """
    if given is None or isinstance(given, bool):
        return bool(given)
    if not isinstance(given, str | Mapping) and isinstance(given, Sequence | set | frozenset):
        names = tuple(sorted(set(given))) if all(isinstance(name, str) for name in given) else ()
        if names or not given:
            return names
    raise ConfigurationError(
        "neither true nor false nor a list of names", _WHERE, 'Give True, or ["flask", "requests"]'
    )


def select(given: Any, environ: Mapping[str, str]) -> list[Selected]:
    """Find the instrumentors that were asked for, and load them.

    Args:
        given: True for all that are installed and whose libraries are; or names of entry points of
            the group `opentelemetry_instrumentor`.
        environ: The environment variables, for OTEL_PYTHON_DISABLED_INSTRUMENTATIONS.

    Raises:
        ConfigurationError: One that was named can't be had.
    """
    wanted = check_instrument(given)
    if wanted is False:
        return []
    installed = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    disabled = _disabled(environ)
    if wanted is True:
        return list(_all_fit(installed, disabled))
    selected = []
    for name in wanted:
        points = [point for point in installed if point.name == name]
        if not points:
            raise _not_installed(name, installed)
        if name in disabled or _ALL in disabled:
            tell(_LOGGER, logging.INFO, "%s is not instrumented: %s", name, DISABLED_VARIABLE)
            continue
        for point in points:
            loaded = _load(point)
            if isinstance(loaded, _Unfit):
                raise ConfigurationError(loaded.what, _WHERE, loaded.remedy)
            selected.append(loaded)
    return selected


def prepare_installed(environ: Mapping[str, str]) -> None:
    """Put our hooks into those of the registry that a loader of instrumentors will load; it never
    raises."""
    disabled = _disabled(environ)
    for point in entry_points(group=GROUP):
        framework = BY_NAME.get(point.name)
        if framework is None or not framework.hooks or {point.name, _ALL} & disabled:
            continue
        try:
            if _conflict(point) is None:
                with foreign_code():
                    prepare(framework, point.load())
        except Exception as error:  # noqa: BLE001 - the loader meets it too, and tells of it
            tell(_LOGGER, logging.DEBUG, "no hooks in %s (%s)", point.name, type(error).__name__)


def _disabled(environ: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name.strip() for name in environ.get(DISABLED_VARIABLE, "").split(","))


def _all_fit(installed: Sequence[EntryPoint], disabled: frozenset[str]) -> Iterator[Selected]:
    """Yield all that can be had; a line on the log for each other."""
    if not installed:
        tell(
            _LOGGER,
            logging.WARNING,
            'nothing is instrumented: no instrumentor is installed. Try pip install "jaeger-guard[all]"',
        )
    for point in installed:
        if point.name in disabled or _ALL in disabled:
            tell(_LOGGER, logging.INFO, "%s is not instrumented: %s", point.name, DISABLED_VARIABLE)
            continue
        loaded = _load(point)
        if isinstance(loaded, Selected):
            yield loaded
        else:
            level = logging.INFO if loaded.is_absent else logging.WARNING
            tell(_LOGGER, level, "%s is not instrumented: %s", point.name, loaded.what)


def _load(point: EntryPoint) -> Selected | _Unfit:
    """Load an instrumentor whose library is there, or say why it can't be had."""
    framework = framework_of(point.name)
    conflict = _conflict(point)
    if conflict is not None:
        return conflict
    try:
        with foreign_code():
            kind = point.load()
            obstacle = framework.obstacle() if framework.obstacle is not None else ""
    except ModuleNotFoundError:
        return _Unfit(
            f"what the instrumentor {point.name} instruments is not installed",
            f"Install it, or take {point.name} out",
            is_absent=True,
        )
    except Exception as error:  # noqa: BLE001 - of foreign code, at its import
        return _Unfit(
            f"the instrumentor {point.name} can't be loaded ({type(error).__name__})",
            f"Take {point.name} out, or install versions that fit",
        )
    if obstacle:
        return _Unfit(f"{point.name}: {obstacle}", f"Mend that first, or take {point.name} out")
    return Selected(framework, kind)


def _conflict(point: EntryPoint) -> _Unfit | None:
    """Say why the library of an instrumentor is none that it instruments; None where it is."""
    from opentelemetry.instrumentation.dependencies import get_dist_dependency_conflicts

    conflict = None if point.dist is None else get_dist_dependency_conflicts(point.dist)
    if conflict is None:
        return None
    wanted = conflict.required or ", ".join(map(str, conflict.required_any or ()))
    wanted = str(wanted).partition(";")[0].strip()
    found = conflict.found or ", ".join(map(str, conflict.found_any or ()))
    if not found:
        return _Unfit(
            f"the instrumentor {point.name} needs {wanted}, which is not installed",
            f"Install it, or take {point.name} out",
            is_absent=True,
        )
    return _Unfit(
        f"the instrumentor {point.name} instruments {wanted}, and {found} is installed",
        "Install versions that fit, or take it out",
    )


def _not_installed(name: str, installed: Sequence[EntryPoint]) -> ConfigurationError:
    framework = BY_NAME.get(name)
    if framework is not None:
        return MissingExtraError(f"the instrumentor {name}", framework.extra, _WHERE)
    known = sorted({*BY_NAME, *(point.name for point in installed)})
    closest = difflib.get_close_matches(name[:64], known, n=1, cutoff=0)
    shown = f" {name}" if re.fullmatch(r"[\w.-]{1,64}", name) else ""
    return ConfigurationError(
        f"no instrumentor{shown} is known",
        _WHERE,
        f"Did you mean {closest[0]}" if closest else "Leave it out",
    )
