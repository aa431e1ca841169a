"""Who draws the ids of traces and spans: OTEL_PYTHON_ID_GENERATOR, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator

from jaeger_guard.errors import ConfigurationError

_VARIABLE: Final = "OTEL_PYTHON_ID_GENERATOR"
_GROUP: Final = "opentelemetry_id_generator"
_DEFAULT: Final = "random"


def choose_id_generator(environ: Mapping[str, str]) -> IdGenerator:
    """Return the generator of ids that the environment names; without one, the SDK's.

    Raises:
        ConfigurationError: It isn't installed, or can't be made; its name isn't told.
    """
    name = environ.get(_VARIABLE, "").strip() or _DEFAULT
    if name == _DEFAULT:
        return RandomIdGenerator()
    points = entry_points(group=_GROUP)
    known = ", ".join(sorted({point.name for point in points} | {_DEFAULT}))
    named = [point for point in points if point.name == name]
    if not named:
        raise ConfigurationError(
            "a generator of ids that isn't installed", _VARIABLE, f"Use one of {known}"
        )
    generator, failure = _made_by(named[0])
    if failure:
        raise ConfigurationError(
            f"the generator of ids can't be made ({failure})",
            _VARIABLE,
            "Leave the variable out, or install versions that fit",
        )
    if not isinstance(generator, IdGenerator):
        raise ConfigurationError(
            f"a {type(generator).__name__} is no IdGenerator of the SDK",
            _VARIABLE,
            f"Use one of {known}",
        )
    return generator


def _made_by(point: EntryPoint) -> tuple[Any, str]:
    """Return what an entry point makes, or the type of what it raised: its text may quote anything."""
    try:
        return point.load()(), ""
    except Exception as error:  # noqa: BLE001 - of foreign code
        return None, type(error).__name__
