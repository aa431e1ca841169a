"""Settings: which source wins, what is refused, and that no message shows a secret."""

from __future__ import annotations

import datetime
import logging
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import Export
from jaeger_guard.export.headers import BearerTokenFile, HiddenHeaders
from jaeger_guard.export.tls import TlsSettings, build_context, load_material

SECRET = "hunter" + "2hunter2"
OTEL = "OTEL_EXPORTER_OTLP_"


def refusal(environ: dict[str, str] | None = None, **fields: Any) -> ConfigurationError:
    """Answer the error that resolving raises."""
    with pytest.raises(ConfigurationError) as caught:
        Export(**fields).resolve(environ or {})
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


def test_without_settings_it_is_the_default_of_the_sdk() -> None:
    """Nothing set: grpc in plaintext to localhost:4317, 10 seconds, no compression, no proxy."""
    resolved = Export().resolve({})
    assert (resolved.protocol, resolved.endpoint.url) == ("grpc", "http://localhost:4317")
    assert (resolved.timeout, resolved.gzip, resolved.use_proxy) == (10.0, False, False)
    assert len(resolved.headers) == 0
    http = Export().resolve({OTEL + "PROTOCOL": "http/protobuf"})
    assert http.endpoint.url == "http://localhost:4318/v1/traces"


@pytest.mark.parametrize(
    ("removed", "timeout", "tenant"),
    [(0, 1.0, "argument"), (1, 2.0, "ours"), (2, 3.0, "traces"), (3, 4.0, "base"), (4, 10.0, None)],
)
def test_precedence(removed: int, timeout: float, tenant: str | None) -> None:
    """Argument, then JAEGER_GUARD_EXPORT_*, then *_TRACES_*, then the base form, then default."""
    sources: list[tuple[str, str, str]] = [
        ("JAEGER_GUARD_EXPORT_", "2", "tenant=ours"),
        (OTEL + "TRACES_", "3", "tenant=traces"),
        (OTEL, "4", "tenant=base"),
    ]
    environ: dict[str, str] = {}
    for prefix, seconds, headers in sources[max(0, removed - 1) :]:
        environ |= {prefix + "TIMEOUT": seconds, prefix + "HEADERS": headers}
    fields: dict[str, Any] = {}
    if removed == 0:
        fields = {"timeout": 1, "headers": {"Tenant": "argument"}}
    resolved = Export(**fields).resolve(environ)
    assert timeout == resolved.timeout
    assert tenant == resolved.headers.get("tenant")


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({OTEL + "ENDPOINT": "https://h:1"}, "https://h:1/v1/traces"),
        ({OTEL + "ENDPOINT": "https://h:1/base/"}, "https://h:1/base/v1/traces"),
        ({OTEL + "ENDPOINT": "https://h:1/v1/traces"}, "https://h:1/v1/traces"),
        ({OTEL + "TRACES_ENDPOINT": "https://h:1"}, "https://h:1/"),
        ({OTEL + "TRACES_ENDPOINT": "https://h:1/own"}, "https://h:1/own"),
        ({OTEL + "ENDPOINT": "https://Jaeger"}, "https://jaeger:443/v1/traces"),
        ({OTEL + "ENDPOINT": "https://[2001:db8::1]:1"}, "https://[2001:db8::1]:1/v1/traces"),
        ({OTEL + "ENDPOINT": "http://127.9.9.9:1"}, "http://127.9.9.9:1/v1/traces"),
        ({OTEL + "ENDPOINT": ""}, "http://localhost:4318/v1/traces"),
    ],
)
def test_http_endpoints(environ: dict[str, str], url: str) -> None:
    """A base URL gets /v1/traces once; one from the TRACES_ form is used as it stands."""
    assert url == Export(protocol="http/protobuf").resolve(environ).endpoint.url


@pytest.mark.parametrize(
    ("endpoint", "insecure", "url"),
    [
        ("https://h:1", {"INSECURE": "true"}, "https://h:1"),
        ("http://localhost:1/", {"INSECURE": "false"}, "http://localhost:1"),
        ("h:1", {}, "https://h:1"),
        ("h:1", {"INSECURE": "yes"}, "https://h:1"),
        ("localhost:1", {"INSECURE": "True"}, "http://localhost:1"),
        ("[::1]:1", {"INSECURE": "true"}, "http://[::1]:1"),
        ("h:1", {"INSECURE": "true", "TRACES_INSECURE": "false"}, "https://h:1"),
        ("h", {}, "https://h:443"),
    ],
)
def test_grpc_endpoints(endpoint: str, insecure: dict[str, str], url: str) -> None:
    """A scheme decides about TLS; a bare host:port means TLS unless INSECURE says otherwise."""
    environ = {OTEL + name: value for name, value in insecure.items()}
    assert url == Export(endpoint=endpoint).resolve(environ).endpoint.url


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
@pytest.mark.parametrize(
    "endpoint",
    [
        f"https://user:{SECRET}@h:1",
        f"https://h:1?key={SECRET}",
        f"https://h:1#{SECRET}",
        "https://h:1 /",
        "https://h\\@evil:1",
        "https://h:port",
        "https://h:99999",
        "https://h:0",
        "https://:1",
        "https://ho%st:1",
        "https://[::1",
        "ftp://h:1",
        "unix:///run/otlp.sock",
        f"h:1:{SECRET}",
    ],
)
def test_endpoint_that_is_unfit_is_refused(protocol: Any, endpoint: str) -> None:
    """An endpoint that is none, or could hold a credential, is refused without being shown."""
    error = refusal({OTEL + "ENDPOINT": endpoint}, protocol=protocol)
    assert error.where == OTEL + "ENDPOINT"


def test_path_for_grpc_is_refused_with_the_way_out() -> None:
    """A path on a gRPC endpoint is likely meant for HTTP, and the error says so."""
    assert "http/protobuf" in refusal(endpoint="https://h:4318/v1/traces").remedy


@pytest.mark.parametrize(
    "endpoint",
    ["http://jaeger:4317", "http://10.0.0.1:4317", "http://128.0.0.1:1", "http://localhost.evil:1",
     "http://127.1:1"],
)  # fmt: skip
def test_plaintext_to_other_machines_is_refused(
    endpoint: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Plaintext leaves this machine only with unsafe_plaintext, which is told once."""
    assert "in the clear" in refusal(endpoint=endpoint).what
    assert "in the clear" in refusal({OTEL + "INSECURE": "true"}, endpoint="jaeger:1").what
    with caplog.at_level(logging.WARNING):
        assert not Export(endpoint=endpoint, unsafe_plaintext=True).resolve({}).endpoint.secure
    assert len(caplog.records) == 1
    environ = {"JAEGER_GUARD_EXPORT_UNSAFE_PLAINTEXT": "true"}
    assert not Export(endpoint=endpoint).resolve(environ).endpoint.secure
    refusal(environ, endpoint=endpoint, unsafe_plaintext=False)


@pytest.mark.parametrize("name", ["authorization", "Cookie", "x-api-key", "x-auth-token"])
def test_credentials_never_travel_in_the_clear(name: str) -> None:
    """A credential goes with TLS, or to the loopback."""
    headers = {name: SECRET}
    error = refusal(endpoint="http://h:1", unsafe_plaintext=True, headers=headers)
    assert "credentials" in error.what
    assert Export(headers=headers).resolve({}).headers == {name.lower(): SECRET}


def test_other_headers_may_travel_in_the_clear_where_spans_do() -> None:
    """A tenant's name is no credential."""
    export = Export(endpoint="http://h:1", unsafe_plaintext=True, headers={"x-tenant": "a"})
    assert export.resolve({}).headers == {"x-tenant": "a"}


def test_loopback_through_a_proxy_is_refused() -> None:
    """A plaintext loopback endpoint isn't handed to a proxy somewhere else."""
    assert "proxy" in refusal(endpoint="http://localhost:1", use_proxy=True).what
    Export(endpoint="http://localhost:1", use_proxy=True, unsafe_plaintext=True).resolve({})


@pytest.mark.parametrize(
    ("fields", "environ", "where"),
    [
        ({"protocol": "http/json"}, {}, "Export.protocol"),
        ({}, {OTEL + "TRACES_PROTOCOL": "http/json"}, OTEL + "TRACES_PROTOCOL"),
        ({"timeout": 0}, {}, "Export.timeout"),
        ({}, {OTEL + "TIMEOUT": "10s"}, OTEL + "TIMEOUT"),
        ({"timeout": float("inf")}, {}, "Export.timeout"),
        ({"compression": "deflate"}, {}, "Export.compression"),
        ({"endpoint": "https://h:1", "min_tls": "1.1"}, {}, "Export.min_tls"),
        ({"endpoint": "https://h:1", "server_name": "a b"}, {}, "Export.server_name"),
        ({"min_tls": "1.2"}, {}, "Export.min_tls"),
        ({"ca_file": "ca.pem"}, {}, "Export.ca_file"),
        ({}, {"JAEGER_GUARD_EXPORT_USE_PROXY": "maybe"}, "JAEGER_GUARD_EXPORT_USE_PROXY"),
    ],
)
def test_setting_that_cannot_be_honoured_is_refused(
    fields: dict[str, Any], environ: dict[str, str], where: str
) -> None:
    """Unknown words and settings without effect are errors that name their source."""
    assert where == refusal(environ, **fields).where


def test_grpc_cannot_hold_tls_1_3() -> None:
    """min_tls="1.3" with gRPC is refused, and the way out named."""
    assert "http/protobuf" in refusal(endpoint="https://h:1", min_tls="1.3").remedy


def test_compression_is_read() -> None:
    """gzip and none are understood in any case."""
    assert Export().resolve({OTEL + "COMPRESSION": "GZIP"}).gzip
    assert not Export(compression="none").resolve({OTEL + "COMPRESSION": "gzip"}).gzip


def test_repr_hides_headers_and_endpoint() -> None:
    """No repr of a setting shows a credential; equal settings are equal, and pickle."""
    export = Export(endpoint=f"https://u:{SECRET}@h:1", headers={"K": SECRET}, timeout=3)
    assert SECRET not in repr(export)
    assert "timeout=3" in repr(export)
    resolved = Export(endpoint="https://h:1", headers={"K": SECRET}).resolve({})
    assert SECRET not in repr(resolved)
    assert SECRET not in repr(resolved.headers)
    assert export == pickle.loads(pickle.dumps(export))
    assert hash(export) == hash(Export(endpoint=export.endpoint, headers={"k": "x"}, timeout=3))


def test_headers_of_the_environment_are_decoded() -> None:
    """Percent-encoding is undone, blanks around are dropped, '=' may stand in a value."""
    text = "Authorization=Basic%20dXNlcg==, x-tenant = a b ,,x-utf=%7E"
    headers = Export().resolve({OTEL + "HEADERS": text}).headers
    assert dict(headers) == {"authorization": "Basic dXNlcg==", "x-tenant": "a b", "x-utf": "~"}


@pytest.mark.parametrize(
    "text",
    [SECRET, f"a=b,{SECRET}", f"a={SECRET};x", f'a="{SECRET}"', f"a={SECRET}%0d%0ax: y",
     f"a={SECRET}%ff", f"{SECRET} x=1", f"content-length={SECRET}", f"=${SECRET}",
     f"grpc-timeout={SECRET}", f"a-bin={SECRET}", f"a!b={SECRET}", f"a={SECRET}%C3%A9"],
)  # fmt: skip
def test_malformed_headers_are_refused_without_being_shown(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A malformed header variable is named, and nothing of it is shown or logged."""
    with caplog.at_level(logging.DEBUG):
        error = refusal({OTEL + "TRACES_HEADERS": text})
    assert error.where == OTEL + "TRACES_HEADERS"
    assert SECRET not in caplog.text


def test_headers_given_as_argument_are_checked() -> None:
    """What isn't a header's name or value is refused."""
    refusal(headers={"bad name": SECRET})
    refusal(headers={"name": SECRET + "\r\nx: y"})
    refusal(headers={"name": 5})
    with pytest.raises(ConfigurationError) as caught:
        Export(headers="authorization=" + SECRET)  # type: ignore[arg-type]  # the mistake meant
    assert SECRET not in str(caught.value)
    assert HiddenHeaders({"A": "b"})["a"] == "b"


@pytest.mark.parametrize("content", [None, "", "\n", "two\nlines", "sp ace", "\xe9", "a" * 70_000])
def test_token_file_that_cannot_be_used_is_refused(content: str | None, tmp_path: Path) -> None:
    """A token file that is missing, empty, or holds something else is named; its text isn't."""
    token_file = tmp_path / "token"
    if content is not None:
        token_file.write_text(content, encoding="latin-1")
    error = refusal(endpoint="https://h:1", bearer_token_file=token_file)
    assert str(token_file) in error.what
    assert not content or content not in str(error)


def test_token_file_is_a_directory_or_doubled(tmp_path: Path) -> None:
    """A directory is no token file, and a token beside an Authorization header is one too many."""
    refusal(endpoint="https://h:1", bearer_token_file=tmp_path)
    token_file = tmp_path / "token"
    token_file.write_text(SECRET)
    headers = {"Authorization": "Basic " + SECRET}
    assert SECRET not in repr(BearerTokenFile(token_file))
    error = refusal(endpoint="https://h:1", bearer_token_file=token_file, headers=headers)
    assert "Authorization" in error.what


PASTED = {
    "a key": "-----BEGIN PRIVATE " + "KEY-----\nMIIE" + SECRET + "\n-----END PRIVATE " + "KEY-----",
    "a token": SECRET,
    "a long text": SECRET * 400,
    "a URL": f"https://u:{SECRET}@h/ca.pem",
    "with a null": f"/{SECRET}\0",
}


@pytest.mark.parametrize("text", PASTED.values(), ids=PASTED)
@pytest.mark.parametrize("endpoint", ["https://h:1", "http://localhost:1"])
@pytest.mark.parametrize(
    "variable",
    [
        OTEL + "CERTIFICATE",
        OTEL + "TRACES_CLIENT_KEY",
        OTEL + "CLIENT_CERTIFICATE",
        "JAEGER_GUARD_EXPORT_BEARER_TOKEN_FILE",
    ],
)
def test_what_was_pasted_for_a_file_is_not_shown(variable: str, endpoint: str, text: str) -> None:
    """A secret where a file's name belongs is told by the variable, and nowhere quoted."""
    environ = {variable: text}
    if variable.endswith("CLIENT_KEY"):
        environ[OTEL + "CLIENT_CERTIFICATE"] = ""
    with pytest.raises(ConfigurationError) as caught:
        Export(endpoint=endpoint).resolve(environ)
    assert caught.value.where == variable
    link: BaseException | None = caught.value
    while link is not None:
        assert SECRET not in f"{link!r}{link}"
        link = link.__cause__ or link.__context__
    name = "ca_file" if variable == OTEL + "CERTIFICATE" else "bearer_token_file"
    assert SECRET not in repr(Export(**{name: text}))  # type: ignore[arg-type]


@pytest.mark.parametrize("endpoint", [f"https://h:{SECRET}/", f"https://[{SECRET}", SECRET + ":x"])
def test_what_was_pasted_for_an_endpoint_is_not_kept(endpoint: str) -> None:
    """What a library says of a malformed URL quotes it, and doesn't hang on to our error."""
    error = refusal({OTEL + "ENDPOINT": endpoint})
    assert SECRET not in str(error)
    assert error.__context__ is None


@pytest.mark.parametrize("variable", ["CERTIFICATE", "CLIENT_CERTIFICATE", "TRACES_CLIENT_KEY"])
def test_missing_file_of_the_environment_is_an_error_for_plaintext_too(variable: str) -> None:
    """A file that OTEL_* names must be there, also where the endpoint makes no use of it."""
    error = refusal({OTEL + variable: "/missing/file.pem"})
    assert error.where == OTEL + variable
    assert "/missing/file.pem" in error.what


@pytest.mark.parametrize(
    ("exporters", "environ", "fields", "protocol"),
    [
        ("otlp_proto_http", {}, {}, "http/protobuf"),
        ("console, OTLP_PROTO_HTTP", {OTEL + "PROTOCOL": "grpc"}, {}, "http/protobuf"),
        ("otlp_proto_grpc", {OTEL + "PROTOCOL": "http/protobuf"}, {}, "grpc"),
        ("otlp_proto_http", {"JAEGER_GUARD_EXPORT_PROTOCOL": "grpc"}, {}, "grpc"),
        ("otlp_proto_http", {}, {"protocol": "grpc"}, "grpc"),
        ("otlp", {OTEL + "PROTOCOL": "http/protobuf"}, {}, "http/protobuf"),
    ],
)
def test_exporter_may_name_its_protocol(
    exporters: str, environ: dict[str, str], fields: dict[str, Any], protocol: str
) -> None:
    """otlp_proto_http and otlp_proto_grpc choose it, unless something of ours does."""
    environ = {"OTEL_TRACES_EXPORTER": exporters, **environ}
    assert Export(**fields).resolve(environ).protocol == protocol


def test_two_protocols_at_once_are_refused() -> None:
    """One exporter has one protocol."""
    error = refusal({"OTEL_TRACES_EXPORTER": "otlp_proto_http,otlp_proto_grpc"})
    assert error.where == "OTEL_TRACES_EXPORTER"


# --- files for TLS -----------------------------------------------------------------------------


def write(path: Path, content: bytes) -> Path:
    """Write a file, and answer its path."""
    path.write_bytes(content)
    return path


def expired_authority(path: Path) -> Path:
    """Write the certificate of a CA whose time is over."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - datetime.timedelta(days=9))
        .not_valid_after(now - datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return write(path, certificate.public_bytes(serialization.Encoding.PEM))


def encrypted(key_file: Path, path: Path) -> Path:
    """Write a key again, encrypted."""
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    return write(
        path,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(SECRET.encode()),
        ),
    )


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_files_that_cannot_be_used_are_named(protocol: Any, pki: Any, tmp_path: Path) -> None:
    """Each unfit file for TLS is an error when configured, and names the file at fault."""
    pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    broken = write(tmp_path / "broken.pem", pem)
    broken_key = write(tmp_path / "broken.key", pem.replace(b"CERTIFICATE", b"PRIVATE KEY"))
    client, other = pki.client, pki.server
    cases: list[tuple[dict[str, Any], Path, str]] = [
        ({"ca_file": tmp_path / "none.pem"}, tmp_path / "none.pem", "doesn't exist"),
        ({"ca_file": tmp_path}, tmp_path, "is a directory"),
        ({"ca_file": client.key_file}, client.key_file, "no certificate"),
        ({"ca_file": broken}, broken, "damaged"),
        ({"ca_file": expired_authority(tmp_path / "old.pem")}, tmp_path / "old.pem", "expired"),
        ({"cert_file": client.cert_file}, client.cert_file, "without its private key"),
        ({"key_file": client.key_file}, client.key_file, "without its certificate"),
    ]
    pairs: list[tuple[Path, Path, Path, str]] = [
        (client.cert_file, other.key_file, other.key_file, "doesn't belong"),
        (client.cert_file, tmp_path / "none.key", tmp_path / "none.key", "doesn't exist"),
        (client.cert_file, client.cert_file, client.cert_file, "no private key"),
        (client.cert_file, broken_key, broken_key, "damaged"),
        (broken, client.key_file, broken, "damaged"),
        (pki.expired.cert_file, pki.expired.key_file, pki.expired.cert_file, "expired"),
        (
            client.cert_file,
            encrypted(client.key_file, tmp_path / "e.key"),
            tmp_path / "e.key",
            "encrypted",
        ),
    ]
    cases += [({"cert_file": c, "key_file": k}, fault, what) for c, k, fault, what in pairs]
    for fields, fault, what in cases:
        error = refusal(endpoint="https://h:1", protocol=protocol, **fields)
        assert what in error.what
        assert str(fault) in error.what


def test_unreadable_file_is_named(pki: Any, tmp_path: Path) -> None:
    """A file behind something that is no directory can't be read, and is named."""
    path = pki.client.cert_file / "ca.pem"
    assert str(path) in refusal(endpoint="https://h:1", ca_file=path).what


def test_client_certificate_of_the_environment_needs_no_ca(pki: Any) -> None:
    """A client certificate is used without a CA too; where plaintext is used, OTEL_* is no error."""
    environ = {
        OTEL + "CLIENT_CERTIFICATE": str(pki.client.cert_file),
        OTEL + "TRACES_CLIENT_KEY": str(pki.client.key_file),
    }
    tls = Export(endpoint="https://h:1").resolve(environ).tls
    assert (None, pki.client.cert_file, pki.client.key_file) == (
        tls.ca_file,
        tls.cert_file,
        tls.key_file,
    )
    assert Export().resolve(environ).tls == TlsSettings()


def test_without_cryptography_the_handshake_tells_about_expiry(
    pki: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra `crypto` an expired leaf passes the check of files, and no more."""
    monkeypatch.setitem(sys.modules, "cryptography", None)
    settings = TlsSettings(cert_file=pki.expired.cert_file, key_file=pki.expired.key_file)
    assert "hidden" in repr(load_material(settings))


def test_ca_file_is_trusted_alone(pki: Any) -> None:
    """With ca_file the system's CAs aren't trusted; without it, they are."""
    assert build_context(TlsSettings(ca_file=pki.ours.ca_file)).cert_store_stats()["x509"] == 1
