"""What configure() was given, as one value: what two calls must agree in to be the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.sampling import Sampler

from jaeger_guard.configuration.environment import variables_read
from jaeger_guard.export import Export
from jaeger_guard.policy import Sampling
from jaeger_guard.processor import PolicySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The arguments of `configure()`; None where one was left out.

    Attributes:
        policy: What to scrub.
        export: Where and how spans leave.
        sampling: What to record, or a sampler.
        resource: Attributes of the resource.
        instrument: What to instrument: True, False, or names.
    """

    policy: PolicySpec | None = None
    export: Export | None = None
    sampling: Sampling | Sampler | None = None
    resource: Mapping[str, Any] | Resource | None = None
    instrument: bool | tuple[str, ...] = False

    def settings(self, environ: Mapping[str, str]) -> tuple[Any, ...]:
        """Return what two calls must agree in to be the same, the environment included."""
        resource = self.resource
        attributes = dict(resource.attributes or {}) if isinstance(resource, Resource) else resource
        return (
            _frozen(self.policy),
            self.export,
            self.sampling,
            _frozen(attributes),
            self.instrument,
            variables_read(environ),
        )


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple(sorted((str(key), repr(item)) for key, item in value.items()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(value)
    return value
