"""Scrub personal data and secrets from OpenTelemetry spans before they leave the process.

One line guards a service:

    import jaeger_guard

    guard = jaeger_guard.configure()

`configure` builds and installs a guarded TracerProvider that exports over TLS; `protect` guards one
that someone else built; `GuardSpanProcessor` is the part to build by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaeger_guard._version import __version__

if TYPE_CHECKING:
    from jaeger_guard.configuration import configure, protect
    from jaeger_guard.consents import consent
    from jaeger_guard.errors import ConfigurationError, GuardError, MissingExtraError
    from jaeger_guard.export import Export, Spool
    from jaeger_guard.guard import Guard
    from jaeger_guard.logs import GuardLogRecordProcessor
    from jaeger_guard.policy import (
        Audit,
        Consent,
        Exemption,
        FindingRule,
        JaegerRemote,
        Metrics,
        Policy,
        Propagation,
        Pseudonyms,
        Recognition,
        Retention,
        Role,
        Rule,
        Sampling,
        SamplingRule,
    )
    from jaeger_guard.processor import GuardSpanProcessor
    from jaeger_guard.sampling import PrivacySampler

__all__ = [
    "Audit",
    "ConfigurationError",
    "Consent",
    "Exemption",
    "Export",
    "FindingRule",
    "Guard",
    "GuardError",
    "GuardLogRecordProcessor",
    "GuardSpanProcessor",
    "JaegerRemote",
    "Metrics",
    "MissingExtraError",
    "Policy",
    "PrivacySampler",
    "Propagation",
    "Pseudonyms",
    "Recognition",
    "Retention",
    "Role",
    "Rule",
    "Sampling",
    "SamplingRule",
    "Spool",
    "__version__",
    "configure",
    "consent",
    "protect",
]

# Loaded when they are asked for, so that importing the package costs next to nothing.
_HOMES = {
    "Audit": "policy",
    "ConfigurationError": "errors",
    "Consent": "policy",
    "Export": "export",
    "Exemption": "policy",
    "FindingRule": "policy",
    "Guard": "guard",
    "GuardError": "errors",
    "GuardLogRecordProcessor": "logs",
    "GuardSpanProcessor": "processor",
    "JaegerRemote": "policy",
    "Metrics": "policy",
    "MissingExtraError": "errors",
    "Policy": "policy",
    "PrivacySampler": "sampling",
    "Propagation": "policy",
    "Pseudonyms": "policy",
    "Recognition": "policy",
    "Retention": "policy",
    "Role": "policy",
    "Rule": "policy",
    "Sampling": "policy",
    "SamplingRule": "policy",
    "Spool": "export",
    "configure": "configuration",
    "consent": "consents",
    "protect": "configuration",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
