"""TLS while it runs: renewed files, pins, names, what the handshake gave, and when it ends."""

from __future__ import annotations

import base64
import datetime
import hashlib
import logging
import os
import shutil
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.export import Export, Reason, Sender, State, Transport
from jaeger_guard.export.evidence import Evidence
from jaeger_guard.export.pins import parse_pins
from servers.certificates import Authority, Pair
from servers.otlp_sink import GrpcSink, HttpSink, ServerTls, running
from servers.process import poll

SINKS = {"grpc": GrpcSink, "http/protobuf": HttpSink}
both = pytest.mark.parametrize("protocol", SINKS)
OpenTransport = Callable[..., Transport]


def pin_of(certificate: Path) -> str:
    """Write the pin of a certificate's key."""
    key = load_pem_x509_certificate(certificate.read_bytes()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return "sha256/" + base64.b64encode(digest.digest()).decode()


class Mounted:
    """Files as Kubernetes mounts a secret: links to `..data`, itself a link that is swapped."""

    def __init__(self, directory: Path, files: dict[str, Path]) -> None:
        self.directory = directory
        self._versions = 0
        directory.mkdir()
        self.swap(files)
        for name in files:
            (directory / name).symlink_to(Path("..data") / name)

    def swap(self, files: dict[str, Path]) -> None:
        """Replace all files at once."""
        self._versions += 1
        version = self.directory / f"..version-{self._versions}"
        version.mkdir()
        for name, source in files.items():
            shutil.copy(source, version / name)
        link = self.directory / "..new"
        link.symlink_to(version.name)
        os.rename(link, self.directory / "..data")


@both
def test_rotation_of_ca_and_client_certificate_loses_nothing(
    protocol: str, open_sender: Callable[..., Sender], pki: Any, tmp_path: Path, payload: bytes
) -> None:
    """Both sides move to another CA while spans flow, the files swapped as Kubernetes does: all arrive."""
    other = Authority(tmp_path, "other")
    other_server, other_client = other.issue("server"), other.issue("client")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(pki.ours.ca_file.read_bytes() + other.ca_file.read_bytes())

    def files(ca_file: Path, client: Pair) -> dict[str, Path]:
        return {"ca.pem": ca_file, "tls.crt": client.cert_file, "tls.key": client.key_file}

    mounted = Mounted(tmp_path / "secret", files(pki.ours.ca_file, pki.client))
    with running(SINKS[protocol], tls=pki.serving(mutual=True)) as old:
        sender = open_sender(
            endpoint=old.endpoint,
            protocol=protocol,
            ca_file=mounted.directory / "ca.pem",
            cert_file=mounted.directory / "tls.crt",
            key_file=mounted.directory / "tls.key",
            timeout=2,
        )
        for number in range(20):
            sender.submit(payload, 1)
            if number == 10:
                mounted.swap(files(bundle, other_client))
        # The old server refuses the new client: what is left by the time it is noticed waits.
        sender.flush(1)
    tls = ServerTls(other_server.cert_file, other_server.key_file, other.ca_file)
    with running(SINKS[protocol], tls=tls, port=old.port) as new:
        for _ in range(20):
            sender.submit(payload, 1)
        mounted.swap(files(other.ca_file, other_client))
        assert sender.flush(60)
    # One whose answer was cut off may have arrived twice.
    assert len(new.payloads) >= 20
    assert len(old.payloads) + len(new.payloads) >= 40
    statistics = sender.statistics()
    assert statistics["sent"] == 40
    assert not any(value for name, value in statistics.items() if name.startswith("dropped"))


@both
def test_renewed_files_are_used_without_a_failure(
    protocol: str, open_transport: OpenTransport, pki: Any, tmp_path: Path, payload: bytes
) -> None:
    """A renewed client certificate goes to the backend with one of the next payloads; a pair that doesn't
    fit yet changes nothing."""  # fmt: skip
    renewed = pki.ours.issue("renewed")
    cert_file, key_file = tmp_path / "tls.crt", tmp_path / "tls.key"
    shutil.copy(pki.client.cert_file, cert_file)
    shutil.copy(pki.client.key_file, key_file)
    with running(SINKS[protocol], tls=pki.serving(mutual=True)) as sink:
        transport = open_transport(
            endpoint=sink.endpoint,
            protocol=protocol,
            ca_file=pki.ours.ca_file,
            cert_file=cert_file,
            key_file=key_file,
        )
        evidence = transport._settings.evidence  # type: ignore[attr-defined]
        assert transport.send(payload, 5).state is State.ACCEPTED
        first = evidence.expires()["client"]
        shutil.copy(renewed.cert_file, cert_file)  # the key comes later
        watch = transport._watch  # type: ignore[attr-defined]
        watch._look_at = 0.0
        assert transport.send(payload, 5).state is State.ACCEPTED
        shutil.copy(renewed.key_file, key_file)

        def is_taken() -> bool:
            assert transport.send(payload, 5).state is State.ACCEPTED
            stamp: object = watch._stamp
            from jaeger_guard.export.watching import stamp_of

            return stamp == stamp_of(watch._files)

        assert poll(is_taken, seconds=60, pause=0.2)
        assert evidence.expires()["client"] >= first


def test_pins_admit_leaf_and_authority_and_nobody_else(
    open_transport: OpenTransport, pki: Any, payload: bytes
) -> None:
    """A pinned key of the server or its CA lets spans out; another key lets no byte out."""
    with HttpSink(tls=pki.serving()) as sink:
        fields = {
            "endpoint": sink.endpoint,
            "protocol": "http/protobuf",
            "ca_file": pki.ours.ca_file,
        }
        for pinned in (pki.server.cert_file, pki.ours.ca_file):
            pins = [pin_of(pki.stranger.ca_file), pin_of(pinned)]
            assert open_transport(**fields, pins=pins).send(payload, 5).state is State.ACCEPTED
        arrived = len(sink.received)
        outcome = open_transport(**fields, pins=pin_of(pki.client.cert_file)).send(payload, 5)
        assert outcome.reason is Reason.CERTIFICATE_NOT_PINNED
        assert outcome.state is State.HOLD
        assert len(sink.received) == arrived == 2


def test_pins_that_cannot_be_held_are_refused() -> None:
    """For gRPC the error names http/protobuf; what is no digest is refused, and plaintext too."""
    pin = "sha256/" + base64.b64encode(bytes(32)).decode()
    with pytest.raises(ConfigurationError, match="http/protobuf"):
        Export(endpoint="https://jaeger.example", pins=[pin]).resolve({})
    with pytest.raises(ConfigurationError, match=r"JAEGER_GUARD_EXPORT_PINS.*http/protobuf"):
        Export(endpoint="https://jaeger.example").resolve({"JAEGER_GUARD_EXPORT_PINS": pin})
    for wrong in ("sha256/AAAA", "sha1/" + "A" * 28, ""):
        with pytest.raises(ConfigurationError, match="SHA-256"):
            Export(
                endpoint="https://jaeger.example", protocol="http/protobuf", pins=[wrong]
            ).resolve({})
    with pytest.raises(ConfigurationError, match="plaintext"):
        Export(endpoint="http://localhost:1", protocol="http/protobuf", pins=[pin]).resolve({})


@both
def test_handshake_is_known(
    protocol: str, open_transport: OpenTransport, pki: Any, payload: bytes
) -> None:
    """Version, cipher, peer and expiry are what the handshake gave; gRPC's are marked as a probe's."""
    with running(SINKS[protocol], tls=pki.serving(mutual=True)) as sink:
        transport = open_transport(
            endpoint=sink.endpoint,
            protocol=protocol,
            ca_file=pki.ours.ca_file,
            cert_file=pki.client.cert_file,
            key_file=pki.client.key_file,
        )
        evidence: Evidence = transport._settings.evidence  # type: ignore[attr-defined]
        assert "version" not in evidence.summary()
        assert transport.send(payload, 5).state is State.ACCEPTED
        handshake = evidence.handshake
    assert handshake is not None
    assert handshake.version == "TLSv1.3"
    assert handshake.cipher.startswith("TLS_")
    assert "CN=server" in handshake.subject
    der = ssl.PEM_cert_to_DER_cert(pki.server.cert_file.read_text())
    assert handshake.fingerprint == hashlib.sha256(der).hexdigest()
    assert handshake.source == ("probe" if protocol == "grpc" else "connection")
    certificate = load_pem_x509_certificate(pki.server.cert_file.read_bytes())
    assert evidence.expires()["server"] == certificate.not_valid_after_utc
    assert evidence.summary()["peer"] == handshake.subject


@both
def test_certificate_that_ends_soon_is_told_once(
    protocol: str,
    open_transport: OpenTransport,
    pki: Any,
    payload: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """From 14 days before its end a certificate is warned of, each one once; sooner it isn't."""
    soon, later = pki.ours.issue("soon", days=13), pki.ours.issue("later", days=16)
    with (
        caplog.at_level(logging.WARNING),
        running(SINKS[protocol], tls=pki.serving(mutual=True, pair=soon)) as sink,
    ):
        transport = open_transport(
            endpoint=sink.endpoint,
            protocol=protocol,
            ca_file=pki.ours.ca_file,
            cert_file=later.cert_file,
            key_file=later.key_file,
        )
        for _ in range(3):
            assert transport.send(payload, 5).state is State.ACCEPTED
        told = [record.getMessage() for record in caplog.records]
        assert [line for line in told if "expires on" in line] == [
            line for line in told if "the backend's certificate" in line
        ]
        assert len([line for line in told if "expires on" in line]) == 1
        evidence: Evidence = transport._settings.evidence  # type: ignore[attr-defined]
        evidence.warn(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3))
    assert "the client certificate in cert_file expires on" in caplog.text


@both
def test_renewed_server_certificate_is_known(
    protocol: str, open_transport: OpenTransport, pki: Any, payload: bytes
) -> None:
    """What is known of the backend's certificate is of the one that it shows now, also in a long life."""
    old, new = pki.ours.issue("old", days=20), pki.ours.issue("new", days=90)
    with running(SINKS[protocol], tls=pki.serving(pair=old)) as sink:
        port = sink.port
        transport = open_transport(
            endpoint=sink.endpoint, protocol=protocol, ca_file=pki.ours.ca_file
        )
        assert transport.send(payload, 5).state is State.ACCEPTED
    evidence: Evidence = transport._settings.evidence  # type: ignore[attr-defined]
    first = evidence.summary()["fingerprint"]
    with running(SINKS[protocol], tls=pki.serving(pair=new), port=port):
        assert poll(lambda: transport.send(payload, 5).state is State.ACCEPTED, seconds=60)
        # grpcio connects again without a word, and a server that swaps its certificate in a file
        # keeps the connections that it has.
        noted = evidence.summary()["at"]
        assert transport.send(payload, 5).state is State.ACCEPTED
        assert evidence.summary()["at"] == noted
        transport._reconnect_at = transport._probe_at = 0.0  # type: ignore[attr-defined]  # an hour
        assert transport.send(payload, 5).state is State.ACCEPTED
        assert evidence.summary()["at"] > noted
    assert evidence.summary()["fingerprint"] != first


@both
def test_server_name_is_what_is_verified(
    protocol: str, open_transport: OpenTransport, pki: Any, payload: bytes
) -> None:
    """With server_name the certificate must be for that name, and not for the address."""
    named = pki.ours.issue("named", names=("jaeger.shop.example",))
    with running(SINKS[protocol], tls=pki.serving(pair=named)) as sink:
        fields = {"endpoint": sink.endpoint, "protocol": protocol, "ca_file": pki.ours.ca_file}
        right = open_transport(**fields, server_name="jaeger.shop.example")
        assert right.send(payload, 5).state is State.ACCEPTED
        for fields_of_wrong in ({}, {"server_name": "other.shop.example"}):
            wrong = open_transport(**fields, **fields_of_wrong)
            assert wrong.send(payload, 5).reason is Reason.CERTIFICATE_OF_ANOTHER_HOST
        assert len(sink.received) == 1


@pytest.mark.parametrize(
    "digest", [bytes(32), b"\xff" * 32, bytes(range(32))], ids=["A", "slash", "other"]
)
@pytest.mark.parametrize("form", ["{}", "sha256/{}", "sha256//{}", 'pin-sha256="{}"', '"{}"'])
def test_a_pin_is_read_in_every_notation(form: str, digest: bytes) -> None:
    """Also where its base64 begins with a slash, as that of one key in sixty-four does."""
    text = form.format(base64.b64encode(digest).decode())
    assert parse_pins([text], "pins") == {digest}


@pytest.mark.parametrize(
    "text", ["", "sha256/", "md5/" + "A" * 43 + "=", "sha256/" + "A" * 40, "A" * 88]
)
def test_what_is_no_pin_is_refused(text: str) -> None:
    """Another digest, a cut one, or none is an error that shows how to make one."""
    with pytest.raises(ConfigurationError, match="openssl"):
        parse_pins([text], "pins")
