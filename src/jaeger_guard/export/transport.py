"""What a transport is, and choosing the one for the settings."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, Protocol

from jaeger_guard._version import __version__

if TYPE_CHECKING:
    from jaeger_guard.export.outcome import Outcome
    from jaeger_guard.export.settings import ResolvedExport


USER_AGENT: Final = f"jaeger-guard/{__version__} OTLP"


class Transport(Protocol):
    """Carries encoded spans to a backend; used by one thread at a time."""

    def send(self, payload: bytes, timeout: float) -> Outcome:
        """Send one ExportTraceServiceRequest and tell what became of it.

        Args:
            payload: The serialized request.
            timeout: Seconds until it counts as timed out.
        """
        ...

    def close(self) -> None:
        """Close connections; `send` must not be called afterwards."""
        ...


def import_transport(settings: ResolvedExport) -> None:
    """Import what `build_transport` needs, on the thread that configures.

    A child that is forked while another thread imports a module has half of it, for good.
    """
    import _strptime  # type: ignore[import-not-found]  # noqa: F401 - for the first time of day that is read
    import encodings.idna  # noqa: F401 - for the first name that socket looks up

    import opentelemetry.proto.collector.trace.v1.trace_service_pb2  # noqa: F401 - for later

    if settings.protocol == "grpc":
        import google.rpc.error_details_pb2  # type: ignore[import-untyped]
        import google.rpc.status_pb2  # type: ignore[import-untyped]  # noqa: F401 - for a refusal
        import grpc._channel  # noqa: F401 - grpc imports it with the first channel

        import jaeger_guard.export.grpc
    else:
        import jaeger_guard.export.http
    if settings.authorizer is not None:
        import jaeger_guard.export.session  # noqa: F401 - a token may be fetched over it
    if settings.endpoint.secure or settings.spool is not None:
        with contextlib.suppress(ImportError):  # the extra `crypto`
            import cryptography.hazmat.primitives.ciphers.aead
            import cryptography.hazmat.primitives.kdf.hkdf
            import cryptography.x509  # noqa: F401


def build_transport(settings: ResolvedExport) -> Transport:
    """Build the transport that the settings ask for; it connects at the first `send`.

    Raises:
        ConfigurationError: A file that is needed for TLS, or the token's, can't be used.
    """
    if settings.protocol == "grpc":
        from jaeger_guard.export.grpc import GrpcTransport

        return GrpcTransport(settings)
    from jaeger_guard.export.http import HttpTransport

    return HttpTransport(settings)
