"""OpenTelemetry's own provider and exporters, unguarded: the control that shows what would leak."""

from __future__ import annotations

from pathlib import Path

import grpc
import requests
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def plain_provider(
    *, endpoint: str, protocol: str, ca_file: str, cert_file: str, key_file: str, service: str
) -> TracerProvider:
    """Build a provider that exports as the plain SDK does, over mutual TLS."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if protocol == "grpc":
        credentials = grpc.ssl_channel_credentials(
            Path(ca_file).read_bytes(), Path(key_file).read_bytes(), Path(cert_file).read_bytes()
        )
        provider.add_span_processor(
            BatchSpanProcessor(GrpcExporter(endpoint=endpoint, credentials=credentials))
        )
        return provider
    session = requests.Session()
    session.trust_env = False  # else REQUESTS_CA_BUNDLE overrides `certificate_file`
    exporter = HttpExporter(
        endpoint=f"{endpoint}/v1/traces",
        certificate_file=ca_file,
        client_certificate_file=cert_file,
        client_key_file=key_file,
        session=session,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
