"""The Jaeger that `jaeger-guard render jaeger` writes, started as it stands on a test's ports."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jaeger_guard.cli import main
from servers.certificates import Certificates
from servers.jaeger import binary, healthy
from servers.process import LOOPBACK, Program, free_ports, running, start

PASSWORD: Final = "correct-" + "horse"
PORTS: Final = (4317, 4318, 16686, 16685, 16696, 16695, 5778, 5779, 13133)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered Jaeger that runs.

    Attributes:
        certificates: Whom it trusts and what a client must show.
        config_file: Its configuration, of the test's ports.
        ports: The test's ports, by those of the rendered file.
    """

    certificates: Certificates
    config_file: Path
    ports: dict[int, int]

    @property
    def headers(self) -> dict[str, str]:
        """What lets a service or a reader in, behind its certificate."""
        credentials = base64.b64encode(f"guard:{PASSWORD}".encode()).decode()
        return {"authorization": f"Basic {credentials}"}

    def endpoint(self, port: int) -> str:
        """Answer the base URL of what listens on `port` in the rendered file."""
        return f"https://{LOOPBACK}:{self.ports[port]}"

    def get(self, port: int, path: str) -> Any:
        """Read JSON with a certificate and credentials; None where it is a 404."""
        context = ssl.create_default_context(cafile=str(self.certificates.ca_file))
        client = self.certificates.client
        context.load_cert_chain(client.cert_file, client.key_file)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        request = urllib.request.Request(self.endpoint(port) + path, headers=self.headers)
        try:
            with opener.open(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            refusal.close()
            if refusal.code != 404:
                raise
            return None


@contextlib.contextmanager
def running_rendered(directory: Path) -> Iterator[Rendered]:
    """Render it into `directory`, and run it until the context ends."""
    program, certificates = binary(), Certificates.create(directory)
    files = directory / "certificates"
    files.mkdir()
    shutil.copy(certificates.server.cert_file, files / "tls.crt")
    shutil.copy(certificates.server.key_file, files / "tls.key")
    shutil.copy(certificates.ca_file, files / "ca.crt")
    digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
    for store in ("short", "long"):
        (files / f"query-{store}.htpasswd").write_text(f"guard:{{SHA}}{digest}\n")
    options = {
        "--policy": "baseline",
        "--output": directory,
        "--certificates": files,
        "--passwords": files,
        "--data": directory / "stores",
        "--strategies": directory / "strategies.json",
    }
    assert (
        main(["render", "jaeger", *(str(part) for pair in options.items() for part in pair)]) == 0
    )
    config_file = directory / "jaeger.yaml"
    rendered = config_file.read_text()
    ports: dict[int, int] = {}

    def attempt() -> Program | None:
        ports.update(zip(PORTS, free_ports(len(PORTS)), strict=True))
        text = rendered
        for port in PORTS:
            assert text.count(f'"127.0.0.1:{port}"') == 1
            text = text.replace(f'"127.0.0.1:{port}"', f'"{LOOPBACK}:{ports[port]}"')
        config_file.write_text(text)
        return start(
            [program, "--config", config_file],
            directory=directory,
            ready=lambda: healthy(ports[13133]),
            environment={**os.environ, "OTLP_USER": "guard", "OTLP_PASSWORD": PASSWORD},
        )

    with running(attempt, directory / f"{program.name}.log"):
        yield Rendered(certificates, config_file, dict(ports))
