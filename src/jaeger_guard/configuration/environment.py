"""What the environment says that is no exporter's matter: switches, limits, and misspelt variables.

Nothing here imports the SDK: it reads the limits when it is imported, and quotes what it can't read.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from jaeger_guard.errors import ConfigurationError

POLICY_VARIABLE: Final = "JAEGER_GUARD_POLICY"
_OURS: Final = "JAEGER_GUARD_"
_SWITCHES: Final = ("ENABLED", "POLICY", "STRICT", "UNSAFE_PASSTHROUGH")
COMMANDS: Final = ("KEY_PASSPHRASE", "QUERY_PASSWORD")
"""What commands read behind our prefix, and no service."""
# What the project's own scripts and tests are told by; it is no concern of a service's.
_SCRIPTS: Final = ("PYTHON", "TEST_CACHE", "VENV")

LIMITS: Final = (
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
)

_LONGEST_NUMBER: Final = 18  # digits; more than fit a signed 64-bit number

# What configure() reads; other variables of OpenTelemetry may change between two calls.
_PREFIXES: Final = (
    "JAEGER_GUARD_",
    "OTEL_ATTRIBUTE_",
    "OTEL_BSP_",
    "OTEL_EVENT_",
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS",
    "OTEL_EXPORTER_OTLP_",
    "OTEL_LINK_",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
    "OTEL_PYTHON_ID_GENERATOR",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SDK_DISABLED",
    "OTEL_SERVICE_NAME",
    "OTEL_SPAN_",
    "OTEL_TRACES_",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """The JAEGER_GUARD_* variables that are true or false, and OTEL_SDK_DISABLED.

    Attributes:
        enabled: Whether anything is exported at all.
        disabled_sdk: Whether OTEL_SDK_DISABLED turns the SDK off.
        strict: Whether what is only warned of otherwise is an error.
        passthrough: Whether spans leave unscrubbed.
    """

    enabled: bool
    disabled_sdk: bool
    strict: bool
    passthrough: bool

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Switches:
        passthrough = _flag(environ, "JAEGER_GUARD_UNSAFE_PASSTHROUGH", default=False)
        strict = _flag(environ, "JAEGER_GUARD_STRICT", default=False)
        if passthrough and strict:
            raise ConfigurationError(
                "strict mode refuses to pass spans through unscrubbed",
                "JAEGER_GUARD_UNSAFE_PASSTHROUGH",
                "Leave out one of the two variables",
            )
        return cls(
            enabled=_flag(environ, "JAEGER_GUARD_ENABLED", default=True),
            # "any value that is not `true` is false" (specification, "Boolean value").
            disabled_sdk=environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true",
            strict=strict,
            passthrough=passthrough,
        )


def _flag(environ: Mapping[str, str], variable: str, *, default: bool) -> bool:
    text = environ.get(variable, "").strip().lower()
    if not text:
        return default
    if text not in ("true", "1", "false", "0"):
        raise ConfigurationError("neither true nor false", variable, "Set true or false")
    return text in ("true", "1")


def policy_named(environ: Mapping[str, str]) -> str:
    """Return the policy that the environment names, a preset or a path; else baseline."""
    return environ.get(POLICY_VARIABLE, "").strip() or "baseline"


def variables_read(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the variables that configure() reads, with their texts, which may be credentials."""
    return tuple(
        sorted((name, text) for name, text in environ.items() if name.startswith(_PREFIXES))
    )


def check_limits(environ: Mapping[str, str]) -> None:
    """Check what the SDK reads by itself.

    Raises:
        ConfigurationError: A limit is no number; its text isn't told.
    """
    for variable in LIMITS:
        text = environ.get(variable, "").strip()
        if text and not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
            raise ConfigurationError(
                "not a whole number of 0 or more", variable, "Set a number, or leave it out"
            )


def misspelt(environ: Mapping[str, str], fields: Iterable[str]) -> list[tuple[str, str]]:
    """Return the variables of ours that nothing reads, each with the closest that something does.

    Args:
        environ: The environment variables.
        fields: What variables of single settings are called behind our prefix: `EXPORT_ENDPOINT`.
    """
    known = [_OURS + word for word in _SWITCHES]
    known += [_OURS + name for name in fields]
    read = {*known, *(_OURS + word for word in (*COMMANDS, *_SCRIPTS))}
    found = []
    for name in sorted(environ):
        if name.startswith(_OURS) and name not in read and environ[name].strip():
            closest = difflib.get_close_matches(name[:128], known, n=1, cutoff=0)[0]
            shown = name if re.fullmatch(r"[A-Z_]{1,64}", name) else f"{_OURS}…"
            found.append((shown, closest))
    return found
