"""OTLP over gRPC: payloads as bytes through a raw `unary_unary`, so that nothing is parsed twice."""

from __future__ import annotations

import functools
import os
import re
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Final

import grpc

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export.credentials import CredentialError
from jaeger_guard.export.outcome import (
    ACCEPTED,
    LONGEST_RETRY_AFTER,
    Outcome,
    Reason,
    State,
    partial_success,
)
from jaeger_guard.export.probe import probe_handshake
from jaeger_guard.export.tls import TlsMaterial, TlsWatch, load_material, reason_in
from jaeger_guard.export.transport import USER_AGENT

if TYPE_CHECKING:
    from jaeger_guard.export.settings import ResolvedExport

_LARGEST_RESPONSE: Final = 64 * 1024
_PROBE_SECONDS: Final = 2.0
_PROBE_AGAIN: Final = (
    3600.0  # seconds; a server's certificate is renewed without our channel's notice
)
_PROBE_AFTER_NONE: Final = 60.0


class GrpcTransport:
    """Sends payloads over one channel, which is opened at the first one."""

    def __init__(self, settings: ResolvedExport) -> None:
        """Read the files, without connecting.

        Raises:
            ConfigurationError: A file that TLS or the token needs can't be used.
        """
        self._settings = settings
        tls = settings.tls if settings.endpoint.secure else None
        self._watch = TlsWatch(tls)
        self._material = self._load()
        self._channel: Any = None
        self._call: Any = None
        self.calling = threading.RLock()  # held while grpcio works for us
        self._can_probe = tls is not None and not settings.use_proxy
        self._probe_at = 0.0

    def send(self, payload: bytes, timeout: float) -> Outcome:
        """Call Export with one payload; see `Transport.send`."""
        if self._watch.is_renewed():
            self._renew()
        settings = self._settings
        settings.evidence.warn()
        metadata = list(settings.headers.items())
        if settings.authorizer is not None:
            try:
                metadata.append(("authorization", settings.authorizer.authorization()))
            except CredentialError:
                return Outcome(State.HOLD, Reason.CREDENTIAL_UNAVAILABLE)
        with _turnstile:  # while a fork waits no other call begins
            pass
        try:
            with self.calling:
                call = self._call or self._open()
                response = call(payload, timeout=timeout, metadata=metadata)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                # A channel waits up to two minutes before it connects again; the pace is ours.
                self.close()
            outcome = outcome_of_status(
                error.code().name,
                error.details(),
                error.trailing_metadata(),
                secure=self._material is not None,
            )
            if outcome.reason is Reason.UNAUTHORIZED and settings.authorizer is not None:
                settings.authorizer.refused()
            return outcome
        if self._can_probe and time.monotonic() >= self._probe_at:
            self._probe()
        return partial_success(response)

    def _probe(self) -> None:
        """Ask for what grpcio doesn't tell: what a handshake gives."""
        settings = self._settings
        handshake = probe_handshake(settings.endpoint, settings.tls, _PROBE_SECONDS)
        settings.evidence.note_handshake(handshake)
        pause = _PROBE_AGAIN if handshake is not None else _PROBE_AFTER_NONE
        self._probe_at = time.monotonic() + pause

    def _load(self) -> TlsMaterial | None:
        settings = self._settings
        if not settings.endpoint.secure:
            return None
        return load_material(settings.tls, evidence=settings.evidence)

    def _renew(self) -> None:
        """Use renewed files from now on, over a new channel."""
        try:
            material = self._load()
        except ConfigurationError:  # replaced once more, this moment; looked at again
            self._watch.forget()
            return
        self._material = material
        self.close()

    def close(self) -> None:
        """Close the channel; the next `send` would open another."""
        with self.calling:
            channel, self._channel, self._call = self._channel, None, None
            if channel is not None:
                channel.close()

    def _open(self) -> Any:
        settings = self._settings
        target = settings.endpoint.address
        compression = grpc.Compression.Gzip if settings.gzip else grpc.Compression.NoCompression
        options = channel_options(settings)
        if self._material is None:
            # Only for loopback or unsafe_plaintext: Export.resolve lets no other endpoint through.
            self._channel = grpc.insecure_channel(target, options, compression)
        else:
            credentials = grpc.ssl_channel_credentials(
                self._material.roots, self._material.key, self._material.certificate
            )
            self._channel = grpc.secure_channel(target, credentials, options, compression)
            self._probe_at = 0.0  # it may be another server, or another certificate
        self._call = self._channel.unary_unary(
            settings.signal.method, request_serializer=None, response_deserializer=None
        )
        _hold_calls_around_forks(self)
        return self._call


# grpcio can't make a child fit to call where a thread of its parent is in a call as it is born ("Other
# threads are currently calling into gRPC, skipping fork() handlers"). So a fork waits for the end of
# ours, for a moment: a backend that hangs must not hold up the application. The turnstile lets it have
# its turn: a thread that sends one payload after the other would take its own lock again first.
_FORK_SECONDS: Final = 0.5
_TRANSPORTS: Final[weakref.WeakSet[GrpcTransport]] = weakref.WeakSet()
_held = threading.local()
_turnstile = threading.RLock()


@functools.cache
def _register() -> None:
    os.register_at_fork(
        before=_hold_calls, after_in_parent=_let_calls_go, after_in_child=_start_afresh
    )


def _hold_calls_around_forks(transport: GrpcTransport) -> None:
    # Once there is a channel, so after grpcio's own: what is registered last is called first, and
    # its own would stop calls that we then wait for.
    _TRANSPORTS.add(transport)
    _register()


def _hold_calls() -> None:
    deadline = time.monotonic() + _FORK_SECONDS
    locks = [_turnstile]
    locks += [transport.calling for transport in list(_TRANSPORTS)]
    _held.locks = [
        lock for lock in locks if lock.acquire(timeout=max(0.0, deadline - time.monotonic()))
    ]


def _let_calls_go() -> None:
    for lock in _held.locks:
        lock.release()
    _held.locks = []


def _start_afresh() -> None:
    global _turnstile
    _turnstile = threading.RLock()
    _TRANSPORTS.clear()


def channel_options(settings: ResolvedExport) -> list[tuple[str, int | str]]:
    """Answer the options of a channel (grpc/impl/channel_arg_names.h describes each)."""
    options: list[tuple[str, int | str]] = [
        ("grpc.enable_http_proxy", int(settings.use_proxy)),
        ("grpc.service_config_disable_resolution", 1),  # else a TXT record in DNS could steer
        ("grpc.use_local_subchannel_pool", 1),  # else a new channel shares the old one's back-off
        ("grpc.max_send_message_length", -1),
        ("grpc.max_receive_message_length", _LARGEST_RESPONSE),
        ("grpc.primary_user_agent", USER_AGENT),
    ]
    if settings.tls.server_name is not None:
        options.append(("grpc.ssl_target_name_override", settings.tls.server_name))
        options.append(("grpc.default_authority", settings.tls.server_name))
    return options


_TRANSIENT: Final = {
    "CANCELLED": Reason.UNAVAILABLE,
    "DEADLINE_EXCEEDED": Reason.TIMED_OUT,
    "ABORTED": Reason.UNAVAILABLE,
    "OUT_OF_RANGE": Reason.UNAVAILABLE,
    "DATA_LOSS": Reason.UNAVAILABLE,
}
"""OTLP specification, "Failures": the codes that are retryable whatever the details."""


def outcome_of_status(code: str, details: str | None, trailers: Any, *, secure: bool) -> Outcome:
    """Answer what a failed call means.

    Args:
        code: Name of the status code.
        details: The status message; it decides, but is never shown.
        trailers: Trailing metadata, pairs of name and value, or None.
        secure: Whether the call went over TLS.
    """
    details = details or ""
    wait = _retry_delay(trailers)
    if code == "UNAVAILABLE":
        return _outcome_of_unavailable(details, wait, secure=secure)
    if (reason := _TRANSIENT.get(code)) is not None:
        return Outcome(State.RETRY, reason, retry_after=wait)
    if code in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        return Outcome(State.HOLD, Reason.UNAUTHORIZED)
    if code == "RESOURCE_EXHAUSTED":
        if wait is not None:  # "only if the server signals that the recovery is possible"
            return Outcome(State.RETRY, Reason.THROTTLED, retry_after=wait)
        if "CLIENT: Received message larger" in details:
            return ACCEPTED  # an answer that we don't read, such as a long error_message
        if "larger than max" in details:
            return Outcome(State.REJECTED, Reason.OVERSIZED)
    if code in ("INTERNAL", "UNKNOWN") and "http2 header with status" in details:
        # Not gRPC but a proxy spoke, as nginx does with 400 over a client certificate.
        return Outcome(State.HOLD, Reason.NOT_AN_OTLP_RECEIVER)
    if code == "UNIMPLEMENTED":
        # Nobody has judged the spans.
        return Outcome(State.HOLD, Reason.NOT_AN_OTLP_RECEIVER, is_unknown_service=True)
    return Outcome(State.REJECTED, Reason.INVALID)


def _outcome_of_unavailable(details: str, wait: float | None, *, secure: bool) -> Outcome:
    if (reason := reason_in(details)) is not None:
        return Outcome(State.HOLD, reason)
    connecting = re.search(r"[Ff]ailed to connect", details) is not None
    if secure and connecting and re.search(r"[Ss]ocket closed|Unwrap failed|reset by", details):
        # In TLS 1.3 the client is done before the server has judged its certificate; that a
        # refusal was the cause grpcio writes to stderr only.
        return Outcome(State.HOLD, Reason.CLOSED_DURING_TLS)
    if re.search(r"[Hh]andshake|TSI_|SSL_ERROR", details):
        return Outcome(State.HOLD, Reason.TLS_FAILED)
    if connecting or re.search(r"[Cc]onnection refused|DNS|name resolution", details):
        return Outcome(State.RETRY, Reason.UNREACHABLE, retry_after=wait)
    if re.search(r"[Ss]ocket closed|reset by peer|[Bb]roken pipe|GOAWAY", details):
        return Outcome(State.RETRY, Reason.CONNECTION_LOST, retry_after=wait)
    return Outcome(State.RETRY, Reason.UNAVAILABLE, retry_after=wait)


def _retry_delay(trailers: Any) -> float | None:
    """Read google.rpc.RetryInfo from the details of a status; None where there is none."""
    content = dict(trailers or ()).get("grpc-status-details-bin")
    if not isinstance(content, bytes):
        return None
    # The latter two ship no types.
    from google.protobuf.message import DecodeError
    from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]
    from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

    information = RetryInfo()
    try:
        for detail in Status.FromString(content).details:
            if detail.Unpack(information):
                delay = information.retry_delay
                seconds = float(delay.seconds + delay.nanos / 1e9)
                return min(max(0.0, seconds), LONGEST_RETRY_AFTER)
    except DecodeError:
        pass
    return None
