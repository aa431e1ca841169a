"""Who the service is: the resource, from the argument and the environment, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.sdk.resources import Resource

from jaeger_guard.errors import ConfigurationError

_DETECTORS: Final = "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"


def build_resource(
    resource: Mapping[str, Any] | Resource | None, environ: Mapping[str, str]
) -> Resource:
    """Return the resource; the SDK would log what it can't read, and go on without."""
    _check_detectors(environ)
    for entry in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        if entry.strip() and "=" not in entry:
            raise ConfigurationError(
                "an entry is not key=value",
                "OTEL_RESOURCE_ATTRIBUTES",
                "Separate entries by ',', and write a ',' within a value as %2C",
            )
    if isinstance(resource, Resource):
        return Resource.create().merge(resource)
    attributes: object = {} if resource is None else resource
    if isinstance(attributes, Mapping) and all(type(key) is str and key for key in attributes):
        return Resource.create(dict(attributes))
    raise ConfigurationError(
        "neither a Resource nor a mapping of names to values",
        "configure(resource=)",
        'Give a dict such as {"service.name": "shop"}',
    )


def _check_detectors(environ: Mapping[str, str]) -> None:
    """Refuse a detector that isn't there: the SDK would log its name, which may be anything."""
    names = {name.strip() for name in environ.get(_DETECTORS, "").split(",")}
    if names <= {"", "*", "otel"}:
        return
    from importlib.metadata import entry_points

    known = {entry.name for entry in entry_points(group="opentelemetry_resource_detector")}
    if not names <= known | {"", "*"}:
        raise ConfigurationError(
            "a detector of resources that isn't installed",
            _DETECTORS,
            f"Use some of {', '.join(sorted(known))}",
        )
