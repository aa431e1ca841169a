"""Which spans are recorded: the sampler that is given, or the one that the environment names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    ParentBasedTraceIdRatio,
    Sampler,
    TraceIdRatioBased,
)

from jaeger_guard.errors import ConfigurationError

# OpenTelemetry specification, "General SDK Configuration", OTEL_TRACES_SAMPLER; those of Jaeger and
# X-Ray are not there, as in the SDK.
_SAMPLERS: Final[Mapping[str, Callable[[float], Sampler]]] = {
    "always_on": lambda _: ALWAYS_ON,
    "always_off": lambda _: ALWAYS_OFF,
    "traceidratio": TraceIdRatioBased,
    "parentbased_always_on": lambda _: DEFAULT_ON,
    "parentbased_always_off": lambda _: DEFAULT_OFF,
    "parentbased_traceidratio": ParentBasedTraceIdRatio,
}


def choose_sampler(sampling: Sampler | None, environ: Mapping[str, str]) -> Sampler:
    """Return the sampler that is given or named; the SDK would warn, and then sample everything."""
    given: object = sampling
    if isinstance(given, Sampler):
        return given
    if given is not None:
        raise ConfigurationError(
            f"a {type(given).__name__} is not a sampler",
            "configure(sampling=)",
            "Give a Sampler of opentelemetry.sdk.trace.sampling",
        )
    name = environ.get("OTEL_TRACES_SAMPLER", "").strip() or "parentbased_always_on"
    argument = environ.get("OTEL_TRACES_SAMPLER_ARG", "").strip()
    build = _SAMPLERS.get(name.lower())
    if build is None:
        return _foreign_sampler(name, argument)
    ratio = 1.0  # "default is 1.0 if unset" (the same section)
    if argument and name.lower().endswith("traceidratio"):
        ratio = _ratio(argument)
    return build(ratio)


def _foreign_sampler(name: str, argument: str) -> Sampler:
    """Build the sampler of another distribution, as the SDK's own configurator would."""
    from importlib.metadata import entry_points

    sampler: object = None
    for entry_point in entry_points(group="opentelemetry_traces_sampler", name=name):
        try:
            sampler = entry_point.load()(argument)
        except Exception:  # noqa: BLE001 - its text may quote the argument
            sampler = None
    if isinstance(sampler, Sampler):
        return sampler
    raise ConfigurationError(
        "no such sampler, or it can't be built",
        "OTEL_TRACES_SAMPLER",
        f"Set one of {', '.join(_SAMPLERS)}, or check OTEL_TRACES_SAMPLER_ARG",
    )


def _ratio(text: str) -> float:
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if not 0.0 <= ratio <= 1.0:
        raise ConfigurationError(
            "not a probability", "OTEL_TRACES_SAMPLER_ARG", "Set a number from 0 to 1"
        )
    return ratio
