"""What both transports do with real servers: TLS that fails closed, and answers told apart."""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]  # no marker
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # no marker

from jaeger_guard.export import Outcome, Reason, State, Transport
from jaeger_guard.export.grpc import outcome_of_status
from jaeger_guard.export.http import parse_retry_after
from jaeger_guard.export.tls import classify
from servers.certificates import Certificates
from servers.old_tls import running_old_tls
from servers.otlp_sink import GrpcAnswer, GrpcSink, HttpAnswer, HttpSink, partially_refused, running

SINKS = {"grpc": GrpcSink, "http/protobuf": HttpSink}
Open = Callable[..., Transport]
both = pytest.mark.parametrize("protocol", SINKS)
TOKEN = "eyJ" + "hbGciOi.token"


def retry_info(seconds: int) -> bytes:
    """Encode a status that asks to wait."""
    information = RetryInfo()
    information.retry_delay.seconds = seconds
    status = Status(code=8)
    status.details.add().Pack(information)
    return bytes(status.SerializeToString())


@both
@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_payload_arrives_over_mutual_tls(
    protocol: str, compression: str, pki: Any, open_transport: Open, payload: bytes
) -> None:
    """With the right CA and client certificate a payload arrives byte for byte."""
    with running(SINKS[protocol], tls=pki.serving(mutual=True)) as sink:
        transport = open_transport(
            endpoint=sink.endpoint,
            protocol=protocol,
            ca_file=pki.ours.ca_file,
            cert_file=pki.client.cert_file,
            key_file=pki.client.key_file,
            compression=compression,
            headers={"X-Scope-OrgID": "shop"},
        )
        outcomes = [transport.send(payload, 5), transport.send(payload, 5)]
    assert [Outcome(State.ACCEPTED, Reason.ACCEPTED)] * 2 == outcomes
    assert [payload] * 2 == sink.payloads
    assert [span.name for span in sink.spans] == ["GET /orders/{id}"] * 2
    assert sink.metadata[0]["x-scope-orgid"] == "shop"
    assert sink.metadata[0]["user-agent"].startswith("jaeger-guard/")
    if isinstance(sink, HttpSink):
        assert sink.connections == 1  # kept, or each batch would pay a handshake


@both
@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("wrong CA", Reason.CERTIFICATE_NOT_TRUSTED),
        ("system's CAs", Reason.CERTIFICATE_NOT_TRUSTED),
        ("expired", Reason.CERTIFICATE_EXPIRED),
        ("another name", Reason.CERTIFICATE_OF_ANOTHER_HOST),
        ("no client certificate", Reason.CLIENT_CERTIFICATE_REFUSED),
        ("a stranger's client certificate", Reason.CLIENT_CERTIFICATE_REFUSED),
    ],
)
def test_tls_fails_closed_and_says_why(
    protocol: str,
    case: str,
    reason: Reason,
    pki: Any,
    open_transport: Open,
    payload: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No byte of a span reaches a server that isn't proven, or one that doesn't know us."""
    # Promised to hold whatever the environment says: this names the right CA for the wrong case.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pki.ours.ca_file))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(pki.ours.ca_file))
    serving: dict[str, Any] = {"mutual": "client certificate" in case}
    fields: dict[str, Any] = {"ca_file": pki.ours.ca_file}
    if case == "wrong CA":
        fields["ca_file"] = pki.stranger.ca_file
    elif case == "system's CAs":
        del fields["ca_file"]
    elif case == "expired":
        serving["pair"] = pki.expired
    elif case == "another name":
        fields["server_name"] = "jaeger.example"
    elif case.startswith("a stranger's"):
        fields["cert_file"] = pki.foreign_client.cert_file
        fields["key_file"] = pki.foreign_client.key_file
    with running(SINKS[protocol], tls=pki.serving(**serving)) as sink:
        transport = open_transport(endpoint=sink.endpoint, protocol=protocol, **fields)
        outcome = transport.send(payload, 5)
    assert sink.received == []
    assert outcome.state is State.HOLD
    # gRPC's core tells a refused client certificate of TLS 1.3 only on stderr.
    expected = {reason}
    if protocol == "grpc" and reason is Reason.CLIENT_CERTIFICATE_REFUSED:
        expected = {Reason.CLOSED_DURING_TLS}
    assert outcome.reason in expected


def test_client_certificate_refused_in_tls_1_2_is_told(
    pki: Any, open_transport: Open, payload: bytes
) -> None:
    """A handshake that TLS 1.2 ends over a client certificate is held, and nothing leaves."""
    tls = pki.serving(mutual=True, maximum=ssl.TLSVersion.TLSv1_2)
    with HttpSink(tls) as sink:
        fields = {"endpoint": sink.endpoint, "protocol": "http/protobuf"}
        transport = open_transport(**fields, ca_file=pki.ours.ca_file)
        outcome = transport.send(payload, 5)
    assert sink.received == []
    assert Outcome(State.HOLD, Reason.TLS_FAILED) == outcome


@both
def test_tls_1_1_is_refused(protocol: str, pki: Any, open_transport: Open, payload: bytes) -> None:
    """A server that speaks TLS 1.1 at most gets nothing (RFC 8996)."""
    certificates = Certificates.__new__(Certificates)
    object.__setattr__(certificates, "server", pki.server)
    with running_old_tls(certificates) as (endpoint, arrived):
        transport = open_transport(endpoint=endpoint, protocol=protocol, ca_file=pki.ours.ca_file)
        outcome = transport.send(payload, 5)
    assert arrived == []
    assert Outcome(State.HOLD, Reason.PROTOCOL_VERSION) == outcome


def test_min_tls_1_3_refuses_tls_1_2(pki: Any, open_transport: Open, payload: bytes) -> None:
    """min_tls="1.3" refuses a server with TLS 1.2, and takes one with TLS 1.3."""
    fields = {"protocol": "http/protobuf", "ca_file": pki.ours.ca_file, "min_tls": "1.3"}
    with (
        HttpSink(pki.serving(maximum=ssl.TLSVersion.TLSv1_2)) as old,
        HttpSink(pki.serving()) as new,
    ):
        refused = open_transport(endpoint=old.endpoint, **fields).send(payload, 5)
        accepted = open_transport(endpoint=new.endpoint, **fields).send(payload, 5)
    assert old.received == []
    assert Outcome(State.HOLD, Reason.PROTOCOL_VERSION) == refused
    assert Outcome(State.ACCEPTED, Reason.ACCEPTED) == accepted


@both
def test_server_name_stands_in_for_the_host(
    protocol: str, pki: Any, open_transport: Open, payload: bytes
) -> None:
    """A server reached by an address is proven by the name that server_name gives."""
    with running(SINKS[protocol], tls=pki.serving()) as sink:
        transport = open_transport(
            endpoint=sink.endpoint,
            protocol=protocol,
            ca_file=pki.ours.ca_file,
            server_name="localhost",
        )
        assert transport.send(payload, 5).state is State.ACCEPTED


@both
def test_server_without_tls_gets_nothing(
    protocol: str, pki: Any, open_transport: Open, payload: bytes
) -> None:
    """A plaintext server behind an https:// endpoint gets no span, and the outcome says so."""
    with HttpSink() as sink:
        transport = open_transport(
            endpoint=sink.endpoint.replace("http:", "https:"),
            protocol=protocol,
            ca_file=pki.ours.ca_file,
        )
        outcome = transport.send(payload, 5)
    assert sink.received == []
    assert Outcome(State.HOLD, Reason.SERVER_WITHOUT_TLS) == outcome


def test_redirect_is_not_followed(pki: Any, open_transport: Open, payload: bytes) -> None:
    """A redirect to plaintext is a failure, and its target gets nothing."""
    with HttpSink() as target:
        answer = HttpAnswer(307, {"Location": f"{target.endpoint}/v1/traces"})
        with HttpSink(pki.serving(), (answer,)) as sink:
            transport = open_transport(
                endpoint=sink.endpoint, protocol="http/protobuf", ca_file=pki.ours.ca_file
            )
            outcome = transport.send(payload, 5)
    assert target.received == []
    assert Outcome(State.HOLD, Reason.REDIRECTED) == outcome


@both
def test_proxy_in_the_environment_is_ignored(
    protocol: str,
    pki: Any,
    open_transport: Open,
    payload: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Proxies that the environment names are used only with use_proxy."""
    with HttpSink() as proxy, running(SINKS[protocol], tls=pki.serving()) as sink:
        for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "grpc_proxy"):
            monkeypatch.setenv(name, proxy.endpoint)
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("NO_PROXY", "")
        fields = {"endpoint": sink.endpoint, "protocol": protocol, "ca_file": pki.ours.ca_file}
        direct = open_transport(**fields).send(payload, 5)
        assert proxy.connections == 0
        through = open_transport(**fields, use_proxy=True).send(payload, 5)
        assert proxy.connections >= 1  # it answers CONNECT with 501
    assert direct.state is State.ACCEPTED
    assert through.state is not State.ACCEPTED


def test_netrc_does_not_replace_the_token(
    pki: Any,
    open_transport: Open,
    payload: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A ~/.netrc that names the host has no effect on the Authorization header."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password " + "else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    token_file = tmp_path / "token"
    token_file.write_text(TOKEN + "\n")
    with HttpSink(pki.serving()) as sink:
        fields = {"endpoint": sink.endpoint, "protocol": "http/protobuf"}
        transport = open_transport(**fields, ca_file=pki.ours.ca_file, bearer_token_file=token_file)
        transport.send(payload, 5)
    assert f"Bearer {TOKEN}" == sink.metadata[0]["authorization"]


@both
def test_changed_token_is_sent(
    protocol: str, pki: Any, open_transport: Open, payload: bytes, tmp_path: Path
) -> None:
    """A rotated token goes with the next payload; while the file is gone, the last good one."""
    token_file = tmp_path / "token"
    token_file.write_text("first-" + "token")
    with running(SINKS[protocol], tls=pki.serving()) as sink:
        transport = open_transport(
            endpoint=sink.endpoint,
            protocol=protocol,
            ca_file=pki.ours.ca_file,
            bearer_token_file=token_file,
        )
        transport.send(payload, 5)
        token_file.write_text("second-" + "token")
        transport.send(payload, 5)
        token_file.unlink()
        transport.send(payload, 5)
    sent = [metadata["authorization"] for metadata in sink.metadata]
    assert sent == ["Bearer first-token", "Bearer second-token", "Bearer second-token"]


PROTOBUF = {"Content-Type": "application/x-protobuf; charset=binary"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (HttpAnswer(202), Outcome(State.ACCEPTED, Reason.ACCEPTED)),
        (
            HttpAnswer(200, PROTOBUF, partially_refused(1, "a quoted value")),
            Outcome(State.ACCEPTED, Reason.PARTIAL_SUCCESS, rejected=1),
        ),
        (
            HttpAnswer(200, PROTOBUF, partially_refused(0, "merely a warning")),
            Outcome(State.ACCEPTED, Reason.ACCEPTED),
        ),
        (HttpAnswer(200, {}, b"\xff\xff"), Outcome(State.ACCEPTED, Reason.ACCEPTED)),
        (
            HttpAnswer(200, {"Content-Type": "application/json"}, b"{}"),
            Outcome(State.ACCEPTED, Reason.ACCEPTED),
        ),
        (
            HttpAnswer(200, {"Content-Type": "text/html"}, b"<p>Jaeger UI"),
            Outcome(State.HOLD, Reason.NOT_AN_OTLP_RECEIVER),
        ),
        (HttpAnswer(200, {}, b"\0" * 200_000), Outcome(State.ACCEPTED, Reason.ACCEPTED)),
        (
            HttpAnswer(200, {"Content-Length": "9"}, b"cut"),
            Outcome(State.ACCEPTED, Reason.ACCEPTED),
        ),
        (HttpAnswer(408), Outcome(State.RETRY, Reason.TIMED_OUT)),
        (
            HttpAnswer(429, {"Retry-After": "7"}),
            Outcome(State.RETRY, Reason.THROTTLED, retry_after=7.0),
        ),
        (HttpAnswer(502), Outcome(State.RETRY, Reason.UNAVAILABLE)),
        (HttpAnswer(503), Outcome(State.RETRY, Reason.UNAVAILABLE)),
        (HttpAnswer(504), Outcome(State.RETRY, Reason.TIMED_OUT)),
        (HttpAnswer(401), Outcome(State.HOLD, Reason.UNAUTHORIZED)),
        (HttpAnswer(403), Outcome(State.HOLD, Reason.UNAUTHORIZED)),
        (HttpAnswer(400), Outcome(State.REJECTED, Reason.INVALID)),
        (
            HttpAnswer(400, {}, b"\x12\x20http: request body too large"),
            Outcome(State.REJECTED, Reason.OVERSIZED),
        ),
        (
            HttpAnswer(400, {}, b"No required SSL certificate was sent"),
            Outcome(State.HOLD, Reason.CLIENT_CERTIFICATE_REFUSED),
        ),
        (
            HttpAnswer(400, {}, b"Client sent an HTTP request to an HTTPS server.\n"),
            Outcome(State.HOLD, Reason.SERVER_WITH_TLS),
        ),
        (
            HttpAnswer(400, {"Content-Type": "text/html"}, b"<h1>400 Bad Request</h1>"),
            Outcome(State.HOLD, Reason.NOT_AN_OTLP_RECEIVER),
        ),
        (
            HttpAnswer(500, {"Content-Type": "text/html"}, b"<h1>Internal Server Error</h1>"),
            Outcome(State.HOLD, Reason.NOT_AN_OTLP_RECEIVER),
        ),
        (
            HttpAnswer(413, {"Content-Type": "text/html"}, b"<h1>Too Large</h1>"),
            Outcome(State.REJECTED, Reason.OVERSIZED),
        ),
        (HttpAnswer(413), Outcome(State.REJECTED, Reason.OVERSIZED)),
        (HttpAnswer(404), Outcome(State.HOLD, Reason.NOT_AN_OTLP_RECEIVER)),
        (HttpAnswer(500), Outcome(State.REJECTED, Reason.INVALID)),
    ],
)
def test_http_answers_are_told_apart(
    answer: HttpAnswer, expected: Outcome, open_transport: Open, payload: bytes
) -> None:
    """Each answer over HTTP is a success, a transient failure, a hold, or a permanent failure."""
    with HttpSink(answers=(answer,)) as sink:
        transport = open_transport(endpoint=sink.endpoint, protocol="http/protobuf", timeout=1)
        assert expected == transport.send(payload, 1)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            GrpcAnswer(response=partially_refused(1, "a quoted value")),
            Outcome(State.ACCEPTED, Reason.PARTIAL_SUCCESS, rejected=1),
        ),
        (
            GrpcAnswer(response=partially_refused(0, "too long an answer" * 10_000)),
            Outcome(State.ACCEPTED, Reason.ACCEPTED),
        ),
        (GrpcAnswer("UNAVAILABLE", "busy"), Outcome(State.RETRY, Reason.UNAVAILABLE)),
        (GrpcAnswer("ABORTED"), Outcome(State.RETRY, Reason.UNAVAILABLE)),
        (GrpcAnswer("UNAUTHENTICATED"), Outcome(State.HOLD, Reason.UNAUTHORIZED)),
        (GrpcAnswer("PERMISSION_DENIED"), Outcome(State.HOLD, Reason.UNAUTHORIZED)),
        (GrpcAnswer("INVALID_ARGUMENT"), Outcome(State.REJECTED, Reason.INVALID)),
        (GrpcAnswer("UNIMPLEMENTED"), Outcome(State.HOLD, Reason.NOT_AN_OTLP_RECEIVER)),
        (GrpcAnswer("RESOURCE_EXHAUSTED"), Outcome(State.REJECTED, Reason.INVALID)),
        (
            GrpcAnswer("RESOURCE_EXHAUSTED", "grpc: received message larger than max (5 vs. 4)"),
            Outcome(State.REJECTED, Reason.OVERSIZED),
        ),
        (
            GrpcAnswer(
                "RESOURCE_EXHAUSTED",
                trailers=(("grpc-status-details-bin", retry_info(9)),),
            ),
            Outcome(State.RETRY, Reason.THROTTLED, retry_after=9.0),
        ),
        (
            GrpcAnswer("UNAVAILABLE", trailers=(("grpc-status-details-bin", retry_info(10**6)),)),
            Outcome(State.RETRY, Reason.UNAVAILABLE, retry_after=300.0),
        ),
        (
            GrpcAnswer("UNAVAILABLE", trailers=(("grpc-status-details-bin", b"\xff"),)),
            Outcome(State.RETRY, Reason.UNAVAILABLE),
        ),
        (
            GrpcAnswer(
                "UNAVAILABLE",
                trailers=(("grpc-status-details-bin", Status(code=14).SerializeToString()),),
            ),
            Outcome(State.RETRY, Reason.UNAVAILABLE),
        ),
    ],
)
def test_grpc_answers_are_told_apart(
    answer: GrpcAnswer, expected: Outcome, open_transport: Open, payload: bytes
) -> None:
    """Each status of gRPC is a success, a transient failure, a hold, or a permanent failure."""
    with GrpcSink(answers=(answer,)) as sink:
        transport = open_transport(endpoint=sink.endpoint, protocol="grpc")
        assert expected == transport.send(payload, 5)


@pytest.mark.parametrize(
    ("code", "details", "expected"),
    [
        (
            "INTERNAL",
            "Received http2 header with status: 400",
            Outcome(State.HOLD, Reason.NOT_AN_OTLP_RECEIVER),
        ),
        ("UNAVAILABLE", "Socket closed", Outcome(State.RETRY, Reason.CONNECTION_LOST)),
        (
            "UNAVAILABLE",
            "Ssl handshake failed (TSI_PROTOCOL_FAILURE)",
            Outcome(State.HOLD, Reason.TLS_FAILED),
        ),
        (
            "UNAVAILABLE",
            "failed to connect to all addresses; last error: Unwrap failed (TSI_DATA_CORRUPTED)",
            Outcome(State.HOLD, Reason.CLOSED_DURING_TLS),
        ),
        ("UNAVAILABLE", None, Outcome(State.RETRY, Reason.UNAVAILABLE)),
    ],
)
def test_details_of_a_status_decide_where_the_code_is_vague(
    code: str, details: str | None, expected: Outcome
) -> None:
    """Accounts of grpcio that no sink here can provoke are read for their cause."""
    assert expected == outcome_of_status(code, details, None, secure=True)


@both
def test_hanging_server_times_out(protocol: str, open_transport: Open, payload: bytes) -> None:
    """A server that never answers costs the timeout, no more."""
    answer = HttpAnswer(delay=600) if protocol == "http/protobuf" else GrpcAnswer(delay=600)
    with running(SINKS[protocol], answers=(answer,)) as sink:
        transport = open_transport(endpoint=sink.endpoint, protocol=protocol)
        outcome = transport.send(payload, 0.3)
        assert sink.payloads == []  # the answer is still to come
    assert Outcome(State.RETRY, Reason.TIMED_OUT) == outcome


@pytest.mark.parametrize("secure", [True, False])
def test_dripping_head_ends_at_the_deadline(
    secure: bool, pki: Any, open_transport: Open, payload: bytes
) -> None:
    """Nor can one that sends the head of its answer byte by byte, each well within the timeout."""
    tls = pki.serving() if secure else None
    given = {"ca_file": pki.ours.ca_file} if secure else {}
    stopping = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        if tls is not None:
            connection = tls.context().wrap_socket(connection, server_side=True)
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
            while not stopping.wait(0.05):
                connection.sendall(b"a")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        endpoint = f"{'https' if secure else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        transport = open_transport(endpoint=endpoint, protocol="http/protobuf", **given)
        ending = threading.Timer(120, stopping.set)  # or without a deadline this would never end
        ending.start()
        outcome = transport.send(payload, 0.5)
        was_stuck = stopping.is_set()
        stopping.set()
        ending.cancel()
        thread.join()
    assert not was_stuck
    assert Outcome(State.RETRY, Reason.TIMED_OUT) == outcome


def test_dripping_body_ends_at_the_deadline(open_transport: Open, payload: bytes) -> None:
    """A server that sends its answer byte by byte can't hold the sender; its status counts."""
    with HttpSink(answers=(HttpAnswer(body=b"\0" * 5000, drip=0.05),)) as sink:
        transport = open_transport(endpoint=sink.endpoint, protocol="http/protobuf")
        outcome = transport.send(payload, 0.3)
        assert sink.dripped < 5000  # the body is still coming
    assert outcome.state is State.ACCEPTED


@both
def test_refused_connection_is_transient(
    protocol: str, open_transport: Open, payload: bytes
) -> None:
    """Where nothing listens the payload is kept, and the same transport works once it does."""
    with running(SINKS[protocol]) as sink:
        endpoint, port = sink.endpoint, sink.port
    transport = open_transport(endpoint=endpoint, protocol=protocol)
    assert Outcome(State.RETRY, Reason.UNREACHABLE) == transport.send(payload, 5)
    with running(SINKS[protocol], port=port) as sink:
        assert transport.send(payload, 5).state is State.ACCEPTED


def test_retry_after_is_read_in_both_forms() -> None:
    """Seconds and dates are read, bounded, and nonsense is no wait at all."""
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=30)
    wait = parse_retry_after(email.utils.format_datetime(soon, usegmt=True))
    assert wait is not None and 25 < wait <= 30
    assert parse_retry_after("120") == 120.0
    assert parse_retry_after("9" * 50) == 300.0
    assert parse_retry_after("Thu, 01 Jan 1970 00:00:00 GMT") == 0.0
    assert parse_retry_after("soon") is None
    assert parse_retry_after(None) is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (9, Reason.CERTIFICATE_EXPIRED),
        (10, Reason.CERTIFICATE_EXPIRED),
        (64, Reason.CERTIFICATE_OF_ANOTHER_HOST),
        (19, Reason.CERTIFICATE_NOT_TRUSTED),
    ],
)
def test_failed_verification_is_read_from_its_code(code: int, reason: Reason) -> None:
    """Why a server's certificate was refused is read from OpenSSL's code, not from its text."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    assert Outcome(State.HOLD, reason) == classify([OSError(), error])
    assert classify([OSError()]) is None
    assert Outcome(State.HOLD, Reason.CLOSED_DURING_TLS) == classify([ssl.SSLEOFError()])
