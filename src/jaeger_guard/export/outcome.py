"""What became of a payload: the answer of a transport, in words the sender can act on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final

LONGEST_RETRY_AFTER: Final = 300.0
"""Seconds; a backend that asks for more is asked again after this, lest one answer stop us."""


class State(Enum):
    """What to do with the payload now."""

    ACCEPTED = "accepted"
    """The backend has it, but for the spans that `Outcome.rejected` counts."""
    RETRY = "retry"
    """The backend is away or busy: keep the payload and send it again."""
    HOLD = "hold"
    """Somebody must mend a certificate or a credential: keep the payload and send it again."""
    REJECTED = "rejected"
    """Sending it again can't help: let it go, and count it."""


class Reason(StrEnum):
    """Why; a fixed set, so that it can be a metric's label."""

    ACCEPTED = "accepted"
    PARTIAL_SUCCESS = "partial_success"
    UNREACHABLE = "unreachable"
    CONNECTION_LOST = "connection_lost"
    TIMED_OUT = "timed_out"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    UNAUTHORIZED = "unauthorized"
    CREDENTIAL_UNAVAILABLE = "credential_unavailable"
    CERTIFICATE_NOT_TRUSTED = "certificate_not_trusted"
    CERTIFICATE_NOT_PINNED = "certificate_not_pinned"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_OF_ANOTHER_HOST = "certificate_of_another_host"
    CLIENT_CERTIFICATE_REFUSED = "client_certificate_refused"
    PROTOCOL_VERSION = "protocol_version"
    SERVER_WITHOUT_TLS = "server_without_tls"
    SERVER_WITH_TLS = "server_with_tls"
    CLOSED_DURING_TLS = "closed_during_tls"
    TLS_FAILED = "tls_failed"
    SETTINGS_UNUSABLE = "settings_unusable"
    NOT_AN_OTLP_RECEIVER = "not_an_otlp_receiver"
    REDIRECTED = "redirected"
    OVERSIZED = "oversized"
    INVALID = "invalid"
    UNEXPECTED_FAILURE = "unexpected_failure"


REMEDIES: Final = {
    Reason.UNREACHABLE: "Is the backend running, and reachable from here?",
    Reason.CONNECTION_LOST: "Is the backend, or a proxy in front of it, closing connections?",
    Reason.UNAUTHORIZED: (
        "Check headers, credentials or bearer_token_file, and what the backend permits."
    ),
    Reason.CREDENTIAL_UNAVAILABLE: (
        "The callable or the token endpoint gives no credential that can be sent."
    ),
    Reason.CERTIFICATE_NOT_PINNED: "Was the backend's key renewed? Add the new one to pins.",
    Reason.CERTIFICATE_NOT_TRUSTED: "Does ca_file hold the CA that signed the backend's?",
    Reason.CERTIFICATE_EXPIRED: "Renew the backend's certificate, or set this machine's clock.",
    Reason.CERTIFICATE_OF_ANOTHER_HOST: "Connect by the name it was issued for, or server_name.",
    Reason.CLIENT_CERTIFICATE_REFUSED: "Set cert_file and key_file to a pair that it accepts.",
    Reason.CLOSED_DURING_TLS: "Does it demand a client certificate? Set cert_file and key_file.",
    Reason.TLS_FAILED: "Does it demand a client certificate, or offer no common cipher?",
    Reason.PROTOCOL_VERSION: "The backend must offer TLS 1.2 or newer, and min_tls.",
    Reason.SERVER_WITHOUT_TLS: "The backend answers in plaintext: enable TLS there.",
    Reason.SERVER_WITH_TLS: "The backend speaks TLS: set the endpoint to https://.",
    Reason.SETTINGS_UNUSABLE: "The files for TLS or the token changed and can't be used.",
    Reason.NOT_AN_OTLP_RECEIVER: (
        "Does the endpoint name the OTLP receiver, and its protocol, or does a proxy in front of it "
        "refuse the client certificate?"
    ),
    Reason.REDIRECTED: "Redirects aren't followed: set endpoint to where it points.",
    Reason.OVERSIZED: "Raise the receiver's limit, or make batches smaller.",
}
"""What an operator can do, where that is known; a sentence for the log."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one payload.

    Attributes:
        state: What to do with the payload now.
        reason: Why, from a fixed set.
        rejected: Number of spans that the backend refused of an accepted payload.
        retry_after: Seconds that the backend asked us to wait; None where it didn't ask.
        is_unknown_service: Whether the backend said that it doesn't know what it was asked for.
    """

    state: State
    reason: Reason
    rejected: int = 0
    retry_after: float | None = None
    is_unknown_service: bool = field(default=False, compare=False)


ACCEPTED: Final = Outcome(State.ACCEPTED, Reason.ACCEPTED)


def partial_success(response: bytes) -> Outcome:
    """Read an ExportTraceServiceResponse; what can't be read counts as a full success.

    Its error_message is never looked at: a backend may quote a span's content there.
    """
    if not response:
        return ACCEPTED
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceResponse,
    )

    try:
        message = ExportTraceServiceResponse.FromString(response)
    except DecodeError:
        return ACCEPTED
    rejected = max(0, message.partial_success.rejected_spans)
    if not rejected:
        return ACCEPTED
    return Outcome(State.ACCEPTED, Reason.PARTIAL_SUCCESS, rejected=rejected)
