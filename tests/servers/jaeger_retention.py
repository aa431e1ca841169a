"""The Jaeger of docs/retention.md, as it stands there, with a short lifetime that a test can await."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from servers.certificates import Certificates
from servers.jaeger import binary, healthy
from servers.process import LOOPBACK, Program, free_ports, running, start

PAGE: Final = Path(__file__).parents[2] / "docs" / "retention.md"
USER: Final = "guard"
PASSWORD: Final = "correct-horse"
SHORT_SECONDS: Final = 15


@dataclass(frozen=True, slots=True)
class TwoStores:
    """A Jaeger with two stores.

    Attributes:
        certificates: Whom it trusts and what a client must show.
        endpoint: Base URL for OTLP over HTTP.
        queries: Base URLs of the query APIs, by class.
    """

    certificates: Certificates
    endpoint: str
    queries: dict[str, str]

    @property
    def headers(self) -> dict[str, str]:
        """What lets a client in."""
        credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return {"authorization": f"Basic {credentials}"}

    def names(self, store: str, trace_id: int) -> list[str]:
        """List the names of a trace's spans in a store, sorted."""
        context = ssl.create_default_context(cafile=str(self.certificates.ca_file))
        client = self.certificates.client
        context.load_cert_chain(client.cert_file, client.key_file)
        url = f"{self.queries[store]}/api/traces/{trace_id:032x}"
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            with opener.open(
                urllib.request.Request(url, headers=self.headers), timeout=10
            ) as answer:
                traces = json.load(answer)["data"]
        except urllib.error.HTTPError as refusal:
            refusal.close()
            if refusal.code != 404:
                raise
            return []
        return sorted(span["operationName"] for trace in traces for span in trace["spans"])


@contextlib.contextmanager
def running_two_stores(directory: Path) -> Iterator[TwoStores]:
    """Run it until the context ends."""
    program, certificates = binary(), Certificates.create(directory)
    config_file = directory / "retention.yaml"
    ports: list[int] = []

    def attempt() -> Program | None:
        ports[:] = free_ports(7)
        config_file.write_text(json.dumps(_configuration(certificates, ports, directory)))
        return start(
            [program, "--config", config_file],
            directory=directory,
            ready=lambda: healthy(ports[6]),
        )

    with running(attempt, directory / f"{program.name}.log"):
        yield TwoStores(
            certificates,
            f"https://{LOOPBACK}:{ports[1]}",
            {
                "short": f"https://{LOOPBACK}:{ports[2]}",
                "long": f"https://{LOOPBACK}:{ports[4]}",
            },
        )


def _configuration(certificates: Certificates, ports: list[int], directory: Path) -> dict[str, Any]:
    """Take the page's own, and put a test's files, ports and lifetime into it."""
    block = re.search(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert block is not None
    text = block[1]
    names = ("4317", "4318", "16686", "16685", "16696", "16695", "13133")
    for name, port in zip(names, ports, strict=True):
        assert text.count(f'"127.0.0.1:{name}"') == 1
        text = text.replace(f'"127.0.0.1:{name}"', f'"{LOOPBACK}:{port}"')
    for name, replacement in (
        ("/etc/jaeger/server.crt", str(certificates.server.cert_file)),
        ("/etc/jaeger/server.key", str(certificates.server.key_file)),
        ("/etc/jaeger/clients.pem", str(certificates.ca_file)),
        ("/var/lib/jaeger", str(directory / "stores")),
        ("{file: /etc/jaeger/query.htpasswd}", f'{{inline: "{USER}:{PASSWORD}"}}'),
        ("${env:OTLP_USER}:${env:OTLP_PASSWORD}", f"{USER}:{PASSWORD}"),
        ("72h", f"{SHORT_SECONDS}s"),
    ):
        assert name in text
        text = text.replace(name, replacement)
    configuration: dict[str, Any] = yaml.safe_load(text)
    return configuration
