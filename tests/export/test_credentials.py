"""Credentials: sent with each call and to nobody else, renewed in time, and never shown."""

from __future__ import annotations

import base64
import http.server
import json
import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import (
    Basic,
    Bearer,
    Export,
    OAuth2ClientCredentials,
    Reason,
    Sender,
    State,
    Transport,
    oauth2,
)
from servers.otlp_sink import GrpcAnswer, GrpcSink, HttpAnswer, HttpSink, running
from servers.process import poll

SINKS = {"grpc": GrpcSink, "http/protobuf": HttpSink}
both = pytest.mark.parametrize("protocol", SINKS)
OpenTransport = Callable[..., Transport]
SECRET = "hunter" + "2-swordfish"


@both
def test_each_kind_is_sent_with_each_call(
    protocol: str, open_transport: OpenTransport, payload: bytes
) -> None:
    """Bearer by value and callable, basic, and a header's value arrive as their RFCs write them."""
    count = iter(range(10))
    basic = "Basic " + base64.b64encode(f"shop:{SECRET}".encode()).decode()
    cases: list[tuple[Any, list[str]]] = [
        (Bearer(SECRET), [f"Bearer {SECRET}"] * 2),
        (Bearer(lambda: f"token{next(count)}"), ["Bearer token0", "Bearer token1"]),
        (lambda: f"token{next(count)}", ["Bearer token2", "Bearer token3"]),
        (Basic("shop", SECRET), [basic] * 2),
        (Basic("shop", lambda: SECRET), [basic] * 2),
        (f"Bearer {SECRET}", [f"Bearer {SECRET}"] * 2),
        ("ApiKey abc", ["ApiKey abc"] * 2),
    ]
    for credentials, expected in cases:
        with running(SINKS[protocol]) as sink:
            transport = open_transport(
                endpoint=sink.endpoint, protocol=protocol, credentials=credentials
            )
            for _ in expected:
                assert transport.send(payload, 5).state is State.ACCEPTED
            assert [headers["authorization"] for headers in sink.metadata] == expected


@both
def test_callable_that_fails_keeps_the_payload(
    protocol: str, open_transport: OpenTransport, payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A callable that raises, or answers nonsense, sends nothing, and nothing of it is told."""

    def fail() -> str:
        raise ValueError(SECRET)

    with caplog.at_level(logging.DEBUG), running(SINKS[protocol]) as sink:
        for source in (fail, lambda: f"{SECRET}\r\nx: y", lambda: None):
            transport = open_transport(
                endpoint=sink.endpoint, protocol=protocol, credentials=source
            )
            outcome = transport.send(payload, 5)
            assert (outcome.state, outcome.reason) == (State.HOLD, Reason.CREDENTIAL_UNAVAILABLE)
        assert sink.received == []
    assert SECRET not in caplog.text


@both
def test_refusal_pauses_until_the_credential_changes(
    protocol: str,
    open_sender: Callable[..., Sender],
    payload: bytes,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """401 and 403 keep the data and are told once; a new token in the file lets it go on at once."""
    token_file = tmp_path / "token"
    token_file.write_text("old")
    refusals: tuple[Any, ...] = (HttpAnswer(401), HttpAnswer(403), HttpAnswer(401))
    if protocol == "grpc":
        refusals = tuple(map(GrpcAnswer, ("UNAUTHENTICATED", "PERMISSION_DENIED") * 2))
    from jaeger_guard.export import Backoff

    slow = Backoff(initial=0.01, longest=600.0, uniform=lambda low, high: high * 0 + 0.01)
    with (
        caplog.at_level(logging.INFO, "jaeger_guard"),
        running(SINKS[protocol], answers=refusals) as sink,
    ):
        sender = open_sender(
            endpoint=sink.endpoint,
            protocol=protocol,
            bearer_token_file=token_file,
            backoff=slow,
        )
        sender.submit(payload, 1)
        assert poll(lambda: len(sink.received) >= len(refusals), seconds=60)
        token_file.write_text("new")
        assert sender.flush(60)
    assert sink.payloads == [payload]
    assert sender.statistics()["sent"] == 1
    told = [record.getMessage() for record in caplog.records]
    assert len([line for line in told if "unauthorized" in line]) == 1


def test_new_credential_ends_a_long_pause(
    open_sender: Callable[..., Sender], payload: bytes, tmp_path: Path
) -> None:
    """After a refusal with a pause of minutes, the renewed file alone wakes the sender."""
    from jaeger_guard.export import Backoff

    token_file = tmp_path / "token"
    token_file.write_text("old")
    minutes = Backoff(initial=600.0, longest=600.0, uniform=lambda low, high: high)
    with HttpSink(answers=(HttpAnswer(401),)) as sink:
        sender = open_sender(
            endpoint=sink.endpoint,
            protocol="http/protobuf",
            bearer_token_file=token_file,
            backoff=minutes,
        )
        sender.submit(payload, 1)
        assert sink.received or poll(lambda: bool(sink.received), seconds=60)
        token_file.write_text("newer")
        assert sink.wait_for(1, timeout=60)
        assert sink.metadata[-1]["authorization"] == "Bearer newer"


# --- never shown, never in the clear -----------------------------------------------------------


def test_nothing_shows_a_credential(tmp_path: Path) -> None:
    """No repr, no error, and no hash input in text holds one."""
    secret_file = tmp_path / "secret"
    secret_file.write_text(SECRET)
    shown = []
    for credentials in (
        Bearer(SECRET),
        Basic("shop", SECRET),
        OAuth2ClientCredentials(
            token_url="https://id.example/token", client_id="shop", client_secret=SECRET
        ),
        f"Bearer {SECRET}",
    ):
        export = Export(endpoint="https://jaeger.example", credentials=credentials)
        resolved = export.resolve({})
        shown += [repr(export), str(export), repr(resolved), repr(resolved.authorizer)]
        if not isinstance(credentials, str):
            shown.append(repr(credentials))
        with pytest.raises(ConfigurationError) as refusal:
            Export(endpoint="http://jaeger.example", credentials=credentials,
                   unsafe_plaintext=True).resolve({})  # fmt: skip
        assert "clear" in str(refusal.value)
        shown.append(str(refusal.value))
    wrong: list[Any] = [Bearer(SECRET + "\n;"), Basic("a:b", SECRET), SECRET, 7]
    for credentials in wrong:
        with pytest.raises(ConfigurationError) as refusal:
            Export(endpoint="https://jaeger.example", credentials=credentials).resolve({})
        shown.append(str(refusal.value))
    with pytest.raises(ConfigurationError) as refusal:
        Export(endpoint="https://j.example").resolve({"JAEGER_GUARD_EXPORT_CREDENTIALS": SECRET})
    shown.append(str(refusal.value))
    assert SECRET not in "\n".join(shown)


def test_only_one_source_of_the_header(tmp_path: Path) -> None:
    """Two credentials for one header are an error, whatever the two are."""
    token_file = tmp_path / "token"
    token_file.write_text("token")
    pairs: list[dict[str, Any]] = [
        {"credentials": Bearer("a"), "bearer_token_file": token_file},
        {"credentials": Bearer("a"), "headers": {"authorization": "Bearer b"}},
        {"bearer_token_file": token_file, "headers": {"Authorization": "Bearer b"}},
    ]
    for fields in pairs:
        with pytest.raises(ConfigurationError, match="Leave out"):
            Export(endpoint="https://jaeger.example", **fields).resolve({})


@pytest.mark.parametrize("transport", ["HTTP", "GRPC", "HTTP_TRACES", "GRPC_TRACES"])
def test_credential_providers_of_the_sdk_are_refused(transport: str) -> None:
    """The SDK's plug-in brings a trust of its own; it is refused, never mixed in."""
    name = f"OTEL_PYTHON_EXPORTER_OTLP_{transport}_CREDENTIAL_PROVIDER"
    with pytest.raises(ConfigurationError, match=name):
        Export(endpoint="https://jaeger.example").resolve({name: "gcp"})


def test_redirect_takes_no_credential_along(open_transport: OpenTransport, payload: bytes) -> None:
    """Where a redirect points nobody hears from us, neither span nor credential."""
    with HttpSink() as elsewhere:
        moved = HttpAnswer(307, {"Location": elsewhere.endpoint + "/v1/traces"})
        with HttpSink(answers=(moved,) * 2) as sink:
            transport = open_transport(
                endpoint=sink.endpoint, protocol="http/protobuf", credentials=Bearer(SECRET)
            )
            assert transport.send(payload, 5).reason is Reason.REDIRECTED
        assert elsewhere.connections == 0


# --- OAuth 2.0 ---------------------------------------------------------------------------------


class Issuer:
    """A token endpoint; with TLS where it is given some."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        issuer = self
        self.requests: list[tuple[dict[str, str], dict[str, list[str]]]] = []
        self.life: Any = 3600
        self.status = 200
        self.secret: str | None = None  # in the body, the only one that is right
        self.location: str | None = None

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                issuer.requests.append((headers, parse_qs(body)))
                answer: dict[str, Any] = {
                    "access_token": f"token-{len(issuer.requests)}",
                    "token_type": "Bearer",
                    "expires_in": issuer.life,
                    "scope": "narrower",
                }
                sent = parse_qs(body).get("client_secret")
                status = 401 if issuer.secret not in (None, *(sent or ())) else issuer.status
                if status != 200:
                    answer = {"error": "invalid_client", "error_description": SECRET}
                self.send_response(status)
                if issuer.location is not None:
                    self.send_header("Location", issuer.location)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}/token"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def issuer(pki: Any) -> Iterator[Issuer]:
    """An issuer behind TLS."""
    server = Issuer(pki.serving().context())
    yield server
    server.close()


@both
def test_client_credentials_are_fetched_once_and_renewed(
    protocol: str,
    issuer: Issuer,
    open_transport: OpenTransport,
    pki: Any,
    payload: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One fetch serves many calls; near its end, and after a refusal, a token is fetched anew."""
    credentials = OAuth2ClientCredentials(
        token_url=issuer.url,
        client_id="shop/1",
        client_secret=SECRET + "%&",
        scope="traces.write more",
        audience="jaeger",
        ca_file=str(pki.ours.ca_file),
    )
    now = [1000.0]
    monkeypatch.setattr(oauth2, "time", SimpleNamespace(monotonic=lambda: now[0]))
    refusal: Any = GrpcAnswer("UNAUTHENTICATED") if protocol == "grpc" else HttpAnswer(401)
    with running(SINKS[protocol]) as sink:
        transport = open_transport(
            endpoint=sink.endpoint, protocol=protocol, credentials=credentials
        )
        for _ in range(3):
            assert transport.send(payload, 5).state is State.ACCEPTED
        assert len(issuer.requests) == 1
        issuer.life = "1"  # a text, as some issuers write it
        sink.answers.append(refusal)
        assert transport.send(payload, 5).reason is Reason.UNAUTHORIZED
        assert transport.send(payload, 5).state is State.ACCEPTED
        now[0] += 0.8  # three quarters of the token's life
        assert transport.send(payload, 5).state is State.ACCEPTED
        sent = [headers["authorization"] for headers in sink.metadata]
    assert sent == ["Bearer token-1"] * 4 + ["Bearer token-2", "Bearer token-3"]
    headers, body = issuer.requests[0]
    assert body == {
        "grant_type": ["client_credentials"],
        "scope": ["traces.write more"],
        "audience": ["jaeger"],
    }
    pair = base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode()
    assert pair == "shop%2F1:" + SECRET + "%25%26"  # RFC 6749, section 2.3.1


def test_issuer_that_fails_keeps_the_spans(
    issuer: Issuer,
    open_sender: Callable[..., Sender],
    pki: Any,
    payload: bytes,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without a token nothing is sent and nothing lost; the secret's file is read at each fetch."""
    secret_file = tmp_path / "secret"
    secret_file.write_text(SECRET)
    issuer.secret = "renewed"
    credentials = OAuth2ClientCredentials(
        token_url=issuer.url,
        client_id="shop",
        client_secret_file=str(secret_file),
        ca_file=str(pki.ours.ca_file),
        in_body=True,
    )
    with caplog.at_level(logging.DEBUG), HttpSink() as sink:
        sender = open_sender(
            endpoint=sink.endpoint, protocol="http/protobuf", credentials=credentials
        )
        sender.submit(payload, 1)
        assert poll(lambda: len(issuer.requests) > 1, seconds=60)
        assert sink.received == []
        secret_file.write_text("renewed")
        assert sender.flush(60)
        assert sink.payloads == [payload]
    assert issuer.requests[-1][1]["client_secret"] == ["renewed"]
    assert SECRET not in caplog.text
    assert "token-" not in caplog.text


def test_token_endpoint_that_cannot_be_trusted_gets_no_secret(
    open_transport: OpenTransport, pki: Any, payload: bytes
) -> None:
    """A strange CA, a redirect, and plaintext to another host: no secret leaves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.server.cert_file, pki.server.key_file)
    issuer, elsewhere = Issuer(context), Issuer()
    try:
        issuer.status, issuer.location = 307, elsewhere.url
        cases = [str(pki.stranger.ca_file), str(pki.ours.ca_file)]
        with HttpSink() as sink:
            for ca_file in cases:
                transport = open_transport(
                    endpoint=sink.endpoint,
                    protocol="http/protobuf",
                    credentials=OAuth2ClientCredentials(
                        token_url=issuer.url, client_id="a", client_secret="b", ca_file=ca_file
                    ),
                )
                outcome = transport.send(payload, 5)
                assert outcome.reason is Reason.CREDENTIAL_UNAVAILABLE
            assert sink.received == []
        assert len(issuer.requests) == 1  # the one whose CA is right
        assert elsewhere.requests == []
    finally:
        issuer.close()
        elsewhere.close()
    cases_of_fields: list[dict[str, Any]] = [
        {"token_url": "http://id.example/token", "client_secret": "b"},
        {"token_url": "https://id.example/token"},
        {"token_url": "https://id.example/token", "client_secret": "b", "client_secret_file": "c"},
        {"token_url": "https://user:pw@id.example/token", "client_secret": "b"},
    ]
    for fields in cases_of_fields:
        with pytest.raises(ConfigurationError):
            Export(
                endpoint="https://jaeger.example",
                credentials=OAuth2ClientCredentials(client_id="a", **fields),
            ).resolve({})
