"""Declarative configuration (OTEL_CONFIG_FILE): the SDK builds what the file says, by our exporter.

The package opentelemetry-configuration takes no processors from a configurator, reads an exporter's
`tls:` and has no effect by it, and lets plaintext go anywhere. So each OTLP exporter in the
file is replaced by the exporter `jaeger_guard` of its signal with the same settings, and what comes out is
guarded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from opentelemetry import trace

from jaeger_guard.configuration import protect
from jaeger_guard.configuration.signals import guard_other_signals
from jaeger_guard.errors import ConfigurationError, MissingExtraError

_VARIABLE: Final = "OTEL_CONFIG_FILE"
_PROTOCOLS: Final = {"otlp_grpc": "grpc", "otlp_http": "http/protobuf"}
_TLS_FIELDS: Final = ("ca_file", "cert_file", "key_file")


def configure_declaratively(path: str) -> None:
    """Configure the SDK by a file, and guard the TracerProvider that comes of it.

    Raises:
        ConfigurationError: The file can't be read or honoured; its content isn't told.
    """
    try:
        from opentelemetry.configuration import configure_sdk, load_config_file
    except ImportError:
        raise MissingExtraError("declarative configuration", "declarative", _VARIABLE) from None
    try:
        configuration = load_config_file(path)
    except Exception as error:  # noqa: BLE001 - its text quotes the file
        raise ConfigurationError(
            f"the file can't be read as a configuration ({type(error).__name__})",
            _VARIABLE,
            "Check it against the schema of OpenTelemetry's declarative configuration",
        ) from None
    for signal, exporter in _exporters(configuration):
        _replace(signal, exporter)
    configure_sdk(configuration)
    provider = trace._TRACER_PROVIDER
    if provider is not None:
        guard_other_signals(protect(provider))


def _exporters(configuration: Any) -> Iterator[tuple[str, Any]]:
    """Yield the exporters of every provider, each with the name of the provider."""
    for exporter in _exporters_of(configuration.tracer_provider):
        yield "tracer_provider", exporter
    for reader in getattr(configuration.meter_provider, "readers", None) or ():
        if reader.periodic is not None:
            yield "meter_provider", reader.periodic.exporter
    for exporter in _exporters_of(configuration.logger_provider):
        yield "logger_provider", exporter


def _exporters_of(provider: Any) -> Iterator[Any]:
    """Yield the exporters of a tracer or logger provider's processors."""
    for processor in getattr(provider, "processors", None) or ():
        for kind in (processor.batch, processor.simple):
            if kind is not None:
                yield kind.exporter


def _replace(provider: str, exporter: Any) -> None:
    """Put our exporter in the place of an OTLP exporter, with its settings."""
    for name, protocol in _PROTOCOLS.items():
        given = getattr(exporter, name, None)
        if given is None:
            continue
        fields: dict[str, Any] = {"protocol": protocol, "endpoint": given.endpoint}
        if given.tls is not None:
            fields |= {field: getattr(given.tls, field) for field in _TLS_FIELDS}
        headers = _headers(given, f"{_VARIABLE}: {provider}, {name}.headers")
        fields["headers"] = headers or None
        fields["timeout"] = None if given.timeout is None else given.timeout / 1000
        fields["compression"] = given.compression
        fields |= _of_metrics(given)
        setattr(exporter, name, None)
        exporter.additional_properties = {
            "jaeger_guard": {field: value for field, value in fields.items() if value is not None}
        }


def _of_metrics(given: Any) -> dict[str, Any]:
    """Return what only exporters of metrics have."""
    if not hasattr(given, "temporality_preference"):
        return {}
    from opentelemetry.configuration._meter_provider import (
        _map_histogram_aggregation,
        _map_temporality,
    )

    return {
        "preferred_temporality": _map_temporality(given.temporality_preference),
        "preferred_aggregation": _map_histogram_aggregation(given.default_histogram_aggregation),
    }


def _headers(given: Any, where: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for entry in (given.headers_list or "").split(","):
        if entry.strip():
            name, equals, value = entry.partition("=")
            if not equals:
                raise ConfigurationError(
                    "an entry of headers_list is not name=value", where, "Separate them by ','"
                )
            headers[name.strip()] = value.strip()
    for pair in given.headers or ():
        name, value = (
            (pair["name"], pair.get("value")) if isinstance(pair, dict) else (pair.name, pair.value)
        )
        headers[name] = value or ""
    return headers
