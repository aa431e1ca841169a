"""Sends what left the guarded shop on to a real backend, as the guard itself would have."""

from __future__ import annotations

import logging
import os
from typing import Final, Literal

from jaeger_guard.cli.demo.comparison import Comparison
from jaeger_guard.cli.demo.rehearsal import Run
from jaeger_guard.export import Export, ResolvedExport, Sender

Protocol = Literal["grpc", "http/protobuf"]

_HTTP_PORT: Final = ":4318"  # OpenTelemetry Protocol specification, "OTLP/HTTP Default Port"


def destination(endpoint: str, ca_file: str | None, protocol: Protocol | None) -> ResolvedExport:
    """Check where to send; what isn't said is taken from the environment, as configure() does.

    Raises:
        ConfigurationError: A setting can't be used.
    """
    if protocol is None and (_HTTP_PORT in endpoint or endpoint.endswith("/v1/traces")):
        protocol = "http/protobuf"
    return Export(endpoint=endpoint, ca_file=ca_file, protocol=protocol).resolve(os.environ)


def deliver(run: Run, comparison: Comparison, settings: ResolvedExport) -> bool:
    """Send the guarded run's spans; answer whether the backend has taken all of them.

    Why it has not, the sender logs, which is printed.
    """
    logging.getLogger("jaeger_guard.export").addHandler(logging.StreamHandler())
    sender = Sender.to(settings)
    share = -(-comparison.spans // max(1, len(run.payloads)))
    for payload in run.payloads:
        sender.submit(payload, share)
    sender.shutdown(settings.timeout)
    return sender.statistics()["sent"] == share * len(run.payloads)
