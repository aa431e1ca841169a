"""Export encoded spans: settings, TLS, transports that speak in bytes, and a sender with retry."""

from __future__ import annotations

from jaeger_guard.export.credentials import Basic, Bearer, OAuth2ClientCredentials
from jaeger_guard.export.outcome import Outcome, Reason, State
from jaeger_guard.export.retry import Backoff
from jaeger_guard.export.sender import Sender
from jaeger_guard.export.settings import Export, ResolvedExport
from jaeger_guard.export.spool import Spool
from jaeger_guard.export.transport import Transport, build_transport

__all__ = [
    "Backoff",
    "Basic",
    "Bearer",
    "Export",
    "OAuth2ClientCredentials",
    "Outcome",
    "Reason",
    "ResolvedExport",
    "Sender",
    "Spool",
    "State",
    "Transport",
    "build_transport",
]
