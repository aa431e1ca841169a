"""The embedded receiver: it takes OTLP over TLS, and nothing else."""

from __future__ import annotations

import gzip
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from jaeger_guard.cli.demo.receiver import Certificates, Receiver


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A throw-away authority."""
    return Certificates.issue(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def session(certificates: Certificates) -> Iterator[requests.Session]:
    """A client that trusts that authority alone."""
    with requests.Session() as client:
        client.trust_env = False
        client.verify = str(certificates.ca_file)
        yield client


def test_payloads_are_kept_in_order(certificates: Certificates, session: requests.Session) -> None:
    """Bodies are kept as they were before compression."""
    with Receiver(certificates) as receiver:
        url = f"{receiver.endpoint}/v1/traces"
        assert session.post(url, data=b"one").status_code == 200
        packed = session.post(url, data=gzip.compress(b"two"), headers={"Content-Encoding": "gzip"})
        assert packed.status_code == 200
        assert receiver.payloads == (b"one", b"two")


def test_other_paths_are_refused(certificates: Certificates, session: requests.Session) -> None:
    """What isn't for traces is answered 404, and not kept."""
    with Receiver(certificates) as receiver:
        assert session.post(f"{receiver.endpoint}/v1/logs", data=b"x").status_code == 404
        assert receiver.payloads == ()


def test_plaintext_is_not_understood(certificates: Certificates, session: requests.Session) -> None:
    """A client without TLS gets no answer; the next one with TLS does."""
    with Receiver(certificates) as receiver:
        plain = receiver.endpoint.replace("https://", "http://")
        with pytest.raises(requests.ConnectionError):
            session.post(f"{plain}/v1/traces", data=b"x", timeout=10)
        assert session.post(f"{receiver.endpoint}/v1/traces", data=b"y").status_code == 200
        assert receiver.payloads == (b"y",)


def test_the_key_is_nobody_elses(certificates: Certificates) -> None:
    """The server's key can be read by its owner alone, for as long as it lives."""
    assert stat.S_IMODE(Path(certificates.server_file).stat().st_mode) == 0o600
