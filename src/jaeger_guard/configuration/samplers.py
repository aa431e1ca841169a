"""Which spans are recorded: the sampler that is given, or the one that settings come to.

A `PrivacySampler` is built where anybody says something that only it can do: a `Sampling` that is
given, JAEGER_GUARD_SAMPLING_*, a policy with `[sampling]` or `[consent]`, or
OTEL_TRACES_SAMPLER=jaeger_guard. Rates and rules come from the first of these that gives them; of what
protects people, the stricter holds. Otherwise the standard variables choose, as in the SDK.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    ParentBasedTraceIdRatio,
    Sampler,
    TraceIdRatioBased,
)

from jaeger_guard.configuration.environment import POLICY_VARIABLE, policy_named
from jaeger_guard.consents import install
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export.environment import EnvironmentReader, Setting
from jaeger_guard.policy import CompiledPolicy, Consent, JaegerRemote, Sampling
from jaeger_guard.propagation import add_to_globals
from jaeger_guard.sampling import PrivacySampler
from jaeger_guard.sampling.parent_based import ParentBasedAlwaysOn
from jaeger_guard.telling import tell

if TYPE_CHECKING:
    from jaeger_guard.export import Export

_LOGGER: Final = logging.getLogger("jaeger_guard")

_OURS: Final = "JAEGER_GUARD_SAMPLING_"
_NAME: Final = "jaeger_guard"
_VARIABLE: Final = "OTEL_TRACES_SAMPLER"
_ARGUMENT: Final = "OTEL_TRACES_SAMPLER_ARG"
# What a file alone can hold: rules have no form that fits a variable.
_IN_FILES: Final = ("rules", "findings")

# OpenTelemetry specification, "General SDK Configuration", OTEL_TRACES_SAMPLER; those of Jaeger and
# X-Ray are not there, as in the SDK.
_SAMPLERS: Final[Mapping[str, Callable[[float], Sampler]]] = {
    "always_on": lambda _: ALWAYS_ON,
    "always_off": lambda _: ALWAYS_OFF,
    "traceidratio": TraceIdRatioBased,
    "parentbased_always_on": lambda _: ParentBasedAlwaysOn(),
    "parentbased_always_off": lambda _: DEFAULT_OFF,
    "parentbased_traceidratio": ParentBasedTraceIdRatio,
}
# Those that say no more than a probability does: a PrivacySampler is parent-based too.
_PROBABILITIES: Final[Mapping[str, Callable[[float], float]]] = {
    "parentbased_always_on": lambda _: 1.0,
    "parentbased_always_off": lambda _: 0.0,
    "parentbased_traceidratio": lambda ratio: ratio,
}


def sampling_fields() -> tuple[str, ...]:
    """List the fields of `Sampling` that JAEGER_GUARD_SAMPLING_<FIELD> can set."""
    names = [field.name for field in fields(Sampling) if field.name not in _IN_FILES]
    return (*names, "remote_interval")


def choose_sampler(
    sampling: Sampling | Sampler | None,
    environ: Mapping[str, str],
    policy: CompiledPolicy | None = None,
    *,
    export: Export | None = None,
    service_name: str | None = None,
) -> Sampler:
    """Return the sampler that is given or named; the SDK would warn, and then sample everything.

    Args:
        sampling: What the user gave.
        environ: The environment variables.
        policy: The policy, whose tables have a say.
        export: Whose TLS a Jaeger is asked over.
        service_name: Whose strategy it is asked for.

    Raises:
        ConfigurationError: A setting can't be honoured, or two contradict each other.
    """
    given: object = sampling
    tables = policy is not None and (policy.sampling or policy.consent)
    if isinstance(given, Sampler):
        if tables and not isinstance(given, PrivacySampler):
            raise ConfigurationError(
                f"the policy says how to sample, which a {type(given).__name__} doesn't follow",
                "configure(sampling=)",
                "Give Sampling(...), or remove [sampling] and [consent] from the policy",
            )
        if policy is not None and policy.consent is not None:
            read_consent_from_requests(policy.consent)
        return given
    if given is not None and not isinstance(given, Sampling):
        raise ConfigurationError(
            f"a {type(given).__name__} is no Sampling, and not a sampler",
            "configure(sampling=)",
            "Give Sampling(...), or a Sampler of opentelemetry.sdk.trace.sampling",
        )
    settings = effective_sampling(given, environ, policy)
    if settings is None:
        return _standard_sampler(environ)
    consent = None if policy is None else policy.consent
    if consent is not None:
        if settings.without_consent == "record":
            _LOGGER.warning(
                "the policy says where consent is read from, but nothing is done without it: set "
                "without_consent to minimal or drop"
            )
        read_consent_from_requests(consent)
    return PrivacySampler(settings, export=export, service_name=service_name, consent=consent)


def effective_sampling(
    given: Sampling | None, environ: Mapping[str, str], policy: CompiledPolicy | None
) -> Sampling | None:
    """Merge what all sources say; None where nobody asks for a PrivacySampler.

    Raises:
        ConfigurationError: A setting can't be honoured.
    """
    name = environ.get(_VARIABLE, "").strip().lower()
    ours = _from_environment(environ)
    tables = policy is not None and (policy.sampling or policy.consent)
    if given is None and ours is None and not tables and name != _NAME:
        return None
    settings = given or Sampling()
    if ours is not None:
        settings = settings.over(ours)
    if policy is not None and policy.sampling is not None:
        settings = settings.over(policy.sampling)
    if given is None and ours is None:
        return settings.over(_by_standard_variable(name, environ))
    if name == _NAME:
        return settings.over(_by_argument(environ.get(_ARGUMENT, "")))
    return settings


def sampler_from_environment(argument: str | None = None) -> Sampler:
    """Build the sampler for OTEL_TRACES_SAMPLER=jaeger_guard; the SDK's own configurator calls it.

    It never raises, for the SDK would go on with a sampler that records everything. Where a setting
    can't be honoured, nothing is recorded, and one error says why.

    Args:
        argument: OTEL_TRACES_SAMPLER_ARG: a probability, or settings such as
            `probability=0.1,without_consent=minimal`.
    """
    try:
        return _by_environment(argument)
    except ConfigurationError as error:
        tell(_LOGGER, logging.ERROR, "no span is recorded: %s", error)
    except Exception as error:  # noqa: BLE001 - its text may quote a setting
        tell(_LOGGER, logging.ERROR, "no span is recorded (%s)", type(error).__name__)
    return ALWAYS_OFF


def _by_environment(argument: str | None) -> Sampler:
    from jaeger_guard.configuration.resources import build_resource
    from jaeger_guard.export import Export
    from jaeger_guard.policy import compile_policy, load_policy

    environ = {**os.environ, _VARIABLE: _NAME, _ARGUMENT: argument or ""}
    policy = compile_policy(load_policy(policy_named(environ), POLICY_VARIABLE))
    service = build_resource(None, environ).attributes.get("service.name")
    return choose_sampler(
        None, environ, policy, export=Export(), service_name=str(service or "unknown_service")
    )


def read_consent_from_requests(consent: Consent) -> None:
    """Let requests refuse consent by what a policy names, and baggage."""
    if consent.reads_headers:
        add_to_globals(consent)
    else:
        install(consent)


# --- the environment --------------------------------------------------------------------------------


def _from_environment(environ: Mapping[str, str]) -> Sampling | None:
    """Read JAEGER_GUARD_SAMPLING_*; None where none is set."""
    reader = EnvironmentReader(environ)
    for field in _IN_FILES:
        if (setting := reader.first(_OURS + field.upper())) is not None:
            setting.refuse("rules don't fit a variable", "Write them in [sampling] of a policy")
    settings = {
        field: setting
        for field in sampling_fields()
        if (setting := reader.first(_OURS + field.upper())) is not None
    }
    return _read(settings) if settings else None


def _by_argument(argument: str) -> Sampling:
    """Read OTEL_TRACES_SAMPLER_ARG: a probability, or settings separated by commas."""
    text = argument.strip()
    if not text:
        return Sampling()
    if "=" not in text:
        return Sampling(probability=_ratio(text))
    settings: dict[str, Setting] = {}
    for pair in text.split(","):
        name, _, value = (part.strip() for part in pair.partition("="))
        if name not in sampling_fields() or not value:
            raise ConfigurationError(
                "neither a probability nor known settings",
                _ARGUMENT,
                f"Set 0.1, or field=value of {', '.join(sampling_fields())}",
            )
        settings[name] = Setting(value, _ARGUMENT)
    return _read(settings)


def _read(settings: Mapping[str, Setting]) -> Sampling:
    values: dict[str, Any] = {}
    for field, setting in settings.items():
        if field in ("trust_remote_parent", "default_rules", "record_reason", "scrub_start"):
            values[field] = setting.as_boolean()
        elif field == "probability":
            values[field] = _ratio(setting.text, setting.where)
        elif field == "sensitive_routes":
            values[field] = tuple(filter(None, map(str.strip, setting.text.split(","))))
        elif field == "remote":
            values[field] = JaegerRemote(endpoint=setting.text)
        elif field != "remote_interval":
            values[field] = setting.text
    if (interval := settings.get("remote_interval")) is not None:
        if "remote" not in values:
            interval.refuse("no remote is set", f"Set {_OURS}REMOTE to an endpoint")
        values["remote"] = replace(values["remote"], interval=interval.as_seconds())
    fault: ConfigurationError
    try:
        return Sampling(**values)
    except ConfigurationError as error:
        fault = error
    where = ", ".join(dict.fromkeys(setting.where for setting in settings.values()))
    raise ConfigurationError(fault.what, where, fault.remedy)


def _by_standard_variable(name: str, environ: Mapping[str, str]) -> Sampling:
    """Read the standard variables as settings of a PrivacySampler, where they can be."""
    if name == _NAME:
        return _by_argument(environ.get(_ARGUMENT, ""))
    if not name:
        return Sampling()
    convert = _PROBABILITIES.get(name)
    if convert is None:
        raise ConfigurationError(
            "the policy says how to sample, which this sampler doesn't follow",
            _VARIABLE,
            f"Set {_NAME}, or one of {', '.join(_PROBABILITIES)}",
        )
    return Sampling(probability=convert(_standard_ratio(name, environ)))


def _standard_sampler(environ: Mapping[str, str]) -> Sampler:
    name = environ.get(_VARIABLE, "").strip() or "parentbased_always_on"
    build = _SAMPLERS.get(name.lower())
    if build is None:
        return _foreign_sampler(name, environ.get(_ARGUMENT, "").strip())
    return build(_standard_ratio(name, environ))


def _standard_ratio(name: str, environ: Mapping[str, str]) -> float:
    argument = environ.get(_ARGUMENT, "").strip()
    if argument and name.lower().endswith("traceidratio"):
        return _ratio(argument)
    return 1.0  # "default is 1.0 if unset" (the same section)


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
        _VARIABLE,
        f"Set one of {', '.join(_SAMPLERS)}, {_NAME}, or check {_ARGUMENT}",
    )


def _ratio(text: str, where: str = _ARGUMENT) -> float:
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if not 0.0 <= ratio <= 1.0:
        raise ConfigurationError("not a probability", where, "Set a number from 0 to 1")
    return ratio
